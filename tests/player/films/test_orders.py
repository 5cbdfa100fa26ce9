"""Orders of the page: the exporter carries them out within bounds, also while a film is exported."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from player.films import orders as room
from player.films.exporter import Interrupted
from player.films.orders import CALIBRATION, Answer, Orders, carry_out
from tests.player.films.test_exporter import FILM, drop, exporter, states


@pytest.fixture
def orders(tmp_path):
    return Orders(exporter(tmp_path).queue)


def run(code, **more):
    return carry_out([sys.executable, "-c", code], lambda: False, sleep=lambda seconds: None, **more)


def test_what_was_printed_is_the_answer_and_a_complaint_is_one_line():
    assert run("print('one'); print('two')") == Answer("", ("one", "two"))
    assert run("import sys; print('x', file=sys.stderr); sys.exit('trainer: too dark')") == Answer("too dark")


def test_it_is_bounded_in_time_memory_and_priority():
    assert "more than 0 seconds" in run("while True: pass", seconds=0.3).error
    assert "MemoryError" in run(f"bytearray({room.MEMORY})").error
    assert run("import os; print(os.nice(0))").words == ("19",)


def test_one_that_is_killed_says_so():
    assert "too little memory" in run("import os; os.kill(os.getpid(), 9)").error


def test_it_ends_with_the_exporter():
    assert carry_out([sys.executable, "-c", "while True: pass"], lambda: True) is None


def test_the_exporter_measures_photographs_while_a_film_is_exported(tmp_path, orders, monkeypatch):
    drop(tmp_path)
    code = "import sys; open(sys.argv[1], 'w').close(); print(len(sys.argv) - 2)"
    monkeypatch.setattr(
        "player.films.exporter.calibrate_command",
        lambda photographs, out, panel: [sys.executable, "-c", code, str(out), *map(str, photographs)],
    )
    works = exporter(tmp_path, seconds=0.2)
    told = []

    def ask_once(line):
        told.append(line)
        if "export begins" in line:
            orders.ask(CALIBRATION, {})
            (orders.folder / "photograph-1.jpg").touch()
            (orders.folder / "photograph-2.jpg").touch()

    works.log = ask_once
    works.run()
    assert orders.state(CALIBRATION) == Answer("", ("2",))
    assert orders.path(CALIBRATION, ".toml").exists()
    assert states(tmp_path) == {"one.mp4": "done"}
    assert told.index("calibration: done") < len(told) - 1, "before the film was done"


def test_an_order_that_is_none_is_answered_too(tmp_path, orders):
    orders.ask("unknown", {})
    assert orders.state("unknown") == "asked"
    exporter(tmp_path).run()
    assert orders.state("unknown").error == "this is no order; ask again"


def test_an_order_that_was_stopped_is_carried_out_later(tmp_path, orders, monkeypatch):
    monkeypatch.setattr("player.films.exporter.carry_out", lambda command, stopped: None)
    orders.ask(CALIBRATION, {})
    (orders.folder / "photograph-1.jpg").touch()
    with pytest.raises(Interrupted):
        exporter(tmp_path).run()
    assert orders.state(CALIBRATION) == "asked"


PROFILE = """panel = ""
size = [16, 8]
measured = 2026-01-31
ghost = 0.08
ghost_spread = 0.01
ghost_white = 0
ghost_white_spread = 0.01
dot_gain = 0.1
tones = [[0, 0], [1, 1]]
"""


def test_an_export_is_made_for_the_panel_as_it_was_known_when_it_began(tmp_path):
    film, profile = drop(tmp_path), tmp_path / "panel.toml"
    profile.write_text(PROFILE)
    works = exporter(tmp_path, profile=profile)
    part = works.films / ".export-1.part"
    works.films.mkdir()
    job = works.queue.add(film)
    (option,) = works._panel(job, part)
    kept = option.removeprefix("--panel=")
    profile.unlink()
    assert works._panel(replace(job, done=3), part) == [option], "it goes on as it began"
    assert "ghost = 0.08" in Path(kept).read_text()
    assert works._panel(job, part) == []
    profile.write_text(PROFILE.replace("[16, 8]", "[32, 8]"))
    assert works._panel(job, part) == [], "another panel"


def test_a_preview_is_drawn_as_the_export_will_be(tmp_path, orders, monkeypatch):
    film = tmp_path / "one.mp4"
    film.write_bytes(FILM)
    job = orders._queue.add(film, {"wait": "yes", "fit": "letterbox", "title": "x"})
    assert job.held
    ran = []
    monkeypatch.setattr(
        "player.films.exporter.carry_out", lambda command, stopped: ran.append(command) or Answer()
    )
    options = {"fit": "letterbox", "title": "x", "dither": "search", "dial": "0.25"}
    orders.ask("preview-1", {"job": job.id, "options": options})
    orders.ask("preview-2", {"job": job.id, "options": {"fit": "--help"}})
    orders.ask("preview-3", {"job": "gone", "options": {}})
    exporter(tmp_path).run()
    (command,) = ran
    assert command[3:] == [
        "trainer", "preview", f"--out={orders.path('preview-1', '.png')}", "--size=16x8", "--stills=3",
        "--dither=search:0.25", "--fit=letterbox", "--", str(film),
    ]  # fmt: skip
    assert orders.state("preview-1") == Answer()
    assert "fit" in orders.state("preview-2").error
    assert "no film" in orders.state("preview-3").error
    assert states(tmp_path) == {"one.mp4": "waiting"}, "it waits for a yes"
    assert not orders._queue.release(job.id).options.get("wait")
    exporter(tmp_path).run()
    assert states(tmp_path) == {"one.mp4": "done"}


def test_only_so_many_previews_are_kept(orders, monkeypatch):
    monkeypatch.setattr(room, "PREVIEWS", 2)
    for name in ("preview-1", "preview-2", "preview-3"):
        orders.ask(name, {})
        orders.answer(name, Answer())
        time.sleep(0.01)
    assert [orders.state(f"preview-{number}") for number in (1, 2, 3)] == ["none", Answer(), Answer()]
