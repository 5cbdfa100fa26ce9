"""Which part of the frames a preview shows, and how. Pure.

A dither must be judged pixel for pixel: resampled, its dots turn into moire that the panel never shows. So
sheets and animations show a part of the frame, with one pixel for each pixel of the panel.
"""

import re
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from trainer.dithers.levels import ASSUMED, Levels
from trainer.errors import OptionError

DEFAULT_CROP = (400, 300)


@dataclass(frozen=True)
class Crop:
    """A part of the frame in pixels: its top left corner and its size."""

    x: int
    y: int
    width: int
    height: int

    def __call__(self, picture: NDArray[Any]) -> NDArray[Any]:
        """That part of picture[H, W], a view."""
        return picture[self.y : self.y + self.height, self.x : self.x + self.width]

    def __str__(self) -> str:
        return f"{self.width}x{self.height}+{self.x}+{self.y}"


@dataclass(frozen=True)
class View:
    """film: its name. size: (width, height) of the panel. every: one of so many frames of the film is shown.
    glass: the glass in place of the bare dither. fps: frames per second. levels: of the glass.
    """

    film: str
    size: tuple[int, int]
    every: int
    crop: Crop
    glass: bool
    fps: float
    levels: Levels = ASSUMED

    def __post_init__(self) -> None:
        if not 0.1 <= self.fps <= 60:
            raise OptionError(f"--fps {self.fps:g}: show 0.1 to 60 frames a second")


def parse_crop(text: str | None, size: tuple[int, int]) -> Crop:
    """`400x300+524+386`, or `400x300` in the middle, of a panel of `size` (width, height).

    None gives the default. OptionError for what is not a part of the panel.
    """
    panel_width, panel_height = size
    if text is None:
        width, height = min(DEFAULT_CROP[0], panel_width), min(DEFAULT_CROP[1], panel_height)
        return _centred(width, height, size)
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})(?:\+(\d{1,5})\+(\d{1,5}))?", text.strip(), re.ASCII)
    if not match:
        raise OptionError(
            f"--crop {text!r}: write width and height, like 400x300, or a place too, 400x300+524+386"
        )
    width, height = int(match[1]), int(match[2])
    crop = _centred(width, height, size)
    if match[3] is not None:
        crop = Crop(int(match[3]), int(match[4]), width, height)
    inside = crop.x + width <= panel_width and crop.y + height <= panel_height
    if min(width, height, crop.x + 1, crop.y + 1) < 1 or not inside:
        raise OptionError(f"--crop {text}: choose a part of the panel's {panel_width}x{panel_height} pixels")
    return crop


def _centred(width: int, height: int, size: tuple[int, int]) -> Crop:
    return Crop((size[0] - width) // 2, (size[1] - height) // 2, width, height)
