"""The joint search: the frames of a stretch together, chosen for what the glass shows. Compiled by numba.

The dithers b of a stretch are shown by the glass as r (`dithers/glass.py`). The search lowers

    E = sum over frames of  sum e (c * e)   +   price * flips inside the stretch,      e = r - f

and where the ghost is uncertain, with a standard deviation of `spread`, what that adds to the expected E:

    sum over frames of  sum u (c * u),      u = spread where a pixel is dirty and black, else 0

which keeps ghosts few and apart. It makes moves in the time line of a pixel: a *toggle* of an interval of
frames in which its colour is constant (a single frame, or a whole run), or a *swap* of that interval with a
pixel within REACH that has the other colour all through it. Whole runs are what pays: a flip pair can only be
taken back as a whole. Since a pixel is clean until it first flips and dirty ever after, a toggle changes the
glass by one amount inside the interval and by another, much smaller one, from there to a later frame: where
the pixel becomes dirty earlier or later than before.

Frames lie in a window of at most 64; a stretch that is longer is searched in windows that overlap. The time
line of a pixel is one 64-bit integer. c * e and c * u are kept for all frames of the window, and brought up
to date at every move.

Pixels are visited in raster order within blocks, and a block only if c * e has changed within reach of it
since the last visit. A swap is looked for only where the toggle comes near to paying. Blocks lie in stripes
of rows as in `sequential.py`, so that the result is the same on any number of cores.
"""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from trainer import cores
from trainer.dithers.ditherer import Dither, Frame
from trainer.dithers.eye import Kernel
from trainer.dithers.levels import Levels
from trainer.dithers.search.energy import REACH, TOLERANCE, reaching
from trainer.dithers.search.sequential import convolved
from trainer.dithers.search.timeline import (
    ALL_BITS,
    BIT,
    CLEAN_BLACK,
    DIRTY_BLACK,
    LONGEST_WINDOW,
    NO_BITS,
    OPENS,
    colour_at,
    dither_of,
    first_dirty,
    flips_of,
    mask_of,
    put,
    trailing_zeros,
)

PASSES = 4
"""Passes over a window, at most ..."""
SETTLED = 1e-3
"""... and until a pass makes fewer moves than this share of its pixels: more gains some hundredths of a
dB."""

_BLOCK = 32
_TOLERANCE = np.float32(TOLERANCE)
_ZERO, _ONE, _TWO, _NEVER = np.float32(0), np.float32(1), np.float32(2), np.float32(np.inf)

_jit = numba.njit(nogil=True, cache=True, error_model="numpy")


class Moves(NamedTuple):
    """Which moves are made: of single frames, of whole runs, and swaps as well as toggles."""

    singles: bool = True
    runs: bool = True
    swaps: bool = True


ALL_MOVES = Moves()


class _State(NamedTuple):
    """The arrays of a window of `T` frames; [H, W] unless said otherwise.

    lines: time lines, bit t is white in frame t. before: what comes before the window. first: the frame from
    which on the pixel is dirty, -1: from before the window, T: never in it. blurred: c * e, float32[T, H +
    2R, W + 2R], R the radius of c. haze: c * u, likewise; where the spread is 0, any array of that shape.
    stale: the blocks to be visited.
    """

    lines: NDArray[np.uint64]
    before: NDArray[np.int8]
    first: NDArray[np.int8]
    blurred: NDArray[np.float32]
    haze: NDArray[np.float32]
    stale: NDArray[np.uint8]


class _Rule(NamedTuple):
    """What a move is judged by: c, c between a pixel and those within REACH, the price of a flip, the levels
    of a dirty pixel, and the spread of its black; and which moves there are.
    """

    taps: NDArray[np.float32]
    near: NDArray[np.float32]
    price: np.float32
    black: np.float32
    white: np.float32
    spread: np.float32
    moves: Moves


class _Change(NamedTuple):
    """What the toggle of an interval changes on the glass: e and u inside it, and after it up to `until`."""

    inside: np.float32
    inside_u: np.float32
    after: np.float32
    after_u: np.float32
    until: int


