"""A pass of the generator: pixels propose their best moves, the network accepts some, a check has its say.

1. Propose: the best of every pixel's toggle and swaps, and what it would change the energy by
   (`searching/moves.py`).
2. Accept: the network's choice (`networks/generator.py`); of moves that share a pixel only the likeliest.
3. Check: moves were priced as if alone. One convolution of them all gives every move half of its interaction
   with each of the others, so that the sum is exact; those that then still gain are made.
What stands may still not go together, if the network accepts far too much. A settled dither stays as it is.

Arrays: pictures float32[B, H, W], dithers 0 or 1; price float32[B] in units of c(0). Any B, H, W.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.lax import optimization_barrier
from numpy.typing import NDArray

from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.generator.model import (
    Convolve,
    Generator,
    planes,
)
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


class Energy(NamedTuple):
    """The two-eye energy on frames of one shape: c * plane, and what moves cost by themselves."""

    convolve: Convolve
    own: NDArray[np.float32]


class Proposal(NamedTuple):
    """Of every pixel, [B, H, W]: 1 - 2b, the slope u, what its best move changes, which that is (int8)."""

    sign: Array
    slope: Array
    change: Array
    move: Array


class View(NamedTuple):
    """What a pass is about: frame, dither so far, shown dither, mask (or [H, W]), and price."""

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
    return Proposal(sign, slope, *best_moves(view.dither, slope, energy.own))


def planes_of(view: View, proposal: Proposal) -> Array:
    """What the network is shown of them, float32[B, H, W, PLANES]."""
    return planes(*view, 1 + proposal.slope, proposal.change, proposal.move)


def made(proposal: Proposal, logits: Array, energy: Energy) -> Array:
    """How every pixel changes, -1, 0 or 1: by the moves that the network accepts and the check lets stand."""
    move = drop_conflicts(jnp.where(logits > 0, proposal.move, NOTHING), logits)
    accepted = check_moves(move, proposal.change, proposal.sign, energy.own, energy.convolve)
    return proposal.sign * uses(accepted)


def step(generator: Generator, view: View, energy: Energy) -> Array:
    """The dither after one pass."""
    # Unless it is told to keep them, XLA works the planes out anew for every use of a pixel.
    proposal = optimization_barrier(propose(view, energy))
    logits = optimization_barrier(generator(optimization_barrier(planes_of(view, proposal))))
    return view.dither + made(proposal, logits, energy)
