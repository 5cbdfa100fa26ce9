"""Drivers that share nothing with ours, or with each other, get the same picture from the simulator."""

import time

import numpy as np
import pytest

from driver.simulator.glass import BLACK, MIDDLE, WHITE
from driver.simulator.it8951 import SimulatedWire
from simulator.foreign import (
    arduino_library,
    burst_pitch,
    cython_module,
    esp_graphics,
    kernel_module,
    paper_rotated,
    reader_bitmap,
    rust_crate,
    two_bit,
    vendor_bitmap,
    vendor_grey,
)

ENDING_IN_A_REDRAW = [
    arduino_library,
    esp_graphics,
    kernel_module,
    paper_rotated,
    reader_bitmap,
    rust_crate,
    vendor_grey,
]
ENDING_IN_A_PARTIAL_UPDATE = [burst_pitch, cython_module, two_bit, vendor_bitmap]
ALL = ENDING_IN_A_REDRAW + ENDING_IN_A_PARTIAL_UPDATE
LUTS = ["M641", "M841_TFAB512", "M841"]


def name(driver):
    return driver.__name__.rpartition(".")[2]


@pytest.fixture
def dither():
    """64 x 48 pixels, alike neither when turned nor when mirrored nor when bits or bytes change places."""
    return np.random.default_rng(3).integers(0, 2, (48, 64), dtype=np.uint8)


@pytest.mark.parametrize("lut", LUTS)
@pytest.mark.parametrize("driver", ALL, ids=name)
def test_same_dither_from_every_driver(driver, lut, dither):
    wire = SimulatedWire(64, 48, lut)
    driver.show(wire, dither)
    np.testing.assert_array_equal(wire.glass >= MIDDLE, dither == 1)


@pytest.mark.parametrize("driver", ENDING_IN_A_REDRAW, ids=name)
def test_same_glass_from_every_driver_that_ends_in_a_redraw(driver, dither):
    wire = SimulatedWire(64, 48)
    driver.show(wire, dither)
    np.testing.assert_array_equal(wire.glass, np.where(dither, WHITE, BLACK))


@pytest.mark.parametrize("driver", ALL, ids=name)
def test_a_second_driver_takes_over_a_panel_that_shows_something(driver, dither):
    wire = SimulatedWire(64, 48)
    vendor_grey.show(wire, 1 - dither)
    wire.reset()
    while not wire.ready():
        pass
    driver.show(wire, dither)
    np.testing.assert_array_equal(wire.glass >= MIDDLE, dither == 1)


@pytest.mark.parametrize("driver", ALL, ids=name)
def test_no_driver_waits_for_real_time(driver, dither):
    start = time.monotonic()
    driver.show(SimulatedWire(64, 48), dither)
    assert time.monotonic() - start < 2


def test_any_width_by_way_of_a_pitch(dither):
    wire = SimulatedWire(61, 48)
    burst_pitch.show(wire, dither[:, :61])
    np.testing.assert_array_equal(wire.glass >= MIDDLE, dither[:, :61] == 1)


@pytest.mark.parametrize(
    ("driver", "breaches"),
    [
        (vendor_grey, set()),
        (vendor_bitmap, set()),
        (rust_crate, set()),
        (cython_module, set()),
        (reader_bitmap, set()),
        (arduino_library, {"PowerDownWhileDisplaying"}),
        (kernel_module, {"PowerDownWhileDisplaying"}),
        (two_bit, {"PowerDownWhileDisplaying"}),
        (
            esp_graphics,
            {"LoadWhileDisplaying", "DisplayWhileDisplaying", "PowerDownWhileDisplaying"},
        ),
    ],
    ids=lambda value: name(value) if hasattr(value, "show") else "",
)
def test_what_each_driver_does_that_a_controller_only_tolerates(driver, breaches, dither):
    wire = SimulatedWire(64, 48)
    driver.show(wire, dither)
    assert {type(breach).__name__ for breach in wire.tolerated} == breaches
