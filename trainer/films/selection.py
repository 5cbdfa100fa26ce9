"""The frame stream: which frames of a film are shown, in film order, and what each looks like.

A frame depends on the film, the selection and the frame before it, so an interrupted run goes on with the same
frames.
"""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.errors import OptionError
from trainer.films.cuts import is_cut
from trainer.films.film import BEGINNING, Film
from trainer.films.times import Place
from trainer.films.tones import Tones, is_black

if TYPE_CHECKING:  # it loads matplotlib, which an export without subtitles does not need
    from trainer.films.subtitles.burning import Burning, Letters

SMALL = 4
"""A thumbnail is this many times smaller than the frame, each way."""


@dataclass(frozen=True)
class Selected:
    """One frame to show. It can be pickled; its tones are made when they are asked for.

    number and time_ms: in the film. cut: a cut lies before it. image: luma, uint8[h, w], in the film's own
    pixels, which are `pixel_aspect` times as wide as high. letters: of subtitles, as they are burnt in.
    """

    number: int
    time_ms: int
    cut: bool
    image: NDArray[np.uint8]
    tones: Tones
    pixel_aspect: float = 1.0
    letters: "Letters | None" = None

    @property
    def frame(self) -> NDArray[np.float32]:
        """The frame, float32[H, W] in [0, 1], with its letters; made anew at every call."""
        frame = self.tones(self.image, self.pixel_aspect)
        if self.letters is None:
            return frame
        return np.where(self.letters.all, self.letters.white, frame).astype(np.float32)

    @property
    def thumbnail(self) -> NDArray[np.float32]:
        """The frame without letters, reduced SMALL times each way, float32[H / SMALL, W / SMALL]."""
        width, height = self.tones.size
        small = replace(self.tones, size=(max(1, width // SMALL), max(1, height // SMALL)))
        return small(self.image, self.pixel_aspect)

    def lettered(self, dither: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Its dither, uint8[H, W], with the letters exactly as they are."""
        if self.letters is None:
            return dither
        return np.where(self.letters.all, self.letters.white, dither).astype(np.uint8)


@dataclass(frozen=True)
class Selection:
    """Every `every`-th frame from `start` up to but not including `end`, at most `count`; black frames are left
    out on request, subtitles burnt in if there are any.
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

    def frames(
        self, film: Film, tones: Tones, after: int | None = None, done: int = 0
    ) -> Generator[Selected, None, None]:
        """The selected frames in film order. `after`: only those that follow this frame of the film, which is
        one of them and was shown; `done`: how many there were up to it.

        Close it to free the decoder. FilmError where the film holds no frame of the selection.
        """
        shown = done
        before: NDArray[np.uint8] | None = None
        before_ms: int | None = None
        with closing(film.grabbed(self.start, self.end, self.every)) as stream:
            for grabbed in stream:
                if shown == self.count:
                    return
                since_ms, before_ms = before_ms, grabbed.time_ms
                if after is not None and grabbed.number <= after:
                    if grabbed.number == after:
                        before = grabbed.image()
                    continue
                image = grabbed.image()
                letters = None
                if self.subtitles is not None:
                    letters = self.subtitles.letters(grabbed.time_ms, since_ms, tones.size)
                cut = before is not None and is_cut(before, image)
                selected = Selected(
                    grabbed.number, grabbed.time_ms, cut, image, tones, film.pixel_aspect, letters
                )
                if self.skip_black and is_black(selected.frame):
                    continue
                before, shown = image, shown + 1
                yield selected

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
