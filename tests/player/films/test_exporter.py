"""The exporter with a trainer of a few lines, which writes real reels, slowly or wrongly as asked."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from player.errors import FileError
from player.films.exporter import Exporter, Interrupted, trainer_command
from player.films.options import usual
from player.films.queue import GRACE, Job, Queue
from player.reel import Reel
from player.reel.format import APPLICATION_ID

ROOT = Path(__file__).parents[3]
FILM = b"\0\0\0\x18ftypmp42" + bytes(100)

TRAINER = """
import json, sys, time
import numpy as np
from player.reel import ReelWriter
film, reel, seconds, frames = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
if film.endswith("full.mp4"):
    sys.exit(f"trainer: {reel}: the disk is full; free some space and run the same command again to continue")
if film.endswith("broken.mp4"):
    sys.exit("trainer: broken.mp4: is truncated; copy it again")
with ReelWriter(reel, {"film": "a film"}, 16, 8) as writer:
    for number in range(writer.frames, frames):
        print(json.dumps({"done": number, "of": frames}), flush=True)
        writer.append(np.full((8, 16), number % 2, np.uint8), number * 40, number, False)
        if number % 3 == 2:
            writer.commit()
        time.sleep(seconds)
    writer.finish()
"""

PROGRAM = """
import sys
from pathlib import Path
from tests.player.films.test_exporter import exporter
exporter(Path(sys.argv[1]), seconds=0.2, frames=40).run()
"""


def exporter(folder, seconds=0.0, frames=9, **more):
    def command(film, part, size, job, options):
        return [sys.executable, "-c", TRAINER, str(film), str(part), str(seconds), str(frames)]

    settings = {"size": (16, 8), "keep": 0, "log": print, "command": command, **more}
    return Exporter(Queue(folder / "inbox"), folder / "films", **settings)


def drop(folder, name="one.mp4", content=FILM):
    path = folder / "inbox" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def states(folder):
    return {job.film.name: job.state for job in Queue(folder / "inbox").jobs()}


def wait_for(what, seconds=30):
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


@pytest.fixture(autouse=True)
def no_settling(monkeypatch):
    monkeypatch.setattr("player.films.exporter.SETTLED", 0.0)
    monkeypatch.setattr("player.films.exporter._LOOK", 0.1)


def test_what_is_dropped_becomes_a_reel_and_the_film_goes(tmp_path):
    film = drop(tmp_path, "Häuser am See.mp4")
    drop(tmp_path, "Häuser am See.srt", b"1\n")
    drop(tmp_path, ".hidden.mp4")
    exporter(tmp_path).run()
    (job,) = Queue(tmp_path / "inbox").jobs()
    assert (job.state, job.reel, job.done, job.of) == ("done", "H-user-am-See.reel", 9, 9)
    with Reel(tmp_path / "films" / job.reel) as reel:
        assert (reel.frames, reel.complete) == (9, True)
    assert not film.exists()
    assert sorted(path.name for path in (tmp_path / "films").iterdir()) == [job.reel]
    assert not Queue(tmp_path / "inbox").todo.exists()


def test_two_films_one_after_the_other_and_a_broken_one_between(tmp_path):
    for name in ("one.mp4", "broken.mp4", "two.mp4"):
        (tmp_path / name).write_bytes(FILM)
        Queue(tmp_path / "inbox").add(tmp_path / name)
    one = exporter(tmp_path)
    one.run()
    assert one.failed == 1
    assert states(tmp_path) == {"one.mp4": "done", "broken.mp4": "failed", "two.mp4": "done"}
    assert Queue(tmp_path / "inbox").jobs()[1].error == "broken.mp4: is truncated; copy it again"
    assert (tmp_path / "one.mp4").exists()  # it lies where its owner put it


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("notes.txt", b"hello\n", "notes.txt is neither a film nor a reel"),
        (
            "holes.reel",
            b"SQLite format 3\0" + bytes(52) + APPLICATION_ID.to_bytes(4) + bytes(200),
            "holes.reel ",
        ),
    ],
)
def test_what_is_no_film_is_refused_and_kept(tmp_path, name, content, error):
    path = drop(tmp_path, name, content)
    exporter(tmp_path).run()
    (job,) = Queue(tmp_path / "inbox").jobs()
    assert job.state == "failed"
    assert job.error.startswith(error)
    assert path.exists()


def test_a_reel_in_the_inbox_joins_the_reels(tmp_path, make_reel, make_film):
    drop(tmp_path, "film.reel", make_reel(make_film(3)).read_bytes())
    exporter(tmp_path).run()
    assert (tmp_path / "films" / "film.reel").exists()
    assert states(tmp_path) == {}


def test_it_can_be_shown_while_it_grows_and_a_kill_loses_nothing(tmp_path):
    """kill -9 for the exporter: its trainer ends by itself, and the next one goes on."""
    drop(tmp_path)
    queue = Queue(tmp_path / "inbox")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], env=environment)
    name = wait_for(lambda: queue.jobs() and queue.jobs()[0].reel)
    with Reel(tmp_path / "films" / name) as reel:
        before = reel.frames
        assert 0 < before < 40
        assert not reel.complete
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert states(tmp_path) == {"one.mp4": "exporting"}
    assert queue.todo.exists()  # so systemd starts it at the next boot
    logged = []
    exporter(tmp_path, frames=40, log=logged.append).run()
    assert "one: export goes on" in logged
    assert states(tmp_path) == {"one.mp4": "done"}
    path = tmp_path / "films" / name
    assert not path.is_symlink()
    with Reel(path) as reel:
        assert (reel.frames, reel.complete) == (40, True)


def test_killed_before_the_last_word_it_only_says_it(tmp_path):
    film = drop(tmp_path)
    exporter(tmp_path).run()
    queue = Queue(tmp_path / "inbox")
    film.write_bytes(FILM)
    queue.report(queue.jobs()[0].id, state="exporting")
    exporter(tmp_path, command=lambda *_: ["false"]).run()
    assert states(tmp_path) == {"one.mp4": "done"}


def test_removed_while_it_is_exported_nothing_is_left(tmp_path):
    film = drop(tmp_path)
    queue = Queue(tmp_path / "inbox")

    def remove(line):
        if "can be shown" in line:
            queue.remove(queue.jobs()[0].id)

    exporter(tmp_path, seconds=0.1, frames=400, log=remove).run()
    assert list((tmp_path / "films").iterdir()) == []
    assert not film.exists()


def test_a_full_disk_fails_the_job_and_a_retry_goes_on(tmp_path):
    drop(tmp_path)
    queue = Queue(tmp_path / "inbox")
    free = [10_000_000]

    def fill(line):
        if "can be shown" in line:
            free[0] = 0

    exporter(tmp_path, 0.05, 60, keep=1_000_000, free=lambda path: free[0], log=fill).run()
    (job,) = queue.jobs()
    assert job.state == "failed"
    assert "the disk is full" in job.error
    assert "free_space" in job.error
    with Reel(tmp_path / "films" / job.reel) as reel:
        kept = reel.frames
    assert kept
    queue.release(job.id)
    exporter(tmp_path, frames=60).run()
    assert queue.jobs()[0].state == "done"


def test_what_the_trainer_says_is_told_in_the_words_of_the_queue(tmp_path):
    drop(tmp_path, "full.mp4")
    exporter(tmp_path).run()
    (job,) = Queue(tmp_path / "inbox").jobs()
    assert job.error == "the disk is full; free some space and let it try again to continue"


def test_other_options_begin_the_export_anew(tmp_path):
    drop(tmp_path, "broken.mp4")
    exporter(tmp_path).run()
    queue = Queue(tmp_path / "inbox")
    (tmp_path / "films" / f".export-{queue.jobs()[0].id}.part").write_bytes(b"what the other options made")
    queue.change(queue.jobs()[0].id, {"fit": "letterbox"})
    seen = []
    exporter(tmp_path, command=lambda film, part, *_: seen.append(part.exists()) or ["false"]).run()
    assert seen == [False]


def test_asked_to_end_it_keeps_what_it_has(tmp_path):
    drop(tmp_path)
    ends = []
    with pytest.raises(Interrupted):
        exporter(
            tmp_path,
            0.05,
            400,
            stopped=lambda: bool(ends),
            log=lambda line: ends.append(1) if "can be shown" in line else None,
        ).run()
    assert states(tmp_path) == {"one.mp4": "exporting"}


def test_one_exporter_at_a_time(tmp_path, monkeypatch):
    drop(tmp_path)
    monkeypatch.setattr("player.films.exporter._ALONE", 0.2)
    second = []

    def log(line):
        if "begins" in line:
            with pytest.raises(FileError, match="another exporter is at work"):
                exporter(tmp_path).run()
            second.append(1)

    exporter(tmp_path, log=log).run()
    assert second


def test_a_film_that_a_computer_may_take_waits_for_it_and_is_done_here_in_the_end(tmp_path):
    film, now = drop(tmp_path), [1000.0]
    one = exporter(tmp_path, sleep=lambda seconds: now.__setitem__(0, now[0] + 10))
    one.queue = Queue(tmp_path / "inbox", lambda: now[0])
    one.queue.computer_here()
    one.queue.add(film)
    one.run()
    assert states(tmp_path) == {"one.mp4": "done"}
    assert now[0] >= 1000 + GRACE


def test_what_is_still_being_copied_waits(tmp_path, monkeypatch):
    monkeypatch.setattr("player.films.exporter.SETTLED", 5.0)
    film, now = drop(tmp_path), [0.0]
    worker = exporter(tmp_path, clock=lambda: now[0])
    worker.films.mkdir()
    for grown, arriving in ((True, True), (True, True), (False, True), (False, False)):
        if grown:
            film.write_bytes(film.read_bytes() + b"more")
        now[0] += 4
        assert worker.join() == arriving
    assert states(tmp_path) == {"one.mp4": "waiting"}


def test_the_command_is_one_that_the_trainer_takes(tmp_path):
    from trainer.__main__ import parser

    job = Queue(tmp_path).add(tmp_path / "-film.mp4", {"title": "A film", "play": "now"})
    command = trainer_command(job.film, tmp_path / "x.part", (1448, 1072), job, ["--memory=250M"])
    args = parser("export").parse_args(command[command.index("export") :])
    assert (args.title, args.size, args.dither, args.memory) == ("A film", "1448x1072", "hysteresis", "250M")
    assert args.progress


def test_the_settings_say_how_films_usually_become(tmp_path):
    job = Job("1", "a", tmp_path / "a.mp4", options={"dial": "1"})
    command = trainer_command(job.film, tmp_path / "a.reel", (8, 8), job, [], usual("0.2", "rare"))
    assert "--dial=1" in command, "its own goes before"
    assert "--flashes=rare" in command
    assert usual("", "usual") == {}
