"""Each breach of the protocol that the simulated controller names, and what it tolerates."""

import numpy as np
import pytest
from wire_words import command, data, load_grey, read, register, send, small, wait_idle

from driver.simulator import errors
from driver.simulator.errors import ProtocolError
from driver.simulator.it8951 import SimulatedWire

AREA = "6000 0021", "0000 0020", "0000 0000", "0000 0000", "0000 0008", "0000 0001"  # 8 x 1 pixels: 2 words
BITMAP_ON = "6000 0011", "0000 113a", "0000 0004"
BREACHES = [
    (errors.UnknownPreamble, ["6001 0302"]),
    (errors.UnknownPreamble, ["0302"]),  # a command word in a window of its own
    (errors.UnknownCommand, ["6000 0303"]),
    (errors.CommandFraming, ["6000"]),
    (errors.CommandFraming, ["6000 0010 1224"]),
    (errors.OddByteCount, ["6000 0302", "1000 0000 00"]),
    (errors.OddByteCount, [*AREA, "0000 f0f0 0f"]),
    (errors.TooFewArguments, ["6000 0011", "0000 0004", "6000 0302"]),
    (errors.TooFewArguments, ["6000 0039", "1000 0000 0000"]),
    (errors.TooFewArguments, ["6000 0039", "0000 0001", "6000 0001"]),
    (errors.TooManyArguments, ["6000 0010", "0000 1224", "0000 0000"]),
    (errors.TooManyArguments, ["6000 0001", "0000 0000"]),
    (errors.TooManyArguments, ["6000 0039", "0000 0000", "0000 0834"]),
    (errors.UnexpectedData, [*AREA, "0000 ffff ffff", "6000 0022", "0000 ffff"]),
    (errors.UnexpectedRead, ["1000 0000 0000"]),
    (errors.UnexpectedRead, ["6000 0001", "1000 0000 0000"]),
    (errors.UnexpectedRead, ["6000 0039", "0000 0001", "0000 0820", "1000 0000 0000"]),
    (errors.LoadOverrun, [*AREA, "0000 ffff ffff", "0000 ffff"]),
    (errors.LoadOverrun, [*AREA, "0000 ffff ffff ffff"]),
    (errors.LoadOverrun, [*AREA, "0000 ffff ffff", "0000 ffff ffff"]),  # whole rows, but in a later window
    (errors.LoadNotEnded, [*AREA, "0000 ffff ffff", "6000 0302"]),
    (errors.LoadNotBegun, ["6000 0022"]),
    (errors.BadArgument, ["6000 0021", "0000 0220 0000 0000 0008 0001"]),  # endianness 2
    (errors.BadArgument, ["6000 0021", "0000 0040 0000 0000 0008 0001"]),  # pixel format 4
    (errors.BadArgument, ["6000 0021", "0000 0024 0000 0000 0008 0001"]),  # rotation 4
    (errors.BadArgument, ["6000 0010", "0000 1225"]),
    (errors.BadArgument, ["6000 0011", "0000 1225", "0000 0001"]),
    (errors.BadArgument, ["6000 0039", "0000 0003", "0000 0820"]),
    (errors.BadArgument, ["6000 0040", "0000 0002", "0000 0020"]),
    (errors.BadArgument, ["6000 0011", "0000 113a", "0000 0002", *AREA]),  # a pitch of 0
    (errors.AreaOutsidePanel, ["6000 0021", "0000 0020 0004 0000 0020 0001"]),
    (errors.AreaOutsidePanel, ["6000 0021", "0000 0020 0000 0004 0020 0001"]),
    (errors.AreaOutsidePanel, ["6000 0021", "0000 0021 0000 0000 0020 0001"]),  # rotated: 4 pixels wide
    (errors.AreaOutsidePanel, ["6000 0021", "0000 0020 0000 0000 0000 0001"]),
    (errors.AreaOutsidePanel, ["6000 0034", "0000 0000 0000 0021 0004 0002"]),
    (errors.AreaOutsidePanel, ["6000 0034", "0000 0000 0001 0020 0004 0002"]),
    (errors.AreaOutsidePanel, ["6000 0034", "0000 0000 0000 0020 0000 0002"]),
    (errors.ModeOutOfRange, ["6000 0034", "0000 0000 0000 0020 0004 0006"]),
    (errors.UnalignedBitmap, [*BITMAP_ON, "6000 0034", "0000 0000 0000 0018 0004 0002"]),
    (errors.UnalignedBitmap, [*BITMAP_ON, "6000 0034", "0000 0008 0000 0018 0004 0002"]),
    (
        errors.AddressOutsideMemory,
        ["6000 0011", "0000 020a", "0000 0080", *AREA, "0000 ffff ffff", "6000 0022"],
    ),
    (errors.AddressOutsideMemory, ["6000 0037", "0000 0000 0000 0020 0004 0002 ffff 007f"]),
    (errors.AddressOutsideMemory, ["6000 0014", "0000 fffe 007f 0002 0000", "0000 1234 5678"]),
    (errors.VcomOutOfRange, ["6000 0039", "0000 0001", "0000 0bb9"]),  # 3001 mV
    (errors.VcomOutOfRange, ["6000 0039", "0000 0001", "0000 01f3"]),  # 499 mV
    (errors.VcomOutOfRange, ["6000 0039", "0000 0001", "0000 f7e0"]),  # -2080 as a signed word
]


