"""The joint search of `joint.py` for an accelerator: many moves at once in the volume of frames, in JAX.

A volume holds the frames of a window of several stretches, which do not affect each other. Its planes are
[T, B, H, W]: frames, stretches, rows, columns. The energy is that of `joint.py`, and the moves are too, but
for one thing: an interval is a single frame, or a run from any of its frames to its end. One sweep:

1. every pixel finds the best move of its time line. A scan from the last frame to the first knows where each
   run ends, and the sum of c * e from there on, and so prices intervals of any length at once, also for a
   partner. Sweeps try single frames and runs in turn, each with some of the partners within REACH; in a
   round of sweeps all have had their turn;
2. moves compete by their gain, jittered, with those within two pixels whose intervals overlap with theirs.
   No pixel takes part in two moves, whenever they are, so that flips and ghosts stay exact;
3. the chosen moves, priced as if each were alone, are checked together, and c * e is brought up to date, as
   in `parallel.py`. If the sweep as a whole would raise the energy of a stretch, it is dropped there.

The search settles at a higher price of a flip first: so it ends better, and needs no start that knows where
flips should be. Everything is float32. What is kept for e is kept for u as well where the ghost is uncertain:
such arrays have an axis of one or two *layers* in front.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from trainer.dithers.eye import Kernel
from trainer.dithers.levels import Levels
from trainer.dithers.search.energy import REACH, TOLERANCE, reaching
from trainer.dithers.search.moves import shifted
from trainer.dithers.search.parallel import convolution

CLEAN_BLACK, CLEAN_WHITE, DIRTY_BLACK, DIRTY_WHITE, OPENS = 0, 1, 2, 3, 4
"""What comes before the volume, for each pixel: colour and state of the frame before, or the redraw."""
LIMIT = 100
"""Rounds of sweeps at each price, at most ..."""
SETTLED = 1e-5
"""... and until one lowers the energy by less than this per pixel and frame."""
DEARER = (1.75, 1.0)
"""The prices at which the search settles, by that of a flip."""

_AROUND = [
    (dy, dx) for dy in range(-REACH, REACH + 1) for dx in range(-REACH, REACH + 1) if (dy, dx) != (0, 0)
]
_TRIED = 6
"""How many partners a pixel tries in a sweep."""
_OFFSETS = np.array([_AROUND[number :: len(_AROUND) // _TRIED] for number in range(len(_AROUND) // _TRIED)])
"""[sweep, partner, 2]: rows and columns from a pixel to the partners that it tries in a sweep of a round."""
_ROUND = 2 * len(_OFFSETS)
_TOGGLE, _SWAP = 1, 2
_LEAST_SHARE = 1 / 64


class Scene(NamedTuple):
    """What is searched: frames float32[T, B, H, W] in [0, 1]; what comes before, int8[B, H, W]; how many of
    the frames there are, int32[B]; the price of a flip, float32[B]; the levels as `looks`, or those
    of each stretch, float32[layer, 4, B].
    """

    frame: Array
    before: Array
    length: Array
    price: Array
    looks: Array


class _State(NamedTuple):
    white: Array  # bool[T, B, H, W]
    blurred: Array  # [layer, T, B, H, W], c * e and c * u
    share: Array  # [B], the share of pixels that take part in the next sweep
    gain: Array  # [B], by how much the sweeps of this round have lowered the energy
    pays: Array  # bool[B], whether any of them found a move that lowers it


class _Lines(NamedTuple):
    """The time lines at a frame, [B, H, W]; sums of `blurred` over all frames from one on, [layer, B, H,
    W].

    inside: 1; off the frame 0. left: what a toggle from this frame on does to the flips before it. opens:
    whether the redraw is just before it. first: the frame from which on the pixel is dirty. end: of the run
    that the frame is in; next_end: of the one after that.
    """

    inside: Array
    white: Array
    left: Array
    opens: Array
    first: Array
    end: Array
    next_end: Array
    sum: Array
    first_sum: Array
    next_sum: Array


class _Effect(NamedTuple):
    """What the toggle of an interval does: to e and u inside it, and after it up to `until`."""

    until: Array
    inside: Array
    after: Array


class _Best(NamedTuple):
    """The best move of each pixel, [B, H, W]: its code, the change of the energy, its interval, its effects
    on the pixel and on its partner."""

    rank: Array
    code: Array
    change: Array
    start: Array
    end: Array
    own: _Effect
    other: _Effect


def looks(levels: Levels) -> NDArray[np.float32]:
    """What counts of a pixel by its state, as `Scene` takes it: float32[layer, 4]. A layer each for what it
    shows and, where the ghost is uncertain, for how uncertain that is.
    """
    seen = [(0, 1, levels.black, levels.white), (0, 0, levels.spread, 0)]
    return np.array(seen[: 2 if levels.spread else 1], np.float32)


def settle(scene: Scene, start: Array, *, key: Array, kernel: Kernel, limit: Array | int = LIMIT) -> Array:
    """Search from `start`, bool[T, B, H, W], until every stretch is settled; the dithers, likewise.

    `limit`: rounds at each price, at most. The same key gives the same dithers. Those of a stretch do not
    depend on the others.
    """
    search = _Search(scene, key, kernel)
    batch, pixels = scene.length.shape, start[0, 0].size

    class Going(NamedTuple):
        number: Array
        stage: Array  # int32[B], which price; past the last one the stretch is settled
        rounds: Array  # int32[B], at this price
        state: _State

    def going(at: Going) -> Array:
        return (at.stage < len(DEARER)).any()

    def one_round(at: Going) -> Going:
        wanted = at.stage < len(DEARER)
        price = scene.price * jnp.asarray(DEARER, jnp.float32)[jnp.minimum(at.stage, len(DEARER) - 1)]
        state = at.state._replace(gain=jnp.zeros(batch, jnp.float32), pays=jnp.zeros(batch, bool))
        state = lax.fori_loop(
            0, _ROUND, lambda n, state: search.sweep(at.number + n, state, price, wanted), state
        )
        rounds = at.rounds + 1
        few = (state.gain > 0) & (state.gain < SETTLED * pixels * scene.length)
        over = wanted & (few | ~state.pays | (rounds >= limit))
        return Going(at.number + _ROUND, at.stage + over, jnp.where(over, 0, rounds), state)

    none = jnp.zeros(batch, jnp.int32)
    return lax.while_loop(going, one_round, Going(jnp.int32(0), none, none, search.begin(start))).state.white


class _Search:
    """The sweeps over one scene."""

    def __init__(self, scene: Scene, key: Array, kernel: Kernel) -> None:
        self._scene, self._key = scene, key
        taps = reaching(kernel)
        self._convolve = convolution(taps, (scene.frame.shape[-2], scene.frame.shape[-1]))
        centre = taps.shape[0] // 2
        self._between = taps[centre + _OFFSETS[..., 0], centre + _OFFSETS[..., 1]]
        self._count = scene.length[:, None, None].astype(jnp.float32)
        self._times = jnp.arange(len(scene.frame), dtype=jnp.float32)
        self._opens = scene.before == OPENS
        self._was_white = (scene.before == CLEAN_WHITE) | (scene.before == DIRTY_WHITE)

    def begin(self, white: Array) -> _State:
        """The state before the first sweep."""
        scene = self._scene
        dirty = self._times[:, None, None, None] >= self._first(white)
        error = self._look(white, dirty).at[0].add(-scene.frame)
        batch = scene.length.shape
        zero, one = jnp.zeros(batch, jnp.float32), jnp.ones(batch, jnp.float32)
        return _State(white, self._convolve(jnp.where(self._real(), error, 0.0)), one, zero, zero > 0)

    def sweep(self, number: Array, state: _State, price: Array, wanted: Array) -> _State:
        """The state after the next sweep; `wanted`: of these stretches."""
        single, partners = number % 2 == 0, number // 2 % len(_OFFSETS)
        offsets, between = jnp.asarray(_OFFSETS)[partners], jnp.asarray(self._between)[partners]
        key = jax.random.fold_in(self._key, number)
        best = self.best_moves(state, price[:, None, None], key, single, offsets, between)

        lot = jax.random.uniform(jax.random.fold_in(key, len(self._times)), best.rank.shape[-2:])
        rank = jnp.where(lot < state.share[:, None, None], best.rank, 0.0)
        code = _without_rivals(rank, best, offsets, number % 4 < 2)
        chosen = code > 0

        def together(code: Array) -> tuple[Array, Array]:
            """The change of c * e by these moves, and for each pixel its share of what it costs."""
            step = self._steps(best, code, offsets)
            blurred = self._convolve(step)
            return blurred, (step * blurred).sum((0, 1))

        _, costs = together(code)
        by_itself = self._self_cost(best, between)
        joint = best.change - by_itself + costs + _at_partner(costs, code, offsets)
        code = jnp.where(joint < 0, code, 0)
        kept = code > 0
        blurred, costs = together(code)
        change = (jnp.where(kept, best.change - by_itself, 0.0) + costs).sum((-2, -1))

        helps = (change < 0) & wanted
        many = helps & (2 * kept.sum((-2, -1)) >= chosen.sum((-2, -1))) | ~chosen.any((-2, -1))
        start, end = (self._everywhere(plane, code, offsets) for plane in (best.start, best.end))
        times = self._times[:, None, None, None]
        toggled = (start <= times) & (times < end) & helps[:, None, None]
        return _State(
            state.white ^ toggled,
            state.blurred + jnp.where(helps[:, None, None], blurred, 0.0),
            jnp.where(
                wanted, jnp.clip(state.share * jnp.where(many, 2.0, 0.5), _LEAST_SHARE, 1.0), state.share
            ),
            state.gain - jnp.where(helps, change, 0.0),
            state.pays | (best.rank > 0).any((-2, -1)),
        )

    def best_moves(
        self, state: _State, price: Array, key: Array, single: Array, offsets: Array, between: Array
    ) -> _Best:
        """Every pixel's best move of a `single` frame, or else of a run, among the toggles and the swaps with
        these partners.
        """
        white, times = state.white, self._times
        first = self._first(white)
        blurred = jnp.where(self._real(), state.blurred, 0.0)
        from_first = jnp.where(times[:, None, None, None] >= first, blurred, 0.0).sum(1)
        plane, layers = jnp.zeros(first.shape, jnp.float32), jnp.zeros_like(from_first)
        count = plane + self._count

        def step(carry: tuple, frame: tuple) -> tuple:
            past, end, end_sum, next_end, next_sum, there, best = carry
            t, white, before, after, blurred = frame
            sum = past + blurred
            real = t < count
            ends = real & ((t == count - 1) | (white != after))
            next_end, next_sum = jnp.where(ends, end, next_end), jnp.where(ends, end_sum, next_sum)
            end, end_sum = jnp.where(ends, t + 1, end), jnp.where(ends, past, end_sum)
            opens = (t == 0) & self._opens
            left = jnp.where(opens, 0.0, jnp.where(before == white, 1.0, -1.0))
            lines = _Lines(
                jnp.ones_like(white), white, left, opens, first, end, next_end, sum, from_first, next_sum
            )
            past_there = [_moved(past, at) for at in offsets]
            there = [jnp.where(ends, new, old) for new, old in zip(past_there, there, strict=True)]
            bits = jax.random.bits(jax.random.fold_in(key, t.astype(jnp.int32)), plane.shape[-2:], jnp.uint16)
            eager = 1 + bits.astype(jnp.float32) / 2**16

            until, total = jnp.where(single, t + 1, end), jnp.where(single, past, end_sum)
            toggle, own = self._effect(lines, t, until, total, price)
            moves = [(real, toggle, own)]
            for place, at in enumerate(offsets):
                partner = jax.tree.map(lambda leaf, at=at: _moved(leaf, at), lines)
                total = jnp.where(single, past_there[place], there[place])
                other_toggle, other = self._effect(partner, t, until, total, price)
                fits = real & partner.inside & (partner.white != white) & (partner.end >= until)
                change = toggle + other_toggle + _cross(own, other, t, until, between[place])
                moves.append((fits, change, other))
            for code, (fits, change, other) in enumerate(moves, _TOGGLE):
                rank = jnp.where(fits & (change < -TOLERANCE), -change * eager, 0.0)
                move = _Best(rank, jnp.full_like(best.code, code), change, t + plane, until, own, other)
                best = _chosen(rank > best.rank, move, best)
            return (sum, end, end_sum, next_end, next_sum, there, best), None

        effect = _Effect(plane, layers, layers)
        nothing = _Best(plane, plane.astype(jnp.int32), plane, plane, plane, effect, effect)
        carry = (layers, count, layers, count, layers, [layers] * _TRIED, nothing)
        frames = (
            times,
            white,
            jnp.concatenate([self._was_white[None], white[:-1]]),
            jnp.concatenate([white[1:], white[-1:]]),
            jnp.moveaxis(blurred, 1, 0),
        )
        return lax.scan(step, carry, frames, reverse=True)[0][-1]

    def _effect(
        self, lines: _Lines, start: Array, end: Array, end_sum: Array, price: Array
    ) -> tuple[Array, _Effect]:
        """What toggling an interval of one colour changes the energy by, and what it does."""
        white, first = lines.white, lines.first
        whole = end == lines.end
        cleans = lines.opens | (first == start)  # or leaves it clean, where the redraw draws the interval
        then = jnp.where(cleans, jnp.where(whole, lines.next_end, end), start)
        then = jnp.where(first < start, first, then)
        until = jnp.maximum(first, then)
        inside = self._look(~white, then <= start) - self._look(white, first <= start)
        colour_after = white != whole
        dirt = self._look(colour_after, jnp.array(True)) - self._look(colour_after, jnp.array(False))
        after = jnp.where(until > end, jnp.where(then < first, dirt, -dirt), 0.0)
        after_sum = end_sum - jnp.where(first > then, lines.first_sum, lines.next_sum)
        late = jnp.maximum(until - end, 0.0)
        right = jnp.where(end < lines.end, 1.0, jnp.where(end < self._count, -1.0, 0.0))
        visible = inside * (inside * (end - start) + 2 * (lines.sum - end_sum))
        visible += after * (after * late + 2 * after_sum)
        return price * (lines.left + right) + visible.sum(0), _Effect(until, inside, after)

    def _look(self, white: Array, dirty: Array) -> Array:
        """What counts of pixels of these states, [layer, ...]."""
        looks = self._scene.looks.reshape(len(self._scene.looks), 4, *[1] * (white.ndim - 3), -1, 1, 1)
        clean = jnp.where(white, looks[:, CLEAN_WHITE], looks[:, CLEAN_BLACK])
        return jnp.where(dirty, jnp.where(white, looks[:, DIRTY_WHITE], looks[:, DIRTY_BLACK]), clean)

    def _real(self) -> Array:
        """Which frames count, [T, B, 1, 1]."""
        return self._times[:, None, None, None] < self._count

    def _first(self, white: Array) -> Array:
        """The frame from which on each pixel is dirty; -1: from before, the count of frames: never."""
        clean = jnp.where(self._opens, white[0], self._was_white)
        times = self._times[:, None, None, None]
        first = jnp.where(white != clean, times, self._count).min(0)
        dirty = (self._scene.before == DIRTY_BLACK) | (self._scene.before == DIRTY_WHITE)
        return jnp.where(dirty, -1.0, jnp.minimum(first, self._count))

    def _everywhere(self, plane: Array, code: Array, offsets: Array, partner: Array | None = None) -> Array:
        """A plane of the moves at each pixel that takes part in one; 0 at the others.

        partner: what the partner gets in place of it.
        """
        given = plane if partner is None else partner
        total = jnp.where(code > 0, plane, 0.0)
        for place, at in enumerate(offsets, _SWAP):
            total = total + _moved(jnp.where(code == place, given, 0.0), -at)
        return total

    def _steps(self, best: _Best, code: Array, offsets: Array) -> Array:
        """What these moves change of e and u, [layer, T, B, H, W]."""
        start, end = (self._everywhere(plane, code, offsets) for plane in (best.start, best.end))
        until, inside, after = (
            self._everywhere(own, code, offsets, other)
            for own, other in zip(best.own, best.other, strict=True)
        )
        times = self._times[:, None, None, None]
        within, late = (start <= times) & (times < end), (end <= times) & (times < until)
        return jnp.where(within, inside[:, None], jnp.where(late, after[:, None], 0.0))

    def _self_cost(self, best: _Best, between: Array) -> Array:
        """What each move costs by itself, d . (c * d)."""
        cost = jnp.zeros_like(best.change)
        for effect in (best.own, best.other):
            own = _cross(effect, effect, best.start, best.end, 0.5)
            cost = cost + jnp.where((best.code > _TOGGLE) | (effect is best.own), own, 0.0)
        c = jnp.where(best.code >= _SWAP, between[jnp.maximum(best.code - _SWAP, 0)], 0.0)
        return cost + _cross(best.own, best.other, best.start, best.end, c)


def _cross(one: _Effect, other: _Effect, start: Array, end: Array, c: Array | float) -> Array:
    """What two toggles of an interval cost together beyond what each costs, c between their pixels."""
    late = jnp.maximum(jnp.minimum(one.until, other.until) - end, 0.0)
    both = one.inside * other.inside * (end - start) + one.after * other.after * late
    return 2 * c * both.sum(0)


def _chosen(better: Array, new: _Best, old: _Best) -> _Best:
    """The new move where it is better, the old one elsewhere."""
    best: _Best = jax.tree.map(lambda one, other: jnp.where(better, one, other), new, old)
    return best


def _without_rivals(rank: Array, best: _Best, offsets: Array, wide: Array) -> Array:
    """The codes of the moves that are chosen; 0: none."""
    rank_at, start_at, end_at = (shifted(plane, 0) for plane in (rank, best.start, best.end))
    chosen = rank > 0
    for dy, dx in _AROUND:
        near = max(abs(dy), abs(dx)) == 1
        rivals = (start_at(dy, dx) < best.end) & (best.start < end_at(dy, dx))
        rivals &= (rank_at(dy, dx) > rank) & (near | wide)
        chosen &= ~rivals
    code = jnp.where(chosen, best.code, 0)
    uses = chosen.astype(jnp.float32)
    for place, at in enumerate(offsets, _SWAP):
        uses = uses + _moved((code == place).astype(jnp.float32), -at)
    return jnp.where((uses > 1) | (_at_partner(uses, code, offsets) > 1), 0, code)


def _at_partner(plane: Array, code: Array, offsets: Array) -> Array:
    """A plane at each move's partner; 0 where there is none."""
    found = jnp.zeros_like(plane)
    for place, at in enumerate(offsets, _SWAP):
        found = jnp.where(code == place, _moved(plane, at), found)
    return found


def _moved(plane: Array, at: Array) -> Array:
    """The plane with pixel (y, x) + at at (y, x); 0 off the frame. `at` may be traced."""
    margins = [(0, 0)] * (plane.ndim - 2) + [(REACH, REACH)] * 2
    origin = [0] * (plane.ndim - 2) + [REACH + at[0], REACH + at[1]]
    return lax.dynamic_slice(jnp.pad(plane, margins), origin, plane.shape)
