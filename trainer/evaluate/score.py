"""Several ditherers over the stretches of one film, and a score for every dither that they make.

`Comparison` gives frames, dithers and scores one after another: previews are drawn from it. `evaluate` runs
through one and keeps a row of numbers per frame and ditherer. Every ditherer gets each stretch whole, and may
look ahead in it. What the numbers mean is in `evaluate/metrics.py`.
"""

import os
import time
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from trainer.dithers.ditherer import Dither, Ditherer, Frame
from trainer.dithers.eye import EYES, Seen, see
from trainer.dithers.levels import CLEAN, Levels
from trainer.errors import OptionError
from trainer.evaluate.metrics import FrameScore, Scores, Summary, film_change
from trainer.films.cuts import cuts_by_z_score
from trainer.films.selection import Selected
from trainer.films.stretches import Stretch

NAN = float("nan")


@dataclass(frozen=True)
class Shown:
    """One dither of one frame. `before`: the dither of the frame before, None at the film's first frame.

    `seconds`: what the ditherer took for it, from the dither before on.
    """

    dither: Dither
    before: Dither | None
    score: FrameScore
    seconds: float


@dataclass(frozen=True)
class Moment:
    """One frame, and by label what every ditherer shows of it.

    `index` counts from 0; `redraw`: it begins a stretch; `seen`: what the eyes see of the frame itself.
    """

    index: int
    selected: Selected
    redraw: bool
    seen: Seen
    shown: dict[str, Shown]


