"""The distance of the patterns of two dithers."""

import numpy as np
import pytest

from trainer.evaluate.patterns import distance, histogram

CHECKS = (np.indices((40, 50)).sum(0) % 2).astype(np.uint8)
STRIPES = (np.indices((40, 50))[0] % 2).astype(np.uint8)


def test_a_pattern_is_found_wherever_it_lies():
    """A lone white pixel lies once in each place of a window of 3x3."""
    lone = np.zeros((20, 20), np.uint8)
    lone[8, 9] = 1
    found = histogram(lone) * 18 * 18
    assert found[[1 << bit for bit in range(9)]] == pytest.approx(1)
    assert found[0] == pytest.approx(18 * 18 - 9)


def test_the_same_dots_elsewhere_are_no_distance_and_others_nearly_the_most():
    assert distance(CHECKS[:, 1:], CHECKS[1:]) < 1e-6
    assert distance(CHECKS, STRIPES) == pytest.approx(np.log(2), abs=0.05)
    rng = np.random.default_rng(0)
    half = np.where(rng.random((40, 50)) < 0.5, CHECKS, 1 - CHECKS).astype(np.uint8)
    assert 0.2 < distance(CHECKS, half) < distance(CHECKS, STRIPES)
