"""Each breach of the protocol that the simulated UC8179 names, and what it tolerates; time; what is lost."""

import subprocess
import sys

import numpy as np
import pytest

from driver.simulator import errors as common
from driver.simulator.errors import PowerCut, ProtocolError
from driver.simulator.uc8179 import SimulatedWire, errors
from simulator.uc8179 import traces
from simulator.uc8179.traces import say, wait

A, B = np.random.default_rng(7).integers(0, 2, (2, 480, 800), np.uint8)
SMALL = np.random.default_rng(8).integers(0, 2, (4, 16), np.uint8)


def small(**options):
    """16 x 4 pixels: 8 bytes a picture."""
    wire = SimulatedWire(16, 4, **options)
    wait(wire)
    return wire


LUT = traces.GXEPD_PART_LUT
RUN = "00: 1f\n50: 29 07\n"
PICTURES = "10: 00 00 00 00 00 00 00 00\n13: ff ff ff ff ff ff ff ff\n"
BREACHES = [
    (common.UnknownCommand, "f0"),
    (common.BadArgument, "00: 0f"),  # three colours
    (common.BadArgument, "00: 1d"),  # no booster
    (common.BadArgument, "07: 5a"),
    (common.TooFewArguments, "06: 17 17\n02"),
    (
        common.TooFewArguments,
        "00: 3f\n13: ff ff ff ff ff ff ff ff\n04\nbusy\n12",
    ),  # no waveforms in registers
    (common.TooFewArguments, "20: 00 01\n02"),
    (common.TooManyArguments, "00: 1f 1f"),
    (common.TooManyArguments, "04: 00"),
    (errors.PlaneTooShort, "13: ff ff ff ff ff ff ff\n04"),
    (errors.RefreshWithoutPower, f"{RUN}{PICTURES}12"),
    (errors.PlaneNeverWritten, f"{RUN}04\nbusy\n12"),
    (errors.WrongResolution, "61: 03 20 01 e0"),
    (errors.WindowOffGrid, "90: 00 04 00 0f 00 00 00 03 01"),
    (errors.WindowOffGrid, "90: 00 00 00 08 00 00 00 03 01"),
    (errors.WindowOffGrid, "90: 00 00 00 17 00 00 00 03 01"),
    (errors.WindowOffGrid, "90: 00 00 00 0f 00 03 00 02 01"),
    (errors.WindowOffGrid, "90: 00 00 00 0f 00 00 00 04 01"),
]
TOLERATED = [
    (errors.SurplusPixels, "13: ff ff ff ff ff ff ff ff ff\n71\n02"),
    (errors.WriteWhileBusy, "04\n00: 1f"),
    (errors.TalkInDeepSleep, "07: a5\n02"),
    (errors.SleepUnderPower, "04\nbusy\n07: a5"),
    (errors.OldPictureDiffers, f"{RUN}e0: 02\ne5: 6e\n{PICTURES}04\nbusy\n12"),
    (
        errors.ChargeLeft,
        RUN + LUT.replace("84", "04") + PICTURES.replace("00", "ff") + "12",
    ),
]


@pytest.mark.parametrize(("error", "text"), BREACHES)
def test_a_breach_is_named(error, text):
    with pytest.raises(error):
        say(small(), text)


@pytest.mark.parametrize(("error", "text"), TOLERATED, ids=lambda value: getattr(value, "__name__", ""))
def test_what_real_controllers_tolerate_is_noted_or_strictly_raised(error, text):
    wire = small()
    say(wire, text)
    assert [type(breach) for breach in wire.tolerated] == [error]
    with pytest.raises(error):
        say(small(strict=True), text)


def test_data_needs_a_command_and_a_command_is_one_byte():
    with pytest.raises(errors.DataWithoutCommand):
        small().send(b"\x00", command=False)
    with pytest.raises(common.BadArgument):
        small().send(b"\x00\x1f", command=True)


def test_a_wrong_old_picture_leaves_the_picture_before_it():
    """A flat OLD: what should turn black is black already, so the controller thinks, and is not driven."""
    wire = SimulatedWire()
    say(wire, traces.VENDOR_INIT + traces.VENDOR_DISPLAY, white_is_one=A, black_is_one=1 - A)
    say(
        wire,
        "50: 29 07\ne0: 02\ne5: 6e\n10: black\n13: new\n12\nbusy",
        black=np.zeros_like(A),
        new=B,
    )
    np.testing.assert_array_equal(wire.glass >= 128, (A | B) == 1)
    (breach,) = wire.tolerated
    assert isinstance(breach, errors.OldPictureDiffers)
    assert str(breach).startswith(f"{A.sum()} pixels")


def test_what_is_written_while_busy_is_lost():
    wire = SimulatedWire()
    init = traces.VENDOR_INIT.replace("10 07", "29 07")
    say(wire, init + "13: first\n12\n13: second\nbusy\n12\nbusy", first=A, second=B)
    np.testing.assert_array_equal(wire.glass >= 128, A == 1)
    assert {type(breach) for breach in wire.tolerated} == {errors.WriteWhileBusy}


