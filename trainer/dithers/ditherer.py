"""What a dither is to the rest of the program: a stretch of frames in, its dithers out.

The first dither of a stretch is drawn by a redraw, so what was shown before does not matter; the others
follow by partial updates. So stretches do not depend on each other.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trainer.dithers.glass import Glass, aim
from trainer.dithers.levels import CLEAN, Levels

Frame = NDArray[np.float32]
"""A frame, [H, W]: gamma-encoded tones in [0, 1]."""
Dither = NDArray[np.uint8]
"""A dither, [H, W]: 1 = white, 0 = black."""


class Ditherer(Protocol):
    """The frames of one stretch, float32[H, W] in [0, 1] -> its dithers, uint8[H, W], 1 = white, in order.

    levels: of the glass that it dithers for, to be set before the first call.
    """

    levels: Levels

    def __call__(self, frames: Iterable[Frame]) -> Iterator[Dither]: ...


class FrameByFrame(ABC):
    """A ditherer in closed loop: it makes each dither from its frame and the dither before.

    Where pixels are dirty by now it is given the tones that make up for it.
    """

    levels = CLEAN
    aim = staticmethod(aim)

    @abstractmethod
    def dither(self, frame: Frame, shown: Dither | None) -> Dither:
        """The dither of `frame` while `shown` is on the panel; None: `frame` begins a stretch."""

    def __call__(self, frames: Iterable[Frame]) -> Iterator[Dither]:
        """The dithers of a stretch, each made when it is asked for."""
        shown: Dither | None = None
        glass = Glass(self.levels)
        for frame in frames:
            shown = self.dither(self.aim(frame, glass.dirty, self.levels), shown)
            if self.levels != CLEAN:
                glass.draw(shown)
            yield shown
