"""A pass in compiled code: the dither of the pass in JAX, moves apart, c * e up to date, on any cores."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.trainer.search_cases import moving_scene
from trainer.dithers.diffusion import Hysteresis
from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.generator.model import Size
from trainer.dithers.generator.step import (
    View,
    energy_on,
    step,
)
from trainer.dithers.generator.weights import load
from trainer.dithers.mask import (
    thresholds,
    tiled,
)
from trainer.dithers.search.convolution import convolved
from trainer.dithers.search.energy import (
    price_of,
    reaching,
)
from trainer.dithers.search.moves import (
    NOTHING,
    SWAP,
    TOGGLE,
    apart,
)
from trainer.generating.compiled.steps import CompiledSteps, _apart, _pixels

TAPS = reaching(two_eye_kernel())
WEIGHTS = load()
SHAPES = [(21, 30), (37, 50)]


def scene(shape):
    """A frame, the dither to start from and the shown one: a scene that has moved on."""
    before, _, frame = moving_scene(3, shape)
    shown = Hysteresis().dither(before, None)
    return frame, Hysteresis(0.5).dither(frame, shown), shown


def steps(shape, threads=1):
    assert isinstance(WEIGHTS.size, Size)
    return CompiledSteps(WEIGHTS.arrays, WEIGHTS.size, shape, threads)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_dither_is_that_of_the_pass_in_jax(shape):
    frame, start, shown = scene(shape)
    energy, mask = energy_on(shape), jnp.asarray(tiled(thresholds(), shape))
    network = WEIGHTS.generator()
    one = jax.jit(lambda view: step(network, view, energy))
    for price in (price_of(0.5), 0.01):
        dither = jnp.asarray(start, jnp.float32)[None]
        for _ in range(2):
            planes = (jnp.asarray(plane, jnp.float32)[None] for plane in (frame, shown))
            seen, before = planes
            dither = one(View(seen, dither, before, jnp.full(1, price), mask))
        result, _ = steps(shape)(frame, start, shown, price, 2)
        # Rounding may tip a move that is all but even; none of these scenes has one.
        np.testing.assert_array_equal(result, np.asarray(dither[0]))
        assert (result != start).any()


def test_c_e_is_that_of_the_dither():
    frame, start, shown = scene((70, 41))
    dither, blurred = steps(frame.shape)(frame, start, shown, 0.05, 3)
    radius = TAPS.shape[0] // 2
    inner = blurred[radius:-radius, radius:-radius]
    np.testing.assert_allclose(inner, convolved((dither - frame).astype(np.float32), TAPS), atol=1e-4)


def test_the_dither_is_the_same_on_any_number_of_cores_and_the_arguments_stay_as_they_were():
    frame, start, shown = scene((150, 41))
    kept = frame.copy(), start.copy(), shown.copy()
    one, _ = steps(frame.shape, 1)(frame, start, shown, 0.1, 3)
    for threads in (2, 4):
        passed = steps(frame.shape, threads)
        for _ in range(2):
            np.testing.assert_array_equal(passed(frame, start, shown, 0.1, 3)[0], one)
    for array, before in zip((frame, start, shown), kept, strict=True):
        np.testing.assert_array_equal(array, before)


def test_of_moves_that_share_a_pixel_the_likeliest_stay():
    """Against `moves.apart`, on moves that lie so close that most of them share pixels."""
    rng = np.random.default_rng(2)
    shape = 24, 30
    move = rng.integers(TOGGLE, SWAP + 12, shape).astype(np.int32)
    inside = np.zeros(shape, bool)
    inside[2:-2, 2:-2] = rng.uniform(size=(20, 26)) < 0.5
    logits = rng.normal(size=shape).astype(np.float32)
    expected = jax.jit(apart)(jnp.where(inside, move, NOTHING).astype(jnp.int8), logits)
    rank = np.full(shape, -np.inf, np.float32)
    left = _apart(_pixels(np.flatnonzero(inside), move), logits, rank)[:, 0]
    assert 0 < left.size < inside.sum()
    np.testing.assert_array_equal(left, np.flatnonzero(np.asarray(expected) != NOTHING))
    assert (rank == -np.inf).all()


def test_a_frame_of_one_pixel():
    dither, _ = steps((1, 1))(np.full((1, 1), 0.9, np.float32), *[np.zeros((1, 1), np.uint8)] * 2, 0.1, 8)
    assert dither.shape == (1, 1)


def test_of_moves_as_likely_the_first_stays():
    move = np.full((5, 5), TOGGLE, np.int32)
    move[2, 1] = SWAP  # with the pixel to its right
    logits, rank = np.ones((5, 5), np.float32), np.full((5, 5), -np.inf, np.float32)
    left = _apart(_pixels(np.array([11, 12]), move), logits, rank)
    assert left.tolist() == [[11, 12]]
