"""When frames come: quiet hours across the changes of the clock, `finish_by`, wall clocks and zones that are
set while the player runs.
"""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from playback_world import World, effective
from zones import BERLIN, at, local_in

from player.config.settings import Config
from player.errors import ConfigError
from player.playback.requests import Kind

HOUR = 3600.0


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.save = lambda progress: world.store.save(progress) if world.keep else None
    world.keep = False
    world.local = local_in(BERLIN)
    return world


@pytest.fixture
def reel(make_film, make_reel):
    return make_reel(make_film(60, flips=0.01))


def begin(world, text):
    """The player starts at this time on the clock in Berlin."""
    world.wall_offset = at(text) - world.now


def clock(world, zone=BERLIN):
    """When the frames came up, on the clock there, to the minute."""
    times = [datetime.fromtimestamp(time + world.wall_offset, zone) for time, _ in world.shown]
    return [f"{time:%a %H:%M}" for time in times]


def test_the_film_sleeps_at_night_and_goes_on_with_the_frame_that_was_due(world, reel):
    begin(world, "2026-05-05T20:00")
    world.play(replace(Config(), interval=HOUR, quiet="22:00-07:00"), [reel], until=world.now + 13 * HOUR)
    assert clock(world) == ["Tue 20:00", "Tue 21:00", "Wed 07:00", "Wed 08:00", "Wed 09:00"]
    assert world.numbers == [0, 1, 2, 3, 4]
    assert world.drawn == ["redraw", *["show"] * 4], "no flash in the morning"
    assert [line for line in world.lines if "quiet" in line][1:] == ["quiet hours are over"]
    assert world.lines[2].startswith("quiet until 2026-05-06")


def test_the_panel_sleeps_and_nothing_is_written_at_night(world, reel):
    begin(world, "2026-05-05T21:59")
    world.play(replace(Config(), interval=2.0, quiet="22:00-07:00"), [reel], until=world.now + 8 * HOUR)
    night = world.events[world.events.index("sleep") :]
    assert night == ["sleep"]
    assert world.snapshot.quiet
    assert world.snapshot.next_due == at("2026-05-06T07:00")
    assert world.snapshot.message == ""


@pytest.mark.parametrize(("day", "hours"), [("2026-03-28", 8), ("2026-10-24", 10), ("2026-05-05", 9)])
def test_the_nights_of_the_changed_clocks(world, reel, day, hours):
    """The film goes on at seven by the new clock."""
    begin(world, f"{day}T21:30")
    world.play(replace(Config(), interval=HOUR, quiet="22:00-07:00"), [reel], until=world.now + 13 * HOUR)
    assert clock(world)[:3][1].endswith("07:00")
    assert world.shown[1][0] - world.shown[0][0] == pytest.approx((hours + 0.5) * HOUR)


def test_quiet_days(world, reel):
    begin(world, "2026-05-08T22:00")
    world.play(replace(Config(), interval=HOUR, quiet_days="sat,sun"), [reel], until=world.now + 53 * HOUR)
    assert clock(world) == ["Fri 22:00", "Fri 23:00", *(f"Mon {hour:02}:00" for hour in range(4))]


def test_a_start_in_quiet_hours_draws_nothing_until_they_are_over(world, reel):
    begin(world, "2026-05-05T20:00")
    config = replace(Config(), interval=HOUR, quiet="22:00-07:00")
    world.keep = True
    world.play(config, [reel], until=world.now + 2 * HOUR)
    world.now += HOUR
    world.events.clear()
    world.play(config, [reel], until=world.now + 7.9 * HOUR)
    assert world.events == ["sleep"]
    world.play(config, [reel], until=world.now + 1.5 * HOUR)
    assert clock(world) == ["Tue 20:00", "Tue 21:00", "Wed 07:00", "Wed 08:00"]
    assert world.numbers == [0, 1, 2, 3], "the next one: the frame of the evening has had its time"


def test_what_is_asked_for_in_quiet_hours_is_done(world, reel):
    begin(world, "2026-05-05T21:50")
    start = world.now
    for hours, kind in ((1, Kind.NEXT), (2, Kind.REDRAW), (3, Kind.BACK)):
        world.ask(start + hours * HOUR, kind)
    world.play(replace(Config(), interval=HOUR, quiet="22:00-07:00"), [reel], until=start + 9.5 * HOUR)
    assert clock(world) == ["Tue 21:50", "Tue 22:50", "Wed 00:50", "Wed 07:00"]
    assert world.numbers == [0, 1, 0, 1]
    assert world.drawn == ["redraw", "show", "redraw", "show", "show"]


