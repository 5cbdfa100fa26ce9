"""The parts of the simulated year that fail: the wire to the panel, and the reel (see year.py)."""

import random
import sqlite3
from pathlib import Path

import numpy as np

from driver.simulator.errors import PowerCut
from driver.simulator.it8951 import SimulatedWire
from player.reel import ReelWriter

WIDTH, HEIGHT = 64, 48
BAD_FRAMES = 1 / 4000


class Killed(BaseException):
    """The process is gone: none of its handlers runs."""


class Wire(SimulatedWire):
    """Counts windows down to a kill, and is dumb to the dead."""

    def __init__(self) -> None:
        super().__init__(WIDTH, HEIGHT, strict=True, noise=True)
        self.windows_left: int | None = None
        self.resets_left = 0  # how many more resets a wrong VCOM or garbage outlives
        self.dead = False

    def exchange(self, tx: bytes) -> bytes:  # type: ignore[override]
        if self.windows_left is not None:
            self.windows_left -= 1
            self.dead = self.dead or self.windows_left < 0
        if self.dead:
            raise Killed
        try:
            return super().exchange(tx)
        except PowerCut:
            self.dead = True
            raise Killed from None

    def reset(self) -> None:
        if self.dead:
            raise Killed
        if self.faults.vcom_readback is not None or self.faults.info != "true":
            self.resets_left -= 1
            if self.resets_left < 0:
                self.faults.vcom_readback, self.faults.info = None, "true"
        super().reset()

    @property
    def asleep(self) -> bool:
        return bool(self.log) and self.log[-1].name == "SLEEP"


class Unplugged:
    """A connection to a reel whose path may be gone."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path

    def execute(self, query: str, values: tuple[int, ...]) -> sqlite3.Cursor:
        if not self._path.exists():
            raise sqlite3.OperationalError("disk I/O error")
        return self._connection.execute(query, values)

    def close(self) -> None:
        self._connection.close()


def make_reel(path: Path, frames: int, seed: int) -> None:
    """Dithers of noise in which 0.1 % flip from frame to frame."""
    rng = np.random.default_rng(seed)
    dither = (rng.random((HEIGHT, WIDTH)) < 0.5).astype(np.uint8)
    with ReelWriter(path, {"film": "a year"}, WIDTH, HEIGHT) as writer:
        for number in range(frames):
            writer.append(dither, number * 40, number, False)
            flips = rng.integers(0, WIDTH * HEIGHT, 4)
            dither = dither.copy()
            dither.reshape(-1)[flips] ^= 1
        writer.finish()


def damage(path: Path, rng: random.Random) -> np.ndarray:
    """Spoil some payloads; which frames can still be shown, bool[frames]: a damaged one takes those up to the
    next key frame with it.
    """
    with sqlite3.connect(path) as reel:
        keys = [kind == "key" for (kind,) in reel.execute("SELECT kind FROM frames ORDER BY number")]
        spared = max(number for number, key in enumerate(keys) if key)  # the last chain stays whole
        playable = np.ones(len(keys), bool)
        whole = True
        for number, key in enumerate(keys):
            spoilt = 0 < number < spared and rng.random() < BAD_FRAMES
            if spoilt:
                reel.execute(
                    "UPDATE frames SET payload = zeroblob(length(payload)) WHERE number = ?", (number,)
                )
            whole = not spoilt and (key or whole)
            playable[number] = whole
    reel.close()
    return playable
