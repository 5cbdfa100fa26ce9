"""When the next frame is due: the schedule with pause, quiet hours and `finish_by`.

What is due lies on the monotonic clock, so that a wall clock that is set moves no frame. Quiet hours and
`finish_by` are asked of the wall clock at every turn, so they follow it and the time zone.
"""

from collections.abc import Callable

from player.config.settings import Config
from player.schedule import due as schedule
from player.schedule.finish import interval_for
from player.schedule.quiet import (
    Local,
    Quiet,
)

_STEP = 2.0  # seconds by which the clocks may part before the wall clock counts as set


class Timing:
    """`due`: when the next frame is due; `up`: when the frame on the glass was due, None before the first;
    `stands_until`: set while the frame of an earlier run stands, then the next one is due. All on `clock`,
    in seconds; `interval` in seconds.
    """

    def __init__(
        self, config: Config, clock: Callable[[], float], wall: Callable[[], float], local: Local
    ) -> None:
        self._clock, self._wall, self._local = clock, wall, local
        self._offset = wall() - clock()
        self.due = clock()
        self.up: float | None = None
        self.stands_until: float | None = None
        self.paused = False
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Take quiet hours, `finish_by` and interval from these settings."""
        self._finish_by = config.finish_by
        self.interval = self._given = config.interval
        self.quiet = Quiet(config.quiet, config.quiet_days, self._local)

    def plan(self, frames: int) -> None:
        """Choose the interval by which `frames` more come up by `finish_by`, if that is set.

        ConfigError when they cannot; then the interval is that of the settings.
        """
        self.interval = self._given
        if self._finish_by is not None and frames > 0:
            start = self.wall_at(self._clock() if self.up is None else self.up)
            self.interval = interval_for(self._finish_by, start, frames, self.quiet, self._local)

    def keep_to_interval(self) -> None:
        """The next frame one interval after the one on the glass, at once when that is past."""
        if self.up is not None:
            self.due = max(self.up + self.interval, self._clock())

    def shown(self, at: float) -> None:
        """A frame went up at `at`; one that stood already is due to be followed when it would have been."""
        if self.stands_until is not None:
            self.up, self.due = self.stands_until - self.interval, self.stands_until
            self.stands_until = None
        else:
            self.due = schedule.next_due(self.due, self.interval, at)
            self.up = self.due - self.interval

    def is_quiet(self) -> bool:
        """Whether no update is made now."""
        return self.quiet.at(self._wall())

    def quiet_left(self) -> float:
        """Seconds of quiet to come; infinite when it never ends."""
        now = self._wall()
        ends = self.quiet.ends(now)
        return float("inf") if ends is None else ends - now

    def next_due(self) -> float | None:
        """Unix time when the next frame comes, by the clocks as they are; None when it never does."""
        due = self.due if self.stands_until is None else self.stands_until
        return self.quiet.ends(self.wall_at(max(due, self._clock())))

    def wall_at(self, clock: float) -> float:
        """Unix time of a moment on the clock."""
        return self._wall() - self._clock() + clock

    def was_set(self) -> float:
        """Seconds by which the wall clock was set since this was asked last, 0 when it was not."""
        offset = self._wall() - self._clock()
        step = offset - self._offset
        if abs(step) < _STEP:
            return 0.0
        self._offset = offset
        return step
