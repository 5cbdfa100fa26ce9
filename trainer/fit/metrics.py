"""What is measured of an update, and the signs that a fit is lost."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from trainer.dithers.generator.model import Convolve
from trainer.dithers.generator.step import View
from trainer.errors import TrainerError
from trainer.fit.loss import energy_per_pixel

PATIENCE = 1000
"""Updates before a generator that changes nothing counts as collapsed: it begins by changing nothing."""
STILL = 1e-9
"""A generator surer than this, with nothing to gain, makes no move for certain: no gradient is left."""
SURE = 1e-3
"""A network that imitates and is surer than this of one colour everywhere has hardly any gradient left."""
RUNAWAY = 1e4
"""A critic whose loss is beyond this has lost its bounds."""


class Metrics(NamedTuple):
    """Of one update, or the mean over many; shares of pixels over the patches' passes.

    energy: per pixel, in units of c(0). white, tone, bright: the share of white, the frames' mean, and the
    share of pixels brighter than 1/2. flips: in what was passed, against the shown dither. unsure: pi
    (1 - pi), 0 once the generator is sure. critic: the critic's loss, 0 where there is none.
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
    loss: Array, logits: Array, dither: Array, scene: View, critic: Array | float, convolve: Convolve
) -> Metrics:
    """The metrics of an update in which the generator gave `logits` for a scene, and so `dither`."""
    probability = jax.nn.sigmoid(logits)
    return Metrics(
        loss,
        energy_per_pixel(dither, scene.frame, scene.previous, scene.price, convolve).mean(),
        dither.mean(),
        scene.frame.mean(),
        (scene.frame > 0.5).mean(),
        jnp.abs(dither - scene.previous).mean(),
        (probability * (1 - probability)).mean(),
        jnp.asarray(critic, jnp.float32),
    )


def trouble(step: int, metrics: Metrics, imitates: bool = False) -> tuple[str, str] | None:
    """What is lost, by the mean metrics of the updates until `step`, and the remedy; None if all is well.

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
    share = metrics.bright if imitates else metrics.tone
    alive = imitates and metrics.unsure > SURE
    if metrics.white > 0.995 and share < 0.97 and not alive:
        return "every dither is all white", slower
    if metrics.white < 0.005 and share > 0.03 and not alive:
        return "every dither is all black", slower
    if imitates or step <= PATIENCE:
        return None
    if metrics.flips < 1e-4:
        return "every dither is a copy of the one before", slower
    if metrics.unsure < STILL and abs(metrics.loss) < STILL:
        return "the generator makes no move at all, and learns no more", slower
    return None


def check(step: int, metrics: Metrics, imitates: bool = False) -> None:
    """TrainerError in one line where there is `trouble`."""
    if found := trouble(step, metrics, imitates):
        what, remedy = found
        raise TrainerError(f"the fit is lost after {step} updates: {what}; fit again with {remedy}")
