"""Subtitles as they are burnt into frames: pure white letters with a black outline, in 1 bit from the start.

A dither could only blur their edges, so letters are drawn without grey, at the pixels of the panel, and are
put into the dither afterwards (`Selected.lettered`). They are in the frame too: then the dither does not
compensate for them in the pixels around, and figures compare with what is meant to be seen. The letters of a
subtitle are the same in every frame, so while it stands it costs no flips. What dithers would make of them:
benchmarks/subtitles.py.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from trainer.films.subtitles.text import Line, Subtitles
from trainer.films.subtitles.typesetting import Typeface, width_of, wrap

Mask = NDArray[np.bool_]

EM_OF_HEIGHT, EM_OF_WIDTH = 1 / 22, 1 / 27
"""The size of the letters; the smaller of the two counts. On 1448x1072 that is 49 pixels: capitals of 3 mm at
300 ppi, 10 minutes of arc at a metre, and 42 letters in three quarters of the width."""
SMALLEST = 8
"""In pixels; smaller letters cannot be read."""
LEADING, OUTLINE, MARGIN = 1.2, 0.1, 0.055
"""The distance from line to line and the width of the outline, in em; the free margin at each edge, as a
share of the panel, so that the player's caption covers no letter."""
HIGHEST = 0.6
"""The share of the panel's height that the lines may fill; with more lines the letters become smaller."""


@dataclass(frozen=True)
class Letters:
    """The letters of a frame, bool[H, W]: `white` are the letters, `all` includes their outline."""

    white: Mask
    all: Mask


@dataclass
class SubtitleRenderer:
    """The subtitles of a film in a typeface. OptionError if the typeface lacks any of their letters."""

    subtitles: Subtitles
    typeface: Typeface = field(default_factory=Typeface)

    def __post_init__(self) -> None:
        self.typeface.check(self.subtitles.letters())
        self._last: tuple[tuple[Line, ...], tuple[int, int], Letters] | None = None

    def letters(self, time_ms: int, before_ms: int | None, size: tuple[int, int]) -> Letters | None:
        """The letters of a frame at that time, of that size (width, height); None if nothing is said. The
        times are those of `Subtitles.at`.
        """
        lines = self.subtitles.at(time_ms, before_ms)
        if not lines:
            return None
        if self._last is None or self._last[:2] != (lines, size):
            self._last = lines, size, draw(lines, self.typeface, size)
        return self._last[2]

    def __str__(self) -> str:
        """All that decides the letters, for metadata: file and font with the start of their SHA-256."""
        file, font = self.subtitles, self.typeface
        return f"{file.name} {file.sha256[:16]} in {font.upright.name} {font.sha256[:16]}"


def draw(lines: tuple[Line, ...], typeface: Typeface, size: tuple[int, int]) -> Letters:
    """Draw lines, wrapped if too long, centred above the bottom edge of a panel of `size` (width, height)."""
    width, height = size
    em = max(SMALLEST, round(min(width * EM_OF_WIDTH, height * EM_OF_HEIGHT)))
    while True:
        fonts = typeface.sized(em)
        fitted = [
            part for line in lines for part in wrap(typeface.styled(line), fonts, width * (1 - 2 * MARGIN))
        ]
        if em <= SMALLEST or len(fitted) * LEADING * em <= height * HIGHEST:
            break
        em = max(SMALLEST, em * 9 // 10)
    picture = Image.new("1", size)
    pen = ImageDraw.Draw(picture)
    pen.fontmode = "1"
    # The lowest line rests on the margin; letters reach a quarter of an em below their line.
    y = height * (1 - MARGIN) - (1 / 4 + OUTLINE) * em - (len(fitted) - 1) * LEADING * em
    for line in fitted:
        x = (width - width_of(line, fonts)) / 2
        for run in line:
            pen.text((round(x), round(y)), run.text, fill=1, font=fonts[run.italic], anchor="ls")
            x += fonts[run.italic].getlength(run.text)
        y += LEADING * em
    white = np.asarray(picture, np.uint8)
    reach = max(1, round(em * OUTLINE))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return Letters(white.astype(bool), cv2.dilate(white, disc).astype(bool))
