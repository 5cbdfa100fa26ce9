"""Several dithers of the same frames, each in a closed loop of its own, as the panel would show them."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.dithers.ditherer import Ditherer
from trainer.dithers.eye import (
    Seen,
    see,
)
from trainer.errors import OptionError
from trainer.evaluate.metrics import (
    FrameScore,
    Scores,
    Summary,
)
from trainer.films.selection import Selected


@dataclass(frozen=True)
class Shown:
    """One dither of one frame, uint8[H, W]; `before` is the one it replaces, None at the first frame."""

    dither: NDArray[np.uint8]
    before: NDArray[np.uint8] | None
    score: FrameScore


@dataclass(frozen=True)
class Moment:
    """One frame, `index` counting from 0 in the preview, with what every ditherer, by label, shows of it."""

    index: int
    selected: Selected
    shown: dict[str, Shown]


class _Loop:
    """One ditherer's closed loop."""

    def __init__(self, ditherer: Ditherer) -> None:
        self._ditherer = ditherer
        self._shown: NDArray[np.uint8] | None = None
        self.scores = Scores()

    def show(self, selected: Selected, seen: Seen) -> Shown:
        before, self._shown = self._shown, selected.dithered(self._ditherer, self._shown)
        return Shown(self._shown, before, self.scores.add(seen, self._shown, selected.cut))


class Comparison:
    """The frames of one film with what each ditherer makes of them: iterate over it once, and close it.

    `expected` is how many there will be, if that is known; `report` gets the number done after each. The
    redraws are those of the player's default rule. The ditherers work at the same time, one thread each; the
    film is decoded once, and no picture is kept here but the last. OptionError where there is no frame.
    """

    def __init__(
        self,
        frames: Iterable[Selected],
        ditherers: Mapping[str, Ditherer],
        expected: int | None = None,
        report: Callable[[int], None] = lambda done: None,
    ) -> None:
        self.labels = list(ditherers)
        self.expected = expected
        self._frames = frames
        self._loops = [_Loop(ditherer) for ditherer in ditherers.values()]
        self._report = report
        self._moments: Generator[Moment, None, None] | None = None

    def __iter__(self) -> Iterator[Moment]:
        self._moments = self._iterate()
        return self._moments

    def close(self) -> None:
        """End an iteration that is still under way, and its threads."""
        if self._moments is not None:
            self._moments.close()

    def _iterate(self) -> Generator[Moment, None, None]:
        done = 0
        with ThreadPoolExecutor(len(self._loops), "dither") as threads:
            for index, selected in enumerate(self._frames):
                seen = see(selected.frame)
                jobs = [threads.submit(loop.show, selected, seen) for loop in self._loops]
                yield Moment(
                    index, selected, dict(zip(self.labels, (job.result() for job in jobs), strict=True))
                )
                done = index + 1
                self._report(done)
        if not done:
            raise OptionError("no frame of the film is selected; choose others, or do without --skip-black")

    def summaries(self) -> dict[str, Summary]:
        """By label, what the frames so far amount to; ValueError before the first."""
        return {label: loop.scores.summary() for label, loop in zip(self.labels, self._loops, strict=True)}
