"""Clips from films, and the frames of patches that a network is trained on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.trainer.made_films import make_film
from trainer.dithers.mask import thresholds
from trainer.errors import OptionError
from trainer.films.film import Film
from trainer.fit.data import HALF, LENGTH, PRICES, draw, frames_of, masks, read_clips, slots

pytestmark = pytest.mark.usefixtures("quickly_compiled")

BATCH, PATCH = 64, 16
DRAW = jax.jit(draw, static_argnums=3)


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


@pytest.mark.parametrize(
    ("shape", "scale", "remedy"),
    [
        ((16, 1600), None, "name a larger film"),
        ((160, 180), HALF, "choose --patch 40 or less"),
        ((48, 64), HALF, "add --no-half-resolution, or name a larger film"),
    ],
)
def test_a_film_too_small_for_the_patches_is_refused_with_what_would_do(tmp_path, shape, scale, remedy):
    black = (np.zeros((*shape, 3), np.uint8) for _ in range(2))
    film = Film(make_film(tmp_path / "small.avi", "FFV1", black))
    with pytest.raises(OptionError, match=f"small.avi is too small for patches of 64 pixels; {remedy}"):
        read_clips([film], 128, 5, np.random.default_rng(0), scale=scale)


@pytest.fixture(scope="module")
def crops():
    """Patches of three clips of noise, and five frames of each."""
    clips = jnp.asarray(np.random.default_rng(1).integers(0, 256, (3, LENGTH, 32, 32)).astype(np.uint8))
    places = slots(BATCH, 3)
    drawn = DRAW(jax.random.key(0), places, clips, PATCH)
    frames = jax.jit(frames_of, static_argnums=(2, 3))(clips, drawn, 5, PATCH)
    return jax.device_get(drawn), np.asarray(frames), np.asarray(clips)


def test_patches_are_all_kinds_of_film(crops):
    drawn, frames, _ = crops
    assert frames.shape == (BATCH, 5, PATCH, PATCH)
    assert (frames.min(), frames.max()) == (0, 1)
    flat, still = drawn.gain == 0, drawn.stride == 0
    for kind in (flat, still & ~flat, drawn.mirrored, drawn.negative, drawn.grain > 0, drawn.turned == 3):
        assert 0 < kind.sum() < BATCH
    assert (frames[flat & (drawn.grain == 0)].std((2, 3)) < 1e-5).all()
    quiet = still & ~flat & (drawn.grain == 0)
    np.testing.assert_array_equal(frames[quiet][:, 0], frames[quiet][:, 4])
    assert drawn.price.min() >= 0.999 * PRICES[0]
    assert drawn.price.max() <= 1.001 * PRICES[1]


def test_a_patch_is_a_window_of_its_clip_at_its_stride(crops):
    drawn, frames, clips = crops
    plain = (drawn.gain == 1) & (drawn.grain == 0) & ~drawn.mirrored & ~drawn.negative & (drawn.turned == 0)
    assert plain.any()
    for b in np.flatnonzero(plain):
        there = slice(drawn.y[b], drawn.y[b] + PATCH), slice(drawn.x[b], drawn.x[b] + PATCH)
        for turn in range(5):
            expected = clips[drawn.clip[b], turn * drawn.stride[b]][there] / 255
            np.testing.assert_allclose(frames[b, turn], expected, atol=1e-6)


def test_thresholds_are_the_masks_at_some_place_and_wrap(crops):
    drawn, mask = crops[0], thresholds()
    found = np.asarray(masks(drawn, 300))
    for b in range(3):
        rows, columns = ((at[b] + np.arange(300)) % 256 for at in (drawn.mask_y, drawn.mask_x))
        np.testing.assert_array_equal(found[b], mask[np.ix_(rows, columns)])


def test_a_patch_depends_on_its_number_alone(crops):
    """Not on the others of its batch: a device draws its own."""
    turned = jax.tree.map(lambda leaf: leaf[::-1], slots(BATCH, 3))
    drawn = DRAW(jax.random.key(0), turned, jnp.asarray(crops[2]), PATCH)
    for own, every in zip(drawn, crops[0], strict=True):
        np.testing.assert_array_equal(own, every[::-1])
