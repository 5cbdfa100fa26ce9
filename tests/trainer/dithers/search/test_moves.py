"""Moves of the search: the pixels they take, how they add up, and which of them can be made together."""

import jax.numpy as jnp
import numpy as np
import pytest

from tests.trainer.search_cases import TWO_EYES
from trainer.dithers.search.moves import (
    NOTHING,
    OFFSETS,
    SWAP,
    TOGGLE,
    check_moves,
    gather_sum,
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


def test_the_self_cost_is_that_of_a_move_made_alone(moves):
    taps = np.float32(TWO_EYES)
    table, centre = self_cost_table(taps), taps.shape[0] // 2
    assert table[NOTHING] == 0
    assert table[TOGGLE] == 1
    for code, (dy, dx) in enumerate(OFFSETS, SWAP):
        assert table[code] == pytest.approx(2 - 2 * taps[centre + dy, centre + dx])
    np.testing.assert_array_equal(self_cost(jnp.asarray(moves), table), table[moves])


def test_planes_are_gathered_from_the_pixels_of_moves_and_scattered_to_them(moves):
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


def test_moves_that_only_pay_alone_are_dropped_by_the_check():
    """Two toggles side by side, each worth -.5 alone; together each costs c(1) more."""
    taps = np.zeros((3, 3), np.float32)
    taps[1, 1] = 1

    def convolved(beside):
        taps[1, 0] = taps[1, 2] = beside
        padded = np.pad(np.float32(taps), 1)
        return lambda plane: jnp.asarray(
            [[sum(plane[0, i] * padded[2, 2 + j - i] for i in range(2)) for j in range(2)]]
        )

    move, sign = jnp.full((1, 2), TOGGLE, jnp.int8), jnp.ones((1, 2))
    table, change = self_cost_table(np.pad(taps, 1)), jnp.full((1, 2), -0.5)
    np.testing.assert_array_equal(check_moves(move, change, sign, table, convolved(0.4)), move)
    np.testing.assert_array_equal(check_moves(move, change, sign, table, convolved(0.6)), NOTHING)
