"""Temporal direct binary search: the dither of least visible error, with a price on every flip.

From a start between the shown dither and error diffusion (`searching/start.py`) on, pixels are toggled and
swapped as long as that lowers the energy (`searching/energy.py`), until the dither is settled. Two engines do
it: a sequential one (`searching/sequential.py`, compiled) and a parallel one (`searching/parallel.py`, JAX);
see `searching/engines.py`.
"""

from collections.abc import Callable
from functools import cache

from trainer.dithers.diffusion import diffused
from trainer.dithers.ditherer import FrameByFrame
from trainer.dithers.eye import (
    Dither,
    Frame,
    two_eye_kernel,
)
from trainer.dithers.search.energy import price_of
from trainer.dithers.search.engines import engine_of
from trainer.dithers.search.start import (
    CUT_PRICE,
    Start,
    after_cut,
)
from trainer.errors import OptionError


class Search(FrameByFrame):
    """The search in closed loop.

    The first frame starts from error diffusion, and its flips are free; after a cut they nearly are.

    `dial` sets the price of a flip (`price_of`), `engine` is for `engine_of`. A dither depends on nothing but
    the frame, the shown dither and these two.
    """

    def __init__(self, dial: float = 0.5, engine: str | None = None) -> None:
        if not 0 <= dial <= 1:
            raise OptionError(f"the dial of search is {dial:g}: choose 0 (liveliest) to 1 (calmest)")
        self.price = price_of(dial)
        self._settle = settler(engine)
        self._start = Start(dial, self.price)

    def dither(self, frame: Frame, shown: Dither | None) -> Dither:
        """Dither `frame` (float32[H, W] in [0, 1]) to uint8[H, W], 1 = white, `shown` being shown."""
        if shown is None:
            start = diffused(frame)
            return self._settle(frame, start, start, 0.0, None)
        start = self._start(frame, shown)
        price = min(self.price, CUT_PRICE) if after_cut(start, shown) else self.price
        return self._settle(frame, start, shown, price, None)


Settle = Callable[[Frame, Dither, Dither, float, int | None], Dither]
"""(frame, start, previous, price, rounds) -> the dither after so many rounds of search; None: settled."""


def settler(engine: str | None = None) -> Settle:
    """The search by that engine (`engine_of`)."""
    return _parallel() if engine_of(engine) == "parallel" else _sequential()


@cache
def _sequential() -> Settle:
    """A round is a pass over the frame."""
    from trainer.dithers.search.sequential import (
        PASSES,
        settle,
    )

    kernel = two_eye_kernel()
    return lambda frame, start, previous, price, rounds: settle(
        frame, start, previous, price, kernel, PASSES if rounds is None else rounds
    )


@cache
def _parallel() -> Settle:
    """A round is `SWEEPS` sweeps. Compiled once for a size of frame, whatever the price and the rounds."""
    from trainer.dithers.search.accelerated import Accelerated

    dithered = Accelerated()
    return lambda frame, start, previous, price, rounds: dithered(frame, start, previous, price, 0, rounds)
