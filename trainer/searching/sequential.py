"""The search, one move after another: compiled by numba, on as many cores as there are.

Pixels are visited in raster order within blocks. At each, the best of the toggle and the swaps is made if it
lowers the energy, and c * e is brought up to date at once over the support of the kernel, which is not
truncated: what is minimised is the energy of `energy.py` itself, up to the rounding of float32. Two
tests, neither of which can miss a move, keep it quick:
- a move needs a pixel with u < c_max - 1, c_max the largest c between two pixels, since a swap has
  dE >= 2 - 2 c_max + u(m) + u(n) and a toggle dE = 1 + u(m);
- a block is visited again only if c * e has changed within it, or within reach of it, since its last visit.

The frame lies in stripes of rows, so high that two stripes with a third between them are out of each other's
reach. Every pass visits the even stripes first and then the odd ones, several at once where there are several
cores. The stripes depend on the kernel alone, so the dither is the same on any number of cores.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from trainer import cores
from trainer.eye import Dither, Frame, Kernel
from trainer.searching.convolution import convolved
from trainer.searching.energy import REACH, TOLERANCE, reaching

PASSES = 100
"""Passes over the frame after which the search stops, settled or not: far more than frames of a film need."""

_BLOCK = 32
_TOLERANCE = np.float32(TOLERANCE)

Plane = NDArray[np.float32]


def settle(
    frame: Frame,
    start: Dither,
    previous: Dither,
    price: float,
    kernel: Kernel,
    passes: int = PASSES,
    threads: int | None = None,
    blurred: Plane | None = None,
) -> Dither:
    """The dither that is reached from `start` in `passes`, at `price` per flip away from `previous`.

    frame float32[H, W] in [0, 1]; start, previous and the result uint8[H, W]; price in units of c(0); kernel
    float[k, k], k odd, symmetric, 1 at its centre. `threads`: at most so many at once; None: one a core.
    `blurred`, where it is known: c * e of the start with a margin of the kernel's radius, which is changed.
    """
    taps = reaching(kernel)
    dither = np.array(start, np.uint8, order="C")
    shown = np.ascontiguousarray(previous, np.uint8)
    if blurred is None:
        # With a margin for the updates that fall outside the frame, no update has to be clipped.
        blurred = np.pad(convolved(np.subtract(dither, frame, dtype=np.float32), taps), taps.shape[0] // 2)
    height, width = dither.shape
    stale = np.ones(((height - 1) // _BLOCK + 1, (width - 1) // _BLOCK + 1), np.uint8)
    stripes = _stripes(stale.shape[0], taps.shape[0] // 2)

    def visit(rows: tuple[int, int]) -> None:
        _visit(dither, shown, blurred, taps, np.float32(price), stale, *rows)

    workers = cores.usable() if threads is None else threads
    for _ in range(passes):
        if not stale.any():
            break
        for turn in (stripes[::2], stripes[1::2]):
            cores.over(visit, turn, workers)
    return dither


def _stripes(rows: int, radius: int) -> list[tuple[int, int]]:
    """The rows of blocks of each stripe, from and to: higher than a move of one stripe reaches into the next.

    A move flips pixels up to REACH outside of its stripe, changes c * e up to the radius beyond them, and
    looks at pixels up to REACH outside.
    """
    depth = (radius + 2 * REACH) // _BLOCK + 1
    return [(first, min(rows, first + depth)) for first in range(0, rows, depth)]


@numba.njit(nogil=True, cache=True)
def _slope(
    dither: Dither, previous: Dither, blurred: Plane, radius: int, price: np.float32, y: int, x: int
) -> np.float32:  # pragma: no cover (compiled)
    """u of `energy.py` at one pixel."""
    doubled = np.float32(2) * blurred[y + radius, x + radius]
    fee = price if dither[y, x] == previous[y, x] else -price
    return fee + (doubled if dither[y, x] == 0 else -doubled)


@numba.njit(nogil=True, cache=True)
def flip(dither: Dither, blurred: Plane, taps: Plane, y: int, x: int) -> None:  # pragma: no cover (compiled)
    """Flip one pixel, and bring `blurred`, c * e with a margin of the kernel's radius, up to date."""
    size = taps.shape[0]
    sign = np.float32(1) if dither[y, x] == 0 else np.float32(-1)
    dither[y, x] ^= 1
    for j in range(size):
        # The compiler vectorises a loop over two rows, and not one with sums among its indices.
        row, tap_row = blurred[y + j, x : x + size], taps[j]
        for i in range(size):
            row[i] += sign * tap_row[i]


@numba.njit(nogil=True, cache=True)
def _flip(
    dither: Dither, blurred: Plane, taps: Plane, stale: NDArray[np.uint8], y: int, x: int
) -> None:  # pragma: no cover (compiled)
    """Flip one pixel, and mark the blocks where a move may now be worth it."""
    flip(dither, blurred, taps, y, x)
    spread = taps.shape[0] // 2 + REACH
    height, width = dither.shape
    for j in range(max(0, y - spread) // _BLOCK, min(height - 1, y + spread) // _BLOCK + 1):
        for i in range(max(0, x - spread) // _BLOCK, min(width - 1, x + spread) // _BLOCK + 1):
            stale[j, i] = 1


@numba.njit(nogil=True, cache=True)
def _move(
    dither: Dither,
    previous: Dither,
    blurred: Plane,
    taps: Plane,
    stale: NDArray[np.uint8],
    price: np.float32,
    u: np.float32,
    y: int,
    x: int,
) -> None:  # pragma: no cover (compiled)
    """Make the best of the moves of pixel (y, x), whose slope is `u`, if it lowers the energy."""
    height, width = dither.shape
    radius = taps.shape[0] // 2
    least, partner_y, partner_x = np.float32(1) + u, y, x
    for j in range(max(0, y - REACH), min(height, y + REACH + 1)):
        for i in range(max(0, x - REACH), min(width, x + REACH + 1)):
            if dither[j, i] != dither[y, x]:
                change = np.float32(2) - np.float32(2) * taps[radius + j - y, radius + i - x] + u
                change += _slope(dither, previous, blurred, radius, price, j, i)
                if change < least:
                    least, partner_y, partner_x = change, j, i
    if least < -_TOLERANCE:
        _flip(dither, blurred, taps, stale, y, x)
        if partner_y != y or partner_x != x:
            _flip(dither, blurred, taps, stale, partner_y, partner_x)


@numba.njit(
    "void(uint8[:,::1], uint8[:,::1], float32[:,::1], float32[:,::1], float32, uint8[:,::1], int64, int64)",
    nogil=True,
    cache=True,
)
def _visit(
    dither: Dither,
    previous: Dither,
    blurred: Plane,
    taps: Plane,
    price: np.float32,
    stale: NDArray[np.uint8],
    first: int,
    end: int,
) -> None:  # pragma: no cover (compiled)
    """Visit the stale blocks in the rows of blocks from `first` to before `end`, in place; `blurred` is c * e
    with a margin of the kernel's radius.
    """
    height, width = dither.shape
    radius = taps.shape[0] // 2
    between = taps.copy()
    between[radius, radius] = 0
    promising = between.max() - np.float32(1)
    for row in range(first, end):
        for column in range(stale.shape[1]):
            if not stale[row, column]:
                continue
            stale[row, column] = 0
            for y in range(row * _BLOCK, min(height, (row + 1) * _BLOCK)):
                for x in range(column * _BLOCK, min(width, (column + 1) * _BLOCK)):
                    u = _slope(dither, previous, blurred, radius, price, y, x)
                    if u < promising:
                        _move(dither, previous, blurred, taps, stale, price, u, y, x)
