"""When to give a fit up: the signs that a generator is lost, each with its name. Pure."""

import math

from trainer.errors import TrainerError
from trainer.fit.state import Metrics

PATIENCE = 1000
"""Updates before a generator that changes nothing counts as collapsed: it begins by changing nothing."""
STILL = 1e-9
"""A generator surer than this, with nothing to gain, is sure of making no move: no gradient is left."""
RUNAWAY = 1e4
"""A critic whose loss is beyond this has lost its bounds."""


def trouble(step: int, metrics: Metrics) -> tuple[str, str] | None:
    """What the means over the last of `step` updates show to be lost, and the remedy; None if all is well."""
    slower = "half the --rate"
    if not all(math.isfinite(value) for value in metrics):
        return "the loss is no longer a number", slower
    if abs(metrics.critic) > RUNAWAY:
        tame = "half the --critic-rate, or with --adversary wasserstein"
        return f"the critic ran away (loss {metrics.critic:.0f})", tame
    if metrics.white > 0.995 and metrics.tone < 0.97:
        return "every dither is all white", slower
    if metrics.white < 0.005 and metrics.tone > 0.03:
        return "every dither is all black", slower
    if step > PATIENCE and metrics.flips < 1e-4:
        return "every dither is a copy of the one before", slower
    if step > PATIENCE and metrics.unsure < STILL and abs(metrics.loss) < STILL:
        return "the generator makes no move at all, and learns no more", slower
    return None


def check(step: int, metrics: Metrics) -> None:
    """TrainerError with one clear line where there is `trouble`."""
    if found := trouble(step, metrics):
        what, remedy = found
        raise TrainerError(f"the fit is lost after {step} updates: {what}; fit again with {remedy}")
