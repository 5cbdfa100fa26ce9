"""The patches of a training step: a pool of small closed loops, all of it on the device.

Each of the B patches lives through a few frames of a burst (`bursts.py`) with its own dither. It enters a
frame with its last dither as the one that is shown, begins where `start.py` says, is passed through the
generator once or a few times, and goes on to the next frame; after two to five frames another patch takes its
place. So the generator always sees what it made itself, and one training step is one pass for every patch. A
new patch begins
    as a first frame: from error diffusion, nothing being shown, so that flips are almost free; or
    after a cut: shown is the dither of another patch.
Some patches stand still, some are flat greys with a drift, some have other contrast, grain, are mirrored or
negative. Pure functions of state and key, to run inside `jit` and `scan`; the same key, the same patches.
"""

from math import log
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from trainer.bursts import LENGTH
from trainer.diffusion_parallel import starts
from trainer.mask import thresholds
from trainer.steps import View

FIRST_PRICE = 0.01
"""The price of a flip in a first frame, where nothing is shown yet: little, and its logarithm finite."""
PRICES = (0.035, 1.2)
"""Prices of a patch, all between as likely on a logarithmic scale: beyond both ends of the dial."""
FIRST_PASSES = 4
MOST_PASSES = 3

_MOST_FRAMES = 5
_STRIDES = (1, 1, 1, 2, 4)
_FLAT, _FROZEN, _CONTRAST = 0.12, 0.2, 0.4  # cumulated shares of patches
_GRAIN, _MOST_GRAIN = 0.3, 0.02


class Crops(NamedTuple):
    """Where each patch is in the films, and what is done to its frames; every field [B]."""

    burst: Array
    y: Array
    x: Array
    mask_y: Array
    mask_x: Array
    stride: Array
    frames: Array  # how many it lives through
    passes: Array  # how many per frame
    price: Array
    first: Array  # bool: it began as a first frame
    gain: Array  # contrast about 1/2, then `level` added; 0 for a flat grey
    level: Array
    drift: Array  # added per frame
    grain: Array  # standard deviation of noise, fresh for each frame
    mirrored: Array
    negative: Array
    seed: Array  # uint32


class Pool(NamedTuple):
    """All patches between two passes; dithers float32[B, P, P] of 0 and 1."""

    crops: Crops
    turn: Array  # int32[B]: the frame each is at
    done: Array  # int32[B]: passes made of it
    dither: Array
    previous: Array


def begin(key: Array, bursts: Array, batch: int, patch: int) -> Pool:
    """A pool of new patches, all at a first frame."""
    crops = _draw(key, bursts, batch, patch)._replace(first=jnp.ones(batch, bool))
    nothing = jnp.zeros((batch, patch, patch), jnp.float32)
    turn = jnp.zeros(batch, jnp.int32)
    return _at_start(Pool(crops, turn, turn, nothing, nothing), bursts, jnp.ones(batch, bool))


def view(pool: Pool, bursts: Array) -> View:
    """What the next pass is about."""
    patch = pool.dither.shape[-1]
    price = jnp.where(_is_first(pool), FIRST_PRICE, pool.crops.price)
    frame = _frames(bursts, pool.crops, pool.turn, patch)
    return View(frame, pool.dither, pool.previous, price, _masks(pool.crops, patch))


def ends(pool: Pool) -> Array:
    """Of each patch, bool[B]: whether the next pass is the last of its frame."""
    passes = jnp.where(pool.turn == 0, jnp.maximum(pool.crops.passes, FIRST_PASSES), pool.crops.passes)
    return pool.done + 1 >= passes


def advance(key: Array, pool: Pool, bursts: Array, dither: Array) -> Pool:
    """The pool after a pass that made `dither`: the next pass, the next frame, or a new patch."""
    batch, patch = dither.shape[:2]
    over = ends(pool)
    turn = pool.turn + over
    gone = turn >= pool.crops.frames
    key_crops, key_other = jax.random.split(key)
    fresh = _draw(key_crops, bursts, batch, patch)
    crops = jax.tree.map(lambda new, old: jnp.where(gone, new, old), fresh, pool.crops)
    other = dither[(jnp.arange(batch) + jax.random.randint(key_other, (), 1, max(2, batch))) % batch]
    shown = jnp.where(gone[:, None, None], other, dither)
    previous = jnp.where(over[:, None, None], shown, pool.previous)
    done = jnp.where(over, 0, pool.done + 1)
    return _at_start(Pool(crops, jnp.where(gone, 0, turn), done, dither, previous), bursts, over)


