"""The generator as a ditherer: whole stretches, rounds of the search after it, settings, shipped weights."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import trainer.dithers.generator
from player.reel import Reel
from tests.trainer.dithers.search.test_joint import energy, moving
from tests.trainer.made_films import make_film
from tests.trainer.search_cases import moving_scene
from trainer.__main__ import main
from trainer.dithers.eye import hvs_psnr
from trainer.dithers.generator.ditherer import GeneratorDitherer, make_ditherer
from trainer.dithers.generator.model import Size, create
from trainer.dithers.generator.weights import Weights, arrays_of, digest, save
from trainer.dithers.levels import Levels
from trainer.dithers.mask import Mask
from trainer.dithers.search.accelerated import Part
from trainer.errors import OptionError, TrainerError
from trainer.film_maker.unet import UNetSize

pytestmark = pytest.mark.usefixtures("quickly_compiled")

SHAPE, WINDOW, LEVELS = (36, 50), 6, Levels(0.083)


@pytest.fixture(scope="module")
def tiny():
    """Weights of a network that was never trained, whose dithers are those that it begins with."""
    return Weights(arrays_of(create(Size(4, 1), 0)), Size(4, 1), {})


def shipped(**settings):
    return GeneratorDitherer(**{"levels": LEVELS, "window": WINDOW, "polish": 0, **settings})


@pytest.mark.parametrize("count", [1, 7, 13, 30])
def test_every_frame_gets_its_dither_in_order(count):
    levels = [0.05 + 0.9 * (t % 7) / 6 for t in range(count)]
    dithers = list(shipped()(np.full(SHAPE, level, np.float32) for level in levels))
    assert len(dithers) == count
    for level, dither in zip(levels, dithers, strict=True):
        assert (dither.dtype, dither.shape) == (np.uint8, SHAPE)
        assert dither.flags.writeable
        assert abs(dither.mean() - level) < 0.1


def test_black_and_white_frames_come_out_whole():
    white, black = np.ones(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    for polish, margin in ((0, 0.01), (2, 0)):
        dithers = shipped(polish=polish)([white, white, black, white])
        assert [dither.mean() for dither in dithers] == pytest.approx([1, 1, 0, 1], abs=margin, rel=0)


def test_the_network_lowers_the_energy_on_the_glass_and_the_search_after_it_lowers_it_again(tiny):
    """Flips and ghosts included, over the border of two windows."""
    frames = moving(9, SHAPE)
    start, network, polished = (
        energy(list(shipped(**settings)(frames)), frames, LEVELS)
        for settings in ({"weights": tiny}, {}, {"polish": 2})
    )
    assert network < 0.9 * start
    assert polished < 0.9 * network


def test_stretches_of_one_batch_do_not_affect_each_other():
    ditherer, frames = shipped(), np.stack(moving(WINDOW, SHAPE))
    mask = Mask()._tiled[: SHAPE[0], : SHAPE[1]]
    volumes = ditherer._make_volumes(SHAPE, LEVELS)
    volumes._batch = 2
    parts = [
        Part(each, (each > mask).astype(np.uint8), mask, None, None, price)
        for each, price in ((frames, 0.2), (1 - frames[:4], 0.6))
    ]
    for part, dithers in zip(parts, volumes._settled(parts), strict=True):
        [alone] = volumes._settled([part])
        np.testing.assert_array_equal(dithers, alone)
        assert (dithers != part.start).any()


def test_a_frame_by_itself_is_dithered_from_the_frozen_mask(tiny):
    [frame] = moving(1, SHAPE)
    begun = Mask().dither(frame, None)
    np.testing.assert_array_equal(shipped(weights=tiny).alone(frame), begun)
    dither = shipped().alone(frame)
    assert energy([dither], [frame], LEVELS) < 0.9 * energy([begun], [frame], LEVELS)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"dial": 1.5}, "dial"),
        ({"polish": -1}, "--polish -1"),
        ({"polish": 1001}, "--polish 1001"),
    ],
)
def test_a_setting_out_of_range_is_refused(tiny, settings, words):
    with pytest.raises(OptionError, match=words):
        GeneratorDitherer(**{"weights": tiny, **settings})


def test_weights_of_another_network_are_refused():
    with pytest.raises(TrainerError, match="weights of a U-Net, not of a generator"):
        GeneratorDitherer(weights=Weights({}, UNetSize(2), {}))


STATED = Path(trainer.dithers.generator.__file__).with_name("README.md")


@pytest.mark.parametrize(("name", "polish"), [("network alone", 0), ("with 2 rounds", 2)])
def test_the_shipped_file_dithers_a_scene_to_its_stated_figures(name, polish):
    """The disc that drifts, a stretch of 8 frames at dial 1/2 without ghosts."""
    stated = re.search(rf"\| {name} \| ([\d.]+) dB \| ([\d.]+) % \|", STATED.read_text())
    assert stated, f"{STATED.name} does not state what `{name}` is worth"
    frames = moving_scene(8)
    dithers = list(make_ditherer(polish=polish, window=8)(frames))
    found = (
        np.mean([hvs_psnr(*pair, 6000) for pair in zip(frames, dithers, strict=True)]),
        100 * np.mean([before != after for before, after in pairwise(dithers)]),
    )
    print(f"| {name} | {found[0]:.1f} dB | {found[1]:.2f} % |")
    assert found[0] == pytest.approx(float(stated[1]), abs=0.3)
    assert found[1] == pytest.approx(float(stated[2]), abs=0.2)


def test_a_reel_is_made_with_the_weights_of_a_run_and_knows_them(tiny, tmp_path, capsys):
    """An export with other weights is not taken for the one in the reel."""
    film = make_film(tmp_path / "film.avi", "FFV1", 2)
    run, reel = tmp_path / "run", tmp_path / "film.reel"
    run.mkdir()
    save(run / "weights.npz", tiny)
    arguments = ["export", str(film), str(reel), "--size", "50x36", "--dither", "generator", "--polish", "0"]
    assert main([*arguments, "--weights", str(run)]) == 0
    with Reel(reel) as made:
        assert digest(run) in made.meta["dither_settings"]
    assert main(arguments) == 2
    assert "dither_settings" in capsys.readouterr().err
    assert main([*arguments, "--weights", str(tmp_path / "none")]) == 2
    assert "there is no" in capsys.readouterr().err
    assert main(["export", str(film), str(tmp_path / "b"), "--dither", "mask", "--polish", "1"]) == 2
    assert "leave --polish out" in capsys.readouterr().err
