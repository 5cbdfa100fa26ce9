"""`Raster`: hysteresis in numpy alone, for machines on which numba does not run or takes too much memory.

It is `diffusion.Hysteresis` with every row from left to right. Then a pixel depends on none that lies further
than x + 2y, so all pixels of equal x + 2y are dithered at once: a wavefront of up to W / 2 pixels. (The
serpentine order of `Hysteresis`, in which a row begins where the one above has ended, has no such fronts.)
"""

import numpy as np
from numpy.typing import NDArray

from trainer.dithers.ditherer import FrameByFrame
from trainer.dithers.glass import aim_in_numpy
from trainer.errors import OptionError

LEAN_LIVELIEST, LEAN_CALMEST = 0.05, 0.45
"""As in `diffusion`, which loads numba."""

_WEIGHTS = np.array([[7], [3], [5], [1]], np.float32) / 16  # ahead; below: behind, under, ahead


class Raster(FrameByFrame):
    """Error diffusion with the threshold at 1/2, moved towards the shown pixel by a lean that `dial` sets."""

    aim = staticmethod(aim_in_numpy)

    def __init__(self, dial: float = 0.5) -> None:
        if not 0 <= dial <= 1:
            raise OptionError(f"the dial of raster is {dial:g}: choose 0 (liveliest) to 1 (calmest)")
        self.lean = np.float32(LEAN_LIVELIEST + dial * (LEAN_CALMEST - LEAN_LIVELIEST))

    def dither(self, frame: NDArray[np.float32], shown: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
        """Dither `frame` (float32[H, W] in [0, 1]) to uint8[H, W], 1 = white, leaning towards `shown`."""
        if shown is None:
            return diffuse(frame, np.full(frame.shape, 0.5, np.float32))
        keeps = np.array([0.5 + self.lean, 0.5 - self.lean], np.float32)
        return diffuse(frame, keeps[shown])


def diffuse(frame: NDArray[np.float32], thresholds: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Floyd and Steinberg's error diffusion, float32[H, W] to uint8[H, W], 1 = white: above its threshold.

    The errors of a front are weighted once, and kept for the three fronts that need them. Row y has its place
    y + 1 in them; what lies outside the frame is 0.
    """
    height, width = frame.shape
    dither = np.empty(height * width, np.uint8)
    tones, limits = np.ascontiguousarray(frame).ravel(), thresholds.ravel()
    step = width - 2  # from a pixel of a front to the next, one row down, in the flat frame
    last, before, oldest = (np.zeros((4, height + 1), np.float32) for _ in range(3))
    for front in range(width + 2 * (height - 1)):
        top, end = max(0, (front - width) // 2 + 1), min(height, front // 2 + 1)
        pixels = slice(front + top * step, front + (end - 1) * step + 1, step or None)
        value = tones[pixels] + ((oldest[3, top:end] + before[2, top:end]) + last[1, top:end])
        value += last[0, top + 1 : end + 1]
        white = value > limits[pixels]
        dither[pixels] = white
        value -= white
        oldest[:] = 0
        np.multiply(_WEIGHTS, value, out=oldest[:, top + 1 : end + 1])
        last, before, oldest = oldest, last, before
    return dither.reshape(height, width)
