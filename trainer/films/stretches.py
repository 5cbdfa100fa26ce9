"""Stretches: the frames from one redraw to the one before the next. Pure.

The first frame of a stretch is redrawn, so nothing that was shown before it matters. Stretches are dithered
independently of each other: they are the unit of parallel work and of going on after an interruption.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from trainer.dithers.ditherer import Ditherer
from trainer.dithers.eye import Dither, Frame
from trainer.errors import OptionError
from trainer.films.selection import Selected

THRESHOLD, COOLDOWN = 0.064, 20
"""The film-maker's numbers for a redraw: 100,000 of 1,552,256 pixels changed, 20 frames after the last one."""
LONGEST = 120
"""Frames in a stretch, at most, where the user chooses nothing else."""


@dataclass(frozen=True)
class Stretch:
    """The frames of one stretch. All that decides its dithers is in here, so it can go to another process."""

    frames: tuple[Selected, ...]

    def dithers(self, ditherer: Ditherer) -> Iterator[Dither]:
        """Its dithers in order, uint8[H, W], each made when it is asked for; subtitles stay crisp."""
        dithers = ditherer(selected.frame for selected in self.frames)
        for selected, dither in zip(self.frames, dithers, strict=True):
            yield selected.lettered(dither)


def stretches(frames: Iterable[Selected], longest: int = LONGEST) -> Iterator[Stretch]:
    """Divide the frames of a film, in order, into stretches.

    A new one begins at a cut; else where the tones have moved away from those of the stretch's first frame by
    more than THRESHOLD (mean |difference|), but not before COOLDOWN frames; else after `longest` frames.
    OptionError where that is less than 1.
    """
    if longest < 1:
        raise OptionError(f"--stretch {longest}: a stretch is 1 frame or longer")
    stretch: list[Selected] = []
    first: Frame
    for selected in frames:
        thumbnail = selected.thumbnail
        if stretch:
            has_moved = len(stretch) >= COOLDOWN and np.abs(thumbnail - first).mean() > THRESHOLD
            if selected.cut or has_moved or len(stretch) >= longest:
                yield Stretch(tuple(stretch))
                stretch = []
        if not stretch:
            first = thumbnail
        stretch.append(selected)
    if stretch:
        yield Stretch(tuple(stretch))
