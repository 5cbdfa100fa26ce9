"""What the GAN is trained on: patches of stretches, each with all of its frames.

The pool holds a few patches, each of `FRAMES` frames of a clip (`data.py`), with their dithers so far. A
patch stays for as many updates as there are passes, one pass each, and then gives way to another; patches are
at different passes. A third of them are frames *alone*, which know nothing of each other and begin at the
frozen mask; the others are stretches and begin at their anchor. Half of these open with the redraw; the rest
follow a dither that is shown, the anchor, with dirty pixels. Ghosts and prices are drawn patch by patch, so
that one network serves every panel and every dial.

Searches make the anchors and the dithers that the critic takes for real, on the host of a CPU and by the
parallel engine elsewhere. Real is what the joint search makes of the patch's beginning, at its price and on
its glass; of frames alone, what the search settles from error diffusion.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from trainer.dithers.batched_diffusion import floyd_steinberg
from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.generator.step import ALONE, QUARTERS, Stretch, held
from trainer.dithers.levels import Levels
from trainer.dithers.search import volume
from trainer.dithers.search.anchor import anchored
from trainer.dithers.search.joint import Window
from trainer.dithers.search.parallel import sweeps
from trainer.dithers.search.sequential import PASSES, settle
from trainer.fit import data
from trainer.fit.data import Crops, Slots

FRAMES = 5
REAL_SWEEPS, REAL_ROUNDS = 40, 2
"""What all but settles a dither by the parallel engine."""

_ALONE = 1 / 3
_GHOSTS = (0.0, 0.03, 0.083)
_MOST_GHOST, _MOST_SHADE = 0.1, 0.03
_ORDER = np.array([[*QUARTERS, 0], ALONE])
"""The passes of stretches and of frames alone."""


class StretchPool(NamedTuple):
    """The patches between two updates, [B, ...].

    done: passes made, int32[B]. mask: the thresholds, anchor: the dither that they go through, float32[B, P,
    P]. dither, real: float32[B, FRAMES, P, P] of 0 and 1.
    """

    slots: Slots
    crops: Crops
    done: Array
    mask: Array
    anchor: Array
    dither: Array
    real: Array


class _Traits(NamedTuple):
    """What is drawn for a patch beside its crop."""

    alone: Array
    opens: Array
    levels: Array
    dirty: Array  # [B, P, P]


def new_pool(key: Array, slots: Slots, clips: Array, patch: int) -> StretchPool:
    """A pool before the first update. Its patches begin at the mask, since no search has made anchors yet."""
    crops = data.draw(key, slots, clips, patch)
    mask, nothing = data.masks(crops, patch), jnp.zeros((len(slots.number), patch, patch))
    frame = data.frames_of(clips, crops, FRAMES, patch)
    dither = (frame > mask[:, None]).astype(jnp.float32)
    done = slots.number % len(QUARTERS)
    return StretchPool(slots, crops, done, mask, nothing, dither, diffused(frame))


def stretch_of(pool: StretchPool, clips: Array, overfit: bool = False) -> Stretch:
    """The frames of all patches, and what is known of the glass. `overfit`: all frames are the first of the
    first clip.
    """
    patch = pool.dither.shape[-1]
    frame = data.frames_of(clips, pool.crops, FRAMES, patch)
    if overfit:
        frame = jnp.broadcast_to(clips[0, 0, :patch, :patch].astype(jnp.float32) / 255, frame.shape)
    traits = _traits(pool.crops, patch)
    return Stretch(
        frame,
        pool.mask,
        pool.anchor,
        jnp.where(traits.opens[:, None, None], 0.0, traits.dirty),
        traits.opens,
        jnp.full(len(frame), FRAMES, jnp.int32),
        traits.alone,
        pool.crops.price,
        traits.levels,
    )


def number_of(pool: StretchPool) -> Array:
    """The number of each patch's next pass, int32[B]."""
    return jnp.asarray(_ORDER)[_alone(pool.crops).astype(int), pool.done]


def is_last(pool: StretchPool) -> Array:
    """Whether the next pass is a patch's last, bool[B]."""
    return pool.done + 1 >= jnp.where(_alone(pool.crops), len(ALONE), len(QUARTERS))


def replaced(
    key: Array, pool: StretchPool, clips: Array, gone: Array, overfit: bool = False
) -> tuple[StretchPool, Array]:
    """The pool with new patches where they are `gone`, and what their anchors are to be dithers of."""
    patch = pool.dither.shape[-1]
    fresh = data.draw(key, pool.slots, clips, patch)
    crops = jax.tree.map(lambda new, old: jnp.where(gone, new, old), fresh, pool.crops)
    pool = pool._replace(crops=crops, done=jnp.where(gone, 0, pool.done + 1))
    stretch = stretch_of(pool, clips, overfit)
    black, white = stretch.levels[:, 0, None, None], stretch.levels[:, 1, None, None]
    mean = stretch.frame.mean(1)
    aimed = jnp.clip((mean - black) / (white - black), 0, 1)
    return pool, jnp.where(stretch.dirty > 0, aimed, mean)


