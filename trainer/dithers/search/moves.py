"""Moves of the search, for all pixels at once in JAX: toggles and swaps, what they cost, how they combine.

Every pixel has moves of its own: its toggle, and its swaps with those of the next 12 pixels within `REACH`
that have the other colour; so each pair counts once. A plane of moves, int8[..., H, W], holds for every pixel
the code of one move, or `NOTHING`. Energies are those of `energy.py`, in units of c(0): with the error
e = b - f and s = 1 - 2b, a pixel's slope is u = 2 s (c * e) + price (1 - 2 |b - p|). A move changes the
energy by the slopes of its pixels plus its self cost, which is what the flips add by themselves.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from trainer.dithers.search.energy import REACH

OFFSETS = tuple((dy, dx) for dy in range(REACH + 1) for dx in range(-REACH, REACH + 1) if (dy, dx) > (0, 0))
"""From a swap's first pixel to its second; each pair of pixels once."""

NOTHING, TOGGLE, SWAP = 0, 1, 2
"""The codes: no move, the toggle; SWAP + i is the swap with the pixel at OFFSETS[i]."""


def self_cost_table(taps: NDArray[np.float32]) -> NDArray[np.float32]:
    """The self cost, delta . (c * delta), by code: 0, 1 for a toggle, 2 - 2 c(offset) for a swap."""
    centre = taps.shape[0] // 2
    return np.array([0, 1, *(2 - 2 * taps[centre + dy, centre + dx] for dy, dx in OFFSETS)], np.float32)


def self_cost(move: Array, table: NDArray[np.float32]) -> Array:
    """The self cost of each move. Indexing the table would take far longer on a CPU."""
    cost = jnp.zeros(move.shape, jnp.float32)
    for code in range(TOGGLE, len(table)):
        cost = jnp.where(move == code, table[code], cost)
    return cost


def best_moves(dither: Array, slope: Array, table: NDArray[np.float32]) -> tuple[Array, Array]:
    """Every pixel's best move: the change of the energy, float32, and the move, int8.

    table: of self costs.
    """
    white = dither > 0
    slope_white = shifted(jnp.where(white, slope, jnp.inf), jnp.inf)
    slope_black = shifted(jnp.where(white, jnp.inf, slope), jnp.inf)
    change, move = slope + table[TOGGLE], jnp.full(slope.shape, TOGGLE, jnp.int8)
    for code, offset in enumerate(OFFSETS, SWAP):
        swapped = slope + jnp.where(white, slope_black(*offset), slope_white(*offset)) + table[code]
        better = swapped < change
        change, move = jnp.where(better, swapped, change), jnp.where(better, jnp.int8(code), move)
    return change, move


def uses(move: Array) -> Array:
    """How many of the moves each pixel is part of, as the first or the second pixel."""
    return scatter_sum(move, (move != NOTHING).astype(jnp.float32))


def scatter_sum(move: Array, plane: Array) -> Array:
    """At each pixel the sum of a plane over the moves that the pixel is part of."""
    move_at, plane_at = shifted(move, NOTHING), shifted(plane, 0)
    total = jnp.where(move == NOTHING, 0, plane)
    for code, (dy, dx) in enumerate(OFFSETS, SWAP):
        total = total + jnp.where(move_at(-dy, -dx) == code, plane_at(-dy, -dx), 0)
    return total


def gather_sum(move: Array, plane: Array) -> Array:
    """For each pixel's move the sum of a plane over its pixels; without a move, the value at the pixel."""
    at = shifted(plane, 0)
    for code, offset in enumerate(OFFSETS, SWAP):
        plane = plane + jnp.where(move == code, at(*offset), 0)
    return plane


def check_moves(
    move: Array,
    change: Array,
    sign: Array,
    table: NDArray[np.float32],
    convolve: Callable[[Array], Array],
) -> Array:
    """Drop every move that no longer lowers the energy when all of them are made together.

    `change` prices each move as if it were made alone. One convolution of them all gives each move half of
    its interaction with every other, so that the sum is exact. sign: 1 - 2b; table: of self costs.
    """
    together = sign * convolve(sign * uses(move))
    joint = change + gather_sum(move, together) - self_cost(move, table)
    return jnp.where(joint < 0, move, NOTHING)


def shifted(plane: Array, outside: float) -> Callable[[int, int], Array]:
    """A function of (dy, dx), both within `REACH`: the plane with pixel (y + dy, x + dx) at (y, x)."""
    height, width = plane.shape[-2:]
    margins = [(0, 0)] * (plane.ndim - 2) + [(REACH, REACH)] * 2
    padded = jnp.pad(plane, margins, constant_values=outside)
    return lambda dy, dx: padded[..., REACH + dy :, REACH + dx :][..., :height, :width]
