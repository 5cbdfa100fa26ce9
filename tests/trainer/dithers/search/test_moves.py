"""Moves of the search: which pixels they take, how they add up, and which of them go together."""

import jax.numpy as jnp
import numpy as np
import pytest

from tests.trainer.search_cases import TWO_EYES
from trainer.dithers.search.moves import (
    NOTHING,
    OFFSETS,
    SWAP,
    TOGGLE,
    drop_conflicts,
    gather_sum,
    offset_of,
    scatter_sum,
    self_cost,
    self_cost_table,
    uses,
)

SHAPE = (9, 11)


def pixels_of(move, y, x):
    if move[y, x] == NOTHING:
        return []
    if move[y, x] == TOGGLE:
        return [(y, x)]
    down, right = OFFSETS[move[y, x] - SWAP]
    return [(y, x), (y + down, x + right)]


@pytest.fixture(scope="module")
def moves():
    """A plane of moves of every kind, about half of the pixels without; none leaves the frame."""
    rng = np.random.default_rng(2)
    move = np.zeros(SHAPE, np.int8)
    for y, x in np.ndindex(SHAPE):
        code = rng.choice([NOTHING, NOTHING, NOTHING, TOGGLE, *range(SWAP, SWAP + len(OFFSETS))])
        move[y, x] = code
        if any(not (0 <= i < SHAPE[0] and 0 <= j < SHAPE[1]) for i, j in pixels_of(move, y, x)):
            move[y, x] = NOTHING
    return move


def test_every_pair_of_pixels_in_reach_is_one_move():
    around = {(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)} - {(0, 0)}
    assert {*OFFSETS, *((-dy, -dx) for dy, dx in OFFSETS)} == around
    assert len(OFFSETS) == len(around) / 2


def test_own_costs_are_those_of_a_change_made_alone(moves):
    taps = np.float32(TWO_EYES)
    own, centre = self_cost_table(taps), taps.shape[0] // 2
    assert own[NOTHING] == 0
    assert own[TOGGLE] == 1
    for code, (dy, dx) in enumerate(OFFSETS, SWAP):
        assert own[code] == pytest.approx(2 - 2 * taps[centre + dy, centre + dx])
    np.testing.assert_array_equal(self_cost(jnp.asarray(moves), own), own[moves])


def test_the_way_of_a_move_leads_to_its_second_pixel():
    codes = np.arange(TOGGLE, SWAP + len(OFFSETS), dtype=np.int8)
    down, right = offset_of(jnp.asarray(codes))
    assert list(zip(down.tolist(), right.tolist(), strict=True)) == [(0, 0), *OFFSETS]


def test_planes_are_gathered_over_a_moves_pixels_and_spread_to_them(moves):
    plane = np.random.default_rng(3).normal(size=SHAPE).astype(np.float32)
    gathered, given, counted = plane.copy(), np.zeros(SHAPE), np.zeros(SHAPE)
    for y, x in np.ndindex(SHAPE):
        taken = pixels_of(moves, y, x)
        if taken:
            gathered[y, x] = sum(plane[pixel] for pixel in taken)
        for pixel in taken:
            given[pixel] += plane[y, x]
            counted[pixel] += 1
    move = jnp.asarray(moves)
    np.testing.assert_allclose(gather_sum(move, jnp.asarray(plane)), gathered, atol=1e-5)
    np.testing.assert_allclose(scatter_sum(move, jnp.asarray(plane)), given, atol=1e-5)
    np.testing.assert_array_equal(uses(move), counted)
    assert counted.max() > 1


def test_moves_are_apart_and_the_highest_of_those_in_each_others_way_stays(moves):
    rank = np.random.default_rng(4).normal(size=SHAPE).astype(np.float32)
    kept = np.asarray(drop_conflicts(jnp.asarray(moves), jnp.asarray(rank)))
    assert np.asarray(uses(jnp.asarray(kept))).max() == 1
    for y, x in np.argwhere(moves != NOTHING):
        mine = set(pixels_of(moves, y, x))
        rivals = [
            rank[i, j]
            for i, j in np.argwhere(moves != NOTHING)
            if (i, j) != (y, x) and mine & set(pixels_of(moves, i, j))
        ]
        stays = all(rank[y, x] > rival for rival in rivals)
        assert kept[y, x] == (moves[y, x] if stays else NOTHING)


def test_of_two_moves_of_one_rank_at_a_pixel_neither_stays():
    move = np.zeros((1, 3), np.int8)
    move[0, 0] = SWAP + OFFSETS.index((0, 1))
    move[0, 1] = TOGGLE
    assert not np.asarray(drop_conflicts(jnp.asarray(move), jnp.ones((1, 3)))).any()
