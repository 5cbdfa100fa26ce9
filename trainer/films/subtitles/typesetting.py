"""Sets lines of words: a typeface, and lines broken so that they fit. Widths are in pixels.

DejaVu Sans Bold comes with matplotlib; a user's own font serves for italics as well.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import matplotlib
from matplotlib.ft2font import FT2Font
from PIL import ImageFont, features

from trainer.errors import OptionError
from trainer.films.subtitles.reading import (
    JOINERS,
    Line,
    Run,
)
from trainer.films.times import format_time

Fonts = tuple[ImageFont.FreeTypeFont, ImageFont.FreeTypeFont]
"""Upright and italic, so that `Run.italic` is the index."""


class Typeface:
    """Upright and italic letters. OptionError for a file that is no font."""

    def __init__(self, font: Path | None = None) -> None:
        fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        self.upright = font or fonts / "DejaVuSans-Bold.ttf"
        self.italic = font or fonts / "DejaVuSans-BoldOblique.ttf"
        try:
            ImageFont.truetype(str(self.upright), 10)
            self._letters = set(FT2Font(str(self.upright)).get_charmap())
            self._italic_letters = set(FT2Font(str(self.italic)).get_charmap())
            self.sha256 = hashlib.sha256(self.upright.read_bytes()).hexdigest()
        except (OSError, RuntimeError) as error:
            raise OptionError(
                f"--subtitles-font {font} cannot be used ({error}); name a .ttf or .otf file"
            ) from None

    def check(self, letters: Mapping[str, int]) -> None:
        """OptionError for a letter that the font has not, and for ones that this machine cannot order.

        `letters`: with the time (ms) at which each is needed first.
        """
        missing = [letter for letter in letters if not self._has(letter)]
        if missing:
            letter = min(missing, key=lambda one: (letters[one], one))
            more = f" and {len(missing) - 1} more of the subtitles' letters" if len(missing) > 1 else ""
            raise OptionError(
                f"{self.upright.name} has no {letter!r} (at {format_time(letters[letter])}){more}; name a "
                "font that has, with --subtitles-font FILE, or change the subtitles"
            )
        if _is_leftward("".join(letters)) and not (features.check("raqm") and features.check("fribidi")):
            raise OptionError("Pillow cannot set letters from right to left here; install libfribidi0")

    def _has(self, letter: str) -> bool:
        return ord(letter) in self._letters or letter in JOINERS

    def styled(self, line: Line) -> Line:
        """The line with its italics as far as they can be had, and as far as they leave words in order."""
        if _is_leftward("".join(run.text for run in line)):
            return (Run("".join(run.text for run in line)),)
        return tuple(
            Run(run.text, run.italic and all(ord(one) in self._italic_letters for one in run.text))
            for run in line
        )

    def sized(self, em: int) -> Fonts:
        """The fonts, `em` pixels large."""
        return ImageFont.truetype(str(self.upright), em), ImageFont.truetype(str(self.italic), em)


def broken(line: Line, fonts: Fonts, room: float) -> list[Line]:
    """One line as several that fit into `room` pixels, as few as can be and of like lengths."""
    words = [part for word in _words(line) for part in _pieces(word, fonts, room)]
    lines = _filled(words, fonts, room)
    low, high = max(length(word, fonts) for word in words), room
    while len(lines) > 1 and high - low > 1:
        middle = (low + high) / 2
        narrower = _filled(words, fonts, middle)
        if len(narrower) == len(lines):
            lines, high = narrower, middle
        else:
            low = middle
    return lines


def _filled(words: list[Line], fonts: Fonts, room: float) -> list[Line]:
    """Every line as full as can be."""
    lines: list[list[Line]] = [[]]
    for word in words:
        if lines[-1] and length(_joined([*lines[-1], word]), fonts) > room:
            lines.append([])
        lines[-1].append(word)
    return [_joined(line) for line in lines]


def _words(line: Line) -> list[Line]:
    """The words of a line; one may change its style within."""
    words: list[list[Run]] = [[]]
    for run in line:
        for number, part in enumerate(re.split(r"[ \t\u3000]+", run.text)):
            if number:
                words.append([])
            if part:
                words[-1].append(Run(part, run.italic))
    return [tuple(word) for word in words if word]


def _pieces(word: Line, fonts: Fonts, room: float) -> list[Line]:
    """A word that is wider than a line in pieces that are not; languages without blanks have such words."""
    if length(word, fonts) <= room:
        return [word]
    pieces: list[Line] = [()]
    for run in word:
        for letter in run.text:
            longer = _merged((*pieces[-1], Run(letter, run.italic)))
            if pieces[-1] and length(longer, fonts) > room:
                pieces.append((Run(letter, run.italic),))
            else:
                pieces[-1] = longer
    return pieces


def _joined(words: list[Line]) -> Line:
    """Words with blanks between them."""
    runs: list[Run] = []
    for word in words:
        if runs:
            runs.append(Run(" ", runs[-1].italic))
        runs += word
    return _merged(tuple(runs))


def _merged(line: Line) -> Line:
    """Neighbours of one style as one run, so that the font sets them together."""
    runs: list[Run] = []
    for run in line:
        if runs and runs[-1].italic == run.italic:
            runs[-1] = Run(runs[-1].text + run.text, run.italic)
        else:
            runs.append(run)
    return tuple(runs)


def length(line: Line, fonts: Fonts) -> float:
    """Pixels across."""
    return sum(fonts[run.italic].getlength(run.text) for run in line)


def _is_leftward(text: str) -> bool:
    """Whether any of its letters is written from right to left."""
    return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)
