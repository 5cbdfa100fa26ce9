"""When is the next frame due? Pure arithmetic on seconds.

Within a run everything is on a monotonic clock, so that a step of the wall clock moves nothing. The wall
clock is asked only across a restart, and it is not believed: a Raspberry Pi has no clock of its own and may
start years off.
"""

from player.schedule.quiet import Quiet


def next_due(due: float, interval: float, now: float) -> float:
    """When the frame after the one that was due at `due` and went up at `now` is due.

    On the grid of the interval, so that small delays do not add up. When more than half an interval is lost
    the grid starts anew: frames that were missed are not caught up with, and no two come in quick
    succession.
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
