"""A pass of the generator: what it sees of the glass, what it decides, and that like frames stay alike."""

from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from tests.trainer.search_cases import TWO_EYES, moving_scene
from trainer.dithers.eye import energy
from trainer.dithers.generator.model import PLANES, Size, create
from trainer.dithers.generator.step import (
    ALL,
    ALONE,
    MIDDLE_PRICE,
    QUARTERS,
    Stretch,
    after,
    before,
    by_themselves,
    convolution_on,
    decides,
    dithered,
    glass_of,
    held,
    planes,
    stretch_of,
    toggle_change,
)
from trainer.dithers.glass import Glass, glass
from trainer.dithers.levels import CLEAN, Levels
from trainer.dithers.mask import Mask, thresholds, tiled
from trainer.dithers.search import volume
from trainer.dithers.search.anchor import anchored, begun

pytestmark = pytest.mark.usefixtures("quickly_compiled")

SHAPE, LEVELS = (5, 7), Levels(0.083, 0.96)
CONVOLVE = convolution_on(SHAPE)
RNG = np.random.default_rng(4)
FILM = RNG.integers(0, 2, (9, *SHAPE)).astype(np.uint8)
"""The dithers of one stretch, from its redraw on."""
EARLIER = 4


def stretch(frames, levels=LEVELS, earlier=(), mask=None):
    """One stretch that follows the earlier dithers; none: it begins with the redraw."""
    seen = Glass(levels)
    for dither in earlier:
        seen.draw(dither)
    nothing = np.zeros(frames.shape[1:], np.float32)
    shown, dirty = (earlier[-1], seen.dirty) if len(earlier) else (nothing, nothing)
    arrays = (
        frames, nothing if mask is None else mask, shown, dirty, not len(earlier), len(frames), False, 0.2,
        levels[:2],
    )  # fmt: skip
    kinds = (*[jnp.float32] * 4, bool, jnp.int32, bool, jnp.float32, jnp.float32)
    return Stretch(*(jnp.asarray(array, kind)[None] for array, kind in zip(arrays, kinds, strict=True)))


@pytest.mark.parametrize("earlier", [0, EARLIER], ids=["redraw", "goes on"])
def test_the_glass_is_that_of_the_panel(earlier):
    """Also what each frame would show if it were all black or all white."""
    dithers = FILM[earlier:]
    found = glass_of(stretch(dithers * 0.5, earlier=FILM[:earlier]), jnp.asarray(dithers, jnp.float32)[None])
    expected = list(glass(FILM, LEVELS))[earlier:]
    np.testing.assert_allclose(found.shows(dithers[None])[0], expected, atol=1e-6)
    for number in range(len(dithers)):
        for colour, level in enumerate(found):
            *_, last = glass([*FILM[: earlier + number], np.full(SHAPE, colour, np.uint8)], LEVELS)
            np.testing.assert_allclose(level[0, number], last, atol=1e-6)


def test_a_toggle_changes_the_energy_on_the_glass_by_what_is_said():
    """Of the frame itself, in a stretch that goes on with dirty pixels."""
    dithers = FILM[EARLIER:]
    frames = RNG.random(dithers.shape, dtype=np.float32)
    looked, now = stretch(frames, earlier=FILM[:EARLIER]), jnp.asarray(dithers, jnp.float32)[None]
    seen = glass_of(looked, now)
    change = toggle_change(now, seen, CONVOLVE(seen.shows(now) - looked.frame))
    number = 2
    for place in np.ndindex(SHAPE):
        toggled = dithers[number].copy()
        toggled[place] ^= 1
        costs = []
        for dither in (dithers[number], toggled):
            *_, shown = glass([*FILM[: EARLIER + number], dither], LEVELS)
            costs.append(energy(frames[number], shown, TWO_EYES))
        assert change[0, number][place] == pytest.approx(costs[1] - costs[0], abs=1e-4)


def test_neighbours_in_time_end_with_the_stretch_and_where_frames_are_alone():
    frames = jnp.arange(3, dtype=jnp.float32)[None, :, None, None] * jnp.ones((1, 3, *SHAPE))
    there = {
        "redraw": stretch(frames[0]),
        "goes on": stretch(frames[0], earlier=FILM[:2])._replace(length=jnp.array([2])),
        "alone": by_themselves(frames, jnp.zeros((1, *SHAPE))),
    }
    first = jnp.full((1, *SHAPE), 9.0)
    found = {
        name: [pick(one)[0, :, 0, 0].tolist() for pick in (
            lambda one: before(one, frames, first), lambda one: after(one, frames)
        )]
        for name, one in there.items()
    }  # fmt: skip
    assert found == {
        "redraw": [[0, 0, 1], [1, 2, 2]],
        "goes on": [[9, 0, 1], [1, 1, 2]],
        "alone": [[0, 1, 2], [0, 1, 2]],
    }


