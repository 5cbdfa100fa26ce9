"""A panel, clocks, a wait and settings that a test holds in its hand."""

import time
from dataclasses import replace

import numpy as np

from player.config.settings import KEYS, Config
from player.config.sources import Effective
from player.errors import PanelReset
from player.playback.loop import Dependencies, Playback
from player.playback.requests import Kind, Request
from player.playback.status import StatusBoard
from player.progress import ProgressStore
from player.reel import Reel


def effective(config, paths=None):
    """Settings that all come from nowhere in particular, with these reels."""
    if isinstance(config, Config):
        config = Effective(config, None, dict.fromkeys(KEYS, "default"))
    if paths is None:
        return config
    return config._replace(config=replace(config.config, reels=tuple(map(str, paths))))


def damage(path, number):
    """Spoil the payload of a frame in the file."""
    with Reel(path) as reel:
        payload = reel._connection.execute(
            "SELECT payload FROM frames WHERE number = ?", (number,)
        ).fetchone()[0]
    data = path.read_bytes()
    assert data.count(payload) == 1
    path.write_bytes(data.replace(payload, bytes([payload[0] ^ 1]) + payload[1:]))


class Power(Exception):
    """The power is cut."""


class World:
    """A panel, disk, clocks and requests. `events` is what happened, in order; `cut_at`: the power goes at
    the n-th touch of panel or disk.
    """

    def __init__(self, tmp_path):
        self.now, self.wall_offset = 50.0, 1.7e9
        self.events, self.lines, self.pictures = [], [], []
        self.size, self.partial = (44, 24), True
        self.requests = []  # (time, request)
        self.waits = []  # seconds
        self.history = []  # what stood on the glass
        self.store = ProgressStore(tmp_path / "state" / "progress.json", self.lines.append)
        self.draw_seconds = 0.5
        self.settings = None
        self.cut_at = None
        self.until = None  # then it is stopped
        self.glass = None
        self.board = StatusBoard()
        self.shown = []  # (time, frame number)
        self.resets = 0  # so many calls to come end with the panel reset
        self.alive = []  # when the loop said that it is
        self.ready = 0
        self.applied = []
        self.heartbeat = None
        self.local = time.gmtime
        self.address = None

    def touch(self):
        if self.cut_at is not None:
            self.cut_at -= 1
            if self.cut_at < 0:
                raise Power

    # the panel
    def show(self, dither, rows, shown):
        assert self.glass is not None, "the first picture must be a redraw"
        self.touch()
        assert (shown == self.glass).all()
        assert (np.delete(dither, np.r_[rows], 0) == np.delete(self.glass, np.r_[rows], 0)).all()
        self.draw("show", dither)

    def redraw(self, dither):
        self.touch()
        self.draw("redraw", dither)

    def clear(self):
        self.fault()
        self.events.append("clear")
        self.glass = np.ones(self.size[::-1], np.uint8)

    def fault(self):
        if self.resets:
            self.resets -= 1
            self.glass = None
            self.events.append("reset")
            raise PanelReset("no answer; the panel was reset")

    def draw(self, how, dither):
        self.fault()
        self.events.append(how)
        self.now += self.draw_seconds
        self.glass = dither.copy()
        self.history.append(self.glass)
        self.touch()

    def sleep(self):
        self.events.append("sleep")

    # the dependencies
    def wait(self, seconds):
        assert seconds < float("inf")
        self.waits.append(seconds)
        assert len(self.waits) < 100_000, "a loop that does not wait"
        if self.until is not None and self.now >= self.until:
            return Request(Kind.STOP)
        if self.until is not None:
            seconds = min(seconds, self.until - self.now)
        if self.requests and self.requests[0][0] <= self.now + max(seconds, 0):
            at, request = self.requests.pop(0)
            self.now = max(self.now, at)
            return request
        self.now += max(seconds, 0)
        return None

    def save(self, progress):
        self.touch()
        self.store.save(progress)
        self.events.append("place")
        self.touch()

    def dependencies(self):
        world = self

        class Watched:
            wait = staticmethod(world.wait)
            save = staticmethod(world.save)

        return Dependencies(
            open_reel=Reel,
            store=Watched,
            inbox=Watched,
            log=self.lines.append,
            reload=lambda: self.settings,
            seen=lambda reel, number: self.shown.append((world.now, number)),
            applied=self.applied.append,
            ready=self.be_ready,
            alive=lambda: self.alive.append(self.now),
            heartbeat=self.heartbeat,
            clock=lambda: world.now,
            wall=lambda: world.now + world.wall_offset,
            local=lambda unix: self.local(unix),
            board=self.board,
            address=lambda: self.address,
        )

    def be_ready(self):
        self.ready += 1

    def play(self, config, paths, jump=None, count=None, until=None, **more):
        """Show `paths` under `config` (or settings with their origin), stopped at the time `until`. The glass
        keeps its picture only if it is `attached`.
        """
        self.glass, self.until = (self.glass if more.get("attached") else None), until
        self.playback = Playback(effective(config, paths), self, self.dependencies())
        return self.playback.run(self.store.load(), jump, count, **more)

    def ask(self, at, kind, value=None):
        """A request at a time."""
        self.requests.append((at, Request(kind, value)))

    @property
    def snapshot(self):
        return self.board.latest().snapshot

    @property
    def drawn(self):
        """What was done to the glass."""
        return [event for event in self.events if event not in ("place", "sleep")]

    @property
    def numbers(self):
        return [number for _, number in self.shown]
