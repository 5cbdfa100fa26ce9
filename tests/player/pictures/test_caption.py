"""The caption: what it says, where it stands, and that it flips little from frame to frame."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from player.errors import ConfigError
from player.pictures.caption import PARTS, caption_text, parse_caption, strip

SIZE = (1072, 1448)
GREY = (np.indices(SIZE).sum(0) % 2).astype(np.uint8)


def text_of(number, parts=PARTS):
    """Of frame `number` of a film of 100 minutes at 24 frames per second."""
    return caption_text(parts, "Big Buck Bunny", number * 1000 // 24, 100 * number / 144_000, number)


def test_what_it_says():
    assert caption_text(PARTS, "Psycho", 3_723_900, 12.9, 89372) == "Psycho · 1:02:03 · frame 89373 · 12 %"
    assert caption_text(("time", "title"), "Psycho", 0, 100.0, 5) == "0:00:00 · Psycho"
    assert caption_text(PARTS, " ", None, None, 4) == "frame 5"
    assert caption_text(("percent",), "", 0, 99.999) == "99 %"
    assert caption_text((), "Psycho", 5) == ""
    with pytest.raises(ValueError, match="no part 'name'"):
        caption_text(("name",), "Psycho")


def test_a_strip_at_the_bottom_edge_and_the_picture_above_it():
    before = GREY.copy()
    captioned = strip(GREY, text_of(5000))
    np.testing.assert_array_equal(GREY, before, "the dither given is left as it was")
    changed = np.flatnonzero((captioned != GREY).any(1))
    assert changed.min() >= SIZE[0] - 52
    assert changed.max() == SIZE[0] - 1
    assert captioned.dtype == np.uint8
    assert set(np.unique(captioned)) == {0, 1}
    assert 0.05 < 1 - captioned[-48:].mean() < 0.2, "black letters on white"
    np.testing.assert_array_equal(
        strip(1 - GREY, text_of(5000))[-50:], captioned[-50:], "nothing shines through"
    )


def test_no_text_no_strip():
    assert strip(GREY, "") is not GREY
    np.testing.assert_array_equal(strip(GREY, ""), GREY)


@pytest.mark.parametrize("parts", [PARTS, ("time", "percent"), ("frame", "title")])
def test_neighbouring_captions_flip_few_pixels(parts):
    """A fiftieth of a percent of the panel on average, and .3 % where a number gets a digit more: five times
    in a film.
    """
    pictures = (strip(GREY, text_of(number, parts)) for number in range(950, 1450))
    flips = np.array([np.count_nonzero(one != other) for one, other in pairwise(pictures)]) / GREY.size
    assert flips.max() > 0
    assert flips.mean() < 0.0002
    assert flips.max() < 0.003


def test_only_the_cell_of_the_digit_that_changes_flips():
    flips = strip(GREY, "Film · 0:12:34") != strip(GREY, "Film · 0:12:35")
    columns = np.flatnonzero(flips.any(0))
    assert columns.max() - columns.min() < 24


def test_a_long_title_gives_way_to_the_rest():
    small = np.zeros((150, 200), np.uint8)
    long = caption_text(("title", "time"), "A" * 300, 0)
    np.testing.assert_array_equal(strip(small, long), strip(small, "A" * 21 + "… · 0:00:00"))


@given(
    st.text(max_size=60),
    st.sampled_from(
        [(150, 200), (200, 200), (480, 800), (1448, 1072), (1404, 1872), (1, 1), (7, 300), (300, 9)]
    ),
)
def test_any_title_on_any_panel(title, size):
    dither = np.zeros(size, np.uint8)
    captioned = strip(dither, caption_text(PARTS, title, 5, 5, 5))
    assert captioned.shape == size
    assert captioned.max() == 1


def test_the_setting():
    assert parse_caption("title, time", "caption") == ("title", "time")
    assert parse_caption(" ", "caption") == ()
    for wrong in ("name", "title,,time", "time,time", ","):
        with pytest.raises(ConfigError, match=r"^caption is .*give some of title, time, frame, percent"):
            parse_caption(wrong, "caption")