def _is_first(pool: Pool) -> Array:
    """Of each patch, bool[B]: whether nothing is shown before its frame."""
    return pool.crops.first & (pool.turn == 0)


def _at_start(pool: Pool, bursts: Array, over: Array) -> Pool:
    """The pool with the patches that are `over` with a frame at the start of the next."""
    scene, first = view(pool, bursts), _is_first(pool)
    start = starts(scene.frame, pool.previous, scene.price, first)
    dither = jnp.where(over[:, None, None], start, pool.dither)
    previous = jnp.where((over & first)[:, None, None], start, pool.previous)
    return pool._replace(dither=dither, previous=previous)


def _draw(key: Array, bursts: Array, batch: int, patch: int) -> Crops:
    """New patches at random places of random bursts."""
    keys = iter(jax.random.split(key, 20))

    def whole(low: int, high: int) -> Array:
        return jax.random.randint(next(keys), (batch,), low, high)

    def real(low: float, high: float) -> Array:
        return jax.random.uniform(next(keys), (batch,), minval=low, maxval=high)

    kind = real(0, 1)
    flat, frozen = kind < _FLAT, (kind >= _FLAT) & (kind < _FROZEN)
    contrast = (kind >= _FROZEN) & (kind < _CONTRAST)
    room = bursts.shape[-1] - patch + 1
    side = thresholds().shape[0]
    stride = jnp.asarray(_STRIDES)[whole(0, len(_STRIDES))]
    return Crops(
        burst=whole(0, bursts.shape[0]), y=whole(0, room), x=whole(0, room),
        mask_y=whole(0, side), mask_x=whole(0, side),
        stride=jnp.where(frozen, 0, stride),
        frames=whole(2, _MOST_FRAMES + 1),
        passes=jnp.where(real(0, 1) < 0.5, 1, whole(1, MOST_PASSES + 1)),
        price=jnp.exp(real(*(log(price) for price in PRICES))),
        first=real(0, 1) < 0.5,
        gain=jnp.where(flat, 0.0, jnp.where(contrast, real(0.4, 1.6), 1.0)),
        level=jnp.where(flat | contrast, real(0, 1), 0.5),
        drift=jnp.where(flat, 0.02 * jax.random.normal(next(keys), (batch,)), 0.0),
        grain=jnp.where(real(0, 1) < _GRAIN, real(0, _MOST_GRAIN), 0.0),
        mirrored=real(0, 1) < 0.5, negative=real(0, 1) < 0.5,
        seed=jax.random.bits(next(keys), (batch,), jnp.uint32),
    )  # fmt: skip


def _frames(bursts: Array, crops: Crops, turn: Array, patch: int) -> Array:
    """The frame each patch is at, float32[B, P, P] in [0, 1]."""

    def one(crop: Crops, turn: Array) -> Array:
        number = jnp.minimum(turn * crop.stride, LENGTH - 1)
        place = (crop.burst, number, crop.y, crop.x)
        tones = jax.lax.dynamic_slice(bursts, place, (1, 1, patch, patch))[0, 0].astype(jnp.float32) / 255
        tones = (tones - 0.5) * crop.gain + crop.level + crop.drift * turn
        tones = tones + crop.grain * jax.random.normal(
            jax.random.fold_in(jax.random.key(crop.seed), turn), tones.shape
        )
        tones = jnp.clip(tones, 0, 1)
        tones = jnp.where(crop.mirrored, tones[:, ::-1], tones)
        return jnp.where(crop.negative, 1 - tones, tones)

    return jax.vmap(one)(crops, turn)


def _masks(crops: Crops, patch: int) -> Array:
    """The thresholds at the pixels of each patch, float32[B, P, P]."""
    mask = jnp.asarray(thresholds())
    along = jnp.arange(patch)
    rows, columns = ((start[:, None] + along) % mask.shape[0] for start in (crops.mask_y, crops.mask_x))
    return mask[rows[:, :, None], columns[:, None, :]]
