"""One update of the film-maker's U-Net towards v1, v2 or v3 (`losses.py`), and the U-Net in use.

Every patch (`patches.py`) shows what the U-Net made of its frame, which v3's sees at the next one: closed
loop. With teacher forcing, the film-maker's way, the shown dither is Floyd and Steinberg's of the frame
before instead of the U-Net's own.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.lax import optimization_barrier

from trainer.dithers.batched_diffusion import floyd_steinberg
from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.search.energy import reaching
from trainer.dithers.search.parallel import convolution
from trainer.film_maker import patches
from trainer.film_maker.losses import RECONSTRUCTIONS, TermWeights, overconfidence, v1, v2, v3
from trainer.film_maker.settings import UNetSettings
from trainer.film_maker.unet import UNet, create, outline
from trainer.fit.critic import adversary_of
from trainer.fit.data import patch_keys
from trainer.fit.metrics import Metrics, measure
from trainer.fit.optimisers import direction
from trainer.fit.pictures import Loop
from trainer.fit.settings import Hyper
from trainer.fit.sharding import mean_over
from trainer.fit.train import Objective, Pair, State, Update


def update_of_unet(settings: UNetSettings, axis: str | None = None) -> Update:
    """One whole update; means are over the devices of the axis."""
    graph = nnx.graphdef(outline_of(settings))
    convolve = convolution(reaching(two_eye_kernel()), (settings.patch, settings.patch))
    adversary = adversary_of(settings, axis)
    reconstruct = RECONSTRUCTIONS[settings.reconstruction]

    def update(hyper: Hyper, state: State, clips: Array, rate: Any) -> tuple[State, Metrics]:
        terms = TermWeights(*(hyper.get(f"{term}_weight", 0.0) for term in TermWeights._fields))
        optimiser = direction(settings.optimiser, hyper["momentum"], hyper["clip_norm"])
        keys = jax.random.split(jax.random.fold_in(jax.random.key(hyper["seed"] + 1), state.step), 2)
        scene = optimization_barrier(
            patches.scene_of(state.pool, clips, settings.overfit is not None, settings.teacher_forcing)
        )
        target = floyd_steinberg(scene.frame)

        def loss_of(params: nnx.State) -> tuple[Array, Array]:
            network = nnx.merge(graph, params)
            logits = network(scene.frame[..., None], scene.shown if settings.sees_previous else None)
            score: Array | float = 0.0
            extra: Array | float = 0.0
            if adversary:
                score = adversary.term(state.params.critic, jax.nn.sigmoid(logits), scene.frame)
                extra = overconfidence(logits)
            if settings.objective == "v1":
                loss = v1(logits, target, terms, reconstruct)
            elif settings.objective == "v2":
                loss = v2(logits, target, score, terms, reconstruct)
            else:
                loss = v3(logits, target, scene.shown, scene.frame, scene.before, score, terms, reconstruct)
            return loss + extra, logits

        (loss, logits), gradient = jax.value_and_grad(loss_of, has_aux=True)(state.params.generator)
        gradient = mean_over(axis, gradient)
        step, its_state = optimiser.update(gradient, state.optimiser.generator, state.params.generator)
        params = jax.tree.map(lambda p, s: p - rate * s, state.params.generator, step)

        critic, critics_state, critics_loss = state.params.critic, state.optimiser.critic, jnp.float32(0)
        if adversary:
            each = patch_keys(keys[0], state.pool.slots)
            fake = jax.nn.sigmoid(logits)
            critic, critics_state, critics_loss = adversary.update(
                each, critic, critics_state, target, fake, scene.frame, rate, hyper
            )
        dither = optimization_barrier((logits > 0).astype(jnp.float32))
        flips, price = jnp.abs(dither - scene.shown), state.pool.crops.price[:, None, None]
        planes = (logits, dither, scene.frame, dither, price, flips)
        metrics = mean_over(axis, measure(loss, *planes, critics_loss, convolve))
        pool = patches.advance(keys[1], state.pool, clips, dither)
        return State(state.step + 1, Pair(params, critic), Pair(its_state, critics_state), pool), metrics

    return update


def outline_of(settings: UNetSettings) -> UNet:
    """The U-Net with shapes in place of weights."""
    return outline(settings.size, jnp.dtype(settings.precision))


def unet_loop(settings: UNetSettings, side: int) -> Loop:
    """What the U-Net makes of two frames; the first is shown after Floyd and Steinberg's dither of it."""
    graph = nnx.graphdef(outline(settings.size))

    def loop(params: Any, frames: Array) -> Array:
        network = nnx.merge(graph, params)
        shown, dithers = floyd_steinberg(frames[:, 0]), []
        for number in range(2):
            logits = network(frames[:, number, ..., None], shown if settings.sees_previous else None)
            shown = (logits > 0).astype(jnp.float32)
            dithers.append(shown)
        return jnp.stack(dithers, 1)

    return loop


OBJECTIVE = Objective(
    new=lambda settings: create(settings.size, settings.seed),
    outline=outline_of,
    update=update_of_unet,
    loop=unet_loop,
    pool=patches.new_pool,
    reset=patches.reset,
)
