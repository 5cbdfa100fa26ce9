"""Films that are missing, at the start and in the middle: a card, and the same place when they are back."""

from dataclasses import replace

import numpy as np
import pytest
from playback_world import World, damage, effective

from player.config.settings import Config
from player.errors import NoSuchFrame, ReelError
from player.pictures.cards import no_film_card
from player.playback.dependencies import Address
from player.playback.requests import Kind
from player.reel import ReelWriter
from player.times import Place

CONFIG = Config(interval=100.0, wait_for_films=True)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def films(tmp_path):
    """An empty directory, as a mount point is without its disk."""
    (tmp_path / "films").mkdir()
    return tmp_path / "films"


@pytest.fixture
def reel(make_film, make_reel, films):
    return make_reel(make_film(30, flips=0.01), "films/a.reel")


def unmounted(world, films, *times):
    """The directory is taken away and brought back at these times, in turn."""
    aside, wait, left = films.with_name("aside"), world.wait, list(times)

    def watch(seconds):
        if left and world.now + max(seconds, 0) >= left[0]:
            seconds = left.pop(0) - world.now
            if aside.exists():
                films.rmdir()
                aside.rename(films)
            else:
                films.rename(aside)
                films.mkdir()
        return wait(seconds)

    world.wait = watch


def test_without_the_switch_nothing_to_show_is_an_error(world, films):
    with pytest.raises(ReelError, match=r"holds no \*.reel file"):
        world.play(replace(CONFIG, wait_for_films=False), [films])
    assert world.events == []


def test_at_the_start_a_card_says_so_and_the_film_begins_when_it_is_there(world, films, make_film, make_reel):
    world.address = Address("http://frame.local:8080")
    wait = world.wait

    def copying(seconds):
        if world.now > 300 and not list(films.iterdir()):
            make_reel(make_film(5, flips=0.01), "films/new.reel")
        return wait(seconds)

    world.wait = copying
    world.play(CONFIG, [films], until=170.0)
    assert (world.glass == no_film_card((44, 24), str(films), "http://frame.local:8080")).all()
    assert world.drawn == ["redraw"], "once"
    assert world.ready == 1
    assert "holds no *.reel file" in world.snapshot.message
    assert world.snapshot.reel is None
    assert max(world.waits) <= 10
    world.play(CONFIG, [films], until=450.0)
    assert [number for _, number in world.shown] == [0, 1]
    assert 300 < world.shown[0][0] < 325
    assert "films found; going on" in world.lines
    assert world.snapshot.message == ""


def test_nothing_is_written_and_little_is_said_while_waiting(world, films):
    world.play(CONFIG, [films], until=86_000.0)
    assert world.drawn == ["redraw"]
    assert world.events.count("place") == 1
    assert sum("holds no *.reel file" in line for line in world.lines) == 1
    assert len(world.lines) == 2


def test_a_directory_that_is_unmounted_in_the_middle_and_comes_back(world, films, reel):
    unmounted(world, films, 260.0, 1000.0)
    world.play(CONFIG, [films], until=1400.0)
    assert world.numbers == [0, 1, 2, *range(3, 14)], "an open file can be read on"


def test_the_same_place_after_a_restart_without_the_films(world, films, reel):
    world.play(CONFIG, [films], until=300.0)
    unmounted(world, films, 300.0, 1000.0)
    world.wait(0.0)
    assert not list(films.iterdir())
    world.play(CONFIG, [films], until=1050.0)
    assert world.numbers == [0, 1, 2, 3]
    assert 1000 < world.shown[3][0] <= 1011
    assert world.drawn[-2:] == ["redraw", "redraw"], "the card, and the film after it"
    kept = world.store.load()
    assert (kept.reel, kept.frame) == (str(reel), world.numbers[-1])


def out_of_reach(world, monkeypatch, *spans):
    """The reel cannot be read within these spans of time, as when its stick is pulled out."""
    from player.reel import reader

    row, opened = reader.Reel._row, reader.Reel._open

    def gone():
        return any(start <= world.now < end for start, end in spans)

    def reading(self, query, number, asked):
        if gone():
            raise ReelError(f"{self.path}: no such file; check the path")
        return row(self, query, number, asked)

    def opening(self):
        if gone():
            raise ReelError(f"{self.path}: no such file; check the path")
        opened(self)

    monkeypatch.setattr(reader.Reel, "_row", reading)
    monkeypatch.setattr(reader.Reel, "_open", opening)


