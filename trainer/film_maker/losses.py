"""The losses of the film-maker's three objectives, v1, v2 and v3: each the one before and something more.

They compare probabilities pi = P(white), grey as they are, with dithers, pixel by pixel. That is their
weakness: the dots of a dither are arbitrary, and the picture nearest to all dithers that might have been is
their mean, the frame itself, or that mean thresholded. Only a critic (`trainer/fit/critic.py`) asks for dots.
What keeps a U-Net with a critic from running away, `overconfidence`, is the project's.

Arrays: logits, frames, dithers and shown dithers float32[B, H, W]; `score` is the critic's term, a number.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array

Reconstruction = Callable[[Array, Array], Array]
"""(logits, target dither) -> a number."""


SURE = 4.0
"""The logit of a chance of white of .98."""


class TermWeights(NamedTuple):
    """The weight of each term; with 0 for `previous` and `change` v3 is v2, with 0 for `critic` v2 is v1."""

    reconstruction: float = 1.0
    critic: float = 0.0
    previous: float = 0.0
    change: float = 0.0


def cross_entropy(logits: Array, target: Array) -> Array:
    """Towards the chance that each pixel of the target is white: right shapes in grey, no dots."""
    return jnp.mean(optax.sigmoid_binary_cross_entropy(logits, target))


def distance(logits: Array, target: Array) -> Array:
    """Towards the likelier of black and white, pixel by pixel (L1): a thresholded picture, no greys."""
    return jnp.mean(jnp.abs(jax.nn.sigmoid(logits) - target))


RECONSTRUCTIONS: dict[str, Reconstruction] = {"bce": cross_entropy, "l1": distance}


def change(logits: Array, previous: Array, frame: Array, frame_before: Array) -> Array:
    """Towards no more flips than the tone's change needs: what exceeds mean |f - f_before| of each frame, the
    flips of a mask, which are the fewest for a dither whose every pixel is unbiased.
    """
    flips = jnp.mean(jnp.abs(jax.nn.sigmoid(logits) - previous), (-2, -1))
    needed = jnp.mean(jnp.abs(frame - frame_before), (-2, -1))
    return jnp.mean(jnp.maximum(flips - needed, 0))


def v1(logits: Array, target: Array, weights: TermWeights, reconstruct: Reconstruction) -> Array:
    """Towards Floyd and Steinberg's dither of the frame, but no further than its mean: a blurred picture."""
    return weights.reconstruction * reconstruct(logits, target)


def v2(
    logits: Array, target: Array, score: Array | float, weights: TermWeights, reconstruct: Reconstruction
) -> Array:
    """v1, and towards what the critic takes for a dither: dots in the style of the real ones."""
    return v1(logits, target, weights, reconstruct) + weights.critic * score


def v3(
    logits: Array,
    target: Array,
    previous: Array,
    frame: Array,
    frame_before: Array,
    score: Array | float,
    weights: TermWeights,
    reconstruct: Reconstruction,
) -> Array:
    """v2, and towards the shown dither (L1) and few flips: calm, and after a cut a mix of both shots."""
    calm = weights.previous * distance(logits, previous)
    still = weights.change * change(logits, previous, frame, frame_before)
    return v2(logits, target, score, weights, reconstruct) + calm + still


def overconfidence(logits: Array) -> Array:
    """Towards logits within +-`SURE`, beside any of the objectives with a critic; not the film-maker's.

    Beyond, the gradients of L1 and of the critic vanish, and Adam, which divides by their size, makes whole
    steps of the noise that is left of them, until every dither is all white or all black.
    """
    return 0.01 * jnp.mean(jnp.maximum(jnp.abs(logits) - SURE, 0) ** 2)
