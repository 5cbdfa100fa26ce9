"""From a film image to a frame: luma at the panel's size and tones, the picture that is dithered. Pure.

A curve, kept as a table of 256 float32 values, maps every 8-bit luma to a tone, and the result is scaled to
the panel. The curve comes first because a dither shows the mean tone of an area as its share of white pixels:
averaging tones is then exact, and after the 8 bits of the film no value is rounded.

The curve, with t = luma / 255:
  levels      t = (t - black) / (white - black), clipped to [0, 1]
  contrast, brightness
              t = contrast (t - 1/2) + 1/2 + brightness, clipped to [0, 1]
  gamma       t = t ** (1 / gamma): above 1 it lifts the mid-tones; black and white stay
  tone        srgb    t as it is: the gamma-encoded luma, as in Pillow's convert("1"). Mid-tones are lighter
                      on the panel than on a screen: luma 1/2 becomes half of the pixels white, so half of
                      the panel's light, where a screen gives 21 % of its own. Shadows stay open, which suits
                      a panel whose black is a dark grey.
              linear  t becomes light by the sRGB curve (IEC 61966-2-1). The panel then reflects the shares
                      of light that a screen emits: true contrast in mid-tones and highlights, dark scenes
                      nearly black.
              paper   lightness on the panel follows lightness in the film, within what the panel can show:
                      L = L0 + (1 - L0 / 100) L*(light), L0 = L*(1 / C), C the panel's contrast, L* of CIE
                      1976. Black and white are the panel's; luma 1/2 looks as light as on a screen.
  mixing      of the panel, as measured: the share of white pixels that shows the tone wanted

What a sample of a film's images says about the whole film (`automatic_levels`, `find_bars`) is measured once,
before an export: all frames share the numbers, so that the tone does not flicker, and a resumed export keeps
those that it began with.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from math import isfinite
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from trainer.errors import OptionError

FITS = ("crop", "letterbox", "stretch")
TONES = ("srgb", "linear", "paper")
PAPER_CONTRAST = 17.0
"""White over black of e-ink panels, as their makers state it."""

# An axis that shrinks by less than this is left to the cubic filter. An area filter would blur it unevenly,
# in a pattern that beats with the pixel grid, and there is almost nothing that could alias.
_AREA_BELOW = 0.85

# 8-bit luma up to this is coded black: bars, fades, the film's leader, but none of a scene's tones.
_CODED_BLACK = 2
# The highest luma in a bar, which may have some noise from the coder.
_BAR = 24


@dataclass(frozen=True)
class Tones:
    """How an image becomes a frame; every field is plain data. OptionError for a value out of range.

    size: (width, height) of the frame in pixels. fit: `crop` fills the frame and cuts off the rest,
    `letterbox` shows the whole picture between black bars, `stretch` fills the frame and ignores the
    proportions. trim: columns and rows cut off on each side of the image before that (bars that are part of
    the film). levels: the luma, in [0, 1], that becomes black and the luma that becomes white. For the rest
    see the module. paper_contrast: white over black of the panel, for `paper`. mixing: (share of white
    pixels, tone that it shows), both rising from (0, 0) to (1, 1); none: the share is the tone.
    """

    size: tuple[int, int] = (1448, 1072)
    fit: str = "crop"
    trim: tuple[int, int] = (0, 0)
    levels: tuple[float, float] = (0.0, 1.0)
    contrast: float = 1.0
    brightness: float = 0.0
    gamma: float = 1.0
    tone: str = "srgb"
    paper_contrast: float = PAPER_CONTRAST
    mixing: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if min(self.size) < 1:
            raise OptionError(f"size {self.size[0]}x{self.size[1]}: width and height are 1 pixel or more")
        if self.fit not in FITS:
            raise OptionError(f"fit {self.fit!r} is unknown; choose one of {', '.join(FITS)}")
        if self.tone not in TONES:
            raise OptionError(f"tone {self.tone!r} is unknown; choose one of {', '.join(TONES)}")
        if min(self.trim) < 0:
            raise OptionError(
                f"trim {self.trim[0]},{self.trim[1]}: the columns and rows to cut are not negative"
            )
        black, white = self.levels
        if not 0 <= black < white <= 1:
            raise OptionError(f"levels {black:g},{white:g}: black is below white, both between 0 and 1")
        _check("contrast", self.contrast, 0.1, 10)
        _check("brightness", self.brightness, -1, 1)
        _check("gamma", self.gamma, 0.1, 10)

    def __call__(self, image: npt.NDArray[np.uint8], pixel_aspect: float = 1.0) -> npt.NDArray[np.float32]:
        """The frame, float32[height, width] in [0, 1], of a luma image uint8[h, w] whose pixels are
        `pixel_aspect` times as wide as high. OptionError if `trim` leaves nothing of the image.
        """
        columns, rows = self.trim
        height, width = image.shape
        if 2 * columns >= width or 2 * rows >= height:
            raise OptionError(f"trim {columns},{rows} leaves nothing of a film of {width}x{height} pixels")
        image = image[rows : height - rows, columns : width - columns]
        if self.fit == "crop":
            image = _crop(image, pixel_aspect * self.size[1] / self.size[0])
        inner = self.size
        if self.fit == "letterbox":
            inner = _inner_size(image.shape[1] * pixel_aspect, image.shape[0], self.size)
        tones = _scale(np.asarray(cv2.LUT(image, self.curve), np.float32), inner)
        if inner == self.size:
            return tones
        frame = np.zeros(self.size[::-1], np.float32)  # bars are black, as in a cinema, and never flip
        x, y = (self.size[0] - inner[0]) // 2, (self.size[1] - inner[1]) // 2
        frame[y : y + inner[1], x : x + inner[0]] = tones
        return frame

    @cached_property
    def curve(self) -> npt.NDArray[np.float32]:
        """The tone of each 8-bit luma, float32[256] in [0, 1], never falling."""
        black, white = self.levels
        t = np.clip((np.arange(256) / 255 - black) / (white - black), 0, 1)
        t = np.clip(self.contrast * (t - 0.5) + 0.5 + self.brightness, 0, 1)
        t = t ** (1 / self.gamma)
        if self.tone != "srgb":
            t = np.where(t <= 0.04045, t / 12.92, ((t + 0.055) / 1.055) ** 2.4)
        if self.tone == "paper":
            t = _on_paper(t, self.paper_contrast)
        if self.mixing:
            shares, shown = np.array(self.mixing).T
            t = np.interp(t, shown, shares)
        return t.astype(np.float32)

    def as_dict(self) -> dict[str, Any]:
        """All settings as plain values, for the reel's metadata; equal settings give equal dicts."""
        settings = asdict(self)
        if self.tone != "paper":
            del settings["paper_contrast"]
        if not self.mixing:
            del settings["mixing"]
        return settings


