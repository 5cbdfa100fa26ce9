"""An export in parts: the reel is the same whoever makes which part, and whatever is stopped in between."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from player.reel import Reel, ReelWriter
from tests.trainer.long_film import FRAMES, TONES, make
from tests.trainer.made_films import make_film
from trainer.__main__ import main
from trainer.burning import Burning
from trainer.errors import TrainerError
from trainer.export import Share, Task, export, export_share
from trainer.exporting.folder import Folder
from trainer.exporting.making import make_parts
from trainer.films import Film
from trainer.selection import Selection
from trainer.subtitles import Run, Subtitle, Subtitles
from trainer.times import FilmTime, FrameNumber
from trainer.tones import Tones

TIMEOUT = 60.0
SAID = Subtitle(20_300, 20_700, ((Run("in the dark"),),)), Subtitle(41_300, 41_390, ((Run("missed"),),))
SUBTITLES = Subtitles("made.srt", "0" * 64, SAID)
SELECTIONS = {
    "all": lambda: Selection(),
    "without black": lambda: Selection(skip_black=True),
    "black at its start": lambda: Selection(start=FrameNumber(495), skip_black=True),
    "every other": lambda: Selection(start=FilmTime(120), end=FrameNumber(1190), every=2),
    "so many": lambda: Selection(count=620),
    "so many without black": lambda: Selection(skip_black=True, count=1050),
    "said": lambda: Selection(every=2, skip_black=True, subtitles=Burning(SUBTITLES)),
}


def rows(path):
    """Every row of both tables, but for when the reel was created."""
    connection = sqlite3.connect(path)
    described = connection.execute("SELECT * FROM reel WHERE key != 'created' ORDER BY key").fetchall()
    frames = connection.execute("SELECT * FROM frames ORDER BY number").fetchall()
    connection.close()
    return described, frames


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    return make(tmp_path_factory.mktemp("film") / "long.avi")


def task(film, selection=None, **more):
    return Task(film, selection or Selection(), TONES, "hysteresis", **more)


def make_some(what, reel, numbers, stop=None):
    """Make the parts of these numbers; `stop` ends it after so many frames as Ctrl-C does."""
    folder, frames = Folder(reel), count(1)
    folder.make()

    def made(info):
        if next(frames) == stop:
            raise KeyboardInterrupt

    make_parts(what, folder, iter([*numbers, None]).__next__, made=made)


def verified(path):
    with Reel(path) as reel:
        return list(reel.verify())


@pytest.mark.parametrize("name", SELECTIONS)
def test_the_reel_is_the_same_whoever_makes_which_part(film, tmp_path, name):
    """Two hosts make all of it, the second one first; or only the end is made in advance."""
    what = task(film, SELECTIONS[name]())
    whole = tmp_path / "whole.reel"
    summary = export(what, whole)
    assert verified(whole) == []
    for which, shares in enumerate(([(1, 3), (0, 2, 4)], [(2,)])):
        reel = tmp_path / f"{which}.reel"
        for numbers in shares:
            make_some(what, reel, numbers)
        in_parts = sum(len(rows(part.path)[1]) for part in Folder(reel).parts().values())
        joined = export(what, reel)
        assert rows(reel) == rows(whole)
        assert (joined.frames, joined.there_before) == (summary.frames, in_parts)
        assert joined.flips == pytest.approx(summary.flips)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".reel"] * 3


def test_a_part_begins_as_if_nothing_were_shown(film, tmp_path):
    what = task(film)
    export(what, tmp_path / "a.reel")
    with Film(film) as opened, Reel(tmp_path / "a.reel") as reel:
        begun = [frame for frame in what.selection.frames(opened, TONES) if frame.begins is not None]
        assert [frame.begins for frame in begun] == [0, 1, 2]
        for frame in begun:
            fresh = what.ditherer()(frame.frame, None)
            np.testing.assert_array_equal(reel.dither(frame.number), fresh)
            assert reel.info(frame.number).key


@pytest.mark.parametrize("stop", [1, 300, 600])
def test_parts_that_were_cut_off_go_on(film, tmp_path, stop):
    what, reel = task(film, Selection(skip_black=True)), tmp_path / "a.reel"
    export(what, tmp_path / "whole.reel")
    with pytest.raises(KeyboardInterrupt):
        make_some(what, reel, (0, 2), stop)
    assert sum(len(rows(part.path)[1]) for part in Folder(reel).parts().values()) == stop
    if stop == 300:  # a process alone takes over what there is
        assert export(what, reel).there_before == 300
    else:
        make_some(what, reel, (0, 1))
        make_some(what, reel, (2,))
        assert [part.path.name for part in Folder(reel).parts().values()] == [
            "0000-0001.reel", "0001-0002.reel", "0002-end.reel"
        ]  # fmt: skip
        export(what, reel)
    assert rows(reel) == rows(tmp_path / "whole.reel")


@pytest.mark.parametrize("stop", [30, 600, 1100])
def test_a_joining_that_was_cut_off_goes_on(film, tmp_path, monkeypatch, stop):
    what, reel = task(film), tmp_path / "a.reel"
    export(what, tmp_path / "whole.reel")
    make_some(what, reel, (0, 1, 2))
    take_over, frames = ReelWriter.take_over, count(1)

    def cut_off(*words):
        for info in take_over(*words):
            yield info
            if next(frames) == stop:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ReelWriter, "take_over", cut_off)
        with pytest.raises(KeyboardInterrupt):
            export(what, reel)
    assert len(rows(reel)[1]) == stop
    assert export(what, reel).there_before == FRAMES
    assert rows(reel) == rows(tmp_path / "whole.reel")
    assert not Folder(reel).path.exists()


@pytest.mark.parametrize("frames", [1, 2, 40])
def test_a_film_without_a_cut_is_one_part(tmp_path, frames):
    def picture(number):
        ramp = np.tile(np.linspace(40, 200, 64, dtype=np.uint8), (48, 1))
        cv2.circle(ramp, (20 + number, 24), 9, 250, -1)
        return np.repeat(ramp[:, :, None], 3, axis=2)

    path = make_film(tmp_path / "shot.avi", "MJPG", [picture(number) for number in range(frames)])
    export(task(path), tmp_path / "whole.reel")
    make_some(task(path), tmp_path / "a.reel", (1, 2))
    assert not list(Folder(tmp_path / "a.reel").path.iterdir())
    make_some(task(path), tmp_path / "a.reel", (0,))
    assert [part.path.name for part in Folder(tmp_path / "a.reel").parts().values()] == ["0000-end.reel"]
    export(task(path), tmp_path / "a.reel")
    assert rows(tmp_path / "a.reel") == rows(tmp_path / "whole.reel")


def test_a_part_of_another_export_is_one_line(film, tmp_path):
    reel = tmp_path / "a.reel"
    make_some(task(film), reel, (1,))
    for attempt in (lambda: export(task(film, dial=0.9), reel),
                    lambda: export_share(task(film, dial=0.9), reel, Share(1, 2))):  # fmt: skip
        with pytest.raises(
            TrainerError, match=r"0001-0002.reel: is a part of another export \(dial is"
        ) as caught:
            attempt()
        assert "\n" not in str(caught.value)
        assert not reel.exists()
    [part] = Folder(reel).parts().values()
    part.path.rename(part.path.with_name("0002-end.reel"))
    with pytest.raises(TrainerError, match="part is 1 there and 2 now"):
        export(task(film), reel)
    export(task(film, dial=0.9), reel, overwrite=True)
    assert not Folder(reel).path.exists()


def test_a_damaged_part_is_one_line_that_names_the_file_to_remove(film, tmp_path):
    reel = tmp_path / "a.reel"
    make_some(task(film), reel, (0, 1))
    path = Folder(reel).parts()[1].path
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE frames SET payload_crc = payload_crc + 1 WHERE number = 70")
    connection.close()
    with pytest.raises(TrainerError, match=r"0001-0002.reel: frame 70 is damaged .*; remove this file"):
        export(task(film), reel)
    path.unlink()
    export(task(film), reel)
    export(task(film), tmp_path / "whole.reel")
    assert rows(reel) == rows(tmp_path / "whole.reel")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--workers", "0"], "choose 1 or more"),
        (["--workers", "two"], "--help"),
        (["--host", "3"], "like 1/3"),
        (["--host", "0/3"], "write 1/3 for the first"),
        (["--host", "4/3"], "write 1/3 for the first"),
        (["--host", "1/0"], "write 1/1 for the first"),
        (["--host", "1/2", "--overwrite"], "do not go together"),
        (["--workers", "2", "--start", "99999"], "no frame lies from 99999"),
        (["--workers", "2", "--dial", "3"], "0 (liveliest) to 1 (calmest)"),
    ],
)
def test_what_a_user_gets_wrong_is_one_line_and_leaves_nothing(film, tmp_path, capsys, words, hint):
    reel = tmp_path / "a.reel"
    try:
        code = main(["export", str(film), str(reel), *words])
    except SystemExit as exit:
        code = exit.code
    error = capsys.readouterr().err
    assert (code, error.count("\n")) == (2, 1)
    assert hint in error
    assert not list(tmp_path.iterdir())


def test_hosts_make_their_shares_and_one_joins_them(film, tmp_path, capsys):
    reel, words = tmp_path / "a.reel", ["--size", "48x36", "--dither", "hysteresis"]
    assert main(["export", str(film), str(tmp_path / "whole.reel"), *words]) == 0
    for host in (2, 1):
        assert main(["export", str(film), str(reel), *words, "--host", f"{host}/2"]) == 0
        said = capsys.readouterr().out
        assert f"the share of host {host}; with those of all 2 there, the same command without --host" in said
        assert not reel.exists()
    assert [part.number for part in Folder(reel).parts().values() if part.is_whole] == [0, 1, 2]
    assert main(["export", str(film), str(reel), *words, "--workers", "2"]) == 0
    assert f"a.reel: {FRAMES} frames, {FRAMES} of them from before" in capsys.readouterr().out
    assert rows(reel) == rows(tmp_path / "whole.reel")
    assert main(["export", str(film), str(reel), *words, "--host", "1/2"]) == 2
    assert "is complete already" in capsys.readouterr().err


def workers_of(process):
    """The process ids of the workers that a process has started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            command = (status.parent / "cmdline").read_text()
        except (OSError, ValueError):  # it has ended
            continue
        if parent == process.pid and "spawn_main" in command:
            found.append(int(status.parent.name))
    return found


