"""The queue: its order, its states, and two processes that change it at once."""

import json
import os
import subprocess
import sys

import pytest

from player.errors import ConfigError, FileError
from player.films.queue import CLAIM, DONE, GRACE, LATELY, NoSuchJob, NotNow, Queue


@pytest.fixture
def queue(tmp_path):
    return Queue(tmp_path / "inbox")


def films(queue):
    return [job.film.name for job in queue.jobs()]


def test_jobs_come_in_their_order_and_can_be_moved(queue, tmp_path):
    assert queue.jobs() == []
    one, two, three = (queue.add(tmp_path / f"{name}.mp4") for name in ("one", "two", "three"))
    assert films(queue) == ["one.mp4", "two.mp4", "three.mp4"]
    queue.move(three.id, 0)
    assert films(queue) == ["three.mp4", "one.mp4", "two.mp4"]
    queue.move(three.id, 99)
    assert films(queue) == ["one.mp4", "two.mp4", "three.mp4"]
    queue.remove(two.id)
    assert films(queue) == ["one.mp4", "three.mp4"]
    assert Queue(queue.folder).job(one.id) == one
    for missing in (lambda: queue.move(two.id, 0), lambda: queue.remove(two.id), lambda: queue.job("x")):
        with pytest.raises(NoSuchJob, match="no film"):
            missing()


def test_a_film_is_taken_one_at_a_time_and_the_begun_one_first(queue, tmp_path):
    one, two = queue.add(tmp_path / "one.mp4"), queue.add(tmp_path / "two.mp4")
    assert queue.take().id == one.id
    queue.move(two.id, 0)
    assert queue.take().id == one.id  # after a restart: it goes on
    queue.report(one.id, done=30, of=120, seconds_left=90.0)
    assert queue.job(one.id).percent == 25
    queue.report(one.id, state="done", reel="one.reel")
    assert queue.take().id == two.id
    queue.report(two.id, state="failed", error="no film")
    assert queue.take() is None
    queue.release(two.id)
    assert queue.take().id == two.id


def test_options_are_checked_and_stand_until_the_export_begins(queue, tmp_path):
    with pytest.raises(ConfigError):
        queue.add(tmp_path / "one.mp4", {"fit": "wide"})
    job = queue.add(tmp_path / "one.mp4", {"title": "One"}, held=True)
    assert (job.name, job.held) == ("One", True)
    assert queue.take() is None
    assert queue.change(job.id, {"fit": "letterbox"}).name == "one"
    queue.release(job.id)
    assert queue.take().options == {"fit": "letterbox"}
    with pytest.raises(NotNow, match="being exported"):
        queue.change(job.id, {})
    with pytest.raises(NotNow, match="being exported"):
        queue.add(tmp_path / "one.mp4")


def test_a_film_that_is_added_again_takes_the_new_options(queue, tmp_path):
    job = queue.add(tmp_path / "one.mp4")
    assert queue.add(tmp_path / "one.mp4", {"dial": "0.5"}).id == job.id
    assert [job.options for job in queue.jobs()] == [{"dial": "0.5"}]
    queue.report(job.id, state="done")
    assert queue.add(tmp_path / "one.mp4").id != job.id


def test_a_film_of_the_inbox_goes_with_its_job_and_others_stay(queue, tmp_path):
    queue.folder.mkdir()
    sent, named = queue.folder / "sent.mp4", tmp_path / "named.mp4"
    for film in (sent, named):
        film.write_bytes(b"film")
        queue.remove(queue.add(film).id)
    assert not sent.exists()
    assert named.exists()


def test_a_computer_of_the_house_claims_a_job_and_loses_it_by_silence(tmp_path):
    now = [1000.0]
    queue = Queue(tmp_path, lambda: now[0])
    job = queue.add(tmp_path / "one.mp4")
    queue.claim(job.id, "desk")
    assert queue.take() is None
    with pytest.raises(NotNow, match="by desk"):
        queue.claim(job.id, "attic")
    now[0] += CLAIM - 1
    queue.report(job.id, done=5)
    now[0] += CLAIM - 1
    assert queue.take() is None
    now[0] += 2
    assert queue.take().by == ""
    with pytest.raises(NotNow, match="by the player"):
        queue.claim(job.id, "desk")


