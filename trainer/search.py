"""Temporal direct binary search: the dither of least visible error, with a price on every flip.

Of all dithers b of a frame f, shown after the dither p, the search looks for the one that minimises

    E(b) = sum e (c * e) + price * flips,    e = b - f,  flips = number of pixels where b differs from p

with c the two-eye kernel (`eye.two_eye_kernel`), 1 at its centre, so that the price is a share of what a lone
wrong pixel costs. e is 0 outside the frame: the margin counts as perfectly reproduced, and what pixels near
the edge spill over it counts in full. From a start between p and error diffusion (`start.py`) on, a pixel is
toggled, or swapped with one of the 24 pixels within `REACH` of it, as long as that lowers E. With s = 1 - 2b,
+1 where b may turn white,

    toggle m:          dE = 1 + u(m)                      u = 2 s (c * e) + price (1 - 2 |b - p|)
    swap m with n:     dE = 2 - 2 c(n - m) + u(m) + u(n)  where b(m) differs from b(n)

A dither is *settled* when no such move lowers E by more than `TOLERANCE`. Two engines settle it: a sequential
one (`search_sequential.py`, compiled, one core) and a parallel one (`search_parallel.py`, JAX). Their dithers
differ, since a frame has many settled dithers, but the energies and the flips hardly do.

Sources: M. Analoui and J. P. Allebach, "Model-based halftoning using direct binary search", Proc. SPIE 1666,
1992; D. J. Lieberman and J. P. Allebach, "A dual interpretation for direct binary search and its implications
for tone reproduction and texture quality", IEEE Trans. Image Processing 9(11), 2000, for keeping c * e.
"""

from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from trainer.diffusion import diffused
from trainer.errors import OptionError
from trainer.eye import Dither, Frame, Kernel, energy, two_eye_kernel
from trainer.start import CUT_PRICE, Start, after_cut

REACH = 2
"""A pixel may be swapped with any pixel at most this many rows and columns away."""
TOLERANCE = 1e-3
"""A move must lower the energy by more than this, lest rounding be mistaken for a gain."""

PRICE_LIVELIEST, PRICE_CALMEST = 0.05, 0.8
"""The price of a flip at dial 0 (below, flips multiply for little gain) and 1 (above, pictures go stale)."""

ENGINES = ("sequential", "parallel")
SWEEPS = 3
"""Sweeps of the parallel engine that do about as much as one pass of the sequential one."""


def price_of(dial: float) -> float:
    """The price of a flip for a dial in [0, 1]: .05, .1, .2, .4, .8 for 0, 1/4, 1/2, 3/4, 1; geometric."""
    return PRICE_LIVELIEST * (PRICE_CALMEST / PRICE_LIVELIEST) ** dial


def cost(frame: Frame, dither: Dither, previous: Dither, price: float, kernel: Kernel) -> float:
    """E by its definition, in units of c(0)."""
    return energy(frame, dither, kernel) + price * np.count_nonzero(dither != previous)


def reaching(kernel: Kernel) -> NDArray[np.float32]:
    """The kernel as both engines take it: float32, padded with 0 if its radius is below `REACH`."""
    radius = kernel.shape[0] // 2
    if abs(kernel[radius, radius] - 1) > 1e-6:
        raise ValueError("the kernel of a search must be 1 at its centre")
    return np.pad(kernel, max(0, REACH - radius)).astype(np.float32)


class Search:
    """The search in closed loop.

    The first frame starts from error diffusion, and its flips are free; after a cut they nearly are.

    `dial` sets the price of a flip (`price_of`). `engine` is one of `ENGINES`; None takes the parallel one
    where JAX has an accelerator, and else the sequential one. A dither depends on nothing but the frame, the
    shown dither and these two.
    """

    def __init__(self, dial: float = 0.5, engine: str | None = None) -> None:
        if not 0 <= dial <= 1:
            raise OptionError(f"the dial of search is {dial:g}: choose 0 (liveliest) to 1 (calmest)")
        self.price = price_of(dial)
        self._settle = settler(engine)
        self._start = Start(dial, self.price)

    def __call__(self, frame: Frame, previous: Dither | None) -> Dither:
        """Dither `frame` (float32[H, W] in [0, 1]) to uint8[H, W], 1 = white, `previous` being shown."""
        if previous is None:
            start = diffused(frame)
            return self._settle(frame, start, start, 0.0, None)
        start = self._start(frame, previous)
        price = min(self.price, CUT_PRICE) if after_cut(start, previous) else self.price
        return self._settle(frame, start, previous, price, None)


Settle = Callable[[Frame, Dither, Dither, float, int | None], Dither]
"""(frame, start, previous, price, rounds) -> the dither after so many rounds of search; None: settled."""


def settler(engine: str | None = None) -> Settle:
    """The search by one of `ENGINES`; for None `usual_engine`'s."""
    if engine is not None and engine not in ENGINES:
        raise OptionError(f"search has no engine {engine!r}: choose {' or '.join(ENGINES)}")
    return _parallel() if (engine or usual_engine()) == "parallel" else _sequential()


def usual_engine() -> str:
    """The parallel one where JAX has an accelerator, and else the sequential one."""
    return "parallel" if _has_accelerator() else "sequential"


@cache
def _sequential() -> Settle:
    """A round is a pass over the frame."""
    from trainer.search_sequential import PASSES, settle

    kernel = two_eye_kernel()
    return lambda frame, start, previous, price, rounds: settle(
        frame, start, previous, price, kernel, PASSES if rounds is None else rounds
    )


@cache
def _parallel() -> Settle:
    """A round is `SWEEPS` sweeps. Compiled once for a size of frame, whatever the price and the rounds."""
    from trainer.accelerated import Accelerated

    dithered = Accelerated()
    return lambda frame, start, previous, price, rounds: dithered(frame, start, previous, price, 0, rounds)


def _has_accelerator() -> bool:
    """Whether JAX runs on more than a CPU; it is imported only where a plugin for an accelerator is there."""
    if not (entry_points(group="jax_plugins") or find_spec("jax_plugins") or find_spec("libtpu")):
        return False
    import jax

    return jax.default_backend() != "cpu"
