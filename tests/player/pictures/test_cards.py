"""Cards: what must be on them is on them, in letters that fit, on every panel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from player.pictures.cards import address_card, end_card, no_film_card
from player.pictures.lettering import BOX, HEIGHTS, drawn

SIZES = [(200, 150), (200, 200), (800, 600), (1448, 1072), (1072, 1448), (1872, 1404)]
ADDRESS = "http://192.168.178.143:8080"


def height_of(card, line):
    """Of the letters in which a card shows this line, in the middle of its width; None where it does not."""
    for height in HEIGHTS:
        ink = drawn(line, height)
        left = (card.shape[1] - ink.shape[1]) // 2
        if left >= 0:
            place = 1 - card[:, left : left + ink.shape[1]]
            if any(np.array_equal(place[top : top + height], ink) for top in range(card.shape[0] - height)):
                return height
    return None


@pytest.mark.parametrize("size", SIZES)
def test_every_card_is_a_dither_with_its_words(size):
    for card, lines in (
        (end_card(size, "Nosferatu"), ["The End", "Nosferatu"]),
        (no_film_card(size, "/films", ADDRESS), ["No film found", ADDRESS]),
        (no_film_card(size, "/films", None), ["No film found"]),
        (address_card(size, ADDRESS, None), [ADDRESS]),
    ):
        assert card.shape == size[::-1]
        assert card.dtype == np.uint8
        assert set(np.unique(card)) == {0, 1}
        assert card.mean() > 0.8, "paper white, which a panel keeps without ghosts"
        for line in lines:
            assert height_of(card, line) is not None, line


def test_on_the_panel_of_the_design_the_words_are_read_from_a_metre():
    """A cell of 48 pixels has capitals of 2.5 mm at 300 ppi, 8 minutes of arc at a metre."""
    assert height_of(no_film_card((1448, 1072), "/films", ADDRESS), "No film found") == 144
    assert height_of(no_film_card((1448, 1072), "/films", ADDRESS), ADDRESS) >= 48
    assert height_of(end_card((1448, 1072), "Psycho"), "Psycho") >= 48


def test_an_address_that_is_too_long_for_a_line_is_whole():
    card = address_card((800, 600), "http://longtake.local:8080/?token=" + "x1" * 15, None)
    heights = [height_of(card, line) for line in ("http://longtake.local:8080/?token=", "x1" * 15)]
    assert None not in heights


@pytest.mark.parametrize("size", [(800, 600), (1448, 1072), (1072, 1448)])
def test_a_camera_reads_the_code(size):
    cv2 = pytest.importorskip("cv2")
    segno = pytest.importorskip("segno")
    url = "http://192.168.178.43:8080/?token=Zk3vQ9xX2LmT7pB4"
    code = [[bool(module) for module in row] for row in segno.make(url, micro=False).matrix]
    card = address_card(size, url, code)
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(card * np.uint8(255))
    assert text == url
    rows = np.flatnonzero((1 - card)[:, size[0] // 2 - 40 : size[0] // 2 + 40].any(1))
    assert rows.size


@pytest.mark.parametrize("url", ["http://pi:8080", "http://pi:8080/" + "token" * 40])
def test_the_code_has_the_white_around_it_that_it_needs_and_half_of_the_height(url):
    code = np.ones((25, 25), bool)
    card = address_card((1448, 1072), url, code)
    rows = np.flatnonzero(card[:, 724] == 0)
    rows = max(np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1), key=len)
    module = rows.size // 25
    assert rows.size == 25 * module
    assert module * (25 + 8) >= 1072 * 0.4, "half of the room within the frame"
    row = np.flatnonzero(card[rows[10]] == 0)
    row = row[(row > 100) & (row < 1348)]
    assert row.size == 25 * module
    assert row.max() - row.min() == 25 * module - 1
    above = card[rows[0] - 4 * module : rows[0], row.min() - 4 * module : row.max() + 4 * module]
    assert above.all()


def test_titles_that_cannot_be_drawn_or_are_missing():
    assert height_of(end_card((800, 600), "七人の侍"), BOX * 4) is not None
    assert height_of(end_card((800, 600), ""), "The End") is not None


@given(st.text(max_size=400), st.sampled_from([*SIZES[:3], (64, 48), (48, 400)]))
def test_any_words_stay_within_the_frame(text, size):
    for card in (end_card(size, text), no_film_card(size, text, text), address_card(size, text, None)):
        assert card.shape == size[::-1]
        margin = max(3, min(size) // 24)
        edges = np.ones_like(card)
        edges[margin:-margin, margin:-margin] = card[margin:-margin, margin:-margin]
        np.testing.assert_array_equal(card, edges, "nothing is drawn outside the frame")
