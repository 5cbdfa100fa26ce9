"""Golden conversations: every byte written out by hand from the facts of the panel, compared whole.

The panels are tiny so that a person can check the image data. No constant of the driver is used here.
"""

import numpy as np
import pytest
from panel_fakes import UNUSED, BusyWire, FakeClock, script

from driver.errors import DisplayTimeout, DriverError, RecordingError, StateError, VcomError, WiringError
from driver.it8951.controller import Controller
from driver.it8951.panel import IT8951Panel, PanelSettings, open_on
from driver.it8951.transport import Words
from driver.recording import PlaybackWire

# Preamble and dummy word, then width, height, address low, high, "SW_v1" and "M641", low byte first.
INFO_64x2 = """
1000 0000 0000 0000 0000 0000 \
0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 < \
0000 0000 0040 0002 36e0 0011 \
5753 765f 0031 0000 0000 0000 0000 0000 364d 3134 0000 0000 0000 0000 0000 0000
"""
INFO_40x3 = INFO_64x2.replace("0040 0002 36e0", "0028 0003 36e0")

START = """
reset
60000001                              # SYS_RUN first
60000302                              # GET_DEV_INFO
{info}
60000011 00000004 00000001            # I80CPCR: packed mode
60000039 00000001 000005fa            # set VCOM, 1530 mV
60000039 00000000                     # read it back
100000000000 < 0000000005fa
"""
WAKE = """
60000001
60000011 00000004 00000001
60000039 00000001 000005fa
60000039 00000000
100000000000 < 0000000005fa
"""
IDLE = """
60000010 00001224                     # LUTAFSR
100000000000 < 000000000000
"""
BUSY = """
60000010 00001224
100000000000 < 000000000004
"""
LISAR = """
60000011 0000020a 00000011            # high word first
60000011 00000208 000036e0
"""
PLAIN = """
60000010 0000113a
100000000000 < 000000008000           # neither format bit is set: nothing to write
"""
BITMAP_ON = """
60000010 0000113a
100000000000 < 000000008000
60000011 0000113a 00008004            # bit 2 set, the others left alone
60000011 00001250 000000f0            # BGVR
"""
BITMAP_OFF = """
60000010 0000113a
100000000000 < 000000008004
60000011 0000113a 00008000
"""
PITCH_ON = """
60000011 0000124c 00000002            # image pitch, 8 bytes, in units of 4
60000010 0000113a
100000000000 < 000000008000
60000011 0000113a 00008006            # bits 1 and 2
60000011 00001250 000000f0
"""
PITCH_OFF = """
60000010 0000113a
100000000000 < 000000008006
60000011 0000113a 00008000
"""


def open_played(text: str, **settings: object) -> tuple[IT8951Panel, PlaybackWire]:
    """A panel on the conversation `text`, which begins with its start."""
    clock = FakeClock()
    wire = PlaybackWire(script(text))
    return open_on(wire, PanelSettings(vcom=-1.53, **settings), clock, clock.sleep), wire


def dither_64x2() -> np.ndarray:
    """Row 0: columns 0 and 9 white. Row 1: all white but column 63."""
    dither = np.zeros((2, 64), np.uint8)
    dither[0, [0, 9]] = 1
    dither[1, :63] = 1
    return dither


def dither_40x3() -> np.ndarray:
    """Column 0 of row 0, column 39 of row 1 and column 31 of row 2 are white."""
    dither = np.zeros((3, 40), np.uint8)
    dither[[0, 1, 2], [0, 39, 31]] = 1
    return dither


START_64x2 = START.format(info=INFO_64x2)
START_40x3 = START.format(info=INFO_40x3)

