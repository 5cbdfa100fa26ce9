"""One update of the GAN: dots in one shot, by terms that check each other.

**Likeness** (`loss.white_or_black`): the exact change, by each pixel's colour, of the two-eye energy on the
glass. Alone it falls into lattices and clumps, which the eye's filter forgives and the eye does not.
**Flips** (`loss.expected_flips`), at the price of the patch's dial.
**The critic** (`critic.py`) sees the frame, and beside it what the glass shows of that frame, of the one
before and of the one after: of settled dithers or of the network's. It sees the network's binarised, and its
gradient passes straight through the threshold; grey values would give them away.

What the patches are and what the critic takes for real: `patches.py`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from jax.lax import optimization_barrier, stop_gradient
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P
from numpy.typing import NDArray

from trainer.dithers.generator.model import create, outline
from trainer.dithers.generator.step import (
    ALL,
    ALONE,
    Stretch,
    after,
    before,
    by_themselves,
    convolution_on,
    decides,
    dithered,
    glass_of,
    held,
    logits_of,
    planes,
)
from trainer.dithers.mask import thresholds, tiled
from trainer.fit import patches
from trainer.fit.critic import adversary_of
from trainer.fit.data import patch_keys
from trainer.fit.loss import expected_flips, straight_through, white_or_black
from trainer.fit.metrics import Metrics, measure
from trainer.fit.optimisers import direction
from trainer.fit.patches import StretchPool
from trainer.fit.pictures import Loop
from trainer.fit.settings import Hyper, Settings
from trainer.fit.sharding import AXIS, mean_over, sharded_jit
from trainer.fit.train import STATE_SPECS, Objective, Pair, State, Update

QUARTER = 2.0
"""What a pixel that a later pass decides counts for, beside one of the first pass over frames alone."""


class Wanted(NamedTuple):
    """Anchors that a search is to make, one a patch: what it begins with, the picture that it is to be a
    dither of, and whether it is wanted, since the patch is new.
    """

    start: Array
    goal: Array
    gone: Array


def train_step(
    settings: Settings, axis: str | None, hyper: Hyper, state: State, clips: Array, rate: Any
) -> tuple[State, Metrics, Wanted]:
    """One step of the optimisers of network and critic. Returns the state after it, metrics, and the anchors
    that are wanted for the patches that are new in its pool.
    """
    graph = nnx.graphdef(outline_of(settings))
    shape = (settings.patch, settings.patch)
    convolve = convolution_on(shape)
    adversary = adversary_of(settings, axis)
    optimiser = direction(settings.optimiser, hyper["momentum"], hyper["clip_norm"])
    keys = jax.random.split(jax.random.fold_in(jax.random.key(hyper["seed"] + 1), state.step), 3)
    pool: StretchPool = state.pool
    overfit = settings.overfit is not None
    stretch = optimization_barrier(patches.stretch_of(pool, clips, overfit))
    number = patches.number_of(pool)
    seen = optimization_barrier(planes(stretch, pool.dither, number, convolve))
    decided = decides(number, shape)[:, None]
    weight = jnp.where(number == ALL, 1.0, QUARTER)[:, None, None, None]
    heard = weight * jnp.where(number == ALL, 1.0, hyper["late_weight"])[:, None, None, None]
    price = jnp.where(stretch.alone, 0.0, stretch.price)[:, None, None, None]
    noise = _noise(patch_keys(keys[0], pool.slots), stretch)

    def loss_of(params: Any) -> tuple[Array, Array]:
        logits = logits_of(nnx.merge(graph, params), seen)
        drawn = noise < jax.nn.sigmoid(stop_gradient(logits))
        drawn = jnp.where(decided > 0, drawn.astype(jnp.float32), pool.dither)
        glass = glass_of(stretch, drawn)
        loss = white_or_black(
            logits,
            drawn,
            glass,
            stretch.frame,
            decided * weight,
            convolve,
            hyper["temperature"],
            hyper["limit"],
        )
        chance = jnp.where(decided > 0, jax.nn.sigmoid(logits / hyper["temperature"]), pool.dither)
        loss += expected_flips(chance, before(stretch, chance, stretch.shown), price * weight)
        if not adversary:
            return loss, logits
        hard = jnp.where(decided > 0, (logits > 0).astype(jnp.float32), pool.dither)
        fake = _shown(stretch, straight_through(hard, chance), hard)
        score = adversary.term(state.params.critic, fake, _flat(stretch.frame), _each(heard, stretch))
        return loss + hyper["critic_weight"] * score, logits

    (loss, logits), gradient = jax.value_and_grad(loss_of, has_aux=True)(state.params.generator)
    gradient = mean_over(axis, gradient)
    step, its_state = optimiser.update(gradient, state.optimiser.generator, state.params.generator)
    params = jax.tree.map(lambda p, s: p - rate * s, state.params.generator, step)
    dither = jnp.where(decided > 0, (logits > 0).astype(jnp.float32), pool.dither)
    dither = optimization_barrier(dither)

    critic, critics_state, critics_loss = state.params.critic, state.optimiser.critic, jnp.float32(0)
    if adversary:
        real, fake = (_shown(stretch, each, each) for each in (pool.real, dither))
        critic, critics_state, critics_loss = adversary.update(
            patch_keys(keys[1], pool.slots),
            critic,
            critics_state,
            real,
            fake,
            _flat(stretch.frame),
            rate,
            hyper,
        )
    seen_now = glass_of(stretch, dither).shows(dither)
    flips = jnp.abs(dither - before(stretch, dither, stretch.shown))
    metrics = measure(loss, logits, dither, stretch.frame, seen_now, price, flips, critics_loss, convolve)
    gone = patches.is_last(pool)
    pool, goal = patches.replaced(keys[2], pool._replace(dither=dither), clips, gone, overfit)
    made = State(state.step + 1, Pair(params, critic), Pair(its_state, critics_state), pool)
    return made, mean_over(axis, metrics), Wanted(patches.diffused(goal), goal, gone)


def update_of_gan(settings: Settings, axis: str | None = None) -> Update:
    """One whole update on the device, searches included."""
    overfit = settings.overfit is not None

    def update(hyper: Hyper, state: State, clips: Array, rate: Any) -> tuple[State, Metrics]:
        state, metrics, wanted = train_step(settings, axis, hyper, state, clips, rate)
        keys = jax.random.split(jax.random.fold_in(jax.random.key(hyper["seed"] + 3), state.step))
        anchor = patches.anchors(keys[0], wanted.start, wanted.goal)
        pool, stretch, start = patches.place_anchors(state.pool, clips, anchor, wanted.gone, overfit)
        real = patches.real_dithers(keys[1], stretch, start)
        real = jnp.where(wanted.gone[:, None, None, None], real, pool.real)
        return state._replace(pool=pool._replace(real=real)), metrics

    return update


def update_on_cpu(settings: Settings, mesh: Mesh | None, in_parts: bool) -> Update:
    """The same, with the sequential searches between two compiled halves."""
    in_clips = P(AXIS) if in_parts else P()
    axis = None if mesh is None else AXIS
    first = sharded_jit(
        mesh,
        partial(train_step, settings, axis),
        (P(), STATE_SPECS, in_clips, P()),
        (STATE_SPECS, P(), P(AXIS)),
    )
    place = partial(patches.place_anchors, overfit=settings.overfit is not None)
    second = sharded_jit(mesh, place, (P(AXIS), in_clips, P(AXIS), P(AXIS)), P(AXIS))

    def update(hyper: Hyper, state: State, clips: Array, rate: Any) -> tuple[State, Metrics]:
        state, metrics, wanted = first(hyper, state, clips, rate)
        anchor = on_host(patches.settled_anchors, *wanted)
        pool, stretch, start = second(state.pool, clips, anchor, wanted.gone)
        real = on_host(patches.settled_real, pool.real, start, wanted.gone, *stretch)
        return state._replace(pool=pool._replace(real=real)), metrics

    return update


def on_host(work: Callable[..., NDArray[np.float32]], *planes: Array) -> Array:
    """`work` in NumPy, from arrays of patches to one like the first; every process does its own devices'.

    It runs between two halves of an update, never within compiled code: as soon as several devices of a
    process wait for each other, it would wait for the thread that waits for it.
    """
    if not planes[0].committed:  # nor is the result: another kind of array would be compiled for again
        return jnp.asarray(work(*map(np.asarray, planes)))

    def of_one_device(shards: tuple[jax.Shard, ...]) -> Array:
        # NumPy's arrays, since taking a patch from one of JAX's is a computation of its own.
        return jax.device_put(work(*(np.asarray(shard.data) for shard in shards)), shards[0].device)

    shards = zip(*(plane.addressable_shards for plane in planes), strict=True)
    each = [of_one_device(shard) for shard in shards]
    return jax.make_array_from_single_device_arrays(planes[0].shape, planes[0].sharding, each)


def _noise(keys: Array, stretch: Stretch) -> Array:
    """What decides each pixel in a draw: the same in all frames of a stretch, [B, T, P, P]."""
    shape = stretch.frame.shape[1:]
    each = jax.vmap(lambda key: jax.random.uniform(key, shape))(keys)
    return jnp.where(stretch.alone[:, None, None, None], each, each[:, :1])


def _flat(planes: Array) -> Array:
    """[B, T, ...] -> [B T, ...]."""
    return planes.reshape(-1, *planes.shape[2:])


def _each(heard: Array, stretch: Stretch) -> Array:
    """What each stretch counts for, for each of its frames, [B T, 1, 1]."""
    return jnp.repeat(heard[:, 0], stretch.frame.shape[1], 0)


def _shown(stretch: Stretch, dither: Array, hard: Array) -> Array:
    """What the glass shows of each frame, of the one before and of the one after, [B T, 3, P, P]; `hard`: the
    dither without a gradient.
    """
    glass = glass_of(stretch, hard)
    shown = glass.black + (glass.white - glass.black) * dither
    three = before(stretch, shown, stretch.shown), shown, after(stretch, shown)
    return jnp.stack([_flat(each) for each in three], 1)


def outline_of(settings: Settings) -> nnx.Module:
    """The network with shapes in place of weights."""
    return outline(settings.size, jnp.dtype(settings.precision))


def gan_loop(settings: Settings, side: int) -> Loop:
    """What the network makes of two frames, each by itself."""
    graph = nnx.graphdef(outline(settings.size))
    mask = jnp.asarray(tiled(thresholds(), (side, side)))
    convolve = convolution_on((side, side))

    def loop(params: Any, frames: Array) -> Array:
        stretch = by_themselves(frames, jnp.broadcast_to(mask, (len(frames), side, side)))
        return dithered(nnx.merge(graph, params), stretch, held(stretch), ALONE, convolve)

    return loop


OBJECTIVE = Objective(
    new=lambda settings: create(settings.size, settings.seed),
    outline=outline_of,
    update=update_of_gan,
    loop=gan_loop,
    update_on_cpu=update_on_cpu,
    pool=patches.new_pool,
    reset=patches.reset,
)
