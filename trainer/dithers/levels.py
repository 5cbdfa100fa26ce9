"""The levels of a glass with ghosts, as a user or a measurement states them. `glass.py` says what they do."""

from typing import NamedTuple

from trainer.errors import OptionError


class Levels(NamedTuple):
    """What dirty pixels show, as reflectance between a clean black (0) and a clean white (1).

    spread: the standard deviation of `black`, where it is not known for certain.
    """

    black: float = 0.0
    white: float = 1.0
    spread: float = 0.0


CLEAN = Levels()
"""Levels of a glass without ghosts."""
ASSUMED = Levels(black=0.03, spread=0.03)
"""Levels that are assumed of a panel that nobody has measured (`benchmarks/glass.py`)."""
LARGEST_GHOST = 0.3


def levels_of(ghost: float | None = None, ghost_white: float | None = None) -> Levels:
    """The levels for ghosts as a user states them: how far a darkened pixel stays from black, and a lightened
    one from white; None: as assumed. OptionError for one that is out of range.
    """
    for name, value in (("ghost", ghost), ("ghost-white", ghost_white)):
        if value is not None and not 0 <= value <= LARGEST_GHOST:
            raise OptionError(f"--{name} {value:g}: give a share from black to white, 0 to {LARGEST_GHOST:g}")
    levels = ASSUMED if ghost is None else Levels(ghost)
    return levels if ghost_white is None else levels._replace(white=1 - ghost_white)
