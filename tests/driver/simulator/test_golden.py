"""The simulated controller against byte sequences written out by hand from the page of hardware facts.

Every string is one chip-select window in hexadecimal words: 6000 command, 0000 data, 1000 read (then a dummy
word). The panel has 32 x 2 pixels.
"""

import numpy as np
import pytest
from wire_words import send

from driver.simulator.it8951 import SimulatedWire

# The reflectance of level n after a redraw is 32 + 12.8 n.
SHADE = [32, 45, 58, 70, 83, 96, 109, 122, 134, 147, 160, 173, 186, 198, 211, 224]
BLACK, WHITE = 32, 224


@pytest.fixture
def wire():
    wire = SimulatedWire(32, 2)
    send(wire, "6000 0011", "0000 0004", "0000 0001")  # REG_WR I80CPCR = 1, packed mode
    return wire


def test_device_info(wire):
    # width, height, address low and high; "SWv_0.6." and "M641" with the first character in the low byte
    info = (
        "0020 0002 2480 0012 5753 5f76 2e30 2e36 0000 0000 0000 0000 364d 3134 0000 0000 0000 0000 0000 0000"
    )
    assert send(wire, "6000 0302", "1000" + " 0000" * 21)[10:] == info


def test_device_info_word_by_word_in_windows_of_their_own(wire):
    send(wire, "6000 0302")
    words = [send(wire, "1000 0000 0000").split()[2] for _ in range(14)]
    assert words[:4] == ["0020", "0002", "2480", "0012"]
    assert words[12:] == ["364d", "3134"]


def test_reads_of_any_length_go_on_where_the_last_one_ended(wire):
    send(wire, "6000 0302")
    words = [word for n in (1, 2, 5, 12) for word in send(wire, "1000 0000" + " 0000" * n).split()[2:]]
    assert words[:9] == ["0020", "0002", "2480", "0012", "5753", "5f76", "2e30", "2e36", "0000"]
    assert words[12:14] == ["364d", "3134"]


def test_the_dummy_word_is_not_the_answer(wire):
    send(wire, "6000 0011", "0000 0038", "0000 0602")
    back = send(wire, "6000 0010", "0000 0038", "1000 0000 0000").split()
    assert back[2] == "0602"
    assert back[1] != "0602"


def test_the_dummy_word_is_what_was_shifted_out_last(wire):
    send(wire, "6000 0039", "0000 0000", "1000 0000 0000")
    assert send(wire, "6000 0302", "1000 0000 0000") == "0000 0af0 0020"


def test_a_read_past_the_end_gets_the_last_word_again(wire):
    send(wire, "6000 0039", "0000 0000")
    wire.select()
    back = b"".join(wire.transfer(bytes([byte])) for byte in bytes.fromhex("1000 0000 0000 0000 0000"))
    wire.deselect()
    assert back[4:].hex(" ", 2) == "0af0 0af0 0af0"
    assert send(wire, "1000 0000 0000 0000").endswith("0af0 0af0")


def test_chip_select_by_hand_byte_by_byte(wire):
    wire.select()
    for byte in bytes.fromhex("6000 0302"):
        wire.transfer(bytes([byte]))
    wire.deselect()
    wire.select()
    back = b"".join(wire.transfer(bytes([byte])) for byte in bytes.fromhex("1000 0000 0000 0000"))
    wire.deselect()
    assert back[4:].hex(" ", 2) == "0020 0002"


def test_vcom_is_read_set_and_read_again(wire):
    assert send(wire, "6000 0039", "0000 0000", "1000 0000 0000").endswith("0af0")  # 2800 mV
    send(wire, "6000 0039", "0000 0001", "0000 0820")  # 2080 mV
    assert send(wire, "6000 0039", "0000 0000", "1000 0000 0000").endswith("0820")


def test_temperature_is_forced_and_read(wire):
    send(wire, "6000 0040", "0000 0001", "0000 000f")
    assert send(wire, "6000 0040", "0000 0000", "1000 0000 0000 0000").endswith("0019 000f")


