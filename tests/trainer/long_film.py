"""A film long enough to have several parts, with cuts and black frames at their edges."""

from pathlib import Path

import numpy as np

from tests.trainer.made_films import make_film
from trainer.parts import PART_FRAMES
from trainer.tones import Tones

FRAMES = 2 * PART_FRAMES + 180
CUTS = (300, PART_FRAMES, PART_FRAMES + 40, 700, 2 * PART_FRAMES + 60)
"""That at PART_FRAMES lies between two cells, not inside one."""
BLACK = (*range(PART_FRAMES - 20, PART_FRAMES - 4), *range(2 * PART_FRAMES - 5, 2 * PART_FRAMES + 20), 690)
TONES = Tones(size=(48, 36))


def picture(number: int) -> np.ndarray:
    """A ramp that wanders; every shot has its own."""
    if number in BLACK:
        return np.zeros((48, 64, 3), np.uint8)
    shot = sum(number >= cut for cut in CUTS)
    ramp = np.linspace(20, 235, 64)[:: 1 if shot % 2 else -1]
    wave = 18 * np.sin(np.arange(48) / (3 + shot))[:, None]
    luma = np.clip(np.roll(ramp, number)[None] + wave, 0, 255).astype(np.uint8)
    return np.repeat(luma[:, :, None], 3, axis=2)


def make(path: Path) -> Path:
    """Write the film."""
    return make_film(path, "MJPG", [picture(number) for number in range(FRAMES)])
