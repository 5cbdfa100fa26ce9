"""Fitting a generator: one update of the counterfactual objective, many of them, the learning rates.

An update is one pass for every patch of the pool (`patches.py`): draw moves from the generator's
probabilities, price every one of them made and not made (`objectives.counterfactual`), take one step of the
optimiser (`fitting/optimisers.py`). The pool goes on with the dither of the pass as it is in use
(`generating/steps.py`), in a quarter of the patches polished by the search before it is shown, so that the
generator learns to work with it and without. A critic, if there is one, compares the thresholded dithers with
Floyd and Steinberg's of the same frames, or with ones that the search would go on to make. The film-maker's
objectives have an update of their own (`fitting/film_maker.py`).

All randomness comes from the seed and the number of the update, so that a run that is taken up again makes
the same updates as one that was never cut short, on one machine.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from jax.sharding import Mesh

from trainer.dithers.batched_diffusion import floyd_steinberg
from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.generator.model import outline
from trainer.dithers.generator.step import (
    View,
    energy_on,
    made,
    planes_of,
    propose,
)
from trainer.dithers.search.moves import scatter_sum
from trainer.dithers.search.parallel import sweeps
from trainer.film_maker.update import film_maker_update
from trainer.fit.adversary import Adversary
from trainer.fit.guards import (
    PATIENCE,
    check,
)
from trainer.fit.hyper import (
    Hyper,
    shape_of,
)
from trainer.fit.mesh import (
    APART,
    AXIS,
    EVERYWHERE,
    mean,
    on_each,
)
from trainer.fit.objectives import (
    counterfactual,
    draw,
    straight_through,
)
from trainer.fit.optimisers import (
    direction,
    learning_rates,
)
from trainer.fit.patches import (
    advance,
    each,
    renew,
)
from trainer.fit.polishing import (
    chosen,
    settled,
    swept,
)
from trainer.fit.scenes import shown
from trainer.fit.settings import (
    FILM_MAKERS,
    Settings,
)
from trainer.fit.state import (
    LIES,
    HyperUpdate,
    Metrics,
    Pair,
    State,
    Update,
    measure,
    start,
)

__all__ = ["PATIENCE", "Metrics", "Settings", "State", "check", "rates", "renewal", "start", "updates"]

REAL_SWEEPS = 12
"""Sweeps that make the dither so far a real one for a critic that is to know the search's."""

Polish = tuple[Array, View, Array]
Learn = Callable[[Hyper, State, Array, Any], tuple[State, Metrics, Polish]]


@cache
def updates(
    settings: Settings, mesh: Mesh | None = None, in_parts: bool = False, looped: bool | None = None
) -> Update:
    """The compiled function (state, bursts, rates float32[n]) -> state after n updates, mean metrics.

    Kept for each settings, since compiling it takes many times as long as an update. On the devices of a mesh
    the bursts are whole on each, or `in_parts`. `looped`: in one loop on the device, or one by one; None: as
    is quicker on this machine.
    """
    hyper, settings = Hyper.of(settings), shape_of(settings)
    # XLA for CPUs runs convolutions within a loop ten times slower than outside of one.
    if not (jax.default_backend() != "cpu" if looped is None else looped):
        return _one_by_one(partial(single_update(settings, mesh, in_parts), hyper))
    update = update_of(settings, None if mesh is None else AXIS)

    def many(state: State, bursts: Array, rates: Any) -> tuple[State, Metrics]:
        state, metrics = jax.lax.scan(lambda s, rate: update(hyper, s, bursts, rate), state, rates)
        return state, jax.tree.map(lambda values: values.mean(0), metrics)

    return on_each(mesh, many, _given(in_parts)[1:], (LIES, EVERYWHERE))


@cache
def single_update(settings: Settings, mesh: Mesh | None = None, in_parts: bool = False) -> HyperUpdate:
    """One compiled update, for a CPU: the polishing is done between its two halves, by the sequential search.

    It goes by the numbers it is given, whatever the settings say of those.
    """
    axis, made = None if mesh is None else AXIS, (LIES, EVERYWHERE)
    if settings.objective in FILM_MAKERS or not settings.sweeps:
        return on_each(mesh, update_of(settings, axis), _given(in_parts), made)
    learn = on_each(mesh, learning(settings, axis), _given(in_parts), (*made, (APART, APART, APART)))
    go_on = on_each(mesh, going_on, (*_given(in_parts)[:3], APART), LIES)

    def update(hyper: Hyper, state: State, bursts: Array, rate: Any) -> tuple[State, Metrics]:
        state, metrics, (dither, scene, some) = learn(hyper, state, bursts, rate)
        return go_on(hyper, state, bursts, settled(dither, scene, some, settings.sweeps)), metrics

    return update


def _given(in_parts: bool) -> tuple[Any, ...]:
    """How an update's numbers, state, bursts and learning rate lie on a mesh."""
    return EVERYWHERE, LIES, APART if in_parts else EVERYWHERE, EVERYWHERE


def update_of(settings: Settings, axis: str | None = None) -> HyperUpdate:
    """The function (numbers, state, bursts, learning rate) -> state, metrics of the objective, not compiled.

    Gradients are means over the axis. It goes by the numbers it is given, whatever the settings say of those;
    only the rest is fixed in it.
    """
    make = film_maker_update if settings.objective in FILM_MAKERS else counterfactual_update
    return make(settings, axis)


