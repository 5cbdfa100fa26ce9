"""The vendor's samples and GxEPD2, in traces written by hand, get the picture that they mean."""

import numpy as np
import pytest

from driver.simulator.uc8179 import SimulatedWire
from simulator.uc8179 import traces
from simulator.uc8179.traces import say

A, B, C = np.random.default_rng(7).integers(0, 2, (3, 480, 800), np.uint8)


def shown(wire):
    return (wire.glass >= 128).astype(np.uint8)


def test_the_vendor_for_the_7_5_inch():
    wire = SimulatedWire(strict=True)
    say(wire, traces.VENDOR_INIT + traces.VENDOR_DISPLAY, white_is_one=A, black_is_one=1 - A)
    np.testing.assert_array_equal(shown(wire), A)
    assert wire.clock() > 4.1, "by the sensor's temperature"
    start = wire.clock()
    say(wire, traces.VENDOR_FAST + traces.VENDOR_DISPLAY, white_is_one=B, black_is_one=1 - B)
    assert wire.clock() - start < 1.8
    np.testing.assert_array_equal(shown(wire), B)
    # Its OLD, read with 1 as white, is what the glass shows: so the samples need pictures that survive RST.
    say(wire, traces.VENDOR_PART)
    for picture in (C, A):
        say(wire, traces.VENDOR_PARTIAL, white_is_one=picture)
        np.testing.assert_array_equal(shown(wire), picture)
    assert wire.high_voltage, "until it sleeps, which harms the glass"
    say(wire, traces.VENDOR_SLEEP)
    assert not wire.high_voltage


def test_the_vendor_for_the_5_83_inch():
    wire = SimulatedWire(648, 480, strict=True)
    say(wire, traces.NARROW_INIT + traces.NARROW_DISPLAY, white_is_one=A[:, :648])
    np.testing.assert_array_equal(shown(wire), A[:, :648])
    say(wire, traces.NARROW_PART)
    for picture in (B[:, :648], C[:, :648]):
        say(wire, traces.NARROW_PARTIAL, white_is_one=picture)
        np.testing.assert_array_equal(shown(wire), picture)


@pytest.mark.parametrize(
    ("part", "seconds"), [(traces.GXEPD_PART_OTP, 0.435), (traces.GXEPD_PART_LUT, 1.5)], ids=["OTP", "LUT"]
)
def test_gxepd2(part, seconds):
    wire = SimulatedWire(strict=True, new_glass=part is traces.GXEPD_PART_OTP)
    first = traces.GXEPD_INIT + "10: zeros\n13: new\n04\nbusy\n"
    full = traces.GXEPD_FULL if part is traces.GXEPD_PART_OTP else traces.GXEPD_SLOW
    say(wire, first + full, zeros=np.zeros_like(A), new=A)
    np.testing.assert_array_equal(shown(wire), A)
    say(wire, traces.GXEPD_INIT + part)
    start, after = wire.clock(), A.copy()
    for window in (B[:10, :16], C[:10, :16]):
        say(wire, traces.GXEPD_WINDOW, window=window)
        after[5:15, 32:48] = window
        np.testing.assert_array_equal(shown(wire), after)
    assert 2 * seconds < wire.clock() - start < 2 * seconds + 0.1
    say(wire, traces.GXEPD_HIBERNATE)


def test_four_greys():
    wire = SimulatedWire(strict=True)
    old, new = np.zeros((2, 480, 800), np.uint8)
    old[:, :400] = 1
    new[:, 200:600] = 1
    say(wire, traces.VENDOR_GREY, old=old, new=new)
    assert wire.glass[9, [100, 300, 500, 700]].tolist() == [160, 32, 96, 224]
