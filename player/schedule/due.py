"""When is the next frame due? Pure arithmetic on seconds.

Within a run everything is on a monotonic clock, so that a step of the wall clock moves no frame. The wall
clock is asked only across a restart, and it is not believed: a Raspberry Pi has no clock of its own and may
start years off.
"""

from typing import NamedTuple

from player.schedule.quiet import Quiet


class Schedule(NamedTuple):
    """Moments on the monotonic clock, in seconds. `due`: when the next frame is due; `interval`: from frame
    to frame; `up`: when the frame on the glass was due, None before the first. `until`: set while the next
    frame to show is that of an earlier run, drawn again: when the one after it is due.
    """

    due: float
    interval: float
    up: float | None = None
    until: float | None = None

    def shown(self, at: float) -> "Schedule":
        """A frame went up at `at`. One that was drawn again is followed when it would have been anyway."""
        if self.until is not None:
            return self._replace(due=self.until, up=self.until - self.interval, until=None)
        due = next_due(self.due, self.interval, at)
        return self._replace(due=due, up=due - self.interval)

    def at_once(self, now: float) -> "Schedule":
        """The next frame is due now, whatever the one of an earlier run."""
        return self._replace(due=now, until=None)

    def keep_to_interval(self, now: float) -> "Schedule":
        """The next frame comes one interval after the one on the glass, at once when that is past."""
        return self if self.up is None else self._replace(due=max(self.up + self.interval, now))


def next_due(due: float, interval: float, now: float) -> float:
    """When the frame after the one that was due at `due` and went up at `now` is due.

    On the grid of the interval, so that small delays do not add up. When more than half an interval is lost
    the grid starts anew: missed frames are not caught up with, and no two come in quick succession.
    """
    return due + interval if now - due <= interval / 2 else now + interval


def after_restart(next_due_wall: float | None, interval: float, wall: float) -> float:
    """Seconds to wait before the frame that was due at `next_due_wall` (Unix time): 0 to `interval`."""
    if next_due_wall is None:
        return 0.0
    return min(max(next_due_wall - wall, 0.0), interval)


def ends_at(next_due_wall: float, interval: float, frames_left: int, quiet: Quiet) -> float | None:
    """Unix time when the last of the `frames_left` frames still to come has stood for one interval; None when
    quiet hours never end.
    """
    return quiet.later(next_due_wall, frames_left * interval)