def test_a_reel_that_vanishes_in_the_middle_goes_on_at_the_same_place(world, reel, monkeypatch):
    out_of_reach(world, monkeypatch, (300.0, 700.0))
    world.play(CONFIG, [reel], until=950.0)
    assert world.numbers == [0, 1, 2, 3, 4, 5]
    assert 700 <= world.shown[3][0] <= 711
    assert world.drawn == ["redraw", "show", "show", "redraw", "redraw", "show", "show"]
    assert any("redraw (the film after a card)" in line for line in world.lines)


def test_without_the_switch_a_reel_that_vanishes_ends_the_run_with_its_place(world, reel, monkeypatch):
    out_of_reach(world, monkeypatch, (300.0, 700.0))
    with pytest.raises(ReelError, match="no such file"):
        world.play(replace(CONFIG, wait_for_films=False), [reel])
    assert world.store.load().frame == 2


def test_a_stick_that_comes_and_goes_does_not_make_the_panel_flash(world, reel, monkeypatch):
    """Gone for half a minute at every frame: the film goes on, and two cards are ten minutes apart."""
    out_of_reach(world, monkeypatch, *((140.0 + 130 * n, 170.0 + 130 * n) for n in range(28)))
    world.play(CONFIG, [reel], until=3650.0)
    assert world.numbers == sorted(set(world.numbers)), "no frame is lost, none comes twice"
    assert len(world.numbers) > 20
    cards = sum("a card on the panel" in line for line in world.lines)
    assert 1 <= cards <= 6
    assert world.drawn.count("redraw") <= 2 * cards + 4


def test_patience_before_another_reel_is_begun(world, films, reel, make_film, make_reel, monkeypatch):
    """The stick may only be mounted late: the place in its reel is not given up at once."""
    other = make_reel(make_film(9, seed=2, flips=0.01), "other.reel")
    world.play(CONFIG, [reel, other], until=300.0)
    reel.rename(reel.with_suffix(".gone"))
    world.play(CONFIG, [reel, other], until=340.0)
    assert world.numbers == [0, 1, 2], "the frame stands, and there is no card"
    assert world.glass is None
    assert world.ready == 2
    world.play(CONFIG, [reel, other], until=450.0)
    assert world.snapshot.reel == str(other)
    assert world.numbers[3:] == [0]


def test_requests_are_answered_while_waiting(world, films, reel, make_film, make_reel):
    other = make_reel(make_film(9, seed=2, flips=0.01), "other.reel")
    reel.unlink()
    for at, kind, value in (
        (60.0, Kind.PAUSE, None),
        (70.0, Kind.NEXT, None),
        (80.0, Kind.GO_TO, Place("frame", 3)),
        (90.0, Kind.REDRAW, None),
        (100.0, Kind.RESUME, None),
        (120.0, Kind.CHOOSE, other),
    ):
        world.ask(at, kind, value)
    world.play(CONFIG, [films], until=300.0)
    assert world.shown == [(120.5, 0), (220.5, 1)]
    assert world.drawn == ["redraw", "redraw", "redraw", "show"]
    assert sum("there is no film" in line for line in world.lines) == 2


def test_a_reel_that_was_chosen_meanwhile_is_gone_on_with_after_a_restart(world, films, make_film, make_reel):
    other = make_reel(make_film(9, seed=2, flips=0.01), "other.reel")
    world.ask(120.0, Kind.CHOOSE, other)
    world.play(CONFIG, [films], until=250.0)
    world.play(CONFIG, [films], until=450.0)
    assert world.numbers == [0, 1, 1, 2, 3]


def test_what_is_asked_of_a_reel_that_is_out_of_reach_is_only_said(world, reel, monkeypatch):
    out_of_reach(world, monkeypatch, (300.0, 340.0))
    world.ask(310.0, Kind.BACK)
    world.ask(320.0, Kind.GO_TO, Place("time", 400))
    world.play(CONFIG, [reel], until=400.0)
    assert world.numbers == [0, 1, 2, 3]
    assert [line.split(":")[0] for line in world.lines if "no such file" in line] == ["back", "go to"]


