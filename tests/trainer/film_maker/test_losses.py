"""The film-maker's losses: what they come to, and where they push."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.film_maker.losses import (
    RECONSTRUCTIONS,
    TermWeights,
    change,
    cross_entropy,
    distance,
    overconfidence,
    v1,
    v2,
    v3,
)

SHAPE = (2, 3, 4)
weight = st.floats(0, 10, width=32)


@pytest.fixture(scope="module")
def scene():
    """Logits, target, shown dither, frame, frame before."""
    rng = np.random.default_rng(0)
    dithers = [(rng.random(SHAPE) < 0.5).astype(np.float32) for _ in range(2)]
    frames = [rng.random(SHAPE, dtype=np.float32) for _ in range(2)]
    return rng.normal(0, 2, SHAPE).astype(np.float32), *dithers, *frames


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(sorted(RECONSTRUCTIONS)), weight, weight, st.floats(-5, 5, width=32))
def test_a_term_of_weight_0_gives_the_version_before(scene, name, reconstruction, critic, score):
    logits, target, *rest = scene
    how = RECONSTRUCTIONS[name]
    only = TermWeights(reconstruction, critic)
    assert v3(logits, target, *rest, score, only, how) == v2(logits, target, score, only, how)
    alone = TermWeights(reconstruction)
    assert v2(logits, target, score, alone, how) == v1(logits, target, alone, how)


def test_v3_is_the_weighted_sum_of_its_terms(scene):
    logits, target, shown, frame, before = scene
    white = 1 / (1 + np.exp(-logits))
    flips, needed = (np.abs(a - b).mean((1, 2)) for a, b in ((white, shown), (frame, before)))
    expected = (
        2 * np.abs(white - target).mean()
        + 3 * 0.7
        + 5 * np.abs(white - shown).mean()
        + 7 * np.maximum(flips - needed, 0).mean()
    )
    found = v3(logits, target, shown, frame, before, 0.7, TermWeights(2, 3, 5, 7), distance)
    assert found == pytest.approx(expected, rel=1e-5)


def test_cross_entropy_is_least_at_the_chance_of_white_and_distance_at_its_threshold():
    """Targets white three times in ten: a grey for one, black for the other, no dots in either."""
    targets = (np.arange(10) < 3).astype(np.float32)[:, None, None]
    chances = np.linspace(0.01, 0.99, 99)
    for how, best in ((cross_entropy, 0.3), (distance, 0.01)):
        losses = [how(np.full((10, 1, 1), np.log(p / (1 - p)), np.float32), targets) for p in chances]
        assert chances[np.argmin(losses)] == pytest.approx(best, abs=1e-6)


def test_change_asks_for_no_fewer_flips_than_the_tone_needs():
    shown = jnp.zeros((1, 10, 10))
    frame, before = jnp.full((1, 10, 10), 0.5), jnp.full((1, 10, 10), 0.3)
    logits = jnp.full((1, 10, 10), -20.0)
    for white, expected in ((10, 0), (20, 0), (30, 0.1)):
        dither = logits.reshape(-1).at[:white].set(20).reshape(1, 10, 10)
        assert change(dither, shown, frame, before) == pytest.approx(expected, abs=1e-6)


def test_only_logits_beyond_a_chance_of_98_percent_are_overconfident():
    assert overconfidence(jnp.array([-4.0, 0.0, 3.9])) == 0
    assert overconfidence(jnp.array([6.0])) == overconfidence(jnp.array([-6.0])) == pytest.approx(0.04)
