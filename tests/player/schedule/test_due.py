"""When the next frame is due, and what a restart makes of a wall clock that cannot be believed."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from player.schedule import due as schedule
from player.schedule.quiet import Quiet


def test_small_delays_do_not_add_up():
    due, shown = 0.0, []
    for delay in [0.0, 0.3, 5.0, 1.0, 99.0, 0.1] * 50:
        now = due + delay
        shown.append(now)
        due = schedule.next_due(due, 200.0, now)
    assert due == 300 * 200.0
    assert all(number * 200 <= at < number * 200 + 100 for number, at in enumerate(shown))


def test_missed_frames_are_not_caught_up_with():
    """After a long halt (the machine was suspended) the next frame comes one interval later, not at once."""
    assert schedule.next_due(1000.0, 200.0, 9999.0) == 10199.0
    assert schedule.next_due(1000.0, 200.0, 1101.0) == 1301.0


@given(st.lists(st.floats(0, 5000), max_size=50), st.sampled_from([0.0, 1.0, 200.0, 86400.0]))
def test_two_frames_are_never_nearer_than_half_an_interval(delays, interval):
    due, before = 0.0, None
    for delay in delays:
        now = due + delay
        if before is not None:
            assert now - before >= interval / 2 - 1e-6
        before, due = now, schedule.next_due(due, interval, now)


@pytest.mark.parametrize(
    ("next_due", "wall", "wait"),
    [
        (1000.0, 900.0, 100.0),
        (1000.0, 1000.0, 0.0),
        (1000.0, 5000.0, 0.0),
        (1000.0, 4e9, 0.0),
        (1e9, 1000.0, 200.0),  # the clock went back by years: never longer than one interval
        (None, 1000.0, 0.0),
    ],
)
def test_after_a_restart_the_wait_is_between_nothing_and_one_interval(next_due, wall, wait):
    assert schedule.after_restart(next_due, 200.0, wall) == wait


def test_the_end_is_when_the_last_frame_has_stood_its_time():
    assert schedule.ends_at(1000.0, 200.0, 3, Quiet("", "", time.gmtime)) == 1600.0


def test_the_end_waits_for_quiet_hours():
    midnight = 20_000 * 86400.0
    quiet = Quiet("22:00-07:00", "", time.gmtime)
    assert schedule.ends_at(midnight + 21.5 * 3600, 1800.0, 3, quiet) == midnight + (24 + 8) * 3600
