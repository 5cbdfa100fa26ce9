"""Fitting a generator: one update of the counterfactual objective, many of them, the learning rates.

An update is one pass for every patch of the pool (`patches.py`): draw moves from the generator's
probabilities, price every one of them made and not made (`objectives.counterfactual`), take one step of the
optimiser (`fitting/optimisers.py`).
The pool goes on with the dither of the pass as it is in use (`steps.py`), in a quarter of the patches
polished by the search before it is shown, so that the generator learns to work with it and without. A critic,
if there is one, compares the thresholded dithers with Floyd and Steinberg's of the same frames, or with ones
that the search would go on to make. The film-maker's objectives have an update of their own
(`fitting/film_maker.py`).

All randomness comes from the seed and the number of the update, so that a run that is taken up again makes
the same updates as one that was never cut short, on one machine.
"""

from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from trainer.eye import two_eye_kernel
from trainer.fitting.adversary import Adversary
from trainer.fitting.film_maker import film_maker_update
from trainer.fitting.guards import PATIENCE, check
from trainer.fitting.hyper import Hyper
from trainer.fitting.optimisers import direction, learning_rates
from trainer.fitting.polishing import polished
from trainer.fitting.scenes import shown
from trainer.fitting.settings import FILM_MAKERS, Settings
from trainer.fitting.state import HyperUpdate, Metrics, Pair, State, Update, measure, start
from trainer.floyd_steinberg import floyd_steinberg
from trainer.moves import spread
from trainer.networks import outline
from trainer.objectives import counterfactual, draw, straight_through
from trainer.patches import advance, ends
from trainer.search_parallel import sweeps
from trainer.steps import View, energy_on, made, planes_of, propose

__all__ = ["PATIENCE", "Metrics", "Settings", "State", "check", "rates", "start", "updates"]

REAL_SWEEPS = 12
"""Sweeps that make the dither so far a real one for a critic that is to know the search's."""


@cache
def updates(settings: Settings) -> Update:
    """The compiled function (state, bursts, rates float32[n]) -> state after n updates, mean metrics.

    Kept for each settings, since compiling it takes many times as long as an update.
    """
    update = partial(update_of(settings), Hyper.of(settings))
    if jax.default_backend() == "cpu":
        # XLA for CPUs runs convolutions within a loop ten times slower than outside of one.
        return _one_by_one(jax.jit(update))

    @jax.jit
    def many(state: State, bursts: Array, rates: Any) -> tuple[State, Metrics]:
        state, metrics = jax.lax.scan(lambda s, rate: update(s, bursts, rate), state, rates)
        return state, jax.tree.map(lambda values: values.mean(0), metrics)

    return many


def update_of(settings: Settings) -> HyperUpdate:
    """The function (numbers, state, bursts, learning rate) -> state, metrics of the objective.

    It goes by the given numbers, whatever the settings say of those; only the rest of them is fixed in it.
    """
    make = film_maker_update if settings.objective in FILM_MAKERS else counterfactual_update
    return make(settings)


def counterfactual_update(settings: Settings) -> HyperUpdate:
    """The function (numbers, state, bursts, learning rate) -> state, metrics."""
    graph = nnx.graphdef(outline(settings.size))
    energy = energy_on((settings.patch, settings.patch))
    adversary = Adversary(settings) if settings.has_critic else None

    def update(hyper: Hyper, state: State, bursts: Array, rate: Any) -> tuple[State, Metrics]:
        optimiser = direction(settings.optimiser, hyper.momentum, hyper.clip_norm)
        keys = jax.random.split(jax.random.fold_in(jax.random.key(hyper.seed + 1), state.step), 3)
        # Unless it is told to keep them, XLA works the frames out anew for every use of a pixel.
        scene = jax.lax.optimization_barrier(shown(settings, state.pool, bursts)[0])
        proposal = jax.lax.optimization_barrier(propose(scene, energy))
        planes = jax.lax.optimization_barrier(planes_of(scene, proposal))

        def loss_of(params: Any) -> tuple[Array, Array]:
            logits = nnx.merge(graph, params)(planes)
            drawn = draw(keys[0], jax.lax.stop_gradient(logits))
            loss = counterfactual(logits, drawn, proposal, energy, hyper.temperature, hyper.limit)
            if adversary:
                likely = proposal.sign * spread(proposal.move, jax.nn.sigmoid(logits))
                fake = scene.dither + straight_through(made(proposal, logits, energy), likely)
                loss = loss + hyper.critic_weight * adversary.term(state.params.critic, fake, scene.frame)
            return loss, logits

        (loss, logits), gradient = jax.value_and_grad(loss_of, has_aux=True)(state.params.generator)
        step, optimiser_state = optimiser.update(gradient, state.optimiser.generator, state.params.generator)
        params = jax.tree.map(lambda p, s: p - rate * s, state.params.generator, step)
        dither = jax.lax.optimization_barrier(scene.dither + made(proposal, logits, energy))

        critic, its_optimiser, its_loss = state.params.critic, state.optimiser.critic, jnp.float32(0)
        if adversary:
            key_real, key_critic = jax.random.split(jax.random.fold_in(keys[0], 1))
            ones = real(settings.critic_real, key_real, scene)
            critic, its_optimiser, its_loss = adversary.update(
                key_critic, critic, its_optimiser, ones, dither, scene.frame, rate, hyper
            )
        metrics = measure(loss, logits, dither, scene, its_loss, energy.convolve)
        if settings.sweeps:
            some = ends(state.pool) & (jnp.arange(settings.batch) < max(1, settings.batch // 4))
            dither = jax.lax.optimization_barrier(polished(keys[1], dither, scene, some, settings.sweeps))
        pool = advance(keys[2], state.pool, bursts, dither)
        whole = State(state.step + 1, Pair(params, critic), Pair(optimiser_state, its_optimiser), pool)
        return whole, metrics

    return update


def real(kind: str, key: Array, scene: View) -> Array:
    """What the critic takes for real, one of `REALS`: Floyd and Steinberg's dithers of the frames, or what
    the search makes of the dithers so far, at the same price and after the same shown dithers.
    """
    if kind == "floyd-steinberg":
        return floyd_steinberg(scene.frame)
    start = (scene.frame, scene.dither, scene.previous, scene.price)
    return sweeps(*start, REAL_SWEEPS, key=key, kernel=two_eye_kernel())


def _one_by_one(update: Update) -> Update:
    def many(state: State, bursts: Array, rates: Any) -> tuple[State, Metrics]:
        each = []
        for rate in np.asarray(rates, np.float32).tolist():
            state, metrics = update(state, bursts, rate)
            each.append(metrics)
        return state, Metrics(*(sum(values) / len(each) for values in zip(*each, strict=True)))

    return many


def rates(settings: Settings, step: int, progress: np.ndarray) -> np.ndarray:
    """Learning rates of the updates from `step` on, each at its progress in [0, 1]: warm-up and schedule."""
    return learning_rates(settings.rate, settings.schedule, step, progress)
