"""The GAN as a network and as a ditherer, and the weights that ship."""

import re
from itertools import pairwise
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from trainer.dithers.generator.one_shot import (
    PASSES,
    OneShotDitherer,
    OneShotSize,
    create,
    decides,
)

import trainer.dithers.generator
from tests.trainer.search_cases import moving_scene
from trainer.dithers import table
from trainer.dithers.eye import hvs_psnr, two_eye_kernel
from trainer.dithers.generator.model import Size
from trainer.dithers.generator.weights import GAN, Weights, arrays_of, load
from trainer.dithers.mask import Mask
from trainer.dithers.search.ditherer import FrameSearch
from trainer.dithers.search.energy import cost
from trainer.errors import OptionError, TrainerError
from trainer.evaluate.patterns import distance

SHAPE = (21, 34)
FRAME = np.random.default_rng(0).random(SHAPE, dtype=np.float32)


def new(**settings):
    size = OneShotSize(4, 1)
    return OneShotDitherer(weights=Weights(arrays_of(create(size, 0)), size, {}), **settings)


@pytest.fixture(scope="module")
def shipped():
    return table.make("gan")


def test_a_new_network_dithers_as_the_mask_does():
    np.testing.assert_array_equal(new().dither(FRAME, None), Mask().dither(FRAME, None))


def test_every_pixel_is_decided_by_the_first_pass_and_by_one_more():
    passes = np.stack([decides(jnp.full(1, number), SHAPE)[0] for number in range(PASSES)])
    assert (passes[0] == 1).all()
    assert (passes[1:].sum(0) == 1).all()
    assert (passes[1:, :2, :2].reshape(PASSES - 1, 4).sum(1) == 1).all()


def test_what_is_shown_makes_no_difference_until_the_search_follows(shipped):
    shown = Mask().dither(1 - FRAME, None)
    np.testing.assert_array_equal(shipped.dither(FRAME, shown), shipped.dither(FRAME, None))
    weights, kernel = load(shipped=GAN), two_eye_kernel()
    rough = cost(FRAME, shipped.dither(FRAME, shown), shown, 0.8, kernel)
    polished = OneShotDitherer(1.0, weights=weights, polish=4).dither(FRAME, shown)
    assert cost(FRAME, polished, shown, 0.8, kernel) < rough


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"passes": 2}, "leave --passes out"),
        ({"polish": -1}, "--polish -1"),
        ({"dial": 0.5}, "no dial"),
    ],
)
def test_a_setting_out_of_range_is_refused(settings, words):
    with pytest.raises(OptionError, match=words):
        new(**settings)


def test_other_weights_and_other_sizes_are_refused():
    with pytest.raises(TrainerError, match="not of a GAN"):
        OneShotDitherer(weights=Weights({}, Size(4), {}))
    with pytest.raises(OptionError, match="channels"):
        OneShotSize(0)


def test_the_shipped_weights_dither_to_the_stated_figures(shipped):
    """The figures in README.md: tone and dots on a made scene, beside the mask that it starts from."""
    text = (Path(trainer.dithers.generator.__file__).parent / "README.md").read_text()
    frames = moving_scene()
    for name, ditherer in (("gan", shipped), ("mask", Mask())):
        [stated] = re.findall(rf"^\| {name} \| ([\d.]+) dB \| ([\d.]+) \| ([\d.]+) % \|$", text, re.MULTILINE)
        dithers = list(ditherer(frames))
        found = (
            np.mean([hvs_psnr(*pair, 6000) for pair in zip(frames, dithers, strict=True)]),
            np.mean([distance(dither, FrameSearch().dither(frame, None))
                     for frame, dither in zip(frames, dithers, strict=True)]),
            100 * np.mean([a != b for a, b in pairwise(dithers)]),
        )  # fmt: skip
        assert found == pytest.approx([float(number) for number in stated], rel=0.03, abs=0.004), name


def test_the_shipped_weights_say_how_they_were_made():
    about = load(shipped=GAN).about
    assert about["network"] == "gan"
    assert "--objective gan" in about["command"]
    assert isinstance(about["settings"]["seed"], int)