class _Run:
    """One ditherer on its way through the film."""

    def __init__(self, ditherer: Ditherer, levels: Levels, clock: Callable[[], float]) -> None:
        self.scores = Scores(levels)
        self._ditherer, self._clock = ditherer, clock
        self._dithers: Iterator[Dither] = iter(())
        self._before: Dither | None = None
        self._now: Dither | None = None
        self._seconds = self._elsewhere = 0.0

    def begin(self, stretch: Stretch) -> None:
        self._dithers = stretch.dithers(lambda frames: self._ditherer(self._untimed(frames)))

    def end(self) -> None:
        """Let go of the stretch. ValueError where the ditherer made more dithers than there are frames."""
        next(self._dithers, None)

    def dither(self) -> None:
        """Make the next dither."""
        started, self._elsewhere = self._clock(), 0.0
        self._before, self._now = self._now, next(self._dithers)
        self._seconds = self._clock() - started - self._elsewhere

    def score(self, seen: Seen, redraw: bool) -> Shown:
        """Score the dither made last; `seen` is what the eyes see of its frame."""
        assert self._now is not None
        score = self.scores.add(seen, self._now, redraw)
        return Shown(self._now, self._before, score, self._seconds)

    def _untimed(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The same frames; what it takes to make them is not the ditherer's time."""
        frames = iter(frames)
        while True:
            started = self._clock()
            frame = next(frames, None)
            self._elsewhere += self._clock() - started
            if frame is None:
                return
            yield frame


class Comparison:
    """The frames of one film with what each ditherer, by label, makes of them: iterate once, and close it.

    `expected` is the number of frames if that is known; `report` gets the number done after each. The film is
    decoded once, and nothing is kept but one stretch of its images and the last dithers. `levels`: of the
    glass that shows the dithers. `together`: the ditherers work at the same time, in threads; else one after
    another, timed by `clock` (in seconds). ValueError without a ditherer, and for frames smaller than an
    eye's window or not all of one size; OptionError without a frame.
    """

    def __init__(
        self,
        stretches: Iterable[Stretch],
        ditherers: Mapping[str, Ditherer],
        expected: int | None = None,
        report: Callable[[int], None] = lambda done: None,
        *,
        levels: Levels = CLEAN,
        together: bool = True,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        if not ditherers:
            raise ValueError("there is no ditherer to score")
        self.labels = list(ditherers)
        self.expected = expected
        self.redraws = 0
        """So far, without the one at the start."""
        self._stretches = stretches
        self._runs = [_Run(ditherer, levels, clock) for ditherer in ditherers.values()]
        self._report = report
        self._together = together
        self._moments: Generator[Moment, None, None] | None = None

    def __iter__(self) -> Iterator[Moment]:
        self._moments = self._iterate()
        return self._moments

    def close(self) -> None:
        """End an iteration that is still under way, and its threads."""
        if self._moments is not None:
            self._moments.close()

    def summaries(self) -> dict[str, Summary]:
        """By label, what the frames so far amount to; ValueError before the first."""
        return {label: run.scores.summary() for label, run in zip(self.labels, self._runs, strict=True)}

    def _iterate(self) -> Generator[Moment, None, None]:
        done = 0
        # Scoring takes longer than most ditherers, and OpenCV leaves Python's lock.
        with ThreadPoolExecutor(min(len(self._runs), os.cpu_count() or 1), "dither") as threads:
            for stretch in self._stretches:
                for run in self._runs:
                    run.begin(stretch)
                for number, selected in enumerate(stretch.frames):
                    redraw = number == 0
                    self.redraws += redraw and done > 0
                    dithering = (threads.map if self._together else map)(_Run.dither, self._runs)
                    seen = see(selected.frame)
                    list(dithering)
                    shown = threads.map(partial(_Run.score, seen=seen, redraw=redraw), self._runs)
                    yield Moment(done, selected, redraw, seen, dict(zip(self.labels, shown, strict=True)))
                    done += 1
                    self._report(done)
                for run in self._runs:
                    run.end()
                del stretch  # before the next one is read
        if not done:
            raise OptionError("no frame of the film is selected; choose others, or do without --skip-black")


def _column() -> "array[float]":
    return array("d")


@dataclass(frozen=True)
class Trace:
    """One dither, frame by frame: HVS-PSNR in dB by eye; flips, darkened and net change as shares of pixels.

    There are no flips (nan) at a redraw. `seconds` is what the ditherer took for each frame, on this machine.
    """

    psnr: dict[int, "array[float]"] = field(default_factory=lambda: {eye: _column() for eye in EYES})
    flips: "array[float]" = field(default_factory=_column)
    darkened: "array[float]" = field(default_factory=_column)
    net: "array[float]" = field(default_factory=_column)
    seconds: "array[float]" = field(default_factory=_column)

    def append(self, shown: Shown) -> None:
        """Add the next frame."""
        score = shown.score
        for eye, value in score.psnr.items():
            self.psnr[eye].append(value)
        self.flips.append(score.change.flips if score.change else NAN)
        self.darkened.append(score.change.darkened if score.change else NAN)
        self.net.append(score.net)
        self.seconds.append(shown.seconds)


@dataclass(frozen=True)
class Scored:
    """One dither of one film: the film as a whole and frame by frame."""

    summary: Summary
    trace: Trace


@dataclass(frozen=True)
class Evaluation:
    """One film: its frames, and by label every dither of them.

    `numbers` and `times_ms` of the frames in the film; `cuts` and `redraws` are indices of the frames that
    begin a shot and a stretch, the first frame aside; `difference` and `tone_change` are those of
    `metrics.film_change`, nan at the first frame.
    """

    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    times_ms: "array[int]" = field(default_factory=lambda: array("q"))
    cuts: list[int] = field(default_factory=list)
    redraws: list[int] = field(default_factory=list)
    difference: "array[float]" = field(default_factory=_column)
    tone_change: "array[float]" = field(default_factory=_column)
    dithers: dict[str, Scored] = field(default_factory=dict)

    def append(self, moment: Moment, before: Seen | None) -> None:
        """Add the next frame; `before` is what the eyes see of the one before."""
        if moment.selected.cut:
            self.cuts.append(moment.index)
        if moment.redraw and moment.index:
            self.redraws.append(moment.index)
        self.numbers.append(moment.selected.number)
        self.times_ms.append(moment.selected.time_ms)
        difference, tone_change = film_change(before, moment.seen) if before else (NAN, NAN)
        self.difference.append(difference)
        self.tone_change.append(tone_change)

    def cuts_by_z_score(self) -> list[int]:
        """Indices of the frames that the film-maker's rule takes for the first of a shot."""
        return [int(index) + 1 for index in np.flatnonzero(cuts_by_z_score(np.array(self.difference[1:])))]


def evaluate(
    stretches: Iterable[Stretch],
    ditherers: Mapping[str, Ditherer],
    *,
    levels: Levels = CLEAN,
    clock: Callable[[], float] = time.perf_counter,
    report: Callable[[int], None] = lambda done: None,
) -> Evaluation:
    """Score the ditherers, by label, on the stretches of one film; `report` gets the number of frames done.

    `levels` are those of the glass that shows the dithers; `clock` gives seconds. Errors: see `Comparison`.
    """
    film = Evaluation()
    traces = {label: Trace() for label in ditherers}
    before: Seen | None = None
    with closing(
        Comparison(stretches, ditherers, report=report, levels=levels, together=False, clock=clock)
    ) as comparison:
        for moment in comparison:
            film.append(moment, before)
            before = moment.seen
            for label, shown in moment.shown.items():
                traces[label].append(shown)
    for label, summary in comparison.summaries().items():
        film.dithers[label] = Scored(summary, traces[label])
    return film
