"""`trainer export` from a real film file: what the reel holds, and that an export resumes wherever it was
stopped.
"""

import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import cv2
import numpy as np
import pytest

from player.reel import Reel, ReelError
from tests.trainer.made_films import make_film
from trainer.__main__ import main
from trainer.commands.export import parse_memory
from trainer.dithers.diffusion import Hysteresis
from trainer.dithers.levels import CLEAN
from trainer.errors import FilmError, OptionError
from trainer.export.export import export
from trainer.export.task import Task
from trainer.films.film import Film
from trainer.films.plan import Plan
from trainer.films.selection import Selection
from trainer.films.stretches import stretches
from trainer.films.times import FrameNumber
from trainer.films.tones import Tones

TONES = Tones(size=(96, 72))
WHOLE = Selection()


def picture(number: int) -> np.ndarray:
    """A bright disc that wanders over a ramp; from frame 20 on another shot, frames 30 to 33 are black."""
    if 30 <= number < 34:
        return np.zeros((96, 160, 3), np.uint8)
    ramp = np.tile(np.linspace(40, 200, 160, dtype=np.uint8), (96, 1))
    if number >= 20:
        ramp = 255 - ramp[::, ::-1] // 3
    cv2.circle(ramp, (20 + 3 * number, 48), 14, 250 if number < 20 else 10, -1)
    return np.repeat(ramp[:, :, None], 3, axis=2)


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return make_film(tmp_path_factory.mktemp("film") / "disc.avi", "MJPG", [picture(n) for n in range(40)])


def dithers_in(reel_path: Path) -> np.ndarray:
    with Reel(reel_path) as reel:
        return np.array([reel.dither(number) for number in range(reel.frames)])


def run(path: Path, reel: Path, selection: Selection = WHOLE, dial: float | None = None, **more):
    task = Task(path, selection, TONES, "hysteresis", dial, plan=Plan(CLEAN, longest=8))
    return export(task, reel, **more)


def test_the_reel_holds_the_closed_loop_of_each_stretch(path, tmp_path):
    summary = run(path, tmp_path / "a.reel", dial=0.7)
    expected, flips, ditherer = [], [], Hysteresis(0.7)
    with Film(path) as film:
        for stretch in stretches(WHOLE.frames(film, TONES), Plan(CLEAN, longest=8)):
            shown = None
            for selected in stretch.frames:
                dither = ditherer.dither(TONES(selected.image), shown)
                if shown is not None:
                    flips.append((dither != shown).mean())
                shown = dither
                expected.append(dither)
    np.testing.assert_array_equal(dithers_in(tmp_path / "a.reel"), expected)
    assert summary.frames == 40
    assert summary.flips == pytest.approx(np.mean(flips))


def test_the_reel_tells_of_frames_times_and_the_cut(path, tmp_path):
    run(path, tmp_path / "a.reel", Selection(start=FrameNumber(5), every=3))
    with Reel(tmp_path / "a.reel") as reel:
        infos = [reel.info(number) for number in range(reel.frames)]
        assert reel.complete
        assert reel.meta["film"] == "disc.avi"
        assert not list(reel.verify())
    assert [info.film_frame for info in infos] == list(range(5, 40, 3))
    assert [info.time_ms for info in infos] == [40 * info.film_frame for info in infos]
    assert 20 in [info.film_frame for info in infos if info.cut]
    assert all(info.key for info in infos if info.cut)


def test_black_frames_can_be_skipped(path, tmp_path):
    run(path, tmp_path / "a.reel", Selection(skip_black=True))
    with Reel(tmp_path / "a.reel") as reel:
        frames = [reel.info(number).film_frame for number in range(reel.frames)]
    assert frames == [*range(30), *range(34, 40)]


