"""A pass of the generator on a CPU: what `steps.step` does, in compiled code, on as many cores as there are.

Proposals and network are done in rows of the frame, several at once. The moves that the network accepts are
few, one pixel in some hundreds, so that what they do to one another and to c * e is worked out move by move,
over the support of the kernel, where `steps.made` convolves whole frames.

Frames float32[H, W], dithers uint8[H, W], prices in units of c(0).
"""

import math
from collections.abc import Mapping
from functools import partial

import numba
import numpy as np
from numpy.typing import NDArray

from trainer import cores
from trainer.dithers.eye import (
    Dither,
    Frame,
    two_eye_kernel,
)
from trainer.dithers.generator.model import (
    MIDDLE_PRICE,
    Size,
)
from trainer.dithers.mask import (
    thresholds,
    tiled,
)
from trainer.dithers.search.energy import reaching
from trainer.dithers.search.moves import (
    OFFSETS,
    SWAP,
    self_cost_table,
)
from trainer.dithers.search.sequential import convolved, spread
from trainer.generating.compiled.network import Band, CompiledNetwork
from trainer.generating.compiled.proposals import Moves, Plane, best_moves, show, slopes

_AROUND = np.array([(0, 0)] * SWAP + list(OFFSETS))
"""By code, from a move's first pixel to its second; a toggle has but one."""


class CompiledSteps:
    """Passes over frames of one shape, (height, width), with the weights of `weights.Weights`.

    `threads`: at most so many at once; the dither is the same with any number of them.
    """

    def __init__(self, arrays: Mapping[str, Plane], size: Size, shape: tuple[int, int], threads: int) -> None:
        self._threads = threads
        self._network = CompiledNetwork(arrays, size, tiled(thresholds(), shape), threads)
        self._taps = reaching(two_eye_kernel())
        self._own = self_cost_table(self._taps)
        self._slope, self._change = np.empty(shape, np.float32), np.empty(shape, np.float32)
        self._sign, self._move = np.empty(shape, np.float32), np.empty(shape, np.int32)
        self._rank = np.full(shape, -np.inf, np.float32)

    def __call__(
        self, frame: Frame, start: Dither, shown: Dither, price: float, passes: int
    ) -> tuple[Dither, Plane]:
        """The dither after so many passes from `start`, and c * e of it with a margin of the kernel's radius
        around it, as the search takes it up (`searching.sequential.settle`).
        """
        frame, shown = np.ascontiguousarray(frame, np.float32), np.ascontiguousarray(shown, np.uint8)
        dither = np.array(start, np.uint8, order="C")
        radius = self._taps.shape[0] // 2
        # With the margin no move has to be clipped.
        blurred = np.pad(convolved(np.subtract(dither, frame, dtype=np.float32), self._taps), radius)
        inner = blurred[radius:-radius, radius:-radius]
        changed = np.zeros_like(blurred)
        dial = math.log(price / MIDDLE_PRICE) / 2
        self._network.constant(dial)
        over_rows = partial(cores.over_rows, rows=frame.shape[0], threads=self._threads)
        for _ in range(passes):
            over_rows(partial(slopes, dither, shown, inner, np.float32(price), self._slope, self._sign))
            over_rows(partial(best_moves, self._slope, self._sign, self._own, self._change, self._move))
            cores.over(partial(self._answer, frame, dither, shown, dial), self._network.bands, self._threads)
            logits = self._network.logits[: frame.shape[0], : frame.shape[1]]
            accepted = np.flatnonzero(logits > 0)
            proposal = self._change, self._move, self._own
            _make(accepted, logits, *proposal, self._taps, dither, blurred, changed, self._rank)
        return dither, blurred

    def _answer(self, frame: Frame, dither: Dither, shown: Dither, dial: float, band: Band) -> None:
        """The logits of a band's rows."""
        pictures = frame, dither, shown, self._slope, self._change, self._move
        show(*pictures, band.work.shown, band.top, band.bottom)
        self._network.run(band, dial)


