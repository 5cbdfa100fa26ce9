"""Loads of every format, endianness and rotation against pictures made with plain Python loops."""

import time

import numpy as np
import pytest
from wire_words import command, data, load_grey, register, show, small, wait_idle

from driver.simulator.glass import CLEAN, MIDDLE, WHITE
from driver.simulator.it8951 import SimulatedWire

BITS = {0: 2, 1: 3, 2: 4, 3: 8}
PER_WORD = {0: 8, 1: 4, 2: 4, 3: 2}


def packed(values, x, pixel_format, big_endian):
    """Rows of values as 16-bit words on the wire, each row from the word that holds column x on."""
    per_word = PER_WORD[pixel_format]
    cell = 16 // per_word
    stream = b""
    for row in values.tolist():
        padded = [0] * (x % per_word) + row
        padded += [0] * (-len(padded) % per_word)
        for start in range(0, len(padded), per_word):
            word = 0
            for position, value in enumerate(padded[start : start + per_word]):
                place = per_word - 1 - position if big_endian else position
                word |= value << (cell - BITS[pixel_format]) << cell * place
            stream += word.to_bytes(2, "big")
    return stream


def placed(picture, values, x, y, rotate):
    """Set values into picture (in place), pixel by pixel, as the host sees them under a rotation."""
    height, width = picture.shape
    for row, line in enumerate(values.tolist()):
        for column, value in enumerate(line):
            u, v = x + column, y + row
            target = [
                (v, u),
                (height - 1 - u, v),
                (height - 1 - v, width - 1 - u),
                (u, width - 1 - v),
            ][rotate]
            picture[target] = value


@pytest.mark.parametrize("rotate", range(4))
@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("pixel_format", range(4))
def test_areas(pixel_format, big_endian, rotate):
    rng = np.random.default_rng(pixel_format * 8 + big_endian * 4 + rotate)
    wire = small(24, 16)
    shown = np.full((16, 24), 15)
    user_width, user_height = (16, 24) if rotate % 2 else (24, 16)
    for _ in range(6):
        x, y = int(rng.integers(user_width)), int(rng.integers(user_height))
        width = int(rng.integers(1, user_width - x + 1))
        height = int(rng.integers(1, user_height - y + 1))
        values = rng.integers(0, 1 << BITS[pixel_format], (height, width))
        kind = big_endian << 8 | pixel_format << 4 | rotate
        command(wire, 0x21, kind, x, y, width, height)
        data(wire, packed(values, x, pixel_format, big_endian))
        command(wire, 0x22)
        placed(shown, values << 8 - BITS[pixel_format] >> 4, x, y, rotate)
    command(wire, 0x34, 0, 0, 24, 16, 2)
    np.testing.assert_array_equal(wire.glass, CLEAN[shown])
    assert not wire.tolerated


@pytest.mark.parametrize("rotate", range(4))
def test_whole_frames_turned(rotate):
    values = np.random.default_rng(rotate).integers(0, 16, (12, 8) if rotate % 2 else (8, 12))
    wire = small(12, 8)
    command(wire, 0x20, 0x0120 | rotate)
    data(wire, packed(values, 0, 2, True))
    command(wire, 0x22)
    command(wire, 0x34, 0, 0, 12, 8, 2)
    shown = np.zeros((8, 12), int)
    placed(shown, values, 0, 0, rotate)
    np.testing.assert_array_equal(wire.glass, CLEAN[shown])


def test_data_cut_anywhere():
    """Windows of 2, 4, 6 ... bytes, and by hand with a cut in the middle of a word."""
    levels = np.random.default_rng(1).integers(0, 16, (4, 32))
    stream = packed(levels, 0, 2, False)
    for by_hand in (False, True):
        wire = small()
        command(wire, 0x21, 0x0020, 0, 0, 32, 4)
        start, size = 0, 1 if by_hand else 2
        if by_hand:
            wire.select()
            wire.transfer(b"\x00")
            wire.transfer(b"\x00")
        while start < len(stream):
            piece = stream[start : start + size]
            if by_hand:
                assert wire.transfer(piece) == bytes(len(piece))
            else:
                data(wire, piece)
            start += size
            size += 2
        wire.deselect()
        command(wire, 0x22)
        command(wire, 0x34, 0, 0, 32, 4, 2)
        np.testing.assert_array_equal(wire.glass, CLEAN[levels])


