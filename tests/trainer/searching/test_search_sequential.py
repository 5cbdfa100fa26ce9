"""The sequential engine: settled by brute force, energy that only falls, and frames of any shape."""

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
from trainer.searching.energy import cost
from trainer.searching.sequential import settle

SHAPES = [(1, 1), (1, 9), (9, 1), (2, 3), (6, 6), (5, 11)]


@pytest.mark.parametrize("kernel", [small_kernel(), TWO_EYES], ids=["small", "two-eye"])
@pytest.mark.parametrize("shape", SHAPES)
def test_no_single_move_lowers_the_energy_at_the_end(shape, kernel):
    for seed in range(400 // (shape[0] * shape[1])):
        frame, shown = random_case(shape, seed)
        assert is_settled(frame, settle(frame, shown, shown, PRICE, kernel), shown, PRICE, kernel)


def test_brute_force_finds_moves_in_a_dither_that_is_not_settled():
    """Or the test above would prove nothing."""
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


def test_the_dither_is_deterministic_and_the_arguments_stay_as_they_were():
    frame, shown = random_case((40, 50), seed=2)
    kept = frame.copy(), shown.copy()
    dithers = [settle(frame, shown, shown, PRICE, TWO_EYES) for _ in range(3)]
    assert all((dither == dithers[0]).all() for dither in dithers)
    assert dithers[0].dtype == np.uint8
    np.testing.assert_array_equal(frame, kept[0])
    np.testing.assert_array_equal(shown, kept[1])


def test_arrays_in_any_layout_are_taken():
    frame, shown = random_case((40, 50), seed=3)
    expected = settle(frame, shown, shown, PRICE, TWO_EYES)
    strided = np.asfortranarray(frame), np.repeat(shown, 2, axis=1)[:, ::2]
    np.testing.assert_array_equal(settle(*strided, strided[1], PRICE, TWO_EYES), expected)


def test_a_kernel_that_is_not_1_at_its_centre_is_refused():
    frame, shown = random_case((4, 4), seed=0)
    with pytest.raises(ValueError, match="1 at its centre"):
        settle(frame, shown, shown, PRICE, 2 * TWO_EYES)
