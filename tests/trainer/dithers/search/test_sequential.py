"""The sequential engine: settled by brute force, energy that only falls, frames of any shape, convolution and
drift.
"""

from itertools import product

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer.search_cases import (
    PRICE,
    TWO_EYES,
    best_gain,
    is_settled,
    moving_scene,
    random_case,
    small_kernel,
)
from trainer import cores
from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.search import sequential
from trainer.dithers.search.energy import REACH, TOLERANCE, cost, reaching
from trainer.dithers.search.sequential import CELL, convolved, drift_table, margin, settle

SHAPES = [(1, 1), (1, 9), (9, 1), (2, 3), (6, 6), (5, 11)]


@pytest.mark.parametrize("kernel", [small_kernel(), TWO_EYES], ids=["small", "two-eye"])
@pytest.mark.parametrize("shape", SHAPES)
def test_no_single_move_lowers_the_energy_at_the_end(shape, kernel):
    for seed in range(400 // (shape[0] * shape[1])):
        frame, shown = random_case(shape, seed)
        assert is_settled(frame, settle(frame, shown, shown, PRICE, kernel), shown, PRICE, kernel)


def test_brute_force_finds_moves_in_a_dither_that_is_not_settled():
    """Otherwise the test above would prove nothing."""
    frame, shown = random_case((6, 6), seed=4)
    assert best_gain(frame, shown, shown, PRICE, TWO_EYES) > 0.1


@settings(deadline=None, derandomize=True, max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), price=st.floats(0, 1), passes=st.integers(1, 4))
def test_a_dither_is_settled_or_a_pass_more_lowers_its_energy(seed, price, passes):
    frame, shown = random_case((6, 7), seed)
    kernel = small_kernel()
    before, after = (settle(frame, shown, shown, price, kernel, passes=n) for n in (passes, passes + 1))
    fall = cost(frame, before, shown, price, kernel) - cost(frame, after, shown, price, kernel)
    if (before == after).all():
        assert is_settled(frame, before, shown, price, kernel)
    else:
        assert fall > 0


def test_a_move_far_from_where_it_became_worth_making_is_not_missed():
    """Blocks are skipped while nothing changes near them; a frame of several blocks must still settle."""
    frame = moving_scene(1, (40, 70))[0]
    shown = random_case(frame.shape, seed=1)[1]
    dither = settle(frame, shown, shown, PRICE, TWO_EYES)
    np.testing.assert_array_equal(settle(frame, dither, shown, PRICE, TWO_EYES), dither)


