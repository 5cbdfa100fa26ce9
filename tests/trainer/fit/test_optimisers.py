"""The optimisers: the defaults are Adam as it was, the others are what the papers say."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from trainer.dithers.generator.model import Size
from trainer.dithers.generator.weights import Weights
from trainer.fit.checkpoint import Run
from trainer.fit.optimisers import direction, learning_rates
from trainer.fit.settings import Settings, hyper_of, table
from trainer.fit.train import Pair, State, rates

OPTIMISERS = table(Settings)["optimiser"].choices
PARAMS = {"kernel": jnp.array([[3.0, 0.0], [0.0, 4.0]]), "bias": jnp.zeros(2)}


def gradients(count, scale=0.1):
    rng = np.random.default_rng(0)
    return [
        {name: jnp.asarray(scale * rng.normal(size=leaf.shape), jnp.float32) for name, leaf in PARAMS.items()}
        for _ in range(count)
    ]


def steps_of(optimiser, gradients):
    state, steps = optimiser.init(PARAMS), []
    for gradient in gradients:
        step, state = optimiser.update(gradient, state, PARAMS)
        steps.append(jax.tree.map(np.asarray, step))
    return steps


@pytest.mark.parametrize("scale", [0.1, 100.0])
def test_the_defaults_are_the_updates_that_the_shipped_weights_were_made_with(scale):
    hyper = hyper_of(Settings())
    found = steps_of(
        direction(Settings().optimiser, hyper["momentum"], hyper["clip_norm"]), gradients(5, scale=scale)
    )
    before = optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam(b2=0.99))
    jax.tree.map(np.testing.assert_array_equal, found, steps_of(before, gradients(5, scale=scale)))


def test_lamb_steps_by_a_share_of_each_kernel():
    """You et al., algorithm 2, by hand: m and v corrected, r = m / (sqrt v + eps), then r |W| / |r|."""
    m = v = 0
    for number, (gradient, step) in enumerate(
        zip(gradients(4), steps_of(direction("lamb", 0.9, np.inf), gradients(4)), strict=True), 1
    ):
        g = np.asarray(gradient["kernel"], np.float64)
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        r = m / (1 - 0.9**number) / (np.sqrt(v / (1 - 0.99**number)) + 1e-6)
        np.testing.assert_allclose(step["kernel"], r * 5 / np.linalg.norm(r), rtol=1e-4)
        assert np.linalg.norm(step["kernel"]) == pytest.approx(5, rel=1e-5)
        if number == 1:  # a bias at 0 goes Adam's way
            np.testing.assert_allclose(np.abs(step["bias"]), 1, rtol=1e-3)


def test_sgd_sums_what_momentum_keeps():
    first, second = gradients(2)
    steps = steps_of(direction("sgd", 0.5, np.inf), [first, second])
    np.testing.assert_allclose(steps[1]["kernel"], second["kernel"] + 0.5 * first["kernel"], rtol=1e-6)


@pytest.mark.parametrize("kind", OPTIMISERS)
def test_a_gradient_is_clipped_first(kind):
    """However long it is, a clipped gradient gives the same steps; without clipping it is its own length."""
    long, longer = gradients(3, 100.0), gradients(3, 1000.0)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4),
        *(steps_of(direction(kind, 0.9, 1.0), each) for each in (long, longer)),
    )
    if kind == "sgd":
        free = steps_of(direction(kind, 0.0, hyper_of(Settings(clip_norm=0))["clip_norm"]), long)
        jax.tree.map(np.testing.assert_array_equal, free, long)


@pytest.mark.parametrize("kind", OPTIMISERS)
def test_a_checkpoint_keeps_the_optimiser_as_it_is(kind, tmp_path):
    """Restored, it makes the very step that it would have made."""
    optimiser = direction(kind, 0.9, 1.0)
    *before, last = gradients(3)

    def holding(state, step):
        return State(jnp.int32(step), Pair(PARAMS, ()), Pair(state, ()), ())

    fresh = state = optimiser.init(PARAMS)
    for gradient in before:
        _, state = optimiser.update(gradient, state, PARAMS)
    run = Run(tmp_path / "run", {}, False)
    run.save(2, holding(state, 2), 1.5, Weights({}, Size(), {}))
    restored, seconds = run.restore(holding(fresh, 0))
    assert (int(restored.step), seconds) == (2, 1.5)
    assert jax.tree.structure(restored) == jax.tree.structure(holding(state, 2))
    steps = [optimiser.update(last, each, PARAMS)[0] for each in (state, restored.optimiser.generator)]
    jax.tree.map(np.testing.assert_array_equal, *steps)


def test_schedules_begin_alike_and_end_as_they_are_called():
    progress = np.array([0, 0.5, 1])
    ends = {"cosine": [1, 0.51, 0.02], "linear": [1, 0.51, 0.02], "constant": [1, 1, 1]}
    for schedule, expected in ends.items():
        np.testing.assert_allclose(learning_rates(2.0, schedule, 500, progress), 2 * np.array(expected))
        np.testing.assert_allclose(learning_rates(2.0, schedule, 0, np.zeros(2)), [0.02, 0.04], rtol=1e-6)
    quarter = np.array([0.25])
    assert learning_rates(1, "cosine", 500, quarter) > 1.1 * learning_rates(1, "linear", 500, quarter)
    np.testing.assert_array_equal(
        rates(Settings(schedule="linear"), 500, quarter), learning_rates(2e-3, "linear", 500, quarter)
    )