def test_a_reel_that_comes_after_the_end_is_shown_and_a_bad_one_is_said_once(
    world, films, reel, make_film, make_reel
):
    wait, added = world.wait, {1000.0: "b.reel", 2000.0: "c.reel", 3000.0: "0.reel"}

    def uploading(seconds):
        for at in [at for at in added if world.now >= at]:
            name = added.pop(at)
            if name == "b.reel":
                (films / name).write_text("nothing")
            else:
                make_reel(make_film(2, seed=5, flips=0.01), f"films/{name}")
        return wait(seconds)

    world.wait = uploading
    world.play(replace(CONFIG, end="next"), [films], Place("frame", 28), until=8000.0)
    assert world.numbers == [28, 29, 0, 1], "what comes before it in the order is for another round"
    assert 2000 <= world.shown[2][0] <= 2130
    assert sum("b.reel: is not a reel" in line for line in world.lines) <= 2
    assert world.drawn.count("redraw") == 4, "start, the end, the new reel, the end"


def test_a_pause_is_kept_while_films_are_missing(world, reel, monkeypatch):
    out_of_reach(world, monkeypatch, (300.0, 700.0))
    world.ask(400.0, Kind.PAUSE)
    world.play(CONFIG, [reel], until=2000.0)
    assert world.numbers == [0, 1, 2, 2], "the frame instead of the card, and no more"
    assert world.snapshot.paused


def test_a_reel_that_is_all_damage_is_not_tried_all_the_time(world, make_film, make_reel):
    path = make_reel(make_film(5, flips=0.01))
    damage(path, 0)
    world.play(replace(CONFIG, end="loop"), [path], until=7200.0)
    assert world.numbers == []
    assert len(world.lines) < 120
    assert len(world.drawn) <= 2
    assert "no frame of it can be shown" in world.snapshot.message or world.drawn


def test_a_disk_that_fails_while_its_reel_is_open_loses_no_place(world, reel, monkeypatch):
    """Every frame fails as damaged; but the reel cannot be opened either."""
    from player.reel import reader

    out_of_reach(world, monkeypatch, (300.0, 700.0))
    row = reader.Reel._row

    def failing(self, query, number, asked):
        if 300 <= world.now < 700:
            raise self._bad(asked, "disk I/O error")
        return row(self, query, number, asked)

    monkeypatch.setattr(reader.Reel, "_row", failing)
    world.play(CONFIG, [reel], until=850.0)
    assert world.numbers == [0, 1, 2, 3, 4]


def test_the_film_after_an_address_shown_in_quiet_hours_is_redrawn(world, reel):
    world.wall_offset = -50.0
    world.address = Address("http://frame.local:8080")
    world.ask(60.0, Kind.ADDRESS)
    world.play(replace(CONFIG, quiet="00:00-01:00"), [reel], until=3770.0)
    assert world.drawn == ["redraw", "redraw", "show"]
    assert world.numbers == [0, 1]


def test_no_card_is_drawn_in_quiet_hours(world, films):
    world.wall_offset = -50.0
    world.play(replace(CONFIG, quiet="00:00-01:00"), [films], until=3600.0)
    assert world.drawn == []
    assert world.ready == 1
    assert world.events == ["sleep"]
    world.play(replace(CONFIG, quiet="00:00-01:00"), [films], until=3700.0)
    assert world.drawn == ["redraw"]


def test_a_place_that_does_not_exist_is_not_waited_for(world, reel):
    with pytest.raises(NoSuchFrame, match="has no frame 100"):
        world.play(CONFIG, [reel], Place("frame", 99))
    with pytest.raises(NoSuchFrame, match="has no frame 99"):
        world.play(replace(CONFIG, wait_for_films=False, start="99"), [reel])
    world.play(replace(CONFIG, start="99"), [reel], until=60.0)
    assert world.numbers == [0]
    assert any("beginning at frame 1" in line for line in world.lines)


def test_the_place_to_start_with_is_not_gone_back_to(world, reel, monkeypatch):
    out_of_reach(world, monkeypatch, (300.0, 700.0))
    world.play(CONFIG, [reel], Place("frame", 10), until=750.0)
    assert world.numbers == [10, 11, 12, 13]


