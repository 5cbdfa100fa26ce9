"""Stretches: the frames from one redraw to the one before the next. Pure.

The first frame of a stretch is redrawn, so nothing that was shown before it matters. Stretches are dithered
independently of each other: they are the unit of parallel work, and of resuming after an interruption.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from trainer.dithers.ditherer import Dither, Frame
from trainer.errors import OptionError
from trainer.films.selection import Selected

THRESHOLD, COOLDOWN = 0.064, 20
"""The film-maker's rule for a redraw: 100,000 of 1,552,256 pixels changed, 20 frames after the last one."""
LONGEST = 120
"""The most frames in a stretch, unless the user chooses otherwise."""


@dataclass(frozen=True)
class Stretch:
    """The frames of one stretch. It holds all that decides its dithers, and can go to another process."""

    frames: tuple[Selected, ...]

    def dithers(self, ditherer: Callable[[Iterable[Frame]], Iterator[Dither]]) -> Iterator[Dither]:
        """Its dithers in order, uint8[H, W], each made when it is asked for; subtitles stay crisp."""
        dithers = ditherer(selected.frame for selected in self.frames)
        for selected, dither in zip(self.frames, dithers, strict=True):
            yield selected.lettered(dither)


def redraw_plan(
    frames: Iterable[Selected], longest: int = LONGEST, threshold: float = THRESHOLD
) -> Iterator[tuple[Selected, bool]]:
    """The frames of a film, in order, each with whether a stretch begins at it.

    A stretch begins at a cut; else where the tones have moved away from those of the last stretch's first
    frame by more than `threshold` (mean |difference|), but not before COOLDOWN frames; else after `longest`
    frames. OptionError if that is less than 1.
    """
    if longest < 1:
        raise OptionError(f"--stretch {longest}: a stretch is 1 frame or longer")
    return _planned(frames, longest, threshold)


def _planned(frames: Iterable[Selected], longest: int, threshold: float) -> Iterator[tuple[Selected, bool]]:
    first: Selected | None = None
    length = 0
    for selected in frames:
        begins = first is None or selected.cut or length >= longest
        if first is not None and not begins and length >= COOLDOWN:  # thumbnails cost something
            if length == COOLDOWN:
                first_tones = first.thumbnail
            begins = bool(np.abs(selected.thumbnail - first_tones).mean() > threshold)
        if begins:
            first, length = selected, 0
        length += 1
        yield selected, begins


def stretches(
    frames: Iterable[Selected], longest: int = LONGEST, threshold: float = THRESHOLD
) -> Iterator[Stretch]:
    """The frames of a film, in order, divided into stretches as `redraw_plan` says. OptionError."""
    return _divided(redraw_plan(frames, longest, threshold))


def _divided(planned: Iterable[tuple[Selected, bool]]) -> Iterator[Stretch]:
    stretch: list[Selected] = []
    for selected, begins in planned:
        if begins and stretch:
            yield Stretch(tuple(stretch))
            stretch = []
        stretch.append(selected)
    if stretch:
        yield Stretch(tuple(stretch))
