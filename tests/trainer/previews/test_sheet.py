"""The contact sheet: its tiles pixel for pixel, its colours, which frames are on it."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.trainer.previews.preview_cases import (
    COUNT,
    HEIGHT,
    LABELS,
    WIDTH,
    comparison,
    made_dithers,
    seen_on_glass,
    selected_frames,
    view,
)
from trainer.previews.captions import percent, plain
from trainer.previews.sheet import GAP, HEAD, LINE, MARGIN, TITLE, sheet, spread

RED, BLUE, GREY = (200, 30, 40), (25, 90, 220), (232, 232, 232)


def sheet_of(count: int = COUNT, expected: int | None = COUNT, glass: bool = False) -> np.ndarray:
    image = Image.open(io.BytesIO(sheet(comparison(count, expected), view(glass))))
    assert image.mode == "RGB"
    return np.asarray(image)


def tile(picture: np.ndarray, row: int, line: int, column: int) -> np.ndarray:
    """One picture of 40 x 30; `line` 0 is the dithers, 1 what changed."""
    x = MARGIN + column * (40 + GAP)
    y = TITLE + HEAD + row * (2 * (30 + LINE) + GAP) + line * (30 + LINE)
    return picture[y : y + 30, x : x + 40]


def test_the_dithers_are_shown_pixel_for_pixel():
    picture, made = sheet_of(), made_dithers()
    for row, frame in enumerate([7, 16, 25]):
        for column, label in enumerate(LABELS, 1):
            expected = made[label][frame][9:39, 21:61] * 255
            np.testing.assert_array_equal(tile(picture, row, 0, column), np.dstack([expected] * 3))
        tone = np.rint(selected_frames()[frame].frame[9:39, 21:61] * 255)
        np.testing.assert_array_equal(tile(picture, row, 0, 0), np.dstack([tone] * 3))


def test_what_changed_is_red_and_blue_on_grey():
    picture, made = sheet_of(), made_dithers()
    for row, frame in enumerate([7, 16, 25]):
        for column, label in enumerate(LABELS, 1):
            before, now = (made[label][n][9:39, 21:61].astype(int) for n in (frame - 1, frame))
            shown = tile(picture, row, 1, column)
            for colour, change in ((RED, -1), (BLUE, 1), (GREY, 0)):
                np.testing.assert_array_equal((shown == colour).all(axis=2), now - before == change)


def test_the_whole_frame_is_there_in_small():
    small = tile(sheet_of(), 0, 1, 0)
    scale = 40 / WIDTH
    assert round(HEIGHT * scale) == 25
    assert (small[25:] == small[25, 0]).all()
    tones = small[12, :, 0].astype(int)
    # The ramp of frame 7 has been rolled by 7 columns of 70, here 4 of 40; the frame of the crop lies from
    # column 12 to 35, white with black around it.
    assert tones[2] > 200
    assert np.all(np.diff(tones[5:11]) > 0)
    assert (tones[11], tones[12], tones[34], tones[35]) == (0, 255, 255, 0)


def test_the_sheet_can_show_the_glass():
    made = made_dithers()
    picture = sheet_of(glass=True)
    for column, label in enumerate(LABELS, 1):
        actions = [moment.shown[label].score.action for moment in comparison()]
        expected = seen_on_glass(made[label], actions)[16][9:39, 21:61]
        assert set(np.unique(expected)) == {32, 48, 224}
        np.testing.assert_array_equal(tile(picture, 1, 0, column), np.dstack([expected] * 3))


@pytest.mark.parametrize(
    ("count", "expected", "last"), [(26, None, [25]), (4, 26, [3]), (10, 26, [7, 9]), (26, 12, [3, 7, 25])]
)
def test_the_last_frame_is_there_whatever_was_expected(count, expected, last):
    picture, made = sheet_of(count, expected), made_dithers(count)
    for row, frame in enumerate(last):
        np.testing.assert_array_equal(
            tile(picture, row, 0, 1)[..., 0], made["lively"][frame][9:39, 21:61] * 255
        )
    rows = (picture.shape[0] - TITLE - HEAD - MARGIN) / (2 * (30 + LINE) + GAP)
    assert rows == len(last)


def test_a_redraw_has_no_flips():
    """The last of 21 frames is redrawn."""
    picture = sheet_of(21, 21)
    for column in (1, 2):
        assert (tile(picture, 2, 1, column) == GREY).all()
        assert not (tile(picture, 1, 1, 1) == GREY).all()


def test_a_single_frame_has_no_changes():
    picture = sheet_of(1, 1)
    assert (tile(picture, 0, 1, 1) == GREY).all()


def test_frames_are_spread_evenly():
    assert spread(48, 3) == {15, 31, 47}
    assert spread(3, 3) == {0, 1, 2}
    assert spread(2, 3) == {-1, 0, 1}
    assert spread(None, 3) == set()


def test_captions_use_only_letters_that_the_font_has():
    assert plain("Nosferatu \u2013 größe · Ж.mp4") == "Nosferatu ? gro?e · ?.mp4"
    assert [percent(share) for share in (0.3089, 0.0203, 0.0075, 0.0)] == [
        "30.9 %",
        "2.0 %",
        "0.75 %",
        "0.00 %",
    ]
