"""The parallel engine: its arithmetic against direct sums, settled by brute force, batches and keys."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer.search_cases import (
    PRICE,
    TWO_EYES,
    is_settled,
    moving_scene,
    random_case,
    single_moves,
    small_kernel,
)
from trainer.dithers.search.energy import cost, reaching
from trainer.dithers.search.moves import best_moves, self_cost_table
from trainer.dithers.search.parallel import LIMIT, convolution, settle, sweeps

KEY = jax.random.key(0)


def settled(frame, shown, price=PRICE, kernel=TWO_EYES, key=KEY):
    dither, made = jax.jit(lambda *state: settle(*state, key=key, kernel=kernel))(frame, shown, shown, price)
    return np.asarray(dither).astype(np.uint8), int(made)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (6, 5), (50, 70)])
def test_the_convolution_is_the_direct_sum(shape):
    """The kernel is 61 pixels wide: on every side it reaches past most of these frames."""
    plane = np.random.default_rng(5).standard_normal(shape).astype(np.float32)
    expected = np.zeros(shape)
    centre = TWO_EYES.shape[0] // 2
    for (y, x), value in np.ndenumerate(plane):
        rows, columns = np.ogrid[-y : shape[0] - y, -x : shape[1] - x]
        near = (abs(rows) <= centre) & (abs(columns) <= centre)
        at = centre + np.clip(rows, -centre, centre), centre + np.clip(columns, -centre, centre)
        expected += np.where(near, value * TWO_EYES[at], 0)
    np.testing.assert_allclose(convolution(TWO_EYES, shape)(plane), expected, atol=2e-5)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), price=st.floats(0, 1))
def test_the_price_of_every_move_is_the_change_of_the_recomputed_energy(seed, price):
    frame, shown = random_case((5, 6), seed)
    dither = random_case((5, 6), seed + 1)[1]
    kernel = small_kernel()
    here = cost(frame, dither, shown, price, kernel)
    least = np.full(frame.shape, np.inf)
    for pixels, moved in single_moves(dither):
        change = cost(frame, moved, shown, price, kernel) - here
        least[pixels[0]] = min(least[pixels[0]], change)

    taps = reaching(kernel)
    blurred = convolution(taps, frame.shape)(jnp.asarray(dither - frame))
    sign = 1 - 2.0 * dither
    slope = 2 * sign * blurred + price * (1 - 2.0 * (dither != shown))
    change, _ = best_moves(jnp.float32(dither), jnp.float32(slope), self_cost_table(taps))
    np.testing.assert_allclose(change, least, atol=1e-4)


def test_no_single_move_lowers_the_energy_at_the_end():
    frames, shown = random_case((8, 7, 5), seed=7)
    dithers, made = settled(frames, shown)
    assert made < LIMIT
    for case in zip(frames, dithers, shown, strict=True):
        assert is_settled(*case, PRICE, TWO_EYES)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9)])
def test_a_frame_of_any_shape_settles(shape):
    frame, shown = random_case(shape, seed=8)
    dither, _ = settled(frame, shown, kernel=small_kernel())
    assert is_settled(frame, dither, shown, PRICE, small_kernel())


@pytest.fixture(scope="module")
def swept():
    """(count, price, seed, frames) -> dither and each frame's energy; one compilation for all tests."""
    run = jax.jit(
        lambda frames, shown, price, count, key: sweeps(
            frames, shown, shown, price, count, key=key, kernel=TWO_EYES
        )
    )

    def sweep(count, price=(PRICE, PRICE), seed=0, frames=None):
        scene = moving_scene(2, (40, 56)) if frames is None else frames
        shown = random_case(scene.shape, seed=9)[1]
        prices = np.array(price, np.float32)
        dither = np.asarray(run(scene, shown, prices, count, jax.random.key(seed))).astype(np.uint8)
        return dither, [cost(*case, TWO_EYES) for case in zip(scene, dither, shown, prices, strict=True)]

    return sweep


def test_every_sweep_lowers_the_energy(swept):
    energies = np.array([swept(count)[1] for count in range(0, 21, 2)])
    assert (np.diff(energies, axis=0) < 0).all()
    assert (energies[-1] < energies[0] / 10).all()


def test_no_sweep_raises_the_energy_where_its_moves_conflict():
    """On tiny flat frames the moves of a sweep can do harm together, although each passed the check."""
    rng = np.random.default_rng(0)
    frames = np.broadcast_to(rng.random((300, 1, 1)).astype(np.float32), (300, 8, 8))
    shown = rng.integers(0, 2, frames.shape).astype(np.uint8)
    run = jax.jit(lambda count: sweeps(frames, shown, shown, PRICE, count, key=KEY, kernel=TWO_EYES))

    y, x = (axis.ravel() for axis in np.indices((8, 8)))
    between = TWO_EYES[30 + y[:, None] - y, 30 + x[:, None] - x]
    energies = []
    for count in range(12):
        dither = np.asarray(run(count))
        error = (dither - frames).reshape(300, 64)
        flips = (dither != shown).sum((1, 2))
        energies.append(((error @ between) * error).sum(1) + PRICE * flips)
    assert np.diff(energies, axis=0).max() < 1e-4


def test_the_same_key_gives_the_same_dither_and_another_another(swept):
    dithers = [swept(8, seed=seed)[0] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(dithers[0], dithers[1])
    assert (dithers[0] != dithers[2]).any()


def test_frames_of_a_batch_do_not_affect_each_other(swept):
    scene = moving_scene(2, (40, 56))
    other = np.stack([scene[0], 1 - scene[1]])
    np.testing.assert_array_equal(swept(30)[0][0], swept(30, frames=other)[0][0])
    assert (swept(30)[0][1] != swept(30, frames=other)[0][1]).any()


def test_each_frame_of_a_batch_may_have_its_own_price(swept):
    alike, dear = swept(30)[0], swept(30, price=(PRICE, 0.8))[0]
    np.testing.assert_array_equal(alike[0], dear[0])
    shown = random_case(dear.shape, seed=9)[1]
    assert (dear[1] != shown[1]).sum() < (alike[1] != shown[1]).sum()