def test_the_flag_for_systemd_stands_while_a_job_waits(queue, tmp_path):
    job = queue.add(tmp_path / "one.mp4", held=True)
    assert not queue.todo.exists()
    queue.release(job.id)
    assert queue.todo.exists()


def test_done_jobs_are_forgotten_in_the_end(queue, tmp_path):
    for number in range(DONE + 3):
        queue.report(queue.add(tmp_path / f"{number}.mp4").id, state="done")
    assert films(queue) == [f"{number}.mp4" for number in range(3, DONE + 3)]


def test_two_processes_lose_no_change(queue, tmp_path):
    program = (
        "import sys\nfrom pathlib import Path\nfrom player.films.queue import Queue\n"
        "queue = Queue(Path(sys.argv[1]))\n"
        "for number in range(25):\n    queue.add(Path(f'/films/{sys.argv[2]}-{number}.mp4'))\n"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", program, str(queue.folder), name], env=os.environ)
        for name in "ab"
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    assert sorted(films(queue)) == sorted(f"{name}-{number}.mp4" for name in "ab" for number in range(25))


@pytest.mark.parametrize("content", ["", "{}", "[{}]", '[{"id": 1}]', "[" * 100_000, "[1]"])
def test_a_file_that_is_no_queue_is_one_line(queue, tmp_path, content):
    queue.inside.mkdir(parents=True)
    (queue.inside / "jobs.json").write_text(content)
    if content == "{}":
        assert queue.jobs() == []
        return
    with pytest.raises(FileError, match=r"holds no queue of films; remove it"):
        queue.jobs()


def test_fields_of_a_newer_version_are_left_out(queue, tmp_path):
    queue.add(tmp_path / "one.mp4")
    file = queue.inside / "jobs.json"
    (found,) = json.loads(file.read_text())
    file.write_text(json.dumps([{**found, "colour": "blue"}]))
    assert films(queue) == ["one.mp4"]


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be made a directory"):
        Queue(tmp_path / "file").add(tmp_path / "one.mp4")


def test_a_new_film_is_left_to_a_computer_that_was_there_lately(tmp_path):
    now = [1000.0]
    queue = Queue(tmp_path / "inbox", lambda: now[0])
    queue.computer_here()
    job = queue.add(tmp_path / "one.mp4")
    assert queue.take() is None
    assert queue.todo.exists(), "the exporter looks again"
    now[0] += GRACE - 1
    assert queue.take() is None
    now[0] += 1
    assert queue.take().id == job.id, "no computer has come for it"
    now[0] += LATELY
    second = queue.add(tmp_path / "two.mp4")
    queue.report(job.id, state="done")
    assert queue.take().id == second.id, "none has been there lately"


def test_what_this_machine_has_begun_no_computer_takes(tmp_path):
    queue = Queue(tmp_path / "inbox")
    job = queue.add(tmp_path / "one.mp4")
    assert job.is_for("desk")
    taken = queue.take()
    assert not taken.is_for("desk")
    queue.report(job.id, state="failed", error="full", done=3)
    assert not queue.release(job.id).is_for("desk"), "its beginning is here"
    held = queue.add(tmp_path / "two.mp4", held=True)
    assert not held.is_for("desk")
    with pytest.raises(NotNow, match="does not wait for desk"):
        queue.claim(held.id, "desk")


def test_silence_is_noticed_without_an_exporter(tmp_path):
    now = [1000.0]
    queue = Queue(tmp_path / "inbox", lambda: now[0])
    queue.claim(queue.add(tmp_path / "one.mp4").id, "desk")
    queue.todo.unlink()
    queue.give_up()
    assert queue.jobs()[0].by == "desk"
    now[0] += CLAIM + 1
    queue.give_up()
    assert (queue.jobs()[0].state, queue.jobs()[0].by) == ("waiting", "")
    assert queue.todo.exists(), "systemd starts the exporter"
