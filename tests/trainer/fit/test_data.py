"""Clips from films, and the pool of patches that a generator is trained on."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.trainer.made_films import make_film
from trainer.dithers.batched_diffusion import hysteresis, starts
from trainer.dithers.generator.step import FIRST_PRICE
from trainer.errors import OptionError
from trainer.films.film import Film
from trainer.fit.data import (
    FIRST_PASSES,
    LENGTH,
    MOST_PASSES,
    PRICES,
    advance,
    is_last_pass,
    new_pool,
    read_clips,
    scene_of,
    slots,
    view,
)

BATCH, PATCH = 6, 16


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """70 frames of one grey each, 32 + frame number: a clip shows which frames it holds."""
    greys = (np.full((96, 160, 3), 32 + number, np.uint8) for number in range(70))
    return Film(make_film(tmp_path_factory.mktemp("films") / "grey.avi", "FFV1", greys))


@pytest.fixture(scope="module")
def clips(film):
    return read_clips([film], 32, 7, np.random.default_rng(0))


def test_clips_are_consecutive_frames_from_all_over_the_film(clips):
    assert clips.shape == (7, LENGTH, 32, 32)
    assert clips.dtype == np.uint8
    for start, clip in zip(range(0, 70, 10), clips, strict=True):
        assert (clip == clip[:, :1, :1]).all()
        expected = np.minimum(np.arange(start, start + LENGTH), 69) + 32
        np.testing.assert_allclose(clip[:, 0, 0], expected, atol=2)


def test_clips_are_the_same_for_the_same_seed(film, clips):
    np.testing.assert_array_equal(read_clips([film], 32, 7, np.random.default_rng(0)), clips)


def test_a_film_too_small_for_the_patches_is_refused(tmp_path):
    strip = (np.zeros((16, 1600, 3), np.uint8) for _ in range(2))
    film = Film(make_film(tmp_path / "strip.avi", "FFV1", strip))
    with pytest.raises(OptionError, match="smaller --patch"):
        read_clips([film], 128, 5, np.random.default_rng(0))


@pytest.fixture(scope="module")
def history():
    """A pool over 60 passes of a generator that makes all white dithers: each pool with its view."""
    noise = np.random.default_rng(1).integers(0, 256, (3, LENGTH, 32, 32)).astype(np.uint8)
    films = jnp.asarray(noise)
    look, go_on = jax.jit(view), jax.jit(advance)
    pool = jax.jit(new_pool, static_argnums=3)(jax.random.key(0), slots(BATCH, 3), films, PATCH)
    seen = []
    for number in range(60):
        seen.append((jax.device_get(pool), jax.device_get(look(pool, films))))
        pool = go_on(jax.random.key(number), pool, films, jnp.ones((BATCH, PATCH, PATCH)))
    return seen


def test_a_first_frame_starts_from_error_diffusion_and_flips_cost_next_to_nothing(history):
    pool, scene = history[0]
    diffused = hysteresis(scene.frame, jnp.zeros_like(scene.frame), jnp.zeros(BATCH))
    np.testing.assert_array_equal(scene.dither, diffused)
    np.testing.assert_array_equal(scene.previous, scene.dither)
    np.testing.assert_allclose(scene.price, FIRST_PRICE)
    assert pool.crops.first.all()


def test_a_frame_starts_where_start_says(history):
    """Between what is shown and error diffusion that leans towards it."""
    begun = 0
    for (before, _), (after, scene) in pairwise(history):
        start = starts(scene.frame, after.previous, scene.price, after.crops.first & (after.turn == 0))
        for b in range(BATCH):
            if after.turn[b] != before.turn[b] or after.crops.seed[b] != before.crops.seed[b]:
                assert np.mean(scene.dither[b] != start[b]) < 0.01
                begun += 1
        if begun > 40:
            break
    assert begun > 20


def test_the_last_pass_of_a_frame_is_known_before_it_is_made(history):
    for (before, _), (after, _) in pairwise(history):
        over = (after.turn != before.turn) | (after.crops.seed != before.crops.seed)
        np.testing.assert_array_equal(is_last_pass(before), over)


def test_the_loop_is_closed(history):
    """What a pass made is the next pass's dither, and after the last pass of a frame what is shown."""
    kept = 0
    for (before, _), (after, scene) in pairwise(history):
        for b in range(BATCH):
            same_patch = after.crops.seed[b] == before.crops.seed[b]
            if same_patch:
                if after.turn[b] == before.turn[b]:
                    assert (scene.dither[b] == 1).all()
                    np.testing.assert_array_equal(after.previous[b], before.previous[b])
                else:
                    assert after.turn[b] == before.turn[b] + 1
                    assert (scene.previous[b] == 1).all()
                    kept += 1
    assert kept > 20


