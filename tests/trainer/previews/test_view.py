"""Which part of the panel a preview shows."""

import numpy as np
import pytest

from trainer.errors import OptionError
from trainer.previews.view import Crop, View, parse_crop

PANEL = (1448, 1072)


@pytest.mark.parametrize(
    ("text", "crop"),
    [
        (None, Crop(524, 386, 400, 300)),
        ("400x300", Crop(524, 386, 400, 300)),
        ("1448x1072", Crop(0, 0, 1448, 1072)),
        ("1x1+1447+1071", Crop(1447, 1071, 1, 1)),
        (" 200x100+0+7 ", Crop(0, 7, 200, 100)),
    ],
)
def test_a_crop_is_a_size_and_a_place_or_in_the_middle(text, crop):
    assert parse_crop(text, PANEL) == crop
    assert parse_crop(str(crop), PANEL) == crop


def test_the_default_fits_a_small_panel():
    assert parse_crop(None, (64, 48)) == Crop(0, 0, 64, 48)


@pytest.mark.parametrize(
    "text", ["", "400", "400x", "x300", "400x300+5", "400x300-5-5", "400,300", "0x5", "5x0", "1449x1072",
             "1x1+1448+0", "1x1+0+1072", "٤x٣"],
)  # fmt: skip
def test_what_is_no_part_of_the_panel_is_refused(text):
    with pytest.raises(OptionError, match="--crop"):
        parse_crop(text, PANEL)


def test_a_crop_cuts_out_its_pixels():
    picture = np.arange(48).reshape(6, 8)
    np.testing.assert_array_equal(Crop(2, 1, 3, 2)(picture), [[10, 11, 12], [18, 19, 20]])


@pytest.mark.parametrize("fps", [0, -1, 61, float("nan"), float("inf")])
def test_a_speed_out_of_range_is_refused(fps):
    with pytest.raises(OptionError, match="--fps"):
        View("film", PANEL, 1, Crop(0, 0, 1, 1), True, fps)