def eventually(what):
    end = time.monotonic() + TIMEOUT
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the workers in Linux's /proc")
def test_stopped_and_killed_an_export_by_workers_goes_on_to_the_same_reel(film, tmp_path):
    """Ctrl-C; then a worker is killed; then the process that started them, which none of them survives."""
    reel, parts = tmp_path / "a.reel", tmp_path / "a.reel.parts"
    words = ["--size", "320x240", "--dither", "hysteresis", "--workers", "2"]
    command = [sys.executable, "-m", "trainer", "export", str(film), str(reel), *words]

    def start(frames):
        """Start it, and wait until a part has more frames than before."""
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        eventually(lambda: len(workers_of(process)) == 2 and made() > frames)
        return process

    def made():
        names = [path for path in parts.glob("*.reel") if path.stat().st_size] if parts.exists() else []
        return sum(path.stat().st_size for path in names)

    process = start(0)
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, error) == (130, "trainer: stopped; the same command goes on from there\n")
    kept = made()
    assert kept

    process = start(kept)
    workers = workers_of(process)
    os.kill(workers[0], signal.SIGKILL)
    _, error = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 2
    assert "a worker ended with exit code -9" in error
    assert error.count("\n") == 1
    assert made() >= kept

    process = start(kept)
    workers = workers_of(process)
    process.kill()
    process.communicate(timeout=TIMEOUT)  # its stderr is theirs too: ends when all of them have
    eventually(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))

    result = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    assert f"{FRAMES} frames, " in result.stdout
    assert " of them from before" in result.stdout
    assert not parts.exists()
    export(Task(film, Selection(), Tones((320, 240), contrast=1), "hysteresis"), tmp_path / "whole.reel")
    assert rows(reel) == rows(tmp_path / "whole.reel")
    assert verified(reel) == []