def fall_asleep(wire):
    say(wire, traces.VENDOR_SLEEP + "reset")


@pytest.mark.parametrize("cut", [fall_asleep, SimulatedWire.power_cut])
def test_the_pictures_are_lost_in_deep_sleep_and_without_power(cut):
    wire = SimulatedWire()
    say(wire, traces.VENDOR_INIT + traces.VENDOR_DISPLAY, white_is_one=A, black_is_one=1 - A)
    cut(wire)
    wait(wire)
    with pytest.raises(errors.PlaneNeverWritten):
        say(wire, "04\nbusy\n12")
    say(wire, traces.VENDOR_PART + traces.VENDOR_PARTIAL, white_is_one=B)
    assert [type(breach) for breach in wire.tolerated] == [errors.OldPictureDiffers]
    assert not np.array_equal(wire.glass >= 128, B == 1), "ghosts"


def test_without_copying_new_to_old_the_host_must_send_old():
    wire = SimulatedWire()
    say(wire, traces.VENDOR_INIT + traces.VENDOR_DISPLAY, white_is_one=A, black_is_one=1 - A)
    no_copy = traces.VENDOR_PARTIAL.replace("a9 07", "a1 07")
    say(wire, traces.VENDOR_PART + no_copy, white_is_one=B)
    assert wire.tolerated == []
    say(wire, no_copy, white_is_one=A)
    assert len(wire.tolerated) == 1


def test_how_long_busy_is_low():
    wire = small()
    for text, seconds in (
        ("04", 0.13),
        (RUN + PICTURES + "12", 4.1),
        ("e0: 02\ne5: 5a\n12", 1.17),
        ("e5: 6e\n12", 0.435),
        ("e5: 19\n12", 4.1),
        (LUT.strip().removesuffix("04\nbusy") + "12", 1.5),
        ("02", 0.04),
    ):
        say(wire, text)
        assert wait(wire) == pytest.approx(seconds, abs=0.011), text
    assert not wire.high_voltage


def test_registers_that_move_what_stays_are_seen():
    """WW and KK driven: pixels that do not change move all the same."""
    wire = small()
    lut = LUT.replace("21: 00", "21: 48")
    say(wire, RUN + lut.replace("04\nbusy", "04\nbusy\n10: p\n13: p\n12\nbusy"), p=np.ones_like(SMALL))
    assert wire.tolerated == []
    lut = LUT.replace("21: 00", "21: 40")
    say(wire, lut + "12\nbusy")
    assert (wire.glass == 48).all()


def test_the_directions_of_psr_turn_the_picture():
    for psr, turned in (
        ("1f", SMALL),
        ("17", SMALL[::-1]),
        ("1b", SMALL[:, ::-1]),
        ("13", SMALL[::-1, ::-1]),
    ):
        wire = small()
        say(wire, f"00: {psr}\n50: 29 07\n13: p\n04\nbusy\n12\nbusy", p=SMALL)
        np.testing.assert_array_equal(wire.glass >= 128, turned == 1)


def test_new_alone_drives_every_pixel():
    wire = small(strict=True)
    say(wire, "00: 1f\n50: 03\ne0: 02\ne5: 6e\n13: p\n04\nbusy\n12\nbusy", p=SMALL)
    np.testing.assert_array_equal(wire.glass >= 128, SMALL == 1)


def test_faults_on_request():
    wire = small()
    wire.faults.busy_stuck = wire.faults.reset_cures = True
    assert not wire.ready()
    wire.reset()
    assert wait(wire) < 0.1
    wire.faults.spi_error_after = 1
    with pytest.raises(OSError, match="simulated"):
        say(wire, "00: 1f")
    say(wire, "reset\n04\nbusy")
    wire.faults.power_cut_after = 4
    with pytest.raises(PowerCut):
        say(wire, PICTURES)
    assert not wire.high_voltage
    wire.faults.unplugged = True
    say(wire, "12")
    assert wire.ready(), "nobody holds BUSY low"
    wire.close()
    with pytest.raises(common.WireClosed):
        wire.ready()
    wire.reopen()
    wire.faults.unplugged = False
    wire.power = False
    assert not wire.ready()


def test_panels_that_it_cannot_drive():
    for size in ((804, 480), (808, 480), (800, 601), (0, 480)):
        with pytest.raises(ValueError, match="800x600"):
            SimulatedWire(*size)


def test_every_error_says_what_the_host_did():
    for name in dir(errors):
        error = getattr(errors, name)
        if isinstance(error, type) and issubclass(error, ProtocolError) and error is not ProtocolError:
            assert error.__doc__
            assert error in {case for case, _ in BREACHES + TOLERATED} | {
                errors.DataWithoutCommand,
                errors.NoPartialWaveform,  # the panel's tests
            }


def test_it_loads_alone():
    code = "import sys, driver.simulator.uc8179; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    own = [name for name in done.stdout.split() if name.startswith("driver.")]
    assert all(name.startswith("driver.simulator") for name in own), own
