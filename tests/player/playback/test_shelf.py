"""What people arrange: the queue, names, deleting, where a reel was left, and the way back from a jump."""

import json
from dataclasses import replace

import numpy as np
import pytest

from player.config.settings import Config
from player.pictures.cards import no_film_card
from player.playback.dependencies import Address, Dependencies
from player.playback.requests import Inbox, Kind, Request
from player.progress import MOST, Shelf, ShelfStore, Undo
from player.reel import Reel
from player.schedule.due import ends_at
from player.times import Place
from tests.player.playback.playback_world import Power, World

CONFIG = Config(interval=100.0, end="loop", wait_for_films=True)


@pytest.fixture
def world(tmp_path):
    """A world whose shelf lies on its disk."""
    made = World(tmp_path)
    dependencies = made.dependencies

    def with_shelf() -> Dependencies:
        return replace(dependencies(), shelf=ShelfStore(tmp_path / "state" / "shelf.json", made.lines.append))

    made.dependencies = with_shelf
    return made


@pytest.fixture
def reels(tmp_path, make_film, make_reel):
    """Three reels of four frames in a directory: a, b, c."""
    (tmp_path / "films").mkdir()
    return [make_reel(make_film(4, seed=seed, flips=0.01), f"films/{name}.reel")
            for seed, name in enumerate("abc")]  # fmt: skip


def test_the_queue_goes_before_the_playlist_and_outlives_a_restart(world, reels):
    a, b, c = reels
    world.ask(60.0, Kind.QUEUE, b)
    world.ask(61.0, Kind.PLAY_NEXT, c)
    world.ask(62.0, Kind.QUEUE, a)
    world.ask(63.0, Kind.UNQUEUE, a)
    world.play(CONFIG, [a], until=100.0)
    assert world.snapshot.shelf.queue == (str(c), str(b))
    assert world.snapshot.up_next == str(c)
    world.play(CONFIG, [a], until=560.0)
    assert (world.snapshot.reel, world.snapshot.shelf.queue) == (str(c), (str(b),))
    world.play(CONFIG, [a], until=1350.0)
    assert (world.snapshot.reel, world.snapshot.shelf.queue) == (str(a), ())


def test_a_film_that_is_chosen_does_not_come_again_from_the_queue(world, reels):
    a, b, c = reels
    world.ask(60.0, Kind.QUEUE, b)
    world.ask(61.0, Kind.QUEUE, c)
    world.ask(62.0, Kind.CHOOSE, c)
    world.play(CONFIG, [a], until=130.0)
    assert (world.snapshot.reel, world.snapshot.shelf.queue) == (str(c), (str(b),))


def test_a_queued_film_is_not_lost_by_a_power_cut_before_its_first_frame(world, reels):
    a, b, _ = reels
    world.ask(60.0, Kind.QUEUE, b)
    world.play(CONFIG, [a], until=440.0)
    world.cut_at = 1  # after the intent is written, before the frame of b stands
    with pytest.raises(Power):
        world.play(CONFIG, [a], until=700.0)
    world.cut_at = None
    world.play(CONFIG, [a], until=world.now + 120.0)
    assert world.snapshot.reel == str(b)


def test_a_reel_in_the_queue_that_is_gone_is_passed_over(world, reels):
    a, b, c = reels
    for path in (b, c):
        world.ask(60.0, Kind.QUEUE, path)
    b.unlink()
    world.play(CONFIG, [a], until=560.0)
    assert (world.snapshot.reel, world.snapshot.shelf.queue) == (str(c), ())


def test_a_film_over_goes_on_when_one_is_queued(world, reels):
    a, b, _ = reels
    world.ask(900.0, Kind.QUEUE, b)
    world.play(replace(CONFIG, end="stop"), [a], until=950.0)
    assert world.snapshot.reel == str(b)


def test_each_reel_goes_on_where_it_was_left(world, reels):
    a, b, _ = reels
    world.ask(270.0, Kind.CHOOSE, b)
    world.ask(280.0, Kind.CHOOSE, a)
    world.play(CONFIG, [a, b], until=290.0)
    assert world.numbers == [0, 1, 2, 0, 3]
    with Reel(b) as reel:
        assert world.snapshot.shelf.places[str(b)] == (reel.meta["created"], 1)


def test_a_jump_can_be_undone_and_the_undoing_too(world, reels):
    a, b, _ = reels
    world.ask(160.0, Kind.GO_TO, Place("frame", 3))
    world.ask(170.0, Kind.UNDO)
    world.ask(180.0, Kind.UNDO)
    world.ask(190.0, Kind.CHOOSE, b)
    world.ask(200.0, Kind.UNDO)
    world.play(CONFIG, [a, b], until=210.0)
    assert world.numbers == [0, 1, 3, 1, 3, 0, 3]
    assert world.snapshot.reel == str(a)
    assert (world.snapshot.shelf.undo.reel, world.snapshot.shelf.undo.frame) == (str(b), 0)


def test_undo_is_offered_for_a_week(world, reels):
    world.ask(60.0, Kind.GO_TO, Place("frame", 1))
    world.ask(70.0, Kind.PAUSE)
    world.play(CONFIG, [reels[0]], until=6 * 86400.0)
    assert world.snapshot.shelf.undo is not None
    world.play(CONFIG, [reels[0]], until=8 * 86400.0)
    assert world.snapshot.shelf.undo is None


