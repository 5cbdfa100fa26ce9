"""What a running player does about each request."""

import json
from dataclasses import replace

import numpy as np
import pytest
from playback_world import World, damage, effective

from driver.chart import UPDATES, chart
from player.config.settings import Config
from player.pictures.cards import address_card, end_card
from player.playback.dependencies import Address
from player.playback.reels import expand
from player.playback.requests import Kind
from player.times import Place

CONFIG = Config(interval=100.0)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def reel(make_film, make_reel):
    return make_reel(make_film(20, flips=0.01))


def test_a_pause_holds_the_picture_until_it_is_resumed(world, reel):
    world.ask(160.0, Kind.PAUSE)
    world.ask(5000.0, Kind.RESUME)
    world.play(CONFIG, [reel], until=5230.0)
    assert world.shown == [(50.5, 0), (150.5, 1), (5000.5, 2), (5100.5, 3), (5200.5, 4)]
    assert world.events.count("redraw") == 1


def test_a_resume_before_the_next_frame_was_due_waits_for_it(world, reel):
    world.ask(160.0, Kind.PAUSE)
    world.ask(200.0, Kind.RESUME)
    world.play(CONFIG, [reel], until=300.0)
    assert world.shown == [(50.5, 0), (150.5, 1), (250.5, 2)]


def test_the_frame_after_a_short_pause_stands_for_a_whole_interval(world, reel):
    world.ask(160.0, Kind.PAUSE)
    world.ask(280.0, Kind.RESUME)
    world.play(CONFIG, [reel], until=400.0)
    assert world.shown == [(50.5, 0), (150.5, 1), (280.5, 2), (380.5, 3)]


def test_the_panel_sleeps_in_a_pause_even_at_full_speed(world, reel):
    world.ask(55.0, Kind.PAUSE)
    world.play(replace(CONFIG, interval=1.0), [reel], until=1000.0)
    assert world.events[-1] == "sleep"
    assert world.events.count("sleep") == 1


def test_a_pause_survives_a_restart_and_nothing_but_a_request_ends_it(world, reel):
    world.ask(160.0, Kind.PAUSE)
    world.play(CONFIG, [reel], until=200.0)
    assert world.store.load().paused
    world.play(replace(CONFIG, interval=10.0, threshold=0.5), [reel], until=2000.0)
    assert world.numbers == [0, 1, 1], "drawn again, as the glass may hold anything"
    assert world.snapshot.paused
    assert world.snapshot.next_due is None
    assert any("paused in an earlier run" in line for line in world.lines)
    world.play(CONFIG, [reel], Place("frame", 7), until=3000.0)
    assert world.numbers == [0, 1, 1, 7]
    world.ask(3500.0, Kind.RESUME)
    world.play(CONFIG, [reel], until=3650.0)
    assert world.numbers == [0, 1, 1, 7, 7, 8, 9]
    assert not world.store.load().paused


def test_next_comes_at_once_and_the_interval_begins_anew(world, reel):
    world.ask(160.0, Kind.NEXT)
    world.ask(161.0, Kind.NEXT)
    world.play(CONFIG, [reel], until=300.0)
    assert world.shown == [(50.5, 0), (150.5, 1), (160.5, 2), (161.5, 3), (261.5, 4)]


def test_several_steps_at_once_are_one_picture(world, reel):
    for kind in (Kind.NEXT, Kind.NEXT, Kind.NEXT, Kind.BACK):
        world.ask(60.0, kind)
    for kind in (Kind.BACK, Kind.BACK, Kind.NEXT, Kind.BACK, Kind.BACK, Kind.BACK):
        world.ask(70.0, kind)
    world.play(CONFIG, [reel], until=100.0)
    assert world.shown == [(50.5, 0), (60.5, 2), (70.5, 0)]


def test_next_and_back_in_a_pause_leave_the_pause(world, reel):
    for at, kind in ((160.0, Kind.PAUSE), (170.0, Kind.NEXT), (180.0, Kind.BACK), (190.0, Kind.BACK)):
        world.ask(at, kind)
    world.play(CONFIG, [reel], until=1000.0)
    assert world.shown == [(50.5, 0), (150.5, 1), (170.5, 2), (180.5, 1), (190.5, 0)]
    assert world.snapshot.paused
    assert world.store.load().paused


def test_back_ends_at_the_first_frame(world, reel):
    world.ask(160.0, Kind.BACK)
    world.ask(161.0, Kind.BACK)
    world.play(CONFIG, [reel], until=200.0)
    assert world.numbers == [0, 1, 0]
    assert "back: no frame before this one can be shown" in world.lines


