"""What a dither is to the rest of the program: a stretch of frames in, its dithers out.

The first dither of a stretch is drawn by a redraw, so whatever was shown before it does not matter; the others
follow by partial updates. So stretches do not depend on each other.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Protocol

from trainer.dithers.eye import Dither, Frame


class Ditherer(Protocol):
    """The frames of one stretch, float32[H, W] in [0, 1] -> its dithers, uint8[H, W], 1 = white, in order."""

    def __call__(self, frames: Iterable[Frame]) -> Iterator[Dither]: ...


class FrameByFrame(ABC):
    """A ditherer that looks at one frame after another, in closed loop: it knows the dither before."""

    @abstractmethod
    def dither(self, frame: Frame, shown: Dither | None) -> Dither:
        """The dither of `frame` while `shown` is on the panel; None: at the start of a stretch."""

    def __call__(self, frames: Iterable[Frame]) -> Iterator[Dither]:
        """The dithers of a stretch, each made when it is asked for."""
        shown: Dither | None = None
        for frame in frames:
            shown = self.dither(frame, shown)
            yield shown