def _on_paper(light: npt.NDArray[np.float64], contrast: float) -> npt.NDArray[np.float64]:
    """The tone, from the panel's black to its white, whose lightness follows that of `light`."""
    black = 1 / contrast
    darkest = _lightness(np.float64(black))
    shown = darkest + (1 - darkest / 100) * _lightness(light)
    reflectance = np.where(shown > 8, ((shown + 16) / 116) ** 3, shown * 27 / 24389)
    return np.clip((reflectance - black) / (1 - black), 0, 1)


def _lightness(light: npt.NDArray[np.float64] | np.float64) -> npt.NDArray[np.float64]:
    """CIE 1976 L*, 0 to 100, of a share of white's light."""
    return np.where(light > 216 / 24389, 116 * np.cbrt(light) - 16, light * 24389 / 27)


def is_black(frame: npt.NDArray[np.float32], level: float = 0.1, share: float = 0.999) -> bool:
    """Whether a frame is black: at least `share` of its pixels are at or below the tone `level`.

    The share is high because a title on black covers little of the frame and is still a picture.
    """
    return bool(np.count_nonzero(frame > level) <= (1 - share) * frame.size)


def automatic_levels(
    images: Iterable[npt.NDArray[np.uint8]], tail: float = 0.005, narrowest: float = 0.25
) -> tuple[float, float]:
    """The luma in [0, 1] that shall become black and white (`Tones.levels`), from a sample of luma images
    uint8[h, w].

    The share `tail` of the pixels (without coded black) lies below the one and above the other. White is at
    least `narrowest` above black, so that noise in a nearly black film is not amplified. (0.0, 1.0) if all
    images are black.
    """
    histogram = np.zeros(256, np.int64)
    for image in images:
        histogram += np.bincount(image.ravel(), minlength=256)
    histogram[: _CODED_BLACK + 1] = 0
    below = np.cumsum(histogram)
    if below[-1] == 0:
        return 0.0, 1.0
    black = int(np.searchsorted(below, tail * below[-1], side="right")) / 255
    white = int(np.searchsorted(below, (1 - tail) * below[-1])) / 255
    black = min(black, 1 - narrowest)
    return black, max(white, black + narrowest)