def test_the_planes_are_what_they_are_said_to_be():
    frames, dithers = np.full((2, *SHAPE), 0.25, np.float32), np.zeros((1, 2, *SHAPE), np.float32)
    frames[1] = 0.5
    dithers[0, 1] = 1
    shown = np.ones((2, *SHAPE), np.uint8)
    looked = stretch(frames, Levels(0.1), shown, np.full(SHAPE, 0.75))._replace(price=jnp.array([0.2 * np.e]))
    found = planes(looked, jnp.asarray(dithers), jnp.array([1]), CONVOLVE)
    assert found.shape == (1, 2, *SHAPE, PLANES)
    first, second = found[0, :, 0, 0]
    np.testing.assert_allclose(first[jnp.array([0, 1, 2, 5])], [-0.5, 0.5, -1, 1], atol=1e-6)
    np.testing.assert_allclose(first[6:], [1, 1, 1, 0.5, 0, 1, 1], atol=1e-6)
    np.testing.assert_allclose(second[6:], [-1, 0, 1, 0.5, -1, 0, 1], atol=1e-6)
    assert found[0, 0, 0, 1, 5] == 0
    alone = by_themselves(looked.frame, looked.mask)
    others = planes(alone, jnp.asarray(dithers), jnp.array([ALL]), CONVOLVE)[0, :, 0, 0]
    np.testing.assert_allclose(others[:, 5:], [[1, 0, 0, 0, 0, 0, 0, 0]] * 2, atol=1e-6)


@pytest.mark.parametrize(("passes", "times"), [(QUARTERS, 2), (ALONE, 3)])
def test_the_passes_decide_every_pixel_as_often(passes, times):
    """A quarter at a time, one of every 2x2; frames that are alone begin with a pass over all."""
    decided = np.stack([decides(jnp.array([number]), (6, 8))[0] for number in passes])
    assert (decided.sum(0) == times).all()
    squares = decided.reshape(len(passes), 3, 2, 4, 2).sum((2, 4))
    for number, square in zip(passes, squares, strict=True):
        assert (square == (4 if number == ALL else 1)).all()


NEW = create(Size(4, 1), 0)


@pytest.fixture(scope="module")
def other():
    """A network that changes much: its last layer is not 0."""
    network = create(Size(4, 1), 0)
    kernel = np.random.default_rng(0).normal(0, 4, network.last.kernel.shape)
    network.last.kernel.set_value(jnp.asarray(kernel, jnp.float32))
    return network


@partial(jax.jit, static_argnums=2)
def made(state, stretch, passes):
    """The dithers of a network with this state."""
    network = nnx.merge(nnx.graphdef(NEW), state)
    return dithered(network, stretch, held(stretch), passes, convolution_on(stretch.frame.shape[2:]))


def test_a_new_network_leaves_a_stretch_as_it_begins_and_another_one_does_not(other):
    frames = moving_scene(4, (16, 24))
    mask, mean = tiled(thresholds(), (16, 24)), frames.mean(0)
    bent = anchored(mask, mean, (mean > mask).astype(np.uint8))
    looked, start = stretch(frames, LEVELS, mask=bent), begun(frames, bent, *LEVELS[:2])
    for network, same in ((NEW, True), (other, False)):
        dithers = made(nnx.state(network), looked, QUARTERS)
        assert np.array_equal(dithers[0], start) is same
        assert set(np.unique(dithers)) == {0, 1}


def test_a_new_network_dithers_frames_by_themselves_as_the_mask_does():
    frames = moving_scene(4, (16, 24))
    alone = by_themselves(jnp.asarray(frames)[None], jnp.asarray(tiled(thresholds(), (16, 24)))[None])
    np.testing.assert_array_equal(made(nnx.state(NEW), alone, ALONE)[0], list(Mask()(frames)))


def test_like_frames_get_like_dithers(other):
    """Where there is no ghost, also those of a network that changes much."""
    frames = np.repeat(moving_scene(1, (16, 24)), 4, 0)
    mask = tiled(thresholds(), (16, 24))
    dithers = np.asarray(made(nnx.state(other), stretch(frames, CLEAN, mask=mask), QUARTERS)[0])
    assert (dithers[0] != (frames[0] > mask)).any()
    for one, another in pairwise(dithers):
        np.testing.assert_array_equal(one, another)


def test_black_and_white_stay_pure(other):
    """Under a network that changes much, before a cut and after, where one's pixels are dirty."""
    frames = moving_scene(4, (16, 24))
    frames[1, :, :12], frames[1, :, 12:], frames[2] = 0, 1, 1
    dithers = np.asarray(made(nnx.state(other), stretch(frames, earlier=list(frames[:2] > 0.5)), QUARTERS)[0])
    np.testing.assert_array_equal(dithers[1:3], frames[1:3])
    assert 0.05 < np.mean(dithers[0] != dithers[3]) < 0.95


def test_a_window_of_the_search_is_a_stretch():
    """Its codes of what comes before are the shown dither and the dirty pixels."""
    codes = jnp.array([[[volume.CLEAN_WHITE, volume.DIRTY_BLACK, volume.DIRTY_WHITE, volume.CLEAN_BLACK]],
                       [[volume.OPENS] * 4]], jnp.int8)  # fmt: skip
    frames = jnp.asarray(RNG.random((3, 2, 1, 4), dtype=np.float32))
    looks = jnp.asarray(volume.looks(Levels(0.05, 0.98, 0.02)))
    scene = volume.Scene(frames, codes, jnp.array([3, 2]), jnp.array([0.1, 0.4]), looks)
    found = stretch_of(scene, jnp.zeros((2, 1, 4)))
    np.testing.assert_array_equal(found.frame, jnp.moveaxis(frames, 1, 0))
    np.testing.assert_array_equal(found.shown[0, 0], [1, 0, 1, 0])
    np.testing.assert_array_equal(found.dirty[0, 0], [0, 1, 1, 0])
    np.testing.assert_array_equal(found.opens, [False, True])
    np.testing.assert_allclose(found.levels, [[0.05, 0.98]] * 2)
    assert not found.alone.any()
    assert by_themselves(found.frame, found.mask).price.tolist() == pytest.approx([MIDDLE_PRICE] * 2)
