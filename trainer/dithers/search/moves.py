"""Moves of the search, for all pixels at once in JAX: toggles and swaps, what they cost, how they combine.

Every pixel has moves of its own: its toggle, and its swaps with the 12 pixels of other colour that come after
it within `REACH`, so that each pair is counted once. A plane of moves, int8[..., H, W], holds for every pixel
the code of one of them, or `NOTHING`. Energies are those of `energy.py`, in units of c(0): with the
error e = b - f and s = 1 - 2b, a pixel's slope is u = 2 s (c * e) + price (1 - 2 |b - p|), and a move costs
the sum of its pixels' slopes and what they do to one another, its own cost (`own_costs`).
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
"""The codes: no move, the toggle, and from SWAP on the swap with the pixel at OFFSETS[code - SWAP]."""


def own_costs(taps: NDArray[np.float32]) -> NDArray[np.float32]:
    """By code, delta . (c * delta) of a move made alone: 0, 1 for a toggle, 2 - 2 c(offset) for a swap."""
    centre = taps.shape[0] // 2
    return np.array([0, 1, *(2 - 2 * taps[centre + dy, centre + dx] for dy, dx in OFFSETS)], np.float32)


def own_of(move: Array, own: NDArray[np.float32]) -> Array:
    """The own cost of each of the moves; a look into the table would take far longer on a CPU."""
    cost = jnp.zeros(move.shape, jnp.float32)
    for code in range(TOGGLE, len(own)):
        cost = jnp.where(move == code, own[code], cost)
    return cost


def ways(move: Array) -> tuple[Array, Array]:
    """Rows and columns from a move's first pixel to its second, 0, 0 for a toggle; each pixel has one."""
    # With its toggle for the centre, the codes run through a square row by row.
    place = move.astype(jnp.int32) - TOGGLE + REACH
    return place // (2 * REACH + 1), place % (2 * REACH + 1) - REACH


def best_moves(dither: Array, slope: Array, own: NDArray[np.float32]) -> tuple[Array, Array]:
    """For every pixel the least change of the energy among its moves, and which move that is."""
    white = dither > 0
    slope_white = shifted(jnp.where(white, slope, jnp.inf), jnp.inf)
    slope_black = shifted(jnp.where(white, jnp.inf, slope), jnp.inf)
    change, move = slope + own[TOGGLE], jnp.full(slope.shape, TOGGLE, jnp.int8)
    for code, offset in enumerate(OFFSETS, SWAP):
        swapped = slope + jnp.where(white, slope_black(*offset), slope_white(*offset)) + own[code]
        better = swapped < change
        change, move = jnp.where(better, swapped, change), jnp.where(better, jnp.int8(code), move)
    return change, move


def uses(move: Array) -> Array:
    """In how many of the moves every pixel takes part, as the first pixel of one or the second of another."""
    return spread(move, (move != NOTHING).astype(jnp.float32))


def spread(move: Array, plane: Array) -> Array:
    """The sum, at every pixel, of a plane over the moves that it takes part in."""
    move_at, plane_at = shifted(move, NOTHING), shifted(plane, 0)
    total = jnp.where(move == NOTHING, 0, plane)
    for code, (dy, dx) in enumerate(OFFSETS, SWAP):
        total = total + jnp.where(move_at(-dy, -dx) == code, plane_at(-dy, -dx), 0)
    return total


def over_pixels(move: Array, plane: Array) -> Array:
    """The sum of a plane over the pixels of every pixel's own move; for no move, the pixel's own value."""
    at = shifted(plane, 0)
    for code, offset in enumerate(OFFSETS, SWAP):
        plane = plane + jnp.where(move == code, at(*offset), 0)
    return plane


def apart(move: Array, rank: Array) -> Array:
    """The moves without those that share a pixel with a move of higher rank; no pixel is left in two.

    Of two moves of the same rank at one pixel neither stays.
    """
    low = jnp.where(move == NOTHING, -jnp.inf, rank)
    move_at, rank_at = shifted(move, NOTHING), shifted(low, -jnp.inf)
    highest, second = low, jnp.full_like(low, -jnp.inf)  # at each pixel, of the moves that use it
    for code, (dy, dx) in enumerate(OFFSETS, SWAP):
        other = jnp.where(move_at(-dy, -dx) == code, rank_at(-dy, -dx), -jnp.inf)
        second = jnp.maximum(second, jnp.minimum(highest, other))
        highest = jnp.maximum(highest, other)
    # A pixel where two moves rank alike belongs to none.
    taken_by = shifted(jnp.where(second == highest, jnp.inf, highest), jnp.inf)
    stays = low >= taken_by(0, 0)
    for code, offset in enumerate(OFFSETS, SWAP):
        stays &= (move != code) | (low >= taken_by(*offset))
    return jnp.where(stays, move, NOTHING)


def shifted(plane: Array, outside: float) -> Callable[[int, int], Array]:
    """(dy, dx) -> the plane whose pixel (y, x) is the plane's (y + dy, x + dx), within `REACH`."""
    height, width = plane.shape[-2:]
    margins = [(0, 0)] * (plane.ndim - 2) + [(REACH, REACH)] * 2
    padded = jnp.pad(plane, margins, constant_values=outside)
    return lambda dy, dx: padded[..., REACH + dy :, REACH + dx :][..., :height, :width]
