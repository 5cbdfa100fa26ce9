"""The two-action gradient, against all dithers of a tiny frame and the energy as `search.py` defines it."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trainer.eye import two_eye_kernel
from trainer.objectives import counterfactual, draw, energy_per_pixel, whitening
from trainer.search import cost
from trainer.search_parallel import convolution

SHAPE, PRICE = (2, 4), 0.3
KERNEL = two_eye_kernel()
CONVOLVE = convolution(KERNEL, SHAPE)


@pytest.fixture(scope="module")
def scene():
    """A frame, a shown dither and logits, [1, 2, 4]."""
    rng = np.random.default_rng(3)
    frame = rng.random((1, *SHAPE), dtype=np.float32)
    shown = (rng.random((1, *SHAPE)) < 0.5).astype(np.float32)
    return frame, shown, rng.normal(0, 1.5, (1, *SHAPE)).astype(np.float32)


def every_dither():
    return np.array(list(product((0, 1), repeat=SHAPE[0] * SHAPE[1])), np.float32).reshape(-1, 1, *SHAPE)


def test_the_gradient_is_that_of_the_expected_energy(scene):
    """Summed over all dithers, each by its probability: the gradient of the energy, by finite differences."""
    frame, shown, logits = scene
    energies = [cost(frame[0], dither[0], shown[0], PRICE, KERNEL) for dither in every_dither()]

    def expected(logits):
        probability = 1 / (1 + np.exp(-logits.astype(np.float64)))
        chances = [np.prod(np.where(dither > 0, probability, 1 - probability)) for dither in every_dither()]
        return np.dot(chances, energies) / logits.size, chances

    slopes = np.zeros(logits.shape)
    for place in np.ndindex(logits.shape):
        nudge = np.zeros(logits.shape)
        nudge[place] = 1e-4
        slopes[place] = (expected(logits + nudge)[0] - expected(logits - nudge)[0]) / 2e-4

    def loss(logits, sample):
        return counterfactual(logits, sample, frame, shown, jnp.full(1, PRICE), CONVOLVE, 1.0)

    gradients = jax.vmap(jax.grad(loss), (None, 0))(jnp.asarray(logits), every_dither())
    mean = np.tensordot(expected(logits)[1], gradients, 1)
    np.testing.assert_allclose(mean, slopes, atol=2e-4)
    assert np.abs(slopes).max() > 0.01


def test_whitening_is_what_a_white_pixel_costs_over_a_black_one(scene):
    frame, shown, _ = scene
    dither = every_dither()[0b10110010]
    found = whitening(dither, frame, shown, jnp.full(1, PRICE), CONVOLVE)
    for place in np.ndindex(dither.shape):
        costs = []
        for value in (0, 1):
            changed = dither.copy()
            changed[place] = value
            costs.append(cost(frame[0], changed[0], shown[0], PRICE, KERNEL))
        assert found[place] == pytest.approx(costs[1] - costs[0], abs=1e-4)


def test_the_energy_is_that_of_the_search(scene):
    frame, shown, _ = scene
    dither = every_dither()[0b01100101]
    found = energy_per_pixel(dither, frame, shown, jnp.full(1, PRICE), CONVOLVE)
    assert found[0] == pytest.approx(cost(frame[0], dither[0], shown[0], PRICE, KERNEL) / 8, rel=1e-5)


def test_a_draw_is_white_as_often_as_its_logits_say():
    logits = jnp.broadcast_to(jnp.array([-2.0, 0.0, 2.0])[:, None], (3, 4000))
    drawn = draw(jax.random.key(0), logits)
    assert set(np.unique(drawn)) == {0, 1}
    np.testing.assert_allclose(drawn.mean(1), jax.nn.sigmoid(logits[:, 0]), atol=0.03)
