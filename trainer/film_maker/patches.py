"""The patches that a U-Net is trained on, each in a small closed loop.

A patch lives through a few frames of a clip (`trainer/fit/data.py`), one update each, and what the U-Net made
of a frame is shown before the next one. After two to five frames another patch takes its place. That begins
as a first frame, after Floyd and Steinberg's dither of it, or after a cut: the shown dither is then the last
one of the patch before.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from trainer.dithers.batched_diffusion import floyd_steinberg
from trainer.fit.data import Crops, Slots, draw, frame_at


class Pool(NamedTuple):
    """All patches between two updates. turn: the frame that each is at, int32[B]; shown: float32[B, P, P]."""

    slots: Slots
    crops: Crops
    turn: Array
    shown: Array


class Scene(NamedTuple):
    """The next frame of each patch, the one before it, and the shown dither, float32[B, P, P]."""

    frame: Array
    before: Array
    shown: Array


def new_pool(key: Array, slots: Slots, clips: Array, patch: int) -> Pool:
    """A pool of new patches, all at a first frame."""
    crops = draw(key, slots, clips, patch)
    turn = jnp.zeros_like(slots.number)
    return Pool(slots, crops, turn, floyd_steinberg(frame_at(clips, crops, turn, patch)))


def reset(key: Array, pool: Pool, clips: Array) -> Pool:
    """The pool with new patches everywhere, for other clips."""
    return new_pool(key, pool.slots, clips, pool.shown.shape[-1])


def scene_of(pool: Pool, clips: Array, overfit: bool, teacher_forcing: bool) -> Scene:
    """What the next update sees. A first frame has none before it and counts as still.

    `teacher_forcing`: each pair of frames stands for itself, begins one frame later, and Floyd and
    Steinberg's dither of the frame before is shown. `overfit`: all patches show the first frame of the first
    clip, as it is.
    """
    patch = pool.shown.shape[-1]
    if overfit:
        frame = clips[0, 0, :patch, :patch].astype(jnp.float32) / 255
        frame = before = jnp.broadcast_to(frame, pool.shown.shape)
    elif teacher_forcing:
        frame, before = (frame_at(clips, pool.crops, pool.turn + later, patch) for later in (1, 0))
    else:
        earlier = pool.turn - (pool.turn > 0)
        frame, before = (frame_at(clips, pool.crops, turn, patch) for turn in (pool.turn, earlier))
    return Scene(frame, before, floyd_steinberg(before) if teacher_forcing else pool.shown)


def advance(key: Array, pool: Pool, clips: Array, dither: Array) -> Pool:
    """The pool after an update that made `dither`: the next frame, or a new patch."""
    patch = dither.shape[-1]
    gone = pool.turn + 1 >= pool.crops.frames
    fresh = draw(key, pool.slots, clips, patch)
    crops = jax.tree.map(lambda new, old: jnp.where(gone, new, old), fresh, pool.crops)
    turn = jnp.where(gone, 0, pool.turn + 1)
    begins = (gone & crops.first)[:, None, None]
    shown = jnp.where(begins, floyd_steinberg(frame_at(clips, crops, turn, patch)), dither)
    return Pool(pool.slots, crops, turn, shown)
