"""The panel on its simulated controller: what the glass shows, what goes wrong, and what is left behind."""

import numpy as np
import pytest

from driver.errors import BusyTimeout, DisplayTimeout, DitherError, SettingsError, WiringError
from driver.recording import PlaybackWire, RecordingWire, differences, read_recording
from driver.simulator.uc8179 import SimulatedWire
from driver.uc8179.controller import partial_waveforms
from driver.uc8179.panel import PanelSettings, describe, open_on

FIRST, SECOND = np.random.default_rng(2).integers(0, 2, (2, 480, 800), np.uint8)


def opened(wire=None, **settings):
    if wire is None:
        wire = SimulatedWire(strict=True, new_glass=settings.get("glass") != "old")
    return open_on(wire, PanelSettings(**settings), wire.clock, wire.sleep), wire


def shown(wire):
    return (wire.glass >= 128).astype(np.uint8)


@pytest.mark.parametrize("glass", ["new", "old"])
def test_partial_updates_survive_sleep_power_cuts_and_other_processes(glass):
    panel, wire = opened(glass=glass)
    panel.redraw(FIRST)
    pictures = [SECOND, FIRST, SECOND]
    before = FIRST
    for picture, between in zip(pictures, (panel.sleep, wire.power_cut, lambda: None), strict=True):
        between()
        panel, _ = opened(wire, glass=glass)
        panel.show(picture, slice(0, 480), before)
        np.testing.assert_array_equal(shown(wire), picture)
        assert (wire.glass == 48).any(), "darkened without a flash, so a little grey"
        assert not wire.high_voltage
        before = picture
    panel.redraw(before)
    assert set(np.unique(wire.glass)) == {32, 224}


def test_outside_the_rows_nothing_moves():
    panel, wire = opened()
    panel.redraw(FIRST)
    panel.show(SECOND, slice(100, 101), FIRST)
    np.testing.assert_array_equal(shown(wire)[100], SECOND[100])
    np.testing.assert_array_equal(np.delete(shown(wire), 100, 0), np.delete(FIRST, 100, 0))


def test_turned_and_mirrored():
    panel, wire = opened(rotate=180, mirror=True)
    panel.redraw(FIRST)
    np.testing.assert_array_equal(shown(wire), FIRST[::-1])
    panel.show(SECOND, slice(0, 10), FIRST)
    np.testing.assert_array_equal(shown(wire)[470:], SECOND[:10][::-1])
    np.testing.assert_array_equal(shown(wire)[:470], FIRST[10:][::-1])


def test_how_long_the_updates_take():
    """Half a second, 1.4 s and, over the temperature, 4 s; each with a reset and .2 s of bytes."""
    for settings, redraw, update in (
        ({}, 1.17, 0.435),
        ({"slow_redraw": True}, 4.1, 0.435),
        ({"glass": "old"}, 4.1, 0.9),
    ):
        panel, wire = opened(**settings)
        for call, seconds in (
            (lambda panel=panel: panel.redraw(FIRST), redraw),
            (lambda panel=panel: panel.show(SECOND, slice(0, 480), FIRST), update),
        ):
            start = wire.clock()
            call()
            assert seconds + 0.4 < wire.clock() - start < seconds + 0.5


def test_wrong_glass_flashes_and_is_noted():
    """`glass = new` on old glass: the picture is right, and every update flashes, which a person sees."""
    wire = SimulatedWire(new_glass=False)
    panel, _ = opened(wire)
    panel.redraw(FIRST)
    panel.show(SECOND, slice(0, 480), FIRST)
    np.testing.assert_array_equal(shown(wire), SECOND)
    assert (wire.glass != 48).all()
    assert [type(breach).__name__ for breach in wire.tolerated] == ["NoPartialWaveform"]


def test_too_short_a_waveform_is_pale():
    panel, wire = opened(glass="old", partial_frames=5)
    panel.redraw(FIRST)
    panel.show(SECOND, slice(0, 480), FIRST)
    assert (shown(wire) == FIRST)[FIRST != SECOND].all(), "5 frames do not reach the middle"


def test_our_waveforms_leave_no_charge_and_touch_nothing_that_stays():
    waveforms = partial_waveforms(20)
    for command, data in waveforms.items():
        assert len(data) == 42
        levels = [data[0] >> shift & 3 for shift in (6, 4, 2, 0)]
        signed = sum(
            {0: 0, 1: -1, 2: 1}[level] * frames for level, frames in zip(levels, data[1:5], strict=True)
        )
        assert signed == 0
        assert any(levels) == (command in (0x22, 0x23))


