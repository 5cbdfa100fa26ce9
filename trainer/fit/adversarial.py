"""What a critic adds: the losses of both sides, and what keeps the critic in bounds.

pix2pix           the critic tells real from fake by a logit (I. Goodfellow and others, NeurIPS 2014)
wasserstein-clip  it estimates how far fake lies from real, its weights clipped to a small range
                  (M. Arjovsky, S. Chintala, L. Bottou, "Wasserstein GAN", ICML 2017), the film-maker's
wasserstein       the same, with a price on slopes other than 1 (I. Gulrajani and others, NeurIPS 2017)

Scores float32[B, h, w], pictures float32[B, H, W].
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

ADVERSARIES = ("wasserstein", "wasserstein-clip", "pix2pix")


def critic_loss(adversary: str, real: Array, fake: Array) -> Array:
    """Towards high scores of real dithers and low ones of fakes."""
    if adversary == "pix2pix":
        return (jnp.mean(jax.nn.softplus(-real)) + jnp.mean(jax.nn.softplus(fake))) / 2
    return jnp.mean(fake) - jnp.mean(real)


def generator_loss(adversary: str, fake: Array) -> Array:
    """Towards fakes that the critic takes for real."""
    return jnp.mean(jax.nn.softplus(-fake)) if adversary == "pix2pix" else -jnp.mean(fake)


def penalty(score: Callable[[Array], Array], real: Array, fake: Array, share: Array) -> Array:
    """Towards a critic of slope 1: mean (|d score / d picture| - 1)^2 where a picture is `share` real, a
    number for each, and the rest fake. `score` is the critic as a function of the picture alone.
    """
    share = share[:, None, None]
    between = share * real + (1 - share) * fake
    slopes = jax.grad(lambda pictures: score(pictures).mean((-2, -1)).sum())(between)
    lengths = jnp.sqrt(jnp.sum(slopes**2, (-2, -1)) + 1e-12)
    return jnp.mean((lengths - 1) ** 2)


def straight_through(hard: Array, soft: Array) -> Array:
    """The hard picture, with the gradient of the soft one: a critic that sees it cannot win by spotting grey.

    Source: Y. Bengio, N. Leonard, A. Courville, arXiv:1308.3432, 2013.
    """
    return soft + jax.lax.stop_gradient(hard - soft)
