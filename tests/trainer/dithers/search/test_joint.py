"""The joint search: what a move is worth, where it ends, and what it does to odd stretches."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from trainer.dithers.eye import hvs_psnr, two_eye_kernel
from trainer.dithers.glass import glass
from trainer.dithers.levels import CLEAN, Levels
from trainer.dithers.search.ditherer import FrameSearch, Search
from trainer.dithers.search.energy import REACH, TOLERANCE, reaching
from trainer.dithers.search.joint import Window
from trainer.dithers.search.sequential import convolved

KERNEL = two_eye_kernel()
PRICE = 0.2
SOOT = Levels(0.25)
LEVELS = [Levels(), Levels(0.083), Levels(0.05, 0.97), Levels(0.04, 0.98, 0.1)]


def moving(frames, shape=(70, 90), seed=1):
    """A smooth picture that moves one pixel a frame, its tones from .05 to .85."""
    rng = np.random.default_rng(seed)
    picture = cv2.GaussianBlur(rng.random(shape).astype(np.float32), (0, 0), 5)
    picture = (picture - picture.min()) / (picture.max() - picture.min())
    return [
        np.ascontiguousarray(np.roll(picture, t, 1) * np.float32(0.8) + np.float32(0.05))
        for t in range(frames)
    ]


def energy(dithers, frames, levels):
    """E by its definition."""
    taps = reaching(KERNEL)
    total = PRICE * sum(int((a != b).sum()) for a, b in pairwise(dithers))
    for seen, certain, frame in zip(glass(dithers, levels), glass(dithers, SOOT), frames, strict=True):
        error = (seen - frame).astype(np.float32)
        total += float((error * convolved(error, taps)).sum(dtype=np.float64))
        uncertain = ghosts(certain) * np.float32(levels.spread)
        total += float((uncertain * convolved(uncertain, taps)).sum(dtype=np.float64))
    return total


def ghosts(seen):
    """The dirty black pixels of a glass with the levels SOOT, as 0 and 1."""
    return (seen == np.float32(SOOT.black)).astype(np.float32)


def window_of(frames, dithers, levels, size=None):
    window = Window(frames[0].shape, size or len(frames), PRICE, KERNEL, levels)
    for frame, dither in zip(frames, dithers, strict=True):
        window.append(frame, dither)
    return window


def noisy(frames, seed=2):
    rng = np.random.default_rng(seed)
    return [(frame > rng.random(frame.shape)).astype(np.uint8) for frame in frames]


@pytest.mark.parametrize("levels", LEVELS)
def test_it_ends_where_no_toggle_and_no_swap_pays(levels):
    frames = moving(10)
    start = noisy(frames)
    window = window_of(frames, start, levels)
    window.settle(30, settled=0)
    dithers = window.take(10)
    after = energy(dithers, frames, levels)
    assert after < energy(start, frames, levels) / 5
    rng, tried = np.random.default_rng(3), 0
    while tried < 60:
        y, x, start_at = rng.integers(70), rng.integers(90), rng.integers(10)
        end_at = start_at + 1
        if rng.random() < 0.5:  # the whole run
            while start_at > 0 and dithers[start_at - 1][y, x] == dithers[start_at][y, x]:
                start_at -= 1
            while end_at < 10 and dithers[end_at][y, x] == dithers[start_at][y, x]:
                end_at += 1
        moved = [dither.copy() for dither in dithers]
        j, i = np.clip(
            [y + rng.integers(-REACH, REACH + 1), x + rng.integers(-REACH, REACH + 1)], 0, [69, 89]
        )
        swaps = all(dithers[t][j, i] != dithers[t][y, x] for t in range(start_at, end_at))
        for t in range(start_at, end_at):
            moved[t][y, x] ^= 1
            if swaps:
                moved[t][j, i] ^= 1
        assert energy(moved, frames, levels) > after - 2 * TOLERANCE
        tried += 1


@pytest.mark.parametrize("levels", LEVELS)
def test_what_it_keeps_of_the_error_is_the_error(levels):
    """c * e is brought up to date at every move, also over the border of two windows."""
    frames = moving(24)
    window = window_of(frames[:16], noisy(frames[:16]), levels)
    window.settle()
    taken = window.take(8)
    for frame, dither in zip(frames[16:], noisy(frames[16:]), strict=True):
        window.append(frame, dither)
    window.settle()
    blurred, haze = window.blurred()
    dithers = taken + window.take(16)
    seen, certain = list(glass(dithers, levels)), list(glass(dithers, SOOT))
    for number, frame in enumerate(frames[8:]):
        expected = convolved((seen[8 + number] - frame).astype(np.float32), reaching(KERNEL))
        np.testing.assert_allclose(blurred[number], expected, atol=2e-4)
        if levels.spread:
            expected = convolved(ghosts(certain[8 + number]) * np.float32(levels.spread), reaching(KERNEL))
            np.testing.assert_allclose(haze[number], expected, atol=2e-4)


def test_it_is_the_same_on_any_number_of_threads():
    frames = moving(8, (200, 150))
    start = noisy(frames)
    results = []
    for threads in (1, 2, 5):
        window = window_of(frames, start, Levels(0.083))
        window.settle(3, threads)
        results.append(window.take(8))
    for other in results[1:]:
        np.testing.assert_array_equal(other, results[0])


def glass_psnr(dithers, frames, levels):
    return [hvs_psnr(frame, seen, 6000) for frame, seen in zip(frames, glass(dithers, levels), strict=True)]


def test_a_known_ghost_is_made_up_for():
    frames, levels = moving(20), Levels(0.083)
    blind = glass_psnr(list(Search(levels=Levels())(frames)), frames, levels)
    known = glass_psnr(list(Search(levels=levels)(frames)), frames, levels)
    assert np.mean(known) > np.mean(blind) + 4
    assert min(known) > min(blind) + 6


def test_an_uncertain_ghost_is_reckoned_with():
    """The expected energy is lower, and it is the mean over ghosts as far off as they may be."""
    frames, uncertain = moving(20), Levels(0.1, spread=0.1)
    blind, aware = (list(Search(levels=levels)(frames)) for levels in (Levels(0.1), uncertain))
    assert energy(aware, frames, uncertain) < 0.9 * energy(blind, frames, uncertain)
    ends = energy(aware, frames, Levels(0.0)), energy(aware, frames, Levels(0.2))
    assert np.mean(ends) == pytest.approx(energy(aware, frames, uncertain), rel=1e-4)


def test_without_ghosts_it_is_better_than_frame_by_frame():
    frames = moving(24)
    alone, joint = (list(ditherer(frames)) for ditherer in (FrameSearch(0.5), Search(0.5)))
    assert energy(joint, frames, Levels()) < energy(alone, frames, Levels())


def test_a_stretch_longer_than_a_window_is_as_good():
    frames, levels = moving(40), Levels(0.083)
    whole, in_parts = (list(Search(levels=levels, window=window, overlap=8)(frames)) for window in (40, 16))
    assert len(in_parts) == 40
    assert energy(in_parts, frames, levels) < 1.03 * energy(whole, frames, levels)


@pytest.mark.parametrize("count", [1, 2, 23, 24, 25, 32, 33])
def test_every_frame_gets_its_dither_in_order(count):
    frames = [np.full((40, 40), 0.02 + 0.96 * (t % 7) / 6, np.float32) for t in range(count)]
    dithers = list(Search(levels=Levels(0.03))(frames))
    assert len(dithers) == count
    for frame, dither in zip(frames, dithers, strict=True):
        assert dither.dtype == np.uint8
        assert abs(dither.mean() - frame[0, 0]) < 0.1


@pytest.mark.parametrize("colour", [0, 1])
def test_one_colour_stays_one_colour(colour):
    frames = [np.full((50, 60), colour, np.float32)] * 30
    assert all((dither == colour).all() for dither in Search(levels=Levels(0.083))(frames))


def test_a_black_frame_between_white_ones_is_black():
    white, black = np.ones((50, 60), np.float32), np.zeros((50, 60), np.float32)
    dithers = list(Search()([white, white, black, white, white]))
    assert [int(dither.mean() + 0.5) for dither in dithers] == [1, 1, 0, 1, 1]


def test_noise_is_dithered():
    rng = np.random.default_rng(5)
    frames = [rng.random((40, 60)).astype(np.float32) for _ in range(12)]
    dithers = list(Search(levels=Levels(0.083))(frames))
    assert all(0.4 < dither.mean() < 0.6 for dither in dithers)


@pytest.mark.parametrize("frames", [0, 65])
def test_a_window_that_a_time_line_cannot_hold_is_refused(frames):
    with pytest.raises(ValueError, match="a window holds 1 to 64 frames"):
        Window((40, 40), frames, PRICE, KERNEL, CLEAN)
