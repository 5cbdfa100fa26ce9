"""The reel's redraw plan: followed from frame to frame, and a redraw wherever the film does not go on so."""

import re
import sqlite3
from dataclasses import replace

import pytest
from playback_world import World, damage, effective

from player.config.settings import Config
from player.playback.requests import Kind
from player.reel import Reel
from player.times import Place

CONFIG = Config(interval=100.0)
PLAN = (0, 6, 7, 14)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def reel(make_film, make_reel):
    """Twenty frames in four stretches. Three of them differ enough for the rule."""
    return make_reel(make_film(20, flips=0.04), redraws=PLAN)


def drawn(world):
    """[(frame from 0, why it was redrawn, "" when it was not)] from the log."""
    found = (re.match(r"frame (\d+) of \d+ \(\S+\): (?:redraw \((.*?)\)|.*?),", line) for line in world.lines)
    return [(int(match[1]) - 1, match[2] or "") for match in found if match]


def redraws(world):
    return [(number, why) for number, why in drawn(world) if why]


EAGER = replace(CONFIG, threshold=0.05, cooldown=3)  # the rule alone would redraw every third frame


def test_the_plan_is_followed_over_a_whole_reel_whatever_the_rule_says(world, reel):
    world.play(EAGER, [reel])
    assert redraws(world) == [(0, "start"), (6, "planned"), (7, "planned"), (14, "planned")]
    assert world.numbers == list(range(20))
    assert world.drawn.count("redraw") == world.store.load().redraws == 4


def test_a_panel_without_partial_updates_redraws_what_changes_and_nothing_else(world, make_film, make_reel):
    first, second, third = make_film(3, flips=0.04)
    reel = make_reel([first, first, second, second, third], redraws=(0, 1, 2))
    world.partial = False
    world.play(EAGER, [reel])
    change = "no partial update"
    assert drawn(world) == [(0, "start"), (1, ""), (2, change), (3, ""), (4, change)]
    assert world.drawn == ["redraw"] * 3


def test_a_reel_without_a_plan_is_shown_by_the_rule(world, make_film, make_reel):
    path = make_reel(make_film(20, flips=0.04))
    older = path.with_name("older.reel")
    older.write_bytes(path.read_bytes())
    with sqlite3.connect(older) as connection:
        connection.execute("DROP INDEX IF EXISTS redraws")
        connection.execute("ALTER TABLE frames DROP COLUMN redraw")
    connection.close()
    with Reel(older) as opened:
        assert opened.redraws is None
    for film in (path, older):
        world.lines.clear()
        world.play(EAGER, [film])
        assert redraws(world)[0] == (0, "start")
        assert {why for _, why in redraws(world)[1:]} == {"net change"}
        assert 4 <= len(redraws(world)) <= 7


@pytest.mark.parametrize("planned", [True, False])
def test_a_jump_within_a_stretch_or_to_another_is_a_redraw(world, make_film, make_reel, planned):
    """Also in a reel without a plan; the film goes on from there by plan or rule."""
    path = make_reel(make_film(20, flips=0.01), redraws=PLAN if planned else ())
    for at, number in ((60.0, 4), (70.0, 10), (80.0, 3)):
        world.ask(at, Kind.GO_TO, Place("frame", number))
    world.play(CONFIG, [path], until=600.0)
    assert drawn(world)[:4] == [(0, "start"), (4, "jump"), (10, "jump"), (3, "jump")]
    rest = [(4, ""), (5, ""), (6, "planned" if planned else ""), (7, "planned" if planned else ""), (8, "")]
    assert drawn(world)[4:] == rest


def test_a_jump_to_a_damaged_frame_is_a_redraw_of_the_next_that_can_be_shown(world, make_film, make_reel):
    path = make_reel(make_film(20, flips=0.01), redraws=(0,), cuts=(12,))
    damage(path, 9)
    world.ask(60.0, Kind.GO_TO, Place("frame", 9))
    world.play(CONFIG, [path], until=200.0)
    assert drawn(world) == [(0, "start"), (12, "jump"), (13, "")]


@pytest.mark.parametrize("plan", [PLAN, ()])
def test_a_reel_that_is_chosen_begins_with_a_redraw(world, make_film, make_reel, plan):
    one, other = (make_reel(make_film(9, flips=0.01), name, redraws=plan) for name in ("a.reel", "b.reel"))
    world.ask(160.0, Kind.CHOOSE, other)
    world.play(CONFIG, [one], until=300.0)
    assert drawn(world) == [(0, "start"), (1, ""), (0, "another reel"), (1, "")]


@pytest.mark.parametrize("plan", [PLAN, ()])
def test_a_playlist_that_names_other_reels_begins_with_a_redraw(world, make_film, make_reel, plan):
    one, other = (make_reel(make_film(9, flips=0.01), name, redraws=plan) for name in ("a.reel", "b.reel"))
    world.settings = effective(CONFIG, [other])
    world.ask(160.0, Kind.RELOAD)
    world.play(CONFIG, [one], until=200.0)
    assert drawn(world) == [(0, "start"), (1, ""), (0, "another reel")]


