"""How a film is shown: steps, playlists, black frames, captions, what the board says, what is written."""

import gc
import os
from dataclasses import replace

import numpy as np
import pytest
from playback_world import Power, World, effective

from player.config.settings import Config
from player.errors import PanelError, PanelReset
from player.pictures.caption import caption_text, strip
from player.playback.reels import arranged
from player.playback.requests import Kind, Request
from player.reel import Reel
from player.times import Place

CONFIG = Config(interval=100.0)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def reel(make_film, make_reel):
    return make_reel(make_film(20, flips=0.01))


@pytest.fixture
def reels(make_film, make_reel):
    """Five reels of three frames."""
    return [make_reel(make_film(3, seed=seed, flips=0.01), f"films/{seed}.reel") for seed in range(5)]


@pytest.fixture(autouse=True)
def films(tmp_path):
    (tmp_path / "films").mkdir()
    return tmp_path / "films"


def test_every_third_frame(world, reel):
    world.play(replace(CONFIG, step=3), [reel])
    assert world.numbers == [0, 3, 6, 9, 12, 15, 18]
    assert world.store.load().frame == 18


def test_a_restart_goes_on_with_the_step(world, reel):
    config = replace(CONFIG, step=3)
    world.play(config, [reel], None, 3)
    world.now += 200
    world.play(config, [reel], None, 2)
    assert world.numbers == [0, 3, 6, 9, 12]
    world.now += 500
    world.play(replace(config, step=15), [reel])
    assert world.numbers == [0, 3, 6, 9, 12], "nothing comes after it"


def rounds(world, config, films, number):
    """The reels shown, by name, in `number` rounds of five."""
    world.shown.clear()
    names = []
    seen = world.dependencies

    def watched():
        return replace(seen(), seen=lambda reel, frame: names.append(reel.stem) if frame == 0 else None)

    world.dependencies = watched
    world.play(config, [films], None, 15 * number)
    world.dependencies = seen
    return names


def test_by_chance_every_reel_once_a_round(world, films, reels):
    config = replace(CONFIG, order="shuffle", end="loop", seed=3)
    expected = [path.stem for round in range(4) for path in arranged(reels, "shuffle", 3, round)]
    assert rounds(world, config, films, 4) == expected
    assert world.store.load().round == 3


def test_chance_survives_restarts(world, films, reels):
    """Stopped after every frame, the order is the same as in one run."""
    config = replace(CONFIG, order="shuffle", end="loop", seed=3)
    shown = []
    for _ in range(45):
        world.play(config, [films], None, 1)
        shown.append((world.store.load().reel, world.numbers[-1]))
        world.now += 100
    expected = [
        (str(path), number)
        for round in range(3)
        for path in arranged(reels, "shuffle", 3, round)
        for number in range(3)
    ]
    assert shown == expected


def test_a_reel_that_is_uploaded_joins(world, films, reels, make_film, make_reel):
    wait = world.wait

    def uploading(seconds):
        if len(world.shown) == 2:
            for name in ("-.reel", "9.reel"):
                if not (films / name).exists():
                    make_reel(make_film(1, seed=9), f"films/{name}")
        return wait(seconds)

    world.wait = uploading
    world.play(replace(CONFIG, end="loop"), [films], None, 18)
    assert world.snapshot.playlist == tuple(str(path) for path in sorted(films.iterdir()))
    assert world.numbers == [*[0, 1, 2] * 5, 0, 0, 0], "9 after 4, then the next round with -"


def test_a_reel_that_is_deleted_does_not_begin_the_round_anew(world, films, reels):
    wait = world.wait

    def deleting(seconds):
        if len(world.shown) == 4 and reels[1].exists():
            reels[1].unlink()
        return wait(seconds)

    world.wait = deleting
    world.play(replace(CONFIG, end="next"), [films])
    assert world.numbers == [0, 1, 2] * 5
    assert str(reels[4]) == world.store.load().reel


@pytest.mark.parametrize("kind", [Kind.PAUSE, Kind.REDRAW, Kind.CLEAN, Kind.BACK])
def test_a_request_between_two_reels_does_not_mix_up_the_places(world, kind, make_film, make_reel):
    """The second begins with black, passed over frame by frame; meanwhile the place is in the first."""
    a = make_reel(make_film(3, flips=0.01), "a.reel")
    b = make_reel([*[BLACK] * 6, *make_film(3, seed=2, flips=0.01)], "b.reel")
    wait, kept = world.wait, []

    def between(seconds):
        passed = world.playback.state.reels.number
        if world.numbers == [0, 1, 2] and passed == 4 and not kept:
            kept.append(None)
            return Request(kind)
        if kept == [None] and kind is not Kind.BACK:
            kept[0] = world.store.load()
        return wait(seconds)

    world.wait = between
    world.play(replace(CONFIG, end="next", skip_black=True), [a, b], until=400.0)
    assert kept != []
    if kind is not Kind.BACK:
        assert (kept[0].reel, kept[0].frame) == (str(a), 2)
    assert world.numbers == [0, 1, 2] if kind is Kind.PAUSE else [0, 1, 2, 6]


