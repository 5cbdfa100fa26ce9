"""Counterfactual: the exact two-action gradient of the expected energy, which pushes towards real dots.

The energy of a dither b of the frame f, shown after the dither p, is that of `searching/energy.py`:
    E(b) = sum e (c * e) + price * flips,    e = b - f,    c the two-eye kernel, 1 at its centre.
A generator that is unsure draws at random which of the proposed moves (`generating/steps.py`) to make, every
pixel's alone, with probability pi. Its expected energy has an exact gradient: that of pi(m) is the mean, over
the draws of the others, of what the energy gains by making pixel m's move, which flips the pixels k,
    dE(m) = sum over k of (u + 2 s (c * d)) + own,    d the change by all other moves drawn, s = 1 - 2b,
with the slope u and the move's own cost (`searching/moves.py`). One draw gives all pixels an unbiased
estimate by one convolution. Where two moves that are drawn share a pixel it counts as flipped twice, which is
dear. Source: the moves of M. Analoui and J. P. Allebach, Proc. SPIE 1666, 1992, read as a policy gradient
with every other pixel for its baseline.

Arrays: logits, frames and dithers float32[B, H, W], dithers 0 or 1; prices float32[B] in units of c(0).
"""

import jax
import jax.numpy as jnp
from jax import Array

from trainer.dithers.generator.model import Convolve
from trainer.dithers.generator.step import (
    Energy,
    Proposal,
)
from trainer.dithers.search.moves import (
    NOTHING,
    gather_sum,
    self_cost,
    uses,
)

TEMPERATURE = 3.0
"""Divides the logits where the gradient passes, so that it still reaches pixels the generator is sure of."""
LIMIT = 8.0
"""Moves are taken to change the energy by at most this: how bad a very bad one is matters little."""


def counterfactual(
    logits: Array,
    drawn: Array,
    proposal: Proposal,
    energy: Energy,
    temperature: Array | float = TEMPERATURE,
    limit: Array | float = LIMIT,
) -> Array:
    """Towards dots: each pixel learns whether the dither is better with its move made or not.

    `drawn`, bool[B, H, W]: the moves that are made, drawn from the logits. The gradient is what counts, not
    the value; at temperature 1 and without a limit it is, on average over draws, that of the expected energy
    per pixel.
    """
    gain = jnp.clip(jax.lax.stop_gradient(gains(drawn, proposal, energy)), -limit, limit)
    return jnp.mean(gain * jax.nn.sigmoid(logits / temperature))


def gains(drawn: Array, proposal: Proposal, energy: Energy) -> Array:
    """dE(m): E with pixel m's move made less E without it, all others as they are drawn; float32[B, H, W]."""
    change = proposal.sign * uses(jnp.where(drawn, proposal.move, NOTHING))
    slope = proposal.slope + 2 * proposal.sign * energy.convolve(change)
    own = self_cost(proposal.move, energy.own)
    return gather_sum(proposal.move, slope) + jnp.where(drawn, -own, own)


def energy_per_pixel(dither: Array, frame: Array, previous: Array, price: Array, convolve: Convolve) -> Array:
    """E / (H W) of every frame of the batch, float32[B]."""
    e = dither - frame
    return jnp.mean(e * convolve(e) + price[:, None, None] * jnp.abs(dither - previous), (-2, -1))


def draw(key: Array, logits: Array) -> Array:
    """Moves drawn pixel by pixel, each with probability sigmoid(logit): bool, of the logits' shape."""
    return jax.random.bernoulli(key, jax.nn.sigmoid(logits))