def test_patches_live_two_to_five_frames_and_then_others_come(history):
    lives = {}
    for pool, _ in history:
        for b in range(BATCH):
            lives.setdefault(int(pool.crops.seed[b]), set()).add((int(pool.turn[b]), int(pool.done[b])))
    assert len(lives) > 2 * BATCH
    turns = [max(turn for turn, _ in life) + 1 for life in lives.values()]
    assert max(turns) <= 5
    assert max(done for life in lives.values() for _, done in life) < max(FIRST_PASSES, MOST_PASSES)


def test_a_cut_starts_from_the_dither_of_another_patch(history):
    cuts = 0
    for (before, _), (after, scene) in pairwise(history):
        for b in range(BATCH):
            if after.crops.seed[b] != before.crops.seed[b] and not after.crops.first[b]:
                assert (scene.previous[b] == 1).all()
                cuts += 1
    assert cuts > 3


def test_frames_are_tones_and_prices_in_range(history):
    for pool, scene in history:
        assert scene.frame.min() >= 0
        assert scene.frame.max() <= 1
        later = pool.turn > 0
        assert (scene.price[later] >= 0.999 * PRICES[0]).all()
        assert (scene.price[later] <= 1.001 * PRICES[1]).all()
    assert history[0][1].frame.std() > 0.1


def test_the_mask_stays_where_the_patch_is(history):
    for (before, old), (after, new) in pairwise(history):
        same = after.crops.seed == before.crops.seed
        np.testing.assert_array_equal(new.mask[same], old.mask[same])


@pytest.fixture(scope="module")
def turned():
    """A pool over clips in which frame n has the tone n / 255 times 10."""
    greys = (10 * np.arange(LENGTH, dtype=np.uint8))[None, :, None, None]
    clips = jnp.asarray(np.broadcast_to(greys, (1, LENGTH, 32, 32)))
    new = jax.jit(new_pool, static_argnums=3)(jax.random.key(0), slots(8, 1), clips, PATCH)
    plain = new.crops._replace(
        stride=jnp.ones(8, int), gain=jnp.ones(8), level=jnp.full(8, 0.5), drift=jnp.zeros(8),
        grain=jnp.zeros(8), mirrored=jnp.zeros(8, bool), turned=jnp.zeros(8, int),
        negative=jnp.zeros(8, bool),
    )  # fmt: skip
    return new._replace(crops=plain, turn=jnp.arange(8) % 3), clips


def tones(turned, **given):
    """The tones of frame and frame before that an update is about, in tens of 255."""
    scene, before = jax.jit(lambda *where: scene_of(*where, **given))(*turned)
    return [
        np.rint(np.asarray(plane)[:, 0, 0] * 25.5).astype(int).tolist() for plane in (scene.frame, before)
    ]


def test_the_frame_before_is_the_one_before(turned):
    turns = [0, 1, 2, 0, 1, 2, 0, 1]
    assert tones(turned) == [turns, [0, 0, 1, 0, 0, 1, 0, 0]]
    assert tones(turned, teacher_forcing=True) == [[turn + 1 for turn in turns], turns]


def test_overfitting_shows_the_first_frame_alone(turned):
    pool, clips = turned
    assert tones((pool, clips.at[0, 0].set(70)), overfit=True) == [[7] * 8, [7] * 8]
