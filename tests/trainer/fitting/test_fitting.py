"""The parts of a fit: the critic's updates, what an update is about, sample scenes and curves."""

import io
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from trainer.dithers.diffusion import FloydSteinberg
from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.generator.step import View
from trainer.dithers.search.parallel import convolution
from trainer.errors import OptionError
from trainer.fit import (
    curves,
    samples,
)
from trainer.fit.adversary import Adversary
from trainer.fit.bursts import LENGTH
from trainer.fit.hyper import Hyper
from trainer.fit.objectives import energy_per_pixel
from trainer.fit.patches import (
    begin,
    homes,
)
from trainer.fit.scenes import shown
from trainer.fit.settings import Settings
from trainer.fit.state import shape
from trainer.fit.train import (
    REAL_SWEEPS,
    real,
    update_of,
)

SIDE, PATCH = 32, 16


@pytest.fixture(scope="module", autouse=True)
def quickly_compiled():
    """What runs for a moment need not be compiled well."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.mark.parametrize("kind", ["wasserstein", "wasserstein-clip", "pix2pix"])
def test_a_critic_learns_to_tell_dots_from_grey(kind):
    settings = Settings(critic_weight=1, adversary=kind, critic_rate=0.01, critic_steps=1, clip=0.1)
    adversary, hyper = Adversary(settings), Hyper.of(settings)
    params, optimiser = adversary.start()
    rng = np.random.default_rng(0)
    dots, grey = (rng.random((4, 32, 32)) < 0.5).astype(np.float32), np.full((4, 32, 32), 0.5, np.float32)
    update = jax.jit(adversary.update)
    for number in range(40):
        keys = jax.random.split(jax.random.key(number), 4)
        params, optimiser, _ = update(keys, params, optimiser, dots, grey, grey, jnp.float32(3e-3), hyper)
    scores = [np.asarray(adversary.score(params, picture, grey)).mean() for picture in (dots, grey)]
    assert scores[0] > scores[1] + (0.001 if kind == "wasserstein-clip" else 0.3)
    largest = max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(params))
    assert (largest <= 0.1 + 1e-6) is (kind == "wasserstein-clip")


@pytest.fixture(scope="module")
def pool():
    """A pool over bursts in which frame n has the tone n / 255 times 10."""
    greys = (10 * np.arange(LENGTH, dtype=np.uint8))[None, :, None, None]
    bursts = jnp.asarray(np.broadcast_to(greys, (1, LENGTH, SIDE, SIDE)))
    new = jax.jit(begin, static_argnums=3)(jax.random.key(0), homes(8, 1), bursts, PATCH)
    plain = new.crops._replace(
        stride=jnp.ones(8, int), gain=jnp.ones(8), level=jnp.full(8, 0.5), drift=jnp.zeros(8),
        grain=jnp.zeros(8), mirrored=jnp.zeros(8, bool), turned=jnp.zeros(8, int),
        negative=jnp.zeros(8, bool),
    )  # fmt: skip
    return new._replace(crops=plain, turn=jnp.arange(8) % 3), bursts


def tones(pool, **given):
    """The tones of frame and frame before that an update is about, in tens of 255."""
    scene, before = jax.jit(lambda *where: shown(Settings(patch=PATCH, **given), *where))(*pool)
    return [
        np.rint(np.asarray(plane)[:, 0, 0] * 25.5).astype(int).tolist() for plane in (scene.frame, before)
    ]


def test_the_frame_before_is_the_one_before(pool):
    turns = [0, 1, 2, 0, 1, 2, 0, 1]
    assert tones(pool) == [turns, [0, 0, 1, 0, 0, 1, 0, 0]]
    assert tones(pool, objective="v3", teacher_forcing=True) == [[turn + 1 for turn in turns], turns]


def test_overfitting_shows_the_first_frame_alone(pool):
    turned, bursts = pool
    assert tones((turned, bursts.at[0, 0].set(70)), overfit="0") == [[7] * 8, [7] * 8]


@pytest.mark.parametrize("objective", ["counterfactual", "v1"])
def test_precision_is_that_of_the_network_and_weights_stay_as_they_are(objective):
    bursts = jax.ShapeDtypeStruct((2, LENGTH, 32, 32), jnp.uint8)
    for precision in ("float32", "bfloat16"):
        settings = Settings(objective, channels=8, patch=16, batch=2, sweeps=0, precision=precision)
        state = shape(settings, bursts.shape)
        update, given = update_of(settings), (Hyper.of(settings), state, bursts, 1e-3)
        program, (after, metrics) = jax.make_jaxpr(update, return_shape=True)(*given)
        assert ("bf16" in str(program)) == (precision == "bfloat16")
        learned = jax.tree.leaves((after.params, after.optimiser, metrics))
        assert {leaf.dtype for leaf in learned} <= {jnp.dtype("float32"), jnp.dtype("int32")}


def test_what_is_real_is_pillows_dither_or_a_better_one():
    rng = np.random.default_rng(1)
    frame = np.repeat(rng.random((2, 4, 4), dtype=np.float32), 4, 1).repeat(4, 2)
    dither, previous = ((rng.random(frame.shape) < 0.5).astype(np.float32) for _ in range(2))
    price = jnp.full(2, 0.2)
    scene = View(
        jnp.asarray(frame), jnp.asarray(dither), jnp.asarray(previous), price, jnp.zeros(frame.shape)
    )
    assert REAL_SWEEPS > 4
    made = {kind: real(kind, jax.random.key(0), scene) for kind in ("floyd-steinberg", "search")}
    np.testing.assert_array_equal(made["floyd-steinberg"][1], FloydSteinberg().dither(frame[1], None))
    convolve = convolution(two_eye_kernel(), frame.shape[1:])
    start, best = (
        energy_per_pixel(each, scene.frame, scene.previous, price, convolve)
        for each in (dither, made["search"])
    )
    assert (best < 0.2 * start).all()


def test_scenes_are_chosen_by_the_rule():
    """Of seven bursts: one black, one dark, one light, one with a cut, a flat one, and two others."""
    rng = np.random.default_rng(0)
    noise = rng.integers(60, 180, (SIDE, SIDE))
    pictures = [noise * 0 + 2, noise // 8, noise // 4 + 190, noise, noise * 0 + 120, noise, noise]
    bursts = np.stack([np.broadcast_to(p, (LENGTH, SIDE, SIDE)) for p in pictures]).astype(np.uint8)
    bursts[3, 9:] = 255 - bursts[3, 9:]
    bursts[3, 9:, ::2] = 0
    chosen = {scene.name: scene for scene in samples.choose(bursts)}
    assert [(name, scene.burst) for name, scene in chosen.items()] == [
        ("cut", 3), ("light", 2), ("dark", 1), ("flat", 4),
    ]  # fmt: skip
    assert chosen["cut"].number == 8
    np.testing.assert_array_equal(chosen["cut"].frames, bursts[3, 8:10])
    assert len(samples.choose(bursts[:2])) == 2


def test_a_sheet_shows_every_scene_dot_by_dot():
    frames = np.full((2, SIDE, SIDE), 77, np.uint8)
    scenes = [samples.Scene(name, 0, 0, frames) for name in "ab"]
    dithers = np.zeros((2, 2, SIDE, SIDE), np.float32)
    dithers[1, 1, 5, 6] = 1
    with Image.open(io.BytesIO(samples.sheet(scenes, dithers))) as image:
        page = np.asarray(image)[::2, ::2]
    step = SIDE + 4
    assert page.shape == (2 * step - 4, 4 * step - 4)
    assert (page[:SIDE, :SIDE] == 77).all()
    assert page[step + 5, 3 * step + 6] == 255
    assert (page == 255).sum() == 1


def test_curves_are_a_picture_of_the_reports():
    rows = [
        dict.fromkeys(("step", "loss", "critic", "energy", "flips", "white", "tone", "unsure"), float(n))
        for n in range(3)
    ]
    assert curves.curves(rows) == curves.curves(rows)
    assert curves.curves(rows) != curves.curves(rows[:2])


def test_events_need_their_package(monkeypatch, tmp_path):
    from trainer.fit.events import Events

    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(OptionError, match=r"pip install 'longtake\[tensorboard\]'"):
        Events(tmp_path, 0)
