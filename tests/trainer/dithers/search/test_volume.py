"""The parallel engine of the joint search: its prices against the energy by its definition, and where it
ends against the sequential engine.
"""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.trainer.dithers.search.test_joint import KERNEL, LEVELS, PRICE, energy, glass_psnr, moving, noisy
from trainer.dithers.levels import Levels
from trainer.dithers.search import volume
from trainer.dithers.search.accelerated import Part, Volumes
from trainer.dithers.search.ditherer import ParallelSearch, Search, make_search
from trainer.errors import OptionError

SHAPE = (64, 80)
LONGEST = 8
KEY = jax.random.key(0)


def scene(frames, levels, before=None, longest=None):
    """One stretch in a volume that has room for `longest` frames."""
    room = longest or len(frames)
    padded = np.zeros((room, 1, *frames[0].shape), np.float32)
    padded[: len(frames), 0] = frames
    codes = np.full((1, *frames[0].shape), volume.OPENS, np.int8) if before is None else before[None]
    arrays = padded, codes, np.array([len(frames)], np.int32), np.array([PRICE], np.float32)
    return volume.Scene(*map(jnp.asarray, arrays), jnp.asarray(volume.looks(levels)))


def planes(dithers, room):
    start = np.zeros((room, 1, *dithers[0].shape), bool)
    start[: len(dithers), 0] = dithers
    return jnp.asarray(start)


@jax.jit
def best(scene, start, number, single):
    """The best moves with the partners of that sweep."""
    search = volume._Search(scene, KEY, KERNEL)
    offsets = jnp.asarray(volume._OFFSETS)[number]
    between = jnp.asarray(search._between)[number]
    price = scene.price[:, None, None]
    return search.best_moves(search.begin(start), price, KEY, single, offsets, between)


def moved(dithers, found, y, x, number):
    """The dithers after the best move of a pixel."""
    after = [dither.copy() for dither in dithers]
    pixels = [(y, x)]
    if found.code[0, y, x] >= volume._SWAP:
        dy, dx = volume._OFFSETS[number][found.code[0, y, x] - volume._SWAP]
        pixels.append((y + dy, x + dx))
    for t in range(int(found.start[0, y, x]), int(found.end[0, y, x])):
        for pixel in pixels:
            after[t][pixel] ^= 1
    return after


@pytest.mark.parametrize("single", [True, False], ids=["frames", "runs"])
@pytest.mark.parametrize("opens", [True, False], ids=["redraw", "goes on"])
@pytest.mark.parametrize("levels", LEVELS[2:])
def test_the_price_of_a_move_is_the_change_of_the_energy(levels, opens, single):
    """Also in the second window of a stretch, and with room for more frames than there are."""
    frames = moving(7, (12, 14), seed=4)
    rng = np.random.default_rng(5)
    # Some time lines that hardly flip, as those of a film.
    dithers = [noisy(frames[:1])[0]]
    for _ in frames[1:]:
        dithers.append(dithers[-1] ^ (rng.random((12, 14)) < 0.15).astype(np.uint8))
    earlier = 0 if opens else 3
    codes = None
    if not opens:
        dirty = np.any([a != b for a, b in pairwise(dithers[:earlier])], 0)
        codes = (volume.DIRTY_BLACK * dirty + dithers[earlier - 1]).astype(np.int8)
    here = energy(dithers, frames, levels)
    number = 1
    found = jax.tree.map(
        np.asarray,
        best(
            scene(frames[earlier:], levels, codes, 8),
            planes(dithers[earlier:], 8),
            number,
            single,
        ),
    )
    codes_found = set()
    for y, x in np.ndindex(12, 14):
        if not found.code[0, y, x]:
            continue
        after = dithers[:earlier] + moved(dithers[earlier:], found, y, x, number)
        assert found.change[0, y, x] == pytest.approx(energy(after, frames, levels) - here, abs=3e-3)
        codes_found.add(int(found.code[0, y, x]))
    assert len(codes_found) > 3


@jax.jit
def swept(scene, start, sweeps):
    """The dithers after so many sweeps, and what is kept of their error."""
    search = volume._Search(scene, KEY, KERNEL)
    state = search.begin(start)
    state = jax.lax.fori_loop(
        0, sweeps, lambda n, state: search.sweep(n, state, scene.price, jnp.array([True])), state
    )
    return state.white, state.blurred, search.begin(state.white).blurred


