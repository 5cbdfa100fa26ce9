"""Many generators trained at once by one compiled program: their settings differ in numbers alone (`Hyper`).

Weights, optimisers, pools and numbers of all members lie in one `State` and one `Hyper` with a leading axis
[members]; the bursts are the same for all. Each member makes the updates of a fit of its own with its
settings on those bursts. One that is lost does not touch the others.

On an accelerator one update is that of all members, by `vmap`. On a CPU that takes longer than one member
after another, as `benchmarks/sweep.py` shows: there the update, compiled once, is called for each.
"""

from collections.abc import Callable
from functools import cache
from typing import TypeVar

import jax
import numpy as np
from jax import Array
from numpy.typing import NDArray

from trainer.fit.hyper import (
    Hyper,
    shape_of,
)
from trainer.fit.settings import Settings
from trainer.fit.state import (
    Metrics,
    State,
    start,
)
from trainer.fit.train import (
    rates,
    single_update,
    update_of,
)

Tree = TypeVar("Tree")

Together = Callable[[Hyper, State, Array, NDArray[np.float32]], tuple[State, Metrics]]
"""(numbers, states, bursts, rates [n, members]) -> the states after n updates, mean metrics [members]."""


def starts(members: list[Settings], bursts: Array) -> State:
    """The states of all members before the first update."""
    by_seed = {settings.seed: settings for settings in members}
    begun = {seed: start(settings, bursts) for seed, settings in by_seed.items()}
    return stacked([begun[settings.seed] for settings in members])


def stacked(trees: list[Tree]) -> Tree:
    """One tree of all, the members along a new first axis; NumPy's, which need not compile for a shape."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *jax.device_get(trees))


def member(tree: Tree, number: int) -> Tree:
    """What of a stacked tree is of one member; no copy."""
    return jax.tree.map(lambda leaf: leaf[number], jax.device_get(tree))


def rates_of(members: list[Settings], step: int, progress: NDArray[np.float64]) -> NDArray[np.float32]:
    """Learning rates of the updates from `step` on, float32[n, members]."""
    return np.stack([rates(settings, step, progress) for settings in members], 1)


def together(settings: Settings) -> Together:
    """The updates of members that have these settings but for their numbers, for the device at hand.

    Kept for all settings that differ in numbers alone, since compiling them takes so long.
    """
    return (in_turn if jax.default_backend() == "cpu" else at_once)(shape_of(settings))


@cache
def at_once(settings: Settings) -> Together:
    """Each update that of all members at once, and all updates one loop on the device."""
    each = jax.vmap(update_of(settings), (0, 0, None, 0))

    @jax.jit
    def many(hyper: Hyper, states: State, bursts: Array, rates: NDArray[np.float32]) -> tuple[State, Metrics]:
        states, metrics = jax.lax.scan(lambda s, rate: each(hyper, s, bursts, rate), states, rates)
        return states, jax.tree.map(lambda values: values.mean(0), metrics)

    return many


@cache
def in_turn(settings: Settings) -> Together:
    """One compiled update, called for one member after another."""
    update = single_update(settings)

    def many(hyper: Hyper, states: State, bursts: Array, rates: NDArray[np.float32]) -> tuple[State, Metrics]:
        after, means = [], []
        for number in range(rates.shape[1]):
            own, state, each = member(hyper, number), member(states, number), []
            for rate in rates[:, number]:
                state, metrics = update(own, state, bursts, rate)
                each.append(metrics)
            after.append(state)
            means.append(jax.tree.map(lambda *values: np.mean(values), *jax.device_get(each)))
        return stacked(after), stacked(means)

    return many
