"""The frame stream: which frames of a film are shown, in film order, and what each looks like.

A frame depends on nothing but the film, the selection and the frame before it, so a resumed run gets the same
frames.
"""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.cores import ahead
from trainer.errors import OptionError
from trainer.films.cuts import is_cut
from trainer.films.film import BEGINNING, Film
from trainer.films.times import Place
from trainer.films.tones import Tones, is_black

if TYPE_CHECKING:  # it loads matplotlib, which an export without subtitles does not need
    from trainer.films.subtitles import Letters, SubtitleRenderer

SMALL = 4
"""A thumbnail is this many times smaller than the frame in each direction."""


@dataclass(frozen=True)
class Selected:
    """One frame to show. It can be pickled; its tones are made when they are asked for.

    number and time_ms: in the film. cut: a cut lies before it. image: luma, uint8[h, w], in the film's own
    pixels, which are `pixel_aspect` times as wide as high. letters: of the subtitles to burn in, if any.
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
        """The frame, float32[H, W] in [0, 1], with its letters; made anew each time."""
        frame = self.tones(self.image, self.pixel_aspect)
        if self.letters is None:
            return frame
        return np.where(self.letters.all, self.letters.white, frame).astype(np.float32)

    @property
    def thumbnail(self) -> NDArray[np.float32]:
        """The frame without letters, float32[H / SMALL, W / SMALL]; made anew each time."""
        width, height = self.tones.size
        small = replace(self.tones, size=(max(1, width // SMALL), max(1, height // SMALL)))
        return small(self.image, self.pixel_aspect)

    def lettered(self, dither: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A dither of this frame, uint8[H, W], with the letters put back exactly."""
        if self.letters is None:
            return dither
        return np.where(self.letters.all, self.letters.white, dither).astype(np.uint8)


@dataclass(frozen=True)
class Selection:
    """Every `every`-th frame from `start` up to but not including `end`, at most `count`; without black
    frames if `skip_black`, and with `subtitles` burnt in.
    """

    start: Place = BEGINNING
    end: Place | None = None
    every: int = 1
    count: int | None = None
    skip_black: bool = False
    subtitles: "SubtitleRenderer | None" = None

    def __post_init__(self) -> None:
        if self.every < 1:
            raise OptionError(f"every {self.every}: the step between frames is 1 or more")
        if self.count is not None and self.count < 1:
            raise OptionError(f"count {self.count}: show 1 frame or more")

    def frames(
        self,
        film: Film,
        tones: Tones,
        after: int | None = None,
        done: int = 0,
        after_ms: int | None = None,
    ) -> Generator[Selected, None, None]:
        """The selected frames in film order, decoded ahead in a thread of its own.

        To resume, `after` is the film's number of the last frame that is done, `after_ms` its time, by which
        it is found sooner, and `done` how many were up to it: then only the frames that follow are given.
        Close the stream (`contextlib.closing`) to free the decoder. FilmError if the film holds no frame of
        the selection.
        """
        return ahead(self._frames(film, tones, after, done, after_ms))

    def _frames(
        self, film: Film, tones: Tones, after: int | None, done: int, after_ms: int | None
    ) -> Generator[Selected, None, None]:
        if done == self.count:
            return
        before: NDArray[np.uint8] | None = None
        before_ms: int | None = None
        with closing(film.frames(self.start, self.end, self.every, after or 0, after_ms)) as stream:
            for number, time_ms, image, pixel_aspect in stream:
                since_ms, before_ms = before_ms, time_ms
                if number == after:
                    before = image
                    continue
                letters = None
                if self.subtitles is not None:
                    offset = film.offset_ms  # subtitles follow the container's clock
                    since = None if since_ms is None else since_ms + offset
                    letters = self.subtitles.letters(time_ms + offset, since, tones.size)
                cut = before is not None and is_cut(before, image)
                selected = Selected(number, time_ms, cut, image, tones, pixel_aspect, letters)
                if self.skip_black and is_black(selected.frame):
                    continue
                yield selected
                before, done = image, done + 1
                if done == self.count:
                    return

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
