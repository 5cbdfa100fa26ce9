"""What the GAN is trained on: patches of stretches, where they begin, and what is real."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trainer.dithers.eye import energy, two_eye_kernel
from trainer.dithers.generator.step import ALONE, QUARTERS, Stretch, before, glass_of, held
from trainer.fit import patches
from trainer.fit.data import LENGTH, slots
from trainer.fit.patches import FRAMES

pytestmark = pytest.mark.usefixtures("quickly_compiled")

BATCH, PATCH, KERNEL = 12, 16, two_eye_kernel()
NEW = jax.jit(patches.new_pool, static_argnums=3)
REPLACED = jax.jit(patches.replaced)


@pytest.fixture(scope="module")
def clips():
    """A soft picture that moves."""
    picture = np.random.default_rng(0).integers(60, 200, (2, 8, 20)).astype(np.float32)
    picture = picture.repeat(4, 1).repeat(4, 2)
    return jnp.asarray(np.stack([picture[:, :, t : t + 32] for t in range(LENGTH)], 1).astype(np.uint8))


@pytest.fixture(scope="module")
def pool(clips):
    return NEW(jax.random.key(0), slots(BATCH, 2), clips, PATCH)


@pytest.fixture(scope="module")
def begun(clips, pool):
    """New patches everywhere but in the first place, by the searches of a CPU: what an update does at its
    end. The pool, the stretches, the start of the real dithers, and those.
    """
    gone = jnp.arange(BATCH) > 0
    new, goal = REPLACED(jax.random.key(1), pool, clips, gone)
    anchor = patches.settled_anchors(*map(np.asarray, (patches.diffused(goal), goal, gone)))
    new, stretch, start = jax.jit(patches.place_anchors)(new, clips, anchor, gone)
    given = map(np.asarray, (new.real, start, gone, *stretch))
    return jax.device_get((new, stretch, start)), patches.settled_real(*given)


def joint_energy(stretch, dithers):
    """Of each patch, float[B]: what is to be seen on its glass, and flips at its price."""
    seen = np.asarray(glass_of(stretch, dithers).shows(dithers))
    flips = np.abs(dithers - np.asarray(before(stretch, dithers, stretch.shown))).sum((1, 2, 3))
    visible = [
        sum(energy(frame, glass, KERNEL) for frame, glass in zip(*each, strict=True))
        for each in zip(stretch.frame, seen, strict=True)
    ]
    return np.array(visible) + np.where(stretch.alone, 0, stretch.price * flips)


def test_stretches_begin_at_their_anchor_and_frames_alone_at_the_mask(begun, pool):
    (new, stretch, start), _ = begun
    alone, opens = stretch.alone[1:], stretch.opens[1:]
    assert 0 < alone.sum() < (alone | opens).sum() < BATCH - 1
    np.testing.assert_array_equal(new.dither[1:], held(Stretch(*(field[1:] for field in stretch))))
    for b in range(1, BATCH):
        mean = stretch.frame[b].mean(0)
        through = np.mean((mean > new.mask[b]) == (new.anchor[b] > 0))
        assert (through == 1) == (not stretch.alone[b])
        np.testing.assert_array_equal(stretch.shown[b], new.anchor[b])
        assert np.array_equal(start[b], new.dither[b]) == (not stretch.alone[b])
        assert not (stretch.opens[b] and stretch.dirty[b].any())
    for field in ("dither", "mask", "anchor"):
        np.testing.assert_array_equal(getattr(new, field)[0], getattr(pool, field)[0])


def test_real_dithers_have_less_energy_on_their_glass_at_their_price(begun, pool):
    (_, stretch, start), real = begun
    np.testing.assert_array_equal(real[0], pool.real[0])
    energies = [joint_energy(stretch, dithers)[1:] for dithers in (start, real)]
    assert (energies[1] < energies[0]).all()
    assert energies[1].sum() < 0.8 * energies[0].sum()
    assert set(np.unique(real)) == {0, 1}


def test_those_of_the_parallel_engine_are_as_good(begun):
    (_, stretch, start), real = begun
    made = np.asarray(jax.jit(patches.real_dithers)(jax.random.key(2), stretch, start))
    energies = [joint_energy(stretch, dithers)[1:].sum() for dithers in (start, real, made)]
    assert energies[2] - energies[1] < 0.15 * (energies[0] - energies[1])
    anchor = patches.anchors(jax.random.key(3), start[:, 0], stretch.frame[:, 0])
    settled = [
        sum(energy(*pair, KERNEL) for pair in zip(stretch.frame[:, 0], np.asarray(dither), strict=True))
        for dither in (start[:, 0], anchor)
    ]
    assert settled[1] < 0.9 * settled[0]


def test_a_patch_changes_when_its_passes_are_over(clips, pool):
    """Until then it makes them in their order; patches are at different ones."""
    assert len(set(np.asarray(pool.done).tolist())) == len(QUARTERS)
    now, lives = pool, [[] for _ in range(BATCH)]
    for number in range(20):
        passes, gone = patches.number_of(now), patches.is_last(now)
        for life, each in zip(lives, passes.tolist(), strict=True):
            life.append(each)
        then, _ = REPLACED(jax.random.key(100 + number), now, clips, gone)
        np.testing.assert_array_equal(np.asarray(then.crops.seed != now.crops.seed), gone)
        for b in np.flatnonzero(gone):
            order = (QUARTERS, ALONE)[int(0 in lives[b] or len(lives[b]) == len(ALONE))]
            assert tuple(lives[b]) == order[-len(lives[b]) :]
            lives[b] = []
        now = then


def test_the_same_key_gives_the_same_patches_in_whatever_order(clips, pool):
    turned = jax.tree.map(lambda leaf: leaf[::-1], slots(BATCH, 2))
    again = NEW(jax.random.key(0), turned, clips, PATCH)
    jax.tree.map(lambda one, other: np.testing.assert_array_equal(one, other[::-1]), again, pool)
    other = NEW(jax.random.key(1), turned, clips, PATCH)
    assert not set(np.asarray(other.crops.seed)) & set(np.asarray(pool.crops.seed))


def test_ghosts_and_prices_differ_from_patch_to_patch(clips, pool):
    stretch = jax.jit(patches.stretch_of)(pool, clips)
    ghosts = np.asarray(stretch.levels[:, 0])
    assert len(set(ghosts.tolist())) > 2
    assert (ghosts.min(), ghosts.max() <= 0.1) == (0, True)
    assert len(set(np.asarray(stretch.price).tolist())) == BATCH
    assert stretch.frame.shape == (BATCH, FRAMES, PATCH, PATCH)


def test_overfitting_shows_the_first_frame_of_the_first_clip_alone(clips, pool):
    stretch = jax.jit(partial(patches.stretch_of, overfit=True))(pool, clips)
    first = np.asarray(clips[0, 0, :PATCH, :PATCH], np.float32) / 255
    np.testing.assert_allclose(stretch.frame, np.broadcast_to(first, stretch.frame.shape), atol=1e-6)
