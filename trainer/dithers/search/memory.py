"""How many frames the joint search takes together, and the memory that takes. Pure."""

import math

from trainer.errors import OptionError

WINDOW, OVERLAP = 12, 4
"""Frames that are searched together, and how many of them are searched again with those that follow."""
FEWEST = 4
"""Frames in a window that is to be worth more than the search frame by frame."""
_FIXED, _PER_PIXEL, _PER_PIXEL_AND_FRAME = 190_000_000, 70, 8.5
"""Bytes of anonymous memory that `trainer export` takes, as measured (docs/scale.md)."""


def window_within(memory: int, size: tuple[int, int]) -> int:
    """The most frames, WINDOW or fewer, that one process can search together in so many bytes. OptionError.

    size: (width, height) of the frames.
    """
    pixels = size[0] * size[1]
    frames = (memory - _FIXED - _PER_PIXEL * pixels) / (_PER_PIXEL_AND_FRAME * pixels)
    if frames < FEWEST:
        least = _FIXED + (_PER_PIXEL + FEWEST * _PER_PIXEL_AND_FRAME) * pixels
        raise OptionError(
            f"--memory is too little for search at {size[0]}x{size[1]} pixels: give it "
            f"{math.ceil(least / 2**20)}M for each worker, or choose --dither hysteresis"
        )
    return min(int(frames), WINDOW)
