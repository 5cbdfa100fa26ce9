"""Setting text: a typeface, and lines wrapped so that they fit. Widths are in pixels.

DejaVu Sans Bold comes with matplotlib; a user's own font is used for italics too.
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
from trainer.films.subtitles.text import JOINERS, Line, Run
from trainer.films.times import format_time

Fonts = tuple[ImageFont.FreeTypeFont, ImageFont.FreeTypeFont]
"""Upright and italic, so that `Run.italic` is the index."""


class Typeface:
    """Upright and italic letters. OptionError if the file is not a font."""

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
        """OptionError if the font lacks a letter, or if this machine cannot set text from right to left.

        letters: each with the time (ms) at which it is needed first.
        """
        missing = [letter for letter in letters if not self._has(letter)]
        if missing:
            letter = min(missing, key=lambda one: (letters[one], one))
            more = f" and {len(missing) - 1} more of the subtitles' letters" if len(missing) > 1 else ""
            raise OptionError(
                f"{self.upright.name} has no {letter!r} (at {format_time(letters[letter])}){more}; name a "
                "font that has it with --subtitles-font FILE, or change the subtitles"
            )
        if _is_leftward("".join(letters)) and not (features.check("raqm") and features.check("fribidi")):
            raise OptionError("Pillow cannot set text from right to left here; install libfribidi0")

    def _has(self, letter: str) -> bool:
        return ord(letter) in self._letters or letter in JOINERS

    def styled(self, line: Line) -> Line:
        """The line with its italics, except where the font lacks them or text from right to left would mix
        up.
        """
        if _is_leftward("".join(run.text for run in line)):
            return (Run("".join(run.text for run in line)),)
        return tuple(
            Run(run.text, run.italic and all(ord(one) in self._italic_letters for one in run.text))
            for run in line
        )

    def sized(self, em: int) -> Fonts:
        """The fonts at a size of `em` pixels."""
        return ImageFont.truetype(str(self.upright), em), ImageFont.truetype(str(self.italic), em)


def wrap(line: Line, fonts: Fonts, room: float) -> list[Line]:
    """Wrap a line to `room` pixels: as few lines as possible, of similar widths."""
    words = [part for word in _words(line) for part in _split(word, fonts, room)]
    lines = _fill(words, fonts, room)
    low, high = max(width_of(word, fonts) for word in words), room
    while len(lines) > 1 and high - low > 1:
        middle = (low + high) / 2
        narrower = _fill(words, fonts, middle)
        if len(narrower) == len(lines):
            lines, high = narrower, middle
        else:
            low = middle
    return lines


def _fill(words: list[Line], fonts: Fonts, room: float) -> list[Line]:
    """Wrap words with every line as full as possible."""
    lines: list[list[Line]] = [[]]
    for word in words:
        if lines[-1] and width_of(_join([*lines[-1], word]), fonts) > room:
            lines.append([])
        lines[-1].append(word)
    return [_join(line) for line in lines]


def _words(line: Line) -> list[Line]:
    """The words of a line; a word may have several styles."""
    words: list[list[Run]] = [[]]
    for run in line:
        for number, part in enumerate(re.split(r"[ \t\u3000]+", run.text)):
            if number:
                words.append([])
            if part:
                words[-1].append(Run(part, run.italic))
    return [tuple(word) for word in words if word]


def _split(word: Line, fonts: Fonts, room: float) -> list[Line]:
    """Split a word that is wider than a line; languages without blanks have such words."""
    if width_of(word, fonts) <= room:
        return [word]
    pieces: list[Line] = [()]
    for run in word:
        for letter in run.text:
            longer = _merge((*pieces[-1], Run(letter, run.italic)))
            if pieces[-1] and width_of(longer, fonts) > room:
                pieces.append((Run(letter, run.italic),))
            else:
                pieces[-1] = longer
    return pieces


def _join(words: list[Line]) -> Line:
    """Join words with blanks."""
    runs: list[Run] = []
    for word in words:
        if runs:
            runs.append(Run(" ", runs[-1].italic))
        runs += word
    return _merge(tuple(runs))


def _merge(line: Line) -> Line:
    """Merge neighbouring runs of one style, so that the font sets them together."""
    runs: list[Run] = []
    for run in line:
        if runs and runs[-1].italic == run.italic:
            runs[-1] = Run(runs[-1].text + run.text, run.italic)
        else:
            runs.append(run)
    return tuple(runs)


def width_of(line: Line, fonts: Fonts) -> float:
    """The width of a line in pixels."""
    return sum(fonts[run.italic].getlength(run.text) for run in line)


def _is_leftward(text: str) -> bool:
    """Whether any of the letters is written from right to left."""
    return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)
