"""The time line of a pixel in a window: its colours over the frames, as the bits of one integer. Pure.

Bit t is 1 where the pixel is white in frame t. What comes before the window is one of five states. Compiled
by numba, for `joint.py`.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from trainer.dithers.ditherer import Dither

LONGEST_WINDOW = 64
"""Frames: the bits of a time line."""
CLEAN_BLACK, CLEAN_WHITE, DIRTY_BLACK, DIRTY_WHITE, OPENS = 0, 1, 2, 3, 4
"""What comes before the window, for each pixel: colour and state of the frame before, or the redraw."""

NO_BITS, BIT, ALL_BITS = np.uint64(0), np.uint64(1), np.uint64(2**64 - 1)
# The product of this number with a power of two tells by its upper six bits which one it is.
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
_PLACES = np.zeros(64, np.int8)
_PLACES[[(int(_DE_BRUIJN) << place & 2**64 - 1) >> 58 for place in range(64)]] = range(64)


_jit = numba.njit(nogil=True, cache=True, error_model="numpy")


@_jit
def dither_of(lines: NDArray[np.uint64], frame: int) -> Dither:  # pragma: no cover (compiled)
    """The dither of a frame, without the planes of 64 bits that NumPy would make on the way."""
    dither = np.empty(lines.shape, np.uint8)
    for y in range(lines.shape[0]):
        for x in range(lines.shape[1]):
            dither[y, x] = (lines[y, x] >> np.uint64(frame)) & BIT
    return dither


@_jit
def put(lines: NDArray[np.uint64], frame: int, dither: Dither) -> None:  # pragma: no cover (compiled)
    """Add the dither of a frame that is 0 so far."""
    for y in range(lines.shape[0]):
        for x in range(lines.shape[1]):
            lines[y, x] |= np.uint64(dither[y, x]) << np.uint64(frame)


@_jit
def trailing_zeros(bits: np.uint64) -> int:  # pragma: no cover (compiled)
    """How many frames from the first on have a 0 in these bits, 0 to 64."""
    if bits == NO_BITS:
        return 64
    lowest = bits & (~bits + BIT)
    return int(_PLACES[(lowest * _DE_BRUIJN) >> np.uint64(58)])


@_jit
def mask_of(start: int, end: int) -> np.uint64:  # pragma: no cover (compiled)
    """The bits of the frames from `start` to before `end`."""
    if end - start >= 64:
        return ALL_BITS
    return ((BIT << np.uint64(end - start)) - BIT) << np.uint64(start)


@_jit
def colour_at(line: np.uint64, frame: int) -> bool:  # pragma: no cover (compiled)
    """Whether the pixel is white in that frame."""
    return (line >> np.uint64(frame)) & BIT != NO_BITS


@_jit
def first_dirty(line: np.uint64, before: int, frames: int) -> int:  # pragma: no cover (compiled)
    """`_State.first` of a time line."""
    if before in (DIRTY_BLACK, DIRTY_WHITE):
        return -1
    clean_white = colour_at(line, 0) if before == OPENS else before == CLEAN_WHITE
    return min(frames, trailing_zeros(line ^ ALL_BITS if clean_white else line))


@_jit
def flips_of(
    line: np.uint64, before: int, start: int, end: int, frames: int
) -> int:  # pragma: no cover (compiled)
    """How many more flips there are once the interval, which is of one colour, is toggled."""
    white = colour_at(line, start)
    more = 0
    if start > 0:
        more += 1 if colour_at(line, start - 1) == white else -1
    elif before != OPENS:
        more += 1 if (before & 1 != 0) == white else -1
    if end < frames:
        more += 1 if colour_at(line, end) == white else -1
    return more