LOAD_1BPP = f"""
{IDLE}
{LISAR}
60000021 00000030 00000000 00000000 00000008 00000002   # little-endian 8bpp, x / 8, y, w / 8, h
[0000 0201 0000 0000 0000 ffff ffff ffff 7fff]
60000022
"""
REDRAW_1BPP = f"""
{LOAD_1BPP}
{IDLE}
{BITMAP_ON}
60000034 00000000 00000000 00000040 00000002 00000002   # x, y, w, h, GC16
{BUSY}
{BUSY}
{IDLE}
{BITMAP_OFF}
"""
PARTIAL_ROW_1 = f"""
{IDLE}
{LISAR}
60000021 00000030 00000000 00000001 00000008 00000001
[0000 ffff ffff ffff 7fff]
60000022
{IDLE}
{BITMAP_ON}
60000034 00000000 00000001 00000040 00000001 MODE
{IDLE}
{BITMAP_OFF}
"""


def test_start() -> None:
    panel, wire = open_played(START_64x2)
    wire.finish()
    assert panel.size == (64, 2)
    assert panel.info.address == 0x001136E0
    assert (panel.info.firmware, panel.info.lut) == ("SW_v1", "M641")


def test_enhanced_driving_only_when_asked_for() -> None:
    _, wire = open_played(START_64x2 + "60000011 00000038 00000602", enhanced_driving=True)
    wire.finish()


@pytest.mark.parametrize(("waveform", "mode"), [("DU", "00000001"), ("A2", "00000004")])
def test_redraw_and_partial_1bpp(waveform: str, mode: str) -> None:
    panel, wire = open_played(
        START_64x2 + REDRAW_1BPP + PARTIAL_ROW_1.replace("MODE", mode), waveform=waveform
    )
    panel.redraw(dither_64x2())
    panel.show(dither_64x2(), slice(1, 2), UNUSED)
    wire.finish()


def test_a2_by_setting() -> None:
    text = START_64x2 + REDRAW_1BPP + PARTIAL_ROW_1.replace("MODE", "00000006")
    panel, wire = open_played(text, waveform="A2", a2_mode=6)
    panel.redraw(dither_64x2())
    panel.show(dither_64x2(), slice(1, 2), UNUSED)
    wire.finish()


def test_nothing_is_said_for_no_rows() -> None:
    panel, wire = open_played(START_64x2)
    for rows in (slice(0, 0), slice(1, 1), slice(2, 2), slice(2, 1), slice(5, 9)):
        panel.show(dither_64x2(), rows, UNUSED)
    wire.finish()


def test_redraw_and_partial_4bpp() -> None:
    panel, wire = open_played(
        f"""
        {START_64x2}
        {IDLE}
        {LISAR}
        60000021 00000120 00000000 00000000 00000040 00000002   # big-endian 4bpp, x, y, w, h
        [0000 f0000000 0f000000 00000000 00000000 00000000 00000000 00000000 00000000 \
              ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff fffffff0]
        60000022
        {IDLE}
        {PLAIN}
        60000034 00000000 00000000 00000040 00000002 00000002
        {IDLE}
        {PLAIN}
        {IDLE}
        {LISAR}
        60000021 00000120 00000000 00000000 00000040 00000001
        [0000 f0000000 0f000000 00000000 00000000 00000000 00000000 00000000 00000000]
        60000022
        {IDLE}
        {PLAIN}
        60000034 00000000 00000000 00000040 00000001 00000001
        {IDLE}
        {PLAIN}
        """,
        bits=4,
    )
    panel.redraw(dither_64x2())
    panel.show(dither_64x2(), slice(0, 1), UNUSED)
    wire.finish()


def test_clear_loads_white_before_init() -> None:
    panel, wire = open_played(
        f"""
        {START_64x2}
        {IDLE}
        {LISAR}
        60000021 00000120 00000000 00000000 00000040 00000002
        [0000 ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff \
              ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff]
        60000022
        {IDLE}
        {PLAIN}
        60000034 00000000 00000000 00000040 00000002 00000000   # INIT
        {IDLE}
        {PLAIN}
        """
    )
    panel.clear()
    wire.finish()


