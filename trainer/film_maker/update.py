"""One update of the film-maker's U-Net towards v1, v2 or v3 (`objectives/film_maker.py`).

Every patch of the pool (`patches.py`) makes one pass per frame and shows what the U-Net made of it, which
v3's sees at the next frame: closed loop. With teacher forcing, the film-maker's way, the shown dither is
Floyd and Steinberg's of the frame before in place of the U-Net's own.
"""

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from trainer.dithers.batched_diffusion import floyd_steinberg
from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.search.energy import reaching
from trainer.dithers.search.parallel import convolution
from trainer.film_maker.unet import outline
from trainer.fit.adversary import Adversary
from trainer.fit.hyper import Hyper
from trainer.fit.mesh import mean
from trainer.fit.objectives import (
    RECONSTRUCTIONS,
    v1,
    v2,
    v3,
)
from trainer.fit.optimisers import direction
from trainer.fit.patches import (
    FIRST_PASSES,
    MOST_PASSES,
    advance,
    each,
)
from trainer.fit.scenes import shown
from trainer.fit.settings import Settings
from trainer.fit.state import (
    HyperUpdate,
    Metrics,
    Pair,
    State,
    measure,
)


def film_maker_update(settings: Settings, axis: str | None = None) -> HyperUpdate:
    """The function (numbers, state, bursts, learning rate) -> state, metrics; gradients are means over the
    axis.
    """
    graph = nnx.graphdef(outline(settings.unet, settings.compute))
    convolve = convolution(reaching(two_eye_kernel()), (settings.patch, settings.patch))
    adversary = Adversary(settings, axis) if settings.has_critic else None
    reconstruct = RECONSTRUCTIONS[settings.reconstruction]

    def update(hyper: Hyper, state: State, bursts: Array, rate: Array) -> tuple[State, Metrics]:
        optimiser, terms = direction(settings.optimiser, hyper.momentum, hyper.clip_norm), hyper.terms
        keys = jax.random.split(jax.random.fold_in(jax.random.key(hyper.seed + 1), state.step), 2)
        scene, before = jax.lax.optimization_barrier(shown(settings, state.pool, bursts))
        target = floyd_steinberg(scene.frame)
        if settings.teacher_forcing:
            scene = scene._replace(previous=floyd_steinberg(before))

        def loss_of(params: nnx.State) -> tuple[Array, Array]:
            network = nnx.merge(graph, params)
            logits = network(scene.frame[..., None], scene.previous if settings.unet.previous else None)
            score: Array | float = 0.0
            if adversary:
                score = adversary.term(state.params.critic, jax.nn.sigmoid(logits), scene.frame)
            if settings.objective == "v1":
                return v1(logits, target, terms, reconstruct), logits
            if settings.objective == "v2":
                return v2(logits, target, score, terms, reconstruct), logits
            calm = (scene.previous, scene.frame, before, score)
            return v3(logits, target, *calm, terms, reconstruct), logits

        (loss, logits), gradient = jax.value_and_grad(loss_of, has_aux=True)(state.params.generator)
        gradient = mean(gradient, axis)
        step, optimiser_state = optimiser.update(gradient, state.optimiser.generator, state.params.generator)
        params = jax.tree.map(lambda p, s: p - rate * s, state.params.generator, step)

        critic, its_optimiser, its_loss = state.params.critic, state.optimiser.critic, jnp.float32(0)
        if adversary:
            critic, its_optimiser, its_loss = adversary.update(
                each(keys[0], state.pool), critic, its_optimiser, target, jax.nn.sigmoid(logits),
                scene.frame, rate, hyper,
            )  # fmt: skip
        dither = jax.lax.optimization_barrier((logits > 0).astype(jnp.float32))
        metrics = mean(measure(loss, logits, dither, scene, its_loss, convolve), axis)
        # One pass per frame: all others count as made.
        made = jnp.full_like(state.pool.done, max(FIRST_PASSES, MOST_PASSES))
        pool = advance(keys[1], state.pool._replace(done=made), bursts, dither)
        whole = State(state.step + 1, Pair(params, critic), Pair(optimiser_state, its_optimiser), pool)
        return whole, metrics

    return update
