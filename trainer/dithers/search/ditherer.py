"""Temporal direct binary search: the dither of least visible error, with a price on every flip.

The joint search lowers the energy of a stretch as a whole, for what the glass shows; the search frame by
frame lowers that of one frame after the other. Each has two engines (`../engines.py`): a sequential one
(`joint.py`, `sequential.py`; compiled) and a parallel one (`volume.py`, `parallel.py`; JAX).
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trainer.dithers.diffusion import diffused
from trainer.dithers.ditherer import Dither, Ditherer, Frame, FrameByFrame
from trainer.dithers.engines import engine_of
from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.glass import aim
from trainer.dithers.levels import CLEAN, Levels
from trainer.dithers.mask import thresholds, tiled
from trainer.dithers.search.anchor import anchored, begun
from trainer.dithers.search.energy import price_of
from trainer.dithers.search.joint import ALL_MOVES, Moves, Window
from trainer.dithers.search.memory import OVERLAP, WINDOW
from trainer.dithers.search.start import CUT_PRICE, Start, after_cut
from trainer.errors import OptionError

if TYPE_CHECKING:  # JAX is for the parallel engine alone
    from trainer.dithers.search.accelerated import Network, Volumes


class Search:
    """The joint search over a stretch, for what the glass shows (`joint.py`).

    `dial` sets the price of a flip (`price_of`). It starts at the search frame by frame, and then all frames
    of a window settle together. A dither depends only on the frames of the stretch, the dial and the levels.
    """

    def __init__(
        self,
        dial: float = 0.5,
        levels: Levels = CLEAN,
        *,
        window: int = WINDOW,
        overlap: int = OVERLAP,
        moves: Moves = ALL_MOVES,
    ) -> None:
        if not 0 <= dial <= 1:
            raise OptionError(f"the dial of search is {dial:g}: choose 0 (liveliest) to 1 (calmest)")
        self.price, self.levels = price_of(dial), levels
        self._window, self._overlap, self._moves = window, overlap, moves
        self._start = FrameSearch(dial, "sequential")

    def __call__(self, frames: Iterable[Frame]) -> Iterator[Dither]:
        """The dithers of a stretch; the first ones come when a window is full."""
        window: Window | None = None
        for frame in frames:
            if window is None:
                window = Window(
                    frame.shape, self._window, self.price, two_eye_kernel(), self.levels, self._moves
                )
            elif window.is_full:
                window.settle()
                yield from window.take(window.frames - self._overlap)
            start = self._start.dither(aim(frame, window.dirty, self.levels), window.shown)
            window.append(frame, start)
        if window is not None:
            window.settle()
            yield from window.take(window.frames)


class ParallelSearch:
    """The joint search over a stretch, by the parallel engine (`volume.py`).

    The frames that are new to a window begin all at once, at thresholds through one settled dither of their
    mean (`anchor.py`). A dither depends only on the frames of the stretch, the dial and the levels. Stretches
    that several threads dither are searched together.

    rounds: of the search at each of its prices; None: until it is settled. network: what makes dithers of the
    window's first ones, before the search (`accelerated.py`); None: nothing.
    """

    def __init__(
        self,
        dial: float = 0.5,
        levels: Levels = CLEAN,
        *,
        window: int = WINDOW,
        overlap: int = OVERLAP,
        rounds: int | None = None,
        network: "Network | None" = None,
    ) -> None:
        if not 0 <= dial <= 1:
            raise OptionError(f"the dial of search is {dial:g}: choose 0 (liveliest) to 1 (calmest)")
        self.price, self.levels = price_of(dial), levels
        self._window, self._overlap, self._rounds, self._network = window, overlap, rounds, network
        self._anchor = FrameSearch(dial, "parallel")
        self._volumes = lru_cache(maxsize=1)(self._make_volumes)

    def __call__(self, frames: Iterable[Frame]) -> Iterator[Dither]:
        """The dithers of a stretch; the first ones come when a window is full."""
        from trainer.dithers.search.accelerated import Part

        coming = iter(frames)
        held: list[Frame] = []  # frames whose dithers, so far these, may still change
        dithers: list[Dither] = []
        shown: Dither | None = None  # before the first of them
        dirty: NDArray[np.bool_] | None = None
        while new := list(islice(coming, self._window - len(held))):
            mean = np.asarray(np.mean(new, axis=0, dtype=np.float32))
            goal = aim(mean, _soiled(dirty, shown, dithers), self.levels)
            anchor = self._anchor.dither(goal, dithers[-1] if dithers else None)
            mask = anchored(tiled(thresholds(), anchor.shape), mean, anchor)
            black, white = np.float32(self.levels.black), np.float32(self.levels.white)
            begin = begun(np.stack(new), mask, black, white).astype(np.uint8)
            held += new
            search = self._volumes(anchor.shape, self.levels)
            part = Part(np.stack(held), np.stack([*dithers, *begin]), mask, shown, dirty, self.price)
            dithers = list(search(part))
            done = max(0, len(held) - self._overlap)
            yield from dithers[:done]
            dirty = _soiled(dirty, shown, dithers[:done])
            shown = dithers[done - 1] if done else shown
            held, dithers = held[done:], dithers[done:]
        yield from dithers

    def _make_volumes(self, shape: tuple[int, int], levels: Levels) -> "Volumes":
        """What searches the windows of all stretches of such frames."""
        from trainer.dithers.search.accelerated import Volumes

        return Volumes(shape, self._window, levels, rounds=self._rounds, network=self._network)


def _soiled(
    dirty: NDArray[np.bool_] | None, shown: Dither | None, dithers: list[Dither]
) -> NDArray[np.bool_] | None:
    """The pixels that are dirty after these dithers, if `dirty` ones were while `shown` was; None: none."""
    for before, after in pairwise(dithers if shown is None else [shown, *dithers]):
        flips = before != after
        dirty = flips if dirty is None else dirty | flips
    return dirty


class FrameSearch(FrameByFrame):
    """The search frame by frame, in closed loop.

    The first frame starts at error diffusion, and its flips are free; after a cut they nearly are. `dial`
    sets the price of a flip (`price_of`); `engine` is one of `ENGINES`, or None for the one that suits this
    machine. A dither depends only on the frame, the shown dither and these two.
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


def make_search(dial: float = 0.5, engine: str | None = None, window: int = WINDOW) -> Ditherer:
    """The joint search by that engine; None: by the one that suits this machine."""
    search = ParallelSearch if engine_of(engine) == "parallel" else Search
    return search(dial, window=window, overlap=window // 3)


Settle = Callable[[Frame, Dither, Dither, float, int | None], Dither]
"""(frame, start, previous, price, rounds) -> the dither after that many rounds; None: until it is settled."""


def settler(engine: str | None = None) -> Settle:
    """The search by that engine; None: by the one that suits this machine."""
    return _parallel() if engine_of(engine) == "parallel" else _sequential()


@cache
def _sequential() -> Settle:
    """The sequential engine; a round is a pass over the frame."""
    from trainer.dithers.search.sequential import PASSES, settle

    kernel = two_eye_kernel()
    return lambda frame, start, previous, price, rounds: settle(
        frame, start, previous, price, kernel, PASSES if rounds is None else rounds
    )


@cache
def _parallel() -> Settle:
    """The parallel engine; a round is `SWEEPS` sweeps. Compiled once per size of frame."""
    from trainer.dithers.search.accelerated import Accelerated

    search = Accelerated()
    return lambda frame, start, previous, price, rounds: search(frame, start, previous, price, rounds)