@pytest.mark.parametrize("selection", [Selection(), Selection(skip_black=True, every=2), Selection(count=36)])
@pytest.mark.parametrize("stopped_after", [0, 1, 19, 20, 31, 35])
def test_an_export_that_was_cut_off_goes_on_to_the_same_reel(path, tmp_path, selection, stopped_after):
    run(path, tmp_path / "whole.reel", selection)

    def stop(done, info):
        if info.number == min(stopped_after, 15 if selection.every == 2 else 35) - 1:
            raise KeyboardInterrupt

    reel = tmp_path / "cut.reel"
    with pytest.raises(KeyboardInterrupt) if stopped_after else nullcontext():
        run(path, reel, selection, report=stop)
    if stopped_after:
        assert (run(path, reel, selection).there_before > 0) == (stopped_after > 8)
    np.testing.assert_array_equal(dithers_in(reel), dithers_in(tmp_path / "whole.reel"))
    with Reel(reel) as one, Reel(tmp_path / "whole.reel") as other:
        assert one.complete
        assert one.frames == other.frames
        for number in range(one.frames):
            a, b = one.info(number), other.info(number)
            assert (a.film_frame, a.time_ms, a.cut, a.redraw, a.flips, a.darkened) == (
                b.film_frame, b.time_ms, b.cut, b.redraw, b.flips, b.darkened
            )  # fmt: skip


def test_a_killed_process_goes_on_to_the_same_reel(tmp_path):
    """SIGKILL at the first sign of a reel, and again while the command goes on with it."""
    film = make_film(tmp_path / "long.avi", "MJPG", [picture(n % 40) for n in range(200)])
    command = [sys.executable, "-m", "trainer", "export", str(film), "--size", "320x240", "--stretch", "16"]
    subprocess.run([*command, str(tmp_path / "whole.reel")], check=True, capture_output=True)
    reel = tmp_path / "cut.reel"
    killed_while_writing = 0
    for seconds in (0, 0.03, 0.1):
        process = subprocess.Popen([*command, str(reel)], stdout=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while not reel.exists() and time.monotonic() < end:
            time.sleep(0.005)
        time.sleep(seconds)
        process.kill()
        killed_while_writing += process.wait() != 0 and reel.exists()
    assert killed_while_writing
    result = subprocess.run([*command, str(reel)], check=True, capture_output=True, text=True)
    assert "200 frames" in result.stdout
    np.testing.assert_array_equal(dithers_in(reel), dithers_in(tmp_path / "whole.reel"))


def test_ctrl_c_keeps_every_stretch_that_is_done(path, tmp_path):
    def stop(done, info):
        if done == 21:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(path, tmp_path / "a.reel", report=stop)
    with Reel(tmp_path / "a.reel") as reel:
        assert (reel.frames, reel.complete) == (20, False)  # a cut lies before frame 20
    assert run(path, tmp_path / "a.reel").there_before == 20


def test_ctrl_c_in_the_first_stretch_leaves_nothing(path, tmp_path):
    def stop(done, info):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(path, tmp_path / "a.reel", report=stop)
    assert not list(tmp_path.iterdir())


def test_a_complete_reel_is_left_as_it_is(path, tmp_path):
    run(path, tmp_path / "a.reel")
    before = (tmp_path / "a.reel").read_bytes()
    assert run(path, tmp_path / "a.reel").there_before == 40
    assert (tmp_path / "a.reel").read_bytes() == before


def test_other_options_do_not_touch_a_reel_that_is_there(path, tmp_path):
    run(path, tmp_path / "a.reel")
    before = (tmp_path / "a.reel").read_bytes()
    with pytest.raises(ReelError, match="--overwrite"):
        run(path, tmp_path / "a.reel", dial=0.9)
    assert (tmp_path / "a.reel").read_bytes() == before
    assert run(path, tmp_path / "a.reel", dial=0.9, overwrite=True).there_before == 0


@pytest.mark.parametrize(
    "selection",
    [Selection(start=FrameNumber(50)), Selection(FrameNumber(30), FrameNumber(34), skip_black=True)],
)
def test_a_selection_without_a_frame_leaves_no_reel(path, tmp_path, selection):
    with pytest.raises((FilmError, ReelError)):
        run(path, tmp_path / "a.reel", selection)
    assert not (tmp_path / "a.reel").exists()


def test_count_must_be_a_count():
    with pytest.raises(OptionError, match="1 frame or more"):
        Selection(count=0)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["no.mp4", "a.reel"], "there is no such file"),
        ([__file__, "a.reel"], "no film that FFmpeg can open"),
        (["{film}", "{film}"], "is the film itself"),
        (["{film}", "nowhere/a.reel"], "no such directory"),
        (["{film}", "."], "is a directory; name the file"),
        (["{film}", ".", "--workers", "2"], "is a directory; name the file"),
        (["{film}", "a.reel", "--workers", "0"], "choose 1 or more"),
        (["{film}", "a.reel", "--workers", "two"], "--help"),
        (["{film}", "a.reel", "--workers", "2", "--start", "99999"], "no frame lies from 99999"),
        (["{film}", "a.reel", "--workers", "2", "--dial", "3"], "0 (liveliest) to 1 (calmest)"),
        (["{film}", "a.reel", "--workers", "2", "--cluster", "tcp://localhost:1"], "do not go together"),
        (["{film}", "a.reel", "--stretch", "0"], "1 frame or longer"),
        (["{film}", "a.reel", "--workers", "2", "--stretch", "0"], "1 frame or longer"),
        (["{film}", "a.reel", "--memory", "lots"], "like 250M or 2G"),
        (["{film}", "a.reel", "--memory", "2"], "like 250M or 2G"),
        (["{film}", "a.reel", "--dither", "fs"], "choose one of"),
        (["{film}", "a.reel", "--dial", "2"], "0 (liveliest) to 1 (calmest)"),
        (["{film}", "a.reel", "--size", "big"], "like 1448x1072"),
        (["{film}", "a.reel", "--start", "soon"], "is no place in a film"),
        (["{film}", "a.reel", "--levels", "dark"], "two tones like"),
        (["{film}", "a.reel", "--fit", "squeeze"], "crop, letterbox, stretch"),
        (["{film}", "a.reel", "--every", "0"], "1 or more"),
        (["{film}", "a.reel", "--every", "x"], "--help"),
        (["{film}"], "--help"),
    ],
)
def test_what_a_user_gets_wrong_is_one_line_and_exit_code_2(path, tmp_path, monkeypatch, capsys, words, hint):
    monkeypatch.chdir(tmp_path)
    try:
        code = main(["export", *(word.format(film=path) for word in words)])
    except SystemExit as exit:
        code = exit.code
    error = capsys.readouterr().err
    assert code == 2
    assert error.count("\n") == 1
    assert error.startswith("trainer")
    assert hint in error
    assert not (tmp_path / "a.reel").exists()


