"""The threshold mask: a pixel is white where the frame is brighter than a fixed blue-noise threshold.

The mask is frozen in time and lies in absolute pixel coordinates, so a pixel flips only when the tone crosses
its threshold: the share of flips is mean |change of tone|, the least possible for a dither whose every pixel
is unbiased. The dither before is of no use to it, and it has no dial.
Source: R. Ulichney, "The void-and-cluster method for dither array generation", Proc. SPIE 1913, 1993.
"""

from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.dithers.ditherer import FrameByFrame

MASK = "void-and-cluster-256.png"
"""The ranks of the mask that ships, 16-bit grey, in this package; `README.md` says how it was made."""


@cache
def thresholds() -> NDArray[np.float32]:
    """The shipped mask as thresholds (rank + 1/2) / n^2, float32[256, 256], read-only; its edges wrap."""
    with files("trainer.dithers").joinpath(MASK).open("rb") as file, Image.open(file) as image:
        ranks = np.asarray(image, dtype=np.float32)
    mask = (ranks + np.float32(0.5)) / np.float32(ranks.size)
    mask.flags.writeable = False
    return mask


def tiled(mask: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """The mask repeated from the top left corner over a frame of that shape, float32[H, W]."""
    rows, columns = np.arange(shape[0]) % mask.shape[0], np.arange(shape[1]) % mask.shape[1]
    return mask[np.ix_(rows, columns)]


class Mask(FrameByFrame):
    """Thresholds every frame with the same mask, by default the one that ships."""

    def __init__(self, mask: NDArray[np.float32] | None = None) -> None:
        self.mask = thresholds() if mask is None else mask
        self._tiled = self.mask

    def dither(self, frame: NDArray[np.float32], shown: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
        """Dither `frame` (float32[H, W] in [0, 1]) to uint8[H, W], 1 = white; the shown dither is ignored."""
        if self._tiled.shape != frame.shape:
            self._tiled = tiled(self.mask, (frame.shape[0], frame.shape[1]))
        return (frame > self._tiled).view(np.uint8)
