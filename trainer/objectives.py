"""What a generator is trained towards: pure functions of logits and pictures, each a mean over pixels.

The energy of a dither b of the frame f, shown after the dither p, is that of `search.py`:
    E(b) = sum e (c * e) + price * flips,    e = b - f,    c the two-eye kernel, 1 at its centre.
A generator that is unsure draws its dither at random, every pixel alone, white with probability pi. Its
expected energy has an exact gradient: that of pi(m) is the mean, over the draws of the others, of what the
energy gains when pixel m alone goes from black to white,
    dE(m) = 2 (c * e)(m) + (1 - 2 b(m)) + price (1 - 2 p(m)).
One draw gives all pixels an unbiased estimate by one convolution. Source: the toggle rule of M. Analoui and
J. P. Allebach, Proc. SPIE 1666, 1992, read as a policy gradient with every other pixel for its baseline.

Arrays: logits, frames and dithers float32[B, H, W], dithers 0 or 1; prices float32[B] in units of c(0).
"""

import jax
import jax.numpy as jnp
from jax import Array

from trainer.networks import Convolve

TEMPERATURE = 3.0
"""Divides the logits where the gradient passes, so that it still reaches pixels the generator is sure of."""


def counterfactual(
    logits: Array,
    sample: Array,
    frame: Array,
    previous: Array,
    price: Array,
    convolve: Convolve,
    temperature: float = TEMPERATURE,
) -> Array:
    """Towards dots: each pixel learns whether the dither would have been better with it white or black.

    `sample` is a dither drawn from the logits. The gradient is what counts, not the value; at temperature 1
    it is, on average over samples, that of the expected energy per pixel.
    """
    gain = jax.lax.stop_gradient(whitening(sample, frame, previous, price, convolve))
    return jnp.mean(gain * jax.nn.sigmoid(logits / temperature))


def whitening(dither: Array, frame: Array, previous: Array, price: Array, convolve: Convolve) -> Array:
    """dE(m): E with pixel m white less E with it black, all others as they are; float32[B, H, W]."""
    slope = 2 * convolve(dither - frame) + (1 - 2 * dither)
    return slope + price[:, None, None] * (1 - 2 * previous)


def energy_per_pixel(dither: Array, frame: Array, previous: Array, price: Array, convolve: Convolve) -> Array:
    """E / (H W) of every frame of the batch, float32[B]."""
    e = dither - frame
    return jnp.mean(e * convolve(e) + price[:, None, None] * jnp.abs(dither - previous), (-2, -1))


def draw(key: Array, logits: Array) -> Array:
    """A dither drawn pixel by pixel, white with probability sigmoid(logit)."""
    return jax.random.bernoulli(key, jax.nn.sigmoid(logits)).astype(jnp.float32)
