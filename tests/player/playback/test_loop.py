"""The loop, with a panel, clocks and a wait that the test holds in its hand."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from playback_world import Power, World, damage, effective

from player.config.settings import Config
from player.errors import ConfigError, ReelError, Stopped
from player.playback.requests import Kind, Request
from player.progress import Progress
from player.reel import Reel, ReelWriter
from player.times import Place


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


CONFIG = Config(interval=100.0)


def test_a_film_from_the_first_frame_to_the_last(world, make_film, make_reel):
    path = make_reel(make_film(5, flips=0.01))
    assert world.play(CONFIG, [path]) == "ended"
    assert world.shown == [(50.5 + 100 * n, n) for n in range(5)]
    assert world.events[:4] == ["place", "redraw", "place", "sleep"]
    assert world.events[4:8] == ["place", "show", "place", "sleep"]
    kept = world.store.load()
    assert (kept.reel, kept.frame, kept.showing, kept.frames) == (str(path), 4, None, 5)
    assert kept.redraws == 1
    assert kept.shown_at == 1.7e9 + 450.5
    assert "all 5 frames have been shown" in world.lines[-1]


def test_the_intent_is_on_disk_before_the_panel_is_touched(world, make_film, make_reel):
    path = make_reel(make_film(3))
    kept = []
    draw = world.draw
    world.draw = lambda how, dither: (kept.append(world.store.load()), draw(how, dither))
    world.play(CONFIG, [path])
    assert [(progress.showing, progress.frame) for progress in kept] == [(0, None), (1, 0), (2, 1)]


def test_waits_that_end_late_do_not_add_up(world, make_film, make_reel):
    path = make_reel(make_film(8))
    wait = world.wait

    def late(seconds):
        request = wait(seconds)
        world.now += 3 if seconds > 0 else 0
        return request

    world.wait = late
    world.play(CONFIG, [path])
    assert world.shown == [(50.5, 0), *[(53.5 + 100 * n, n) for n in range(1, 8)]]


def test_the_panel_sleeps_only_when_there_is_time_for_it(world, make_film, make_reel):
    path = make_reel(make_film(4))
    world.play(replace(CONFIG, interval=2.0), [path])
    assert "sleep" not in world.events


def test_an_unchanged_frame_is_not_drawn_but_counted(world, make_film, make_reel):
    dither = make_film(1)[0]
    path = make_reel([dither, dither, dither])
    world.play(CONFIG, [path])
    assert [event for event in world.events if event not in ("place", "sleep")] == ["redraw"]
    assert world.numbers == [0, 1, 2]
    assert world.store.load().frame == 2


def test_redraws_follow_the_rule_and_the_settings(world, make_film, make_reel):
    path = make_reel(make_film(8, flips=0.1))
    world.play(replace(CONFIG, cooldown=3, threshold=0.05), [path])
    drawn = [event for event in world.events if event not in ("place", "sleep")]
    assert drawn == ["redraw", "show", "show", "redraw", "show", "show", "redraw", "show"]
    assert world.store.load().redraws == 3


def test_count_and_start(world, make_film, make_reel):
    path = make_reel(make_film(9))
    assert world.play(CONFIG, [path], Place("frame", 4), 2) == "ended"
    assert world.numbers == [4, 5]
    assert world.play(CONFIG, [path], Place("time", 161), 1) == "ended"
    assert world.numbers == [4, 5, 3]
    for place, said in ((Place("frame", 9), "has no frame 10"), (Place("time", 10**6), "has no 16:40")):
        with pytest.raises(ReelError, match=said + "; it holds frames 1 to 9"):
            world.play(CONFIG, [path], place)


def test_start_in_the_settings_is_where_a_new_reel_begins_and_no_more(world, make_film, make_reel):
    path = make_reel(make_film(9))
    config = replace(CONFIG, start="4")
    world.play(config, [path], None, 2)
    world.now += 100
    world.play(config, [path], None, 2)
    assert world.numbers == [3, 4, 5, 6]


@pytest.mark.parametrize("step", [0, -1e7], ids=["", "clock steps back"])
@pytest.mark.parametrize("interval", [0.0, 100.0])
def test_after_a_power_cut_the_same_or_the_next_frame_comes(world, make_film, make_reel, interval, step):
    """Cut at every touch of panel or disk in turn; never back, never forth by more than one."""
    path = make_reel(make_film(40, flips=0.02))
    config = replace(CONFIG, interval=interval)
    on_glass = -1
    for cut in [*range(12), *range(12)]:
        world.cut_at = cut
        world.shown.clear()
        begun = len(world.events)
        with pytest.raises(Power):
            world.play(config, [path])
        assert "redraw" in world.events[begun:] or cut < 3
        for number in world.numbers:
            assert number in (on_glass, on_glass + 1)
            on_glass = max(on_glass, number)
        if world.glass is not None:  # a picture may have gone up without being confirmed
            with Reel(path) as reel:
                now = next(n for n in range(40) if (reel.dither(n) == world.glass).all())
            assert now in (on_glass, on_glass + 1)
            on_glass = now
        world.now += 30
        world.wall_offset += step
    assert on_glass >= (15 if interval == 0 else 2)


def test_a_restart_waits_for_the_frame_that_is_not_yet_due(world, make_film, make_reel):
    path = make_reel(make_film(9))
    world.play(CONFIG, [path], None, 3)
    before = world.store.load()
    world.now += 30
    world.play(CONFIG, [path], None, 1)
    assert world.numbers == [0, 1, 2, 2, 3], "the frame on the glass is drawn again, then the next one is due"
    assert world.shown[4][0] - world.shown[2][0] == 100
    assert world.shown[3][0] - world.shown[2][0] == 30.5
    assert world.store.load().redraws == before.redraws + 1


def test_a_restart_after_the_next_frame_was_due_goes_on(world, make_film, make_reel):
    path = make_reel(make_film(9))
    world.play(CONFIG, [path], None, 3)
    world.now += 5000
    world.play(CONFIG, [path], None, 1)
    assert world.numbers == [0, 1, 2, 3]


@pytest.mark.parametrize("jump", [-1e9, 1e9])
def test_a_wall_clock_that_steps_by_years_costs_one_interval_at_most(world, make_film, make_reel, jump):
    path = make_reel(make_film(9))
    world.play(CONFIG, [path], None, 3)
    ended = world.now
    world.wall_offset += jump
    world.play(CONFIG, [path], None, 1)
    assert world.numbers[-1] == 3
    assert world.shown[-1][0] - ended <= 101


def test_a_wall_clock_that_steps_within_a_run_changes_nothing(world, make_film, make_reel):
    path = make_reel(make_film(6))
    step = itertools.cycle([0, 1e8, -1e9, 1e9])
    wait = world.wait

    def stepping(seconds):
        world.wall_offset = 1.7e9 + next(step)
        return wait(seconds)

    world.wait = stepping
    world.play(CONFIG, [path])
    assert world.shown == [(50.5 + 100 * n, n) for n in range(6)]


def test_a_film_that_is_over_stays_over(world, make_film, make_reel):
    path = make_reel(make_film(3))
    world.play(CONFIG, [path])
    events = list(world.events)
    assert world.play(CONFIG, [path]) == "ended"
    assert world.events == events, "the panel is not touched"
    assert "--start 1 shows them again" in world.lines[-1]


def test_next_shows_every_reel_and_loop_begins_again(world, make_film, make_reel):
    a, b = make_reel(make_film(2, seed=1), "a.reel"), make_reel(make_film(3, seed=2), "b.reel")
    assert world.play(replace(CONFIG, end="next"), [a, b]) == "ended"
    assert world.numbers == [0, 1, 0, 1, 2]
    assert world.store.load().reel == str(b)
    world.shown.clear()
    assert world.play(replace(CONFIG, end="loop"), [a, b], None, 8) == "ended"
    assert world.numbers == [2, 0, 1, 0, 1, 2, 0, 1, 0], "drawn again, as the next frame is not yet due"


def test_stop_ends_after_the_first_reel(world, make_film, make_reel):
    a, b = make_reel(make_film(2, seed=1), "a.reel"), make_reel(make_film(3, seed=2), "b.reel")
    assert world.play(CONFIG, [a, b]) == "ended"
    assert world.numbers == [0, 1]


def test_a_reel_that_cannot_be_opened_is_passed_over(world, tmp_path, make_film, make_reel):
    a, c = make_reel(make_film(2, seed=1), "a.reel"), make_reel(make_film(2, seed=2), "c.reel")
    b = tmp_path / "b.reel"
    b.write_text("nothing")
    assert world.play(replace(CONFIG, end="next"), [a, b, c]) == "ended"
    assert world.numbers == [0, 1, 0, 1]
    assert any("b.reel: is not a reel" in line for line in world.lines)


def test_the_run_ends_when_none_of_the_reels_to_come_can_be_opened(world, tmp_path, make_film, make_reel):
    a, b = make_reel(make_film(2, seed=1), "a.reel"), tmp_path / "b.reel"
    b.write_text("nothing")
    assert world.play(replace(CONFIG, end="next"), [a, b]) == "ended"
    assert world.numbers == [0, 1]
    assert world.drawn == ["redraw", "show"], "no card: only a service waits for requests"


def test_another_reel_begins_at_its_beginning_and_an_exchanged_one_goes_on(world, make_film, make_reel):
    a, b = make_reel(make_film(9), "a.reel"), make_reel(make_film(9, seed=2), "b.reel")
    world.play(CONFIG, [a], None, 5)
    world.now += 200
    world.play(CONFIG, [b], None, 2)
    assert world.numbers == [0, 1, 2, 3, 4, 0, 1]
    world.now += 200
    world.store.save(replace(world.store.load(), created="long ago"))
    world.play(CONFIG, [b], None, 1)
    assert world.numbers[-1] == 2
    assert any("is not the same reel as before" in line for line in world.lines)
    b.unlink()
    make_reel(make_film(2, seed=3), "b.reel")
    world.play(CONFIG, [b], None, 1)
    assert world.numbers[-1] == 1, "a shorter one: its last frame"


def test_an_unfinished_reel_is_shown_as_far_as_it_goes_and_then_what_came_since(
    world, tmp_path, make_film, make_reel
):
    dithers = make_film(6)
    path = make_reel(dithers[:3], finish=False)
    wait = world.wait

    def exporting(seconds):
        if world.numbers == [0, 1]:
            with ReelWriter(path, {"film": "a film"}, 44, 24) as writer:
                for number in range(writer.frames, 5):
                    writer.append(dithers[number], number * 80, number, False)
        return wait(seconds)

    world.wait = exporting
    assert world.play(CONFIG, [path]) == "ended"
    assert world.numbers == [0, 1, 2, 3, 4]
    assert "its export was not finished; showing the 3 frames it holds" in world.lines[0]


def test_a_damaged_frame_is_reported_and_skipped_to_the_next_key_frame(world, make_film, make_reel):
    dithers = make_film(12, flips=0.01)
    path = make_reel(dithers, cuts=(6,))
    damage(path, 2)
    assert world.play(CONFIG, [path]) == "ended"
    assert world.numbers == [0, 1, 6, 7, 8, 9, 10, 11]
    assert [at for at, _ in world.shown] == [50.5 + 100 * n for n in range(8)]
    assert sum("frame 3 is damaged" in line and "go on at frame 7" in line for line in world.lines) == 1


def test_damage_to_the_end_ends_the_reel(world, make_film, make_reel):
    path = make_reel(make_film(5, flips=0.01))
    damage(path, 3)
    assert world.play(CONFIG, [path]) == "ended"
    assert world.numbers == [0, 1, 2]


def test_a_loop_over_nothing_but_damage_is_an_error_and_not_a_busy_loop(world, make_film, make_reel):
    path = make_reel(make_film(5, flips=0.01))
    damage(path, 0)
    with pytest.raises(ReelError, match="no frame of it can be shown"):
        world.play(replace(CONFIG, end="loop"), [path])
    assert world.events == []


def test_a_loop_goes_on_past_a_reel_that_is_all_damage(world, make_film, make_reel):
    a, b, c = (make_reel(make_film(2, seed=seed, flips=0.01), f"{seed}.reel") for seed in (1, 2, 3))
    damage(b, 0)
    assert world.play(replace(CONFIG, end="loop"), [a, b, c], None, 10) == "ended"
    assert world.numbers == [0, 1] * 5
    assert sum(": frame 1 is damaged" in line for line in world.lines) == 2


def test_a_reel_that_does_not_fit_the_panel_is_one_line(world, make_film, make_reel):
    world.size = (1448, 1072)
    path = make_reel(make_film(2))
    with pytest.raises(
        ReelError, match="is 44x24 and the panel 1448x1072; export the film again with --size 1448x1072"
    ):
        world.play(CONFIG, [path])


def test_a_reel_without_frames_is_one_line(world, tmp_path):
    ReelWriter(tmp_path / "film.reel", {}, 44, 24).close()
    with pytest.raises(ReelError, match="holds no frame yet"):
        world.play(CONFIG, [tmp_path / "film.reel"])


def test_stop_ends_the_wait_and_comes_before_the_first_frame(world, make_film, make_reel):
    path = make_reel(make_film(9))
    world.requests = [(275.0, Request(Kind.STOP))]
    assert world.play(CONFIG, [path]) == "stopped"
    assert world.now == 275.0
    assert world.numbers == [0, 1, 2]
    world.requests = [(0.0, Request(Kind.STOP))]
    assert world.play(CONFIG, [path]) == "stopped"
    assert world.numbers == [0, 1, 2]


def test_a_new_interval_counts_from_the_frame_on_the_glass_and_draws_nothing(world, make_film, make_reel):
    path = make_reel(make_film(5))
    world.settings = effective(replace(CONFIG, interval=40.0), [path])
    world.requests = [(160.0, Request(Kind.RELOAD))]
    world.play(CONFIG, [path])
    assert [at for at, _ in world.shown] == [50.5, 150.5, 190.5, 230.5, 270.5]
    assert "changed: interval" in " ".join(world.lines)
    assert world.events.count("redraw") == 1


def test_a_new_rule_is_applied_to_the_next_frame(world, make_film, make_reel):
    path = make_reel(make_film(5, flips=0.1))
    world.settings = effective(replace(CONFIG, cooldown=0, threshold=0.01), [path])
    world.requests = [(260.0, Request(Kind.RELOAD))]
    world.play(CONFIG, [path])
    drawn = [event for event in world.events if event not in ("place", "sleep")]
    assert drawn == ["redraw", "show", "show", "redraw", "redraw"]


def test_a_configuration_that_is_wrong_or_the_same_changes_nothing(world, make_film, make_reel):
    path = make_reel(make_film(3))

    def wrong():
        raise ConfigError("player.toml, line 1: intervall is no setting; did you mean interval?")

    deps = world.dependencies()
    world.dependencies = lambda: replace(deps, reload=wrong)
    world.requests = [(60.0, Request(Kind.RELOAD))]
    assert world.play(CONFIG, [path]) == "ended"
    assert world.shown == [(50.5 + 100 * n, n) for n in range(3)]
    assert any("the configuration stays as it was: player.toml, line 1" in line for line in world.lines)


@pytest.mark.parametrize("change", [{"vcom": -2.0}, {"rotate": 180}, {"simulated": "x"}, {"state": "y"}])
def test_a_change_of_the_panel_asks_for_a_new_one(world, make_film, make_reel, change):
    path = make_reel(make_film(3))
    world.settings = effective(replace(CONFIG, **change), [path])
    world.requests = [(160.0, Request(Kind.RELOAD))]
    assert world.play(CONFIG, [path]) == "reopen"
    assert world.numbers == [0, 1]


def test_an_empty_progress_is_a_fresh_start(world, make_film, make_reel):
    world.store.save(Progress())
    world.play(CONFIG, [make_reel(make_film(2))])
    assert world.numbers == [0, 1]
    assert isinstance(world.store.path, Path)


def test_reading_that_is_stopped_ends_the_run_with_its_place(world, make_film, make_reel, monkeypatch):
    reel = make_reel(make_film(30, flips=0.01))
    world.play(Config(interval=100.0), [reel], until=300.0)
    place, dither = world.store.load(), Reel.dither

    def reading(self, number):
        if world.now > 500:
            raise Stopped
        return dither(self, number)

    monkeypatch.setattr(Reel, "dither", reading)
    assert world.play(Config(interval=100.0), [reel]) == "stopped"
    assert world.store.load().frame > place.frame
    assert not any("damaged" in line for line in world.lines)
