"""Text in pictures: the font, plain text for it, and how figures read in a caption."""

import unicodedata
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from trainer.dithers.eye import EYES
from trainer.evaluate.score import Moment, Shown
from trainer.films.times import format_time
from trainer.previews.view import View

INK, PAPER, PALE = 20, 250, 110
"""Greys of the text, of the background, and of less important text."""

_FAR = max(EYES)


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font that comes with Pillow, so that a preview looks the same everywhere; `size` in pixels."""
    return ImageFont.load_default(size)


def plain(text: str) -> str:
    """`text` in the font's letters: accents are dropped, and letters it lacks become question marks."""
    letters = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return letters.replace("·", "\0").encode("ascii", "replace").decode().replace("\0", "·")


def write(
    picture: Image.Image, x: int, y: int, text: str, size: int = 14, ink: int = INK, width: int | None = None
) -> None:
    """Draw one line of text with its top left corner at (x, y), shortened to `width` pixels."""
    line = plain(text)
    letters = font(size)
    if width is not None and letters.getlength(line) > width:
        while line and letters.getlength(line + "...") > width:
            line = line[:-1]
        line = line.rstrip() + "..."
    colour = ink if picture.mode == "L" else (ink, ink, ink)
    ImageDraw.Draw(picture).text((x, y), line, fill=colour, font=letters)


def percent(share: float) -> str:
    """A share as a percentage, with one decimal from 1 % on, else two: 0.0123 -> `1.2 %`."""
    value = 100 * share
    return f"{value:.1f} %" if value >= 1 else f"{value:.2f} %"


def flips_of(shown: Shown) -> str:
    """`1.2 % flips`, or `redraw`."""
    return "redraw" if shown.score.change is None else f"{percent(shown.score.change.flips)} flips"


def quality_of(shown: Shown) -> str:
    """HVS-PSNR for the more distant eye: `46.9 dB`."""
    return f"{shown.score.psnr[_FAR]:.1f} dB"


def what_is_shown(view: View) -> str:
    """What the pictures show, honestly named."""
    return "simulated glass (a model)" if view.glass else "dithers"


def place_of(moment: Moment) -> str:
    """Where in the film: `frame 1234 · 51.417s`."""
    return f"frame {moment.selected.number} · {format_time(moment.selected.time_ms)}"