def in_full(frame, start, previous, price, kernel, passes):
    """As `settle`, but it looks at every pixel of every block in every pass."""
    taps, one, two = kernel.astype(np.float32), np.float32(1), np.float32(2)
    size, (height, width) = taps.shape[0], start.shape
    radius = size // 2
    near = slice(radius - REACH, radius + REACH + 1)
    signs = np.pad(1 - two * start.astype(np.float32), REACH)
    fees = np.pad(np.float32(price) * (two * previous.astype(np.float32) - 1), REACH)
    blurred = np.pad(convolved(start - frame, taps), radius)
    promising = np.where(np.eye(size)[radius][:, None] * np.eye(size)[radius], 0, taps).max() - one
    stripes = sequential._stripes(-(-height // 32), radius)
    for _ in range(passes):
        for first, end in [*stripes[::2], *stripes[1::2]]:
            for row, column in product(range(first, end), range(-(-width // 32))):
                rows = range(32 * row, min(height, 32 * row + 32))
                for y, x in product(rows, range(32 * column, min(width, 32 * column + 32))):
                    here = slice(y, y + 2 * REACH + 1), slice(x, x + 2 * REACH + 1)
                    error = blurred[radius - REACH :, radius - REACH :][here]
                    slopes = signs[here] * (two * error - fees[here])
                    u = slopes[REACH, REACH]
                    others = signs[here] * signs[y + REACH, x + REACH] < 0
                    swaps = np.where(others, two - two * taps[near, near] + u + slopes, np.inf)
                    if u >= promising or min(swaps.min(), one + u) >= -TOLERANCE:
                        continue
                    j, i = np.unravel_index(swaps.argmin(), swaps.shape)
                    moved = [(y, x), (y + j - REACH, x + i - REACH)]
                    for a, b in moved if swaps.min() < one + u else moved[:1]:
                        blurred[a : a + size, b : b + size] += signs[a + REACH, b + REACH] * taps
                        signs[a + REACH, b + REACH] *= -1
    return (signs[REACH:-REACH, REACH:-REACH] < 0).astype(np.uint8)


@pytest.mark.parametrize("kernel", [small_kernel(), TWO_EYES], ids=["small", "two-eye"])
@pytest.mark.parametrize("seed", range(3))
def test_skipping_makes_no_difference(kernel, seed):
    frame = moving_scene(3, (70, 40))[2]
    rng = np.random.default_rng(seed)
    start, shown = ((rng.random(frame.shape) < frame).astype(np.uint8) for _ in range(2))
    for passes in (1, 40):
        expected = in_full(frame, start, shown, 0.05, kernel, passes)
        np.testing.assert_array_equal(settle(frame, start, shown, 0.05, kernel, passes), expected)


def test_the_dither_is_deterministic_and_the_arguments_stay_as_they_were():
    frame, shown = random_case((40, 50), seed=2)
    kept = frame.copy(), shown.copy()
    dithers = [settle(frame, shown, shown, PRICE, TWO_EYES) for _ in range(3)]
    assert all((dither == dithers[0]).all() for dither in dithers)
    assert dithers[0].dtype == np.uint8
    np.testing.assert_array_equal(frame, kept[0])
    np.testing.assert_array_equal(shown, kept[1])


def test_it_is_the_same_on_any_number_of_cores():
    """Stripes that are visited at the same time add to the drift of the rows between them."""
    frame = np.tile(moving_scene(1, (70, 60))[0], (10, 1))
    _, shown = random_case(frame.shape, seed=6)
    expected = settle(frame, shown, shown, PRICE, TWO_EYES, threads=1)
    for threads in (2, 5, 8) * 3:
        np.testing.assert_array_equal(settle(frame, shown, shown, PRICE, TWO_EYES, threads=threads), expected)


def test_arrays_in_any_layout_are_taken():
    frame, shown = random_case((40, 50), seed=3)
    expected = settle(frame, shown, shown, PRICE, TWO_EYES)
    strided = np.asfortranarray(frame), np.repeat(shown, 2, axis=1)[:, ::2]
    np.testing.assert_array_equal(settle(*strided, strided[1], PRICE, TWO_EYES), expected)


def test_a_kernel_that_is_not_1_at_its_centre_is_refused():
    frame, shown = random_case((4, 4), seed=0)
    with pytest.raises(ValueError, match="1 at its centre"):
        settle(frame, shown, shown, PRICE, 2 * TWO_EYES)


CONVOLVED_SHAPES = [(1, 1), (1, 40), (40, 1), (5, 7), (31, 64), (61, 30), (100, 33)]


@pytest.mark.parametrize("shape", CONVOLVED_SHAPES)
def test_convolved_is_the_convolution_with_a_plane_that_is_0_outside(shape):
    plane = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    kernel = two_eye_kernel().astype(np.float32)
    expected = cv2.filter2D(plane.astype(np.float64), -1, kernel, borderType=cv2.BORDER_CONSTANT)
    result = convolved(plane, kernel)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=5e-5)


def test_the_convolution_is_the_same_on_any_number_of_cores(monkeypatch):
    plane = np.random.default_rng(2).normal(size=(515, 521)).astype(np.float32)
    kernel = two_eye_kernel().astype(np.float32)
    results = []
    for number in (1, 2, 3, 8):
        monkeypatch.setattr(cores, "usable", lambda number=number: number)
        results.append(convolved(plane, kernel))
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


def test_kernels_of_one_size_are_told_apart():
    plane = np.zeros((9, 9), np.float32)
    plane[4, 4] = 1
    one, two = (np.diag([a, 1, a]).astype(np.float32) for a in (0.25, 0.5))
    for kernel in (one, two, one):
        np.testing.assert_allclose(convolved(plane, kernel)[3:6, 3:6], kernel, atol=1e-6)


@pytest.mark.parametrize("kernel", [small_kernel(), small_kernel(3), TWO_EYES])
def test_the_drift_is_the_most_that_a_swap_in_the_cell_can_change(kernel):
    taps = reaching(kernel)
    radius = taps.shape[0] // 2
    around = margin(radius)
    table, rng = drift_table(taps.tobytes(), radius), np.random.default_rng(0)
    assert table.shape == (CELL, CELL, 2 * around + 1, 2 * around + 1)
    side = (2 * around + 3) * CELL
    for y, x in rng.integers(0, CELL, (12, 2)):
        flipped = np.zeros((side, side))
        top, left = (place + (around + 1) * CELL - radius for place in (y, x))
        flipped[top : top + taps.shape[0], left : left + taps.shape[0]] = taps
        change = np.zeros_like(flipped)
        for j in range(-REACH, REACH + 1):
            for i in range(-REACH, REACH + 1):
                change = np.maximum(change, 2 * abs(flipped - np.roll(flipped, (j, i), (0, 1))))
        cells = change.reshape(2 * around + 3, CELL, -1, CELL).max((1, 3))
        np.testing.assert_allclose(table[y, x], cells[1:-1, 1:-1], rtol=1e-5)
        assert (table[y, x] >= cells[1:-1, 1:-1]).all()
        cells[1:-1, 1:-1] = 0
        assert not cells.any()