def test_columns_beyond_the_last_32_are_whitened_once_and_left_alone() -> None:
    """Of 40 columns 1bpp reaches 32. The change of format loads the whole frame, a later band only itself."""
    panel, wire = open_played(
        f"""
        {START_40x3}
        {IDLE}
        {LISAR}
        60000021 00000120 00000000 00000000 00000028 00000003
        [0000 f0000000 00000000 00000000 00000000 ffffffff \
              00000000 00000000 00000000 00000000 ffffffff \
              00000000 00000000 00000000 0000000f ffffffff]
        60000022
        {IDLE}
        {PLAIN}
        60000034 00000000 00000000 00000028 00000003 00000002
        {IDLE}
        {PLAIN}

        {IDLE}                                                  # partial update of row 1
        {LISAR}
        60000021 00000030 00000000 00000000 00000004 00000003
        [0000 0001 0000 0000 0000 0000 8000]
        60000022
        {IDLE}
        {BITMAP_ON}
        60000034 00000000 00000001 00000020 00000001 00000001
        {IDLE}
        {BITMAP_OFF}

        {IDLE}                                                  # partial update of row 2
        {LISAR}
        60000021 00000030 00000000 00000002 00000004 00000001
        [0000 0000 8000]
        60000022
        {IDLE}
        {BITMAP_ON}
        60000034 00000000 00000002 00000020 00000001 00000001
        {IDLE}
        {BITMAP_OFF}

        {IDLE}                                                  # second redraw: one bit is enough
        {LISAR}
        60000021 00000030 00000000 00000000 00000004 00000003
        [0000 0001 0000 0000 0000 0000 8000]
        60000022
        {IDLE}
        {BITMAP_ON}
        60000034 00000000 00000000 00000020 00000003 00000002
        {IDLE}
        {BITMAP_OFF}
        """
    )
    panel.redraw(dither_40x3())
    panel.show(dither_40x3(), slice(1, 2), UNUSED)
    panel.show(dither_40x3(), slice(2, 3), UNUSED)
    panel.redraw(dither_40x3())
    wire.finish()


def test_all_columns_by_pitch() -> None:
    """40 columns lie 8 bytes apart in the memory: 24 bytes, loaded as one line of the panel's 40."""
    load = f"""
        {IDLE}
        {LISAR}
        60000021 00000030 00000000 00000000 00000028 00000001
        [0000 0001 0000 0000 0000  0000 0000 0080 0000  0000 8000 0000 0000 \
              0000 0000 0000 0000  0000 0000 0000 0000]
        60000022
        """
    panel, wire = open_played(
        f"""
        {START_40x3}
        {load}
        {IDLE}
        {PITCH_ON}
        60000034 00000000 00000000 00000028 00000003 00000002
        {IDLE}
        {PITCH_OFF}
        {load}
        {IDLE}
        {PITCH_ON}
        60000034 00000000 00000001 00000028 00000001 00000001
        {IDLE}
        {PITCH_OFF}
        """,
        columns="whole",
    )
    panel.redraw(dither_40x3())
    panel.show(dither_40x3(), slice(1, 2), UNUSED)
    wire.finish()


@pytest.mark.parametrize(("rest", "code"), [("sleep", "60000003"), ("standby", "60000002")])
def test_rest_and_wake(rest: str, code: str) -> None:
    """A draw wakes first; what may be lost in the rest is set again; the image memory is taken as kept."""
    draw = "60000034 00000000 00000001 00000040 00000001 00000001"
    awake = PARTIAL_ROW_1.replace("MODE", "00000001").replace(draw, draw + BUSY)  # it has begun
    panel, wire = open_played(START_64x2 + REDRAW_1BPP + IDLE + code + WAKE + awake, rest=rest)
    panel.redraw(dither_64x2())
    panel.sleep()
    panel.sleep()
    panel.show(dither_64x2(), slice(1, 2), UNUSED)
    wire.finish()


def test_rest_by_running_on() -> None:
    panel, wire = open_played(START_64x2, rest="run")
    panel.sleep()
    wire.finish()


def test_readings() -> None:
    panel, wire = open_played(
        START_64x2
        + """
        60000040 00000000
        100000000000 < 00000000fffe
        60000039 00000000
        100000000000 < 0000000005fa
        """
    )
    assert panel.controller.temperature() == -2
    assert panel.controller.vcom() == -1.53
    wire.finish()


