"""The patches of a U-Net: each in a small closed loop, and what an update sees of them."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trainer.dithers.batched_diffusion import floyd_steinberg
from trainer.film_maker.patches import advance, new_pool, scene_of
from trainer.fit.data import LENGTH, slots

pytestmark = pytest.mark.usefixtures("quickly_compiled")

BATCH, PATCH = 6, 16
NEW = jax.jit(new_pool, static_argnums=3)
SEEN = jax.jit(scene_of, static_argnums=(2, 3))


@pytest.fixture(scope="module")
def history():
    """A pool over 30 updates of a U-Net that makes all white dithers: each pool with its scene."""
    noise = np.random.default_rng(1).integers(0, 256, (3, LENGTH, 32, 32)).astype(np.uint8)
    films, go_on = jnp.asarray(noise), jax.jit(advance)
    pool, seen = NEW(jax.random.key(0), slots(BATCH, 3), films, PATCH), []
    for number in range(30):
        seen.append((jax.device_get(pool), jax.device_get(SEEN(pool, films, False, False))))
        pool = go_on(jax.random.key(number), pool, films, jnp.ones((BATCH, PATCH, PATCH)))
    return seen


def steps(history):
    """Each patch of each update with the one before: pools, scene, and number in the pool."""
    for (before, _), (after, scene) in pairwise(history):
        for b in range(BATCH):
            yield before, after, scene, b


def test_a_first_frame_is_shown_as_floyd_and_steinbergs_dither(history):
    _, scene = history[0]
    np.testing.assert_array_equal(scene.shown, floyd_steinberg(scene.frame))
    np.testing.assert_array_equal(scene.before, scene.frame)


def test_the_loop_is_closed_and_goes_on_through_cuts(history):
    """Shown is what was made before; of a new patch too, unless it begins as a first frame."""
    kinds = {"on": 0, "cut": 0, "first": 0}
    for before, after, scene, b in steps(history):
        if after.crops.seed[b] == before.crops.seed[b]:
            kind = "on"
            assert after.turn[b] == before.turn[b] + 1
        else:
            kind = "first" if after.crops.first[b] else "cut"
            assert after.turn[b] == 0
        assert (scene.shown[b] == 1).all() == (kind != "first")
        kinds[kind] += 1
    assert min(kinds.values()) > 3


def test_patches_live_two_to_five_frames_and_then_others_come(history):
    ends = [
        before.turn[b] + 1
        for before, after, _, b in steps(history)
        if after.crops.seed[b] != before.crops.seed[b]
    ]
    assert len(ends) > BATCH
    assert (min(ends), max(ends)) == (2, 5)


@pytest.fixture(scope="module")
def turned():
    """A pool over clips in which frame n has the tone n / 255 times 10."""
    greys = (10 * np.arange(LENGTH, dtype=np.uint8))[None, :, None, None]
    clips = jnp.asarray(np.broadcast_to(greys, (1, LENGTH, 32, 32)))
    new = NEW(jax.random.key(0), slots(8, 1), clips, PATCH)
    plain = new.crops._replace(
        stride=jnp.ones(8, int), gain=jnp.ones(8), level=jnp.full(8, 0.5), drift=jnp.zeros(8),
        grain=jnp.zeros(8), mirrored=jnp.zeros(8, bool), turned=jnp.zeros(8, int),
        negative=jnp.zeros(8, bool),
    )  # fmt: skip
    return new._replace(crops=plain, turn=jnp.arange(8) % 3), clips


def tones(pool, clips, overfit=False, teacher_forcing=False):
    """The tones of frame and frame before that an update is about, in tens of 255."""
    scene = SEEN(pool, clips, overfit, teacher_forcing)
    return [
        np.rint(np.asarray(plane)[:, 0, 0] * 25.5).astype(int).tolist()
        for plane in (scene.frame, scene.before)
    ]


def test_the_frame_before_is_the_one_before(turned):
    turns = [0, 1, 2, 0, 1, 2, 0, 1]
    assert tones(*turned) == [turns, [0, 0, 1, 0, 0, 1, 0, 0]]
    assert tones(*turned, teacher_forcing=True) == [[turn + 1 for turn in turns], turns]


def test_a_teacher_shows_floyd_and_steinbergs_dither_of_the_frame_before(turned):
    scene = SEEN(*turned, False, True)
    np.testing.assert_array_equal(scene.shown, floyd_steinberg(scene.before))


def test_overfitting_shows_the_first_frame_alone(turned):
    pool, clips = turned
    assert tones(pool, clips.at[0, 0].set(70), overfit=True) == [[7] * 8, [7] * 8]
