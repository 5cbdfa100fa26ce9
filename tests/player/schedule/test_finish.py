"""`finish_by`: the interval that is chosen, and what is refused."""

import time
from datetime import datetime

import pytest

from player.errors import ConfigError
from player.schedule.finish import interval_for, parse_moment
from player.schedule.quiet import Quiet

NOON = 1_777_982_400.0  # 2026-05-05 12:00 UTC
NO_QUIET = Quiet("", "", time.gmtime)


def test_a_date_means_its_end():
    assert parse_moment("2026-05-05", "") == datetime(2026, 5, 6)
    assert parse_moment("2026-05-05 20:15", "") == datetime(2026, 5, 5, 20, 15)
    assert parse_moment("2026-05-05T20:15:30", "") == datetime(2026, 5, 5, 20, 15, 30)


@pytest.mark.parametrize("text", ["soon", "2026-13-01", "2026-05-05 25:00", "12:00", "9999-12-31"])
def test_what_is_no_date_is_one_line(text):
    with pytest.raises(ConfigError, match=f"--finish-by is '{text}'; "):
        parse_moment(text, "--finish-by")


def test_the_frames_are_spread_evenly():
    assert interval_for("2026-05-05 14:00", NOON, 10, NO_QUIET, time.gmtime) == (7200 - 60) / 10
    assert interval_for("2026-05-05", NOON, 10, NO_QUIET, time.gmtime) == (43200 - 60) / 10


def test_an_offset_is_believed():
    there = interval_for("2026-05-05T14:00+02:00", NOON - 60, 1, NO_QUIET, time.gmtime)
    assert there == pytest.approx(60 * 0.9), "14:00 in Berlin is noon; a tenth is kept in reserve"


def test_quiet_hours_are_left_out():
    quiet = Quiet("22:00-07:00", "", time.gmtime)
    found = interval_for("2026-05-06 12:00", NOON, 100, quiet, time.gmtime)
    assert found == (15 * 3600 - 60) / 100


def test_a_moment_that_is_past_or_too_near_is_one_line():
    with pytest.raises(ConfigError, match="finish_by 2026-05-05 11:59 is past; give a later date"):
        interval_for("2026-05-05 11:59", NOON, 10, NO_QUIET, time.gmtime)
    with pytest.raises(ConfigError, match="is too near: 4000 frames are left, and less than 2 seconds"):
        interval_for("2026-05-05 14:00", NOON, 4000, NO_QUIET, time.gmtime)
    with pytest.raises(ConfigError, match="is too near"):
        interval_for(
            "2026-05-05 23:00", NOON + 10 * 3600, 1, Quiet("22:00-23:30", "", time.gmtime), time.gmtime
        )


def test_no_interval_is_longer_than_a_week():
    assert interval_for("2126-05-05", NOON, 10, NO_QUIET, time.gmtime) == 604800