def test_a_redraw_before_the_first_picture_in_quiet_hours_brings_the_frame(world, reel):
    begin(world, "2026-05-05T23:00")
    world.ask(world.now + 60, Kind.REDRAW)
    world.play(replace(Config(), interval=HOUR, quiet="22:00-07:00"), [reel], until=world.now + 120)
    assert world.numbers == [0]
    assert world.drawn == ["redraw"]


def test_a_frame_asked_for_before_the_first_picture_is_the_next_one(world, reel):
    begin(world, "2026-05-05T21:50")
    config = replace(Config(), interval=HOUR, quiet="22:00-07:00")
    world.keep = True
    world.play(config, [reel], until=world.now + 60)
    world.now += 1800
    world.ask(world.now + 60, Kind.NEXT)
    world.play(config, [reel], until=world.now + 120)
    assert world.numbers == [0, 1]


@pytest.mark.parametrize("years", [-30, 30])
def test_a_wall_clock_set_by_years_moves_no_frame(world, reel, years):
    begin(world, "2026-05-05T12:00")
    wait = world.wait

    def setting(seconds):
        if len(world.shown) == 3:
            world.wall_offset = at("2026-05-05T12:00") + years * 365 * 86400
        return wait(seconds)

    world.wait = setting
    world.play(replace(Config(), interval=100.0), [reel], until=760.0)
    assert world.shown == [(50.5 + 100 * n, n) for n in range(8)]
    assert world.drawn.count("redraw") == 1
    said = [line for line in world.lines if "the clock was set" in line]
    assert len(said) == 1
    assert ("forward by 30 years" if years > 0 else "back by ") in said[0]


def test_quiet_hours_follow_a_clock_that_is_set(world, reel):
    """A Raspberry Pi starts with the time of its last run, and learns the true one later."""
    begin(world, "2026-05-05T03:00")
    wait = world.wait

    def setting(seconds):
        if world.now > 500:
            world.wall_offset = at("2026-05-05T12:00") - 50.0
        return wait(seconds)

    world.wait = setting
    world.play(replace(Config(), interval=100.0, quiet="22:00-07:00"), [reel], until=750.0)
    assert len(world.shown) >= 2
    assert 500 < world.shown[0][0] < 600, "within a minute"


def test_a_zone_that_is_changed_while_it_runs(world, reel):
    begin(world, "2026-05-05T21:30")
    wait = world.wait

    def travelling(seconds):
        if len(world.shown) == 1 and world.now > 3000:
            world.local = local_in(ZoneInfo("America/New_York"))  # 15:30
        return wait(seconds)

    world.wait = travelling
    world.play(replace(Config(), interval=600.0, quiet="21:35-07:00"), [reel], until=4600.0)
    assert world.numbers == [0, 1, 2, 3]
    assert world.drawn.count("redraw") == 1
    assert world.shown[1][0] < 3130, "within a minute or two"


def test_finish_by_brings_the_last_frame_up_in_time(world, reel):
    begin(world, "2026-05-05T12:00")
    world.play(replace(Config(), finish_by="2026-05-06 12:00"), [reel])
    assert world.numbers == list(range(60))
    last = world.shown[-1][0] + world.wall_offset
    assert at("2026-05-06T12:00") - 100 < last <= at("2026-05-06T12:00")
    gaps = np.diff([time for time, _ in world.shown])
    assert gaps.max() - gaps.min() < 2


@pytest.mark.parametrize("finish", ["2026-03-31 21:00", "2026-03-31 23:00", "2026-03-31 07:00"])
def test_finish_by_with_nights_and_the_change_of_the_clocks(world, reel, finish):
    begin(world, "2026-03-27T20:00")
    config = replace(Config(), finish_by=finish, quiet="22:00-07:00", quiet_days="sun")
    world.play(config, [reel])
    assert world.numbers == list(range(60))
    last, until = world.shown[-1][0] + world.wall_offset, at(finish)
    interval = world.playback.state.schedule.interval
    night = 9 * HOUR if finish.endswith(("23:00", "07:00")) else 0
    assert until - night - 2 * 3700 < last <= until, interval
    hours = {int(time.split()[1][:2]) for time in clock(world)}
    assert hours <= set(range(7, 22))
    assert not any(time.startswith("Sun") for time in clock(world))


