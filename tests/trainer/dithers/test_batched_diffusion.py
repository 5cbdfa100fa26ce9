"""Error diffusion in JAX, and where a search starts, against the same for one frame on a CPU."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.trainer.search_cases import TWO_EYES, moving_scene
from trainer.dithers.batched_diffusion import floyd_steinberg, hysteresis, starts
from trainer.dithers.diffusion import FloydSteinberg
from trainer.dithers.search.ditherer import FrameSearch
from trainer.dithers.search.energy import cost, price_of
from trainer.dithers.search.start import Start

DIAL, PRICE = 0.5, price_of(0.5)


@pytest.fixture(scope="module")
def scene():
    """Two frames of a disc that drifts, and the first one's dither, which is shown."""
    frames = moving_scene(6)
    return frames[0], frames[5], FrameSearch().dither(frames[0], None)


def test_floyd_steinberg_is_pillows_bit_for_bit():
    """Noise, a ramp, greys on both sides of every threshold, black and white."""
    shape = (21, 34)
    rng = np.random.default_rng(4)
    frames = [rng.random(shape, dtype=np.float32) for _ in range(3)]
    frames.append(np.broadcast_to(np.linspace(0, 1, shape[1], dtype=np.float32), shape))
    frames += [np.full(shape, tone / 255, np.float32) for tone in (0, 1, 3, 77, 127, 128, 129, 254, 255)]
    found = jax.jit(floyd_steinberg)(np.stack(frames))
    assert found.dtype == np.float32
    for frame, dither in zip(frames, found, strict=True):
        np.testing.assert_array_equal(dither, FloydSteinberg().dither(frame, None))


def test_hysteresis_is_the_one_on_a_cpu_except_that_no_row_runs_back(scene):
    """Worked out pixel by pixel, every row from the left."""
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
    # Sums in another order differ in their last digits, so now and then a pixel turns out differently.
    assert np.mean(np.asarray(found[0]) != expected) < 0.02


def test_starts_are_as_good_as_on_a_cpu(scene):
    first, frame, shown = scene
    frames, seen = jnp.stack([frame, first]), jnp.asarray(np.stack([shown, shown]), jnp.float32)
    found = jax.jit(starts)(frames, seen, jnp.full(2, PRICE), jnp.zeros(2, bool))
    np.testing.assert_array_equal(found[1], shown)
    both = np.asarray(found[0]), Start(DIAL, PRICE)(frame, shown)
    costs = [cost(frame, each, shown, PRICE, TWO_EYES) for each in both]
    assert costs[0] == pytest.approx(costs[1], rel=0.1)


def test_a_first_frame_starts_at_error_diffusion_alone(scene):
    frame = jnp.asarray(scene[0])[None]
    nothing = jnp.zeros_like(frame)
    found = starts(frame, nothing, jnp.full(1, 0.01), jnp.ones(1, bool))
    np.testing.assert_array_equal(found, hysteresis(frame, nothing, jnp.zeros(1)))