def test_back_goes_over_a_damaged_frame(world, make_film, make_reel):
    path = make_reel(make_film(9, flips=0.01), cuts=(3,))
    damage(path, 2)
    world.ask(60.0, Kind.BACK)
    world.play(CONFIG, [path], Place("frame", 3), until=100.0)
    assert world.numbers == [3, 1]


def test_go_to_a_frame_and_to_a_time(world, reel):
    world.ask(60.0, Kind.GO_TO, Place("frame", 12))
    world.ask(70.0, Kind.GO_TO, Place("time", 240))
    world.ask(80.0, Kind.GO_TO, Place("frame", 20))
    world.play(CONFIG, [reel], until=200.0)
    assert world.shown == [(50.5, 0), (60.5, 12), (70.5, 3), (170.5, 4)]
    assert any(line.endswith("has no frame 21; it holds frames 1 to 20") for line in world.lines)


def test_a_redraw_and_a_clean_change_no_time(world, reel):
    world.ask(60.0, Kind.REDRAW)
    world.ask(70.0, Kind.CLEAN)
    world.play(CONFIG, [reel], until=200.0)
    assert world.drawn == ["redraw", "redraw", "clear", "redraw", "show"]
    assert world.shown == [(50.5, 0), (150.5, 1)]
    assert world.store.load().redraws == world.snapshot.redraws == 3
    assert "redraw (asked for)" in world.lines
    assert "redraw (cleaned)" in world.lines


def test_a_reset_of_the_panel_redraws_once(world, reel):
    world.ask(60.0, Kind.REDRAW)
    wait = world.wait

    def faulty(seconds):
        request = wait(seconds)
        world.resets = 1 if request is not None or world.numbers == [0, 1] else 0
        return request

    world.wait = faulty
    world.play(CONFIG, [reel], until=300.0)
    assert world.drawn[:3] == ["redraw", "reset", "redraw"]
    assert world.drawn[3:6] == ["show", "reset", "redraw"]
    assert sum("redraw (the panel was reset)" in line for line in world.lines) == 2
    assert world.numbers == [0, 1, 2]


def test_a_clean_on_a_panel_that_was_reset_is_a_redraw(world, reel):
    world.ask(60.0, Kind.CLEAN)
    wait = world.wait
    world.wait = lambda seconds: (wait(seconds), setattr(world, "resets", int(world.numbers == [0])))[0]
    world.play(CONFIG, [reel], until=100.0)
    assert world.drawn == ["redraw", "reset", "redraw"]
    assert "redraw (the panel was reset, and is not cleaned)" in world.lines


def test_choose_a_reel_of_the_playlist_and_one_that_is_not(world, make_film, make_reel):
    a, b, c = (make_reel(make_film(4, seed=seed, flips=0.01), f"{seed}.reel") for seed in (1, 2, 3))
    config = replace(CONFIG, end="next")
    world.ask(60.0, Kind.CHOOSE, b)
    world.ask(70.0, Kind.CHOOSE, c)
    world.ask(80.0, Kind.CHOOSE, c.with_name("none.reel"))
    world.play(config, [a, b], until=200.0)
    assert world.numbers == [0, 0, 0, 1]
    assert world.snapshot.reel == str(c)
    assert any("choose:" in line and "none.reel: no such file" in line for line in world.lines)
    world.play(config, [a, b], until=300.0)
    assert world.numbers[4:] == [1, 2]
    assert world.snapshot.reel == str(c), "it goes on after a restart"
    world.play(config, [a], until=400.0)
    assert world.snapshot.reel == str(a), "but not where other reels are asked for"


def test_the_address_stands_for_a_minute_and_then_the_frame_again(world, reel):
    world.address = Address("http://frame.local:8080", np.eye(21, dtype=bool))
    world.ask(140.0, Kind.ADDRESS)
    world.play(CONFIG, [reel], until=180.0)
    assert (world.glass == address_card((44, 24), *world.address)).all()
    assert world.shown == [(50.5, 0)], "a frame that is due waits"
    assert world.snapshot.frame == 0
    world.ask(240.0, Kind.ADDRESS)
    world.play(CONFIG, [reel], until=302.0)
    assert world.numbers == [0, 1, 2]
    assert world.drawn[-3:] == ["redraw", "redraw", "show"]
    assert "redraw (the film after a card)" in world.lines
    assert world.snapshot.redraws == world.drawn.count("redraw")


