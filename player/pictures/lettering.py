"""Words in 1 bit: letters in cells of equal width, so that a changing digit moves nothing else. Pure.

The letters are beside this file (`letters/`, drawn once by scripts/letters.py), so that every device draws
the same, whatever Pillow and fonts it has. At 300 ppi a cell of 48 pixels has capitals of 2.5 mm, which can
be read from a metre away. There are Latin, Greek and Cyrillic letters; any other letter is drawn as a box.
"""

import io
import unicodedata
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

HEIGHTS = (12, 24, 36, 48, 72, 96, 144, 192)
"""Heights of a cell in pixels; it is half as wide. Above 48 the pixels of a drawn letter are repeated."""
BOX = "\N{WHITE SQUARE}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"

_DRAWN = (48, 36, 24, 12)
_ACROSS = 32
_BREAKS_AFTER = "/?&=-_:"


def height_for(room: int) -> int:
    """The largest of HEIGHTS that fits into `room` pixels, or the smallest when none fits."""
    return max((height for height in HEIGHTS if height <= room), default=HEIGHTS[0])


def plain(text: str) -> str:
    """`text` as it can be drawn, one cell per letter: on one line, with boxes for unknown letters."""
    letters = []
    for letter in unicodedata.normalize("NFC", text):
        category = unicodedata.category(letter)
        if category in ("Mn", "Me", "Cf"):  # marks that combine with no letter here, and invisible characters
            continue
        if letter.isspace() or category == "Cc":
            letters.append(" ")
        else:
            letters.append(letter if letter in _numbers() else BOX)
    return " ".join("".join(letters).split())


def shorten(text: str, columns: int) -> str:
    """`text` in at most `columns` letters, ending with an ellipsis if any are left out."""
    if len(text) <= columns:
        return text
    return text[: max(columns - 1, 0)].rstrip() + ELLIPSIS if columns > 0 else ""


def wrap(text: str, columns: int) -> list[str]:
    """`text` in as few lines as possible, of similar lengths and at most `columns` (1 or more) letters.

    Lines break at blanks. A word longer than a line (an address, a path) breaks after one of its signs, or
    otherwise anywhere.
    """
    lines = _greedy(text, columns)
    longest = max(map(len, text.split()), default=0)
    while columns > max(longest, 1) and len(narrower := _greedy(text, columns - 1)) == len(lines):
        lines, columns = narrower, columns - 1
    return lines


def _greedy(text: str, columns: int) -> list[str]:
    """Lines that are each as full as possible."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= columns:
            lines[-1] += " " + word
            continue
        while len(word) > columns:
            signs = [at + 1 for at, letter in enumerate(word[:columns]) if letter in _BREAKS_AFTER]
            at = max((sign for sign in signs if 2 * sign >= columns), default=columns)
            lines.append(word[:at])
            word = word[at:]
        if word:
            lines.append(word)
    return lines


def drawn(text: str, height: int) -> NDArray[np.uint8]:
    """One line, `plain` or not: uint8[height, letters x height / 2], 1 = ink. `height` is one of HEIGHTS."""
    cell = next(size for size in _DRAWN if height % size == 0)
    sheet, numbers = _sheet(cell), _numbers()
    line = np.zeros((cell, len(text) * cell // 2), np.uint8)
    for column, letter in enumerate(text):
        place = line[:, column * cell // 2 : (column + 1) * cell // 2]
        if letter in numbers:
            row, across = divmod(numbers[letter], _ACROSS)
            place[:] = sheet[row * cell : (row + 1) * cell, across * cell // 2 : (across + 1) * cell // 2]
        elif not letter.isspace():
            _draw_box(place)
    scale = height // cell
    return line.repeat(scale, 0).repeat(scale, 1) if scale > 1 else line


def _draw_box(place: NDArray[np.uint8]) -> None:
    """A frame as high as a capital letter."""
    height, width = place.shape
    stroke = max(1, height // 16)
    top, bottom, left, right = height * 2 // 10, height * 8 // 10, stroke, width - stroke
    place[top:bottom, left:right] = 1
    place[top + stroke : bottom - stroke, left + stroke : right - stroke] = 0


@lru_cache(maxsize=1)
def _numbers() -> dict[str, int]:
    """The place of each letter in the sheets."""
    lines = files("player").joinpath("pictures/letters/letters.txt").read_text(encoding="utf-8").split("\n")
    return {letter: number for number, letter in enumerate("".join(lines))}


@lru_cache(maxsize=2)
def _sheet(cell: int) -> NDArray[np.uint8]:
    """All letters in cells of that height, uint8, 1 = ink. Pillow is imported only here: it costs memory."""
    from PIL import Image

    data = files("player").joinpath(f"pictures/letters/letters-{cell}.png").read_bytes()
    with Image.open(io.BytesIO(data)) as picture:
        return 1 - np.asarray(picture, dtype=np.uint8)
