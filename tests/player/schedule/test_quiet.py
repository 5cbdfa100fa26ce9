"""Quiet hours and days by the local clock, across the changes to and from daylight saving time."""

import calendar
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zones import BERLIN, at, local_in

from player.errors import ConfigError
from player.schedule.quiet import Quiet, moment, parse_days, parse_hours, system_local

LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # its summer is half an hour
KATHMANDU = ZoneInfo("Asia/Kathmandu")  # 5:45


def shown(unix, zone=BERLIN):
    return datetime.fromtimestamp(unix, zone).strftime("%a %H:%M:%S")


def berlin(hours="", days=""):
    return Quiet(hours, days, local_in(BERLIN))


def test_without_a_word_nothing_is_quiet():
    quiet = berlin()
    assert not quiet.at(1e9)
    assert quiet.ends(1e9) == 1e9
    assert quiet.awake(1e9, 2e9) == 1e9
    assert quiet.later(1e9, 500.0) == 1e9 + 500


@pytest.mark.parametrize(
    ("clock", "quiet"),
    [("21:59:59", False), ("22:00:00", True), ("23:59:59", True), ("00:00:00", True), ("06:59:59", True),
     ("07:00:00", False), ("13:00:00", True), ("13:29:59", True), ("13:30:00", False)],
)  # fmt: skip
def test_hours_over_midnight_and_several(clock, quiet):
    assert berlin("22:00-07:00, 13:00-13:30").at(at(f"2026-05-05T{clock}")) is quiet


def test_days_are_whole():
    quiet = berlin(days="sat,Sun")
    friday, monday = at("2026-05-08T23:59:59"), at("2026-05-11T00:00:00")
    assert not quiet.at(friday)
    assert quiet.at(friday + 1)
    assert quiet.at(monday - 1)
    assert quiet.ends(friday + 1) == monday
    assert quiet.awake(friday + 1, monday) == 0


def test_hours_and_days_together():
    quiet = berlin("22:00-07:00", "sun")
    assert quiet.ends(at("2026-05-09T23:00")) == at("2026-05-11T07:00"), "from Saturday evening to Monday"


def test_the_hours_of_one_day_reach_into_the_next_week():
    assert berlin("22:00-07:00").at(at("2026-05-11T00:00")), "Sunday night is in Monday's morning"


def test_the_night_of_the_spring_is_an_hour_shorter():
    quiet = berlin("22:00-07:00")
    evening, morning = at("2026-03-28T22:00"), at("2026-03-29T07:00")
    assert morning - evening == 8 * 3600
    assert quiet.ends(evening) == morning
    assert not quiet.at(morning)
    assert quiet.at(morning - 1)
    assert quiet.awake(evening - 3600, morning + 3600) == 7200


def test_the_night_of_the_autumn_is_an_hour_longer():
    quiet = berlin("22:00-07:00")
    evening, morning = at("2026-10-24T22:00"), at("2026-10-25T07:00")
    assert morning - evening == 10 * 3600
    assert quiet.ends(evening) == morning
    assert quiet.later(evening - 60, 120.0) == morning + 60


def test_an_hour_that_does_not_come_in_spring_and_comes_twice_in_autumn():
    quiet = berlin("02:15-02:45")
    assert quiet.ends(at("2026-03-29T01:59")) == at("2026-03-29T01:59")
    assert quiet.awake(at("2026-03-29T01:00"), at("2026-03-29T04:00")) == 2 * 3600
    assert quiet.awake(at("2026-10-25T02:00"), at("2026-10-25T04:00")) == 2 * 3600
    again = at("2026-10-25T02:20") + 3600
    assert shown(again) == "Sun 02:20:00"
    assert quiet.at(again)


def test_quiet_that_begins_in_the_gap():
    """02:30 does not come that night: at 03:00 it is past."""
    quiet = berlin("02:30-05:00")
    gap = at("2026-03-29T03:00")
    assert not quiet.at(gap - 1)
    assert quiet.at(gap)
    assert quiet.ends(gap) == at("2026-03-29T05:00")