def test_what_cannot_be_done_is_said_and_counted_as_handled(world, reels):
    world.requests.append((60.0, Request(Kind.UNDO, number=7)))
    world.play(CONFIG, [reels[0]], until=70.0)
    assert (world.snapshot.handled, world.snapshot.busy) == (7, False)
    assert world.snapshot.refused == "undo: there is no jump to undo"
    world.requests.append((80.0, Request(Kind.NEXT, number=9)))
    world.play(CONFIG, [reels[0]], until=90.0)
    assert (world.snapshot.handled, world.snapshot.refused) == (9, "")


def test_a_film_can_be_renamed_and_its_caption_follows(world, reels):
    a = reels[0]
    config = replace(CONFIG, caption="title")
    world.ask(60.0, Kind.RENAME, {"reel": a, "title": "Sunday"})
    world.play(config, [a], until=70.0)
    assert world.snapshot.title == "Sunday"
    assert len(world.history) == 2
    world.ask(80.0, Kind.RENAME, {"reel": a, "title": ""})
    world.play(config, [a], until=90.0)
    assert world.snapshot.title == "a film"


def test_deleting_the_film_that_is_shown_begins_the_next_one(world, reels):
    a, b, c = reels
    config = replace(CONFIG, films=str(a.parent))
    world.ask(60.0, Kind.QUEUE, c)
    world.ask(61.0, Kind.DELETE, a)
    world.ask(62.0, Kind.DELETE, c)
    world.play(config, [], until=70.0)
    assert (a.exists(), c.exists()) == (False, False)
    assert (world.snapshot.reel, world.snapshot.shelf.queue) == (str(b), ())
    world.ask(80.0, Kind.DELETE, b)
    world.play(config, [], until=100.0)
    assert world.snapshot.reel is None
    assert (world.glass == no_film_card(world.size, str(a.parent), None)).all()


def test_only_what_lies_in_films_can_be_deleted(world, reels, tmp_path):
    a, b, _ = reels
    (tmp_path / "other").mkdir()
    world.requests.append((60.0, Request(Kind.DELETE, a, number=1)))
    world.play(replace(CONFIG, films=str(tmp_path / "other")), [a, b], until=70.0)
    assert a.exists()
    assert "does not lie in films" in world.snapshot.refused


def test_the_end_of_the_film_is_known(world, reels):
    world.play(CONFIG, [reels[0]], until=160.0)
    assert world.snapshot.left == 2
    assert world.snapshot.ends == pytest.approx(world.snapshot.next_due + 200.0)
    world.ask(170.0, Kind.PAUSE)
    world.play(CONFIG, [reels[0]], until=180.0)
    assert world.snapshot.ends is None


def test_the_end_is_reckoned_once_for_each_frame(world, reels, monkeypatch):
    reckoned = []
    monkeypatch.setattr(
        "player.playback.state.ends_at",
        lambda *given: reckoned.append(given) or ends_at(*given),
    )
    world.heartbeat = 1.0
    world.play(CONFIG, [reels[0]], until=240.0)
    assert world.numbers == [0, 1]
    assert len(reckoned) == 3, "before the first frame, and after each"


def test_before_the_first_film_the_card_shows_the_code_and_follows_the_address(world, tmp_path, reels):
    (tmp_path / "none").mkdir()
    world.address = Address("http://frame.local:8080", np.eye(21, dtype=bool))
    wait = world.wait

    def connected(seconds):
        if world.now > 200:
            world.address = Address("http://192.168.1.9:8080", np.eye(21, dtype=bool)[::-1])
        return wait(seconds)

    world.size = (800, 480)
    world.wait = connected
    world.play(CONFIG, [tmp_path / "none"], until=86_000.0)
    where = str(tmp_path / "none")
    assert len(world.history) == 2, "one card for each address"
    for glass, url, code in zip(
        world.history,
        ("http://frame.local:8080", "http://192.168.1.9:8080"),
        (np.eye(21, dtype=bool), np.eye(21, dtype=bool)[::-1]),
        strict=True,
    ):
        assert (glass == no_film_card(world.size, where, url, code)).all()
        assert not (glass == no_film_card(world.size, where, url)).all()


@pytest.mark.parametrize(
    "data", [b"{", b"[]", b'{"queue": 3}', b'{"places": {"a": 1}}', b'{"undo": {}}', b"\xff"]
)
def test_a_damaged_shelf_is_begun_anew(tmp_path, data):
    path, lines = tmp_path / "shelf.json", []
    path.write_bytes(data)
    assert ShelfStore(path, lines.append).now == Shelf()
    assert len(lines) == 1


def test_a_shelf_is_read_as_it_was_written_and_bounded(tmp_path):
    path = tmp_path / "new" / "shelf.json"
    shelf = Shelf(("/a",), {"/a": "A"}, {"/b": ("stamp", 3)}, Undo("/a", 4, 5.0))
    ShelfStore(path).change(**vars(shelf))
    assert ShelfStore(path).now == shelf
    path.write_text(
        json.dumps({"queue": ["/a"] * (MOST + 9), "names": {str(n): "x" for n in range(MOST + 9)}})
    )
    read = ShelfStore(path).now
    assert (len(read.queue), len(read.names)) == (MOST, MOST)


def test_of_requests_in_a_row_the_last_ones_number_counts():
    inbox = Inbox()
    inbox.post(Request(Kind.PAUSE, number=1))
    inbox.post(Request(Kind.PAUSE, number=2))
    assert inbox.wait(0).number == 2
    assert inbox.wait(0) is None
    inbox.close()
