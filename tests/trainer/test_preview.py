"""`trainer preview` from the command line, and the comparison that all its outputs are drawn from."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.trainer.made_films import make_film
from tests.trainer.previews.preview_cases import (
    COUNT,
    CUT,
    LABELS,
    Played,
    comparison,
    made_dithers,
    seen_on_glass,
    selected_frames,
)
from trainer.__main__ import main
from trainer.dithers.diffusion import Hysteresis
from trainer.dithers.table import DEFAULT
from trainer.errors import OptionError
from trainer.previews.comparison import Comparison
from trainer.previews.glass import GlassTones, PanelGlass, flash, glass_tones
from trainer.previews.preview import (
    KINDS,
    kind_of,
)

SIZE = ("--size", "64x48", "--crop", "40x30")
BEGINS = {
    ".png": b"\x89PNG\r\n\x1a\n",
    ".gif": b"GIF89a",
    ".mp4": b"ftyp",
    ".html": b"<!doctype html>",
}


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    return make_film(tmp_path_factory.mktemp("film") / "numbers.avi", "MJPG", 60)


def threads_left() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(("ahead", "dither"))]


def test_every_dither_runs_its_own_closed_loop():
    frames = selected_frames(4)
    moments = list(Comparison(frames, {"a": Hysteresis(0.2), "b": Hysteresis(0.9)}))
    for label, dial in (("a", 0.2), ("b", 0.9)):
        shown = None
        for moment, frame in zip(moments, frames, strict=True):
            before, shown = shown, Hysteresis(dial).dither(frame.frame, shown)
            np.testing.assert_array_equal(moment.shown[label].dither, shown)
            assert moment.selected is frame
            if before is not None:
                np.testing.assert_array_equal(moment.shown[label].before, before)
    assert moments[0].shown["a"].before is None
    assert (moments[3].shown["a"].dither != moments[3].shown["b"].dither).any()


def test_the_figures_are_those_of_the_made_dithers():
    made, compared = made_dithers(), comparison()
    moments = list(compared)
    assert [moment.index for moment in moments] == list(range(COUNT))
    for label in LABELS:
        flips = [float((a != b).mean()) for a, b in zip(made[label], made[label][1:], strict=False)]
        changes = [moment.shown[label].score.change for moment in moments]
        assert [change.flips for change in changes[1:]] == flips
        assert compared.summaries()[label].change.flips == pytest.approx(np.mean(flips))
        assert compared.summaries()[label].cuts == 1
    assert moments[CUT].shown["lively"].score.cut
    assert moments[20].shown["lively"].score.action == "redraw"
    assert moments[5].shown["calm:0.5"].score.action == "nothing"


def test_progress_is_reported_after_each_frame():
    done = []
    ditherers = {label: Played(dithers) for label, dithers in made_dithers(3).items()}
    for moment in Comparison(selected_frames(3), ditherers, report=done.append):
        assert done == list(range(1, moment.index + 1))
    assert done == [1, 2, 3]


def test_a_failing_ditherer_is_heard():
    with pytest.raises(IndexError):
        list(Comparison(selected_frames(2), {"short": Played(made_dithers(1)["lively"])}))


def test_closing_ends_the_threads_of_an_iteration_that_was_left():
    compared = comparison()
    moments = iter(compared)
    next(moments)
    assert threads_left() != []
    compared.close()
    assert threads_left() == []
    assert next(moments, None) is None


def test_a_film_without_a_frame_is_refused():
    with pytest.raises(OptionError, match="no frame of the film is selected"):
        list(Comparison([], {"a": Hysteresis()}))


def test_the_glass_shows_ghosts_until_the_redraw():
    made, moments = made_dithers(), list(comparison())
    for label in LABELS:
        glass = PanelGlass(made[label][0].shape[1], made[label][0].shape[0])
        actions = [moment.shown[label].score.action for moment in moments]
        for dither, action, expected in zip(
            made[label], actions, seen_on_glass(made[label], actions), strict=True
        ):
            np.testing.assert_array_equal(glass.show(dither, action), expected)
    assert glass_tones() == GlassTones(white=224, black=32, ghost=48)
    np.testing.assert_array_equal(flash(np.array([[0, 1]], np.uint8)), [[224, 32]])


@pytest.mark.parametrize("name", ["a.png", "b.GIF", "c.d.mp4", "e.html"])
def test_the_ending_says_what_to_make(name):
    assert kind_of(Path(name)) == Path(name).suffix.lower()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_made_of_a_film(film, tmp_path, capsys, kind):
    out = tmp_path / f"preview{kind}"
    words = ["preview", str(film), "--out", str(out), "--count", "3", *SIZE]
    assert main([*words, "--dither", "hysteresis:.3", "--dither", "mask"]) == 0
    assert BEGINS[kind] in out.read_bytes()[:64]
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].startswith("hysteresis:0.3  ")
    assert "% flips per frame" in lines[0]
    assert lines[1].startswith("mask ")
    assert lines[2].startswith(f"{out}: 3 frames, ")
    assert said.err == ""
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_without_a_number_48_frames_are_shown_and_with_an_end_all(film, tmp_path, capsys):
    out = tmp_path / "preview.png"
    for more, frames in (([], 48), (["--end", "55", "--start", "2"], 53), (["--every", "20"], 3)):
        assert main(["preview", str(film), "--out", str(out), *SIZE, *more]) == 0
        said = capsys.readouterr().out
        assert said.splitlines()[-1].startswith(f"{out}: {frames} frames")
        assert said.startswith("floyd-steinberg")
        assert f"\n{DEFAULT}" in said


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (["--out", "preview.jpg"], ".html, .gif, .mp4, .png"),
        (["--out", "preview"], ".html, .gif, .mp4, .png"),
        (["--out", "no/where.png"], "make it or name another"),
        (["--out", "a.png", "--dither", "floyd"], "choose one of"),
        (["--out", "a.png", "--dither", "mask", "--dither", "mask"], "leave one out"),
        (["--out", "a.png", *(f"--dither=hysteresis:{n / 10}" for n in range(10))], "choose up to 9"),
        (["--out", "a.png", "--crop", "big"], "write width and height"),
        (["--out", "a.png", "--crop", "40x49"], "64x48 pixels"),
        (["--out", "a.png", "--crop", "40x30+25+0"], "64x48 pixels"),
        (["--out", "a.png", "--crop", "0x30"], "64x48 pixels"),
        (["--out", "a.png", "--size", "30x30"], "31x31"),
        (["--out", "a.png", "--fps", "0"], "0.1 to 60"),
        (["--out", "a.png", "--fps", "nan"], "0.1 to 60"),
        (["--out", "a.png", "--start", "100"], "no frame"),
        (["--out", "a.png", "--count", "0"], "1 frame or more"),
    ],
)
def test_what_cannot_be_made_is_one_line_that_names_the_fix(film, tmp_path, monkeypatch, capsys, words, fix):
    monkeypatch.chdir(tmp_path)
    assert main(["preview", str(film), "--size", "64x48", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("trainer: ")
    assert said.err.count("\n") == 1
    assert fix in said.err
    assert list(tmp_path.iterdir()) == []


def test_the_film_itself_is_not_replaced(tmp_path, capsys):
    film = make_film(tmp_path / "film.mp4", "mp4v", 3)
    before = film.read_bytes()
    assert main(["preview", str(film), "--out", str(film)]) == 2
    assert "is the film itself" in capsys.readouterr().err
    assert film.read_bytes() == before


@pytest.mark.parametrize("kind", KINDS)
def test_ctrl_c_leaves_nothing_half_written(film, tmp_path, monkeypatch, capsys, kind):
    out = tmp_path / f"preview{kind}"
    out.write_text("the one from before")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    calls = []

    def interrupted(self, frame, previous):
        calls.append(1)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return np.zeros(frame.shape, np.uint8)

    monkeypatch.setattr(Hysteresis, "__call__", interrupted)
    assert main(["preview", str(film), "--out", str(out), *SIZE, "--dither", "hysteresis"]) == 130
    said = capsys.readouterr().err
    assert threads_left() == []
    assert said.startswith("trainer: stopped")
    assert "goes on" not in said
    assert out.read_text() == "the one from before"
    assert list(temporary.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [out.name, "temporary"]


def test_a_signal_ends_it_without_a_traceback(film, tmp_path):
    """Ctrl-C while the threads dither, in a process of its own."""
    program = (
        "import sys, trainer.commands.preview, trainer.__main__\n"
        "print('ready', flush=True)\n"
        "sys.exit(trainer.__main__.main(sys.argv[1:]))"
    )
    words = ["preview", str(film), "--out", str(tmp_path / "a.gif"), "--size", "1200x900"]
    command = [sys.executable, "-c", program, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
