"""A reel of the queue is shown at once, or queued after what plays; each is asked for once."""

from pathlib import Path

import pytest

from player.films.queue import Queue
from player.films.watch import Watch
from player.playback.requests import Kind
from player.playback.status import Status, StatusBoard


@pytest.fixture
def house(tmp_path):
    class House:
        queue, board, posted, lines = Queue(tmp_path / "inbox"), StatusBoard(), [], []
        films = tmp_path / "films"

        def plays(self, reel):
            self.board.publish(Status(reel=None if reel is None else str(self.films / reel)))

        def add(self, name, **options):
            (self.films / f"{name}.reel").touch()
            job = self.queue.add(Path(f"/films/{name}.mp4"), options)
            return self.queue.report(job.id, state="exporting", reel=f"{name}.reel")

    house = House()
    house.films.mkdir()
    house.watch = Watch(house.queue, house.films, house.board, house.posted.append, house.lines.append)
    return house


def test_a_new_reel_waits_for_the_one_that_plays(house):
    house.plays("old.reel")
    house.add("new")
    house.queue.add(Path("/films/not-yet.mp4"))
    for _ in range(3):
        house.watch.look()
    assert [(request.kind, request.value.name) for request in house.posted] == [(Kind.QUEUE, "new.reel")]


def test_it_is_shown_now_where_that_was_asked(house):
    house.plays("old.reel")
    house.add("new", play="now")
    house.watch.look()
    assert [request.kind for request in house.posted] == [Kind.CHOOSE]


def test_what_the_player_found_by_itself_is_not_asked_for(house):
    house.add("new", play="now")
    house.watch.look()  # nothing plays: the player looks for films itself
    house.plays("new.reel")
    house.watch.look()
    house.plays("old.reel")
    house.watch.look()
    assert house.posted == []


def test_a_queue_that_cannot_be_read_is_said_once(house):
    house.queue.inside.mkdir(parents=True)
    (house.queue.inside / "jobs.json").write_text("?")
    for _ in range(3):
        house.watch.look()
    assert len(house.lines) == 1