def test_a_frame_that_is_asked_for_ends_the_address(world, reel):
    world.address = Address("http://frame.local:8080")
    world.ask(60.0, Kind.ADDRESS)
    world.ask(70.0, Kind.NEXT)
    world.play(CONFIG, [reel], until=160.0)
    assert world.shown == [(50.5, 0), (70.5, 1)]
    assert world.drawn == ["redraw"] * 3, "no ghost of the card under the film"


def test_without_a_page_there_is_no_address(world, reel):
    world.ask(60.0, Kind.ADDRESS)
    world.play(CONFIG, [reel], until=100.0)
    assert world.drawn == ["redraw"]
    assert "address: there is no web page; set remote in the configuration" in world.lines


@pytest.fixture
def changing(world, tmp_path, reel):
    """Settings with a place for changes; the reel."""
    return effective(CONFIG, [reel])._replace(changes=tmp_path / "state" / "changes.json")


def test_what_is_set_holds_at_once_and_is_kept(world, changing, reel):
    world.ask(110.0, Kind.SET, {"interval": 30.0, "step": 3})
    world.ask(160.0, Kind.SET, {"interval": 40})
    world.play(changing, [reel], until=250.0)
    assert world.shown == [(50.5, 0), (110.5, 3), (140.5, 6), (180.5, 9), (220.5, 12)]
    assert json.loads(changing.changes.read_text()) == {"interval": 40.0, "step": 3}
    assert world.lines.count("set: interval, step") == 1
    assert world.snapshot.settings["step"] == 3
    assert world.snapshot.interval == 40.0
    assert world.applied[-1].step == 3
    assert world.events.count("redraw") == 1


def test_what_may_not_be_set_changes_nothing(world, changing, reel):
    pinned = changing._replace(origin={**changing.origin, "interval": "--interval"})
    for number, value in enumerate(
        ({"interval": 3.0}, {"vcom": -2.0}, {"step": 0}, {"quiet": "x"}, {"no": 1})
    ):
        world.ask(60.0 + number, Kind.SET, value)
    world.play(pinned, [reel], until=200.0)
    assert world.shown == [(50.5, 0), (150.5, 1)]
    assert not changing.changes.exists()
    said = " ".join(world.lines)
    for words in ("set by the option --interval", "vcom cannot be set", "step is 0; it must", "quiet is 'x'"):
        assert words in said
    assert world.applied == []


def test_a_full_disk_does_not_keep_a_change_from_holding(world, changing, reel):
    changing.changes.parent.mkdir()
    changing.changes.mkdir()
    world.ask(60.0, Kind.SET, {"interval": 30.0})
    world.play(changing, [reel], until=100.0)
    assert world.numbers == [0, 1]
    assert any("the change lasts until the player ends" in line for line in world.lines)
    assert "only until the player ends" in world.snapshot.refused, "the page must not say that it was saved"


def test_a_caption_that_is_set_shows_at_once_and_without_a_flash(world, changing, make_film, make_reel):
    path = make_reel(make_film(4, flips=0.01, width=200, height=160), "large.reel")
    world.size = (200, 160)
    world.ask(60.0, Kind.SET, {"caption": "frame"})
    world.ask(70.0, Kind.SET, {"caption": ""})
    world.play(changing, [path], until=160.0)
    assert world.drawn == ["redraw", "show", "show", "show"]
    assert world.numbers == [0, 1]
    assert world.store.load().frame == 1


def test_quiet_hours_that_are_set_hold_at_once(world, changing, reel):
    world.wall_offset = -50.0  # midnight
    world.ask(60.0, Kind.SET, {"quiet": "00:00-01:00"})
    world.play(changing, [reel], until=3900.0)
    assert world.shown == [(50.5, 0), (3650.5, 1), (3750.5, 2), (3850.5, 3)]


def test_a_new_playlist_goes_on_with_the_same_reel_or_begins(world, make_film, make_reel):
    a, b = (make_reel(make_film(9, seed=seed, flips=0.01), f"{seed}.reel") for seed in (1, 2))
    world.settings = effective(CONFIG, [b, a])
    world.ask(160.0, Kind.RELOAD)
    world.play(CONFIG, [a], until=300.0)
    assert world.shown == [(50.5, 0), (150.5, 1), (250.5, 2)]
    assert world.snapshot.playlist == (str(b), str(a))
    world.settings = effective(CONFIG, [b])
    world.ask(360.0, Kind.RELOAD)
    world.play(CONFIG, [b, a], until=400.0)
    assert world.shown[-1] == (360.5, 0)
    assert world.snapshot.reel == str(b)