_compiled = numba.njit(nogil=True, cache=True)


@_compiled
def _make(
    accepted: NDArray[np.int64],
    logits: Plane,
    change: Plane,
    move: Moves,
    own: Plane,
    taps: Plane,
    dither: Dither,
    blurred: Plane,
    changed: Plane,
    rank: Plane,
) -> None:  # pragma: no cover (compiled)
    """Make, in place, those of the accepted moves that the check lets stand (`steps.made`).

    changed: 0 everywhere, with the margin of `blurred`, and rank, -inf everywhere, are left as they came.
    """
    width, size = dither.shape[1], taps.shape[0]
    moves = _apart(_pixels(accepted, move), logits, rank)
    for number in range(moves.shape[0]):
        for place in moves[number]:
            if place >= 0:
                y, x = place // width, place % width
                changed[y + size // 2, x + size // 2] = 1 - 2 * np.int64(dither[y, x])
    stands = np.empty(moves.shape[0], np.bool_)
    for number in range(moves.shape[0]):
        y, x = moves[number, 0] // width, moves[number, 0] % width
        joint = change[y, x] - own[move[y, x]]
        for place in moves[number]:
            if place >= 0:
                y, x = place // width, place % width
                joint += changed[y + size // 2, x + size // 2] * _around(changed, taps, y, x)
        stands[number] = joint < 0
    for number in range(moves.shape[0]):
        for place in moves[number]:
            if place >= 0:
                y, x = place // width, place % width
                changed[y + size // 2, x + size // 2] = 0
                if stands[number]:
                    spread(blurred, taps, np.float32(1 - 2 * np.int64(dither[y, x])), y, x)
                    dither[y, x] ^= 1


@_compiled
def _pixels(accepted: NDArray[np.int64], move: Moves) -> NDArray[np.int64]:  # pragma: no cover (compiled)
    """The pixels of moves, y * width + x, int64[n, 2]; -1 for the second of a toggle."""
    width = move.shape[1]
    pixels = np.empty((accepted.size, 2), np.int64)
    for number in range(accepted.size):
        place = accepted[number]
        code = move[place // width, place % width]
        pixels[number, 0] = place
        pixels[number, 1] = place + _AROUND[code, 0] * width + _AROUND[code, 1] if code >= SWAP else -1
    return pixels


@_compiled
def _apart(
    moves: NDArray[np.int64], logits: Plane, rank: Plane
) -> NDArray[np.int64]:  # pragma: no cover (compiled)
    """The moves without those that share a pixel with a likelier one (as `drop_conflicts`), or one before
    them that is as likely.
    """
    width = rank.shape[1]
    for number in range(moves.shape[0]):
        likely = logits[moves[number, 0] // width, moves[number, 0] % width]
        for place in moves[number]:
            if place >= 0:
                y, x = place // width, place % width
                rank[y, x] = max(rank[y, x], likely)
    stays = np.ones(moves.shape[0], np.bool_)
    for number in range(moves.shape[0]):
        likely = logits[moves[number, 0] // width, moves[number, 0] % width]
        for place in moves[number]:
            if place >= 0:
                y, x = place // width, place % width
                stays[number] &= likely == rank[y, x]
                if likely == rank[y, x]:
                    rank[y, x] = np.inf  # taken
    for number in range(moves.shape[0]):
        for place in moves[number]:
            if place >= 0:
                rank[place // width, place % width] = -np.inf
    return moves[stays]


@numba.njit(nogil=True, cache=True, fastmath=True)
def _around(changed: Plane, taps: Plane, y: int, x: int) -> np.float32:  # pragma: no cover (compiled)
    """c * changed at one pixel."""
    total = np.float32(0)
    for j in range(taps.shape[0]):
        row, tap_row = changed[y + j, x : x + taps.shape[0]], taps[j]
        for i in range(row.size):
            total += row[i] * tap_row[i]
    return total
