"""The patches of a training step: a pool of small closed loops, all of it on the device.

Each of the B patches lives through a few frames of a burst (`fitting/bursts.py`) with its own dither. It
enters a frame with its last dither as the one that is shown, begins where `searching/start.py` says, is
passed through the generator once or a few times, and goes on to the next frame; after two to five frames
another patch takes its place. So the generator always sees what it made itself, and one training step is one
pass for every patch. A new patch begins
    as a first frame: from error diffusion, nothing being shown, so that flips are almost free; or
    after a cut: shown is the last dither of the patch whose place it takes.
Some patches stand still, some are flat greys with a drift, some have other contrast, grain, are mirrored,
turned by quarters or negative. Pure functions of state and key, to run inside `jit` and `scan`.

A patch has nothing to do with any other, and draws from the key by its own number. So the same key gives the
same patches on however many devices the pool lies, and each device sees to its own (`fitting/mesh.py`).
"""

from functools import partial
from math import log
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from trainer.dithers.batched_diffusion import starts
from trainer.dithers.generator.step import View
from trainer.dithers.mask import thresholds
from trainer.fit.bursts import LENGTH

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
    turned: Array  # quarter turns
    negative: Array
    seed: Array  # uint32


class Homes(NamedTuple):
    """Of each place in the pool, int32[B]: its number, and the bursts that its patches come from."""

    number: Array
    low: Array
    many: Array  # from `low` on


class Pool(NamedTuple):
    """All patches between two passes; dithers float32[B, P, P] of 0 and 1."""

    homes: Homes
    crops: Crops
    turn: Array  # int32[B]: the frame each is at
    done: Array  # int32[B]: passes made of it
    dither: Array
    previous: Array


def homes(batch: int, bursts: int, parts: int = 1) -> Homes:
    """For a pool of `batch` patches, as many from each of the equal parts that the bursts lie in."""
    number, each = np.arange(batch, dtype=np.int32), bursts // parts
    low = number * parts // batch * each
    return Homes(*(jnp.asarray(array, jnp.int32) for array in (number, low, np.full(batch, each))))


def begin(key: Array, homes: Homes, bursts: Array, patch: int) -> Pool:
    """A pool of new patches, all at a first frame."""
    every = jnp.ones(homes.number.shape, bool)
    crops = _draw(key, homes, bursts, patch)._replace(first=every)
    nothing = jnp.zeros((*every.shape, patch, patch), jnp.float32)
    turn = jnp.zeros(every.shape, jnp.int32)
    return _at_start(Pool(homes, crops, turn, turn, nothing, nothing), bursts, every)


def renew(key: Array, pool: Pool, bursts: Array) -> Pool:
    """The pool with new patches in all places, for other bursts: after a cut, or at a first frame."""
    every = jnp.ones(pool.turn.shape, bool)
    return _go_on(key, pool, bursts, pool.dither, every, every)


def each(key: Array, pool: Pool) -> Array:
    """A key for each patch by its number, [B]: what it draws is the same on however many devices."""
    return _keys(key, pool.homes)


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
    over = ends(pool)
    return _go_on(key, pool, bursts, dither, over, over & (pool.turn + 1 >= pool.crops.frames))


def _go_on(key: Array, pool: Pool, bursts: Array, dither: Array, over: Array, gone: Array) -> Pool:
    """The pool whose patches are `over` with a frame, some of them `gone` for another to take their place."""
    fresh = _draw(key, pool.homes, bursts, dither.shape[-1])
    crops = jax.tree.map(lambda new, old: jnp.where(gone, new, old), fresh, pool.crops)
    turn = jnp.where(gone, 0, pool.turn + over)
    previous = jnp.where(over[:, None, None], dither, pool.previous)
    done = jnp.where(over, 0, pool.done + 1)
    return _at_start(Pool(pool.homes, crops, turn, done, dither, previous), bursts, over)


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


