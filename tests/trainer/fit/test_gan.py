"""One update of the GAN: what it pushes towards, and what its critic takes for real."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
from trainer.dithers.generator.one_shot import PASSES, convolution_on

from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.search.ditherer import FrameSearch
from trainer.dithers.search.energy import cost
from trainer.fit.data import LENGTH, view
from trainer.fit.loss import white_or_black
from trainer.fit.settings import GanSettings, hyper_of
from trainer.fit.train import one_update, start

SHAPE, KERNEL = (2, 4), two_eye_kernel()


def test_the_gradient_is_that_of_the_expected_energy():
    """Over all draws of the pixels that count, each by its probability; the others stay as they are."""
    rng = np.random.default_rng(3)
    frame, logits = rng.random(SHAPE, dtype=np.float32), rng.normal(0, 1.5, SHAPE).astype(np.float32)
    before, counts = (rng.random(SHAPE) < 0.5).astype(np.float32), np.zeros(SHAPE, np.float32)
    counts[:, ::2] = 1
    places = np.argwhere(counts)
    draws = []
    for colours in product((0, 1), repeat=len(places)):
        draws.append(before.copy())
        draws[-1][tuple(places.T)] = colours
    draws = np.array(draws)
    energies = [cost(frame, draw, draw, 0.0, KERNEL) for draw in draws]

    def chances(logits):
        white = 1 / (1 + np.exp(-logits.astype(np.float64)))
        each = np.where(draws == 1, white, 1 - white)
        return np.where(counts == 1, each, 1).prod((1, 2))

    slopes = np.zeros(SHAPE)
    for place in np.ndindex(SHAPE):
        nudge = np.zeros(SHAPE)
        nudge[place] = 1e-4
        slopes[place] = np.dot(chances(logits + nudge) - chances(logits - nudge), energies) / 2e-4
    convolve = convolution_on(SHAPE)

    def loss(logits, draw):
        return white_or_black(logits, draw, frame, counts, convolve, 1.0, 1e9)

    gradients = jax.vmap(jax.grad(loss), (None, 0))(jnp.asarray(logits), draws)
    mean = np.tensordot(chances(logits), gradients, 1)
    np.testing.assert_allclose(mean, slopes / logits.size, atol=2e-4)
    assert np.abs(slopes).max() > 0.1


def test_real_dithers_are_settled_and_stay_with_their_patch():
    """Once every patch has been replaced, on a CPU by the sequential search."""
    settings = GanSettings(channels=4, blocks=1, patch=32, batch=PASSES, critic_weight=0.0)
    clips = np.random.default_rng(0).integers(60, 200, (2, LENGTH, 8, 8)).astype(np.uint8)
    clips = jnp.asarray(clips.repeat(8, 2).repeat(8, 3))
    state, update = start(settings, clips), one_update(settings)
    hyper = hyper_of(settings)
    for _ in range(PASSES):
        state, metrics = update(hyper, state, clips, jnp.float32(1e-4))
    assert np.isfinite(metrics.loss)
    scene = view(state.pool, clips)
    for frame, real in zip(np.array(scene.frame), np.asarray(state.pool.previous), strict=True):
        dither = real.astype(np.uint8)
        better = FrameSearch(engine="sequential").dither(frame, None)
        energies = [cost(frame, each, each, 0.0, KERNEL) for each in (dither, better)]
        assert energies[0] < 1.1 * energies[1]
    before = np.asarray(state.pool.previous)
    state, _ = update(hyper, state, clips, jnp.float32(1e-4))
    changed = (np.asarray(state.pool.previous) != before).any((1, 2))
    assert changed.sum() == 1