def test_nor_when_the_films_were_missing_at_the_start(world, reel, monkeypatch):
    out_of_reach(world, monkeypatch, (0.0, 100.0), (300.0, 700.0))
    world.play(CONFIG, [reel], Place("frame", 10), until=750.0)
    assert world.numbers == [10, 11, 12]


def test_a_playlist_changed_while_waiting_is_looked_for(world, films, make_film, make_reel):
    path = make_reel(make_film(5, flips=0.01))
    world.settings = effective(CONFIG, [path])
    world.ask(205.0, Kind.RELOAD)
    world.play(CONFIG, [films], until=250.0)
    assert world.numbers == [0]
    assert np.array_equal(world.board.latest().dither, world.glass)


@pytest.fixture
def chosen(world, films, reel, make_film, make_reel):
    """A reel from elsewhere that was chosen on the page while the playlist's own was shown."""
    films.with_name("other").mkdir()
    path = make_reel(make_film(30, seed=2, flips=0.01), "other/b.reel")
    world.ask(220.0, Kind.CHOOSE, path)
    world.play(CONFIG, [films], until=450.0)
    assert world.snapshot.reel == str(path)
    world.lines.clear()
    return path


def test_a_chosen_reel_that_is_deleted_gives_way_to_the_playlist_after_a_restart(world, films, reel, chosen):
    chosen.unlink()
    world.play(CONFIG, [films], until=500.0)
    assert world.snapshot.reel is None, "patience: it may come back"
    world.play(CONFIG, [films], until=900.0)
    assert world.snapshot.reel == str(reel)
    assert f"{chosen} is given up; going on with {reel}" in world.lines
    assert any(line.startswith(f"{chosen}: no such file") for line in world.lines)
    kept = world.store.load()
    assert (kept.reel, kept.chosen_over) == (str(reel), None)
    world.lines.clear()
    world.play(CONFIG, [films], until=1000.0)
    assert world.snapshot.reel == str(reel)
    assert not any("waiting for films" in line for line in world.lines)


def test_a_chosen_reel_that_is_deleted_is_no_end_where_nothing_is_waited_for(world, films, reel, chosen):
    chosen.unlink()
    world.play(replace(CONFIG, wait_for_films=False), [films], until=600.0)
    assert world.snapshot.reel == str(reel)
    assert f"{chosen} is given up; going on with {reel}" in world.lines


def test_a_chosen_reel_that_is_deleted_with_all_others_is_waited_for(
    world, films, reel, chosen, make_film, make_reel
):
    chosen.unlink()
    reel.unlink()
    world.play(CONFIG, [films], until=1500.0)
    assert "holds no *.reel file" in world.snapshot.message or "no such file" in world.snapshot.message
    make_reel(make_film(5), "films/c.reel")
    world.play(CONFIG, [films], until=1600.0)
    assert world.snapshot.reel == str(films / "c.reel")


def test_a_chosen_reel_that_comes_back_in_time_goes_on(world, films, reel, chosen):
    data, wait = chosen.read_bytes(), world.wait
    chosen.unlink()

    def coming(seconds):
        if world.now > 480 and not chosen.exists():
            chosen.write_bytes(data)
        return wait(seconds)

    world.wait = coming
    world.play(CONFIG, [films], until=700.0)
    assert world.snapshot.reel == str(chosen)


def test_a_film_that_is_shown_faster_than_it_is_made_waits_for_the_rest(world, make_film, make_reel):
    """No card that says the end; where the export goes on, so does the player."""
    dithers = make_film(6)
    path = make_reel(dithers[:3], finish=False)

    def export(seconds, wait=world.wait):
        if world.now > 500 and world.numbers[-1:] == [2] and not world.playback.state.reels.reel.complete:
            with ReelWriter(path, {"film": "a film"}, 44, 24) as writer:
                for number in range(writer.frames, 6):
                    writer.append(dithers[number], number * 80, number * 2, False)
                writer.finish()
        return wait(seconds)

    world.wait = export
    world.play(Config(interval=10.0, wait_for_films=True), [path], until=900)
    assert world.numbers == [0, 1, 2, 3, 4, 5]
    messages = [line for line in world.lines if "end of the film" in line]
    assert len(messages) == 1  # after frame 5, not after frame 2