def test_power_cuts_over_several_reels(world, films, reels):
    """Cut at every touch of panel or disk in turn, also where one reel follows another: never back, never
    forth by more than one.
    """
    config = replace(CONFIG, end="loop", interval=1.0, wait_for_films=True)
    pictures = {}
    for index, path in enumerate(reels):
        with Reel(path) as reel:
            pictures |= {reel.dither(number).tobytes(): 3 * index + number for number in range(3)}
    on_glass, turns = -1, 0
    for cut in [*range(4, 40, 3), *range(13)]:
        world.cut_at = cut
        with pytest.raises(Power):
            world.play(config, [films])
        if world.glass is not None:
            now = pictures[world.glass.tobytes()]
            seen = [pictures[dither.tobytes()] for dither in world.history]
            for number in [*seen, now]:
                assert number in (on_glass, (on_glass + 1) % 15)
                turns += number < on_glass
                on_glass = number
        world.history.clear()
        world.now += 30
    assert turns >= 2


BLACK = np.zeros((24, 44), np.uint8)


def almost_black(pixels):
    dither = BLACK.copy()
    dither.flat[:pixels] = 1
    return dither


def test_black_frames_are_passed_over(world, make_film, make_reel):
    a, b, c = make_film(3, flips=0.02)
    path = make_reel([BLACK, a, almost_black(5), b, almost_black(6), BLACK, BLACK, c, BLACK, BLACK])
    world.play(replace(CONFIG, skip_black=True), [path])
    assert world.numbers == [1, 3, 4, 7, 9], (
        "6 of 1056 pixels are more than half a percent; the last one comes"
    )
    assert [at for at, _ in world.shown] == [50.5 + 100 * n for n in range(5)]
    world.shown.clear()
    world.play(CONFIG, [path], Place("frame", 0))
    assert world.numbers == list(range(10))


def test_black_that_is_asked_for_is_shown(world, make_film, make_reel):
    a, b = make_film(2, flips=0.02)
    path = make_reel([a, BLACK, b, b])
    world.ask(60.0, Kind.GO_TO, Place("frame", 1))
    world.ask(70.0, Kind.NEXT)
    world.ask(80.0, Kind.BACK)
    world.play(replace(CONFIG, skip_black=True), [path], until=100.0)
    assert world.numbers == [0, 1, 2, 0]


def test_long_black_is_neither_endless_nor_deaf(world, make_film, make_reel):
    """Requests are answered between the frames passed over, the watchdog is fed, and one in a thousand
    shows.
    """
    path = make_reel([make_film(1)[0], *[BLACK] * 1500])
    world.ask(150.0, Kind.PAUSE)
    world.play(replace(CONFIG, skip_black=True), [path], until=300.0)
    assert world.numbers == [0]
    assert world.snapshot.paused
    alive = len(world.alive)
    world.ask(310.0, Kind.RESUME)
    world.play(replace(CONFIG, skip_black=True), [path], until=900.0)
    assert world.numbers == [0, 0, 1001, 1500]
    assert len(world.alive) - alive > 1400
    assert world.now < 1000


def test_a_reel_that_is_black_shows_its_last_frame(world, make_reel):
    path = make_reel([BLACK] * 5)
    world.play(replace(CONFIG, skip_black=True, end="loop"), [path], None, 3)
    assert world.numbers == [4, 4, 4]


def test_a_caption_is_part_of_what_is_shown_and_counted(world, make_film, make_reel):
    dithers = make_film(3, flips=0.0, width=300, height=200)
    path = make_reel(dithers)
    world.size = (300, 200)
    world.play(replace(CONFIG, caption="title,time,frame,percent"), [path], until=260.0)
    text = caption_text(("title", "time", "frame", "percent"), "a film", 160, 100.0, 3)
    assert (world.glass == strip(dithers[2], text)).all()
    assert world.drawn == ["redraw", "show", "show"], "only the caption has changed"
    assert (world.board.latest().dither == world.glass).all()
    assert "0.00% flips" not in world.lines[2]


