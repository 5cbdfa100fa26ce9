"""The search, one move after another: compiled by numba, on as many cores as there are.

Pixels are visited in raster order within blocks. At each pixel the better of its toggle and its best swap is
made, if it lowers the energy, and c * e is updated at once over the full support of the kernel. So the search
minimises the energy of `energy.py` itself, up to the rounding of float32. Three tests, none of which can miss
a move, keep it fast:
- a move needs a pixel with u < c_max - 1, c_max the largest c between two pixels, since a swap has
  dE >= 2 - 2 c_max + u(m) + u(n) and a toggle dE = 1 + u(m);
- a pixel whose best swap did not pay needs no second look until the drift of its cell says that it may;
- a block is visited again only if c * e has changed in it, or within reach of it, since its last visit.

The drift bounds how much a swap's gain can have changed. A flip of pixel p changes c * e at a pixel m by
+-c(m - p), and so the gain of a swap of m with n by 2 |c(m - p) - c(n - p)|, which is little, since c is
smooth and n is near m. The sum of these bounds over all flips is kept for every cell of `CELL` x `CELL`
pixels. While the drift of its cell has grown by less than the best swap of a pixel lacked, none of the
pixel's swaps pays. (A flip of m itself, or of a pixel within `REACH` of it, is handled separately.)

The frame is divided into stripes of rows, so high that two stripes with a third between them are out of each
other's reach. Every pass visits the even stripes and then the odd ones, several at once if there are several
cores. The stripes depend only on the kernel, so the dither is the same on any number of cores.
"""

from functools import lru_cache

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from trainer import cores
from trainer.dithers.ditherer import Dither, Frame
from trainer.dithers.eye import Kernel
from trainer.dithers.search.energy import REACH, TOLERANCE, reaching

PASSES = 100
"""The search stops after this many passes, settled or not: far more than the frames of a film need."""

CELL = 8
"""Side of a cell of the drift, in pixels."""
_BLOCK = 32
_ROUNDING = 1 + 1e-6
_THREADED = 2**18
"""A convolution of fewer pixels than this is faster in one thread."""
_TOLERANCE = np.float32(TOLERANCE)
_LACKING = np.float32(0.9 * TOLERANCE)
"""What a swap that did not pay lacked at least, besides the energy it would have added; less for rounding."""
_NEIGHBOURS = 2 * REACH + 1
_ZERO, _NEVER = np.float32(0), np.float32(np.inf)

Plane = NDArray[np.float32]