@pytest.mark.parametrize("zone", [BERLIN, LORD_HOWE, KATHMANDU], ids=str)
@settings(max_examples=30)
@given(
    start=st.integers(1_700_000_000, 1_800_000_000),
    length=st.integers(0, 300_000),
    hours=st.sampled_from(["22:00-07:00", "01:30-03:15,12:07-12:08", "00:00-23:59", "23:45-00:15"]),
    days=st.sampled_from(["", "sat,sun", "mon"]),
)
def test_what_is_awake_is_what_a_clock_on_the_wall_counts(zone, start, length, hours, days):
    """Against counting minute by minute with the zone's own arithmetic."""
    quiet = Quiet(hours, days, local_in(zone))
    windows = parse_hours(hours, "")

    def is_quiet(unix):
        there = datetime.fromtimestamp(unix, zone)
        minute = there.hour * 60 + there.minute
        if there.weekday() in parse_days(days, ""):
            return True
        return any(a <= minute < b if a < b else minute >= a or minute < b for a, b in windows)

    start -= start % 60
    minutes = [is_quiet(start + 60 * n) for n in range(length // 60)]
    assert quiet.awake(start, start + 60 * len(minutes)) == 60 * minutes.count(False)
    if False in minutes:
        assert quiet.ends(start) == start + 60 * minutes.index(False)
        awake = 60 * minutes.count(False)
        assert quiet.awake(start, quiet.later(start, awake)) == pytest.approx(awake)


def test_years_are_estimated_and_quickly():
    quiet = berlin("22:00-07:00", "sun")
    begun = time.perf_counter()
    awake = quiet.awake(at("1970-01-01T00:00"), at("2400-01-01T00:00"))
    assert awake == pytest.approx(430 * 365.2425 * 86400 * 6 / 7 * 15 / 24, rel=0.001)
    assert time.perf_counter() - begun < 2


def test_never_is_never():
    quiet = berlin("00:00-12:00,12:00-23:59", "sat")
    assert quiet.ends(at("2026-05-05T12:00")) == at("2026-05-05T23:59")
    never = berlin("00:00-12:00,12:00-24:00")
    assert never.at(1e9)
    assert never.ends(1e9) is None
    assert never.later(1e9, 1.0) is None
    assert never.awake(1e9, 2e9) == 0


@pytest.mark.parametrize(
    "text", ["22-7", "22:00", "25:00-07:00", "22:60-07:00", "22:00-24:01", "00:00-24:00", "07:00-07:00", "x,"]
)
def test_hours_that_are_none_are_one_line(text):
    with pytest.raises(ConfigError, match=f"quiet is '{text}'; "):
        parse_hours(text, "quiet")


@pytest.mark.parametrize("text", ["sa", "saturday", "mon,tue,wed,thu,fri,sat,sun", "mon-fri"])
def test_days_that_are_none_are_one_line(text):
    with pytest.raises(ConfigError, match=f"quiet_days is '{text}'; it must be days out of mon,"):
        parse_days(text, "quiet_days")


@pytest.mark.parametrize("zone", [BERLIN, LORD_HOWE, KATHMANDU], ids=str)
def test_the_moment_of_a_local_time(zone):
    naive = datetime(2026, 1, 1)
    while naive < datetime(2027, 1, 1):
        unix = moment(naive, local_in(zone))
        there = datetime.fromtimestamp(unix, zone).replace(tzinfo=None)
        assert abs(there - naive) <= timedelta(hours=1), "a time in the gap of spring is moved by it"
        assert there == naive or naive.month in (3, 10), naive
        naive += timedelta(minutes=30)
    assert moment(datetime(2026, 7, 1, 12), time.gmtime) == calendar.timegm((2026, 7, 1, 12, 0, 0))


@pytest.fixture
def zone_of_machine(monkeypatch):
    """Sets TZ; the zone of the machine afterwards is what it was."""
    yield lambda name: monkeypatch.setenv("TZ", name)
    monkeypatch.undo()
    time.tzset()


def test_a_zone_that_is_changed_counts_from_then_on(zone_of_machine):
    zone_of_machine("UTC")
    quiet = Quiet("22:00-07:00", "", system_local)
    midday = calendar.timegm((2026, 5, 5, 12, 0, 0))
    assert not quiet.at(midday)
    zone_of_machine("Etc/GMT-12")
    assert quiet.at(midday)
    zone_of_machine("UTC")
    assert not quiet.at(midday)


def test_moments_beyond_every_calendar_do_no_harm():
    assert system_local(1e30).tm_year in (1969, 1970)
    assert Quiet("22:00-07:00", "", system_local).at(1e30) in (True, False)


def test_what_is_ages_away_is_estimated_at_once():
    """A reel may claim millions of frames, and an interval may be a week."""
    quiet, began = berlin("22:00-07:00", "sun"), time.monotonic()
    years = 1000 * 365.25 * 86400
    found = quiet.later(1.7e9, years)
    assert found - 1.7e9 == pytest.approx(years * (24 * 7) / (15 * 6), rel=0.001)
    assert not quiet.at(found - 1)
    assert Quiet("22:00-07:00", "", system_local).later(1.7e9, 4e6 * 7 * 86400) > found
    assert time.monotonic() - began < 5
