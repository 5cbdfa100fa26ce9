"""Cuts: other pictures are cuts; pans, fades, flicker and grain are not."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from trainer.films.cuts import cuts_by_z_score, difference, is_cut


def scene(seed: int, bars: int = 0) -> NDArray[np.uint8]:
    """A picture, uint8[360, 900], of smooth shapes of many sizes, with `bars` black rows above and below."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.normal(size=(h, 5 * h // 2)), (900, 360), interpolation=cv2.INTER_CUBIC)
        * 2
        / np.sqrt(h)
        for h in (3, 7, 20, 60)
    ]
    picture = np.clip(110 + 60 * sum(layers), 0, 255).astype(np.uint8)
    if bars:
        picture[:bars] = picture[-bars:] = 4
    return picture


@pytest.mark.parametrize("bars", [0, 60])
@pytest.mark.parametrize("seed", range(8))
def test_another_scene_is_a_cut(seed: int, bars: int) -> None:
    before, after = scene(seed, bars)[:, :640], scene(seed + 100, bars)[:, :640]
    assert is_cut(before, after)
    assert is_cut(after, before)


@pytest.mark.parametrize("seed", range(8))
def test_pan_fade_grain_and_stillness_are_none(seed: int) -> None:
    picture = scene(seed)
    shown = picture[:, :640]
    assert difference(shown, shown) < 1
    assert not is_cut(shown, picture[:, 16:656])  # a pan of 16 pixels
    assert not is_cut(shown, (shown * 0.8).astype(np.uint8))  # a step of a fade out
    grain = np.random.default_rng(seed).normal(0, 12, shown.shape)
    assert not is_cut(shown, np.clip(shown + grain, 0, 255).astype(np.uint8))


def test_to_black_and_back_is_a_cut_each_but_dark_to_dark_is_none() -> None:
    picture, black = scene(1)[:, :640], np.zeros((360, 640), np.uint8)
    assert is_cut(picture, black)
    assert is_cut(black, picture)
    assert difference(black, black) == 0.0
    assert difference(black, black + 10) == 0.0


def test_a_few_letters_are_no_cut() -> None:
    black = np.zeros((360, 640), np.uint8)
    title = black.copy()
    title[175:185, 250:390:4] = 220
    title[175:185, 251:390:4] = 220
    assert not is_cut(black, title)
    assert not is_cut(title, black)


def test_z_score_finds_spikes_and_misses_pans() -> None:
    rng = np.random.default_rng(0)
    differences = 2 + 0.1 * rng.normal(size=200)
    differences[[60, 120]] = 40
    assert np.flatnonzero(cuts_by_z_score(differences, 24, 6)).tolist() == [60, 120]
    differences[150:180] = 40 + rng.normal(size=30)  # a pan: only its first frame stands out
    assert np.flatnonzero(cuts_by_z_score(differences, 24, 6)).tolist() == [60, 120, 150]


def test_z_score_by_hand() -> None:
    # Window 1, 3: mean 2, deviation 1. At z = 2 the bound is 4, and only what is above it counts.
    assert cuts_by_z_score(np.array([1.0, 3.0, 4.0]), 2, 2).tolist() == [False, False, False]
    assert cuts_by_z_score(np.array([1.0, 3.0, 4.1]), 2, 2).tolist() == [False, False, True]
    assert cuts_by_z_score(np.array([9.0, 1.0]), 2, 2).tolist() == [False, False]
    assert cuts_by_z_score(np.array([]), 2, 2).tolist() == []