def test_register_read_modify_write(wire):
    send(wire, "6000 0011", "0000 113a", "0000 0021")
    assert send(wire, "6000 0010", "0000 113a", "1000 0000 0000").endswith("0021")
    send(wire, "6000 0011", "0000 113a", "0000 0025")
    assert send(wire, "6000 0010", "0000 113a", "1000 0000 0000").endswith("0025")
    assert send(wire, "6000 0010", "0000 1138", "1000 0000 0000").endswith("0000")


def test_load_address_is_the_image_until_it_is_written(wire):
    assert send(wire, "6000 0010", "0000 0208", "1000 0000 0000").endswith("2480")
    assert send(wire, "6000 0010", "0000 020a", "1000 0000 0000").endswith("0012")


@pytest.mark.parametrize(
    "address",
    [
        [],
        ["6000 0011", "0000 020a", "0000 0012", "6000 0011", "0000 0208", "0000 2480"],  # high word first
        ["6000 0011", "0000 0208", "0000 2480", "6000 0011", "0000 020a", "0000 0012"],  # low word first
        ["6000 0011", "0000 020a", "0000 0012", "6000 0011", "0000 0208", "0000 2480"] * 2,
    ],
)
@pytest.mark.parametrize(
    ("kind", "payload", "levels"),
    [
        ("0020", "3210 7654", [0, 1, 2, 3, 4, 5, 6, 7]),  # 4 bits, little-endian: first pixel lowest
        ("0120", "0123 4567", [0, 1, 2, 3, 4, 5, 6, 7]),  # 4 bits, big-endian: first pixel highest
        ("0030", "1000 3020 5040 7060", [0, 1, 2, 3, 4, 5, 6, 7]),  # 8 bits: the top nibble counts
        ("0130", "0010 2030 4050 607f", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("0000", "f0e4", [0, 4, 8, 12, 0, 0, 12, 12]),  # 2 bits: value x 4
        ("0100", "1b0f", [0, 4, 8, 12, 0, 0, 12, 12]),
        ("0010", "ea62 0000", [2, 6, 10, 14, 0, 0, 0, 0]),  # 3 bits in the top of a nibble
        ("0110", "26ae 0000", [2, 6, 10, 14, 0, 0, 0, 0]),
    ],
)
def test_grey_formats(wire, address, kind, payload, levels):
    send(wire, *address)
    send(wire, "6000 0021", f"0000 {kind}", "0000 0008", "0000 0001", "0000 0008", "0000 0001")
    send(wire, f"0000 {payload}", "6000 0022")
    # DPY_AREA x 8, y 1, w 8, h 1, GC16
    send(wire, "6000 0034", "0000 0008", "0000 0001", "0000 0008", "0000 0001", "0000 0002")
    expected = np.full((2, 32), WHITE)
    expected[1, 8:16] = [SHADE[level] for level in levels]
    np.testing.assert_array_equal(wire.glass, expected)


def test_one_window_or_many_for_arguments_and_data(wire):
    send(wire, "6000 0021", "0000 0020 0000 0000 0008 0001")
    send(wire, "0000 f0f0", "0000 0f0f", "6000 0022")
    send(wire, "6000 0034", "0000 0000", "0000 0000 0008", "0000 0001 0002")
    assert wire.glass[0, :9].tolist() == [BLACK, WHITE, BLACK, WHITE, WHITE, BLACK, WHITE, BLACK, WHITE]


def test_whole_frame_load(wire):
    send(wire, "6000 0020", "0000 0120", "0000" + " 0f0f" * 16, "6000 0022")
    send(wire, "6000 0034", "0000 0000", "0000 0000", "0000 0020", "0000 0002", "0000 0002")
    # Two rows of 32 pixels: 16 words.
    np.testing.assert_array_equal(wire.glass, np.tile([BLACK, WHITE], (2, 16)))


def test_display_from_another_buffer(wire):
    send(wire, "6000 0011", "0000 020a", "0000 0020", "6000 0011", "0000 0208", "0000 0000")  # 0x00200000
    send(wire, "6000 0020", "0000 0120", "0000" + " 0000" * 16, "6000 0022")
    area = ["0000 0000", "0000 0000", "0000 0020", "0000 0002", "0000 0002"]
    send(wire, "6000 0034", *area)  # the image itself is white still
    assert (wire.glass == WHITE).all()
    send(wire, "6000 0037", *area, "0000 0000", "0000 0020")
    assert (wire.glass == BLACK).all()


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("0030", "0001 8000 0300 00c0"),  # little-endian: the bytes of a word change places
        ("0130", "0100 0080 0003 c000"),  # big-endian: left to right
    ],
)
def test_one_bit_per_pixel(wire, kind, payload):
    # LD_IMG_AREA as 8 bits per pixel: x 0, y 0, w 32 / 8, h 2
    send(wire, "6000 0021", f"0000 {kind}", "0000 0000", "0000 0000", "0000 0004", "0000 0002")
    send(wire, f"0000 {payload}", "6000 0022")
    send(wire, "6000 0011", "0000 113a", "0000 0004", "6000 0011", "0000 1250", "0000 00f0")
    send(wire, "6000 0034", "0000 0000", "0000 0000", "0000 0020", "0000 0002", "0000 0002")
    expected = np.full((2, 32), BLACK)
    expected[0, [0, 31]] = WHITE  # least significant bit of the first byte, most significant of the last
    expected[1, [8, 9, 22, 23]] = WHITE
    np.testing.assert_array_equal(wire.glass, expected)


