"""What the glass shows of the dithers of a stretch: ghosts, until the next redraw. Pure.

The first dither of a stretch is drawn by a redraw, after which every pixel is clean: black is 0, white is 1.
The others are drawn by partial updates, which change only the pixels that flip and leave each of them a
little off: a pixel that was darkened shows `black` instead of 0, one that was lightened `white` instead of 1.
A pixel that has flipped since the redraw is *dirty*; it shows one of these two levels until the next redraw.

Published drivers agree on what ghosts and what cleans it; nobody has published the levels of any panel.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from trainer.dithers.levels import CLEAN, Levels

Picture = NDArray[np.float32]
"""[H, W]: reflectance between a clean black, 0, and a clean white, 1."""


class Glass:
    """The glass during one stretch, after any of its dithers.

    dirty: bool[H, W], the pixels that have flipped since the redraw; None before the first dither.
    """

    def __init__(self, levels: Levels) -> None:
        self.levels = levels
        self.dirty: NDArray[np.bool_] | None = None
        self._shown: NDArray[np.uint8] | None = None

    def draw(self, dither: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Draw the next dither, uint8[H, W]: the first by a redraw, the others by partial updates.

        Returns the pixels that are dirty then.
        """
        if self.dirty is None or self._shown is None:
            self.dirty = np.zeros(dither.shape, bool)
        else:
            np.logical_or(self.dirty, dither != self._shown, out=self.dirty)
        self._shown = dither
        return self.dirty

    def show(self, dither: NDArray[np.uint8]) -> Picture:
        """Draw the next dither; what is to be seen then, float32[H, W]."""
        dirty = self.draw(dither)
        black, white = np.float32(self.levels.black), np.float32(self.levels.white)
        return np.where(dirty, np.where(dither, white, black), dither).astype(np.float32)


def aim(frame: Picture, dirty: NDArray[np.bool_] | None, levels: Levels) -> Picture:
    """The frame that a dither should aim at so that the glass shows `frame`, both float32[H, W] in [0, 1].

    It differs where pixels are `dirty` already (None: nowhere). Tones that the glass cannot show are clipped.
    """
    if dirty is None or levels == CLEAN:
        return frame
    return _compiled_aim()(frame, dirty, np.float32(levels.black), np.float32(levels.white))


def aim_in_numpy(frame: Picture, dirty: NDArray[np.bool_] | None, levels: Levels) -> Picture:
    """`aim` without numba, which some machines lack."""
    if dirty is None or levels == CLEAN:
        return frame
    black = np.float32(levels.black)
    goal = frame - black
    goal *= np.float32(1) / (np.float32(levels.white) - black)
    np.maximum(goal, 0, out=goal)
    np.minimum(goal, 1, out=goal)
    np.copyto(goal, frame, where=~dirty)
    return goal


@cache
def _compiled_aim() -> Callable[..., Picture]:
    import numba  # not at the top: an export with `raster` does without it, and without the memory it takes

    compiled: Callable[..., Picture] = numba.njit(nogil=True, cache=True)(_aim)
    return compiled


def _aim(
    frame: Picture, dirty: NDArray[np.bool_], black: np.float32, white: np.float32
) -> Picture:  # pragma: no cover (compiled)
    """`aim` in one pass: NumPy takes ten times as long as hysteresis itself may."""
    goal = np.empty_like(frame)
    scale = np.float32(1) / (white - black)
    for y in range(frame.shape[0]):
        for x in range(frame.shape[1]):
            tone = (frame[y, x] - black) * scale
            tone = min(max(tone, np.float32(0)), np.float32(1))
            goal[y, x] = tone if dirty[y, x] else frame[y, x]
    return goal


def glass(dithers: Iterable[NDArray[np.uint8]], levels: Levels) -> Iterator[Picture]:
    """What is to be seen of the dithers of one stretch, each made when it is asked for."""
    state = Glass(levels)
    for dither in dithers:
        yield state.show(dither)


class Forecast:
    """The error on the glass that no dither can take away, from the tones of a stretch alone.

    Where a tone was lighter earlier in the stretch, by d, at least a share d of the pixels there has been
    darkened and is black. With a ghost of g they show d * g: more than a tone below that can bear, and off
    by d * spread, in one direction or the other, where g is uncertain. Likewise for lightened pixels, of
    which only the mean is known. (A threshold mask darkens no more than d; `search` little more.)
    """

    def __init__(self, levels: Levels) -> None:
        self.levels = levels
        self._lightest: Picture | None = None
        self._darkest: Picture | None = None

    def __call__(self, tones: Picture) -> float:
        """Add the next frame, float32[h, w] in [0, 1], of any size; the root mean square of its error."""
        if self._lightest is None or self._darkest is None:
            self._lightest, self._darkest = tones.copy(), tones.copy()
            return 0.0
        np.maximum(self._lightest, tones, out=self._lightest)
        np.minimum(self._darkest, tones, out=self._darkest)
        darkened, lightened = self._lightest - tones, tones - self._darkest
        black, white, spread = self.levels
        too_light = np.maximum(0, black * darkened - tones)
        too_dark = np.maximum(0, (1 - white) * lightened - (1 - tones))
        unknown = spread * darkened
        return float(np.sqrt(np.mean(too_light**2 + too_dark**2 + unknown**2)))
