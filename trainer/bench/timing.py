"""Seconds of work done again and again, and what follows from them. Pure but for the work and the clock."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

Clock = Callable[[], float]
Work = Callable[[], object]

LEAST = 3
"""Runs that a median is taken over, even where they outlast the time for them."""
FILM_FRAMES = 160_000
"""Frames of a film: not quite two hours at 24 per second."""


@dataclass(frozen=True)
class Timing:
    """Seconds of the first run, which warms up and may compile, and of each run after it."""

    first: float
    each: tuple[float, ...]

    @property
    def median(self) -> float:
        """Seconds of a run, the first left out."""
        return median(self.each)


def in_turn(works: Sequence[Work], seconds: float, clock: Clock = time.perf_counter) -> list[Timing]:
    """Run all works once, then one after the other for `seconds` in all, `LEAST` times each at the least.

    In turn, so that whatever else the machine does meanwhile slows all of them down.
    """
    spent: list[list[float]] = [[] for _ in works]
    begun = clock()
    while len(spent[0]) <= LEAST or clock() - begun < seconds:
        for work, its in zip(works, spent, strict=True):
            before = clock()
            work()
            its.append(clock() - before)
        if len(spent[0]) == 1:
            begun = clock()
    return [Timing(first, tuple(each)) for first, *each in spent]


def in_words(seconds: float) -> str:
    """A long time as a person would say it: `40 seconds`, `35 minutes`, `7.4 hours`, `12 hours`, `3.1 days`.

    Two digits, whole numbers from 10 on.
    """
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * length:
            number = seconds / length
            return f"{number:.1f} {unit}" if number < 9.95 else f"{number:,.0f} {unit}"
    return f"{seconds:.0f} seconds"
