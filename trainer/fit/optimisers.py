"""The optimisers of a fit and their schedules: the direction of a step, and its length.

An optimiser here gives a direction, and the update scales it by the learning rate, so that one compiled
program serves every rate. All clip the gradient's norm first, so that a rare clip cannot wreck the network,
and all average the gradients g with a momentum m:
    adam  mean g / sqrt(mean g^2), both corrected for their start at 0 (D. Kingma, J. Ba, arXiv:1412.6980)
    lamb  that direction d, then d |W| / |d| for each kernel W by itself, the trust ratio: a step changes
          every layer by the same share, which keeps large batches with high rates in bounds (Y. You and
          others, arXiv:1904.00962). Biases keep Adam's direction: they begin at 0, and steps in proportion
          to that would hardly ever move them.
    sgd   the sum g + m g' + m^2 g'' ... over this gradient and those before: a step is up to 1 / (1 - m)
          times a plain one (B. Polyak, 1964)
"""

import math
from typing import Any

import jax
import numpy as np
import optax

WARM_UP = 100
"""Updates over which the learning rate rises to its highest."""
LAST_RATE = 0.02
"""Share of the learning rate at the end of a cosine or a line."""
_SQUARES = 0.99
"""The decay of the mean square."""
_EPSILON = {"adam": 1e-8, "lamb": 1e-6}
"""Keeps Adam's quotient finite, as in the papers."""


def direction(kind: str, momentum: Any, clip_norm: Any) -> optax.GradientTransformation:
    """The direction of one of the optimisers, to be scaled by the learning rate and subtracted.

    `momentum` in [0, 1), `clip_norm` above 0, infinite for none: floats, or traced.
    """
    clip = optax.clip_by_global_norm(clip_norm)
    if kind == "sgd":
        return optax.chain(clip, optax.trace(momentum))
    adam = optax.scale_by_adam(b1=momentum, b2=_SQUARES, eps=_EPSILON[kind])
    if kind == "adam":
        return optax.chain(clip, adam)
    return optax.chain(clip, adam, optax.masked(optax.scale_by_trust_ratio(), _kernels))


def learning_rates(rate: float, schedule: str, step: int, progress: np.ndarray) -> np.ndarray:
    """The learning rates of the updates from `step` on, float32, `rate` being the highest.

    `progress` in [0, 1] is that of each of these updates. All schedules begin with a warm-up.
    """
    progress = np.clip(progress, 0, 1)
    left = {
        "cosine": (1 + np.cos(math.pi * progress)) / 2,
        "linear": 1 - progress,
        "constant": np.ones(progress.size),
    }[schedule]
    warm = np.minimum(1, (step + 1 + np.arange(progress.size)) / WARM_UP)
    return (rate * warm * (LAST_RATE + (1 - LAST_RATE) * left)).astype(np.float32)


def _kernels(params: Any) -> Any:
    """Which parameters are kernels: all but biases and scales, which have one axis."""
    return jax.tree.map(lambda leaf: leaf.ndim > 1, params)
