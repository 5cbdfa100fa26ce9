"""The machine of the simulated year: its disk, its clock, its panel, what goes wrong, and who notices (see
year.py).
"""

import os
import random
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
from year_faults import Killed, Unplugged, Wire, damage, make_reel

from player.config.settings import KEYS, Config
from player.config.sources import Effective
from player.errors import FileError
from player.files import write_whole
from player.playback.requests import Kind, Request
from player.progress import Progress, ProgressStore
from player.reel import Reel

INTERVAL = 200.0
DAY = 86400.0
YEAR = 365.25 * DAY
BLOCK = 4096
SLEEPS_AFTER = 3.0  # seconds: a longer wait with a panel that does not sleep is a fault of the player
MEAN_FRAMES = {  # between two faults of a kind, on average
    "HRDY stuck": 800,
    "display engine stuck": 800,
    "SPI error": 800,
    "wrong VCOM": 1500,
    "garbage after the reset": 3000,
    "panel loses power": 1500,
    "killed": 250,
    "killed in a write": 500,
    "clock steps": 1500,
    "films unmounted": 3000,
    "disk full": 3000,
    "stopped": 2000,
    "reload": 2000,
}
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland")


class Wrong(Exception):
    """The player did what it must not."""


class World:
    """The machine: its disk, its clock, its panel, and what goes wrong. Stands where the player's store and
    inbox stand.
    """

    def __init__(self, directory: Path, frames: int, seed: int, mean: dict[str, int] | None = None) -> None:
        self.rng = random.Random(seed)
        self.mean = MEAN_FRAMES if mean is None else mean
        self.films, self.away = directory / "films", directory / "unmounted"
        self.films.mkdir()
        self.reel = self.films / "film.reel"
        make_reel(self.reel, frames, seed)
        shutil.copy(self.reel, directory / "truth.reel")
        self.truth = Reel(directory / "truth.reel")
        self.playable = damage(self.reel, self.rng)
        self.unseen = self.playable.copy()
        self.state = directory / "state" / "progress.json"
        self.wire = Wire()
        self.offset = 1.7e9
        self.happened: Counter[str] = Counter()
        self.frames, self.last, self.shown = frames, -1, 0
        self.may_begin_with: set[int] | None = None  # set after a restart, until the first frame
        self.armed_for = -1
        self.films_back = self.disk_free = 0.0
        self.die_in_write = False
        self.requests: list[Request] = []
        self.store = ProgressStore(self.state, self.log)
        self.writes = self.bytes = self.blocks = self.logged = 0
        self.redraws, self.recent, self.most_in_an_hour = 0, [0.0], 0
        self.lines: list[str] = []
        self.config = Config(
            reels=(str(self.reel),), interval=INTERVAL, simulated=str(directory), wait_for_films=True,
            quiet="03:00-03:30", state=str(self.state),
        )  # fmt: skip
        self.effective = Effective(self.config, None, dict.fromkeys(KEYS, "default"))

    # What the player is given.

    def log(self, line: str) -> None:
        self.logged += len(line.encode()) + 1
        self.lines = [*self.lines[-30:], line]

    def clock(self) -> float:
        return self.wire.clock()

    def open_reel(self, path: Path) -> Reel:
        """A reel on a file system that may go: then reading fails, though the file is open."""
        reel = Reel(path)
        reel._connection = Unplugged(reel._connection, path)  # type: ignore[assignment]
        return reel

    def wall(self) -> float:
        return max(self.wire.clock() + self.offset, 0.0)

    def seen(self, reel: Path, number: int) -> None:
        """A frame stands on the glass."""
        follows = self._next(self.last)
        allowed = {follows} if self.may_begin_with is None else self.may_begin_with
        if number not in allowed:
            raise Wrong(f"frame {number} is shown; it should be one of {sorted(allowed)}")
        if ((self.wire.glass >= 128) != self.truth.dither(number).astype(bool)).any():
            raise Wrong(f"the glass does not show frame {number}")
        self.may_begin_with = None
        self.unseen[number] = False
        self.shown += number != self.last
        self.last = number
        self._count_redraws()

    def save(self, progress: Progress) -> None:
        """The store, on a disk that is full at times."""
        self.store.save(progress)

    def write(self, path: Path, data: bytes, private: bool = False) -> None:
        """In place of write_whole."""
        if self.clock() < self.disk_free:
            raise FileError(f"{path}: cannot be written: no space left on device; free space")
        self.writes += 1
        self.bytes += len(data)
        self.blocks += -(-len(data) // BLOCK)
        if not self.die_in_write:
            write_whole(path, data)
            return
        self.die_in_write = False
        if self.rng.random() < 0.5:
            half = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            half.write_bytes(data[: self.rng.randrange(len(data))])
        else:
            write_whole(path, data)
        self.wire.dead = True
        raise Killed

    def wait(self, seconds: float) -> Request | None:
        """The inbox: time passes, and things go wrong for the frame to come."""
        if self.requests:
            return self.requests.pop(0)
        if self.last == self.frames - 1:
            return Request(Kind.STOP)
        if seconds > SLEEPS_AFTER and not self.wire.asleep:
            raise Wrong(f"the player waits {seconds:.0f} s and the panel does not sleep")
        if self.armed_for != self.last:
            self.armed_for = self.last
            for kind, frames in self.mean.items():
                if self.rng.random() < 1 / frames:
                    self.happened[kind] += 1
                    self._break(kind)
        if not self.requests:
            self.wire.sleep(max(seconds, 0.0))
        if self.away.exists() and self.clock() >= self.films_back:
            self.away.rename(self.films)
        return self.requests.pop(0) if self.requests else None

    # What goes wrong.

    def _break(self, kind: str) -> None:
        wire, rng = self.wire, self.rng
        faults = wire.faults
        faults.reset_cures = True
        match kind:
            case "HRDY stuck":
                faults.hrdy_stuck = True
            case "display engine stuck":
                faults.lut_stuck = True
            case "SPI error":
                faults.spi_error_after = rng.randrange(3000)
            case "wrong VCOM":
                faults.vcom_readback, wire.resets_left = 2800, rng.randrange(2)
            case "garbage after the reset":
                faults.hrdy_stuck, faults.info, wire.resets_left = True, "garbage", 1
            case "panel loses power":
                faults.power_cut_after = rng.randrange(3000)
            case "killed":
                wire.windows_left = rng.randrange(400)
            case "killed in a write":
                self.die_in_write = True
            case "clock steps":
                self.offset = rng.uniform(0, 80) * YEAR - self.clock()
                os.environ["TZ"] = rng.choice(
                    ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland")
                )
            case "films unmounted":
                if not self.away.exists():
                    self.films.rename(self.away)
                self.films_back = self.clock() + rng.uniform(600, 2 * 3600)
            case "disk full":
                self.disk_free = self.clock() + rng.uniform(600, 4 * 3600)
            case "stopped":
                self.requests.append(Request(Kind.STOP))
            case "reload":
                self.requests.append(Request(Kind.RELOAD))

    def restart(self) -> None:
        """A new process: what was in memory is gone, and the place is what is on the disk."""
        self.wire.dead, self.wire.windows_left, self.die_in_write = False, None, False
        self.requests.clear()
        self.store = ProgressStore(self.state, self.log)
        kept = self.store.load()
        at = kept.showing if kept.showing is not None else kept.frame
        if at is None:
            at = 0
        self.may_begin_with = {at if self.playable[at] else self._next(at), self._next(at)}
        self.armed_for = -2

    def _next(self, number: int) -> int:
        """The next frame that is not damaged."""
        later = np.flatnonzero(self.playable[number + 1 : number + 400])
        return number + 1 + int(later[0]) if len(later) else -1

    def _count_redraws(self) -> None:
        log = self.wire.log
        for command in log:
            if command.name == "DPY_AREA" and len(command.args) == 5 and command.args[4] == 2:
                self.redraws += 1
                self.recent = [moment for moment in self.recent if command.time - moment < 3600]
                self.recent.append(command.time)
                self.most_in_an_hour = max(self.most_in_an_hour, len(self.recent))
        del log[:-1]
