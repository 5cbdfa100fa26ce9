"""What the search lowers: visible error, and a price on every flip.

Of all dithers b of a frame f, shown after the dither p, the search looks for the one that minimises

    E(b) = sum e (c * e) + price * flips,    e = b - f,  flips = number of pixels where b differs from p

with c the two-eye kernel (`eye.two_eye_kernel`), 1 at its centre, so that the price is a share of what a lone
wrong pixel costs. e is 0 outside the frame: the surroundings count as perfectly reproduced, and what pixels
near the edge spill into them counts in full. A pixel is toggled, or swapped with one of the 24 pixels within
`REACH`, as long as that lowers E. With s = 1 - 2b, which is +1 where b may turn white,

    toggle m:          dE = 1 + u(m)                      u = 2 s (c * e) + price (1 - 2 |b - p|)
    swap m with n:     dE = 2 - 2 c(n - m) + u(m) + u(n)  where b(m) differs from b(n)

A dither is *settled* when no such move lowers E by more than `TOLERANCE`.

Sources: M. Analoui and J. P. Allebach, "Model-based halftoning using direct binary search", Proc. SPIE 1666,
1992; D. J. Lieberman and J. P. Allebach, "A dual interpretation for direct binary search and its implications
for tone reproduction and texture quality", IEEE Trans. Image Processing 9(11), 2000, for keeping c * e.
"""

import numpy as np
from numpy.typing import NDArray

from trainer.dithers.ditherer import Dither, Frame
from trainer.dithers.eye import Kernel, energy

REACH = 2
"""A pixel may be swapped with any pixel at most this many rows and columns away."""
TOLERANCE = 1e-3
"""A move must lower the energy by more than this, so that rounding is not mistaken for a gain."""

PRICE_LIVELIEST, PRICE_CALMEST = 0.05, 0.8
"""The price of a flip at dial 0 and 1: below, flips multiply for little gain; above, pictures go stale."""


def price_of(dial: float) -> float:
    """The price of a flip for a dial in [0, 1]: .05, .1, .2, .4, .8 for 0, 1/4, 1/2, 3/4, 1; geometric."""
    return PRICE_LIVELIEST * (PRICE_CALMEST / PRICE_LIVELIEST) ** dial


def cost(frame: Frame, dither: Dither, previous: Dither, price: float, kernel: Kernel) -> float:
    """E by its definition, in units of c(0)."""
    return energy(frame, dither, kernel) + price * np.count_nonzero(dither != previous)


def reaching(kernel: Kernel) -> NDArray[np.float32]:
    """The kernel as both engines take it: float32, padded with 0 to a radius of at least `REACH`."""
    radius = kernel.shape[0] // 2
    if abs(kernel[radius, radius] - 1) > 1e-6:
        raise ValueError("the kernel of a search must be 1 at its centre")
    return np.pad(kernel, max(0, REACH - radius)).astype(np.float32)
