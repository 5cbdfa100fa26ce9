"""The panel against the simulator: what stands on the glass after each call, for every setting.

72 x 41 pixels: 64 columns are whole groups of 32, 8 are left over, as on the 1448 x 1072 panel. The simulator
is strict, its memory and its glass hold noise at the start.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from panel_fakes import UNUSED, FakeClock

from driver.errors import (
    BusyTimeout,
    DisplayTimeout,
    DitherError,
    MissingModuleError,
    StateError,
    VcomError,
    WiringError,
)
from driver.it8951.panel import IT8951Panel, PanelSettings, open_on, open_panel
from driver.pi import kernel_bufsiz
from driver.simulator.it8951 import SimulatedWire

WIDTH, HEIGHT = 72, 41
REACHED = 64
MIDDLE = 128
SETTINGS = PanelSettings(vcom=-1.5)
WHOLE = slice(0, HEIGHT)


def random_dither(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (HEIGHT, WIDTH), np.uint8)


def noisy_wire(lut: str = "M641") -> SimulatedWire:
    glass = np.random.default_rng(99).integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    return SimulatedWire(WIDTH, HEIGHT, lut, strict=True, noise=True, glass=glass)


def opened(wire: SimulatedWire | None = None, **changes: object) -> tuple[IT8951Panel, SimulatedWire]:
    wire = noisy_wire() if wire is None else wire
    return open_on(wire, replace(SETTINGS, **changes), wire.clock, wire.sleep), wire


def shown(wire: SimulatedWire) -> np.ndarray:
    return (wire.glass >= MIDDLE).astype(np.uint8)


def names(wire: SimulatedWire) -> list[str]:
    return [command.name for command in wire.log]


def cut(dither: np.ndarray) -> np.ndarray:
    """What of a dither the 1-bit default shows: the columns left over are white."""
    dither = dither.copy()
    dither[:, REACHED:] = 1
    return dither


FORMATS = [
    pytest.param({}, cut, id="1bpp"),
    pytest.param({"columns": "whole"}, np.copy, id="1bpp-all-columns"),
    pytest.param({"bits": 4}, np.copy, id="4bpp"),
]


@pytest.mark.parametrize(("changes", "expected"), FORMATS)
def test_redraw_shows_the_whole_dither(changes: dict, expected: Callable) -> None:
    panel, wire = opened(**changes)
    assert panel.size == (WIDTH, HEIGHT)
    for seed in range(3):
        panel.redraw(random_dither(seed))
        np.testing.assert_array_equal(shown(wire), expected(random_dither(seed)))
        assert set(np.unique(wire.glass)) == {32, 224}, "a redraw leaves no ghost"


@pytest.mark.parametrize("waveform", ["DU", "A2"])
@pytest.mark.parametrize(("changes", "expected"), FORMATS)
def test_every_band_of_rows(changes: dict, expected: Callable, waveform: str) -> None:
    """Bands of every start and height in turn; rows outside of them keep what they show."""
    panel, wire = opened(waveform=waveform, **changes)
    glass = random_dither(0)
    panel.redraw(glass)
    bands = [(start, stop) for start in range(0, HEIGHT, 5) for stop in range(start + 1, HEIGHT + 1, 7)]
    for seed, (start, stop) in enumerate([*bands, (0, HEIGHT), (HEIGHT - 1, HEIGHT)], 1):
        dither = random_dither(seed)
        panel.show(dither, slice(start, stop), UNUSED)
        glass[start:stop] = dither[start:stop]
        np.testing.assert_array_equal(shown(wire), expected(glass))
    assert "GC16" not in {command.args[-1] for command in wire.log[-1:]}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(-60, 60), st.integers(-60, 60)), max_size=6))
def test_rows_mean_what_a_slice_means(steps: list[tuple[int, int, int]]) -> None:
    """Negative and overlong ends as for a list; an empty one says nothing on the wire."""
    panel, wire = opened()
    glass = random_dither(0)
    panel.redraw(glass)
    for seed, start, stop in steps:
        rows = slice(start, stop)
        before = wire.bytes_on_wire
        panel.show(random_dither(seed), rows, UNUSED)
        glass[rows] = random_dither(seed)[rows]
        np.testing.assert_array_equal(shown(wire), cut(glass))
        assert (wire.bytes_on_wire == before) == (len(range(HEIGHT)[rows]) == 0)


def test_the_same_glass_from_1_and_4_bits() -> None:
    """Every reflectance, ghosts included, in the columns that both reach."""
    glasses = []
    for changes in ({}, {"columns": "whole"}, {"bits": 4}):
        panel, wire = opened(**changes)
        panel.redraw(random_dither(0))
        panel.show(random_dither(1), slice(3, 30), UNUSED)
        panel.settings = replace(panel.settings, waveform="A2")
        panel.show(random_dither(2), slice(20, 41), UNUSED)
        glasses.append(wire.glass[:, :REACHED])
    np.testing.assert_array_equal(glasses[0], glasses[1])
    np.testing.assert_array_equal(glasses[0], glasses[2])


@pytest.mark.parametrize(("waveform", "ghost"), [("DU", 48), ("A2", 64)])
def test_the_waveform_reaches_the_glass(waveform: str, ghost: int) -> None:
    panel, wire = opened(waveform=waveform)
    panel.redraw(np.ones((HEIGHT, WIDTH), np.uint8))
    panel.show(np.zeros((HEIGHT, WIDTH), np.uint8), WHOLE, UNUSED)
    assert (wire.glass[:, :REACHED] == ghost).all()


@pytest.mark.parametrize(("lut", "number"), [("M641", 4), ("M841", 6), ("M841_TFAB512", 6), ("V320", 1)])
def test_a2_number_by_lut(lut: str, number: int) -> None:
    panel, wire = opened(noisy_wire(lut), waveform="A2")
    panel.redraw(random_dither(0))
    panel.show(random_dither(1), WHOLE, UNUSED)
    assert [command.args[-1] for command in wire.log if command.name == "DPY_AREA"] == [2, number]
    np.testing.assert_array_equal(shown(wire), cut(random_dither(1)))


def test_a2_waits_for_a_pure_glass() -> None:
    """A2 goes from and to pure black and white only; the glass may hold greys at the start."""
    panel, wire = opened(waveform="A2")
    a2 = panel.settings
    before = wire.glass
    with pytest.raises(StateError, match="redraw"):
        panel.show(random_dither(0), WHOLE, UNUSED)
    np.testing.assert_array_equal(wire.glass, before)
    panel.settings = replace(a2, waveform="DU")
    panel.show(random_dither(0), WHOLE, UNUSED)
    panel.settings = a2
    with pytest.raises(StateError):
        # DU of the pixels that changed proves nothing of the others.
        panel.show(random_dither(1), slice(0, 5), UNUSED)
    panel.clear()
    panel.show(random_dither(1), WHOLE, UNUSED)
    np.testing.assert_array_equal(shown(wire), cut(random_dither(1)))


def test_du_needs_no_redraw() -> None:
    panel, wire = opened(SimulatedWire(WIDTH, HEIGHT, strict=True, noise=True))
    panel.show(random_dither(0), slice(10, 20), UNUSED)
    np.testing.assert_array_equal(shown(wire)[10:20], cut(random_dither(0))[10:20])


@pytest.mark.parametrize(("changes", "_expected"), FORMATS)
def test_clear_is_white_from_edge_to_edge(changes: dict, _expected: Callable) -> None:
    panel, wire = opened(**changes)
    panel.redraw(random_dither(0))
    panel.clear()
    assert (wire.glass == 224).all()
    panel.show(random_dither(1), slice(7, 19), UNUSED)
    white = np.ones((HEIGHT, WIDTH), np.uint8)
    white[7:19] = _expected(random_dither(1))[7:19]
    np.testing.assert_array_equal(shown(wire), white)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("rotate", [0, 180])
@pytest.mark.parametrize(("changes", "expected"), FORMATS)
def test_rotation_and_mirror(changes: dict, expected: Callable, rotate: int, mirror: bool) -> None:
    """The glass holds the picture as a panel mounted that way must: also its bands."""

    def turned(dither: np.ndarray) -> np.ndarray:
        if mirror:
            dither = np.fliplr(dither)
        return np.rot90(dither, 2) if rotate else dither

    panel, wire = opened(rotate=rotate, mirror=mirror, **changes)
    first, second = random_dither(1), random_dither(2)
    panel.redraw(first)
    np.testing.assert_array_equal(shown(wire), expected(turned(first)))
    panel.show(second, slice(5, 12), UNUSED)
    first[5:12] = second[5:12]
    np.testing.assert_array_equal(shown(wire), expected(turned(first)))


@pytest.mark.parametrize(
    ("rotate", "mirror", "row", "column"),
    [(0, False, 2, 5), (0, True, 2, 66), (180, False, 38, 66), (180, True, 38, 5)],
)
def test_where_one_pixel_goes(rotate: int, mirror: bool, row: int, column: int) -> None:
    """By hand: the pixel in row 2, column 5 of 41 rows and 72 columns."""
    panel, wire = opened(rotate=rotate, mirror=mirror, columns="whole")
    dither = np.ones((HEIGHT, WIDTH), np.uint8)
    panel.redraw(dither)
    dither[2, 5] = 0
    panel.show(dither, slice(2, 3), UNUSED)
    assert np.argwhere(shown(wire) == 0).tolist() == [[row, column]]


@pytest.mark.parametrize("rest", ["sleep", "standby", "run"])
@pytest.mark.parametrize(("changes", "expected"), FORMATS)
def test_bands_after_every_rest(changes: dict, expected: Callable, rest: str) -> None:
    """Strict: a word to a sleeping controller, or a rest during an update, would be an error."""
    panel, wire = opened(rest=rest, **changes)
    glass = random_dither(0)
    panel.redraw(glass)
    for seed in range(1, 6):
        panel.sleep()
        panel.sleep()
        before = wire.bytes_on_wire
        panel.show(random_dither(seed), slice(0, 0), UNUSED)
        assert wire.bytes_on_wire == before, "nothing to draw wakes nobody"
        panel.show(random_dither(seed), slice(seed, 3 * seed), UNUSED)
        glass[seed : 3 * seed] = random_dither(seed)[seed : 3 * seed]
        np.testing.assert_array_equal(shown(wire), expected(glass))
    panel.sleep()
    panel.redraw(random_dither(7))
    panel.sleep()
    np.testing.assert_array_equal(shown(wire), expected(random_dither(7)))
    panel.clear()
    panel.sleep()
    assert names(wire)[-1] == {"sleep": "SLEEP", "standby": "STANDBY", "run": "REG_RD"}[rest]


def test_sys_run_comes_first() -> None:
    """Of a controller that another program left asleep, nothing else is heard."""
    _, wire = opened()
    assert names(wire)[0] == "SYS_RUN"


def test_a_second_start_finds_a_sleeping_panel() -> None:
    panel, wire = opened()
    panel.redraw(random_dither(0))
    panel.sleep()
    panel, _ = opened(wire)
    panel.redraw(random_dither(1))
    np.testing.assert_array_equal(shown(wire), cut(random_dither(1)))


@pytest.mark.parametrize("bufsiz", [64, 66, 101, 4096, 65536])
@pytest.mark.parametrize(("changes", "expected"), FORMATS)
def test_every_bufsiz_gives_the_same_glass(changes: dict, expected: Callable, bufsiz: int) -> None:
    longest = 0

    class MeasuringWire(SimulatedWire):
        def exchange(self, tx: bytes) -> bytes:
            nonlocal longest
            longest = max(longest, len(tx))
            return super().exchange(tx)

    panel, wire = opened(MeasuringWire(WIDTH, HEIGHT, strict=True), bufsiz=bufsiz, **changes)
    panel.redraw(random_dither(0))
    panel.show(random_dither(1), slice(1, 40), UNUSED)
    glass = random_dither(0)
    glass[1:40] = random_dither(1)[1:40]
    np.testing.assert_array_equal(shown(wire), expected(glass))
    assert longest <= bufsiz


@pytest.mark.parametrize(
    ("dither", "message"),
    [
        (np.zeros((41, 64), np.uint8), "64x41 .*trainer export --size 72x41"),
        (np.zeros((72, 41), np.uint8), "41x72 .*trainer export --size 72x41"),
        (np.zeros((41, 72, 1), np.uint8), "1x72x41 .*--size 72x41"),
        (np.full((41, 72), 255, np.uint8), "0 and 1"),
        (np.zeros((41, 72), np.float32), "float32"),
    ],
)
@pytest.mark.parametrize("call", ["show", "redraw"])
def test_what_is_no_dither_of_this_panel(call: str, dither: np.ndarray, message: str) -> None:
    panel, wire = opened()
    before = wire.bytes_on_wire
    with pytest.raises(DitherError, match=message) as caught:
        panel.redraw(dither) if call == "redraw" else panel.show(dither, slice(0, 0), UNUSED)
    assert wire.bytes_on_wire == before
    assert "\n" not in str(caught.value)


def test_rows_with_a_step_are_refused() -> None:
    with pytest.raises(DitherError, match="without a step"):
        opened()[0].show(random_dither(0), slice(0, 10, 2), UNUSED)


@pytest.mark.parametrize("rotate", [0, 180])
def test_a_dither_is_not_written_to(rotate: int) -> None:
    panel, _ = opened(rotate=rotate)
    dither = random_dither(0)
    dither.flags.writeable = False
    panel.redraw(dither)
    panel.show(dither, WHOLE, UNUSED)


def test_only_the_band_travels() -> None:
    """The first band after a change of format carries the whole frame, later ones only themselves."""
    panel, wire = opened()

    def data_of(call: Callable[[], None]) -> int:
        wire.log.clear()
        call()
        return sum(command.bytes for command in wire.log if command.name == "LD_IMG_AREA") - 6 * 4 - 2

    assert data_of(lambda: panel.redraw(random_dither(0))) == WIDTH // 2 * HEIGHT
    assert data_of(lambda: panel.show(random_dither(1), slice(3, 7), UNUSED)) == REACHED // 8 * HEIGHT
    assert data_of(lambda: panel.show(random_dither(2), slice(3, 7), UNUSED)) == REACHED // 8 * 4
    assert data_of(lambda: panel.show(random_dither(3), slice(40, 41), UNUSED)) == REACHED // 8
    assert data_of(lambda: panel.redraw(random_dither(4))) == REACHED // 8 * HEIGHT
    panel, wire = opened(bits=4)
    assert data_of(panel.clear) == WIDTH // 2 * HEIGHT
    assert data_of(lambda: panel.show(random_dither(1), slice(3, 7), UNUSED)) == WIDTH // 2 * 4


def test_the_real_size_with_both_widths() -> None:
    """1448 x 1072: the default reaches 1440 columns, the setting all; bands are the rows that changed."""
    rng = np.random.default_rng(5)
    for columns, reached in (("aligned", 1440), ("whole", 1448)):
        wire = SimulatedWire(strict=True, noise=True)
        panel = open_on(wire, replace(SETTINGS, columns=columns), wire.clock, wire.sleep)
        before = rng.integers(0, 2, (1072, 1448), np.uint8)
        panel.redraw(before)
        after = before.copy()
        after[333:777] = rng.integers(0, 2, (444, 1448), np.uint8)
        panel.show(after, slice(333, 777), UNUSED)
        expected = after.copy()
        expected[:, reached:] = 1
        np.testing.assert_array_equal(shown(wire), expected)
        after[1071, 0] ^= 1
        expected[1071, 0] ^= 1
        panel.show(after, slice(1071, 1072), UNUSED)
        np.testing.assert_array_equal(shown(wire), expected)


@pytest.mark.parametrize(
    ("width", "height", "lut", "reached"),
    [
        (800, 600, "M641", 800),
        (1200, 825, None, 1200),  # the simulator knows what panels of these sizes say
        (1872, 1404, None, 1872),
        (1872, 1404, "M841_TFA5210", 1872),
        (1448, 1072, "M841_TFAB512", 1440),
        (1448, 1072, "M841", 1440),  # 1448 is not made of whole words of 16
        (1200, 825, "M641_TDE90T72C", 1184),
    ],
)
def test_columns_are_lost_only_where_the_firmware_needs_it(
    width: int, height: int, lut: str | None, reached: int
) -> None:
    wire = SimulatedWire(width, height, lut, strict=True, noise=True)
    wire.faults.info = "rubbish"
    panel = open_on(wire, SETTINGS, wire.clock, wire.sleep)
    assert panel.size == (width, height)
    assert panel.info.lut == lut or lut is None
    first, second = np.random.default_rng(2).integers(0, 2, (2, height, width), np.uint8)
    panel.redraw(first)
    rows = slice(height // 3, height - 7)
    panel.show(second, rows, UNUSED)
    first[rows] = second[rows]
    first[:, reached:] = 1
    np.testing.assert_array_equal(shown(wire), first)
    panel.clear()
    assert shown(wire).all()


def test_two_passes_at_the_start_and_one_afterwards() -> None:
    panel, wire = opened(start_passes=2)

    def redraws() -> int:
        wire.log.clear()
        panel.redraw(random_dither(0))
        return sum(command.name == "DPY_AREA" for command in wire.log)

    assert [redraws(), redraws()] == [2, 1]
    np.testing.assert_array_equal(shown(wire), cut(random_dither(0)))


def test_a_panel_whose_width_is_whole_groups() -> None:
    """800 columns need no pitch and no whitened edge: no 4-bit load is ever made."""
    wire = SimulatedWire(800, 16, strict=True)
    panel = open_on(wire, replace(SETTINGS, columns="whole"), wire.clock, wire.sleep)
    dither = np.random.default_rng(1).integers(0, 2, (16, 800), np.uint8)
    panel.redraw(dither)
    np.testing.assert_array_equal(shown(wire), dither)
    assert {command.args[0] for command in wire.log if command.name == "LD_IMG_AREA"} == {0x0030}
    assert 0x124C not in {command.args[0] for command in wire.log if command.name == "REG_WR"}


@pytest.mark.parametrize(
    ("fault", "value", "error", "message"),
    [
        ("info", "zeros", WiringError, "all 0000"),
        ("info", "ones", WiringError, "all FFFF"),
        ("info", "garbage", WiringError, "garbage"),
        ("vcom_readback", 2800, VcomError, r"-2\.800 V after -1\.500 V"),
        ("hrdy_stuck", True, BusyTimeout, r"5\.0 s"),
    ],
)
def test_faults_at_the_start(fault: str, value: object, error: type[Exception], message: str) -> None:
    wire = noisy_wire()
    setattr(wire.faults, fault, value)
    with pytest.raises(error, match=message) as caught:
        opened(wire)
    assert "\n" not in str(caught.value)
    assert {"LD_IMG_AREA", "DPY_AREA"}.isdisjoint(names(wire))


def test_a_stuck_engine_and_the_way_back() -> None:
    """LUTAFSR never falls: a typed error after the timeout; a new start, which resets, plays on."""
    panel, wire = opened()
    panel.redraw(random_dither(0))
    wire.faults.lut_stuck = True
    wire.faults.reset_cures = True
    start = wire.clock()
    with pytest.raises(DisplayTimeout, match=r"15\.0 s"):
        panel.show(random_dither(1), WHOLE, UNUSED)
    assert 15.0 <= wire.clock() - start < 16.0
    panel, _ = opened(wire)
    panel.redraw(random_dither(2))
    np.testing.assert_array_equal(shown(wire), cut(random_dither(2)))


def test_a_stuck_hrdy_in_the_middle() -> None:
    panel, wire = opened(ready_timeout=2.0)
    panel.redraw(random_dither(0))
    wire.faults.hrdy_stuck = True
    start = wire.clock()
    with pytest.raises(BusyTimeout, match=r"2\.0 s"):
        panel.show(random_dither(1), WHOLE, UNUSED)
    assert 2.0 <= wire.clock() - start < 2.1


@pytest.mark.parametrize("after", [0, 100, 500, 1000])
def test_a_failed_transfer_and_a_new_start(after: int) -> None:
    panel, wire = opened()
    panel.redraw(random_dither(0))
    wire.faults.spi_error_after = after

    def keep_drawing() -> None:
        for _ in range(10):
            panel.redraw(random_dither(1))

    with pytest.raises(OSError, match=r"\[Errno 5\]"):
        keep_drawing()
    panel, _ = opened(wire)
    panel.redraw(random_dither(2))
    np.testing.assert_array_equal(shown(wire), cut(random_dither(2)))


def test_open_on_leaves_the_wire_to_its_owner() -> None:
    panel, wire = opened()
    with closing(panel):
        panel.redraw(random_dither(0))
    assert wire.ready()


def test_open_panel_owns_its_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closed with the panel, and closed when the start fails."""
    closed = []

    class OwnedWire(SimulatedWire):
        def __init__(self, panel_settings: PanelSettings) -> None:
            assert panel_settings.bufsiz == kernel_bufsiz()
            super().__init__(WIDTH, HEIGHT)
            self.faults.info = fault

        def close(self) -> None:
            closed.append(self)
            super().close()

    monkeypatch.setattr("driver.it8951.panel.SpiWire", OwnedWire)
    monkeypatch.setattr("driver.it8951.panel.time.monotonic", FakeClock())
    monkeypatch.setattr("driver.it8951.panel.time.sleep", lambda _: None)
    fault = "true"
    with closing(open_panel(SETTINGS)) as panel:
        assert panel.size == (WIDTH, HEIGHT)
        assert closed == []
    assert len(closed) == 1
    fault = "zeros"
    with pytest.raises(WiringError):
        open_panel(SETTINGS)
    assert len(closed) == 2


def test_open_panel_without_the_modules() -> None:
    try:
        import RPi.GPIO  # noqa: F401
        import spidev  # noqa: F401
    except ImportError:
        with pytest.raises(MissingModuleError, match=r"longtake\[pi\]"):
            open_panel(SETTINGS)
    else:
        pytest.skip("the modules of a Raspberry Pi are installed here")
