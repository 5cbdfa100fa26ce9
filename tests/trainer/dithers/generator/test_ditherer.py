"""The generator as a ditherer: the closed loop, any size, cuts, its settings, and the weights that ship."""

import re
from pathlib import Path

import numpy as np
import pytest

import trainer.dithers.generator
from player.reel import Reel
from tests.trainer.made_films import make_film
from tests.trainer.search_cases import moving_scene
from trainer.__main__ import main
from trainer.dithers.diffusion import Hysteresis
from trainer.dithers.eye import hvs_psnr, two_eye_kernel
from trainer.dithers.generator.ditherer import GeneratorDitherer
from trainer.dithers.generator.model import Size, create
from trainer.dithers.generator.weights import Weights, arrays_of, digest, save
from trainer.dithers.search.energy import cost, price_of
from trainer.dithers.search.start import Start
from trainer.errors import OptionError

SHAPE = (37, 50)
KERNEL = two_eye_kernel()


@pytest.fixture(scope="module")
def tiny():
    """Weights of a network that was never trained."""
    return Weights(arrays_of(create(Size(4, 2), 0)), Size(4, 2), {})


@pytest.fixture(scope="module")
def shipped():
    """The shipped network alone, and polished by two sweeps."""
    return GeneratorDitherer(polish=0), GeneratorDitherer(polish=2)