def test_the_colours_of_one_bit_pixels(wire):
    send(wire, "6000 0021", "0000 0130", "0000 0000", "0000 0000", "0000 0004", "0000 0001")
    send(wire, "0000 0100 0000", "6000 0022")
    send(wire, "6000 0011", "0000 113a", "0000 0004", "6000 0011", "0000 1250", "0000 a050")
    send(wire, "6000 0034", "0000 0000", "0000 0000", "0000 0020", "0000 0001", "0000 0002")
    assert wire.glass[0, :3].tolist() == [SHADE[5], SHADE[10], SHADE[10]]


def test_sleep_hears_nothing_but_sys_run_and_keeps_the_image(wire):
    black = ["6000 0020", "0000 0120", "0000" + " 0000" * 16, "6000 0022"]
    display = ["6000 0034", "0000 0000", "0000 0000", "0000 0020", "0000 0002", "0000 0002"]
    send(wire, *black, "6000 0003")
    assert send(wire, *display, "6000 0302", "1000 0000 0000") == "0000 0000 0000"
    assert (wire.glass == WHITE).all()
    send(wire, "6000 0001", *display)
    assert (wire.glass == BLACK).all()


def test_standby_hears_everything(wire):
    send(wire, "6000 0002")
    assert send(wire, "6000 0302", "1000 0000 0000").endswith("0020")


def test_burst_write_and_read_of_memory(wire):
    # MEM_BST_WR 4 bytes at 0x00122480: the low byte of each word is the first pixel
    send(wire, "6000 0014", "0000 2480", "0000 0012", "0000 0002", "0000 0000", "0000 f000", "0000 00f0")
    send(wire, "6000 0015")
    send(wire, "6000 0034", "0000 0000", "0000 0000", "0000 0020", "0000 0001", "0000 0002")
    assert wire.glass[0, :5].tolist() == [BLACK, WHITE, WHITE, BLACK, WHITE]
    send(wire, "6000 0012", "0000 2480", "0000 0012", "0000 0002", "0000 0000", "6000 0013")
    assert send(wire, "1000 0000 0000 0000").endswith("f000 00f0")


def test_the_log_tells_what_was_understood(wire):
    wire.log.clear()
    send(wire, "6000 0021", "0000 0020", "0000 0000", "0000 0000", "0000 0008", "0000 0001")
    send(wire, "0000 f0f0", "0000 0f0f", "6000 0022")
    send(wire, "6000 0010", "0000 1224", "1000 0000 0000", "6000 0010", "0000 1224", "1000 0000 0000")
    summary = [(record.name, record.args, record.bytes, record.repeats) for record in wire.log]
    assert summary == [
        ("LD_IMG_AREA", (0x20, 0, 0, 8, 1), 4 + 5 * 4 + 2 * 4, 1),
        ("LD_IMG_END", (), 4, 1),
        ("REG_RD", (0x1224,), 2 * (4 + 4 + 6), 2),
    ]
    assert wire.bytes_on_wire == 12 + 4 + 5 * 4 + 2 * 4 + 4 + 2 * (4 + 4 + 6)
    times = [record.time for record in wire.log]
    assert times == sorted(times)
    assert len(set(times)) == 3