def test_the_board_says_what_stands(world, reel):
    world.play(replace(CONFIG, threshold=0.5, end="loop"), [reel], None, 3)
    snapshot, dither, redrawn = world.board.latest()
    with Reel(reel) as opened:
        assert (dither == opened.dither(2)).all()
        assert (redrawn == opened.dither(0)).all()
        net = np.count_nonzero(opened.dither(2) != opened.dither(0)) / dither.size
    assert not dither.flags.writeable
    assert (snapshot.reel, snapshot.title, snapshot.frame, snapshot.frames) == (str(reel), "a film", 2, 20)
    assert (snapshot.time_ms, snapshot.duration_ms) == (160, 1520)
    assert (snapshot.shown_at, snapshot.next_due) == (1.7e9 + 250.5, pytest.approx(1.7e9 + 350))
    assert (snapshot.interval, snapshot.paused, snapshot.quiet, snapshot.message) == (100.0, False, False, "")
    assert (snapshot.redraws, snapshot.net) == (1, net)
    assert snapshot.settings == {
        "interval": 100.0, "threshold": 0.5, "cooldown": 20, "longest_stretch": 0, "darkened_only": False,
        "quiet": "", "quiet_days": "", "step": 1, "order": "name", "end": "loop", "caption": "",
        "finish_by": None, "dial": "", "flashes": "usual", "rotate": 0,
    }  # fmt: skip


def test_the_board_is_told_before_every_wait(world, reel):
    wait, told = world.wait, []
    world.wait = lambda seconds: (told.append((world.snapshot.frame, world.snapshot.paused)), wait(seconds))[
        1
    ]
    world.ask(160.0, Kind.PAUSE)
    world.play(CONFIG, [reel], until=170.0)
    assert list(dict.fromkeys(told)) == [(None, False), (0, False), (1, False), (1, True)]


def test_two_small_writes_for_a_frame_and_none_while_waiting(world, reel):
    world.play(replace(CONFIG, interval=3000.0), [reel], None, 3)
    assert world.events.count("place") == 6
    assert world.store.path.stat().st_size < 1000


def test_the_watchdog_is_fed_in_time_and_told_once_that_all_is_ready(world, reel):
    world.heartbeat = 7.0
    world.play(replace(CONFIG, interval=1000.0), [reel], until=4000.0)
    gaps = np.diff([50.0, *world.alive])
    assert max(gaps) <= 7.5
    assert world.ready == 1
    assert world.numbers == [0, 1, 2, 3], "and no frame comes at another time for it"
    assert [at for at, _ in world.shown] == [50.5, 1050.5, 2050.5, 3050.5]


def test_ready_is_not_said_before_the_first_picture(world, reel):
    said = []
    world.be_ready = lambda: said.append(list(world.drawn))
    world.ask(0.0, Kind.PAUSE)
    world.play(CONFIG, [reel], until=100.0)
    assert said == [["redraw"]]


def test_in_quiet_hours_the_service_is_ready_without_a_picture(world, reel):
    world.wall_offset = -50.0
    world.play(replace(CONFIG, quiet="00:00-01:00"), [reel], until=100.0)
    assert world.ready == 1
    assert world.drawn == []


def test_what_stands_for_days_is_redrawn_once_a_day(world, reel):
    """In a pause, at the end, with a long interval: the panel wants it."""
    world.ask(160.0, Kind.PAUSE)
    world.play(CONFIG, [reel], until=160.0 + 3.5 * 86400)
    assert world.drawn == ["redraw", "show", *["redraw"] * 3]
    assert world.numbers == [0, 1]
    assert world.lines.count("redraw (daily)") == 3
    world.events.clear()
    world.play(replace(CONFIG, interval=604800.0), [reel], Place("frame", 0), until=world.now + 2.5 * 86400)
    assert world.drawn == ["redraw"] * 3


def test_the_daily_redraw_waits_for_quiet_hours_and_for_a_frame_that_comes_soon(world, reel):
    friday_noon = 1.5 * 86400
    world.wall_offset = friday_noon - 50.0
    world.ask(60.0, Kind.PAUSE)
    times, draw = [], world.draw
    world.draw = lambda how, dither: (times.append((world.now - 50) / 86400), draw(how, dither))
    world.play(replace(CONFIG, quiet_days="sat"), [reel], until=86400.0 * 3.2)
    assert times == pytest.approx([0, 1.5, 2.5], abs=0.001), "not on Saturday at noon"
    world.store.save(replace(world.store.load(), paused=False))
    world.lines.clear()
    config = replace(CONFIG, interval=1800.0, end="loop", threshold=1.0)
    world.play(config, [reel], Place("frame", 0), until=world.now + 2.2 * 86400)
    assert sum(line.startswith("frame") and "redraw (daily)" in line for line in world.lines) == 2
    assert "redraw (daily)" not in world.lines


