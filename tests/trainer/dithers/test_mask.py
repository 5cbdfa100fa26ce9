"""The threshold mask: the file that ships, the generator it came from, and the ditherer."""

import hashlib
from importlib.resources import files

import numpy as np
import pytest
from PIL import Image

from trainer.dithers.mask import MASK, Mask, thresholds, tiled
from trainer.dithers.void_and_cluster import main, ranks
from trainer.errors import OptionError
from trainer.evaluate.texture import GREYS, texture

GOLDEN = "45b0416a8fae93c2f814599ce251738462dcee992fc0afef8232038fca3a0c62"
"""SHA-256 of the ranks of size 32, sigma 1.5, seed 1, as little-endian 16-bit words, row by row."""


def flat(grey, shape=(256, 256)):
    return np.full(shape, grey, np.float32)


def smooth(shape, seed, cells=8):
    """A frame with the soft tones of a photograph: random corners of a coarse grid, interpolated."""
    random = np.random.default_rng(seed).random((cells, cells)).astype(np.float32)
    picture = Image.fromarray(random).resize(shape[::-1], Image.Resampling.BICUBIC)
    return np.clip(np.asarray(picture), 0, 1)


def test_the_shipped_mask_holds_every_rank_once():
    mask = thresholds()
    assert mask.shape == (256, 256)
    assert mask.dtype == np.float32
    expected = (np.arange(65536) + 0.5) / 65536
    np.testing.assert_array_equal(np.sort(mask, axis=None), expected.astype(np.float32))


def test_the_shipped_mask_says_how_it_was_made():
    with files("trainer.dithers").joinpath(MASK).open("rb") as file, Image.open(file) as image:
        command = image.text["command"]
    assert command.startswith("python -m trainer.dithers.void_and_cluster void-and-cluster-256.png")
    readme = files("trainer.dithers").joinpath("README.md").read_text()
    assert command.replace(" void-and", " trainer/dithers/void-and") in readme


@pytest.mark.parametrize(("grey", "highest"), [(1 / 16, 0.1), (1 / 8, 0.1), (1 / 4, 0.1), (1 / 2, 0.35)])
def test_the_shipped_mask_is_blue_noise_without_a_direction(grey, highest):
    """White noise leaks 1. At half the ideal is the checkerboard, which no order of dots grows into."""
    measured = texture(Mask(), grey)
    assert measured.leak < highest
    assert measured.anisotropy < -11
    assert texture(Mask(), 1 - grey).leak < highest


def test_the_shipped_mask_wraps_without_a_seam():
    """Shifted so that its edges lie in the middle, it is the same blue noise."""
    rolled = Mask(np.roll(thresholds(), (128, 128), axis=(0, 1)))
    for grey in GREYS:
        assert texture(rolled, grey).leak == pytest.approx(texture(Mask(), grey).leak, rel=0.2)


def test_the_generator_reaches_the_same_ranks_on_every_machine():
    order = ranks(32, 1.5, 1)
    assert hashlib.sha256(order.astype("<u2").tobytes()).hexdigest() == GOLDEN


@pytest.mark.parametrize(("size", "sigma", "seed"), [(8, 1.0, 0), (16, 1.5, 3), (37, 1.9, 1)])
def test_the_generator_gives_every_rank_once_and_another_order_for_another_seed(size, sigma, seed):
    order = ranks(size, sigma, seed)
    np.testing.assert_array_equal(np.sort(order, axis=None), np.arange(size * size))
    np.testing.assert_array_equal(order, ranks(size, sigma, seed))
    assert (order != ranks(size, sigma, seed + 1)).any()


def test_the_first_dots_of_a_mask_keep_their_distance():
    """16 dots on a torus of 32 x 32: evenly spread they stand 8 to 9 apart, at random some would touch."""
    y, x = np.nonzero(ranks(32, 1.5, 1) < 16)
    dy, dx = (np.abs(a[:, None] - a[None, :]) for a in (y, x))
    apart = np.hypot(np.minimum(dy, 32 - dy), np.minimum(dx, 32 - dx))
    assert apart[~np.eye(16, dtype=bool)].min() >= 5


@pytest.mark.parametrize(
    ("size", "sigma", "seed", "says"),
    [
        (4, 1.5, 1, "size 4"),
        (257, 1.5, 1, "size 257"),
        (64, 0.1, 1, "sigma of 0.1"),
        (64, 9, 1, "8"),
        (64, 2, -1, "-1"),
    ],
)
def test_what_makes_no_mask_is_refused(size, sigma, seed, says):
    with pytest.raises(OptionError, match=says):
        ranks(size, sigma, seed)


