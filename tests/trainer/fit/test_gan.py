"""One update of the GAN: what it changes, and what it leaves."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trainer.dithers.generator.step import decides
from trainer.fit import patches
from trainer.fit.data import LENGTH
from trainer.fit.settings import Settings, hyper_of
from trainer.fit.train import one_update, start

pytestmark = pytest.mark.usefixtures("quickly_compiled")

SETTINGS = Settings(channels=4, blocks=1, patch=16, batch=8, seed=1)


@pytest.fixture(scope="module")
def history():
    """States over some updates, with the metrics of each."""
    clips = np.random.default_rng(0).integers(60, 200, (2, LENGTH, 8, 8)).astype(np.uint8)
    clips = jnp.asarray(clips.repeat(4, 2).repeat(4, 3))
    state, update, hyper = start(SETTINGS, clips), one_update(SETTINGS), hyper_of(SETTINGS)
    seen = [(jax.device_get(state), None)]
    for _ in range(4):
        state, metrics = update(hyper, state, clips, jnp.float32(0.3))
        seen.append(jax.device_get((state, metrics)))
    return seen


def test_generator_and_critic_learn(history):
    (first, _), *_, (last, metrics) = history
    assert int(last.step) == 4
    assert np.isfinite(metrics).all()
    assert 0 < metrics.unsure < 0.25
    assert metrics.critic != 0
    for before, after in zip(first.params, last.params, strict=True):
        kernels = zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True)
        assert all((one != other).any() for one, other in kernels)


def test_a_pass_changes_the_pixels_that_it_decides_and_no_others(history):
    changed = 0
    for (before, _), (after, _) in pairwise(history):
        pool, gone = before.pool, patches.is_last(before.pool)
        decided = np.asarray(decides(patches.number_of(pool), (16, 16)))[:, None]
        flips = (after.pool.dither != pool.dither)[~gone]
        assert not (flips & (decided[~gone] == 0)).any()
        changed += flips.sum()
    assert changed > 0


def test_what_is_real_stays_with_its_patch_and_comes_with_the_next_one(history):
    """The first ones are Floyd and Steinberg's dithers; those that follow are searched."""
    replaced = 0
    for (before, _), (after, _) in pairwise(history):
        gone = np.asarray(patches.is_last(before.pool))
        fresh = (after.pool.real != before.pool.real).any((1, 2, 3))
        np.testing.assert_array_equal(fresh, gone)
        assert (after.pool.done[gone] == 0).all()
        replaced += gone.sum()
    assert replaced > 2
