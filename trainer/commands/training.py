"""What `trainer fit` and `trainer sweep` share: the bursts of their films, and the command in one line."""

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trainer.commands.output import progress_bar
from trainer.films.film import Film
from trainer.films.times import parse_place
from trainer.fit.bursts import (
    HALF,
    Bursts,
    overfit_burst,
    read_bursts,
)
from trainer.fit.processes import is_first
from trainer.fit.settings import Settings


def read(films: Sequence[Film], settings: Settings) -> Bursts:
    """The bursts that a fit with these settings is trained on, with a progress bar; of many processes the
    first alone draws it.
    """
    scale = HALF if settings.half_resolution else None
    if settings.overfit is not None:
        return overfit_burst(films[0], parse_place(settings.overfit), settings.patch, scale)
    rng = np.random.default_rng(settings.seed)
    with progress_bar("read films", settings.bursts, is_first()) as advance:
        return read_bursts(
            [*films], 2 * settings.patch, settings.bursts, rng, lambda done: advance(done, "bursts"), scale
        )


def command_of(options: argparse.Namespace) -> str:
    """The command as it was given, films and folders by their names alone."""
    paths = {*options.film, options.out, getattr(options, "begin", None)}  # a sweep has no --from
    words = [Path(word).name if word in paths else word for word in options.command_line]
    return shlex.join(["trainer", *words])
