"""One update of the GAN: dots in one shot, by two terms that check each other.

**Likeness** (`loss.white_or_black`): the exact change of the two-eye energy by each pixel's colour. Alone it
falls into lattices and clumps, which the eye's filter forgives and the eye does not.
**The critic** (`critic.py`) sees the frame and, beside it, a settled dither or the network's. It sees the
network's binarised, and its gradient passes straight through the threshold; grey values would give them away.

The real dithers are what the search settles from error diffusion: on a CPU the sequential engine, between two
compiled halves of an update; elsewhere the parallel engine, as part of it.

A patch stays for `PASSES` updates, one pass each, and goes on with its own thresholded dither; patches are at
different passes. In the pool (`data.py`) `dither` is the dither so far, `previous` the real one.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.lax import optimization_barrier
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P

from trainer.dithers.batched_diffusion import floyd_steinberg
from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.generator.one_shot import (
    PASSES,
    convolution_on,
    create,
    decides,
    dithered,
    logits_of,
    outline,
    planes,
)
from trainer.dithers.generator.step import View
from trainer.dithers.mask import thresholds, tiled
from trainer.dithers.search.parallel import sweeps
from trainer.dithers.search.sequential import PASSES as ALL_ROUNDS
from trainer.fit import data
from trainer.fit.critic import adversary_of
from trainer.fit.data import patch_keys, scene_of
from trainer.fit.loss import draw, straight_through, white_or_black
from trainer.fit.metrics import Metrics, measure
from trainer.fit.optimisers import direction
from trainer.fit.pictures import Loop
from trainer.fit.polishing import settled
from trainer.fit.settings import GanSettings, Hyper
from trainer.fit.sharding import AXIS, mean_over, sharded_jit
from trainer.fit.train import STATE_SPECS, Objective, Pair, State, Update

REAL_SWEEPS = 40
"""Sweeps of the parallel engine that all but settle a dither."""
QUARTER = 2.0
"""What a pixel that a later pass decides counts for, beside one of the first pass."""


def train_step(
    settings: GanSettings, axis: str | None, hyper: Hyper, state: State, clips: Array, rate: Any
) -> tuple[State, Metrics, tuple[Array, View, Array]]:
    """Network and critic after one step of their optimisers, and the pool with its dithers so far; metrics;
    and for the next pass the real dithers or a start for them, what of, and which patches need one.
    """
    graph = nnx.graphdef(outline_of(settings))
    shape = (settings.patch, settings.patch)
    convolve = convolution_on(shape)
    adversary = adversary_of(settings, axis)
    optimiser = direction(settings.optimiser, hyper["momentum"], hyper["clip_norm"])
    keys = jax.random.split(jax.random.fold_in(jax.random.key(hyper["seed"] + 1), state.step), 3)
    pool, overfit = state.pool, settings.overfit is not None
    scene = optimization_barrier(scene_of(pool, clips, overfit)[0])
    number = (state.step + pool.slots.number) % PASSES
    first = (number == 0)[:, None, None]
    before = jnp.where(first, (scene.frame > scene.mask).astype(jnp.float32), scene.dither)
    seen = optimization_barrier(planes(scene.frame, scene.mask, before, number, convolve))
    decided = decides(number, shape)
    counts = decided * jnp.where(first, 1.0, QUARTER)
    heard = jnp.where(number == 0, 1.0, QUARTER * hyper["late_weight"])

    def loss_of(params: Any) -> tuple[Array, Array]:
        logits = logits_of(nnx.merge(graph, params), seen)
        drawn = jax.vmap(draw)(patch_keys(keys[0], pool), jax.lax.stop_gradient(logits))
        drawn = jnp.where(decided > 0, drawn.astype(jnp.float32), before)
        likeness = white_or_black(
            logits, drawn, scene.frame, counts, convolve, hyper["temperature"], hyper["limit"]
        )
        if not adversary:
            return likeness, logits
        likely = jax.nn.sigmoid(logits / hyper["temperature"])
        fake = straight_through((logits > 0).astype(jnp.float32), likely)
        fake = jnp.where(decided > 0, fake, before)
        score = adversary.term(state.params.critic, fake, scene.frame, heard[:, None, None])
        return likeness + hyper["critic_weight"] * score, logits

    (loss, logits), gradient = jax.value_and_grad(loss_of, has_aux=True)(state.params.generator)
    gradient = mean_over(axis, gradient)
    step, its_state = optimiser.update(gradient, state.optimiser.generator, state.params.generator)
    params = jax.tree.map(lambda p, s: p - rate * s, state.params.generator, step)
    dither = jnp.where(decided > 0, (logits > 0).astype(jnp.float32), before)
    dither = optimization_barrier(dither)

    critic, critics_state, critics_loss = state.params.critic, state.optimiser.critic, jnp.float32(0)
    if adversary:
        critic, critics_state, critics_loss = adversary.update(
            patch_keys(keys[1], pool), critic, critics_state, pool.previous, dither, scene.frame, rate, hyper
        )
    metrics = mean_over(axis, measure(loss, logits, dither, scene, critics_loss, convolve))
    fresh = number == PASSES - 1
    pool = data.replace(keys[2], pool._replace(dither=dither), clips, fresh)
    made = State(state.step + 1, Pair(params, critic), Pair(its_state, critics_state), pool)
    scene = scene_of(pool, clips, overfit)[0]
    start = jnp.where(fresh[:, None, None], floyd_steinberg(scene.frame), pool.previous)
    free = scene._replace(previous=start, price=jnp.zeros_like(scene.price))
    return made, metrics, (start, free, fresh)


def update_of_gan(settings: GanSettings, axis: str | None = None) -> Update:
    """One whole update on the device, real dithers included."""

    def update(hyper: Hyper, state: State, clips: Array, rate: Any) -> tuple[State, Metrics]:
        state, metrics, (start, scene, fresh) = train_step(settings, axis, hyper, state, clips, rate)
        key = jax.random.fold_in(jax.random.key(hyper["seed"] + 3), state.step)
        planes = (scene.frame, start, start, scene.price)
        real = sweeps(*planes, REAL_SWEEPS, key=key, kernel=two_eye_kernel())
        return _with_real(state, jnp.where(fresh[:, None, None], real, state.pool.previous)), metrics

    return update


def update_on_cpu(settings: GanSettings, mesh: Mesh | None, in_parts: bool) -> Update:
    """The same, with real dithers by the sequential search."""
    specs = (P(), STATE_SPECS, P(AXIS) if in_parts else P(), P())
    axis = None if mesh is None else AXIS
    made = (STATE_SPECS, P(), (P(AXIS), P(AXIS), P(AXIS)))
    compiled = sharded_jit(mesh, partial(train_step, settings, axis), specs, made)

    def update(hyper: Hyper, state: State, clips: Array, rate: Any) -> tuple[State, Metrics]:
        state, metrics, (start, scene, fresh) = compiled(hyper, state, clips, rate)
        real = settled(start, scene, fresh, ALL_ROUNDS)
        return _with_real(state, real), metrics

    return update


def _with_real(state: State, real: Array) -> State:
    return state._replace(pool=state.pool._replace(previous=real))


def outline_of(settings: GanSettings) -> nnx.Module:
    """The network with shapes in place of weights."""
    return outline(settings.size, jnp.dtype(settings.precision))


def gan_loop(settings: GanSettings, side: int) -> Loop:
    """What the network makes of two frames, each by itself."""
    graph = nnx.graphdef(outline(settings.size))
    mask = jnp.asarray(tiled(thresholds(), (side, side)))
    convolve = convolution_on((side, side))

    def loop(params: Any, frames: Array) -> Array:
        network = nnx.merge(graph, params)
        return jnp.stack([dithered(network, frames[:, n], mask, convolve) for n in range(2)], 1)

    return loop


OBJECTIVE = Objective(
    new=lambda settings: create(settings.size, settings.seed),
    outline=outline_of,
    update=update_of_gan,
    loop=gan_loop,
    update_on_cpu=update_on_cpu,
)
