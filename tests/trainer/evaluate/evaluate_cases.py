"""Made frames for the tests of evaluation: a drifting wave, cut into stretches by hand."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from trainer.films.selection import Selected
from trainer.films.stretches import Stretch
from trainer.films.tones import Tones

HEIGHT, WIDTH = 48, 64
COUNT, CUT = 70, 45
REDRAWS = (30, CUT)
"""Where stretches begin, the first one aside."""


def select(number: int, time_ms: int, frame: NDArray[np.floating], cut: bool = False) -> Selected:
    """A selected frame, of tones in [0, 1] which come out in steps of 1/255."""
    height, width = frame.shape
    return Selected(number, time_ms, cut, np.rint(255 * frame).astype(np.uint8), Tones((width, height)))


def drifting(count: int = COUNT, cut: int = CUT) -> Iterator[Selected]:
    """A wave that drifts to the right; from `cut` on another one."""
    x = np.arange(WIDTH, dtype=np.float32)
    y = np.arange(HEIGHT, dtype=np.float32)[:, None]
    for number in range(count):
        angle = (x + 0.7 * number + y / 3) / 9 if number < cut else (y + 0.4 * number - x / 5) / 5
        yield select(10 + 2 * number, 80 * number, 0.5 + 0.45 * np.sin(angle), number == cut)


def divided(frames: Iterable[Selected], redraws: Iterable[int] = REDRAWS) -> list[Stretch]:
    """The frames in stretches, new ones at `redraws`."""
    frames = tuple(frames)
    inside = [number for number in redraws if number < len(frames)]
    return [Stretch(frames[begin:end]) for begin, end in pairwise([0, *inside, len(frames)])]
