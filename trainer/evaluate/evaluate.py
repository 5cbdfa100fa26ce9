"""`trainer evaluate`: several ditherers over the same frames of a film, scored in one pass.

Every ditherer runs closed loop, its own dither before it, as the panel would show it. The film is decoded
once and no picture is kept but the last; what stays of a frame is a row of numbers for each ditherer. What
they mean stands in `evaluating/metrics.py`.
"""

import os
import time
from array import array
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from player.redraw import RedrawRule
from trainer.dithers.ditherer import Ditherer
from trainer.dithers.eye import (
    EYES,
    Seen,
    see,
)
from trainer.errors import OptionError
from trainer.evaluate.metrics import (
    Change,
    FrameScore,
    Scores,
    Summary,
)
from trainer.films.cuts import cuts_by_z_score
from trainer.films.selection import Selected

NAN = float("nan")


def _column() -> "array[float]":
    return array("d")


@dataclass(frozen=True)
class Trace:
    """One dither, frame by frame: HVS-PSNR in dB by eye; flips, darkened and net change as shares of pixels.

    There are no flips (nan) at the first frame. `redraws` are indices of the frames that the rule redraws,
    without the one at the start; `seconds` is what the ditherer took for each frame, on this machine.
    """

    psnr: dict[int, "array[float]"] = field(default_factory=lambda: {eye: _column() for eye in EYES})
    flips: "array[float]" = field(default_factory=_column)
    darkened: "array[float]" = field(default_factory=_column)
    net: "array[float]" = field(default_factory=_column)
    redraws: list[int] = field(default_factory=list)
    seconds: "array[float]" = field(default_factory=_column)

    def append(self, score: FrameScore, seconds: float) -> None:
        """Add the next frame."""
        if score.action == "redraw" and self.net:
            self.redraws.append(len(self.net))
        for eye, value in score.psnr.items():
            self.psnr[eye].append(value)
        self.flips.append(score.change.flips if score.change else NAN)
        self.darkened.append(score.change.darkened if score.change else NAN)
        self.net.append(score.net)
        self.seconds.append(seconds)


@dataclass(frozen=True)
class Scored:
    """One dither of one film: the film as a whole and frame by frame."""

    summary: Summary
    trace: Trace


@dataclass(frozen=True)
class Evaluation:
    """One film: its frames, and by label every dither of them.

    `numbers` and `times_ms` of the frames in the film; `cuts` are indices of the frames that begin a shot;
    `difference` and `tone_change` are those of `metrics.Change`, nan at the first frame.
    """

    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    times_ms: "array[int]" = field(default_factory=lambda: array("q"))
    cuts: list[int] = field(default_factory=list)
    difference: "array[float]" = field(default_factory=_column)
    tone_change: "array[float]" = field(default_factory=_column)
    dithers: dict[str, Scored] = field(default_factory=dict)

    def append(self, selected: Selected, change: Change | None) -> None:
        """Add the next frame; `change` is what happened since the one before, under any dither."""
        if selected.cut:
            self.cuts.append(len(self.numbers))
        self.numbers.append(selected.number)
        self.times_ms.append(selected.time_ms)
        self.difference.append(change.difference if change else NAN)
        self.tone_change.append(change.tone_change if change else NAN)

    def cuts_by_z_score(self) -> list[int]:
        """Indices of the frames that the film-maker's rule takes for the first of a shot."""
        return [int(index) + 1 for index in np.flatnonzero(cuts_by_z_score(np.array(self.difference[1:])))]


class _Loop:
    """One ditherer's closed loop over a film."""

    def __init__(self, ditherer: Ditherer, scores: Scores, clock: Callable[[], float]) -> None:
        self.ditherer, self.scores, self.clock = ditherer, scores, clock
        self.shown: NDArray[np.uint8] | None = None
        self.seconds = 0.0
        self.trace = Trace()

    def show(self, selected: Selected) -> None:
        """Dither the next frame."""
        started = self.clock()
        self.shown = selected.dithered(self.ditherer, self.shown)
        self.seconds = self.clock() - started

    def score(self, selected: Selected, seen: Seen) -> FrameScore:
        """Score what is shown of it; `seen` is what the eyes see of the frame itself."""
        assert self.shown is not None
        score = self.scores.add(seen, self.shown, selected.cut)
        self.trace.append(score, self.seconds)
        return score


def evaluate(
    frames: Iterable[Selected],
    ditherers: Mapping[str, Ditherer],
    *,
    rule: RedrawRule | None = None,
    interval: float = 200.0,
    clock: Callable[[], float] = time.perf_counter,
    report: Callable[[int], None] = lambda done: None,
) -> Evaluation:
    """Score the ditherers, by label, on the frames of one film; `report` gets the number of frames done.

    `rule` is the player's and `interval` the seconds that a frame stands (its daily redraw depends on it);
    `clock` gives seconds. Raises OptionError where there is no frame, ValueError where there is no ditherer
    and for frames that are smaller than an eye's window or not all of one size.
    """
    if not ditherers:
        raise ValueError("there is no ditherer to score")
    loops = {label: _Loop(ditherer, Scores(rule, interval), clock) for label, ditherer in ditherers.items()}
    film = Evaluation()
    # Scoring takes longer than most ditherers, and OpenCV leaves Python's lock. Dithering is timed, so alone.
    with ThreadPoolExecutor(min(len(loops), os.cpu_count() or 1), "score") as pool:
        for selected in frames:
            for loop in loops.values():
                loop.show(selected)
            score = partial(_Loop.score, selected=selected, seen=see(selected.frame))
            first, *_ = pool.map(score, loops.values())
            film.append(selected, first.change)
            report(len(film.numbers))
    if not film.numbers:
        raise OptionError("no frame of the film is selected; choose others, or do without --skip-black")
    film.dithers.update({label: Scored(loop.scores.summary(), loop.trace) for label, loop in loops.items()})
    return film
