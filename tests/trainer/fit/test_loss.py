"""The losses: the two-action gradient against all draws of a tiny frame, flips, and the critic's."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trainer.dithers.eye import energy, two_eye_kernel
from trainer.dithers.generator.step import Glass, convolution_on
from trainer.fit.loss import (
    critic_loss,
    expected_flips,
    generator_loss,
    real_slope,
    slope_penalty,
    straight_through,
    white_or_black,
)

SHAPE, KERNEL = (2, 4), two_eye_kernel()
NO_LIMIT = 1e9


@pytest.fixture(scope="module")
def scene():
    """Frame, logits, the dither so far, which pixels count, and a glass with ghosts here and there."""
    rng = np.random.default_rng(3)
    frame, logits = rng.random(SHAPE, dtype=np.float32), rng.normal(0, 1.5, SHAPE).astype(np.float32)
    before, counts = (rng.random(SHAPE) < 0.5).astype(np.float32), np.zeros(SHAPE, np.float32)
    counts[:, ::2] = 1
    dirty = rng.random(SHAPE) < 0.5
    glass = Glass(jnp.where(dirty, 0.2, 0.0), jnp.where(dirty, 0.9, 1.0))
    return frame, logits, before, counts, glass


def loss(scene, logits, draw, temperature=1.0, limit=NO_LIMIT):
    frame, _, _, counts, glass = scene
    return white_or_black(logits, draw, glass, frame, counts, convolution_on(SHAPE), temperature, limit)


def every_draw(scene):
    """Every colour of the pixels that count; the others stay as they are."""
    _, _, before, counts, _ = scene
    draws = np.repeat(before[None], 2 ** int(counts.sum()), 0)
    draws[:, counts > 0] = list(product((0, 1), repeat=int(counts.sum())))
    return draws


def test_the_gradient_is_that_of_the_expected_energy_on_the_glass(scene):
    """Over all draws, each by its probability."""
    frame, logits, _, counts, glass = scene
    draws = every_draw(scene)
    energies = [energy(frame, np.asarray(glass.shows(draw)), KERNEL) for draw in draws]

    def chances(logits):
        white = 1 / (1 + np.exp(-logits.astype(np.float64)))
        each = np.where(draws == 1, white, 1 - white)
        return np.where(counts == 1, each, 1).prod((1, 2))

    slopes = np.zeros(SHAPE)
    for place in np.ndindex(SHAPE):
        nudge = np.zeros(SHAPE)
        nudge[place] = 1e-4
        slopes[place] = np.dot(chances(logits + nudge) - chances(logits - nudge), energies) / 2e-4
    gradients = jax.vmap(jax.grad(lambda x, draw: loss(scene, x, draw)), (None, 0))(
        jnp.asarray(logits), draws
    )
    mean = np.tensordot(chances(logits), gradients, 1)
    np.testing.assert_allclose(mean, slopes / logits.size, atol=2e-4)
    assert np.abs(slopes).max() > 0.1


def test_a_very_bad_pixel_counts_as_one_at_the_limit(scene):
    _, logits, _, counts, _ = scene
    draw, slope = every_draw(scene)[-1], jax.grad(loss, 1)
    chance = jax.nn.sigmoid(logits / 2)
    most = 0.05 * chance * (1 - chance) / 2 / logits.size
    found = np.abs(slope(scene, jnp.asarray(logits), draw, 2.0, 0.05))
    assert (found <= most + 1e-8).all()
    assert (found[counts > 0] > 0.9 * most[counts > 0]).any()
    assert (np.abs(slope(scene, jnp.asarray(logits), draw, 2.0))[counts > 0] > most[counts > 0]).any()


def test_flips_are_those_of_one_noise_for_all_frames():
    """A pixel is white where its chance is above the noise, which is the same here and before."""
    rng = np.random.default_rng(0)
    chance, before = rng.random((2, 3, 4), dtype=np.float32)
    noise = (np.arange(2000) + 0.5)[:, None, None] / 2000
    flips = ((noise < chance) != (noise < before)).mean((0, 2))
    price = np.array([0.1, 0.2, 0.4], np.float32)
    assert expected_flips(chance, before, price[:, None]) == pytest.approx((price * flips).mean(), abs=1e-3)


@pytest.mark.parametrize("adversary", ["pix2pix", "r1", "wasserstein", "wasserstein-clip"])
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
    assert generator_loss("wasserstein", fake, jnp.array([[[1.0]], [[0.0]]])) == 0.5


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


def test_r1_is_the_slope_at_real_dithers_of_all_pictures_that_the_critic_sees():
    """Score (x y)^2 / 2 of two pictures of one pixel: its slopes are x y^2 and x^2 y."""
    real = jnp.array([[1.0, 2.0], [0.5, 0.0]])[..., None, None]
    found = real_slope(lambda p: (p[:, :1, 0, :1] * p[:, 1:, 0, :1]) ** 2 / 2, real)
    assert found == pytest.approx((4**2 + 2**2) / 2, rel=1e-5)


def test_straight_through_is_the_hard_picture_with_the_gradient_of_the_soft_one():
    logits = jnp.asarray(np.random.default_rng(0).normal(0, 2, (2, 3, 4)), jnp.float32)
    hard = (logits > 0).astype(jnp.float32)
    np.testing.assert_allclose(straight_through(hard, jax.nn.sigmoid(logits)), hard, atol=1e-6)
    slope = jax.grad(lambda x: straight_through(hard, jax.nn.sigmoid(x)).sum())(logits)
    white = jax.nn.sigmoid(logits)
    np.testing.assert_allclose(slope, white * (1 - white), rtol=1e-4)
