"""How alike the dots of dithers are, wherever they lie: the distance of their 3x3 patterns.

A filter of the eye forgives lattices and stripes; a histogram of all patterns of 3x3 pixels does not. The
distance of two is their Jensen-Shannon divergence in nats: 0 for the same dots, ln 2 for none in common.
Source: J. Lin, "Divergence measures based on the Shannon entropy", IEEE Trans. Information Theory, 1991.
"""

import numpy as np
from numpy.typing import NDArray

_SIDE = 3
_RARE = 1e-5
"""Added to every share, so that a pattern that a small dither happens to lack does not count for much."""


def histogram(dither: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The share of each of the 512 patterns of 3x3 pixels in a dither uint8[H, W]."""
    height, width = (length - _SIDE + 1 for length in dither.shape)
    code = np.zeros((height, width), np.int64)
    for number in range(_SIDE * _SIDE):
        y, x = divmod(number, _SIDE)
        code |= dither[y : y + height, x : x + width].astype(np.int64) << number
    return np.bincount(code.ravel(), minlength=1 << _SIDE * _SIDE) / code.size


def distance(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """The distance of the patterns of two dithers."""
    p, q = histogram(one) + _RARE, histogram(other) + _RARE
    mean = (p + q) / 2
    return float((p * np.log(p / mean) + q * np.log(q / mean)).sum() / 2)
