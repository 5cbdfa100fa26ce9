"""Where the frames of a stretch can all begin at once: thresholds through one dither, the *anchor*.

The anchor is a settled dither s of the frames' mean m. A mask of thresholds t, spread evenly over [0, 1], is
bent so that the mean becomes the anchor when it is held against the bent mask:
    t' = t m            where s is white, so that t' < m
    t' = m + (1 - m) t  where s is black, so that t' > m
If s is white with probability m, t' is spread evenly over [0, 1] too, and a frame held against t' keeps its
tones. What stands still gets the dots of the anchor. What changes flips no more than its tone changes, like
with any threshold mask. And no frame waits for the one before.
"""

import numpy as np
from numpy.typing import NDArray

from trainer.dithers.ditherer import Dither, Frame
from trainer.dithers.levels import Levels


def anchored(mask: NDArray[np.float32], mean: Frame, anchor: Dither) -> NDArray[np.float32]:
    """The mask, float32[H, W], bent through the anchor, uint8[H, W], of the mean, float32[H, W]."""
    return np.where(anchor > 0, mask * mean, mean + (1 - mean) * mask).astype(np.float32)


def begun(frames: NDArray[np.float32], mask: NDArray[np.float32], levels: Levels) -> Dither:
    """The frames, float32[T, H, W], held against such a mask, uint8[T, H, W].

    Where a tone was lighter before, by d, a share d of the pixels has been darkened and shows the ghost: the
    tone is lowered by what that adds. Likewise for pixels that were lightened.
    """
    black, white = np.float32(levels.black), np.float32(levels.white)
    if (black, white) == (0, 1):
        return (frames > mask).astype(np.uint8)
    lightest, darkest = np.maximum.accumulate(frames), np.minimum.accumulate(frames)
    tones = frames - black * (lightest - frames) + (1 - white) * (frames - darkest)
    return (tones > mask).astype(np.uint8)
