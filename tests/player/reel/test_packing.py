"""Dithers as bits and payloads."""

import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from player.reel import packing


def test_the_leftmost_pixel_is_the_highest_bit_and_rows_start_on_a_byte():
    dither = np.array([[1, 0, 0, 0, 0, 0, 0, 0, 1, 1], [0, 1, 1, 1, 1, 1, 1, 1, 0, 1]], np.uint8)
    assert packing.pack(dither).tobytes() == bytes([0b10000000, 0b11000000, 0b01111111, 0b01000000])
    assert packing.packed_shape(10, 2) == (2, 2)


@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_what_is_packed_and_deflated_comes_back(width, height, seed):
    dither = np.random.default_rng(seed).integers(0, 2, (height, width), dtype=np.uint8)
    packed = packing.pack(dither)
    assert packing.ones(packed) == dither.sum()
    for payload in (packing.deflate(packed), packing.deflate_picture(packed)):
        back = packing.inflate(payload, packing.packed_shape(width, height))
        assert (packing.unpack(back, width) == dither).all()


@pytest.mark.parametrize("dither", [np.full((2, 2), 255, np.uint8), np.ones((2, 2)), np.ones(4, np.uint8)])
def test_what_is_no_dither_is_refused(dither):
    with pytest.raises(ValueError, match="dither"):
        packing.pack(dither)


def test_a_repeated_picture_takes_the_payload_that_sees_the_repetition():
    tile = np.random.default_rng(3).integers(0, 256, (1, 8), dtype=np.uint8)
    packed = np.tile(tile, (64, 16))
    assert len(packing.deflate_picture(packed)) < len(packing.deflate(packed)) / 4


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"no zlib",
        zlib.compress(bytes(9)),
        zlib.compress(bytes(11)),
        zlib.compress(bytes(10)) + b"more",
        zlib.compress(bytes(10))[:-1],
        zlib.compress(bytes(10**8)),
    ],
    ids=["empty", "garbage", "short", "long", "trailing", "cut", "bomb"],
)
def test_a_payload_that_is_not_exactly_one_picture_is_refused(payload):
    with pytest.raises(ValueError, match="payload"):
        packing.inflate(payload, (5, 2))


def test_a_bomb_costs_no_more_than_a_picture():
    bomb = zlib.compress(bytes(10**8))
    tracemalloc.start()
    with pytest.raises(ValueError, match="payload"):
        packing.inflate(bomb, (5, 2))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10**6
