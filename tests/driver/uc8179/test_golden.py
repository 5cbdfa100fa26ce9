"""Golden conversations: every byte written out by hand from the facts of the panels, compared whole.

A line is a command, its data behind a colon; `reset` is a pulse on RST, OLD and NEW are whole pictures. No
constant of the driver is used here.
"""

import numpy as np
import pytest
from panel_fakes import FakeClock

from driver.uc8179.panel import PanelSettings, UC8179Panel, open_on


class Listener:
    """A wire that writes down what is said. BUSY goes low once after power-on and refresh."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.longest = 0
        self.high_voltage = False
        self._busy = 0

    def send(self, tx: bytes, *, command: bool) -> None:
        self.longest = max(self.longest, len(tx))
        if command:
            assert len(tx) == 1
            self.lines.append(tx.hex())
            self._busy = 1 if tx in (b"\x04", b"\x12") else 0
            if tx in (b"\x04", b"\x02"):
                self.high_voltage = tx == b"\x04"
        else:
            self.lines[-1] += ("" if ":" in self.lines[-1] else ":") + tx.hex()

    def ready(self) -> bool:
        self._busy -= 1
        return self._busy < 0

    def reset(self) -> None:
        self.lines.append("reset")
        self.high_voltage = False

    def close(self) -> None:
        pass


def expected(text: str, old: np.ndarray, new: np.ndarray) -> list[str]:
    for name, dither in (("OLD", old), ("NEW", new)):
        text = text.replace(name, np.packbits(dither, axis=1).tobytes().hex())
    return [line.partition("#")[0].replace(" ", "") for line in text.strip().splitlines()]


def opened(**settings) -> tuple[UC8179Panel, Listener]:
    wire, clock = Listener(), FakeClock()
    panel = open_on(wire, PanelSettings(**{"bufsiz": 4096, **settings}), clock, clock.sleep)
    return panel, wire


SET_UP = """
reset
00: 1f                   # black and white, the glass's waveforms
01: 07 07 3f 3f 09
06: 17 17 28 17
61: 03 20 01 e0          # 800 x 480
15: 00
50: 29 07                # 1 is white; copy NEW to OLD
60: 22
e3: 22
"""
OLD_SET_UP = SET_UP.replace("3f 3f 09", "3f 3f").replace("e3: 22\n", "")
NARROW_SET_UP = """
reset
00: 1f
61: 02 88 01 e0          # 648 x 480
15: 00
50: 29 07
60: 22
"""
START = "04\n02\n"
DRAW = "10: OLD\n13: NEW\n04\n12\n02\n"
FAST = "e0: 02\ne5: 5a\n"
SLOW = "e0: 00\n41: 00\n"
PARTIAL = "e0: 02\ne5: 6e\n50: a9 07\n"
# Each half 20 frames: KW to black (01) and to white (10), WK the other way; the rest is not driven.
REGISTERS = f"""00: 3f
82: 26
50: 39 07
20: 00 14 14 00 00 01 {"00" * 36}
21: 00 14 14 00 00 01 {"00" * 36}
22: 60 14 14 00 00 01 {"00" * 36}
23: 90 14 14 00 00 01 {"00" * 36}
24: 00 14 14 00 00 01 {"00" * 36}
25: 00 14 14 00 00 01 {"00" * 36}
"""
ASLEEP = "50: f7\n02\n07: a5\n"

CASES = [
    ({}, SET_UP, FAST, PARTIAL),
    ({"slow_redraw": True}, SET_UP, SLOW, PARTIAL),
    ({"glass": "old"}, OLD_SET_UP, SLOW, REGISTERS),
    ({"glass": "old", "partial_frames": 9}, OLD_SET_UP, SLOW, REGISTERS.replace(" 14", " 09")),
    ({"enhanced_driving": True}, SET_UP.replace("28 17", "38 17"), FAST, PARTIAL),
    ({"panel": "waveshare-5.83-v2"}, NARROW_SET_UP, FAST, PARTIAL),
]


@pytest.mark.parametrize(("settings", "set_up", "full", "partial"), CASES)
def test_every_byte(settings, set_up, full, partial):
    panel, wire = opened(**settings)
    assert wire.lines == expected(set_up + START, *[np.empty((0, 0), np.uint8)] * 2)
    width, height = panel.size
    first, second = np.random.default_rng(5).integers(0, 2, (2, height, width), np.uint8)

    wire.lines.clear()
    panel.redraw(first)
    assert wire.lines == expected(set_up + full + DRAW, 1 - first, first)

    wire.lines.clear()
    panel.show(second, slice(100, 200), first)
    after = first.copy()
    after[100:200] = second[100:200]
    assert wire.lines == expected(set_up + partial + DRAW, first, after)

    wire.lines.clear()
    panel.sleep()
    panel.sleep()
    panel.shut_down()
    assert wire.lines == expected(ASLEEP, first, first), "once"
    assert wire.longest == 4096
    assert not wire.high_voltage


def test_clear_goes_over_black_slowly():
    panel, wire = opened()
    wire.lines.clear()
    panel.clear()
    white = np.ones((480, 800), np.uint8)
    assert wire.lines == expected(SET_UP + SLOW + DRAW, white, 1 - white) + expected(
        SET_UP + SLOW + DRAW, 1 - white, white
    )


def test_nothing_to_draw_says_nothing():
    panel, wire = opened()
    wire.lines.clear()
    dither = np.ones((480, 800), np.uint8)
    panel.show(dither, slice(7, 7), dither)
    assert wire.lines == []