def counterfactual_update(settings: Settings, axis: str | None = None) -> HyperUpdate:
    """`update_of` the counterfactual objective."""
    learn = learning(settings, axis)

    def update(hyper: Hyper, state: State, bursts: Array, rate: Any) -> tuple[State, Metrics]:
        state, metrics, (dither, scene, some) = learn(hyper, state, bursts, rate)
        if settings.sweeps:
            key = _keys(hyper, state)[1]
            dither = jax.lax.optimization_barrier(swept(key, dither, scene, some, settings.sweeps))
        return going_on(hyper, state, bursts, dither), metrics

    return update


def learning(settings: Settings, axis: str | None = None) -> Learn:
    """The first half of an update: (numbers, state, bursts, learning rate) -> the state but for its pool and
    number, metrics, and what is to be polished: the dithers, what they are of, and which of them.
    """
    graph = nnx.graphdef(outline(settings.size, settings.compute))
    energy = energy_on((settings.patch, settings.patch))
    adversary = Adversary(settings, axis) if settings.has_critic else None

    def update(hyper: Hyper, state: State, bursts: Array, rate: Any) -> tuple[State, Metrics, Polish]:
        optimiser = direction(settings.optimiser, hyper.momentum, hyper.clip_norm)
        keys = _keys(hyper, state)
        # Unless it is told to keep them, XLA works the frames out anew for every use of a pixel.
        scene = jax.lax.optimization_barrier(shown(settings, state.pool, bursts)[0])
        proposal = jax.lax.optimization_barrier(propose(scene, energy))
        planes = jax.lax.optimization_barrier(planes_of(scene, proposal))

        def loss_of(params: Any) -> tuple[Array, Array]:
            logits = nnx.merge(graph, params)(planes)
            drawn = jax.vmap(draw)(each(keys[0], state.pool), jax.lax.stop_gradient(logits))
            loss = counterfactual(logits, drawn, proposal, energy, hyper.temperature, hyper.limit)
            if adversary:
                likely = proposal.sign * scatter_sum(proposal.move, jax.nn.sigmoid(logits))
                fake = scene.dither + straight_through(made(proposal, logits, energy), likely)
                loss = loss + hyper.critic_weight * adversary.term(state.params.critic, fake, scene.frame)
            return loss, logits

        (loss, logits), gradient = jax.value_and_grad(loss_of, has_aux=True)(state.params.generator)
        gradient = mean(gradient, axis)
        step, optimiser_state = optimiser.update(gradient, state.optimiser.generator, state.params.generator)
        params = jax.tree.map(lambda p, s: p - rate * s, state.params.generator, step)
        dither = jax.lax.optimization_barrier(scene.dither + made(proposal, logits, energy))

        critic, its_optimiser, its_loss = state.params.critic, state.optimiser.critic, jnp.float32(0)
        if adversary:
            key_real, key_critic = jax.random.split(jax.random.fold_in(keys[0], 1))
            ones = real(settings.critic_real, key_real, scene)
            critic, its_optimiser, its_loss = adversary.update(
                each(key_critic, state.pool), critic, its_optimiser, ones, dither, scene.frame, rate, hyper
            )
        metrics = mean(measure(loss, logits, dither, scene, its_loss, energy.convolve), axis)
        learned = State(state.step, Pair(params, critic), Pair(optimiser_state, its_optimiser), state.pool)
        return learned, metrics, (dither, scene, chosen(state.pool))

    return update


@cache
def renewal(settings: Settings, mesh: Mesh, in_parts: bool) -> Callable[[State, Array], State]:
    """The compiled function (state, other bursts) -> the state with new patches, all from those."""

    def renewed(state: State, bursts: Array) -> State:
        key = jax.random.fold_in(jax.random.key(settings.seed + 2), state.step)
        return state._replace(pool=renew(key, state.pool, bursts))

    return on_each(mesh, renewed, (LIES, APART if in_parts else EVERYWHERE), LIES)


def going_on(hyper: Hyper, state: State, bursts: Array, dither: Array) -> State:
    """The second half: with the dithers as they are shown to the state of the next update."""
    pool = advance(_keys(hyper, state)[2], state.pool, bursts, dither)
    return state._replace(step=state.step + 1, pool=pool)


def _keys(hyper: Hyper, state: State) -> Array:
    """Of one update: for its draws, for the search, for the pool."""
    return jax.random.split(jax.random.fold_in(jax.random.key(hyper.seed + 1), state.step), 3)


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
            # Devices that share a CPU's threads must not wait for one another in several updates at once.
            state, metrics = jax.block_until_ready(update(state, bursts, rate))
            each.append(metrics)
        return state, Metrics(*(sum(values) / len(each) for values in zip(*each, strict=True)))

    return many


def rates(settings: Settings, step: int, progress: np.ndarray) -> np.ndarray:
    """Learning rates of the updates from `step` on, at their progress in [0, 1] (`optimisers.py`)."""
    return learning_rates(settings.rate, settings.schedule, step, progress)
