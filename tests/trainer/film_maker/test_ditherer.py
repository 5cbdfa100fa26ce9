"""A U-Net's weights in their file, and the U-Net as a ditherer of the command line."""

import json

import numpy as np
import pytest

from player.reel import Reel
from tests.trainer.made_films import make_film
from trainer.__main__ import main
from trainer.dithers import table as dithers
from trainer.dithers.diffusion import FloydSteinberg
from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.generator.model import Size
from trainer.dithers.generator.weights import Weights, arrays_of, load, save
from trainer.dithers.search.energy import cost
from trainer.errors import OptionError, TrainerError
from trainer.film_maker.ditherer import UNetDitherer
from trainer.film_maker.unet import UNetSize, create

SIZE = UNetSize(2, previous=True)
SHAPE = (36, 50)
FRAME = np.random.default_rng(0).random(SHAPE, dtype=np.float32)


@pytest.fixture(scope="module")
def weights():
    return Weights(arrays_of(create(SIZE, 3)), SIZE, {})


@pytest.fixture(scope="module")
def run(weights, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    save(folder / "weights.npz", weights)
    return folder


@pytest.fixture(scope="module")
def alone(run):
    """As the command line makes it: the network alone."""
    return dithers.make("generator", weights=run, polish=0)


def test_a_file_says_which_network_it_holds(weights, run):
    found = load(run)
    assert found.about["network"] == "u-net"
    assert found.size == SIZE
    for name, array in weights.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)
    own = Weights({}, Size(4), {})
    with pytest.raises(TrainerError, match="not those of a U-Net"):
        UNetDitherer(weights=own)


def test_the_loop_is_closed_and_depends_on_nothing_else(alone):
    """The first frame sees Floyd and Steinberg's dither of itself, any other what is shown."""
    assert isinstance(alone, UNetDitherer)
    shown = FloydSteinberg().dither(FRAME, None)
    first = alone.dither(FRAME, None)
    assert first.dtype == np.uint8
    assert first.shape == SHAPE
    np.testing.assert_array_equal(alone.dither(FRAME, shown), first)
    other = alone.dither(FRAME, 1 - shown)
    assert (other != first).any()
    np.testing.assert_array_equal(alone.dither(FRAME, shown), first)


def test_polish_betters_it_at_the_price_that_the_dial_asks_for(run, alone):
    kernel, shown = two_eye_kernel(), np.zeros(SHAPE, np.uint8)
    rough = cost(FRAME, alone.dither(FRAME, shown), shown, 0.05, kernel)
    polished = [
        dithers.make("generator", dial, weights=run, polish=8).dither(FRAME, shown) for dial in (0, 1)
    ]
    assert cost(FRAME, polished[0], shown, 0.05, kernel) < 0.5 * rough
    assert polished[0].sum() > polished[1].sum()


@pytest.mark.parametrize(
    ("settings", "dial", "words"),
    [
        ({"polish": -1}, None, "--polish -1"),
        ({"polish": 0}, 0.5, "no dial"),
    ],
)
def test_a_setting_out_of_range_is_refused(run, settings, dial, words):
    with pytest.raises(OptionError, match=words):
        dithers.make("generator", dial, weights=run, **settings)


def test_a_u_net_for_colours_is_refused():
    size = UNetSize(2, colours=3)
    with pytest.raises(TrainerError, match="luma"):
        UNetDitherer(weights=Weights({}, size, {}))


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return str(make_film(tmp_path_factory.mktemp("films") / "film.avi", "FFV1", 2))


def test_a_run_exports_and_can_be_evaluated(run, film, tmp_path, capsys):
    reel, figures = tmp_path / "film.reel", tmp_path / "figures.json"
    words = ["--size", "50x36", "--weights", str(run)]
    assert main(["export", film, str(reel), "--dither", "generator", "--polish", "0", *words]) == 0
    with Reel(reel) as made:
        assert made.frames == 2
    chosen = ["--dither", "mask", "--dither", "generator:.5"]
    assert main(["evaluate", film, *chosen, "--polish", "1", "--json", str(figures), *words]) == 0
    settings = json.loads(figures.read_text())["settings"]["dither_options"]
    assert settings["polish"] == 1
    assert len(settings["weights"]) == 64
    shown = ["--dither", "generator", "--polish", "0"]
    assert main(["preview", film, "--out", str(tmp_path / "p.png"), *shown, *words]) == 0
    capsys.readouterr()
    assert main(["evaluate", film, "--dither", "mask", *words]) == 2
    assert "leave --weights out" in capsys.readouterr().err
