"""`player add`, `player films`, `player export` and what `player status` says of them."""

import json
import signal

import pytest

from player.__main__ import main
from player.commands import films as command
from player.films.queue import Queue
from tests.player.films.test_kinds import packets


@pytest.fixture
def player(capsys, tmp_path):
    """player("add", ...) with an inbox -> (exit code, stdout, stderr)."""

    def run(name, *arguments):
        code = main([name, *map(str, arguments), "--inbox", str(tmp_path / "inbox")])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "one.ts"
    path.write_bytes(packets(188))
    return path


def test_a_film_of_a_home_is_copied_and_stands_in_the_status(player, tmp_path, film, monkeypatch):
    monkeypatch.setattr(command, "_HOMES", (tmp_path,))
    code, out, err = player("add", film, "--title", "One", "--trim-bars")
    assert (code, err) == (0, "")
    assert "is copied into" in out
    (job,) = Queue(tmp_path / "inbox").jobs()
    assert (job.film, job.options) == (tmp_path / "inbox/one.ts", {"title": "One", "trim_bars": "yes"})
    assert job.film.read_bytes() == film.read_bytes()
    Queue(tmp_path / "inbox").take()
    Queue(tmp_path / "inbox").report(job.id, done=250, of=1000, seconds_left=7200.0)
    line = "One: is exported, 25.0 % of 1,000 frames, 2 hours left"
    assert player("films")[1] == f"{job.id}  {line}\n"
    assert f"film:      {line}\n" in player("status", "--state", tmp_path / "none.json")[1]
    (told,) = json.loads(player("films", "--json")[1])
    assert (told["percent"], told["seconds_left"]) == (25.0, 7200.0)


def test_one_that_all_may_read_stays_where_it_is(tmp_path, film, monkeypatch):
    monkeypatch.setattr(command, "_HOMES", ())
    film.chmod(0o644)
    reachable = all(parent.stat().st_mode & 1 for parent in film.parents)
    assert command.is_open_to_all(film) == reachable
    film.chmod(0o600)
    assert not command.is_open_to_all(film)


def test_the_queue_is_arranged_from_the_command_line(player, tmp_path, film):
    queue = Queue(tmp_path / "inbox")
    one, two = queue.add(tmp_path / "one.ts"), queue.add(tmp_path / "two.ts")
    player("films", "--move", two.id, "1")
    assert [job.id for job in queue.jobs()] == [two.id, one.id]
    queue.report(one.id, state="failed", error="no room")
    assert "one: failed: no room" in player("films")[1]
    player("films", "--retry", one.id)
    player("films", "--remove", two.id)
    assert [(job.id, job.state) for job in queue.jobs()] == [(one.id, "waiting")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "gone.mp4"), "cannot be read: no such file"),
        (("add", __file__), "is no film; give an mp4"),
        (("add", "FILM", "--fit", "wide"), "fit is 'wide'; it must be crop or letterbox or stretch"),
        (("add", "FILM", "FILM", "--title", "x"), "--title is for one film"),
        (("films", "--remove", "x"), "there is no film 'x' in the queue"),
        (("films", "--move", "x", "0"), "the place is a whole number from 1"),
        (("export",), "reels need a directory"),
        (("export", "--films", ".", "--size", "wide"), "write width and height"),
    ],
)
def test_mistakes_are_one_line(player, film, tmp_path, arguments, message):
    code, out, err = player(*(film if argument == "FILM" else argument for argument in arguments))
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert not Queue(tmp_path / "inbox").jobs()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, "nothing is left behind"


def test_an_export_leaves_signals_as_they_were(player, tmp_path, monkeypatch):
    monkeypatch.setattr(command.os, "nice", lambda more: 0)
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    code, _, err = player("export", "--films", str(tmp_path))
    assert (code, err) == (0, "")
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_an_export_says_by_its_exit_code_that_a_film_has_failed(player, tmp_path, monkeypatch):
    monkeypatch.setattr(command.os, "nice", lambda more: 0)
    monkeypatch.setattr("player.films.exporter.SETTLED", 0.0)
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "notes.mp4").write_text("no film")
    assert player("export", "--films", tmp_path)[0] == command.FAILED
    assert player("export", "--films", tmp_path)[0] == 0, "nothing has failed in this run"


def test_without_an_inbox_the_fix_is_named(capsys):
    assert main(["films"]) == 2
    assert "set inbox in the configuration" in capsys.readouterr().err
