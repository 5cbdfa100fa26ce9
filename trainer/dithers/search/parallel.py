"""The search, many moves at once: checked sweeps in JAX, on CPU, GPU and TPU, also inside other jitted code.

One sweep over frames [..., H, W]:
1. every pixel finds its best move, toggle or swap (a swap belongs to the earlier of its two pixels);
2. moves that lower the energy compete by their gain, jittered so that a smooth tone has many winners. The
   best in its window, 3x3 and 5x5 in turn, is chosen, unless it shares a pixel with another;
3. the chosen moves, priced as if each were alone, are checked together (`moves.check_moves`);
4. a second convolution updates c * e. If the sweep as a whole would raise the energy, it is dropped.

Moves that reject each other would do so for ever. So after a sweep that makes less than half of its chosen
moves, only half as many pixels, drawn at random, take part in the next one; otherwise twice as many. So the
sweeps do not stall, and settle a frame as well as the sequential engine does.

The frames of a batch do not affect each other. Everything is float32; convolutions are circular FFTs, padded
so that nothing wraps onto the frame.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from trainer.dithers.eye import Kernel
from trainer.dithers.search.energy import TOLERANCE, reaching
from trainer.dithers.search.moves import (
    NOTHING,
    SWAP,
    best_moves,
    check_moves,
    gather_sum,
    self_cost_table,
    uses,
)

LIMIT = 400
"""`settle` stops after this many sweeps, settled or not."""
SWEEPS = 3
"""One round of the search: this many sweeps do about as much as a pass of the sequential engine."""

_LEAST_SHARE = 1 / 64


class _State(NamedTuple):
    dither: Array  # [..., H, W], 0 or 1
    blurred: Array  # [..., H, W], c * e
    share: Array  # [...], the share of pixels that take part in the next sweep
    unsettled: Array  # bool[...], whether the last sweep found a move that lowers the energy


def settle(
    frame: ArrayLike,
    start: ArrayLike,
    previous: ArrayLike,
    price: ArrayLike,
    *,
    key: Array,
    kernel: Kernel,
    limit: ArrayLike = LIMIT,
) -> tuple[Array, Array]:
    """Sweep until every frame of the batch is settled, but at most `limit` times (int, or int[...] by frame).

    Returns the dither, float32[..., H, W] of 0 and 1, and the number of sweeps, int32. The other arguments
    are those of `sweeps`.
    """
    state, sweep = _begin(frame, start, previous, price, key, kernel)

    def going(carry: tuple[Array, _State]) -> Array:
        return ((carry[0] < limit) & carry[1].unsettled).any()

    def swept(carry: tuple[Array, _State]) -> tuple[Array, _State]:
        number, state = carry
        return number + 1, sweep(number, state, number < jnp.asarray(limit))

    number, state = lax.while_loop(going, swept, (jnp.int32(0), state))
    return state.dither, number


def sweeps(
    frame: ArrayLike,
    start: ArrayLike,
    previous: ArrayLike,
    price: ArrayLike,
    count: ArrayLike,
    *,
    key: Array,
    kernel: Kernel,
) -> Array:
    """Make `count` sweeps from `start`, at `price` per flip away from `previous`: float32[..., H, W], 0 or 1.

    frame [..., H, W] in [0, 1]; start and previous 0 or 1 in any type, of a shape that broadcasts to the
    frame's; price in units of c(0), one for all or one per frame [...]; kernel a NumPy array float[k, k],
    k odd, symmetric, 1 at its centre. The same key gives the same dither.
    """
    state, sweep = _begin(frame, start, previous, price, key, kernel)
    return lax.fori_loop(0, count, lambda number, state: sweep(number, state, True), state).dither


def convolution(kernel: np.ndarray, shape: tuple[int, int]) -> Callable[[Array], Array]:
    """A function that convolves float32[..., *shape], which is 0 outside, with a symmetric kernel."""
    radius = kernel.shape[0] // 2
    # No two pixels of the frame are further apart; what the kernel holds beyond would only wrap around.
    spans = [np.arange(-min(radius, side - 1), min(radius, side - 1) + 1) for side in shape]
    height, width = (_fast_length(side + min(radius, side - 1)) for side in shape)
    wide = np.zeros((height, width))
    wide[np.ix_(*spans)] = kernel[np.ix_(*(span + radius for span in spans))]
    spectrum = np.fft.rfft2(wide).real.astype(np.float32)

    def convolve(plane: Array) -> Array:
        transformed = jnp.fft.rfft2(plane, (height, width)) * spectrum
        return jnp.fft.irfft2(transformed, (height, width))[..., : shape[0], : shape[1]]

    return convolve


def _begin(
    frame: ArrayLike,
    start: ArrayLike,
    previous: ArrayLike,
    price: ArrayLike,
    key: Array,
    kernel: Kernel,
) -> tuple[_State, Callable[[Array, _State, ArrayLike], _State]]:
    """The state before the first sweep, and the function of one sweep.

    It takes the sweep's number from 0, the state, and which frames to sweep (bool[...]), and returns the next
    state.
    """
    frame = jnp.asarray(frame, jnp.float32)
    dither = jnp.broadcast_to(jnp.asarray(start, jnp.float32), frame.shape)
    previous = jnp.asarray(previous, jnp.float32)
    fee = jnp.asarray(price, jnp.float32)[..., None, None]
    taps = reaching(kernel)
    convolve = convolution(taps, (frame.shape[-2], frame.shape[-1]))
    table = self_cost_table(taps)

    def sweep(number: Array, state: _State, wanted: ArrayLike) -> _State:
        sign = 1 - 2 * state.dither
        slope = 2 * sign * state.blurred + fee * (1 - 2 * jnp.abs(state.dither - previous))
        change, move = best_moves(state.dither, slope, table)
        gains = change < -TOLERANCE

        # The same bits for every frame, so that a frame's dither does not depend on the others in its batch.
        bits = jax.random.bits(jax.random.fold_in(key, number), frame.shape[-2:], jnp.uint32)
        jitter, lot = ((half.astype(jnp.float32) / 2**16) for half in (bits & 0xFFFF, bits >> 16))
        taking_part = gains & (lot < state.share[..., None, None])
        highest = _three_by_three(rank := jnp.where(taking_part, -change * (1 + jitter), 0.0))
        highest = jnp.where(number % 2 == 0, highest, _three_by_three(highest))
        move = jnp.where(taking_part & (rank >= highest), move, NOTHING)
        shared = gather_sum(move, uses(move)) > 1 + (move >= SWAP)
        move = jnp.where(shared, NOTHING, move)

        accepted = check_moves(move, change, sign, table, convolve)
        flipped = uses(accepted)
        added = convolve(sign * flipped)
        change_of_all = (flipped * (slope + sign * added)).sum((-2, -1))

        helps = (change_of_all < 0) & wanted
        chosen, kept = ((moves != NOTHING).sum((-2, -1)) for moves in (move, accepted))
        many = helps & (2 * kept >= chosen) | (chosen == 0)
        step = jnp.where(helps[..., None, None], sign * flipped, 0.0)
        return _State(
            state.dither + step,
            state.blurred + jnp.where(helps[..., None, None], added, 0.0),
            jnp.clip(state.share * jnp.where(many, 2.0, 0.5), _LEAST_SHARE, 1.0),
            gains.any((-2, -1)),
        )

    batch = frame.shape[:-2]
    state = _State(dither, convolve(dither - frame), jnp.ones(batch, jnp.float32), jnp.ones(batch, bool))
    return state, sweep


def _three_by_three(plane: Array) -> Array:
    """The largest value in the 3x3 window around every pixel of a plane without negative values."""
    for axis in (-2, -1):
        zero = jnp.zeros_like(lax.slice_in_dim(plane, 0, 1, axis=axis))
        up = jnp.concatenate([lax.slice_in_dim(plane, 1, None, axis=axis), zero], axis)
        down = jnp.concatenate([zero, lax.slice_in_dim(plane, 0, -1, axis=axis)], axis)
        plane = jnp.maximum(plane, jnp.maximum(up, down))
    return plane


def _fast_length(least: int) -> int:
    """The smallest even length >= `least` without a prime factor above 5, for a quick FFT."""
    length = least + least % 2
    while 60**20 % length:
        length += 2
    return length
