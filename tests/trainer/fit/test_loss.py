"""The two-action gradient, against all draws of a tiny frame and the energy of `searching/energy.py`."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.generator.step import View, energy_on, propose
from trainer.dithers.search.energy import cost
from trainer.dithers.search.moves import NOTHING, OFFSETS, SWAP, TOGGLE
from trainer.fit.loss import (
    counterfactual,
    critic_loss,
    draw,
    energy_per_pixel,
    gains,
    generator_loss,
    slope_penalty,
    straight_through,
)

SHAPE, PRICE = (2, 4), 0.3
KERNEL = two_eye_kernel()
ENERGY = energy_on(SHAPE)
NO_LIMIT = 1e9


@pytest.fixture(scope="module")
def scene():
    """Frame, dither and shown dither, the moves proposed, and logits, [1, 2, 4]."""
    rng = np.random.default_rng(11)
    frame = rng.uniform(0.35, 0.65, (1, *SHAPE)).astype(np.float32)
    dither, shown = ((rng.random((1, *SHAPE)) < 0.5).astype(np.float32) for _ in range(2))
    proposal = propose(View(frame, dither, shown, jnp.full(1, PRICE), jnp.full(SHAPE, 0.5)), ENERGY)
    assert len(set(np.asarray(proposal.move).ravel())) > 3, "the scene should have moves of several kinds"
    return frame, dither, shown, proposal, rng.normal(0, 1.5, (1, *SHAPE)).astype(np.float32)


def every_draw():
    return np.array(list(product((False, True), repeat=SHAPE[0] * SHAPE[1]))).reshape(-1, 1, *SHAPE)


def after(dither, proposal, drawn):
    """The dither with every drawn move made, one by one: a pixel in two of them changes twice over."""
    change = np.zeros(SHAPE)
    for y, x in np.argwhere(drawn[0]):
        code = int(proposal.move[0, y, x])
        assert code != NOTHING
        pixels = [(y, x)]
        if code != TOGGLE:
            down, right = OFFSETS[code - SWAP]
            pixels.append((y + down, x + right))
        for pixel in pixels:
            change[pixel] += 1 - 2 * dither[0][pixel]
    return dither[0] + change


def cost_of(scene, drawn):
    """The energy as `cost` has it, with a flip's price in proportion where a pixel changes twice over."""
    frame, dither, shown, proposal, _ = scene
    made = after(dither, proposal, drawn)
    flips = np.sum(np.abs(dither[0] - shown[0]) + (made - dither[0]) * (1 - 2 * shown[0]))
    return cost(frame[0], made, made, 0.0, KERNEL) + PRICE * flips


def test_the_gradient_is_that_of_the_expected_energy(scene):
    """Summed over all draws, each by its probability: the gradient of the energy, by finite differences."""
    *_, proposal, logits = scene
    energies = [cost_of(scene, drawn) for drawn in every_draw()]

    def expected(logits):
        probability = 1 / (1 + np.exp(-logits.astype(np.float64)))
        chances = [np.prod(np.where(drawn, probability, 1 - probability)) for drawn in every_draw()]
        return np.dot(chances, energies) / logits.size, chances

    slopes = np.zeros(logits.shape)
    for place in np.ndindex(logits.shape):
        nudge = np.zeros(logits.shape)
        nudge[place] = 1e-4
        slopes[place] = (expected(logits + nudge)[0] - expected(logits - nudge)[0]) / 2e-4

    def loss(logits, drawn):
        return counterfactual(logits, drawn, proposal, ENERGY, 1.0, NO_LIMIT)

    gradients = jax.vmap(jax.grad(loss), (None, 0))(jnp.asarray(logits), every_draw())
    mean = np.tensordot(expected(logits)[1], gradients, 1)
    np.testing.assert_allclose(mean, slopes, atol=2e-4)
    assert np.abs(slopes).max() > 0.01


def test_a_gain_is_what_a_move_changes_all_others_as_they_are(scene):
    drawn = every_draw()[0b10110010]
    found = gains(drawn, scene[3], ENERGY)
    for place in np.ndindex(drawn.shape):
        costs = []
        for value in (False, True):
            other = drawn.copy()
            other[place] = value
            costs.append(cost_of(scene, other))
        assert found[place] == pytest.approx(costs[1] - costs[0], abs=2e-4)