def test_a_wrong_dither_is_refused_before_anything_is_sent():
    panel, wire = opened()
    sent = wire.bytes_on_wire
    for wrong in (FIRST[1:], FIRST.astype(bool), FIRST + 1):
        for call in (
            panel.redraw,
            lambda d: panel.show(d, slice(0, 9), FIRST),
            lambda d: panel.show(FIRST, slice(0, 9), d),
        ):
            with pytest.raises(DitherError):
                call(wrong)
    with pytest.raises(DitherError, match="without a step"):
        panel.show(FIRST, slice(0, 9, 2), FIRST)
    assert wire.bytes_on_wire == sent


def test_no_panel_at_all():
    for fault, error, message in (
        (
            lambda wire: setattr(wire.faults, "unplugged", True),
            WiringError,
            "does not answer.*BUSY never went low",
        ),
        (lambda wire: setattr(wire.faults, "busy_stuck", True), BusyTimeout, r"BUSY low\) for 5.* PWR"),
        (lambda wire: setattr(wire, "power", False), BusyTimeout, r"BUSY low\) for 5.* PWR"),
    ):
        wire = SimulatedWire(strict=True)
        fault(wire)
        with pytest.raises(error, match=message):
            opened(wire)
        assert wire.clock() < 12, "every wait is bounded"


def test_an_update_that_does_not_begin_or_end():
    for fault, error in (("unplugged", WiringError), ("busy_stuck", DisplayTimeout)):
        panel, wire = opened()
        panel.redraw(FIRST)
        send = wire.send

        def failing(tx, *, command, wire=wire, send=send, fault=fault):
            send(tx, command=command)
            if command and tx == b"\x12":
                setattr(wire.faults, fault, True)

        wire.send = failing
        start = wire.clock()
        with pytest.raises(error):
            panel.show(SECOND, slice(0, 480), FIRST)
        assert wire.clock() - start < 17
        wire.faults.unplugged = wire.faults.busy_stuck = False
        panel.shut_down()
        assert wire.log[-1].name == "DSLP"
        assert not wire.high_voltage


def test_a_transfer_that_fails_leaves_no_high_voltage():
    panel, wire = opened()
    wire.faults.spi_error_after = 50_000
    with pytest.raises(OSError, match="simulated"):
        panel.redraw(FIRST)
    panel.shut_down()
    assert wire.log[-1].name == "DSLP"
    assert not wire.high_voltage
    panel, _ = opened(wire)
    panel.redraw(FIRST)
    np.testing.assert_array_equal(shown(wire), FIRST)


def test_a_recording_plays_the_same_conversation(tmp_path):
    for name in ("a", "b"):
        simulated = SimulatedWire()
        wire = RecordingWire(simulated, tmp_path / name, simulated.clock)
        panel = open_on(wire, PanelSettings(), simulated.clock, simulated.sleep)
        panel.redraw(FIRST if name == "a" else SECOND)
        panel.sleep()
        wire.close()
    events, others = (read_recording(tmp_path / name) for name in ("a", "b"))
    assert [event.sent.hex() for event in events if event.command][-4:] == ["02", "50", "02", "07"]
    found = list(differences(events, others))
    assert len(found) == 24, "both pictures, in windows of 4096 bytes"
    assert "(4096 bytes, CRC-32" in found[0]
    PlaybackWire(events).reset()


def test_what_it_says_of_itself():
    assert dict(describe(opened(glass="old")[0]))["partial updates"] == "ours, 20 frames (glass old)"
    assert dict(describe(opened()[0]))["panel"] == "800 x 480"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"panel": "lcd"}, "panel is 'lcd': give one of waveshare-7.5-v2"),
        ({"glass": "broken"}, "glass is 'broken': give one of new, old"),
        ({"rotate": 90}, "rotate is 90"),
        ({"partial_frames": 61}, "partial_frames 61 is outside 5..60 frames"),
        ({"spi_hz": 24_000_000}, "spi_hz 24000000 is outside 100000..20000000 Hz"),
        ({"display_timeout": float("nan")}, "display_timeout nan"),
        ({"bufsiz": 8}, "bufsiz.*cmdline.txt"),
    ],
)
def test_settings_out_of_range(values, message):
    with pytest.raises(SettingsError, match=message):
        PanelSettings.of(values)


def test_settings_that_are_not_given_keep_the_defaults():
    assert PanelSettings.of({"spi_hz": None, "vcom": -1.5}) == PanelSettings()
