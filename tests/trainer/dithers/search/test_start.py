"""Where a search starts: at the shown dither where it fits, at error diffusion elsewhere."""

import numpy as np
import pytest

from tests.trainer.search_cases import TWO_EYES, moving_scene
from trainer.dithers.diffusion import Hysteresis
from trainer.dithers.eye import energy, hvs_psnr
from trainer.dithers.search.ditherer import FrameSearch
from trainer.dithers.search.energy import cost, price_of
from trainer.dithers.search.start import CUT_DIAL, Start, after_cut, gaussian, start_dial

DIAL, PRICE = 0.5, price_of(0.5)


@pytest.fixture(scope="module")
def scene():
    """Two frames of a disc that drifts, and the first one's dither, which is shown."""
    frames = moving_scene(6)
    return frames[0], frames[5], FrameSearch().dither(frames[0], None)


def test_in_a_still_scene_it_is_the_shown_dither(scene):
    frame, _, shown = scene
    np.testing.assert_array_equal(Start(DIAL, PRICE)(frame, shown), shown)


def test_after_a_cut_it_is_error_diffusion(scene):
    frame, _, shown = scene
    after = 1 - frame
    start = Start(DIAL, PRICE)(after, shown)
    np.testing.assert_array_equal(start, Hysteresis(CUT_DIAL).dither(after, shown))


def test_a_cut_is_told_from_motion(scene):
    before, frame, shown = scene
    assert after_cut(Start(DIAL, PRICE)(1 - before, shown), shown)
    assert not after_cut(Start(DIAL, PRICE)(frame, shown), shown)


@pytest.mark.parametrize("dial", [0.2, 0.8])
def test_the_frame_after_a_cut_is_within_a_decibel_of_a_fresh_dither(scene, dial):
    frame, _, shown = scene
    ditherer, after = FrameSearch(dial), 1 - frame
    fresh, cut = (hvs_psnr(after, ditherer.dither(after, before), 6000) for before in (None, shown))
    assert cut > fresh - 1


def test_where_part_of_the_scene_moves_it_costs_less_than_either(scene):
    _, frame, shown = scene
    start, diffused = Start(DIAL, PRICE)(frame, shown), Hysteresis(start_dial(DIAL)).dither(frame, shown)
    costs = [cost(frame, each, shown, PRICE, TWO_EYES) for each in (start, shown, diffused)]
    assert costs[0] < min(costs[1:])


def test_the_gaussian_eye_sees_as_much_as_the_two_eye_kernel():
    g = gaussian()
    assert (g**2).sum() == pytest.approx(1, rel=1e-3)
    assert g.sum() ** 2 == pytest.approx(TWO_EYES.sum(), rel=1e-3)
    error = np.random.default_rng(0).normal(size=(64, 64)) * 0.1 + 0.05
    seen = energy(np.zeros((64, 64), np.float32), error, TWO_EYES)
    line = np.convolve(*2 * [np.sqrt(np.diag(g))])
    by_gaussian = energy(np.zeros((64, 64), np.float32), error, np.outer(line, line))
    assert 0.5 < by_gaussian / seen < 2
