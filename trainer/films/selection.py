"""Which frames of a film are shown, and what each looks like: the stream that export, evaluate and
preview share.
"""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainer.errors import OptionError
from trainer.films.film import (
    BEGINNING,
    Film,
)
from trainer.films.times import Place
from trainer.films.tones import Tones
from trainer.films.walk import (
    Selected,
    Walk,
)

if TYPE_CHECKING:  # it loads matplotlib, which an export without subtitles does not need
    from trainer.films.subtitles.burning import Burning

__all__ = ["Selected", "Selection"]


@dataclass(frozen=True)
class Selection:
    """Every `every`-th frame from `start` up to and without `end`, `count` at most, without black ones on
    request, with subtitles if there are any.
    """

    start: Place = BEGINNING
    end: Place | None = None
    every: int = 1
    count: int | None = None
    skip_black: bool = False
    subtitles: "Burning | None" = None

    def __post_init__(self) -> None:
        if self.every < 1:
            raise OptionError(f"every {self.every}: the step between frames is 1 or more")
        if self.count is not None and self.count < 1:
            raise OptionError(f"count {self.count}: show 1 frame or more")

    def frames(self, film: Film, tones: Tones, after: int | None = None) -> Generator[Selected, None, None]:
        """The selected frames in film order; with `after`, those after that frame of the film, as they follow
        it in a run over all of them.
        """
        with closing(Walk(self, film, tones)) as walk:
            yield from walk.all(after)

    def estimate(self, film: Film) -> int | None:
        """About how many frames there will be, or None where the film does not say."""
        frames = film.estimate(self.start, self.end, self.every)
        return self.count if frames is None else min(frames, self.count or frames)

    def as_dict(self) -> dict[str, Any]:
        """All settings as text and plain values, for the reel's metadata; equal settings give equal dicts."""
        end = None if self.end is None else str(self.end)
        settings: dict[str, Any] = {
            "start": str(self.start), "end": end, "every": self.every, "count": self.count,
            "skip_black": self.skip_black,
        }  # fmt: skip
        return settings if self.subtitles is None else {**settings, "subtitles": str(self.subtitles)}