def test_a_very_bad_move_counts_as_one_at_the_limit(scene):
    *_, proposal, logits = scene
    drawn = every_draw()[-1]
    assert np.abs(gains(drawn, proposal, ENERGY)).max() > 1
    slope = jax.grad(lambda x: counterfactual(x, drawn, proposal, ENERGY, 1.0, 0.5))(jnp.asarray(logits))
    chance = jax.nn.sigmoid(logits)
    assert (np.abs(slope) <= 0.5 * chance * (1 - chance) / logits.size + 1e-7).all()


def test_the_energy_is_that_of_the_search(scene):
    frame, dither, shown, *_ = scene
    found = energy_per_pixel(dither, frame, shown, jnp.full(1, PRICE), ENERGY.convolve)
    assert found[0] == pytest.approx(cost(frame[0], dither[0], shown[0], PRICE, KERNEL) / 8, rel=1e-5)


def test_moves_are_drawn_as_often_as_their_logits_say():
    logits = jnp.broadcast_to(jnp.array([-2.0, 0.0, 2.0])[:, None], (3, 4000))
    drawn = draw(jax.random.key(0), logits)
    assert drawn.dtype == bool
    np.testing.assert_allclose(drawn.mean(1), jax.nn.sigmoid(logits[:, 0]), atol=0.03)


@pytest.mark.parametrize("adversary", ["pix2pix", "wasserstein", "wasserstein-clip"])
def test_each_side_wants_the_opposite_of_the_fakes(adversary):
    def slopes(loss):
        return jax.grad(lambda real, fake: loss(real, fake), (0, 1))(
            jnp.zeros((2, 1, 1)), jnp.zeros((2, 1, 1))
        )

    real, fake = slopes(lambda real, fake: critic_loss(adversary, real, fake))
    assert (real < 0).all()
    assert (fake > 0).all()
    real, fake = slopes(lambda real, fake: generator_loss(adversary, fake))
    assert (real == 0).all()
    assert (fake < 0).all()


def test_losses_of_known_scores():
    real, fake = jnp.array([[[3.0]], [[1.0]]]), jnp.array([[[-1.0]], [[0.0]]])
    assert critic_loss("wasserstein", real, fake) == -2.5
    assert generator_loss("wasserstein", fake) == 0.5
    half = np.log(2)
    assert critic_loss("pix2pix", 0 * real, 0 * fake) == pytest.approx(half)
    assert generator_loss("pix2pix", 0 * fake) == pytest.approx(half)


def test_the_penalty_is_none_at_slope_1():
    real, fake = jnp.ones((2, 3, 4)), jnp.zeros((2, 3, 4))

    def of_slope(slope):
        score = lambda pictures: slope / np.sqrt(12) * pictures.sum((-2, -1), keepdims=True)  # noqa: E731
        return slope_penalty(score, real, fake, jnp.array([0.2, 0.9]))

    assert of_slope(1.0) == pytest.approx(0, abs=1e-9)
    assert of_slope(3.0) == pytest.approx(4, rel=1e-5)


def test_the_penalty_is_taken_between_real_and_fake():
    """Score x^3 / 3 of one pixel: at a share s between 1 and 0 its slope is s^2."""
    share = jnp.array([0.0, 0.5, 1.0])
    found = slope_penalty(lambda p: p**3 / 3, jnp.ones((3, 1, 1)), jnp.zeros((3, 1, 1)), share)
    assert found == pytest.approx(np.mean((np.array([0, 0.25, 1]) - 1) ** 2), rel=1e-4)


def test_straight_through_is_the_hard_picture_with_the_gradient_of_the_soft_one():
    logits = jnp.asarray(np.random.default_rng(0).normal(0, 2, (2, 3, 4)), jnp.float32)
    hard = (logits > 0).astype(jnp.float32)
    np.testing.assert_allclose(straight_through(hard, jax.nn.sigmoid(logits)), hard, atol=1e-6)
    slope = jax.grad(lambda x: straight_through(hard, jax.nn.sigmoid(x)).sum())(logits)
    white = jax.nn.sigmoid(logits)
    np.testing.assert_allclose(slope, white * (1 - white), rtol=1e-4)
