"""What pixels propose, on a CPU: the slopes, the best moves and the planes that the network is shown of them.

The same as `steps.propose` and `networks.planes`, in code that numba compiles, row by row, for a band of rows
of a frame at a time. Moves by their codes (`searching/moves.py`): TOGGLE, and from SWAP on the swaps of
`OFFSETS`.

Planes float32[H, W], moves int32[H, W]; energies and the price in units of c(0).
"""

import numba
import numpy as np
from numpy.typing import NDArray

from trainer.dithers.eye import (
    Dither,
    Frame,
)
from trainer.dithers.search.energy import REACH
from trainer.dithers.search.moves import (
    OFFSETS,
    SWAP,
    TOGGLE,
)
from trainer.generating.compiled.network import VARYING

Plane = NDArray[np.float32]
Moves = NDArray[np.int32]

_AROUND = np.array(OFFSETS)
_compiled = numba.njit(nogil=True, cache=True)


@_compiled
def slopes(
    dither: Dither,
    shown: Dither,
    blurred: Plane,
    price: np.float32,
    slope: Plane,
    sign: Plane,
    top: int,
    bottom: int,
) -> None:  # pragma: no cover (compiled)
    """u of `searching/energy.py`, and s = 1 - 2 b, in rows `top` to before `bottom`; `blurred`: c * e."""
    for y in range(top, bottom):
        for x in range(dither.shape[1]):
            sign[y, x] = np.float32(1) - np.float32(2) * np.float32(dither[y, x])
            fee = price if dither[y, x] == shown[y, x] else -price
            slope[y, x] = np.float32(2) * sign[y, x] * blurred[y, x] + fee


@_compiled
def best_moves(
    slope: Plane, sign: Plane, own: Plane, change: Plane, move: Moves, top: int, bottom: int
) -> None:  # pragma: no cover (compiled)
    """The least change of the energy by a move of each pixel of these rows, and that move, as
    `moves.best_moves` has them; slopes are read up to REACH rows further down.
    """
    height, width = slope.shape
    for y in range(top, bottom):
        change[y] = slope[y] + own[TOGGLE]
        move[y] = TOGGLE
        for number in range(_AROUND.shape[0]):
            dy, dx = _AROUND[number]
            if y + dy >= height:
                continue
            first, end = max(0, -dx), min(width, width - dx)
            code = np.int32(SWAP + number)
            _or_swap(
                slope[y, first:end], slope[y + dy, first + dx : end + dx],
                sign[y, first:end], sign[y + dy, first + dx : end + dx],
                own[code], code, change[y, first:end], move[y, first:end],
            )  # fmt: skip


@_compiled
def _or_swap(
    slope: Plane,
    slope_there: Plane,
    sign: Plane,
    sign_there: Plane,
    own: np.float32,
    code: np.int32,
    change: Plane,
    move: Moves,
) -> None:  # pragma: no cover (compiled)
    """Take the swap of each pixel of a row with the one `there` where that is better. Everything has four
    bytes and nothing branches, so that it is done eight pixels at a time.
    """
    for x in range(slope.size):
        swapped = slope[x] + slope_there[x] + own
        swapped = swapped if sign[x] != sign_there[x] else np.float32(np.inf)
        better = swapped < change[x]
        change[x] = swapped if better else change[x]
        move[x] = code if better else move[x]


@_compiled
def show(
    frame: Frame,
    dither: Dither,
    shown: Dither,
    slope: Plane,
    change: Plane,
    move: Moves,
    planes: NDArray[np.float32],
    top: int,
    bottom: int,
) -> None:  # pragma: no cover (compiled)
    """The first VARYING planes of `networks.planes`, 2x2 pixels on top of one another, in the rows from `top`
    to before `bottom` at half resolution. Beyond the frame its last row and column are repeated.

    planes: float32[4 VARYING, bottom - top + 2, w + 2], its margin left as it is.
    """
    height, width = frame.shape
    one, two = np.float32(1), np.float32(2)
    reach = np.float32(REACH)
    for row in range(top, bottom):
        for place in range(4):
            y = min(2 * row + place // 2, height - 1)
            into = planes[VARYING * place : VARYING * (place + 1), row - top + 1, 1:-1]
            for column in range(into.shape[1]):
                x = min(2 * column + place % 2, width - 1)
                where = np.int64(move[y, x]) - TOGGLE + REACH
                into[0, column] = two * frame[y, x] - one
                into[1, column] = two * np.float32(dither[y, x]) - one
                into[2, column] = two * np.float32(shown[y, x]) - one
                into[3, column] = _squash(one + slope[y, x])
                into[4, column] = _squash(change[y, x])
                into[5, column] = np.float32(where // (2 * REACH + 1)) / reach
                into[6, column] = np.float32(where % (2 * REACH + 1) - REACH) / reach


@_compiled
def _squash(x: np.float32) -> np.float32:  # pragma: no cover (compiled)
    """`networks.planes` bounds energies so."""
    return x / (np.float32(1) + np.float32(0.25) * abs(x))
