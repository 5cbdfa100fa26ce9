"""Which frames of a film are shown, and what each looks like: the stream that export, evaluate and
preview share.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.cuts import is_cut
from trainer.dithers import Ditherer
from trainer.errors import OptionError
from trainer.films import BEGINNING, Film
from trainer.times import FrameNumber, Place
from trainer.tones import Tones, is_black

if TYPE_CHECKING:  # it loads matplotlib, which an export without subtitles does not need
    from trainer.burning import Burning, Letters


@dataclass(frozen=True)
class Selected:
    """One frame to show: its number and time (ms) in the film, whether a cut comes before it, its tones, and
    the letters of subtitles that are burnt into them.
    """

    number: int
    time_ms: int
    cut: bool
    frame: NDArray[np.float32]
    letters: "Letters | None" = None

    def dithered(self, ditherer: Ditherer, shown: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
        """Its dither after the shown one, uint8[H, W], with the letters as they are."""
        dither = ditherer(self.frame, shown)
        if self.letters is None:
            return dither
        return np.where(self.letters.all, self.letters.white, dither).astype(np.uint8)


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

    def frames(
        self, film: Film, tones: Tones, after: int | None = None, already: int = 0
    ) -> Generator[Selected, None, None]:
        """The selected frames in film order.

        `after` and `already` go on with an earlier run: the film frame that it ended with, and how many
        it had. What follows is what that run would have yielded, since a frame depends on the film and
        the one before it.
        """
        start = self.start if after is None else FrameNumber(after)
        before: NDArray[np.uint8] | None = None
        before_ms: int | None = None
        for film_frame in film.frames(start, self.end, self.every):
            if already == self.count:
                return
            frame = tones(film_frame.image, film.pixel_aspect)
            letters = None
            if self.subtitles is not None:
                letters = self.subtitles.letters(film_frame.time_ms, before_ms, tones.size)
                before_ms = film_frame.time_ms
            if letters is not None:
                frame = np.where(letters.all, letters.white, frame).astype(np.float32)
            if self.skip_black and film_frame.number != after and is_black(frame):
                continue
            cut = before is not None and is_cut(before, film_frame.image)
            before = film_frame.image
            if film_frame.number != after:
                already += 1
                yield Selected(film_frame.number, film_frame.time_ms, cut, frame, letters)

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
