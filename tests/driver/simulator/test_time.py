"""Virtual time: what bytes, windows, polls, updates and resets cost, and that every poll loop ends."""

import numpy as np
import pytest
from wire_words import command, data, load_grey, read, register, small, wait_idle

from driver.simulator.it8951 import SimulatedWire


def test_time_stands_still_on_its_own():
    wire = SimulatedWire(32, 4)
    assert wire.clock() == wire.clock() == 0
    wire.sleep(3600)
    assert wire.clock() == 3600
    with pytest.raises(ValueError, match="backwards"):
        wire.sleep(-1)


def test_bytes_cost_their_bits():
    wire = small(1448, 1072, spi_hz=8e6)
    command(wire, 0x20, 0x0120)
    before = wire.clock(), wire.bytes_on_wire
    data(wire, bytes(776_128))
    assert wire.bytes_on_wire - before[1] == 776_130
    assert wire.clock() - before[0] == pytest.approx(776_130 / 1e6, rel=1e-3)


@pytest.mark.parametrize(
    ("mode", "seconds"), [(0, 2.0), (1, 0.26), (2, 0.45), (3, 0.45), (4, 0.12), (5, 0.29)]
)
def test_the_display_engine_is_busy_as_long_as_the_waveform(mode, seconds):
    wire = small()
    command(wire, 0x34, 0, 0, 32, 4, mode)
    start = wire.clock()
    wire.sleep(seconds - 0.001)
    assert register(wire, 0x1224) != 0
    while register(wire, 0x1224):
        pass
    assert wire.clock() - start == pytest.approx(seconds, abs=0.002)


def test_polling_alone_ends_an_update_in_few_polls():
    wire = small()
    command(wire, 0x34, 0, 0, 32, 4, 0)
    polls = 1
    while register(wire, 0x1224):
        polls += 1
    assert 2 < polls < 300


def test_updates_queue_up():
    wire = small()
    start = wire.clock()
    for _ in range(3):
        command(wire, 0x34, 0, 0, 32, 4, 2)
    wait_idle(wire)
    assert wire.clock() - start == pytest.approx(3 * 0.45, abs=0.01)


def test_ready_is_low_for_a_moment_after_a_command_and_polls_end_it():
    wire = small()
    command(wire, 0x302)
    assert not wire.ready()
    assert wire.ready()
    assert wire.ready()
    assert wire.clock() < 0.001


def test_a_reset_takes_its_pulse_and_then_boots_within_a_second():
    wire = small()
    start = wire.clock()
    wire.reset()
    assert wire.clock() - start == pytest.approx(0.41)
    polls = 0
    while not wire.ready():
        polls += 1
    assert 0.41 < wire.clock() - start < 1.41
    assert polls < 200


def test_a_reset_ends_an_update_and_loses_registers_and_vcom():
    wire = small()
    command(wire, 0x11, 0x113A, 4)
    command(wire, 0x39, 1, 2080)
    command(wire, 0x34, 0, 0, 32, 4, 0)
    wire.reset()
    while not wire.ready():
        pass
    assert register(wire, 0x1224) == 0
    assert register(wire, 0x113A) == 0
    command(wire, 0x39, 0)
    assert read(wire, 1) == [2800]


def test_a_vcom_in_flash_survives_a_reset():
    wire = small()
    command(wire, 0x39, 2, 2080)
    assert wire.log[-1].args == (2, 2080)
    wire.power_cut()
    while not wire.ready():
        pass
    command(wire, 0x39, 0)
    assert read(wire, 1) == [2080]


def test_a_load_does_not_make_hrdy_fall():
    wire = small()
    command(wire, 0x21, 0x0120, 0, 0, 32, 4)
    wire.ready()
    for _ in range(4):
        data(wire, bytes(16))
        assert wire.ready()


def test_folded_polls_keep_the_log_small():
    wire = small()
    for _ in range(5):
        load_grey(wire, np.zeros((4, 32), int))
        command(wire, 0x34, 0, 0, 32, 4, 0)
        wait_idle(wire)
    assert len(wire.log) == 1 + 5 * 4
    assert wire.log[-1].name == "REG_RD"
    assert wire.log[-1].repeats > 100
