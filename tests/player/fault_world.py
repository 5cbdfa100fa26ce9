"""A simulated panel that fails when it is told to, under the real `player run` in this process."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from driver.simulator.errors import PowerCut
from driver.simulator.it8951 import SimulatedWire
from player import panel
from player.__main__ import main

WIDTH, HEIGHT = 64, 48
DISPLAY = 0x34
SLEEP = 0x03


class Died(BaseException):
    """The machine lost its power, or the process was killed: nothing of it runs any more."""


class FaultyWire(SimulatedWire):
    """`at`: what happens once the controller has heard the n-th display command (counted from 0).
    Once `dead`, whoever talks is dead too.
    """

    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        super().__init__(width, height, strict=True, noise=True)
        self.at: dict[int, Callable[[FaultyWire], None]] = {}
        self.displays, self.resets = 0, 0
        self.dead = False
        self.asleep = False

    @property
    def log(self):
        """A copy: the player clears the log of its simulator, a test wants to read it."""
        return list(self._chip.log)

    def exchange(self, tx):
        if self.dead:
            raise Died
        try:
            answer = super().exchange(tx)
        except PowerCut as cut:
            self.dead = True
            raise Died from cut
        if bytes(tx[:2]) == b"\x60\x00":
            code = int.from_bytes(tx[2:4], "big")
            self.asleep = code == SLEEP
            if code == DISPLAY:
                self.displays += 1
                if act := self.at.pop(self.displays - 1, None):
                    act(self)
        return answer

    def ready(self):
        if self.dead:
            raise Died
        return super().ready()

    def reset(self):
        if self.dead:
            raise Died
        self.resets += 1
        self.asleep = False
        super().reset()

    def updates(self):
        """The waveforms of the updates that the controller has made: 0 INIT, 1 DU, 2 GC16."""
        return [command.args[4] for command in self.log if command.name == "DPY_AREA" and command.args[4:]]

    def shown(self):
        return (self.glass >= 128).astype(np.uint8)


class Machine:
    """One wire, one state directory; `player(...)` runs the player on them: exit code, lines, error."""

    def __init__(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
    ) -> None:
        self.sim = tmp_path / "sim"
        self.wire = FaultyWire()
        self.capsys = capsys
        monkeypatch.setattr("driver.simulator.it8951.SimulatedWire", lambda *size, strict: self.wire)
        monkeypatch.setattr(panel, "PAUSE", 0.0)

    def player(self, reel, *options):
        self.capsys.readouterr()
        code = main(["run", str(reel), "--simulated", str(self.sim), *map(str, options)])
        out, error = self.capsys.readouterr()
        return code, out.splitlines(), error


def frames(lines):
    """[(number from 0, what was done)] of the lines that tell of a frame."""
    found = (re.match(r"frame (\d+) of \d+ \([^)]*\): ([a-z ]+)", line) for line in lines)
    return [(int(match[1]) - 1, match[2].strip()) for match in found if match]