def scene(number):
    """A soft picture that moves slowly: frame `number` of it."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] / 15
    return (0.5 + 0.4 * np.sin(x + number / 20) * np.cos(y)).astype(np.float32)


def energy(frame, dither):
    return cost(frame, dither, dither, 0.0, KERNEL) / frame.size


def test_two_sweeps_better_the_start_of_a_first_frame_and_the_network_does_no_harm(shipped):
    start = energy(scene(0), Hysteresis().dither(scene(0), None))
    alone, polished = (energy(scene(0), ditherer.dither(scene(0), None)) for ditherer in shipped)
    assert polished < 0.9 * start
    assert alone < 1.1 * start


def test_the_shipped_network_makes_up_for_motion(shipped):
    """After a jump of the scene it betters the error diffusion that it starts from, flips priced in."""
    alone, _ = shipped
    shown = GeneratorDitherer(polish=2).dither(scene(0), None)
    start = Start(0.5, alone.price)(scene(12), shown)
    dither = alone.dither(scene(12), shown)
    costs = [cost(scene(12), each, shown, alone.price, KERNEL) for each in (dither, start)]
    assert costs[0] < 0.95 * costs[1]


def test_it_flips_little_where_little_moves_and_keeps_up(shipped):
    for ditherer in shipped:
        shown = ditherer.dither(scene(0), None)
        first = energy(scene(0), shown)
        for number in range(1, 6):
            dither = ditherer.dither(scene(number), shown)
            assert np.mean(dither != shown) < 0.1
            shown = dither
        assert energy(scene(5), shown) < 3 * first


def test_a_cut_is_left_behind(shipped):
    """The frame after a cut is as good as that of a fresh dither, within 3 dB even without its sweeps."""
    after = 1 - scene(0)
    for ditherer in shipped:
        shown = ditherer.dither(scene(0), None)
        assert energy(after, shown) > 0.5
        assert energy(after, ditherer.dither(after, shown)) < 2 * energy(after, ditherer.dither(after, None))


def test_the_same_dither_every_time_from_nothing_but_frame_and_shown_dither(shipped):
    _, ditherer = shipped
    shown = ditherer.dither(scene(0), None)
    dither = ditherer.dither(scene(9), shown)
    ditherer.dither(scene(4), dither)
    np.testing.assert_array_equal(ditherer.dither(scene(9), shown), dither)
    assert dither.dtype == np.uint8
    assert dither.shape == SHAPE


def test_the_engines_agree(shipped):
    """Alone they make the same dithers; the searches after them differ, but hardly in what they reach."""
    alone, polished = shipped
    in_jax = GeneratorDitherer(polish=0, engine="parallel"), GeneratorDitherer(polish=2, engine="parallel")
    shown = polished.dither(scene(0), None)
    np.testing.assert_array_equal(in_jax[0].dither(scene(12), shown), alone.dither(scene(12), shown))
    costs = [
        cost(scene(12), each.dither(scene(12), shown), shown, alone.price, KERNEL)
        for each in (in_jax[1], polished)
    ]
    assert costs[0] == pytest.approx(costs[1], rel=0.1)


@pytest.mark.parametrize("tone", [0.0, 1.0])
def test_black_and_white_frames_come_out_whole(shipped, tone):
    dither = shipped[1].dither(np.full(SHAPE, tone, np.float32), None)
    assert (dither == tone).all()


def test_the_smallest_frame(tiny):
    dither = GeneratorDitherer(polish=1, weights=tiny).dither(np.full((1, 1), 0.9, np.float32), None)
    assert dither.shape == (1, 1)


def test_the_dial_sets_the_price(tiny):
    assert GeneratorDitherer(0.25, weights=tiny).price == price_of(0.25)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"dial": 1.5}, "dial"),
        ({"passes": 0}, "--passes 0"),
        ({"polish": -1}, "--polish -1"),
        ({"engine": "steam"}, "sequential or parallel"),
    ],
)
def test_a_setting_out_of_range_is_refused(tiny, settings, words):
    with pytest.raises(OptionError, match=words):
        GeneratorDitherer(**{"weights": tiny, **settings})


STATED = Path(trainer.dithers.generator.__file__).with_name("README.md")


@pytest.mark.parametrize(("name", "polish"), [("network alone", 0), ("with 3 rounds", 3)])
def test_the_shipped_file_dithers_a_scene_to_its_stated_figures(name, polish):
    """The disc that drifts, in closed loop at dial 1/2: mean of the frames after the first."""
    stated = re.search(rf"\| {name} \| ([\d.]+) dB \| ([\d.]+) % \|", STATED.read_text())
    assert stated, f"{STATED.name} does not state what `{name}` is worth"
    ditherer = GeneratorDitherer(polish=polish)
    first, *frames = moving_scene(8)
    shown, scores, flips = ditherer.dither(first, None), [], []
    for frame in frames:
        dither = ditherer.dither(frame, shown)
        scores.append(hvs_psnr(frame, dither, 6000))
        flips.append(100 * np.mean(dither != shown))
        shown = dither
    found = np.mean(scores), np.mean(flips)
    print(f"| {name} | {found[0]:.1f} dB | {found[1]:.2f} % |")
    assert found[0] == pytest.approx(float(stated[1]), abs=0.3)
    assert found[1] == pytest.approx(float(stated[2]), abs=0.2)


def test_a_reel_is_made_with_the_weights_of_a_run_and_knows_them(tiny, tmp_path, capsys):
    """An export with other weights is not taken for the one in the reel."""
    film = make_film(tmp_path / "film.avi", "FFV1", 2)
    run, reel = tmp_path / "run", tmp_path / "film.reel"
    run.mkdir()
    save(run / "weights.npz", tiny)
    arguments = ["export", str(film), str(reel), "--size", "50x37", "--dither", "generator", "--polish", "0"]
    assert main([*arguments, "--weights", str(run)]) == 0
    with Reel(reel) as made:
        assert digest(run) in made.meta["dither_settings"]
    assert main(arguments) == 2
    assert "dither_settings" in capsys.readouterr().err
    assert main([*arguments, "--weights", str(tmp_path / "none")]) == 2
    assert "there is no" in capsys.readouterr().err
    assert main(["export", str(film), str(tmp_path / "b"), "--dither", "mask", "--polish", "1"]) == 2
    assert "leave --polish out" in capsys.readouterr().err
