"""An export in parts: the reel is the same whoever makes which part, and whatever is stopped in between."""

import sqlite3
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from player.reel import Reel, ReelWriter
from tests.trainer.long_film import TONES, length, make
from tests.trainer.made_films import make_film
from trainer.errors import FilmError, TrainerError
from trainer.export.export import (
    Share,
    Task,
    export,
    export_share,
)
from trainer.export.folder import Folder
from trainer.export.making import make_parts
from trainer.films import parts
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.subtitles.reading import (
    Run,
    Subtitle,
    Subtitles,
)
from trainer.films.subtitles.rendering import SubtitleRenderer
from trainer.films.times import (
    FilmTime,
    FrameNumber,
)

CELL = 64
FRAMES = length(CELL)
SAID = Subtitle(2480, 2530, ((Run("in the dark"),),)), Subtitle(5050, 5070, ((Run("missed"),),))
SUBTITLES = Subtitles("made.srt", "0" * 64, SAID)
SELECTIONS = {
    "all": lambda: Selection(),
    "without black": lambda: Selection(skip_black=True),
    "black at its start": lambda: Selection(start=FrameNumber(61), skip_black=True),
    "every other": lambda: Selection(start=FilmTime(120), end=FrameNumber(148), every=2),
    "so many": lambda: Selection(count=90),
    "so many without black": lambda: Selection(skip_black=True, count=131),
    "said": lambda: Selection(skip_black=True, subtitles=SubtitleRenderer(SUBTITLES)),
}
PARTS = dict(zip(SELECTIONS, (3, 3, 2, 2, 2, 3, 3), strict=True))


@pytest.fixture(autouse=True)
def small_cells(monkeypatch):
    monkeypatch.setattr(parts, "PART_FRAMES", CELL)


def rows(path):
    """Every row of both tables, but for when the reel was created."""
    connection = sqlite3.connect(path)
    described = connection.execute("SELECT * FROM reel WHERE key != 'created' ORDER BY key").fetchall()
    frames = connection.execute("SELECT * FROM frames ORDER BY number").fetchall()
    connection.close()
    return described, frames


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    return make(tmp_path_factory.mktemp("film") / "long.avi", CELL)


def task(film, selection=None, **more):
    return Task(film, selection or Selection(), TONES, "hysteresis", **more)


def make_some(what, reel, numbers, stop=None):
    """Make the parts of these numbers; `stop` ends it after so many frames as Ctrl-C does."""
    folder, frames = Folder(reel), count(1)
    folder.make()

    def made(info):
        if next(frames) == stop:
            raise KeyboardInterrupt

    make_parts(what, what.ditherer(), folder, iter([*numbers, None]).__next__, made=made)


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
        assert len(Folder(reel).parts()) == (PARTS[name] if which == 0 else PARTS[name] == 3)
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


@pytest.mark.parametrize("stop", [1, 40, 75])
def test_parts_that_were_cut_off_go_on(film, tmp_path, stop):
    what, reel = task(film, Selection(skip_black=True)), tmp_path / "a.reel"
    export(what, tmp_path / "whole.reel")
    with pytest.raises(KeyboardInterrupt):
        make_some(what, reel, (0, 2), stop)
    assert sum(len(rows(part.path)[1]) for part in Folder(reel).parts().values()) == stop
    if stop == 40:  # a process alone takes over what there is
        assert export(what, reel).there_before == 40
    else:
        make_some(what, reel, (0, 1))
        make_some(what, reel, (2,))
        assert [part.path.name for part in Folder(reel).parts().values()] == [
            "0000-0001.reel", "0001-0002.reel", "0002-end.reel"
        ]  # fmt: skip
        export(what, reel)
    assert rows(reel) == rows(tmp_path / "whole.reel")


@pytest.mark.parametrize("stop", [30, 70, 140])
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


def test_workers_go_on_with_a_reel_that_one_process_began(film, tmp_path):
    """They leave the part that it is in to the process that starts them: here there is nothing else to do."""
    what, reel = task(film), tmp_path / "a.reel"
    export(what, tmp_path / "whole.reel")
    make_some(what, reel, (1, 2))

    def stop(done, info):
        if info.number == 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(what, reel, report=stop)
    assert export(what, reel, workers=2).there_before > 30
    assert rows(reel) == rows(tmp_path / "whole.reel")


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


def test_a_reel_that_another_export_has_just_made_is_not_taken_from_it(film, tmp_path):
    what, reel = task(film, Selection(start=FrameNumber(9999))), tmp_path / "a.reel"
    with ReelWriter(reel, what.description(Film(film)), *TONES.size), pytest.raises(FilmError):
        export(what, reel)
    assert reel.exists()


def test_a_damaged_part_is_one_line_that_names_the_file_to_remove(film, tmp_path):
    reel = tmp_path / "a.reel"
    make_some(task(film), reel, (0, 1))
    path = Folder(reel).parts()[1].path
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE frames SET payload_crc = payload_crc + 1 WHERE number = 30")
    connection.close()
    with pytest.raises(TrainerError, match=r"0001-0002.reel: frame 30 is damaged .*; remove this file"):
        export(task(film), reel)
    path.unlink()
    export(task(film), reel)
    export(task(film), tmp_path / "whole.reel")
    assert rows(reel) == rows(tmp_path / "whole.reel")