@pytest.mark.parametrize(
    ("error", "windows"), BREACHES, ids=[f"{error.__name__}-{i}" for i, (error, _) in enumerate(BREACHES)]
)
def test_breach(error, windows):
    wire = small()
    send(wire, *windows[:-1])
    with pytest.raises(error) as caught:
        send(wire, windows[-1])
    assert type(caught.value) is error
    assert str(caught.value)


@pytest.mark.parametrize("windows", [windows for _, windows in BREACHES])
def test_the_controller_goes_on_after_a_breach_and_a_reset(windows):
    wire = small()
    with pytest.raises(ProtocolError):
        send(wire, *windows)
    wire.reset()
    while not wire.ready():
        pass
    assert send(wire, "6000 0302", "1000 0000 0000").endswith("0020")


def test_data_to_a_controller_that_was_asked_nothing():
    with pytest.raises(errors.UnexpectedData):
        send(SimulatedWire(32, 4), "0000 ffff")


def test_every_error_is_tested_or_tolerable():
    named = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, ProtocolError) and value is not ProtocolError
    }
    elsewhere = {
        errors.ChipSelectError,
        errors.WireClosed,
        errors.TalkWhileBusy,
        errors.FormatChangeWhileDisplaying,
    }
    assert named == {error for error, _ in BREACHES} | elsewhere | {
        error for error in named if error.tolerable
    }
    assert {error for error in named if error.tolerable} == set(TOLERATED)


def test_chip_select_by_hand():
    wire = small()
    with pytest.raises(errors.ChipSelectError):
        wire.transfer(b"\x60\x00")
    wire.select()
    with pytest.raises(errors.ChipSelectError):
        wire.exchange(b"\x60\x00\x03\x02")
    wire.select()  # low already
    wire.transfer(bytes.fromhex("6000 0302"))
    wire.deselect()
    wire.deselect()  # high already
    wire.select()
    wire.deselect()  # nothing said
    assert read(wire, 2) == [32, 4]


def test_a_window_that_failed_is_over():
    wire = small()
    with pytest.raises(errors.UnknownPreamble):
        send(wire, "1234 5678")
    assert send(wire, "6000 0302", "1000 0000 0000").endswith("0020")


def test_a_closed_wire():
    wire = small()
    wire.close()
    for use in (wire.ready, wire.reset, wire.select, lambda: wire.exchange(b"\x60\x00\x00\x01")):
        with pytest.raises(errors.WireClosed):
            use()
    assert wire.glass.shape == (4, 32)
    wire.reopen()
    assert send(wire, "6000 0302", "1000 0000 0000").endswith("0020")


def test_talk_while_the_controller_boots():
    wire = small()
    wire.reset()
    assert not wire.ready()
    with pytest.raises(errors.TalkWhileBusy):
        send(wire, "6000 0302")
    while not wire.ready():
        pass
    send(wire, "6000 0302")


@pytest.mark.parametrize(("address", "value"), [(0x113A, 4), (0x1250, 0xF0), (0x124C, 46)])
def test_the_format_must_not_change_while_the_display_engine_reads(address, value):
    wire = small()
    command(wire, 0x11, 0x1250, 0x00FF)
    command(wire, 0x34, 0, 0, 32, 4, 1)
    command(wire, 0x11, 0x1250, 0x00FF)  # no change
    with pytest.raises(errors.FormatChangeWhileDisplaying):
        command(wire, 0x11, address, value)
    wait_idle(wire)
    command(wire, 0x11, address, value)
    assert register(wire, address) == value


@pytest.mark.parametrize("lut", ["M641", "M841_TFAB512"])
def test_bitmaps_on_32_pixel_bounds(lut):
    wire = small(96, 4, lut)
    command(wire, 0x11, 0x113A, 4)
    command(wire, 0x34, 32, 0, 64, 4, 1)
    for x, width in ((16, 64), (32, 48), (0, 90)):
        with pytest.raises(errors.UnalignedBitmap):
            command(wire, 0x34, x, 0, width, 4, 1)


def test_other_firmware_has_bitmaps_anywhere():
    wire = small(90, 4, "M841")
    command(wire, 0x11, 0x113A, 4)
    command(wire, 0x34, 8, 0, 81, 4, 1)


def test_a_pitch_of_its_own_holds_any_width_that_fits():
    wire = small(90, 4)
    command(wire, 0x11, 0x113A, 6)
    command(wire, 0x11, 0x124C, 3)  # 12 bytes: 96 pixels
    command(wire, 0x34, 0, 0, 90, 4, 1)
    wait_idle(wire)
    command(wire, 0x11, 0x124C, 2)
    with pytest.raises(errors.UnalignedBitmap):
        command(wire, 0x34, 0, 0, 90, 4, 1)