@pytest.mark.parametrize("word", ["0000", "ffff"])
def test_an_open_wire(word: str) -> None:
    silent = "100000000000" + "0000" * 19 + " < " + word * 22
    with pytest.raises(WiringError, match=f"all {word.upper()}"):
        open_played(f"reset\n60000001\n60000302\n{silent[:4]}{silent[4:]}")


@pytest.mark.parametrize("answer", ["0000", "05dc", "0604", "0605", "ffff"])
def test_vcom_read_back_differs(answer: str) -> None:
    """1530 mV was set; 10 mV, 0x05f0..0x0604, are the regulator's step and no error."""
    text = START_64x2.replace("< 0000000005fa", f"< 00000000{answer}")
    if answer == "0604":
        open_played(text)
        return
    with pytest.raises(VcomError, match=r"-1\.530 V was set"):
        open_played(text)


def test_nothing_is_drawn_after_a_vcom_error() -> None:
    """The wake after a sleep finds another VCOM: neither this draw nor the next loads anything."""
    wrong = WAKE.replace("< 0000000005fa", "< 000000000000")
    panel, wire = open_played(START_64x2 + IDLE + "60000003" + wrong + wrong)
    panel.sleep()
    for _ in range(2):
        with pytest.raises(VcomError):
            panel.redraw(dither_64x2())
    wire.finish()


def test_after_a_broken_load_the_whole_frame_is_loaded() -> None:
    """The wire fails in a load: the memory may hold anything, so the next band is not enough."""
    events = script(START_64x2 + REDRAW_1BPP + IDLE + LISAR)
    clock = FakeClock()
    wire = PlaybackWire(events)
    panel = open_on(wire, PanelSettings(vcom=-1.53), clock, clock.sleep)
    panel.redraw(dither_64x2())
    with pytest.raises(RecordingError):
        panel.show(dither_64x2(), slice(1, 2), UNUSED)
    events += script(LOAD_1BPP)
    with pytest.raises(RecordingError):
        panel.show(dither_64x2(), slice(1, 2), UNUSED)
    wire.finish()


def controller_on(answers: list[list[int]]) -> tuple[Controller, BusyWire]:
    clock = FakeClock()
    wire = BusyWire(clock, answers=answers)
    words = Words(wire, bufsiz=4096, ready_timeout=5.0, clock=clock, sleep=clock.sleep)
    controller = Controller(
        words,
        vcom=-1.5,
        vcom_tolerance=0.0,
        enhanced_driving=False,
        display_timeout=15.0,
        clock=clock,
        sleep=clock.sleep,
    )
    return controller, wire


def test_display_timeout() -> None:
    controller, wire = controller_on([[0x0008]] * 10_000)
    with pytest.raises(DisplayTimeout, match=r"15\.0 s \(LUTAFSR 0008\)") as caught:
        controller.wait_idle()
    assert wire.clock.now == pytest.approx(1015.0, abs=0.02)
    assert isinstance(caught.value, DriverError)
    assert isinstance(caught.value, TimeoutError)


def test_display_ends_within_the_timeout() -> None:
    controller, wire = controller_on([[0x0008]] * 1400 + [[0]])
    controller.wait_idle()
    assert wire.clock.now == pytest.approx(1014.0, abs=0.02)


def test_nothing_before_the_start() -> None:
    controller, wire = controller_on([])
    rests = (controller.sleep, controller.standby)
    for call in (controller.wake, *rests, controller.vcom, controller.temperature):
        with pytest.raises(StateError, match="start"):
            call()
    with pytest.raises(StateError):
        _ = controller.info
    assert wire.windows == []


def test_a_sleeping_controller_draws_nothing() -> None:
    panel, wire = open_played(START_64x2 + IDLE + "60000003")
    panel.sleep()
    with pytest.raises(StateError, match="'sleep'"):
        panel.controller.display((0, 0, 64, 2), 2)
    with pytest.raises(StateError, match="'sleep'"):
        panel.controller.load((0, 0, 8, 2), 0, 3, memoryview(bytes(16)))
    wire.finish()