def settle(
    frame: Frame,
    start: Dither,
    previous: Dither,
    price: float,
    kernel: Kernel,
    passes: int = PASSES,
    threads: int | None = None,
) -> Dither:
    """The dither after at most `passes` from `start`, at `price` per flip away from `previous`.

    frame float32[H, W] in [0, 1]; start, previous and the result uint8[H, W]; price in units of c(0); kernel
    float[k, k], k odd, symmetric, 1 at its centre. threads: at most this many; None: one per core.
    """
    taps = reaching(kernel)
    radius = taps.shape[0] // 2
    # The margin takes the updates that fall outside the frame, so that none has to be clipped.
    blurred = np.pad(convolved(np.subtract(start, frame, dtype=np.float32), taps), radius)
    # s and price * (2p - 1), 0 outside of the frame: u = s (2 c * e - fee).
    signs = np.pad(1 - 2 * np.asarray(start, np.float32), REACH)
    fees = np.pad(np.float32(price) * (2 * np.asarray(previous, np.float32) - 1), REACH)
    height, width = start.shape
    near = slice(radius - REACH, radius + REACH + 1)
    gaps = 2 - 2 * taps[near, near]  # the self cost of a swap
    due = np.full((height, width), -_NEVER, np.float32)
    table, around = drift_table(taps.tobytes(), radius), 2 * margin(radius)
    # Stripes that are visited at the same time may reach into the same cells, so every second one of them
    # adds to a plane of its own.
    drift = np.zeros((2, (height - 1) // CELL + 1 + around, (width - 1) // CELL + 1 + around))
    stale = np.ones(((height - 1) // _BLOCK + 1, (width - 1) // _BLOCK + 1), np.uint8)
    stripes = list(enumerate(_stripes(stale.shape[0], radius)))

    def visit(stripe: tuple[int, tuple[int, int]]) -> None:
        number, rows = stripe
        own = number // 2 % 2
        _visit(signs, fees, blurred, taps, gaps, table, drift, drift[own], due, stale, *rows)

    workers = cores.usable() if threads is None else threads
    for _ in range(passes):
        if not stale.any():
            break
        for turn in (stripes[::2], stripes[1::2]):
            cores.over(visit, turn, workers)
    return (signs[REACH:-REACH, REACH:-REACH] < 0).astype(np.uint8)


def _stripes(rows: int, radius: int) -> list[tuple[int, int]]:
    """The rows of blocks of each stripe, from and to: higher than a move in one stripe reaches into the next.

    A move flips pixels up to REACH outside of its stripe, changes c * e up to the radius beyond them, and
    looks at pixels up to REACH outside.
    """
    depth = (radius + 2 * REACH) // _BLOCK + 1
    return [(first, min(rows, first + depth)) for first in range(0, rows, depth)]


def convolved(plane: Plane, kernel: Plane) -> Plane:
    """Convolve float32[H, W], which is 0 outside, with a symmetric kernel float32[k, k], k odd.

    The result is bit for bit the same on any number of cores. By SciPy's Fourier transform: OpenCV's takes
    several times as long, and so does `cv2.filter2D` without Intel's library. In JAX: `parallel.convolution`.
    """
    (height, width), radius = plane.shape, kernel.shape[0] // 2
    sides = fft.next_fast_len(height + radius, real=True), fft.next_fast_len(width + radius, real=True)
    workers = cores.usable() if plane.size >= _THREADED else 1
    transformed = fft.rfft2(plane, sides, workers=workers)
    transformed *= _spectrum(kernel.tobytes(), radius, sides)
    return np.asarray(fft.irfft2(transformed, sides, workers=workers, overwrite_x=True)[:height, :width])


@lru_cache(maxsize=8)
def _spectrum(kernel: bytes, radius: int, sides: tuple[int, int]) -> Plane:
    """The spectrum of the kernel, centred at the corner of a plane of those sides; real, by its symmetry."""
    taps = np.frombuffer(kernel, np.float32).reshape(2 * radius + 1, 2 * radius + 1)
    wide = np.zeros(sides, np.float32)
    around = [np.arange(-radius, radius + 1) % side for side in sides]
    # In a small frame some taps share a place. They lie beyond its sides and only touch its margin.
    wide[np.ix_(*around)] = taps
    return np.ascontiguousarray(fft.rfft2(wide).real)


def margin(radius: int) -> int:
    """How many cells a flip reaches into on each side of its own, for a kernel of that radius."""
    return -(-(radius + REACH) // CELL)


@lru_cache(maxsize=8)
def drift_table(kernel: bytes, radius: int) -> NDArray[np.float64]:
    """What a flip adds to the drift of the cells around it: float64[CELL, CELL, n, n], n = 2 margin + 1.

    The first two axes are the flipped pixel's place within its cell, which is the middle one. kernel: c,
    float32[k, k] with k = 2 radius + 1, as bytes.
    """
    reach, side = radius + REACH, 2 * radius + 1
    c = np.pad(np.frombuffer(kernel, np.float32).reshape(side, side).astype(np.float64), 2 * REACH)
    steps = range(2 * REACH + 1)
    across = 2 * reach + 1
    here = c[REACH : REACH + across, REACH : REACH + across]
    change = np.max([abs(here - c[y : y + across, x : x + across]) for y in steps for x in steps], 0)
    cells = 2 * margin(radius) + 1
    table = np.empty((CELL, CELL, cells, cells))
    for y in range(CELL):
        for x in range(CELL):
            around = np.zeros((cells * CELL + 2 * CELL,) * 2)
            top, left = (margin(radius) * CELL + place - reach + CELL for place in (y, x))
            around[top : top + across, left : left + across] = change
            inner = around[CELL:-CELL, CELL:-CELL].reshape(cells, CELL, cells, CELL)
            table[y, x] = 2 * _ROUNDING * inner.max((1, 3))
    return table


@numba.njit(nogil=True, cache=True)
def _spread(
    blurred: Plane, taps: Plane, change: np.float32, y: int, x: int
) -> None:  # pragma: no cover (compiled)
    """Update `blurred`, c * e with a margin of the kernel's radius, for a change of pixel (y, x)."""
    size = taps.shape[0]
    for j in range(size):
        # The compiler vectorises a loop over two rows, but not one with sums in its indices.
        row, tap_row = blurred[y + j, x : x + size], taps[j]
        for i in range(size):
            row[i] += change * tap_row[i]


@numba.njit(nogil=True, cache=True)
def _flip(
    signs: Plane,
    blurred: Plane,
    taps: Plane,
    table: NDArray[np.float64],
    drift: NDArray[np.float64],
    due: Plane,
    stale: NDArray[np.uint8],
    y: int,
    x: int,
) -> None:  # pragma: no cover (compiled)
    """Flip one pixel, and note where a move may now pay."""
    change = signs[y + REACH, x + REACH]
    signs[y + REACH, x + REACH] = -change
    _spread(blurred, taps, change, y, x)
    height, width = due.shape
    for j in range(max(0, y - REACH), min(height, y + REACH + 1)):
        for i in range(max(0, x - REACH), min(width, x + REACH + 1)):
            due[j, i] = -_NEVER
    top, left, added = y // CELL, x // CELL, table[y % CELL, x % CELL]
    cells = added.shape[0]
    for j in range(cells):
        row, added_row = drift[top + j, left : left + cells], added[j]
        for i in range(cells):
            row[i] += added_row[i]
    reach = taps.shape[0] // 2 + REACH
    for j in range(max(0, y - reach) // _BLOCK, min(height - 1, y + reach) // _BLOCK + 1):
        for i in range(max(0, x - reach) // _BLOCK, min(width - 1, x + reach) // _BLOCK + 1):
            stale[j, i] = 1


@numba.njit(nogil=True, cache=True)
def _partner(
    signs: Plane, fees: Plane, blurred: Plane, gaps: Plane, swap: np.float32, u: np.float32, y: int, x: int
) -> tuple[int, int]:  # pragma: no cover (compiled)
    """The first pixel whose swap with (y, x), of slope `u`, changes the energy by exactly `swap`."""
    inner = (blurred.shape[0] - signs.shape[0]) // 2
    for j in range(_NEIGHBOURS):
        for i in range(_NEIGHBOURS):
            other = signs[y + j, x + i]
            slope = other * (np.float32(2) * blurred[y + inner + j, x + inner + i] - fees[y + j, x + i])
            if other * signs[y + REACH, x + REACH] < _ZERO and gaps[j, i] + u + slope == swap:
                return y + j - REACH, x + i - REACH
    return y, x


@numba.njit(
    "void(float32[:,::1], float32[:,::1], float32[:,::1], float32[:,::1], float32[:,::1], "
    "float64[:,:,:,::1], float64[:,:,::1], float64[:,::1], float32[:,::1], uint8[:,::1], int64, int64)",
    nogil=True,
    cache=True,
)
def _visit(
    signs: Plane,
    fees: Plane,
    blurred: Plane,
    taps: Plane,
    gaps: Plane,
    table: NDArray[np.float64],
    drift: NDArray[np.float64],
    own: NDArray[np.float64],
    due: Plane,
    stale: NDArray[np.uint8],
    first: int,
    end: int,
) -> None:  # pragma: no cover (compiled)
    """Visit, in place, the stale blocks in the rows of blocks from `first` up to but not including `end`.

    blurred: c * e with a margin of the kernel's radius. due: by pixel, the drift of its cell (the sum of both
    planes) from which on a swap may pay. own: the plane of the drift that this stripe adds to.
    """
    height, width = due.shape
    radius, around = taps.shape[0] // 2, table.shape[2] // 2
    inner = radius - REACH
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
                    sign = signs[y + REACH, x + REACH]
                    u = sign * (np.float32(2) * blurred[y + radius, x + radius] - fees[y + REACH, x + REACH])
                    if u >= promising:
                        continue
                    toggle = np.float32(1) + u
                    cell_y, cell_x = y // CELL + around, x // CELL + around
                    now = drift[0, cell_y, cell_x] + drift[1, cell_y, cell_x]
                    if now <= due[y, x] and toggle >= -_TOLERANCE:
                        continue
                    # No branch inside: every second pixel would take it, which no processor predicts.
                    swap = _NEVER
                    for j in range(_NEIGHBOURS):
                        for i in range(_NEIGHBOURS):
                            other = signs[y + j, x + i]
                            doubled = np.float32(2) * blurred[y + inner + j, x + inner + i]
                            change = gaps[j, i] + u + other * (doubled - fees[y + j, x + i])
                            swap = min(swap, change if other * sign < _ZERO else _NEVER)
                    if min(swap, toggle) >= -_TOLERANCE:
                        due[y, x] = now + swap + _LACKING
                        continue
                    to_y, to_x = _partner(signs, fees, blurred, gaps, swap, u, y, x)
                    _flip(signs, blurred, taps, table, own, due, stale, y, x)
                    if swap < toggle:
                        _flip(signs, blurred, taps, table, own, due, stale, to_y, to_x)