def place_anchors(
    pool: StretchPool, clips: Array, anchor: Array, gone: Array, overfit: bool = False
) -> tuple[StretchPool, Stretch, Array]:
    """The pool whose new patches begin at their anchors; their stretches; what real dithers begin at."""
    stretch = stretch_of(pool, clips, overfit)
    plain, mean = data.masks(pool.crops, pool.dither.shape[-1]), stretch.frame.mean(1)
    bent = anchored(plain, mean, anchor, jnp)
    there = gone[:, None, None]
    mask = jnp.where(there, jnp.where(stretch.alone[:, None, None], plain, bent), pool.mask)
    stretch = stretch._replace(mask=mask, shown=jnp.where(there, anchor, pool.anchor))
    start = held(stretch)
    dither = jnp.where(there[:, None], start, pool.dither)
    pool = pool._replace(mask=mask, anchor=stretch.shown, dither=dither)
    alone = stretch.alone[:, None, None, None]
    return pool, stretch, jnp.where(alone, diffused(stretch.frame), start)


def diffused(pictures: Array) -> Array:
    """Floyd and Steinberg's dithers of pictures, float32[..., P, P]."""
    flat = floyd_steinberg(pictures.reshape(-1, *pictures.shape[-2:]))
    return flat.reshape(pictures.shape)


def reset(key: Array, pool: StretchPool, clips: Array) -> StretchPool:
    """The pool with new patches everywhere, for other clips."""
    return new_pool(key, pool.slots, clips, pool.dither.shape[-1])


def _alone(crops: Crops) -> Array:
    return jax.vmap(_is_alone)(crops.seed)


def _is_alone(seed: Array) -> Array:
    return jax.random.uniform(_key(seed, 0)) < _ALONE


def _traits(crops: Crops, patch: int) -> _Traits:
    def one(seed: Array) -> _Traits:
        chances = jax.random.uniform(_key(seed, 1), (6,))
        ghost = jnp.array([*_GHOSTS, _MOST_GHOST * chances[0]])[(4 * chances[1]).astype(int)]
        white = 1 - jnp.where(chances[2] < 0.2, _MOST_SHADE * chances[3], 0.0)
        dirty = jax.random.uniform(_key(seed, 2), (patch, patch)) < chances[4]
        return _Traits(
            _is_alone(seed),
            chances[5] < 0.5,
            jnp.stack([ghost, white]),
            dirty.astype(jnp.float32),
        )

    traits: _Traits = jax.vmap(one)(crops.seed)
    return traits


def _key(seed: Array, number: int) -> Array:
    # Above the numbers of frames, whose grain is drawn from the same seed.
    return jax.random.fold_in(jax.random.key(seed), 1000 + number)


# The searches, by the parallel engine, and by the sequential ones on the host.


def anchors(key: Array, start: Array, goal: Array) -> Array:
    """Settled dithers of the pictures `goal`, float32[B, P, P]."""
    free = jnp.zeros(len(goal))
    return sweeps(goal, start, start, free, REAL_SWEEPS, key=key, kernel=two_eye_kernel())


def real_dithers(key: Array, stretch: Stretch, start: Array) -> Array:
    """What the critic takes for real, float32[B, FRAMES, P, P]."""
    keys = jax.random.split(key)
    clean = jnp.stack([jnp.zeros(len(start)), jnp.ones(len(start))])
    looks = jnp.concatenate([clean, stretch.levels.T])[None]
    scene = volume.Scene(
        jnp.moveaxis(stretch.frame, 1, 0), _before(stretch), stretch.length, stretch.price, looks
    )
    white = jnp.moveaxis(start, 1, 0) > 0
    joint = volume.settle(scene, white, key=keys[0], kernel=two_eye_kernel(), limit=REAL_ROUNDS)
    flat, first = (planes.reshape(-1, *planes.shape[2:]) for planes in (stretch.frame, start))
    single = sweeps(
        flat, first, first, jnp.zeros(len(flat)), REAL_SWEEPS, key=keys[1], kernel=two_eye_kernel()
    )
    alone = stretch.alone[:, None, None, None]
    return jnp.where(alone, single.reshape(start.shape), jnp.moveaxis(joint, 1, 0))


def _before(stretch: Stretch, xp: Any = jnp) -> Any:
    """What comes before each pixel, as the searches take it, int8[B, P, P] of JAX or NumPy."""
    known = volume.DIRTY_BLACK * stretch.dirty + stretch.shown
    return xp.where(stretch.opens[:, None, None], volume.OPENS, known).astype(xp.int8)


def settled_anchors(
    start: NDArray[np.float32], goal: NDArray[np.float32], wanted: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """`anchors` on the host, where they are wanted."""
    better = start.copy()
    for n in np.flatnonzero(wanted):
        better[n] = settle(goal[n], start[n], start[n], 0.0, two_eye_kernel(), PASSES, threads=1)
    return better


def settled_real(
    real: NDArray[np.float32],
    start: NDArray[np.float32],
    wanted: NDArray[np.bool_],
    *stretches: NDArray[np.generic],
) -> NDArray[np.float32]:
    """`real_dithers` on the host, where they are wanted; elsewhere those before. `stretches`: the fields of a
    `Stretch`.
    """
    stretch: Any = Stretch(*stretches)  # type: ignore[arg-type]
    better, kernel, before = real.copy(), two_eye_kernel(), _before(stretch, np)
    for n in np.flatnonzero(wanted):
        frames, dithers = stretch.frame[n], start[n].astype(np.uint8)
        if stretch.alone[n]:
            better[n] = [
                settle(frame, dither, dither, 0.0, kernel, PASSES, threads=1)
                for frame, dither in zip(frames, dithers, strict=True)
            ]
            continue
        levels = Levels(*stretch.levels[n].tolist())
        price = float(stretch.price[n])
        window = Window(frames[0].shape, FRAMES, price, kernel, levels, before=before[n])
        for pair in zip(frames, dithers, strict=True):
            window.append(*pair)
        window.settle(threads=1)
        better[n] = window.take(FRAMES)
    return better
