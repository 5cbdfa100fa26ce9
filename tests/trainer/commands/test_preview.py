"""`trainer preview` from the command line."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.trainer.made_films import make_film
from trainer.__main__ import main
from trainer.commands.preview import KINDS, kind_of
from trainer.dithers.diffusion import Hysteresis
from trainer.dithers.table import DEFAULT
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.times import FrameNumber
from trainer.previews.stills import GAP, places

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
    assert lines[2].startswith(f"{out}: 3 frames, 0 redraws after the first, ")
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


def test_stills_are_whole_panels_from_all_over_the_film(film, tmp_path):
    out = tmp_path / "stills.png"
    words = ["preview", str(film), "--out", str(out), "--size", "64x48", "--stills", "3", "--dither"]
    assert main([*words, "hysteresis"]) == 0
    with Image.open(out) as image:
        assert image.size == (3 * 64 + 2 * GAP, 48)
        found = np.asarray(image.convert("L"))
    parts = [found[:, at : at + 64] for at in (0, 64 + GAP, 2 * (64 + GAP))]
    assert all(len(np.unique(part)) > 1 for part in parts)
    assert (parts[0] != parts[1]).any()
    assert (parts[1] != parts[2]).any()
    with Film(film) as opened:
        middles = places(opened, Selection(start=FrameNumber(30)), 3)
    assert [place.ms for place in middles] == [round(1000 * number / opened.rate) for number in (35, 45, 55)]


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (["--out", "preview.jpg"], ".html, .gif, .mp4, .png"),
        (["--out", "preview"], ".html, .gif, .mp4, .png"),
        (["--out", "no/where.png"], "make it or name another"),
        (["--out", "a.png", "--dither", "floyd"], "choose one of"),
        (["--out", "a.png", "--dither", "mask", "--dither", "mask"], "leave one out"),
        (["--out", "a.png", *(f"--dither=hysteresis:{n / 10}" for n in range(10))], "choose up to 9"),
        (["--out", "a.png", "--stills", "3"], "with one --dither"),
        (["--out", "a.html", "--stills", "3", "--dither", "mask"], "end --out in .png"),
        (["--out", "a.png", "--stills", "0", "--dither", "mask"], "give 1 to 12"),
        (["--out", "a.png", "--crop", "big"], "write width and height"),
        (["--out", "a.png", "--crop", "40x49"], "64x48 pixels"),
        (["--out", "a.png", "--crop", "40x30+25+0"], "64x48 pixels"),
        (["--out", "a.png", "--crop", "0x30"], "64x48 pixels"),
        (["--out", "a.png", "--size", "30x30"], "31x31"),
        (["--out", "a.png", "--fps", "0"], "0.1 to 60"),
        (["--out", "a.png", "--fps", "nan"], "0.1 to 60"),
        (["--out", "a.png", "--start", "100"], "no frame"),
        (["--out", "a.png", "--count", "0"], "1 frame or more"),
        (["--out", "a.png", "--stretch", "0"], "1 frame or longer"),
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

    def interrupted(self, frame, shown):
        calls.append(1)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return np.zeros(frame.shape, np.uint8)

    monkeypatch.setattr(Hysteresis, "dither", interrupted)
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
