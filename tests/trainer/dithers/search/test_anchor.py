"""Where the frames of a stretch begin: at the anchor's dots, with no more flips than the tones ask for."""

from itertools import pairwise

import numpy as np
import pytest

from tests.trainer.search_cases import moving_scene
from trainer.dithers.diffusion import Hysteresis
from trainer.dithers.glass import glass
from trainer.dithers.levels import CLEAN, Levels
from trainer.dithers.mask import thresholds, tiled
from trainer.dithers.search.anchor import anchored, begun

[MEAN] = moving_scene(1, (96, 96))
ANCHOR = Hysteresis().dither(MEAN, None)
MASK = anchored(tiled(thresholds(), MEAN.shape), MEAN, ANCHOR)


def tones(*levels):
    """The mean, moved up and down by these, so far as there is room."""
    return np.stack([MEAN + level * np.minimum(MEAN, 1 - MEAN) for level in np.float32(levels)])


def test_what_stands_still_gets_the_dots_of_the_anchor():
    for levels in (CLEAN, Levels(0.083, 0.97)):
        for dither in begun(tones(0, 0, 0), MASK, *levels[:2]):
            np.testing.assert_array_equal(dither, ANCHOR)


@pytest.mark.parametrize("levels", [(-0.6, -0.2, 0, 0.3, 0.5), (0.5, 0.1, -0.1, -0.5)])
def test_a_tone_that_rises_or_falls_flips_a_pixel_once_and_as_many_as_it_changes_by(levels):
    frames = tones(*levels)
    dithers = begun(frames, MASK, 0, 1)
    flips = [after != before for before, after in pairwise(dithers)]
    assert np.sum(flips, 0).max() == 1
    for share, (before, after) in zip(np.mean(flips, (1, 2)), pairwise(frames), strict=True):
        assert share == pytest.approx(np.abs(after - before).mean(), rel=0.06)


def test_ghosts_are_made_up_for():
    """A film that fades and comes back: its mean tones on the glass are right, without it they are not."""
    frames, levels = tones(0.6, 0.1, -0.6, 0.2), Levels(0.1, 0.95)
    errors = [
        [
            (seen - frame).mean()
            for seen, frame in zip(glass(dithers.astype(np.uint8), levels), frames, strict=True)
        ]
        for dithers in (begun(frames, MASK, *shown) for shown in (levels[:2], (0, 1)))
    ]
    assert np.abs(errors[0]).max() < 0.008
    assert np.abs(errors[1]).max() > 0.02
