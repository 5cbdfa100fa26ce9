"""When the panel redraws: the numbers of a redraw plan. `stretches.py` makes the plan from a film."""

from dataclasses import dataclass

from trainer.dithers.levels import ASSUMED, Levels
from trainer.errors import OptionError

SHORTEST = 20
"""Frames between two redraws, but for those at cuts and a shorter `longest`."""


@dataclass(frozen=True)
class Plan:
    """When a stretch begins. OptionError.

    At a cut; else where the error that no dither can take away from a glass of these levels
    (`dithers/glass.py`) passes `limit`, as a share from black to white, but not within SHORTEST frames; else
    after `longest` frames.
    """

    levels: Levels = ASSUMED
    limit: float = 0.004
    longest: int = 240

    def __post_init__(self) -> None:
        if self.longest < 1:
            raise OptionError(f"--stretch {self.longest}: a stretch is 1 frame or longer")


USUAL = Plan()
