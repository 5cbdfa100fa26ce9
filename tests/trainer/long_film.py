"""A film of several parts, with cuts and black frames at the edges of cells, for cells of any size."""

from pathlib import Path

import numpy as np

from tests.trainer.made_films import make_film
from trainer.films.tones import Tones

TONES = Tones(size=(48, 36))


def length(cell: int) -> int:
    """How many frames the film has."""
    return 2 * cell + 11 * cell // 32


def picture(number: int, cell: int) -> np.ndarray:
    """A ramp that wanders; every shot has its own. The cut at `cell` lies between two cells, inside none."""
    unit = cell // 32
    black = (*range(cell - 2 * unit, cell - unit), *range(2 * cell - unit, 2 * cell + unit), cell + 11 * unit)
    if number in black:
        return np.zeros((48, 64, 3), np.uint8)
    cuts = (19 * unit, cell, cell + 3 * unit, cell + 12 * unit, 2 * cell + 4 * unit)
    shot = sum(number >= cut for cut in cuts)
    ramp = np.linspace(20, 235, 64)[:: 1 if shot % 2 else -1]
    wave = 18 * np.sin(np.arange(48) / (3 + shot))[:, None]
    luma = np.clip(np.roll(ramp, number)[None] + wave, 0, 255).astype(np.uint8)
    return np.repeat(luma[:, :, None], 3, axis=2)


def make(path: Path, cell: int) -> Path:
    """Write the film."""
    return make_film(path, "MJPG", [picture(number, cell) for number in range(length(cell))])
