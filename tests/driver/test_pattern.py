"""The test picture: every part is where it is said to be, at every size."""

from itertools import pairwise

import numpy as np
import pytest

from driver.pattern import band, picture

SIZES = [(1448, 1072), (800, 600), (1872, 1404)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_is_a_dither_with_a_line_around(width: int, height: int) -> None:
    dither = picture(width, height)
    assert dither.shape == (height, width)
    assert dither.dtype == np.uint8
    assert set(np.unique(dither)) == {0, 1}
    for edge in (dither[0], dither[-1], dither[:, 0], dither[:, -1]):
        assert not edge.any()
    for inside in (dither[1, 1:-1], dither[-2, 1:-1]):
        assert inside.all()


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_shows_a_turn_and_a_mirror(width: int, height: int) -> None:
    """The words are in the corner that they name, and in no other."""
    corners = [turn[: height // 20, : width // 4] for turn in turns(picture(width, height)[1:-1, 1:-1])]
    ink = [int((corner == 0).sum()) for corner in corners]
    assert ink[0] > 100
    assert all(count == 0 for count in ink[1:])


def turns(dither: np.ndarray) -> list[np.ndarray]:
    return [dither, dither[:, ::-1], dither[::-1], dither[::-1, ::-1]]


def test_checkerboards_of_five_sizes_and_a_grey_ramp() -> None:
    dither = picture(1448, 1072)
    row = dither[700, 72:1375]
    for part, size in enumerate((1, 2, 4, 8, 16)):
        middle = row[part * 1303 // 5 + 40 : part * 1303 // 5 + 200].astype(int)
        steps = np.flatnonzero(np.diff(middle))
        assert set(np.diff(steps)) == {size}
    ramp = dither[872:1004, 72:1375].mean(axis=0)
    blocks = [float(ramp[i * 1303 // 17 + 8 : (i + 1) * 1303 // 17 - 8].mean()) for i in range(17)]
    assert blocks[0] == 0.0
    assert blocks[-1] == 1.0
    assert all(0.03 < after - before < 0.1 for before, after in pairwise(blocks))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_band_is_half_of_the_checkerboards(width: int, height: int) -> None:
    rows = band(height)
    checks = picture(width, height)[height * 5 // 8 : height * 6 // 8, width // 2]
    assert 0 < checks.mean() < 1
    assert rows.start == height * 5 // 8
    assert rows.stop == pytest.approx(height * 11 / 16, abs=1)