def test_finish_by_is_chosen_anew_when_something_changes(world, tmp_path, reel):
    """Steps, jumps, settings and a clock that was wrong."""
    begin(world, "2026-05-05T12:00")
    settings = effective(replace(Config(), finish_by="2026-05-05 18:00"), [reel])
    world.ask(world.now + 1800, Kind.SET, {"step": 2})
    world.ask(world.now + 3600, Kind.NEXT)
    wait = world.wait

    def setting(seconds):
        if world.now > 8000:
            world.wall_offset = at("2026-05-05T12:00") - 50.0 + 1800
        return wait(seconds)

    world.wait = setting
    world.play(settings._replace(changes=tmp_path / "changes.json"), [reel])
    assert world.numbers[-1] in (58, 59)
    last = world.shown[-1][0] + world.wall_offset
    assert at("2026-05-05T18:00") - 120 < last <= at("2026-05-05T18:00")


def test_finish_by_holds_over_restarts(world, reel):
    """Also while a frame stands longer than the interval of the settings."""
    begin(world, "2026-05-05T12:00")
    world.keep = True
    config = replace(Config(), finish_by="2026-05-08 12:00")
    while True:
        world.now += 100
        if world.play(config, [reel], until=world.now + HOUR) == "ended":
            break
    assert sorted(set(world.numbers)) == list(range(60))
    last = next(time for time, number in world.shown if number == 59) + world.wall_offset
    assert at("2026-05-08T12:00") - HOUR < last <= at("2026-05-08T12:00")


def test_finish_by_counts_the_reels_to_come(world, make_film, make_reel):
    a, b = (make_reel(make_film(n, flips=0.01), f"{n}.reel") for n in (20, 40))
    begin(world, "2026-05-05T12:00")
    world.play(replace(Config(), finish_by="2026-05-05 13:00", end="next"), [a, b])
    assert world.numbers == [*range(20), *range(40)]
    assert 3400 < world.shown[-1][0] - 50 <= 3600


def test_finish_by_in_the_past_is_an_error_before_anything_is_drawn(world, reel):
    begin(world, "2026-05-05T12:00")
    for finish, said in (
        ("2026-05-04", "is past; give a later date"),
        ("2026-05-05 12:01", "is too near: 59"),
    ):
        with pytest.raises(ConfigError, match=said):
            world.play(replace(Config(), finish_by=finish), [reel])
    assert world.drawn == []


def test_a_service_goes_on_when_finish_by_is_past(world, reel):
    begin(world, "2026-05-05T12:00")
    config = replace(Config(), finish_by="2026-05-04", wait_for_films=True, interval=100.0)
    world.play(config, [reel], until=400.0)
    assert world.numbers == [0, 1, 2, 3]
    assert sum("finish_by 2026-05-04 is past" in line for line in world.lines) == 1


def test_finish_by_with_a_clock_that_is_years_off_at_the_start(world, reel):
    begin(world, "1970-01-02T00:00")
    wait = world.wait

    def setting(seconds):
        if world.now > 200:
            world.wall_offset = at("2026-05-05T12:00") - 200.0
        return wait(seconds)

    world.wait = setting
    world.play(replace(Config(), finish_by="2026-05-05 13:00"), [reel])
    assert world.numbers == list(range(60))
    assert at("2026-05-05T13:00") - 100 < world.shown[-1][0] + world.wall_offset <= at("2026-05-05T13:00")


def test_a_new_interval_after_a_night_does_not_hurry(world, reel):
    """The frame of the morning has stood for half an hour, whatever was due in the evening."""
    begin(world, "2026-05-05T21:30")
    config = replace(Config(), interval=HOUR, quiet="22:00-07:00")
    world.settings = effective(replace(config, interval=2 * HOUR), [reel])
    world.ask(world.now + 10 * HOUR, Kind.RELOAD)
    world.play(config, [reel], until=world.now + 12 * HOUR)
    assert clock(world) == ["Tue 21:30", "Wed 07:00", "Wed 09:00"]
