"""Faults on request: stuck HRDY or LUTAFSR, false answers, SPI errors, power cuts in mid-transfer."""

import errno

import numpy as np
import pytest
from wire_words import command, data, load_grey, read, register, show, small, wait_idle

from driver.simulator.errors import PowerCut, TalkWhileBusy
from driver.simulator.glass import BLACK, DU_GHOST, MIDDLE, WHITE
from driver.simulator.it8951 import SimulatedWire


def boot(wire):
    for _ in range(200):
        if wire.ready():
            return
    raise AssertionError("does not boot")


def test_hrdy_stuck():
    wire = small()
    wire.faults.hrdy_stuck = True
    start = wire.clock()
    assert not any(wire.ready() for _ in range(500))
    assert wire.clock() - start > 4.9  # a bounded wait of a few seconds ends
    with pytest.raises(TalkWhileBusy):
        command(wire, 0x302)
    wire.reset()
    assert not any(wire.ready() for _ in range(500))
    wire.faults.hrdy_stuck = False
    boot(wire)
    command(wire, 0x302)


def test_lutafsr_stuck():
    wire = small()
    wire.faults.lut_stuck = True
    start = wire.clock()
    assert all(register(wire, 0x1224) for _ in range(500))
    assert wire.clock() - start > 4.9
    wire.faults.lut_stuck = False
    assert register(wire, 0x1224) == 0


def test_a_reset_may_cure():
    wire = small()
    wire.faults.hrdy_stuck = wire.faults.lut_stuck = wire.faults.reset_cures = True
    wire.reset()
    boot(wire)
    assert register(wire, 0x1224) == 0


@pytest.mark.parametrize(("fault", "words"), [("zeros", [0] * 20), ("ones", [0xFFFF] * 20)])
def test_device_info_of_a_wiring_fault(fault, words):
    wire = small()
    wire.faults.info = fault
    command(wire, 0x302)
    assert read(wire, 20) == words


def test_garbage_device_info():
    wire = small()
    command(wire, 0x302)
    truth = read(wire, 20)
    wire.faults.info = "garbage"
    command(wire, 0x302)
    garbage = read(wire, 20)
    assert all(a != b for a, b in zip(truth, garbage, strict=True))
    assert len(set(garbage)) > 10
    wire.faults.info = "true"
    command(wire, 0x302)
    assert read(wire, 20) == truth


def test_vcom_reads_back_wrongly():
    wire = small()
    wire.faults.vcom_readback = 1500
    command(wire, 0x39, 1, 2080)
    command(wire, 0x39, 0)
    assert read(wire, 1) == [1500]
    wire.faults.vcom_readback = None
    command(wire, 0x39, 0)
    assert read(wire, 1) == [2080]


def test_firmware_that_ignores_one_bit_per_pixel_shows_white():
    wire = small()
    wire.faults.bitmap_ignored = True
    show(wire, np.zeros((4, 32), int), 2)
    command(wire, 0x11, 0x113A, 4)
    command(wire, 0x34, 0, 0, 32, 4, 2)
    assert (wire.glass == WHITE).all()
    wait_idle(wire)
    command(wire, 0x11, 0x113A, 0)
    command(wire, 0x34, 0, 0, 32, 4, 2)
    assert (wire.glass == BLACK).all()


def test_spi_error_after_so_many_bytes():
    wire = small()
    wire.faults.spi_error_after = 10
    command(wire, 0x302)
    with pytest.raises(OSError, match="SPI") as caught:
        read(wire, 20)
    assert caught.value.errno == errno.EIO
    assert read(wire, 2) == [32, 4]  # once; and the window that failed is over


def test_spi_error_in_a_load_leaves_the_driver_to_begin_again():
    wire = small()
    wire.faults.spi_error_after = 60
    with pytest.raises(OSError, match="SPI"):
        load_grey(wire, np.zeros((4, 32), int))
    wire.reset()
    boot(wire)
    command(wire, 0x11, 4, 1)
    show(wire, np.zeros((4, 32), int), 2)
    assert (wire.glass == BLACK).all()


def black_load_and_more(wire):
    """110 bytes on the wire."""
    load_grey(wire, np.zeros((4, 32), int))
    command(wire, 0x302)
    command(wire, 0x11, 4, 1)


@pytest.mark.parametrize("after", [*range(8), 23, 24, 25, 26, 57, 88, 89, 90, 91, 94, 97, 98, 102, 108, 109])
def test_power_cut_at_any_byte(after):
    """Whatever the moment: the glass stays, memory and VCOM are lost, a start from the beginning works."""
    wire = small()
    command(wire, 0x39, 1, 2080)
    show(wire, np.tile([0, 15], (4, 16)), 2)
    before = wire.glass
    sent = wire.bytes_on_wire
    wire.faults.power_cut_after = after
    with pytest.raises(PowerCut):
        black_load_and_more(wire)
    assert wire.bytes_on_wire == sent + after
    np.testing.assert_array_equal(wire.glass, before)
    assert wire.faults.power_cut_after is None
    assert not wire.ready()
    boot(wire)
    command(wire, 0x39, 0)
    assert read(wire, 1) == [2800]
    command(wire, 0x34, 0, 0, 32, 4, 2)
    assert (wire.glass == WHITE).all()
    wait_idle(wire)
    command(wire, 0x11, 4, 1)
    show(wire, np.zeros((4, 32), int), 2)
    assert (wire.glass == BLACK).all()


def test_a_power_cut_takes_a_second():
    wire = small()
    wire.power_cut()
    start = wire.clock()
    boot(wire)
    assert wire.clock() - start == pytest.approx(1.0, abs=0.02)


def test_after_a_power_cut_partial_updates_lie_until_a_redraw():
    """The controller takes the glass for white, so it does not whiten what it does not know to be dark."""
    picture = np.tile([0, 15], (4, 16))
    wire = small()
    show(wire, picture, 2)
    wire.power_cut()
    boot(wire)
    command(wire, 0x11, 4, 1)
    show(wire, 15 - picture, 1)
    assert (wire.glass[:, 0::2] < MIDDLE).all()  # should be white now
    assert (wire.glass[:, 1::2] == BLACK + DU_GHOST).all()
    show(wire, 15 - picture, 2)
    np.testing.assert_array_equal(wire.glass >= MIDDLE, picture == 0)


def test_after_a_reset_partial_updates_go_on():
    picture = np.tile([0, 15], (4, 16))
    wire = small()
    show(wire, picture, 2)
    wire.reset()
    boot(wire)
    command(wire, 0x11, 4, 1)
    show(wire, 15 - picture, 1)
    np.testing.assert_array_equal(wire.glass >= MIDDLE, picture == 0)


def test_a_glass_that_shows_something_already():
    old = np.full((4, 32), 90, np.uint8)
    wire = SimulatedWire(32, 4, glass=old)
    np.testing.assert_array_equal(wire.glass, old)
    command(wire, 0x34, 0, 0, 32, 4, 0)
    assert (wire.glass == WHITE).all()
    with pytest.raises(ValueError, match="glass"):
        SimulatedWire(32, 4, glass=old[:2])


def test_a_load_that_a_power_cut_ended_is_not_continued():
    wire = small()
    command(wire, 0x21, 0x0120, 0, 0, 32, 4)
    wire.faults.power_cut_after = 10
    with pytest.raises(PowerCut):
        data(wire, bytes(64))
    boot(wire)
    command(wire, 0x302)
    assert read(wire, 2) == [32, 4]
