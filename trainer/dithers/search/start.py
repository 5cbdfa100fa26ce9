"""Where the dither of the next frame starts from: the shown dither where it fits, error diffusion elsewhere.

A search that starts from the shown dither has to make up for all motion, move by move; one that starts from
error diffusion has to undo a frame of flips where nothing has moved. So each is taken where it is the better:
where the visible error of the shown dither exceeds that of the diffused one and the price of its flips, both
averaged over `WINDOW` pixels. In a still scene that is nowhere, after a cut everywhere. The eye is taken for
a Gaussian here, which is quick: one that sees as much of a lone pixel and of a grey that is off as the
two-eye kernel does.

Units as in `energy.py`: energies and prices in units of c(0). Frames float32[H, W], dithers
uint8[H, W].
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.dithers.diffusion import Hysteresis
from trainer.dithers.eye import (
    Dither,
    Frame,
    two_eye_kernel,
)

WINDOW = 17
"""Side of the square over which the two are compared, pixels."""

CUT_FLIPS = 0.15
"""A frame whose start differs from what is shown in more than this share of the pixels follows a cut."""
CUT_PRICE, CUT_DIAL = 0.02, 0.125
"""The price of a flip after a cut, and the dial of the error diffusion there, as a pixel that might be kept
is right by chance. More than a third of a fresh dither's flips are saved so, for a few tenths of a decibel.
"""


def start_dial(dial: float) -> float:
    """The dial of the error diffusion for that of a search: .3, .55, .8 for 0, 1/2, 1.

    Its flips are then about as many as the search will leave.
    """
    return 0.3 + 0.5 * dial


class Start:
    """Starts for one dial and its price of a flip (`energy.price_of`)."""

    def __init__(self, dial: float, price: float) -> None:
        self._price = np.float32(price)
        self._diffuse, self._diffuse_after_cut = Hysteresis(start_dial(dial)), Hysteresis(CUT_DIAL)

    def __call__(self, frame: Frame, shown: Dither) -> Dither:
        """The dither to start from, `shown` being on the panel."""
        diffused = self._diffuse.dither(frame, shown)
        gain = _visible(frame, shown) - _visible(frame, diffused) - self._price * (diffused != shown)
        gain = cv2.blur(gain, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT_101)
        start = np.where(gain > 0, diffused, shown).astype(np.uint8)
        return self._diffuse_after_cut.dither(frame, shown) if after_cut(start, shown) else start


def after_cut(start: Dither, shown: Dither) -> bool:
    """Whether a frame that starts so follows a cut: pans flip a few pixels in a hundred, cuts a quarter."""
    return bool(np.count_nonzero(start != shown) > CUT_FLIPS * start.size)


def gaussian() -> NDArray[np.float64]:
    """The kernel of the Gaussian eye, float64[k, k]: sum g^2 = c(0) = 1, and (sum g)^2 = sum c."""
    x = np.arange(-math.ceil(4 * _SIGMA), math.ceil(4 * _SIGMA) + 1)
    g = np.exp(-np.square(x) / (2 * _SIGMA**2))
    g *= math.sqrt(2 * math.sqrt(math.pi) * _SIGMA) / g.sum()
    return np.outer(g, g)


def _visible(frame: Frame, dither: Dither) -> NDArray[np.float32]:
    """The energy of the error at each pixel, nearly: the square of what the Gaussian eye sees of it."""
    error = np.subtract(dither, frame, dtype=np.float32)
    return np.square(cv2.sepFilter2D(error, cv2.CV_32F, _TAPS, _TAPS, borderType=cv2.BORDER_CONSTANT))


_SIGMA = math.sqrt(two_eye_kernel().sum() / (4 * math.pi))
_TAPS = np.sqrt(np.diag(gaussian()))
