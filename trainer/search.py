"""Temporal direct binary search: the dither of least visible error, with a price on every flip.

Of all dithers b of a frame f, shown after the dither p, the search looks for the one that minimises

    E(b) = sum e (c * e) + price * flips,    e = b - f,  flips = number of pixels where b differs from p

with c the two-eye kernel (`eye.two_eye_kernel`, 1 at its centre), so that the price is a share of what a lone wrong
pixel costs. e is 0 outside the frame: the margin is taken for perfectly reproduced, and what a pixel near the edge
spills over it counts in full. Starting from p, a pixel is toggled, or swapped with one of the 24 pixels within
`REACH` of it, as long as that lowers E. With s = 1 - 2b (+1 for a pixel that would turn white),

    toggle m:          dE = 1 + u(m)                      u = 2 s (c * e) + price (1 - 2 |b - p|)
    swap m with n:     dE = 2 - 2 c(n - m) + u(m) + u(n)  where b(m) differs from b(n)

A dither is *settled* when no such move lowers E by more than `TOLERANCE`. Two engines settle it: a sequential one
(`search_sequential.py`, compiled, one core) and a parallel one (`search_parallel.py`, JAX). Their dithers differ,
since a frame has many settled dithers, of nearly the same E.

Sources: M. Analoui and J. P. Allebach, "Model-based halftoning using direct binary search", Proc. SPIE 1666, 1992;
D. J. Lieberman and J. P. Allebach, "A dual interpretation for direct binary search and its implications for tone
reproduction and texture quality", IEEE Trans. Image Processing 9(11), 2000, for c * e kept up to date.
"""

from collections.abc import Callable
from importlib.metadata import entry_points
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from trainer.errors import OptionError
from trainer.eye import Dither, Frame, Kernel, energy, two_eye_kernel

REACH = 2
"""A pixel may swap with every pixel at most this many rows and columns away."""
TOLERANCE = 1e-3
"""A move must lower the energy by more than this; it keeps rounding from being mistaken for a gain."""

PRICE_LIVELIEST, PRICE_CALMEST = 0.05, 0.8
"""The prices of a flip at dial 0 and dial 1. Below, flips follow the noise of the film; above, the picture goes stale."""

ENGINES = ("sequential", "parallel")

Settle = Callable[[Frame, Dither, Dither, float], Dither]


def price_of(dial: float) -> float:
    """The price of a flip for a dial in [0, 1]: a geometric scale, .05, .1, .2, .4, .8 at 0, 1/4, 1/2, 3/4, 1."""
    return PRICE_LIVELIEST * (PRICE_CALMEST / PRICE_LIVELIEST) ** dial


def cost(frame: Frame, dither: Dither, previous: Dither, price: float, kernel: Kernel) -> float:
    """E by its definition, in units of c(0): what both engines lower and what they are tested against."""
    return energy(frame, dither, kernel) + price * np.count_nonzero(dither != previous)


def reaching(kernel: Kernel) -> NDArray[np.float32]:
    """The kernel as both engines use it: float32, padded with 0 where its radius is below `REACH`."""
    if abs(kernel[kernel.shape[0] // 2, kernel.shape[1] // 2] - 1) > 1e-6:
        raise ValueError("the kernel is not 1 at its centre")
    return np.pad(kernel, max(0, REACH - kernel.shape[0] // 2)).astype(np.float32)


class Search:
    """The search in closed loop; the first frame starts from error diffusion, and its flips are free.

    `dial` sets the price of a flip (`price_of`). `engine` is one of `ENGINES`; None takes the parallel one where JAX
    has an accelerator, else the sequential one. A dither depends on the frame, the shown dither and the settings alone.
    """

    def __init__(self, dial: float = 0.5, engine: str | None = None) -> None:
        if not 0 <= dial <= 1:
            raise OptionError(f"the dial of search is {dial:g}: choose 0 (liveliest) to 1 (calmest)")
        if engine not in (*ENGINES, None):
            raise OptionError(f"search has no engine {engine!r}: choose {' or '.join(ENGINES)}")
        self.price = price_of(dial)
        self.engine = engine or ("parallel" if _has_accelerator() else "sequential")
        self._settle = _parallel() if self.engine == "parallel" else _sequential()

    def __call__(self, frame: Frame, previous: Dither | None) -> Dither:
        """Dither `frame` (float32[H, W] in [0, 1]) to uint8[H, W], 1 = white, starting from `previous`."""
        if previous is not None:
            return self._settle(frame, previous, previous, self.price)
        from trainer.diffusion import Hysteresis

        start = Hysteresis()(frame, None)
        return self._settle(frame, start, start, 0.0)


def _sequential() -> Settle:
    from trainer.search_sequential import settle

    kernel = two_eye_kernel()
    return lambda frame, start, previous, price: settle(frame, start, previous, price, kernel)


def _parallel() -> Settle:
    import jax

    from trainer.search_parallel import settle

    kernel = two_eye_kernel()
    compiled = jax.jit(lambda *arguments: settle(*arguments, key=jax.random.key(0), kernel=kernel)[0])

    def run(frame: Frame, start: Dither, previous: Dither, price: float) -> Dither:
        return np.asarray(compiled(frame, start, previous, price)).astype(np.uint8)

    return run


def _has_accelerator() -> bool:
    """Whether JAX would run on anything but the CPU; JAX is imported only where a plugin for one is installed."""
    if not (entry_points(group="jax_plugins") or find_spec("jax_plugins") or find_spec("libtpu")):
        return False
    import jax

    return jax.default_backend() != "cpu"