def test_the_command_writes_what_the_generator_gives(tmp_path):
    path = tmp_path / "mask.png"
    assert main([str(path), "--size", "16", "--sigma", "1.2", "--seed", "5"]) == 0
    with Image.open(path) as image:
        np.testing.assert_array_equal(np.asarray(image), ranks(16, 1.2, 5))
        assert image.text["command"].endswith("mask.png --size 16 --sigma 1.2 --seed 5")
    assert list(tmp_path.iterdir()) == [path]


def test_the_command_reports_errors_in_one_line(tmp_path, capsys):
    assert main([str(tmp_path / "none" / "mask.png"), "--size", "16"]) == 2
    assert main([str(tmp_path / "mask.png"), "--size", "2"]) == 2
    assert main([str(tmp_path), "--size", "16"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("trainer: ") for line in lines)


def test_a_pixel_is_white_where_the_frame_is_above_its_threshold():
    mask = np.array([[0.125, 0.375], [0.875, 0.625]], np.float32)
    frame = np.array([[0.2, 0.2, 0.1], [0.9, 0.9, 0.9], [1, 1, 0.3]], np.float32)
    # The mask laid over the frame: .125 .375 .125 / .875 .625 .875 / .125 .375 .125.
    np.testing.assert_array_equal(Mask(mask).dither(frame, None), [[1, 0, 0], [1, 1, 1], [1, 1, 1]])


def test_a_tone_at_the_threshold_stays_black():
    mask = np.array([[0.25, 0.75]], np.float32)
    np.testing.assert_array_equal(Mask(mask).dither(np.array([[0.25, 0.75]], np.float32), None), [[0, 0]])


def test_the_mask_lies_in_absolute_coordinates():
    """A pixel meets its own threshold whatever is around it: a crop at a tile's corner dithers alike."""
    frame = smooth((600, 700), seed=1)
    dither = Mask().dither(frame, None)
    np.testing.assert_array_equal(Mask().dither(frame[256:, 512:], None), dither[256:, 512:])
    np.testing.assert_array_equal(tiled(thresholds(), (600, 700))[256:512, 256:512], thresholds())


def test_it_follows_a_change_of_size():
    ditherer = Mask()
    for shape in [(256, 256), (40, 300), (300, 40), (40, 300)]:
        assert ditherer.dither(flat(0.5, shape), None).shape == shape


def test_black_is_black_and_white_is_white():
    assert not Mask().dither(flat(0), None).any()
    assert Mask().dither(flat(1), None).all()


@pytest.mark.parametrize("levels", [0, 1, 3001, 32768, 65535, 65536])
def test_a_flat_grey_has_exactly_its_share_of_white(levels):
    assert Mask().dither(flat(levels / 65536), None).sum() == levels


@pytest.mark.parametrize(
    ("before", "after"), [(0, 1), (0.25, 0.375), (0.75, 0.5), (1 / 65536, 0.5), (0.5, 0.5)]
)
def test_a_uniform_change_flips_exactly_its_share(before, after):
    """Over whole tiles each threshold between the two tones is crossed once in 65536 pixels, and no other."""
    ditherer = Mask()
    shown = ditherer.dither(flat(before, (512, 256)), None)
    assert (ditherer.dither(flat(after, (512, 256)), shown) != shown).mean() == abs(after - before)


def test_on_frames_its_flips_are_the_mean_change_of_tone():
    """Soft frames, changed softly and by different amounts everywhere: within a twentieth of mean |df|."""
    ditherer, shape = Mask(), (480, 640)
    frame = smooth(shape, seed=3)
    shown = ditherer.dither(frame, None)
    for amount in (0.02, 0.1, 0.5):
        after = np.clip(frame + amount * (smooth(shape, seed=4) - 0.5), 0, 1).astype(np.float32)
        flips = (ditherer.dither(after, shown) != shown).mean()
        assert flips == pytest.approx(np.abs(after - frame).mean(), rel=0.05)


def test_it_is_frozen_in_time():
    """The dither does not depend on the one before, nor on how often it was made."""
    ditherer, frame = Mask(), smooth((64, 96), seed=5)
    first = ditherer.dither(frame, None)
    np.testing.assert_array_equal(ditherer.dither(frame, 1 - first), first)
