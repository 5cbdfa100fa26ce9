"""The losses of a fit: the two-action loss of the project's own generator, and what a critic adds.

**Two actions.** The visible energy of what the glass shows, r, for the frame f is
    E(b) = sum e (c * e),    e = r - f,    c the two-eye kernel, 1 at its centre.
A generator that is unsure draws every pixel's colour by itself, white with probability pi. Its expected
energy has an exact gradient: with respect to pi(m) it is the mean, over the draws of all others, of the
change of energy between pixel m's two colours. One draw gives all pixels an unbiased estimate by one
convolution.
Source: the moves of M. Analoui and J. P. Allebach, Proc. SPIE 1666, 1992, read as a policy gradient with all
other pixels as the baseline.

**A critic** scores how real a dither looks:
    pix2pix           by a logit that tells real from fake (I. Goodfellow and others, NeurIPS 2014)
    r1                the same, with a price on its slope at real dithers, without which the critic knows too
                      much too soon to teach anything (L. Mescheder, A. Geiger, S. Nowozin, "Which training
                      methods for GANs do actually converge?", ICML 2018)
    wasserstein-clip  by an estimate of the distance, its weights clipped to a small range (M. Arjovsky,
                      S. Chintala, L. Bottou, "Wasserstein GAN", ICML 2017), the film-maker's
    wasserstein       the same, with a price on slopes other than 1 (I. Gulrajani and others, NeurIPS 2017)

Pure functions. Arrays: logits, frames and dithers float32[B, H, W], dithers 0 or 1; prices float32[B] in
units of c(0); scores float32[B, h, w].
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from trainer.dithers.generator.step import Convolve, Glass, toggle_change


def white_or_black(
    logits: Array,
    dither: Array,
    glass: Glass,
    frame: Array,
    counts: Array,
    convolve: Convolve,
    temperature: Array | float,
    limit: Array | float,
) -> Array:
    """Towards the likeness of the frame: each pixel that counts learns whether it had better be white.

    `counts`: what a pixel counts for, 0 where it is not to be decided. `dither`: one draw of the others from
    the logits, and those as they are; `glass`: what it shows of each pixel, black or white.
        dE(m) = E with pixel m white - E with it black = a (2 (c * e) + a (1 - 2b)),    a = white - black.
    `temperature` divides the logits where the gradient passes; a pixel changes the energy by at most `limit`,
    since how bad a very bad one is matters little. The gradient counts, not the value: at temperature 1 and
    without a limit it is, on average over draws, that of the expected energy per pixel.
    """
    change = (1 - 2 * dither) * toggle_change(dither, glass, convolve(glass.shows(dither) - frame))
    change = jnp.clip(jax.lax.stop_gradient(change), -limit, limit)
    return jnp.mean(counts * change * jax.nn.sigmoid(logits / temperature))


def expected_flips(chance: Array, before: Array, price: Array) -> Array:
    """Towards few flips: their expected price, where like chances of white draw like colours.

    One noise decides a pixel in all frames, so that it flips with probability |p - p'|, p and p' its chances
    here and in the frame before.
    """
    return jnp.mean(price * jnp.abs(chance - before))


_LOGISTIC = ("pix2pix", "r1")


def critic_loss(adversary: str, real: Array, fake: Array) -> Array:
    """Towards high scores of real dithers and low ones of fakes."""
    if adversary in _LOGISTIC:
        return (jnp.mean(jax.nn.softplus(-real)) + jnp.mean(jax.nn.softplus(fake))) / 2
    return jnp.mean(fake) - jnp.mean(real)


def generator_loss(adversary: str, fake: Array, share: Array | float = 1.0) -> Array:
    """Towards fakes that the critic takes for real; `share` weighs their scores."""
    return jnp.mean(share * (jax.nn.softplus(-fake) if adversary in _LOGISTIC else -fake))


def slope_penalty(score: Callable[[Array], Array], real: Array, fake: Array, share: Array) -> Array:
    """Towards a critic of slope 1: mean (|d score / d picture| - 1)^2 at pictures between real and fake.

    `share`, float32[B], is how real each picture is. `score` is the critic as a function of the picture.
    """
    share = share[:, None, None]
    between = share * real + (1 - share) * fake
    slopes = jax.grad(lambda pictures: score(pictures).mean((-2, -1)).sum())(between)
    lengths = jnp.sqrt(jnp.sum(slopes**2, (-2, -1)) + 1e-12)
    return jnp.mean((lengths - 1) ** 2)


def real_slope(score: Callable[[Array], Array], real: Array) -> Array:
    """Towards a critic that is flat at real dithers: mean |d score / d picture|^2."""
    slopes = jax.grad(lambda pictures: score(pictures).mean((-2, -1)).sum())(real)
    return jnp.mean(jnp.sum(slopes.reshape(len(real), -1) ** 2, 1))


def straight_through(hard: Array, soft: Array) -> Array:
    """The hard picture with the gradient of the soft one: a critic cannot win by spotting grey.

    Source: Y. Bengio, N. Leonard, A. Courville, arXiv:1308.3432, 2013.
    """
    return soft + jax.lax.stop_gradient(hard - soft)
