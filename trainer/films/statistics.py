"""What a sample of a film's images says about the whole film, measured once before an export. Pure.

The results are plain numbers for `Tones`, the same for every frame, so that the tone does not flicker from
frame to frame and an interrupted export goes on with the numbers it began with.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

# 8-bit luma at or below this is coded black: bars, fades, the film's leader. It says nothing about the
# scenes' tones.
_CODED_BLACK = 2
# A bar may carry some noise of the coder.
_BAR = 24


def automatic_levels(
    images: Iterable[npt.NDArray[np.uint8]], tail: float = 0.005, narrowest: float = 0.25
) -> tuple[float, float]:
    """The luma in [0, 1] to map to black and to white, for `Tones.levels`, from a sample of luma images
    uint8[h, w].

    They leave the share `tail` of the pixels (coded black aside) below and above. White is at least
    `narrowest` above black, so that noise in a nearly black film is not blown up. (0.0, 1.0) if all images
    are black.
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
    """Columns and rows of black bar on each side that all of these luma images uint8[h, w] share, for
    `Tones.trim`.

    Bars are equally wide on both sides: the narrower counts. Zero where they would leave less than half of
    the film, which dark images do, not bars.
    """
    brightest = np.max(images, axis=0)
    height, width = brightest.shape
    columns, rows = _margin(brightest.max(axis=0)), _margin(brightest.max(axis=1))
    return columns if 4 * columns < width else 0, rows if 4 * rows < height else 0


def _margin(brightest: npt.NDArray[np.uint8]) -> int:
    """Length of the dark run at both ends of a line of maxima."""
    bright = np.flatnonzero(brightest > _BAR)
    return 0 if bright.size == 0 else int(min(bright[0], brightest.size - 1 - bright[-1]))
