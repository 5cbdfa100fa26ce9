"""The dithers side by side in motion, pixel for pixel, each under its name: what a GIF and a video show.

With the glass, a redraw is seen: the panel turns for one more picture into its own negative, while the others
wait. A GIF keeps every pixel as it is. It is held in memory until it is written, so its size has a limit.
"""

import io
from collections.abc import Generator, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.errors import OptionError
from trainer.previews.captions import INK, PALE, PAPER, flips_of, place_of, what_is_shown, write
from trainer.previews.comparison import Comparison
from trainer.previews.glass import PanelGlass, flash
from trainer.previews.view import View

FLASH_SECONDS = 0.15
"""How long the negative stands. (The panel takes three times as long, but a frame stands for minutes.)"""
MARGIN, GAP, HEAD, FOOT = 12, 8, 52, 30
"""Pixels: around all, between panels, above them for the names, below them for the frame."""
GIF_LIMIT = 512 * 1024 * 1024
"""Bytes of pictures that a GIF may hold before they are compressed."""


@dataclass(frozen=True)
class Picture:
    """One picture of an animation, grey, and how long it stands."""

    image: Image.Image
    seconds: float


def gif(comparison: Comparison, view: View) -> bytes:
    """The GIF, which runs in a loop. OptionError where it would be too large."""
    pictures = list(_limited(animate(comparison, view)))
    first, *rest = [picture.image for picture in pictures]
    file = io.BytesIO()
    # A GIF counts in hundredths of a second.
    milliseconds = [max(20, round(100 * picture.seconds) * 10) for picture in pictures]
    first.save(file, "GIF", save_all=True, append_images=rest, duration=milliseconds, loop=0)
    return file.getvalue()


def _limited(pictures: Iterable[Picture]) -> Generator[Picture, None, None]:
    size = 0
    for count, picture in enumerate(pictures):
        size += picture.image.width * picture.image.height
        if size > GIF_LIMIT:
            raise OptionError(
                f"a GIF of more than {count} of these pictures is too large: choose a smaller --count or "
                "--crop, or a .mp4"
            )
        yield picture


def canvas_size(comparison: Comparison, view: View) -> tuple[int, int]:
    """Width and height of every picture, both even, as videos need them."""
    panels = len(comparison.labels)
    width = 2 * MARGIN + panels * (view.crop.width + GAP) - GAP
    height = HEAD + view.crop.height + FOOT
    return width + width % 2, height + height % 2


def animate(comparison: Comparison, view: View) -> Generator[Picture, None, None]:
    """The pictures in order, all of `canvas_size`."""
    glasses = [PanelGlass(*view.size) for _ in comparison.labels]
    picture = Image.new("L", canvas_size(comparison, view), PAPER)
    for moment in comparison:
        shown = list(enumerate(moment.shown.items()))
        flashing = [entry for entry in shown if entry[1][1].score.action == "redraw" and moment.index]
        if view.glass and flashing:
            picture = picture.copy()
            for panel, (label, now) in flashing:
                _panel(picture, view, panel, label, "redraw", flash(view.crop(now.dither)))
            yield Picture(picture, FLASH_SECONDS)
        picture = Image.new("L", picture.size, PAPER)
        for panel, (label, now) in shown:
            seen = glasses[panel].show(now.dither, now.score.action) if view.glass else now.dither * 255
            _panel(picture, view, panel, label, flips_of(now), view.crop(seen))
        words = f"{place_of(moment)} · {what_is_shown(view)}, pixel for pixel · {view.film}"
        write(picture, MARGIN, HEAD + view.crop.height + 7, words, 13, PALE, picture.width - 2 * MARGIN)
        yield Picture(picture, 1 / view.fps)


def left_of(panel: int, view: View) -> int:
    """The column at which a panel begins, the first one being 0."""
    return MARGIN + panel * (view.crop.width + GAP)


def _panel(
    picture: Image.Image, view: View, panel: int, label: str, words: str, pixels: NDArray[np.uint8]
) -> None:
    """Draw one panel, uint8[h, w], under its name and its words, over what may be there."""
    left, width = left_of(panel, view), view.crop.width
    picture.paste(PAPER, (left, 0, left + width, HEAD))
    write(picture, left, 8, label, 16, INK, width)
    write(picture, left, 29, words, 14, PALE, width)
    picture.paste(Image.fromarray(pixels), (left, HEAD))
