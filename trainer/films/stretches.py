"""Stretches: the frames from one redraw to the next. Pure.

The first frame of a stretch is redrawn, so nothing that was shown before it matters. Stretches are dithered
independently of each other: they are the unit of parallel work, and of resuming after an interruption.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from trainer.dithers.ditherer import Dither, Frame
from trainer.dithers.glass import Forecast
from trainer.films.plan import SHORTEST, USUAL, Plan
from trainer.films.selection import Selected


@dataclass(frozen=True)
class Stretch:
    """The frames of one stretch. It holds all that decides its dithers, and can go to another process."""

    frames: tuple[Selected, ...]

    def dithers(self, ditherer: Callable[[Iterable[Frame]], Iterator[Dither]]) -> Iterator[Dither]:
        """Its dithers in order, uint8[H, W], each made when it is asked for; subtitles stay crisp."""
        dithers = ditherer(selected.frame for selected in self.frames)
        for selected, dither in zip(self.frames, dithers, strict=True):
            yield selected.lettered(dither)


def redraw_plan(frames: Iterable[Selected], plan: Plan = USUAL) -> Iterator[tuple[Selected, bool]]:
    """The frames of a film, in order, each with whether a stretch begins at it."""
    forecast, length = Forecast(plan.levels), 0
    for selected in frames:
        begins = length == 0 or selected.cut or length >= plan.longest
        if not begins:
            error = forecast(selected.thumbnail)
            begins = length >= SHORTEST and error > plan.limit
        if begins:
            forecast, length = Forecast(plan.levels), 0
            forecast(selected.thumbnail)
        length += 1
        yield selected, begins


def stretches(frames: Iterable[Selected], plan: Plan = USUAL) -> Iterator[Stretch]:
    """The frames of a film, in order, divided into stretches."""
    stretch: list[Selected] = []
    for selected, begins in redraw_plan(frames, plan):
        if begins and stretch:
            yield Stretch(tuple(stretch))
            stretch = []
        stretch.append(selected)
    if stretch:
        yield Stretch(tuple(stretch))