@pytest.mark.parametrize("levels", LEVELS[3:])
def test_every_sweep_lowers_the_energy_and_keeps_the_error(levels):
    frames = moving(LONGEST, SHAPE)
    start, energies = noisy(frames), []
    for sweeps in range(0, 25, 4):
        white, blurred, expected = swept(scene(frames, levels), planes(start, LONGEST), sweeps)
        dithers = list(np.asarray(white)[:, 0].astype(np.uint8))
        energies.append(energy(dithers, frames, levels))
        np.testing.assert_allclose(blurred, expected, atol=2e-4)
    assert (np.diff(energies) < 0).all()
    assert energies[-1] < energies[0] / 4


def fading(count, shape):
    """A picture that moves and fades towards black."""
    return [frame * np.float32(1 - t / (1.5 * count)) for t, frame in enumerate(moving(count, shape))]


@pytest.mark.parametrize(
    ("film", "levels"), [(moving, Levels(0.05, 0.97, 0.05)), (fading, Levels(0.083))], ids=["pan", "fade"]
)
def test_it_is_as_good_as_the_sequential_engine(film, levels):
    """Over the border of two windows."""
    frames = film(12, SHAPE)
    results = []
    for engine in (Search, ParallelSearch):
        dithers = list(engine(0.5, levels, window=LONGEST, overlap=4)(frames))
        flips = np.mean([a != b for a, b in pairwise(dithers)])
        results.append((np.mean(glass_psnr(dithers, frames, levels)), flips, energy(dithers, frames, levels)))
    (psnr, flips, lowest), (parallel_psnr, parallel_flips, parallel_lowest) = results
    assert parallel_psnr > psnr - 0.3
    assert parallel_lowest < lowest
    assert parallel_flips < 1.02 * flips


@pytest.fixture(scope="module")
def parts():
    """Windows of stretches that differ in everything but their size."""
    frames = moving(6, (24, 32))
    dark = np.stack(frames) / 2
    shown = noisy(frames[:1])[0]
    return [
        Part(np.stack(frames), np.stack(noisy(frames)), frames[0], None, None, 0.2),
        Part(dark[:4], np.stack([shown] * 4), dark[0], shown, shown > 0, 0.1),
    ]


def test_the_stretches_of_a_batch_do_not_affect_each_other(parts):
    together = Volumes((24, 32), 6, Levels(0.083), batch=3)
    all_of_them = together._settled(parts)
    for part, dithers in zip(parts, all_of_them, strict=True):
        assert dithers.shape == part.start.shape
        assert dithers.flags.writeable
        np.testing.assert_array_equal(together(part), dithers)


def test_a_network_comes_before_the_search_and_sees_the_thresholds(parts):
    """Of 0 rounds its dithers are all there is."""

    def network(scene, white, mask):
        return (scene.frame > mask) ^ white

    alone = Volumes((24, 32), 6, Levels(0.083), batch=2, rounds=0, network=network)
    for part, dithers in zip(parts, alone._settled(parts), strict=True):
        np.testing.assert_array_equal(dithers, (part.frames > part.mask) ^ part.start)


def test_the_parallel_engine_is_the_joint_search_too():
    assert isinstance(make_search(engine="parallel"), ParallelSearch)
    with pytest.raises(OptionError, match="0 \\(liveliest\\) to 1 \\(calmest\\)"):
        ParallelSearch(1.1)


@pytest.mark.parametrize("count", [1, 7, 9, 14])
def test_every_frame_gets_its_dither_in_order(count):
    levels = [0.02 + 0.96 * (t % 7) / 6 for t in range(count)]
    dithers = list(
        ParallelSearch(levels=Levels(0.083), window=LONGEST, overlap=4)(
            np.full(SHAPE, level, np.float32) for level in levels
        )
    )
    assert len(dithers) == count
    for level, dither in zip(levels, dithers, strict=True):
        assert dither.dtype == np.uint8
        assert abs(dither.mean() - level) < 0.1


def test_a_black_frame_between_white_ones_is_black():
    white, black = np.ones(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    dithers = ParallelSearch(window=LONGEST, overlap=4)([white, white, black, white, white])
    assert [float(dither.mean()) for dither in dithers] == [1, 1, 0, 1, 1]
