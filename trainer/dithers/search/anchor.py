"""Where the frames of a stretch can all begin at once: thresholds through one dither, the *anchor*.

The anchor is a settled dither s of the frames' mean m. A mask of thresholds t, spread evenly over [0, 1], is
bent so that the mean becomes the anchor when it is held against the bent mask:
    t' = t m            where s is white, so that t' < m
    t' = m + (1 - m) t  where s is black, so that t' > m
If s is white with probability m, t' is spread evenly over [0, 1] too, and a frame held against t' keeps its
tones. What stands still gets the dots of the anchor. What changes flips no more than its tone changes, like
with any threshold mask. And no frame waits for the one before.

The generator is trained on the same in JAX. So both functions take arrays of NumPy, or with `xp=jax.numpy`
those of JAX.
"""

from typing import Any

import numpy as np


def anchored(mask: Any, mean: Any, anchor: Any, xp: Any = np) -> Any:
    """The mask bent through the anchor of the mean; all [..., H, W], mask and mean float32."""
    return xp.where(anchor > 0, mask * mean, mean + (1 - mean) * mask)


def begun(frames: Any, mask: Any, black: Any, white: Any, xp: Any = np) -> Any:
    """The frames, float32[..., T, H, W], held against such a mask: whether each pixel begins white.

    Where a tone was lighter before, by d, a share d of the pixels has been darkened and shows the ghost,
    `black`: the tone is lowered by what that adds. Likewise for pixels that were lightened and show `white`.
    Both are float32, numbers or arrays that broadcast.
    """
    lightest, darkest = (extreme.accumulate(frames, -3) for extreme in (xp.maximum, xp.minimum))
    return frames - black * (lightest - frames) + (1 - white) * (frames - darkest) > mask
