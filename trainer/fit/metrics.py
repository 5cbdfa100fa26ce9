"""What is measured of an update, and the signs that a fit is lost."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from trainer.dithers.generator.step import Convolve
from trainer.errors import TrainerError

SURE = 1e-3
"""A network that imitates and is surer than this of one colour everywhere has hardly any gradient left."""
ENOUGH = 20
"""Updates whose patches tell of a film; those of fewer may well be all white."""
RUNAWAY = 1e4
"""A critic whose loss is beyond this has lost its bounds."""


class Metrics(NamedTuple):
    """Of one update, or the mean over many; means over all pixels of its patches.

    energy: visible error and the price of flips, in units of c(0). white: the share of white in the dithers.
    tone, bright: the frames' mean, and their share brighter than 1/2. flips: the share that differs from the
    dither shown before. unsure: pi (1 - pi), 0 once the generator is sure. critic: the critic's loss, 0 where
    there is none.
    """

    loss: Any
    energy: Any
    white: Any
    tone: Any
    bright: Any
    flips: Any
    unsure: Any
    critic: Any = 0.0


def measure(
    loss: Array,
    logits: Array,
    dither: Array,
    frame: Array,
    seen: Array,
    price: Array,
    flips: Array,
    critic: Array | float,
    convolve: Convolve,
) -> Metrics:
    """The metrics of an update, from planes of one shape: the logits, the dither, the frame, what is seen of
    the dither, the price of each pixel's flip, and the flips.
    """
    probability, error = jax.nn.sigmoid(logits), seen - frame
    return Metrics(
        loss,
        (error * convolve(error) + price * flips).mean(),
        dither.mean(),
        frame.mean(),
        (frame > 0.5).mean(),
        flips.mean(),
        (probability * (1 - probability)).mean(),
        jnp.asarray(critic, jnp.float32),
    )


def trouble(metrics: Metrics, imitates: bool = False, count: int = ENOUGH) -> tuple[str, str] | None:
    """What is lost, by the mean metrics of `count` updates, and the remedy; None if all is well.

    `imitates`: the network learns another's dithers pixel by pixel. It begins as a thresholded picture, which
    is all white on a bright film, and may end as a copy of what is shown. It is lost only where it is sure of
    one colour that not even the thresholded picture has throughout.
    """
    slower = "half the --rate"
    if not all(math.isfinite(value) for value in metrics):
        return "the loss is no longer a number", slower
    if abs(metrics.critic) > RUNAWAY:
        tame = "half the --critic-rate, or with --adversary wasserstein"
        return f"the critic ran away (loss {metrics.critic:.0f})", tame
    if count < ENOUGH:
        return None
    share = metrics.bright if imitates else metrics.tone
    alive = imitates and metrics.unsure > SURE
    if metrics.white > 0.995 and share < 0.97 and not alive:
        return "every dither is all white", slower
    if metrics.white < 0.005 and share > 0.03 and not alive:
        return "every dither is all black", slower
    return None


def check(step: int, metrics: Metrics, imitates: bool = False, count: int = ENOUGH) -> None:
    """TrainerError in one line where there is `trouble` in the means of the last `count` updates."""
    if found := trouble(metrics, imitates, count):
        what, remedy = found
        raise TrainerError(f"the fit is lost after {step} updates: {what}; fit again with {remedy}")
