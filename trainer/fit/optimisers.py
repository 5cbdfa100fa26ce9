"""The optimisers of a fit and their schedules: which way to go, and how far.

An optimiser here gives a direction, which the update scales by the learning rate itself, so that one compiled
program serves every rate. All clip the gradient's norm first, lest a rare burst wreck the network, and all
have a momentum m, with which they average the gradients g:
    adam  mean g / sqrt(mean g^2), both corrected for their start at 0 (D. Kingma, J. Ba, arXiv:1412.6980)
    lamb  that direction d, then d |W| / |d| for each kernel W by itself, the trust ratio: a step changes
          every layer by the same share, which keeps large batches with high rates in bounds (Y. You and
          others, arXiv:1904.00962). Biases keep Adam's direction: they begin at 0, and in proportion to
          that they would hardly ever move.
    sgd   the sum g + m g' + m^2 g'' ... over this gradient and those before: a step is up to 1 / (1 - m)
          times a plain one (B. Polyak, 1964)
"""

import math
from typing import Any

import jax
import numpy as np
import optax

OPTIMISERS = ("adam", "lamb", "sgd")
SCHEDULES = ("cosine", "linear", "constant")

WARM_UP = 100
"""Updates over which the learning rate rises to its full height."""
LAST_RATE = 0.02
"""Share of the learning rate that is left at the end of a cosine or a line."""
_SQUARES = 0.99
"""Share of the mean square that stays from one update to the next."""
_EPSILON = {"adam": 1e-8, "lamb": 1e-6}
"""What keeps Adam's quotient finite, as in the papers."""


def direction(kind: str, momentum: Any, clip_norm: Any) -> optax.GradientTransformation:
    """The direction of one of `OPTIMISERS`, to be scaled by the learning rate and subtracted.

    `momentum` from 0 up to 1, `clip_norm` above 0, infinite for none: floats, or traced.
    """
    clip = optax.clip_by_global_norm(clip_norm)
    if kind == "sgd":
        return optax.chain(clip, optax.trace(momentum))
    adam = optax.scale_by_adam(b1=momentum, b2=_SQUARES, eps=_EPSILON[kind])
    if kind == "adam":
        return optax.chain(clip, adam)
    return optax.chain(clip, adam, optax.masked(optax.scale_by_trust_ratio(), _kernels))


def learning_rates(rate: float, schedule: str, step: int, progress: np.ndarray) -> np.ndarray:
    """Those of the updates from `step` on by one of `SCHEDULES`, float32, `rate` being the highest.

    `progress` in [0, 1] is how far each of them is on the way. All schedules begin with a warm-up.
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
    """Which of the parameters are kernels: all but the biases and scales, which have one axis."""
    return jax.tree.map(lambda leaf: leaf.ndim > 1, params)
