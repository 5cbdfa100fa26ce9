"""Where a dither starts from: what is shown where it fits, error diffusion elsewhere; on the device too."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.trainer.search_cases import TWO_EYES, moving_scene
from trainer.dithers.batched.starts import (
    hysteresis,
    starts,
)
from trainer.dithers.diffusion import Hysteresis
from trainer.dithers.eye import (
    energy,
    hvs_psnr,
)
from trainer.dithers.search.energy import (
    cost,
    price_of,
)
from trainer.dithers.search.search import Search
from trainer.dithers.search.start import (
    CUT_DIAL,
    Start,
    after_cut,
    gaussian,
    start_dial,
)

DIAL, PRICE = 0.5, price_of(0.5)


@pytest.fixture(scope="module")
def scene():
    """Two frames of a disc that drifts, and the first one's dither, which is shown."""
    frames = moving_scene(6)
    return frames[0], frames[5], Search().dither(frames[0], None)


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
    ditherer, after = Search(dial), 1 - frame
    fresh, cut = (hvs_psnr(after, ditherer.dither(after, before), 6000) for before in (None, shown))
    assert cut > fresh - 1


def test_where_part_of_the_scene_moves_it_costs_less_than_either(scene):
    _, frame, shown = scene
    start, diffused = Start(DIAL, PRICE)(frame, shown), Hysteresis(start_dial(DIAL))(frame, shown)
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


def test_the_diffusion_on_the_device_is_the_sequential_one_but_for_its_turns(scene):
    """Row by row from the left, worked out pixel by pixel."""
    _, frame, shown = (plane[:20, :30] for plane in scene)
    lean = np.float32(0.2)
    owed, expected = frame.astype(np.float32).copy(), np.zeros(frame.shape)
    for y, x in np.ndindex(frame.shape):
        white = owed[y, x] > 0.5 + lean * (1 - 2.0 * shown[y, x])
        expected[y, x] = white
        error = owed[y, x] - white
        for dy, dx, share in ((0, 1, 7), (1, -1, 3), (1, 0, 5), (1, 1, 1)):
            if y + dy < frame.shape[0] and 0 <= x + dx < frame.shape[1]:
                owed[y + dy, x + dx] += error * share / 16
    found = hysteresis(jnp.asarray(frame)[None], jnp.asarray(shown, jnp.float32)[None], jnp.full(1, lean))
    # Sums in another order differ in their last digits: now and then a pixel falls the other way.
    assert np.mean(np.asarray(found[0]) != expected) < 0.02


def test_starts_on_the_device_are_as_good(scene):
    first, frame, shown = scene
    frames, seen = jnp.stack([frame, first]), jnp.asarray(np.stack([shown, shown]), jnp.float32)
    found = jax.jit(starts)(frames, seen, jnp.full(2, PRICE), jnp.zeros(2, bool))
    np.testing.assert_array_equal(found[1], shown)
    both = np.asarray(found[0]), Start(DIAL, PRICE)(frame, shown)
    costs = [cost(frame, each, shown, PRICE, TWO_EYES) for each in both]
    assert costs[0] == pytest.approx(costs[1], rel=0.1)


def test_a_first_frame_starts_from_error_diffusion_alone_on_the_device(scene):
    frame = jnp.asarray(scene[0])[None]
    nothing = jnp.zeros_like(frame)
    found = starts(frame, nothing, jnp.full(1, 0.01), jnp.ones(1, bool))
    np.testing.assert_array_equal(found, hysteresis(frame, nothing, jnp.zeros(1)))
