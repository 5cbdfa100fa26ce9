"""A pass of the generator: every pixel proposes its best move, the network accepts some, a check follows.

1. Propose: for every pixel the best of its toggle and its swaps, and the change of energy by it
   (`search/moves.py`).
2. Accept: the network's choice (`model.py`); of moves that share a pixel only the likeliest.
3. Check: moves were priced as if alone. One convolution of all accepted moves gives each of them half of its
   interaction with every other, so that the sum is exact; the moves that still pay are made.
Moves that pass the check may still not go together if the network accepts far too many. A settled dither does
not change.

Arrays: pictures float32[B, H, W], dithers 0 or 1; price float32[B] in units of c(0). Any B, H, W.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.lax import optimization_barrier
from numpy.typing import NDArray

from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.generator.model import Convolve, Generator, planes
from trainer.dithers.search.energy import reaching
from trainer.dithers.search.moves import (
    NOTHING,
    best_moves,
    check_moves,
    drop_conflicts,
    self_cost_table,
    uses,
)
from trainer.dithers.search.parallel import convolution

FIRST_PRICE = 0.01
"""The price of a flip in a first frame, where nothing is shown yet: little, but its logarithm is finite."""


class Energy(NamedTuple):
    """The two-eye energy on frames of one shape: c * plane, and by code what a move costs by itself."""

    convolve: Convolve
    self_costs: NDArray[np.float32]


class Proposal(NamedTuple):
    """For every pixel, [B, H, W]: 1 - 2b, the slope u, the change of energy by its best move, and that move's
    code (int8).
    """

    sign: Array
    slope: Array
    change: Array
    move: Array


class View(NamedTuple):
    """The input of a pass: frame, dither so far, shown dither, price, and mask, which may be [H, W]."""

    frame: Array
    dither: Array
    previous: Array
    price: Array
    mask: Array


def energy_on(shape: tuple[int, int]) -> Energy:
    """The energy on frames of (height, width)."""
    taps = reaching(two_eye_kernel())
    return Energy(convolution(taps, shape), self_cost_table(taps))


def propose(view: View, energy: Energy) -> Proposal:
    """Every pixel's best move."""
    sign = 1 - 2 * view.dither
    blurred = energy.convolve(view.dither - view.frame)
    fee = view.price[:, None, None] * (1 - 2 * jnp.abs(view.dither - view.previous))
    slope = 2 * sign * blurred + fee
    return Proposal(sign, slope, *best_moves(view.dither, slope, energy.self_costs))


def planes_of(view: View, proposal: Proposal) -> Array:
    """The network's input, float32[B, H, W, PLANES]."""
    return planes(*view, 1 + proposal.slope, proposal.change, proposal.move)


def accept_moves(proposal: Proposal, logits: Array, energy: Energy) -> Array:
    """The change of every pixel, -1, 0 or 1, by the moves that the network accepts and the check passes."""
    move = drop_conflicts(jnp.where(logits > 0, proposal.move, NOTHING), logits)
    move = check_moves(move, proposal.change, proposal.sign, energy.self_costs, energy.convolve)
    return proposal.sign * uses(move)


def step(generator: Generator, view: View, energy: Energy) -> Array:
    """The dither after one pass."""
    # Without the barriers XLA computes the planes again for every use of a pixel.
    proposal = optimization_barrier(propose(view, energy))
    logits = optimization_barrier(generator(optimization_barrier(planes_of(view, proposal))))
    return view.dither + accept_moves(proposal, logits, energy)