def test_a_second_reset_ends_the_run(world, reel):
    world.resets = 2
    with pytest.raises(PanelReset):
        world.play(CONFIG, [reel])
    assert world.drawn == ["reset", "reset"]
    assert issubclass(PanelReset, PanelError)


def test_once_shows_the_next_frame_and_ends(world, reel):
    for _ in range(3):
        assert world.play(CONFIG, [reel], None, 1, once=True) == "ended"
        world.now += 10
    assert world.numbers == [0, 1, 2], "long before it is due"
    assert world.drawn == ["redraw"] * 3


def test_once_goes_on_with_partial_updates_where_the_glass_is_known(world, make_film, make_reel):
    """The same frames, redraws and judgement as in one run."""
    path = make_reel(make_film(20, flips=0.03))
    config = replace(CONFIG, cooldown=4, threshold=0.08)
    whole = World(world.store.path.parent.parent / "whole")
    whole.play(config, [path])
    for number in range(20):
        world.play(config, [path], None, 1, once=True, attached=number > 0)
        world.now += 100
    assert world.drawn == whole.drawn
    assert "show" in world.drawn
    assert world.drawn.count("redraw") > 2
    assert world.numbers == list(range(20))


def test_a_glass_that_is_known_is_left_until_the_next_frame_is_due(world, reel):
    world.play(CONFIG, [reel], None, 3)
    world.now += 30
    world.events.clear()
    world.play(CONFIG, [reel], until=360.0, attached=True)
    assert world.shown[2:] == [(250.5, 2), (350.5, 3)]
    assert world.drawn == ["show"]


@pytest.mark.parametrize("what", ["card", "caption", "exchanged"])
def test_a_glass_that_is_not_what_it_was_is_redrawn(world, what, make_film, make_reel):
    path = make_reel(make_film(5, flips=0.03))
    config = replace(CONFIG, wait_for_films=True)
    world.play(config, [path], None, 3)
    if what == "card":
        world.store.save(replace(world.store.load(), picture=None))
    if what == "exchanged":
        path.unlink()
        make_reel(make_film(5, seed=8, flips=0.03))
    if what == "caption":
        config = replace(config, caption="frame")
    world.events.clear()
    world.play(config, [path], None, 1, once=True, attached=True)
    assert world.drawn == ["redraw"]
    assert world.numbers[-1] == 3


def test_once_never_waits(world, reel):
    world.wall_offset = -50.0
    assert world.play(replace(CONFIG, quiet="00:00-01:00"), [reel], None, 1, once=True) == "ended"
    assert world.drawn == []
    world.ask(50.0, Kind.PAUSE)
    world.play(CONFIG, [reel], until=60.0)
    world.events.clear()
    begun = world.now
    assert world.play(CONFIG, [reel], None, 1, once=True) == "ended"
    assert world.now - begun < 1


def test_nothing_grows_with_the_frames(world, films, reels):
    """Open files and objects after 100 and after 500 frames, over turns, cards and requests."""
    config = replace(CONFIG, end="loop", order="shuffle", interval=10.0)
    counted = []
    wait, world.save = world.wait, lambda progress: None  # the disk takes its time

    def counting(seconds):
        if len(world.shown) in (100, 500) and len(counted) < (1 if len(world.shown) == 100 else 2):
            gc.collect()
            counted.append((len(os.listdir("/proc/self/fd")), len(gc.get_objects()) - len(world.shown)))
        world.lines.clear()
        world.events.clear()
        world.alive.clear()
        world.waits.clear()
        return wait(seconds)

    world.wait = counting
    world.play(config, [films], None, 501)
    (files, objects), (files_after, objects_after) = counted
    assert files_after <= files
    assert objects_after < objects + 200


def test_settings_are_applied_to_who_wants_to_know(world, reel):
    new = replace(CONFIG, remote_port=9090)
    world.settings = effective(new, [reel])
    world.ask(60.0, Kind.RELOAD)
    world.ask(70.0, Kind.RELOAD)
    world.play(CONFIG, [reel], until=100.0)
    assert [config.remote_port for config in world.applied] == [9090], "and not when nothing has changed"
