"""A stretch of a film that is kept from training, to be scored on."""

from collections.abc import Generator
from pathlib import Path

from trainer.errors import OptionError
from trainer.films.film import (
    BEGINNING,
    Film,
    FilmFrame,
)
from trainer.films.times import Place
from trainer.fit.bursts import LENGTH

USUAL_START = 0.75
"""Where in a film the stretch begins, if nothing is said: before the credits."""


def stretch_of(film: Film, start: Place | None, count: int) -> range:
    """The numbers of the stretch's frames. OptionError where the film, by its header, has too few for it."""
    if count < 2:
        raise OptionError(f"--test-count {count}: score 2 frames or more, as flips lie between two")
    frames = film.estimate()
    if start is None and frames is None:
        raise OptionError(f"{film.name} does not say how long it is; give --test-start")
    first = int(USUAL_START * (frames or 0)) if start is None else film.about(start)
    if start is None and frames is not None:
        first = max(0, min(first, frames - count))
    if frames is not None and (first + count > frames or frames - count < LENGTH):
        raise OptionError(
            f"{film.name} has {frames} frames, too few to keep {count} from {first} on for the score and "
            f"train on {LENGTH} others; choose another --test-start, a smaller --test-count, or a longer film"
        )
    return range(first, first + count)


class WithoutStretch(Film):
    """A film of which the frames of a stretch are never seen; what comes after it follows like a cut."""

    def __init__(self, path: Path, stretch: range) -> None:
        super().__init__(path)
        self.stretch = stretch

    def frames(
        self, start: Place = BEGINNING, end: Place | None = None, every: int = 1, resume: int = 0
    ) -> Generator[FilmFrame, None, None]:
        """As a film's, the numbers too, but for the stretch."""
        frames = super().frames(start, end, every, resume)
        return (frame for frame in frames if frame.number not in self.stretch)

    def estimate(self, start: Place = BEGINNING, end: Place | None = None, every: int = 1) -> int | None:
        """As a film's, without those of the stretch, if all of it lies in between."""
        frames = super().estimate(start, end, every)
        inside = self.about(start) <= self.stretch.start and end is None
        return frames - len(self.stretch[::every]) if frames is not None and inside else frames
