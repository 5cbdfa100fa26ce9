"""A film made of NumPy arrays, for a measurement that needs none: moving tones in a few shots.

Every shot has a far and a near layer, sums of waves as coarse as clouds and as fine as gravel, the finer the
fainter; the camera pans, so that the near one goes by faster. In front of them a bright disc crosses the
picture. The same size and numbers give the same film.

Pictures are luma, uint8[height, width].
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.errors import TrainerError
from trainer.fit.bursts import (
    LENGTH,
    Bursts,
)

Picture = NDArray[np.uint8]

SIZE = (1920, 1080)
RATE = 24.0
SHOT = 40
"""Frames from one cut to the next."""

_WAVES = np.geomspace(6, 600, 9)
"""Wavelengths in pixels."""
_FAR, _NEAR, _DISC = 1, 3, 5
"""Pixels per frame."""


def shot(size: tuple[int, int], seed: int) -> Iterator[Picture]:
    """The pictures of one shot, `SHOT` or `LENGTH` of them, whichever is more; size is (width, height)."""
    width, height = size
    frames = max(SHOT, LENGTH)
    rng = np.random.default_rng(seed)
    far, near = (_layer(height, width + frames * speed, rng) for speed in (_FAR, _NEAR))
    horizon, radius = height // 2, max(1, height // 6)
    y, x = np.ogrid[:height, :width]
    for number in range(frames):
        picture = far[:, number * _FAR :][:, :width].copy()
        picture[horizon:] = near[horizon:, number * _NEAR :][:, :width]
        centre = width // 4 + number * _DISC
        picture[(x - centre) ** 2 + (y - horizon) ** 2 < radius**2] = 220
        yield picture


def pictures(size: tuple[int, int], count: int) -> Iterator[Picture]:
    """So many pictures of a film, with a cut after every `SHOT`."""
    for number in range(-(-count // SHOT)):
        yield from islice(shot(size, number), min(SHOT, count - number * SHOT))


def bursts(count: int, side: int) -> Bursts:
    """What a fit reads from films: uint8[count, LENGTH, side, side]."""
    return np.stack([np.stack(list(islice(shot((side, side), n), LENGTH))) for n in range(count)])


def write_film(path: Path, count: int, size: tuple[int, int] = SIZE) -> None:
    """Write so many pictures as MPEG-4. TrainerError where OpenCV cannot."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), RATE, size, False)
    if not writer.isOpened():
        raise TrainerError(
            "OpenCV has no coder for a made film here; measure on one of your own: --film FILM"
        )
    try:
        for picture in pictures(size, count):
            writer.write(picture)
    finally:
        writer.release()


def _layer(height: int, width: int, rng: np.random.Generator) -> Picture:
    """Waves in all directions, each as strong as the square root of its length."""
    y, x = np.ogrid[:height, :width]
    tones = np.zeros((height, width), np.float32)
    for wave in _WAVES:
        angle, phase = rng.uniform(0, 2 * np.pi, 2)
        down, right = np.sin(angle) / wave, np.cos(angle) / wave
        # cos(a + b) from the cosines and sines of rows and columns, instead of one for every pixel.
        a, b = (2 * np.pi * down * y + phase), 2 * np.pi * right * x
        tones += np.sqrt(wave) * (np.cos(a) * np.cos(b) - np.sin(a) * np.sin(b)).astype(np.float32)
    spread = 3 * tones.std() or 1.0
    return np.clip(127.5 * (1 + tones / spread), 0, 255).astype(np.uint8)