@pytest.mark.parametrize(
    ("lut", "modes"), [("M641", 6), ("M841_TFAB512", 8), ("M841", 8), ("M841_TFA5210", 8)]
)
def test_modes_of_each_table(lut, modes):
    wire = small(lut=lut)
    for mode in range(modes):
        command(wire, 0x34, 0, 0, 32, 4, mode)
        wait_idle(wire)
    with pytest.raises(errors.ModeOutOfRange):
        command(wire, 0x34, 0, 0, 32, 4, modes)


def load_while_displaying(wire):
    command(wire, 0x34, 0, 0, 32, 4, 2)
    load_grey(wire, np.zeros((4, 32), int))


def display_while_displaying(wire):
    command(wire, 0x34, 0, 0, 32, 4, 2)
    command(wire, 0x34, 0, 0, 32, 4, 1)


def standby_while_displaying(wire):
    command(wire, 0x34, 0, 0, 32, 4, 2)
    command(wire, 0x02)


def sleep_while_displaying(wire):
    command(wire, 0x34, 0, 0, 32, 4, 2)
    command(wire, 0x03)


def short_load(wire):
    send(wire, *AREA, "0000 ffff", "6000 0022")


def surplus_rows(wire):
    send(wire, *AREA, "0000 f0f0 f0f0 0000 0000 0000 0000", "6000 0022")


def unpacked_load(wire):
    command(wire, 0x11, 0x0004, 0)
    load_grey(wire, np.zeros((4, 32), int))


def talk_while_asleep(wire):
    command(wire, 0x03)
    command(wire, 0x302)


def hurried_talk(wire):
    command(wire, 0x03)
    command(wire, 0x01)
    command(wire, 0x302)


def unaligned_erase(wire):
    send(wire, *BITMAP_ON, "6000 0034", "0000 0000 0000 0018 0004 0000")


TOLERATED = {
    errors.LoadWhileDisplaying: [load_while_displaying],
    errors.DisplayWhileDisplaying: [display_while_displaying],
    errors.PowerDownWhileDisplaying: [standby_while_displaying, sleep_while_displaying],
    errors.ShortLoad: [short_load],
    errors.SurplusRows: [surplus_rows],
    errors.UnpackedLoad: [unpacked_load],
    errors.TalkWhileAsleep: [talk_while_asleep],
    errors.HurriedTalk: [hurried_talk],
    errors.UnalignedErase: [unaligned_erase],
}
CASES = [(error, dialogue) for error, dialogues in TOLERATED.items() for dialogue in dialogues]


class Patient(SimulatedWire):
    """A wire whose host waits for HRDY before each window."""

    def select(self):
        while not self.ready():
            pass
        super().select()


@pytest.mark.parametrize(("error", "dialogue"), CASES, ids=[dialogue.__name__ for _, dialogue in CASES])
def test_what_controllers_tolerate_is_noted(error, dialogue):
    wire = small()
    dialogue(wire)
    assert {type(breach) for breach in wire.tolerated} == {error}


@pytest.mark.parametrize(("error", "dialogue"), CASES, ids=[dialogue.__name__ for _, dialogue in CASES])
def test_strict_raises_it(error, dialogue):
    kind = SimulatedWire if error is errors.HurriedTalk else Patient
    wire = kind(32, 4, strict=True)
    if kind is Patient:
        send(wire, "6000 0011", "0000 0004", "0000 0001")
    with pytest.raises(error) as caught:
        dialogue(wire)
    assert type(caught.value) is error


def test_strict_accepts_a_careful_host():
    wire = Patient(32, 4, strict=True)
    send(wire, "6000 0001", "6000 0011", "0000 0004", "0000 0001")
    for shade in (15, 0):
        load_grey(wire, np.full((4, 32), shade))
        command(wire, 0x34, 0, 0, 32, 4, 2)
        wait_idle(wire)
    send(wire, "6000 0003")
    assert not wire.tolerated
    assert len(set(wire.glass.reshape(-1).tolist())) == 1


def test_surplus_rows_are_dropped_and_the_area_stays_right():
    wire = small()
    send(wire, *AREA, "0000 f0f0 f0f0 0000 0000 0000 0000", "0000", "6000 0022")
    assert len(wire.tolerated) == 1
    command(wire, 0x34, 0, 0, 32, 4, 2)
    assert wire.glass[0, :8].tolist() == [32, 224] * 4
    assert (wire.glass[1:] == 224).all()


def test_the_complete_rows_of_a_short_load_arrive():
    wire = small()
    command(wire, 0x21, 0x0120, 0, 0, 32, 4)
    data(wire, bytes(16 + 16 + 8))
    command(wire, 0x22)
    command(wire, 0x34, 0, 0, 32, 4, 2)
    assert (wire.glass[:2] == 32).all()
    assert (wire.glass[2:] == 224).all()


def test_endless_breaches_do_not_fill_the_memory():
    wire = small()
    command(wire, 0x03)
    for _ in range(3000):
        command(wire, 0x302)
    assert len(wire.tolerated) == 1000
    assert len(wire.log) < 10