def test_a_reload_without_anything_visible_draws_and_writes_nothing(world, reel):
    quiet = replace(CONFIG, threshold=0.5, remote_port=9000, upload_limit=9.0, recoveries=3)
    world.settings = effective(quiet, [reel])
    world.ask(60.0, Kind.RELOAD)
    world.play(CONFIG, [reel], until=100.0)
    before = world.store.path.stat().st_mtime_ns
    assert world.drawn == ["redraw"]
    assert world.events.count("place") == 2
    assert "configuration read again; changed: threshold, remote_port, upload_limit" in world.lines
    assert [config.remote_port for config in world.applied] == [9000]
    assert world.store.path.stat().st_mtime_ns == before


def test_a_playlist_that_is_gone_leaves_what_is_shown(world, tmp_path, reel):
    (tmp_path / "empty").mkdir()
    world.settings = effective(CONFIG, [tmp_path / "empty"])
    world.ask(60.0, Kind.RELOAD)
    world.play(CONFIG, [reel], until=200.0)
    assert world.numbers == [0, 1]
    assert any("holds no *.reel file" in line for line in world.lines)


def test_requests_are_answered_after_the_end(world, make_film, make_reel):
    """As a service: the end is a card, drawn once, and every way on works."""
    path = make_reel(make_film(3, flips=0.01))
    config = replace(CONFIG, wait_for_films=True)
    for at, kind, value in (
        (400.0, Kind.NEXT, None),
        (410.0, Kind.NEXT, None),
        (500.0, Kind.BACK, None),
        (800.0, Kind.GO_TO, Place("frame", 0)),
    ):
        world.ask(at, kind, value)
    world.play(config, [path], until=1200.0)
    assert world.shown == [
        (50.5, 0), (150.5, 1), (250.5, 2), (500.5, 1), (600.5, 2), (800.5, 0), (900.5, 1), (1000.5, 2)
    ]  # fmt: skip
    card = end_card((44, 24), "a film")
    assert (world.glass == card).all()
    assert world.lines.count("a card on the panel: the end of the film") == 3
    assert world.drawn.count("redraw") == 6, "start, three cards, and twice from the card back to the film"
    assert world.snapshot.message == "the film is over"
    assert (world.snapshot.frame, world.snapshot.next_due) == (None, None)


def test_the_film_begins_again_when_loop_is_set_at_its_end(world, changing, make_film, make_reel):
    path = make_reel(make_film(2, flips=0.01), "short.reel")
    service = changing._replace(config=replace(CONFIG, wait_for_films=True))
    world.ask(500.0, Kind.SET, {"end": "loop"})
    world.play(service, [path], until=720.0)
    assert world.shown == [(50.5, 0), (150.5, 1), (500.5, 0), (600.5, 1), (700.5, 0)]


def test_expand_is_what_the_board_shows(world, reel):
    world.play(CONFIG, [reel.parent], until=60.0)
    assert world.snapshot.playlist == tuple(map(str, expand([str(reel.parent)])))


def test_the_chart_stands_until_the_film_is_asked_for_or_ten_minutes_pass(world, make_reel):
    world.size = (648, 480)
    path = make_reel([np.full((480, 648), number % 2, np.uint8) for number in range(9)])
    drawn = chart(648, 480)
    world.ask(60.0, Kind.CHART)
    world.play(CONFIG, [path], until=200.0)
    assert (world.glass == drawn.final).all()
    assert (world.board.latest().redrawn == drawn.redrawn).all(), "the page shows its ghosts"
    assert world.drawn == ["redraw", "redraw", *["show"] * UPDATES]
    assert world.shown == [(50.5, 0)], "a frame that is due waits"
    world.ask(210.0, Kind.CHART)
    world.ask(230.0, Kind.REDRAW)
    world.play(CONFIG, [path], until=240.0)
    assert world.drawn[-1] == "redraw", "no ghost of the chart under the film"
    assert world.snapshot.frame == 1, "the film was back after the restart"
    world.ask(250.0, Kind.CHART)
    world.play(CONFIG, [path], until=1000.0)
    assert "redraw (the film after a card)" in world.lines
    assert world.snapshot.frame is not None


def test_a_panel_that_is_too_small_for_the_chart_shows_none(world, reel):
    world.ask(60.0, Kind.CHART)
    world.play(CONFIG, [reel], until=100.0)
    assert world.drawn == ["redraw"]
    assert any("chart: a panel of 44x24 pixels is too small" in line for line in world.lines)
