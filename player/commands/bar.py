"""A progress bar with an estimate of the time left, on a terminal only."""

from collections.abc import Callable
from typing import TextIO

from player.times import span

_WIDTH = 30  # characters


class Bar:
    """Drawn on `stream` when that is a terminal, at most ten times a second on `clock`; `total` steps."""

    def __init__(self, total: int, stream: TextIO, clock: Callable[[], float]) -> None:
        self._total, self._stream, self._clock = total, stream, clock
        self._draws = stream.isatty() and total > 0
        self._begun = clock()
        self._drawn = self._begun

    def step(self, done: int) -> None:
        """`done` steps are done."""
        now = self._clock()
        if not self._draws or (now - self._drawn < 0.1 and done < self._total):
            return
        self._drawn = now
        filled = _WIDTH * done // self._total
        left = span((now - self._begun) / done * (self._total - done)) if done else "?"
        self._stream.write(f"\r[{'#' * filled:{_WIDTH}}] {done} of {self._total}, {left} left\033[K")
        self._stream.flush()

    def clear(self) -> None:
        """Take the bar away."""
        if self._draws:
            self._stream.write("\r\033[K")
            self._stream.flush()