def test_the_next_reel_of_a_playlist_begins_with_a_redraw_if_it_has_a_plan(world, make_film, make_reel):
    """Even where its first frame is passed over. Without a plan it is up to the rule."""
    one = make_reel(make_film(2, flips=0.01), "a.reel", redraws=(0,))
    other = make_reel(make_film(9, flips=0.01), "b.reel", redraws=(0, 7), cuts=(3,))
    damage(other, 0)
    older = make_reel(make_film(2, flips=0.01), "c.reel")
    world.play(replace(CONFIG, end="next"), [one, other, older])
    assert drawn(world) == [
        (0, "start"), (1, ""), (3, "another reel"), (4, ""), (5, ""), (6, ""), (7, "planned"), (8, ""),
        (0, ""), (1, ""),
    ]  # fmt: skip


def test_a_reel_that_was_exchanged_meanwhile_is_another_one(world, make_film, make_reel, monkeypatch):
    from player.reel import reader

    path = make_reel(make_film(20, flips=0.01), redraws=(0,))
    row = reader.Reel._row
    wait = world.wait

    def exchanging(seconds):
        if world.numbers == [0, 1, 2] and world.lines[-1].startswith("frame 3"):
            path.unlink()
            make_reel(make_film(20, seed=8, flips=0.01), redraws=(0,))
            with sqlite3.connect(path) as connection:
                connection.execute("UPDATE reel SET value = 'later' WHERE key = 'created'")
            connection.close()
            monkeypatch.setattr(reader.Reel, "_row", gone)
        return wait(seconds)

    def gone(self, query, number, asked):
        monkeypatch.setattr(reader.Reel, "_row", row)
        raise reader.ReelError(f"{self.path}: no such file")

    world.wait = exchanging
    world.play(replace(CONFIG, wait_for_films=True), [path], until=390.0)
    assert drawn(world) == [(0, "start"), (1, ""), (2, ""), (3, "another reel")]


def test_steps_of_three_redraw_where_they_lead_into_another_stretch(world, reel):
    world.play(replace(CONFIG, step=3, threshold=1.0), [reel])
    assert drawn(world) == [
        (0, "start"), (3, ""), (6, "planned"), (9, "planned"), (12, ""), (15, "planned"), (18, "")
    ]  # fmt: skip


def test_within_a_stretch_the_rule_judges_other_steps(world, make_film, make_reel):
    path = make_reel(make_film(12, flips=0.04), redraws=(0,))
    config = replace(CONFIG, threshold=0.05, cooldown=1)
    world.play(replace(config, step=3), [path])
    assert redraws(world) == [(0, "start"), (3, "net change"), (6, "net change"), (9, "net change")]


@pytest.mark.parametrize(("threshold", "within"), [(1.0, ""), (0.001, "net change")])
def test_back_redraws_where_it_leads_into_another_stretch(world, reel, threshold, within):
    for at in (60.0, 70.0, 80.0):
        world.ask(at, Kind.BACK)
    config = replace(CONFIG, threshold=threshold, cooldown=1)
    world.play(config, [reel], Place("frame", 8), until=190.0)
    assert drawn(world) == [(8, "start"), (7, within), (6, "planned"), (5, "planned"), (6, "planned")]


def test_a_damaged_frame_at_the_start_of_a_stretch(world, make_film, make_reel):
    """The first frame of the stretch that can be shown is redrawn instead."""
    path = make_reel(make_film(20, flips=0.01), redraws=PLAN, cuts=(10,))
    damage(path, 7)
    world.play(EAGER, [path])
    assert redraws(world) == [(0, "start"), (6, "planned"), (10, "planned"), (14, "planned")]


def test_black_at_the_start_of_a_stretch(world, make_film, make_reel):
    dithers = make_film(20, flips=0.01)
    dithers[6] = dithers[7] = dithers[8] = dithers[0] * 0
    path = make_reel(dithers, redraws=PLAN)
    world.play(replace(CONFIG, skip_black=True), [path])
    assert redraws(world) == [(0, "start"), (9, "planned"), (14, "planned")]


def test_a_new_caption_within_a_stretch_causes_no_redraw(world, tmp_path, make_film, make_reel):
    path = make_reel(make_film(4, flips=0.04, width=200, height=160), redraws=(0,))
    world.size = (200, 160)
    config = replace(CONFIG, threshold=0.001, cooldown=1)
    world.ask(160.0, Kind.SET, {"caption": "frame"})
    world.play(effective(config, [path])._replace(changes=tmp_path / "changes.json"), [path], until=270.0)
    assert world.drawn == ["redraw", "show", "show", "show"]


def test_the_daily_redraw_comes_within_a_stretch_too(world, make_film, make_reel):
    path = make_reel(make_film(60, flips=0.001), redraws=(0,))
    world.play(replace(CONFIG, interval=1800.0), [path])
    assert redraws(world) == [(0, "start"), (49, "daily")]


def test_the_plan_holds_over_runs_that_go_on_from_the_glass(world, reel):
    """As with a timer: one run for each frame, with a panel that keeps its power."""
    for number in range(20):
        world.play(EAGER, [reel], None, 1, once=True, attached=number > 0)
        world.now += 100
    assert redraws(world) == [(0, "start"), (6, "planned"), (7, "planned"), (14, "planned")]
