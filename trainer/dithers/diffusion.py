"""Error diffusion: Floyd and Steinberg's dither, and the same leaning towards the shown pixel.

`FloydSteinberg` is Pillow's, the film-maker's baseline: every frame is dithered alone, so about a third
of all pixels flip at every frame. `Hysteresis` diffuses the same error through the same weights (R. W.
Floyd and L. Steinberg, "An adaptive algorithm for spatial greyscale", Proc. SID 17, 1976), but a pixel
that is shown white stays white down to a lower threshold, and one that is shown black stays black up to a
higher one. The error that this causes is diffused like any other, so the local tone is kept while few
pixels change.
"""

import numba
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.dithers.ditherer import FrameByFrame
from trainer.errors import OptionError

LEAN_LIVELIEST, LEAN_CALMEST = 0.05, 0.45
"""The useful range of the lean, in tone; see `Hysteresis`."""


class FloydSteinberg(FrameByFrame):
    """Pillow's Floyd-Steinberg dither of the frame alone; the shown dither is ignored."""

    def dither(self, frame: NDArray[np.float32], shown: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
        """Dither `frame` (float32[H, W] in [0, 1]) to uint8[H, W], 1 = white."""
        grey = Image.fromarray((frame * 255 + 0.5).astype(np.uint8))
        return np.asarray(grey.convert("1"), dtype=np.uint8)


class Hysteresis(FrameByFrame):
    """Floyd-Steinberg's error diffusion with the threshold at 1/2, moved by `lean` towards the shown pixel.

    `dial` in [0, 1] maps linearly onto a lean of LEAN_LIVELIEST..LEAN_CALMEST. Below that range nearly as
    many pixels flip as without it; above it the picture lags behind the film.
    """

    def __init__(self, dial: float = 0.5) -> None:
        if not 0 <= dial <= 1:
            raise OptionError(f"the dial of hysteresis is {dial:g}: choose 0 (liveliest) to 1 (calmest)")
        self.lean = np.float32(LEAN_LIVELIEST + dial * (LEAN_CALMEST - LEAN_LIVELIEST))

    def dither(self, frame: NDArray[np.float32], shown: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
        """Dither `frame` (float32[H, W] in [0, 1]) to uint8[H, W], 1 = white, leaning towards `shown`."""
        if shown is None:
            return _diffuse(frame, np.zeros(frame.shape, np.uint8), np.float32(0), True)
        return _diffuse(frame, shown, self.lean, True)


def diffused(frame: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Floyd and Steinberg's dither of the frame alone, from left to right in every row, in full precision:
    float32[H, W] in [0, 1] to uint8[H, W].

    On flat greys it leaks less into low frequencies than a serpentine one, which leans better.
    """
    return _diffuse(frame, np.zeros(frame.shape, np.uint8), np.float32(0), False)


@numba.njit("uint8[:,::1](float32[:,::1], uint8[:,::1], float32, boolean)", nogil=True, cache=True)
def _diffuse(
    frame: NDArray[np.float32], previous: NDArray[np.uint8], lean: np.float32, serpentine: bool
) -> NDArray[np.uint8]:  # pragma: no cover (compiled)
    """Error diffusion: 7 sixteenths ahead, then 3, 5 and 1 to the row below; what leaves the frame is lost.

    Serpentine: every second row runs from right to left. `owed` holds the error that
    the row above has sent to each column, one place to the right of it, so that neither edge needs a
    test. A pixel's share for the row below is complete when the pixel after it is done: the two sums in
    flight (`behind` for the column just left, `under` for this one) stay in registers until then.
    """
    height, width = frame.shape
    dither = np.empty((height, width), np.uint8)
    owed = np.zeros(width + 2, np.float32)
    keeps_black, keeps_white = np.float32(0.5) + lean, np.float32(0.5) - lean
    for y in range(height):
        step, x = (-1, width - 1) if serpentine and y % 2 else (1, 0)
        ahead = behind = under = np.float32(0)
        for _ in range(width):
            value = frame[y, x] + owed[x + 1] + ahead
            white = value > (keeps_white if previous[y, x] else keeps_black)
            dither[y, x] = white
            error = value - np.float32(1) if white else value
            ahead = error * np.float32(7 / 16)
            owed[x + 1 - step] = behind + error * np.float32(3 / 16)
            behind = under + error * np.float32(5 / 16)
            under = error * np.float32(1 / 16)
            x += step
        owed[x + 1 - step] = behind
    return dither
