"""By how much the worth of swaps may have changed since they were looked at, so that few are looked at again.

A flip of pixel p changes c * e by +-c(m - p) at a pixel m, and so what a swap of m with n, of the other
colour, would change the energy by, by 2 |c(m - p) - c(n - p)|: not much, since c is smooth and n is near m. A
sum of such bounds over all flips, the *drift*, is kept for every cell of `CELL` x `CELL` pixels. As long as
the drift of its cell has grown by less than what the best swap of a pixel lacked, none of its swaps pays.
(The flip of m itself or of a pixel within `REACH` of it has to be told apart.)
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from trainer.dithers.search.energy import REACH

CELL = 8
"""Side of a cell, in pixels."""
_ROUNDING = 1 + 1e-6


def margin(radius: int) -> int:
    """How many cells around its own a flip reaches into, for a kernel of that radius."""
    return -(-(radius + REACH) // CELL)


@lru_cache(maxsize=8)
def drift_table(kernel: bytes, radius: int) -> NDArray[np.float64]:
    """What a flip adds to the drift of the cells around it: float64[CELL, CELL, n, n], n = 2 margin + 1.

    By the place of the flipped pixel within its cell, which is in the middle. `kernel`: c, float32[k, k] with
    k = 2 radius + 1, as bytes.
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