@pytest.mark.parametrize(("text", "size"), [("250M", 250 * 2**20), ("2g", 2**31), ("1.5G", 3 * 2**29),
                                            ("700k", 700 * 2**10), ("64MiB", 2**26)])  # fmt: skip
def test_a_size_of_memory(text, size):
    assert parse_memory(text) == size


def test_the_summary_tells_of_frames_redraws_and_flips(path, tmp_path, capsys):
    words = ["export", str(path), str(tmp_path / "a.reel"), "--size", "96x72", "--dither", "hysteresis"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "a.reel: 40 frames, 4 redraws, " in said
    assert "% of the pixels flip per frame between redraws\n" in said
    assert main(words) == 0
    assert capsys.readouterr().out.endswith("a.reel: was complete already, 40 frames, 4 redraws\n")


@pytest.mark.parametrize(
    ("words", "redraws", "stretch"),
    [
        ([], [0, 25, 50], "240"),
        (["--flashes", "rare"], [0, 49], "240"),
        (["--flashes", "often"], [0, 20, 40], "240"),
        (["--ghost", "0.083"], [0], "240"),
        (["--flashes", "rare", "--stretch", "25"], [0, 25, 50], "25"),
    ],
)
def test_flashes_are_as_rare_as_asked_for(tmp_path, words, redraws, stretch):
    """Tones that fall by 1.4 grey levels a frame: 34, with a spread of .03, are the usual limit."""
    levels = np.linspace(230, 147, 60).astype(np.uint8)
    film = make_film(tmp_path / "f.avi", "MJPG", [np.full((96, 128, 3), level, np.uint8) for level in levels])
    reel = tmp_path / "a.reel"
    size = ["--size", "64x48", "--dither", "mask"]
    assert main([str(word) for word in ["export", film, reel, *size, *words]]) == 0
    with Reel(reel) as made:
        assert sorted(made.redraws or ()) == redraws
        assert made.meta["stretch"] == stretch
