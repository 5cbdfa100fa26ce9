"""Letters: the sheets hold what their list says, words are broken and shortened, anything is drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from player.pictures.lettering import BOX, HEIGHTS, drawn, height_for, plain, shorten, wrap

SEVEN = """
......
......
.#####
....##
....#.
....#.
...#..
...#..
..#...
......
......
......
"""


def test_a_digit_pixel_for_pixel():
    expected = [[int(pixel == "#") for pixel in row] for row in SEVEN.split()]
    picture = "\n".join("".join(".#"[pixel] for pixel in row) for row in drawn("7", 12))
    np.testing.assert_array_equal(drawn("7", 12), expected, picture)


@pytest.mark.parametrize("height", HEIGHTS)
def test_every_letter_has_its_own_picture_in_its_own_cell(height):
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789äéßΩжЯ€·"
    line = drawn(letters, height)
    assert line.shape == (height, len(letters) * height // 2)
    assert line.dtype == np.uint8
    cells = {line[:, at : at + height // 2].tobytes() for at in range(0, line.shape[1], height // 2)}
    assert len(cells) == len(letters)
    assert drawn(" ", height).sum() == 0
    one = drawn("x", height)
    np.testing.assert_array_equal(
        line[:, letters.index("x") * height // 2 : (letters.index("x") + 1) * height // 2], one
    )


def test_large_letters_are_the_drawn_ones_with_larger_pixels():
    np.testing.assert_array_equal(drawn("Abc", 96), drawn("Abc", 48).repeat(2, 0).repeat(2, 1))
    np.testing.assert_array_equal(drawn("Abc", 72), drawn("Abc", 36).repeat(2, 0).repeat(2, 1))


def test_what_cannot_be_drawn_becomes_a_box_and_what_cannot_be_seen_nothing():
    assert plain("七人の侍") == BOX * 4
    assert plain("Amélie") == "Amélie"
    assert plain("Ame\u0301lie") == "Amélie"
    assert plain(" two\nlines\tand \0 more ") == "two lines and more"
    assert plain("zero\u200bwidth\ufe0f") == "zerowidth"
    assert plain("Сталкер") == "Сталкер"
    assert 0 < drawn(BOX, 24).sum() < 12 * 24


@given(st.text(max_size=40), st.sampled_from(HEIGHTS))
def test_any_text_can_be_drawn(text, height):
    line = plain(text)
    assert drawn(line, height).shape == (height, len(line) * height // 2)
    assert drawn(text, height).shape == (height, len(text) * height // 2)


@given(st.text(alphabet="ab /. ", max_size=60), st.integers(1, 12))
def test_lines_are_short_enough_and_lose_nothing(text, columns):
    lines = wrap(text, columns)
    assert all(0 < len(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_lines_are_few_of_like_lengths_and_broken_at_blanks_and_signs():
    assert wrap("a film of some length", 12) == ["a film of", "some length"]
    assert wrap("one two three four", 15) == ["one two", "three four"]
    assert wrap("http://longtake.local:8080/films", 16) == ["http://longtake.", "local:8080/films"]
    assert wrap("http://longtake-pi:8080/films", 16) == ["http://longtake-", "pi:8080/films"]
    assert wrap("abcdefghij", 4) == ["abcd", "efgh", "ij"]
    assert wrap("  ", 4) == []


def test_shortened_words_end_in_an_ellipsis():
    assert [shorten("Nosferatu", columns) for columns in (9, 8, 4, 1, 0)] == [
        "Nosferatu", "Nosfera…", "Nos…", "…", "",
    ]  # fmt: skip
    assert shorten("The End", 5) == "The…"


@pytest.mark.parametrize(("room", "height"), [(0, 12), (12, 12), (23, 12), (53, 48), (71, 48), (5000, 192)])
def test_the_largest_letters_that_fit(room, height):
    assert height_for(room) == height
