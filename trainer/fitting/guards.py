"""When to give a fit up: the signs that a generator is lost, each with its name. Pure."""

import math

from trainer.errors import TrainerError
from trainer.fitting.state import Metrics

PATIENCE = 1000
"""Updates before a generator that changes nothing counts as collapsed: it begins by changing nothing."""
RUNAWAY = 1e4
"""A critic whose loss is beyond this has lost its bounds."""


def check(step: int, metrics: Metrics) -> None:
    """TrainerError with one clear line where the means over the last updates show a fit that is lost."""
    if not all(math.isfinite(value) for value in metrics):
        what = "the loss is no longer a number"
    elif abs(metrics.critic) > RUNAWAY:
        raise TrainerError(
            f"the critic ran away after {step} updates (loss {metrics.critic:.0f}); "
            "fit again with half the --critic-rate, or with --adversary wasserstein"
        )
    elif metrics.white > 0.995 and metrics.tone < 0.97:
        what = "every dither is all white"
    elif metrics.white < 0.005 and metrics.tone > 0.03:
        what = "every dither is all black"
    elif step > PATIENCE and metrics.flips < 1e-4:
        what = "every dither is a copy of the one before"
    else:
        return
    raise TrainerError(
        f"the generator collapsed after {step} updates: {what}; fit again with half the --rate"
    )