class Window:
    """The frames of a stretch that are searched together: append some, settle them, take the first ones.

    shape: (H, W). frames: how many it holds, at most LONGEST_WINDOW. price of a flip and kernel as in
    `energy.py`. before: what comes before the window (`timeline.py`), int8[H, W]; None: the redraw.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        frames: int,
        price: float,
        kernel: Kernel,
        levels: Levels,
        moves: Moves = ALL_MOVES,
        before: NDArray[np.int8] | None = None,
    ) -> None:
        if not 1 <= frames <= LONGEST_WINDOW:
            raise ValueError(f"a window holds 1 to {LONGEST_WINDOW} frames, not {frames}")
        height, width = shape
        taps = reaching(kernel)
        radius = taps.shape[0] // 2
        near = slice(radius - REACH, radius + REACH + 1)
        black, white, spread = map(np.float32, levels)
        nearby = np.ascontiguousarray(taps[near, near])
        self._rule = _Rule(taps, nearby, np.float32(price), black, white, spread, moves)
        blurred = np.empty((frames, height + 2 * radius, width + 2 * radius), np.float32)
        blocks = ((height - 1) // _BLOCK + 1, (width - 1) // _BLOCK + 1)
        self._state = _State(
            lines=np.zeros(shape, np.uint64),
            before=np.full(shape, OPENS, np.int8) if before is None else before.copy(),
            first=np.zeros(shape, np.int8),
            blurred=blurred,
            haze=np.empty_like(blurred) if levels.spread else blurred,
            stale=np.ones(blocks, np.uint8),
        )
        # Two stripes with a third between them are out of each other's reach.
        depth = (radius + 2 * REACH) // _BLOCK + 1
        rows = [(first, min(blocks[0], first + depth)) for first in range(0, blocks[0], depth)]
        self._stripes = list(enumerate(rows))
        self._radius = radius
        self.frames = 0

    @property
    def is_full(self) -> bool:
        """Whether no frame can be appended."""
        return self.frames == len(self._state.blurred)

    @property
    def shown(self) -> Dither | None:
        """The newest dither, uint8[H, W]; None before the first."""
        if not self.frames:
            return None
        return dither_of(self._state.lines, self.frames - 1)

    @property
    def dirty(self) -> NDArray[np.bool_] | None:
        """The pixels that have flipped since the redraw, up to the newest frame, bool[H, W]; None before the
        first."""
        return self._state.first < self.frames if self.frames else None

    def append(self, frame: Frame, dither: Dither) -> None:
        """Add the next frame, float32[H, W], and the dither to start from, uint8[H, W]."""
        state, rule, radius = self._state, self._rule, self._radius
        put(state.lines, self.frames, dither)
        self.frames += 1
        _find_first(state, self.frames)
        dirty = state.first < self.frames
        seen = np.where(dirty, np.where(dither, rule.white, rule.black), dither)
        blurred = convolved(np.subtract(seen, frame, dtype=np.float32), rule.taps)
        state.blurred[self.frames - 1] = np.pad(blurred, radius)
        if rule.spread:
            uncertain = (dirty & (dither == 0)) * rule.spread
            state.haze[self.frames - 1] = np.pad(convolved(uncertain, rule.taps), radius)

    def blurred(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """c * e and, where the ghost is uncertain, c * u of all frames, float32[T, H, W]."""
        inside = slice(self._radius, -self._radius)
        state = self._state
        return state.blurred[: self.frames, inside, inside], state.haze[: self.frames, inside, inside]

    def settle(self, passes: int = PASSES, threads: int | None = None, settled: float = SETTLED) -> int:
        """Make moves until few are left that pay; returns how many. The same on any number of threads."""
        state, rule, frames = self._state, self._rule, self.frames
        state.stale[:] = 1
        workers = cores.usable() if threads is None else threads
        total = 0
        for _ in range(passes):
            moves = np.zeros(len(self._stripes), np.int64)

            def visit(stripe: tuple[int, tuple[int, int]], moves: NDArray[np.int64] = moves) -> None:
                number, (first, end) = stripe
                moves[number] = _visit(state, rule, frames, first, end)

            for turn in (self._stripes[::2], self._stripes[1::2]):
                cores.over(visit, turn, workers)
            total += int(moves.sum())
            if moves.sum() <= settled * frames * state.lines.size:
                break
        return total

    def take(self, count: int) -> list[Dither]:
        """Remove the first `count` frames, their dithers, uint8[H, W]."""
        state = self._state
        dithers = [dither_of(state.lines, t) for t in range(count)]
        if count < self.frames:
            left = self.frames - count
            _drop(state, count)
            state.blurred[:left] = state.blurred[count : self.frames]
            if self._rule.spread:
                state.haze[:left] = state.haze[count : self.frames]
        self.frames -= count
        return dithers


@_jit
def _drop(state: _State, frames: int) -> None:  # pragma: no cover (compiled)
    """Forget the first frames, and remember what they leave."""
    for y in range(state.lines.shape[0]):
        for x in range(state.lines.shape[1]):
            dirty = DIRTY_BLACK if state.first[y, x] < frames else CLEAN_BLACK
            state.before[y, x] = dirty + (1 if colour_at(state.lines[y, x], frames - 1) else 0)
            state.lines[y, x] >>= np.uint64(frames)


@_jit
def _find_first(state: _State, frames: int) -> None:  # pragma: no cover (compiled)
    for y in range(state.lines.shape[0]):
        for x in range(state.lines.shape[1]):
            state.first[y, x] = first_dirty(state.lines[y, x], state.before[y, x], frames)


@_jit
def _change(
    line: np.uint64, first: int, before: int, start: int, end: int, frames: int, rule: _Rule
) -> _Change:  # pragma: no cover (compiled)
    """What toggling an interval of one colour changes. Nothing does after it where `until` is its end."""
    white = colour_at(line, start)
    amplitude = rule.black - rule.white if white else rule.white - rule.black
    if first < start:
        return _Change(amplitude, rule.spread if white else -rule.spread, _ZERO, _ZERO, end)
    then = first_dirty(line ^ mask_of(start, end), before, frames)
    was_dirty, is_dirty = first <= start, then <= start
    if white:
        old, new = rule.white if was_dirty else _ONE, rule.black if is_dirty else _ZERO
        uncertain = rule.spread if is_dirty else _ZERO
    else:
        old, new = rule.black if was_dirty else _ZERO, rule.white if is_dirty else _ONE
        uncertain = -rule.spread if was_dirty else _ZERO
    until = max(first, then)
    if until <= end:
        return _Change(new - old, uncertain, _ZERO, _ZERO, end)
    dirt, dirt_u = (rule.white - _ONE, _ZERO) if colour_at(line, end) else (rule.black, rule.spread)
    sign = _ONE if then < first else -_ONE
    return _Change(new - old, uncertain, sign * dirt, sign * dirt_u, until)


@_jit
def _costs(change: np.float32, blurred: np.float32, frames: int) -> np.float32:  # pragma: no cover (compiled)
    """What a change of e (or u) in so many frames costs, with the sum of c * e (or c * u) over them."""
    return change * (change * np.float32(frames) + _TWO * blurred)


@_jit
def _sum(
    blurred: NDArray[np.float32], y: int, x: int, start: int, end: int
) -> np.float32:  # pragma: no cover
    total = _ZERO
    for t in range(start, end):
        total += blurred[t, y, x]
    return total


@_jit
def _splat(
    plane: NDArray[np.float32], taps: NDArray[np.float32], step: np.float32, y: int, x: int
) -> None:  # pragma: no cover (compiled)
    """Add step * taps to a plane, around pixel (y, x)."""
    size = taps.shape[0]
    for j in range(size):
        row, tap_row = plane[y + j, x : x + size], taps[j]
        for i in range(size):
            row[i] += step * tap_row[i]


@_jit
def _flip(
    state: _State, rule: _Rule, frames: int, start: int, end: int, y: int, x: int
) -> None:  # pragma: no cover (compiled)
    """Toggle an interval of a pixel, bring c * e up to date, and note which blocks have to be visited
    again."""
    height, width = state.lines.shape
    size = rule.taps.shape[0]
    change = _change(state.lines[y, x], state.first[y, x], state.before[y, x], start, end, frames, rule)
    state.lines[y, x] ^= mask_of(start, end)
    state.first[y, x] = first_dirty(state.lines[y, x], state.before[y, x], frames)
    for t in range(start, change.until):
        _splat(state.blurred[t], rule.taps, change.inside if t < end else change.after, y, x)
        step = change.inside_u if t < end else change.after_u
        if step != _ZERO:
            _splat(state.haze[t], rule.taps, step, y, x)
    reach = size // 2 + REACH
    for j in range(max(0, y - reach) // _BLOCK, min(height - 1, y + reach) // _BLOCK + 1):
        for i in range(max(0, x - reach) // _BLOCK, min(width - 1, x + reach) // _BLOCK + 1):
            state.stale[j, i] = 1


@_jit
def _visible(
    change: _Change,
    view: NDArray[np.float32],
    haze: NDArray[np.float32],
    start: int,
    end: int,
    y: int,
    x: int,
) -> np.float32:  # pragma: no cover (compiled)
    """By how much a change of a pixel, from `start` on and after `end`, changes the visible energy."""
    worth = _costs(change.inside, _sum(view, y, x, start, end), end - start)
    if change.inside_u != _ZERO:
        worth += _costs(change.inside_u, _sum(haze, y, x, start, end), end - start)
    if change.until > end:
        worth += _costs(change.after, _sum(view, y, x, end, change.until), change.until - end)
        if change.after_u != _ZERO:
            worth += _costs(change.after_u, _sum(haze, y, x, end, change.until), change.until - end)
    return worth


@_jit
def _partner(
    state: _State,
    rule: _Rule,
    frames: int,
    view: NDArray[np.float32],
    haze: NDArray[np.float32],
    start: int,
    end: int,
    y: int,
    x: int,
    change: _Change,
) -> tuple[np.float32, int, int]:  # pragma: no cover (compiled)
    """The best pixel to swap an interval with: what toggling it too changes the energy by, its row and
    column.

    view, haze: c * e and c * u without their margins. change: what the toggle of pixel (y, x) does.
    """
    height, width = state.lines.shape
    line, mask = state.lines[y, x], mask_of(start, end)
    lowest, to_y, to_x = _NEVER, y, x
    for j in range(max(0, y - REACH), min(height, y + REACH + 1)):
        for i in range(max(0, x - REACH), min(width, x + REACH + 1)):
            other = state.lines[j, i]
            if (other ^ line) & mask != mask:
                continue
            c = rule.near[j - y + REACH, i - x + REACH]
            own = _change(other, state.first[j, i], state.before[j, i], start, end, frames, rule)
            worth = rule.price * np.float32(flips_of(other, state.before[j, i], start, end, frames))
            worth += _visible(own, view, haze, start, end, j, i)
            both = (own.inside * change.inside + own.inside_u * change.inside_u) * np.float32(end - start)
            shared = np.float32(max(0, min(change.until, own.until) - end))
            both += (own.after * change.after + own.after_u * change.after_u) * shared
            worth += _TWO * c * both
            if worth < lowest:
                lowest, to_y, to_x = worth, j, i
    return lowest, to_y, to_x


@_jit
def _lowest(
    lines: NDArray[np.uint64],
    first: NDArray[np.int8],
    rule: _Rule,
    view: NDArray[np.float32],
    haze: NDArray[np.float32],
    t: int,
    y: int,
    x: int,
    change: _Change,
) -> np.float32:  # pragma: no cover (compiled)
    """What the best partner adds to the energy in a swap of frame t alone, but for what changes after that
    frame.

    t: not the first of the window, nor the last. As `_partner`, but many times as fast: without branches.
    """
    height, width = lines.shape
    near, price, inside, inside_u = rule.near, rule.price, change.inside, change.inside_u
    white = (lines[y, x] >> np.uint64(t)) & BIT  # so the partner is black, and is to become white
    clean = -_ONE if white == NO_BITS else _ONE
    dirty = clean * (rule.white - rule.black)
    clean_u = rule.spread if white == NO_BITS else _ZERO
    dirty_u = -clean * rule.spread
    lowest = _NEVER
    x0, x1 = max(0, x - REACH), min(width, x + REACH + 1)
    for j in range(max(0, y - REACH), min(height, y + REACH + 1)):
        line_row, first_row = lines[j, x0:x1], first[j, x0:x1]
        seen, hazy = view[t, j, x0:x1], haze[t, j, x0:x1]
        near_row = near[j - y + REACH, x0 - x + REACH : x1 - x + REACH]
        for i in range(x1 - x0):
            three = line_row[i] >> np.uint64(t - 1)
            colour = (three >> BIT) & BIT
            differ = ((three ^ colour) & BIT) + (((three >> np.uint64(2)) ^ colour) & BIT)
            own = dirty if first_row[i] < t else clean
            own_u = dirty_u if first_row[i] < t else clean_u
            worth = own * (own + _TWO * (seen[i] + near_row[i] * inside))
            worth += own_u * (own_u + _TWO * (hazy[i] + near_row[i] * inside_u))
            worth += price * (_TWO - _TWO * np.float32(np.int32(differ)))
            lowest = min(lowest, worth if colour != white else _NEVER)
    return lowest


@_jit
def _toggles(
    state: _State,
    rule: _Rule,
    frames: int,
    view: NDArray[np.float32],
    haze: NDArray[np.float32],
    start: int,
    end: int,
    y: int,
    x: int,
    worth: NDArray[np.float32],
) -> None:  # pragma: no cover (compiled)
    """worth[t]: by how much toggling frame t alone changes the visible energy, for all frames of a run of a
    pixel.
    """
    line, first, before = state.lines[y, x], state.first[y, x], state.before[y, x]
    white = colour_at(line, start)
    total, total_u = _ZERO, _ZERO
    if first <= start:
        change = rule.black - rule.white if white else rule.white - rule.black
        change_u = rule.spread if white else -rule.spread
        for t in range(start, end):
            worth[t] = _costs(change, view[t, y, x], 1) + _costs(change_u, haze[t, y, x], 1)
        if first == start:
            opening = _change(line, first, before, start, start + 1, frames, rule)
            worth[start] = _visible(opening, view, haze, start, start + 1, y, x)
        return
    # A clean run up to its end: whatever is toggled, what follows it becomes dirty.
    change, change_u = (rule.black - _ONE, rule.spread) if white else (rule.white, _ZERO)
    dirt, dirt_u = (rule.white - _ONE, _ZERO) if white else (rule.black, rule.spread)
    for t in range(end - 1, start - 1, -1):
        if t == 0 and before == OPENS:
            change, change_u = (-_ONE if white else _ONE), _ZERO
        after = _costs(dirt, total, end - 1 - t) + _costs(dirt_u, total_u, end - 1 - t)
        worth[t] = _costs(change, view[t, y, x], 1) + _costs(change_u, haze[t, y, x], 1) + after
        total += view[t, y, x]
        total_u += haze[t, y, x]


@_jit
def _visit(
    state: _State, rule: _Rule, frames: int, first_row: int, end_row: int
) -> int:  # pragma: no cover (compiled)
    """Visit the stale blocks in these rows of blocks; how many moves were made."""
    lines = state.lines
    height, width = lines.shape
    radius = rule.taps.shape[0] // 2
    view = state.blurred[:, radius : radius + height, radius : radius + width]
    haze = state.haze[:, radius : radius + height, radius : radius + width]
    between = rule.near.copy()
    between[REACH, REACH] = _ZERO
    promising = between.max()
    worth = np.zeros(64, np.float32)
    moves = 0
    for row in range(first_row, end_row):
        for column in range(state.stale.shape[1]):
            if not state.stale[row, column]:
                continue
            state.stale[row, column] = 0
            for y in range(row * _BLOCK, min(height, (row + 1) * _BLOCK)):
                for x in range(column * _BLOCK, min(width, (column + 1) * _BLOCK)):
                    before = state.before[y, x]
                    start = 0
                    while start < frames:
                        line, first = lines[y, x], state.first[y, x]
                        ahead = line >> np.uint64(start)
                        length = trailing_zeros(ahead ^ ALL_BITS if colour_at(line, start) else ahead)
                        end = min(frames, start + length)
                        length = end - start
                        _toggles(state, rule, frames, view, haze, start, end, y, x, worth)
                        best, best_start, best_end, to_y, to_x = -_TOLERANCE, -1, -1, y, x
                        for number in range(length + 1 if length > 1 else 1):
                            if number < length:
                                s, e = start + number, start + number + 1
                                flips = 2 if s > start and e < end else flips_of(line, before, s, e, frames)
                                toggle = worth[s]
                            else:
                                s, e = start, end
                                flips = flips_of(line, before, s, e, frames)
                                whole = _change(line, first, before, s, e, frames, rule)
                                toggle = _visible(whole, view, haze, s, e, y, x)
                            toggle += rule.price * np.float32(flips)
                            if not (rule.moves.runs if number == length else rule.moves.singles):
                                continue
                            if toggle < best:
                                best, best_start, best_end, to_y, to_x = toggle, s, e, y, x
                            if toggle >= promising * np.float32(e - s) or not rule.moves.swaps:
                                continue
                            change = _change(line, first, before, s, e, frames, rule)
                            swap = -_NEVER
                            if e - s == 1 and 0 < s < frames - 1:
                                swap = toggle + _lowest(lines, state.first, rule, view, haze, s, y, x, change)
                            if swap < best:
                                swap, j, i = _partner(state, rule, frames, view, haze, s, e, y, x, change)
                                swap += toggle
                                if swap < best:
                                    best, best_start, best_end, to_y, to_x = swap, s, e, j, i
                        if best_start < 0:
                            start = end
                            continue
                        moves += 1
                        _flip(state, rule, frames, best_start, best_end, y, x)
                        if to_y != y or to_x != x:
                            _flip(state, rule, frames, best_start, best_end, to_y, to_x)
                        start = best_end
    return moves