def _keys(key: Array, homes: Homes) -> Array:
    return jax.vmap(jax.random.fold_in, (None, 0))(key, homes.number)


def _draw(key: Array, homes: Homes, bursts: Array, patch: int) -> Crops:
    """New patches at random places of random bursts."""
    return jax.vmap(partial(_draw_one, side=bursts.shape[-1], patch=patch))(_keys(key, homes), homes)


def _draw_one(key: Array, home: Homes, side: int, patch: int) -> Crops:
    """The same for one of them."""
    keys = iter(jax.random.split(key, 21))

    def whole(low: ArrayLike, high: ArrayLike) -> Array:
        return jax.random.randint(next(keys), (), low, high)

    def real(low: float, high: float) -> Array:
        return jax.random.uniform(next(keys), (), minval=low, maxval=high)

    kind = real(0, 1)
    flat, frozen = kind < _FLAT, (kind >= _FLAT) & (kind < _FROZEN)
    contrast = (kind >= _FROZEN) & (kind < _CONTRAST)
    room, tile = side - patch + 1, thresholds().shape[0]
    stride = jnp.asarray(_STRIDES)[whole(0, len(_STRIDES))]
    return Crops(
        burst=whole(home.low, home.low + home.many), y=whole(0, room), x=whole(0, room),
        mask_y=whole(0, tile), mask_x=whole(0, tile),
        stride=jnp.where(frozen, 0, stride),
        frames=whole(2, _MOST_FRAMES + 1),
        passes=jnp.where(real(0, 1) < 0.5, 1, whole(1, MOST_PASSES + 1)),
        price=jnp.exp(real(*(log(price) for price in PRICES))),
        first=real(0, 1) < 0.5,
        gain=jnp.where(flat, 0.0, jnp.where(contrast, real(0.4, 1.6), 1.0)),
        level=jnp.where(flat | contrast, real(0, 1), 0.5),
        drift=jnp.where(flat, 0.02 * jax.random.normal(next(keys)), 0.0),
        grain=jnp.where(real(0, 1) < _GRAIN, real(0, _MOST_GRAIN), 0.0),
        mirrored=real(0, 1) < 0.5, turned=whole(0, 4), negative=real(0, 1) < 0.5,
        seed=jax.random.bits(next(keys), (), jnp.uint32),
    )  # fmt: skip


def _frames(bursts: Array, crops: Crops, turn: Array, patch: int) -> Array:
    """The frame each patch is at, float32[B, P, P] in [0, 1]."""

    def one(crop: Crops, turn: Array) -> Array:
        number = jnp.minimum(turn * crop.stride, LENGTH - 1)
        # Where the bursts lie on several devices, a device knows the number of a burst among its own.
        place = (crop.burst % bursts.shape[0], number, crop.y, crop.x)
        tones = jax.lax.dynamic_slice(bursts, place, (1, 1, patch, patch))[0, 0].astype(jnp.float32) / 255
        tones = (tones - 0.5) * crop.gain + crop.level + crop.drift * turn
        tones = tones + crop.grain * jax.random.normal(
            jax.random.fold_in(jax.random.key(crop.seed), turn), tones.shape
        )
        tones = jnp.clip(tones, 0, 1)
        tones = jnp.where(crop.mirrored, tones[:, ::-1], tones)
        tones = jnp.where(crop.turned % 2 == 1, jnp.rot90(tones), tones)
        tones = jnp.where(crop.turned >= 2, tones[::-1, ::-1], tones)
        return jnp.where(crop.negative, 1 - tones, tones)

    return jax.vmap(one)(crops, turn)


def _masks(crops: Crops, patch: int) -> Array:
    """The thresholds at the pixels of each patch, float32[B, P, P]."""
    mask = jnp.asarray(thresholds())
    along = jnp.arange(patch)
    rows, columns = ((start[:, None] + along) % mask.shape[0] for start in (crops.mask_y, crops.mask_x))
    return mask[rows[:, :, None], columns[:, None, :]]
