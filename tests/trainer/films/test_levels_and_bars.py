"""Automatic levels and bars, from samples of a film whose answer is known."""

import numpy as np
from numpy.typing import NDArray

from trainer.films.tones import automatic_levels, find_bars


def ramp(low: int, high: int) -> NDArray[np.uint8]:
    """A picture with equally many pixels of each luma from low to high."""
    return np.tile(np.arange(low, high + 1, dtype=np.uint8), (40, 1))


def test_levels_cut_the_tails() -> None:
    assert automatic_levels([ramp(20, 119)], tail=0) == (20 / 255, 119 / 255)
    assert automatic_levels([ramp(20, 119)], tail=0.1) == (30 / 255, 109 / 255)
    assert automatic_levels([ramp(20, 69), ramp(70, 119)], tail=0.1) == (30 / 255, 109 / 255)


def test_levels_ignore_bars_and_black_frames() -> None:
    barred = np.vstack([np.zeros((30, 100), np.uint8), ramp(20, 119), np.full((30, 100), 2, np.uint8)])
    black = np.ones((40, 100), np.uint8)
    assert automatic_levels([barred, black], tail=0.1) == (30 / 255, 109 / 255)


def test_levels_of_next_to_nothing() -> None:
    assert automatic_levels([np.zeros((9, 9), np.uint8)]) == (0.0, 1.0)
    assert automatic_levels([]) == (0.0, 1.0)
    assert automatic_levels([ramp(20, 30)], tail=0) == (20 / 255, 20 / 255 + 0.25)
    assert automatic_levels([ramp(250, 255)]) == (0.75, 1.0)


def test_bars() -> None:
    rng = np.random.default_rng(0)
    images = []
    for _ in range(5):
        image = rng.integers(0, 20, (90, 160), np.uint8)  # noise in the bars
        image[12:76, 7:150] = rng.integers(0, 256, (64, 143), np.uint8)
        images.append(image)
    assert find_bars(images) == (7, 12)  # the narrower side of each
    assert find_bars([images[0][12:76, 7:150]]) == (0, 0)


def test_dark_pictures_have_no_bars() -> None:
    night = np.zeros((90, 160), np.uint8)
    assert find_bars([night]) == (0, 0)
    night[40:50, 70:90] = 200  # a lamp
    assert find_bars([night]) == (0, 0)
    # A bar must be in all of the images.
    bright = np.full((90, 160), 200, np.uint8)
    barred = bright.copy()
    barred[:10] = barred[-10:] = 0
    assert find_bars([barred, barred]) == (0, 10)
    assert find_bars([barred, bright]) == (0, 0)
