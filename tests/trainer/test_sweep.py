"""`trainer sweep`: its members are the fits they stand for, and what they are worth is told apart."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.trainer.made_films import make_film
from trainer.__main__ import main
from trainer.bursts import LENGTH
from trainer.fit import Settings, rates, start, updates
from trainer.fitting.hyper import Hyper
from trainer.sweep import at_once, in_turn, member, rates_of, starts

TINY = Settings(channels=4, patch=16, batch=2, sweeps=1, chunk=4, clip_norm=0.5)
MEMBERS = [
    dataclasses.replace(TINY, seed=3, rate=0.02, momentum=0.8, temperature=2.0),
    dataclasses.replace(TINY, seed=2**31 - 1, rate=0.05, clip_norm=0.0, limit=4.0, schedule="linear"),
]


@pytest.fixture(scope="module", autouse=True)
def quickly_compiled():
    """What runs for a moment need not be compiled well."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="module")
def bursts():
    rng = np.random.default_rng(0)
    return jnp.asarray(rng.integers(0, 256, (2, LENGTH, 32, 32), np.uint8))


@pytest.fixture(scope="module")
def alone(bursts):
    """Of each member what its fit makes by itself: the state after three updates, and mean metrics."""
    progress = np.arange(3) / 3
    return [updates(each)(start(each, bursts), bursts, rates(each, 0, progress)) for each in MEMBERS]


@pytest.mark.parametrize("way", [at_once, in_turn])
def test_a_member_is_the_fit_with_its_settings(bursts, alone, way):
    """By vmap and one by one, polish included: weights, optimiser, patches and losses."""
    ahead = rates_of(MEMBERS, 0, np.arange(3) / 3)
    states, means = way(TINY)(Hyper.of_all(MEMBERS), starts(MEMBERS, bursts), bursts, ahead)
    for number, (state, metrics) in enumerate(alone):
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5), member(states, number), state
        )
        np.testing.assert_allclose(member(means, number), metrics, rtol=1e-4, atol=1e-6)
    first, second = (jax.device_get(state.params.generator) for state, _ in alone)
    assert not np.allclose(*(jax.tree.leaves(each)[0] for each in (first, second)))