def find_bars(images: Sequence[npt.NDArray[np.uint8]]) -> tuple[int, int]:
    """The black bars that all of these luma images uint8[h, w] share (`Tones.trim`): columns left and right,
    rows above and below.

    Of the bars on two sides the narrower counts for both. Zero if they would leave less than half of the
    film: then the images are dark. Where the film's shape changes, the bars are those of most images.
    """
    [(shape, _)] = Counter(image.shape for image in images).most_common(1)
    brightest = np.max([image for image in images if image.shape == shape], axis=0)
    height, width = brightest.shape
    columns, rows = _margin(brightest.max(axis=0)), _margin(brightest.max(axis=1))
    return columns if 4 * columns < width else 0, rows if 4 * rows < height else 0


def _check(name: str, value: float, low: float, high: float) -> None:
    if not (isfinite(value) and low <= value <= high):
        raise OptionError(f"{name} {value:g} is out of range: from {low:g} to {high:g}")


def _crop(image: npt.NDArray[np.uint8], slope: float) -> npt.NDArray[np.uint8]:
    """The middle of the image with its longer side cut so that image height = `slope` x image width."""
    height, width = image.shape
    columns, rows = min(width, max(1, round(height / slope))), min(height, max(1, round(width * slope)))
    x, y = (width - columns) // 2, (height - rows) // 2
    return image[y : y + rows, x : x + columns]


def _inner_size(width: float, height: float, size: tuple[int, int]) -> tuple[int, int]:
    """The largest size of the proportions width : height within `size`, in whole pixels."""
    scale = min(size[0] / width, size[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _scale(tones: npt.NDArray[np.float32], size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Scaled to `size` (width, height): by area where an axis shrinks, then cubic; clipped to [0, 1]."""
    height, width = tones.shape
    smaller = (
        size[0] if size[0] < _AREA_BELOW * width else width,
        size[1] if size[1] < _AREA_BELOW * height else height,
    )
    if smaller != (width, height):
        tones = np.asarray(cv2.resize(tones, smaller, interpolation=cv2.INTER_AREA), np.float32)
    if smaller != size:
        tones = np.asarray(cv2.resize(tones, size, interpolation=cv2.INTER_CUBIC), np.float32)
    return np.clip(tones, 0, 1, out=tones)


def _margin(brightest: npt.NDArray[np.uint8]) -> int:
    """The length of the shorter of the dark runs at the two ends of a line of maxima."""
    bright = np.flatnonzero(brightest > _BAR)
    return 0 if bright.size == 0 else int(min(bright[0], brightest.size - 1 - bright[-1]))
