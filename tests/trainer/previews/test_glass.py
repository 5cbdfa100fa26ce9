"""The glass of a preview, against ghosts that are worked out pixel by pixel."""

import numpy as np

from tests.trainer.previews.preview_cases import LABELS, comparison, made_dithers, seen_on_glass
from trainer.dithers.levels import Levels
from trainer.previews.glass import GlassTones, PanelGlass, flash


def test_the_glass_shows_ghosts_until_the_redraw():
    made, moments = made_dithers(), list(comparison())
    for label in LABELS:
        glass = PanelGlass(Levels(black=1 / 12))
        actions = [moment.shown[label].score.action for moment in moments]
        for dither, action, expected in zip(
            made[label], actions, seen_on_glass(made[label], actions), strict=True
        ):
            np.testing.assert_array_equal(glass.show(dither, action), expected)
    assert GlassTones.of(Levels(black=1 / 12)) == GlassTones(white=224, black=32, ghost=48)
    np.testing.assert_array_equal(flash(np.array([[0, 1]], np.uint8)), [[224, 32]])
