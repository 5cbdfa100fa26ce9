"""Packing: by hand for the layout, by property for every size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from driver.errors import DitherError
from driver.it8951.formats import pack_1bpp, pack_4bpp, pack_linear, swap_bytes
from driver.it8951.panel import turned_rows


def dithers(group: int) -> st.SearchStrategy[np.ndarray]:
    """Dithers of any height and of a width that is a multiple of `group`."""
    shapes = st.tuples(st.integers(1, 9), st.integers(1, 12).map(lambda n: n * group))
    return shapes.flatmap(lambda shape: hnp.arrays(np.uint8, shape, elements=st.integers(0, 1)))


def unpack_1bpp(packed: np.ndarray) -> np.ndarray:
    """The inverse of pack_1bpp: uint8[H, bytes] -> uint8[H, 8 * bytes]."""
    return np.unpackbits(swap_bytes(packed), axis=1, bitorder="little")


def unpack_4bpp(packed: np.ndarray) -> np.ndarray:
    """The inverse of pack_4bpp for black and white: uint8[H, bytes] -> uint8[H, 2 * bytes]."""
    return np.stack([packed >> 7, packed >> 3 & 1], axis=2).reshape(len(packed), -1)


def row(*white: int, width: int) -> np.ndarray:
    """One black row with white pixels at the columns given."""
    dither = np.zeros((1, width), np.uint8)
    dither[0, list(white)] = 1
    return dither


@pytest.mark.parametrize(
    ("white", "wire"),
    [
        ((), "0000 0000"),
        ((0,), "0001 0000"),  # leftmost pixel: lowest bit of the left byte, which is the word's low byte
        ((7,), "0080 0000"),
        ((8,), "0100 0000"),
        ((15,), "8000 0000"),
        ((16,), "0000 0001"),
        ((31,), "0000 8000"),
        ((0, 1, 9), "0203 0000"),
    ],
)
def test_1bpp_layout(white: tuple[int, ...], wire: str) -> None:
    assert pack_1bpp(row(*white, width=32)).tobytes() == bytes.fromhex(wire)


@pytest.mark.parametrize(
    ("white", "wire"),
    [((), "0000 0000"), ((0,), "f000 0000"), ((1,), "0f00 0000"), ((3,), "000f 0000"), ((4, 7), "0000 f00f")],
)
def test_4bpp_layout(white: tuple[int, ...], wire: str) -> None:
    assert pack_4bpp(row(*white, width=8)).tobytes() == bytes.fromhex(wire)


def test_4bpp_of_a_width_that_is_no_multiple_of_8() -> None:
    assert pack_4bpp(row(0, 11, width=12)).tobytes() == bytes.fromhex("f000 0000 000f")


@given(dithers(16))
def test_1bpp_comes_back(dither: np.ndarray) -> None:
    packed = pack_1bpp(dither)
    assert packed.shape == (dither.shape[0], dither.shape[1] // 8)
    np.testing.assert_array_equal(unpack_1bpp(packed), dither)


@given(dithers(4))
def test_4bpp_comes_back(dither: np.ndarray) -> None:
    packed = pack_4bpp(dither)
    assert packed.shape == (dither.shape[0], dither.shape[1] // 2)
    np.testing.assert_array_equal(unpack_4bpp(packed), dither)


@given(dithers(16))
def test_packing_takes_views(dither: np.ndarray) -> None:
    """A mirrored or rotated dither is a view with negative strides."""
    np.testing.assert_array_equal(unpack_1bpp(pack_1bpp(dither[::-1, ::-1])), dither[::-1, ::-1])
    np.testing.assert_array_equal(unpack_4bpp(pack_4bpp(dither[:, ::-1])), dither[:, ::-1])


@pytest.mark.parametrize(("pack", "width"), [(pack_1bpp, 24), (pack_4bpp, 6)])
def test_half_words_are_refused(pack: object, width: int) -> None:
    with pytest.raises(DitherError, match=f"{width} columns"):
        pack(np.zeros((2, width), np.uint8))


@given(dithers(4), st.integers(0, 2))
def test_linear_rows_lie_one_pitch_apart(dither: np.ndarray, spare: int) -> None:
    height, width = dither.shape
    pitch = (-(-width // 32) + spare) * 4
    memory = swap_bytes(pack_linear(dither, pitch, width)).reshape(-1)
    rows = memory[: height * pitch].reshape(height, pitch)
    np.testing.assert_array_equal(np.unpackbits(rows, axis=1, bitorder="little")[:, :width], dither)
    assert memory.size % width == 0
    assert not memory[height * pitch :].any()


@given(st.integers(1, 50), st.data())
def test_turned_rows_hold_the_turned_picture(height: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, height))
    stop = data.draw(st.integers(start, height))
    lines = np.arange(height)
    turned = turned_rows(slice(start, stop), height)
    np.testing.assert_array_equal(lines[::-1][turned], lines[start:stop][::-1])