def bitmap(wire, dither, x=0, y=0, mode=2, big_endian=False):
    """Load and display an area of one bit per pixel; x and width multiples of 32."""
    height, width = dither.shape
    command(wire, 0x21, big_endian << 8 | 3 << 4, x // 8, y, width // 8, height)
    octets = np.packbits(dither, axis=1, bitorder="little").reshape(-1, 2)
    data(wire, (octets if big_endian else octets[:, ::-1]).tobytes())
    command(wire, 0x22)
    command(wire, 0x11, 0x113A, register(wire, 0x113A) | 4)
    command(wire, 0x11, 0x1250, 0x00F0)
    command(wire, 0x34, x, y, width, height, mode)
    wait_idle(wire)
    command(wire, 0x11, 0x113A, register(wire, 0x113A) & ~4)


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize(
    ("x", "y", "width", "height"), [(0, 0, 96, 20), (0, 7, 96, 5), (32, 3, 32, 9), (64, 0, 32, 20)]
)
def test_bitmap_areas(x, y, width, height, big_endian):
    dither = np.random.default_rng(x + y).integers(0, 2, (height, width), dtype=np.uint8)
    wire = small(104, 20)
    bitmap(wire, dither, x, y, big_endian=big_endian)
    expected = np.full((20, 104), True)
    expected[y : y + height, x : x + width] = dither
    np.testing.assert_array_equal(wire.glass >= MIDDLE, expected)


def test_a_bitmap_reaches_no_further_than_its_width():
    """1440 of 1448 columns: the last eight stay as they are."""
    wire = SimulatedWire()
    command(wire, 0x11, 4, 1)
    bitmap(wire, np.zeros((1072, 1440), np.uint8))
    assert (wire.glass[:, :1440] < MIDDLE).all()
    assert (wire.glass[:, 1440:] == WHITE).all()


def test_all_columns_with_a_pitch_of_184_bytes():
    dither = np.random.default_rng(5).integers(0, 2, (1072, 1448), dtype=np.uint8)
    padded = np.zeros((1072, 1472), np.uint8)
    padded[:, :1448] = dither
    wire = SimulatedWire()
    command(wire, 0x11, 4, 1)
    command(wire, 0x11, 0x124C, 184 // 4)
    command(wire, 0x11, 0x113A, 6)
    command(wire, 0x21, 3 << 4, 0, 0, 184, 1072)
    octets = np.packbits(padded, axis=1, bitorder="little").reshape(-1, 2)[:, ::-1].tobytes()
    for start in range(0, len(octets), 4094):
        data(wire, octets[start : start + 4094])
    command(wire, 0x22)
    command(wire, 0x11, 0x1250, 0x00F0)
    command(wire, 0x34, 0, 0, 1448, 1072, 2)
    np.testing.assert_array_equal(wire.glass >= MIDDLE, dither == 1)
    assert not wire.tolerated


def test_one_memory_read_in_two_ways():
    """A grey picture read as a bitmap looks wrong, but for what was loaded again as a bitmap."""
    levels = np.random.default_rng(2).integers(0, 16, (8, 64))
    wire = small(64, 8)
    load_grey(wire, levels)
    dither = np.random.default_rng(3).integers(0, 2, (4, 64), dtype=np.uint8)
    bitmap(wire, dither, y=2)
    np.testing.assert_array_equal(wire.glass[2:6] >= MIDDLE, dither == 1)
    command(wire, 0x11, 0x113A, 4)
    command(wire, 0x34, 0, 0, 64, 8, 2)
    cells = (levels[0, :8] << 4).astype(np.uint8)
    np.testing.assert_array_equal(wire.glass[0] >= MIDDLE, np.unpackbits(cells, bitorder="little") == 1)


def test_memory_at_power_up():
    white, noisy = small(), small(noise=True)
    for wire in (white, noisy):
        command(wire, 0x34, 0, 0, 32, 4, 2)
    assert (white.glass == WHITE).all()
    assert len(np.unique(noisy.glass)) > 8


def test_memory_survives_sleep_but_no_reset():
    levels = np.zeros((4, 32), int)
    wire = small()
    load_grey(wire, levels)
    command(wire, 0x03)
    command(wire, 0x01)
    command(wire, 0x02)
    command(wire, 0x01)
    command(wire, 0x34, 0, 0, 32, 4, 2)
    np.testing.assert_array_equal(wire.glass, CLEAN[levels])
    wire.reset()
    while not wire.ready():
        pass
    np.testing.assert_array_equal(wire.glass, CLEAN[levels])
    command(wire, 0x34, 0, 0, 32, 4, 2)
    assert (wire.glass == WHITE).all()


def test_a_full_frame_of_4_bits_in_chunks_is_quick():
    """Demos play whole reels on the simulator; a loop over words would take most of a second here."""
    wire = SimulatedWire()
    command(wire, 0x11, 4, 1)
    levels = np.random.default_rng(4).integers(0, 16, (1072, 1448), dtype=np.uint8)
    stream = (levels[:, 0::2] << 4 | levels[:, 1::2]).tobytes()
    windows = [b"\x00\x00" + stream[start : start + 4094] for start in range(0, len(stream), 4094)]
    start = time.perf_counter()
    command(wire, 0x21, 0x0120, 0, 0, 1448, 1072)
    for window in windows:
        wire.exchange(window)
    command(wire, 0x22)
    command(wire, 0x34, 0, 0, 1448, 1072, 2)
    assert time.perf_counter() - start < 0.25
    np.testing.assert_array_equal(wire.glass, CLEAN[levels])


def test_a_panel_that_does_not_fit():
    for width, height in ((0, 10), (10, 0), (3000, 3000)):
        with pytest.raises(ValueError, match="does not fit"):
            SimulatedWire(width, height)
    with pytest.raises(ValueError, match="16 ASCII"):
        SimulatedWire(32, 4, "M841_TFAB512_AND_MORE")


def test_show_replaces_an_area_only():
    wire = small(32, 8)
    show(wire, np.zeros((8, 32), int), 2)
    show(wire, np.full((2, 8), 15), 2, x=8, y=4)
    expected = np.zeros((8, 32), int)
    expected[4:6, 8:16] = 15
    np.testing.assert_array_equal(wire.glass, CLEAN[expected])
