"""The rows of a reel are the same whoever dithers which stretch, and wherever an export was stopped."""

import random
from concurrent.futures import Future
from functools import partial

import cv2
import numpy as np
import pytest

from player.reel import Reel, ReelError, ReelWriter
from tests.trainer.export.export_cases import FRAMES, TONES, make_long_film, rows, stored, task, verified
from tests.trainer.made_films import make_film
from trainer.errors import FilmError, OptionError, TrainerError
from trainer.export import export as exporting
from trainer.export.export import Workers, export, stretch_bytes
from trainer.export.task import Task
from trainer.export.workers import Dithered, dither_stretch
from trainer.films.film import Film
from trainer.films.plan import Plan
from trainer.films.selection import Selection
from trainer.films.subtitles import Run, Subtitle, SubtitleRenderer, Subtitles
from trainer.films.times import FilmTime, FrameNumber

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
THREADS = Workers(3)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return make_long_film(tmp_path_factory.mktemp("film") / "long.avi")


@pytest.fixture
def shared_device(monkeypatch):
    """Workers are threads, as on an accelerator."""
    monkeypatch.setattr(Task, "shares_device", lambda task: True)


def stop_after(frames):
    def stop(done, info):
        if done == frames:
            raise KeyboardInterrupt

    return stop


@pytest.mark.parametrize("name", SELECTIONS)
def test_the_reel_is_the_same_by_threads_and_after_any_stop(film, tmp_path, shared_device, name):
    what, whole, reel = task(film, SELECTIONS[name]()), tmp_path / "whole.reel", tmp_path / "a.reel"
    summary = export(what, whole)
    assert verified(whole) == []
    assert export(what, tmp_path / "threads.reel", workers=THREADS) == summary
    assert rows(tmp_path / "threads.reel") == rows(whole)
    for number, share in enumerate((0, 0.2, 0.45, 0.6, 0.95)):
        before, stop = stored(reel), 1 + int(share * summary.frames)
        with pytest.raises(KeyboardInterrupt):
            export(what, reel, workers=(Workers(), THREADS)[number % 2], report=stop_after(stop))
        assert before <= stored(reel) < stop
    before = stored(reel)
    finished = export(what, reel)
    assert rows(reel) == rows(whole)
    assert (finished.frames, finished.there_before, finished.redraws) == (
        summary.frames, before, summary.redraws
    )  # fmt: skip
    assert 0 < before < summary.frames
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".reel"] * 3


def test_a_stretch_begins_as_if_nothing_were_shown(film, tmp_path):
    what = task(film)
    summary = export(what, tmp_path / "a.reel")
    with Film(film) as opened, Reel(tmp_path / "a.reel") as reel:
        frames = list(what.selection.frames(opened, TONES))
        assert {0, 16, 32, 38, 54, 64} <= reel.redraws
        assert len(reel.redraws) == summary.redraws
        assert {number for number in range(FRAMES) if reel.info(number).redraw} == reel.redraws
        for number in reel.redraws:
            [fresh] = what.spec().ditherer()([frames[number].frame])
            np.testing.assert_array_equal(reel.dither(number), fresh)
            assert reel.info(number).key
        inside = [reel.info(number).flips for number in range(FRAMES) if number not in reel.redraws]
    assert summary.flips == pytest.approx(np.mean(inside) / (48 * 36))


@pytest.mark.parametrize("frames", [1, 2, 40])
def test_a_film_without_a_cut_is_divided_by_the_longest_stretch(tmp_path, shared_device, frames):
    def picture(number):
        ramp = np.tile(np.linspace(40, 200, 64, dtype=np.uint8), (48, 1))
        cv2.circle(ramp, (20 + number // 4, 24), 9, 250, -1)
        return np.repeat(ramp[:, :, None], 3, axis=2)

    path = make_film(tmp_path / "shot.avi", "MJPG", [picture(number) for number in range(frames)])
    export(task(path), tmp_path / "a.reel")
    export(task(path), tmp_path / "b.reel", workers=THREADS)
    assert rows(tmp_path / "a.reel") == rows(tmp_path / "b.reel")
    with Reel(tmp_path / "a.reel") as reel:
        assert reel.redraws == set(range(0, frames, 16))


@pytest.mark.parametrize("workers", [Workers(), THREADS])
def test_a_reel_that_is_being_made_holds_whole_stretches(film, tmp_path, shared_device, workers):
    what = task(film)
    export(what, tmp_path / "whole.reel")
    with Reel(tmp_path / "whole.reel") as reel:
        plan = reel.redraws
    seen = set()

    def look(done, info):
        frames = stored(tmp_path / "a.reel")
        if frames in seen or not frames:
            return
        seen.add(frames)
        with Reel(tmp_path / "a.reel") as reel:
            assert reel.redraws == {number for number in plan if number < frames}
            assert not reel.complete
            assert reel.dither(frames - 1).shape == (36, 48)

    export(what, tmp_path / "a.reel", workers=workers, report=look)
    assert seen == plan - {0}


def test_an_export_of_other_options_is_one_line(film, tmp_path):
    reel = tmp_path / "a.reel"
    with pytest.raises(KeyboardInterrupt):
        export(task(film), reel, report=stop_after(50))
    before = reel.read_bytes()
    for other, hint in (
        (task(film, dial=0.9), "dial is default there and 0.9 now"),
        (task(film, plan=Plan(longest=15)), "stretch is 16 there and 15 now"),
        (task(film, Selection(count=99)), "selection is"),
    ):
        with pytest.raises(ReelError, match=rf"holds another export \({hint}") as caught:
            export(other, reel)
        assert "\n" not in str(caught.value)
        assert reel.read_bytes() == before
    assert export(task(film, dial=0.9), reel, overwrite=True).there_before == 0


def test_a_reel_that_another_export_has_just_made_is_not_taken_from_it(film, tmp_path):
    what, reel = task(film, Selection(start=FrameNumber(9999))), tmp_path / "a.reel"
    with ReelWriter(reel, what.description(Film(film)), *TONES.size), pytest.raises(FilmError):
        export(what, reel)
    assert reel.exists()


class Recorded:
    """A pool whose stretches are dithered in any order, one whenever the export waits."""

    copies = 2

    def __init__(self, spec, useful):
        self.spec, self._useful, self.waiting, self.sizes, self.numbers = spec, useful, [], [], []
        self.closed = False

    def useful(self):
        return self._useful

    def submit(self, stretch):
        future = Future()
        self.waiting.append((future, stretch))
        self.numbers.append(len(self.waiting))
        self.sizes.append(sum(self.copies * stretch_bytes(stretch) for _, stretch in self.waiting))
        return future

    def wait(self, futures, timeout, return_when):
        assert set(futures) == {future for future, _ in self.waiting}
        future, stretch = self.waiting.pop(random.Random(len(self.sizes)).randrange(len(self.waiting)))
        future.set_result(dither_stretch(self.spec, stretch))

    def result(self, future):
        return future.result()

    def check(self):
        pass

    def close(self):
        self.closed = True


@pytest.fixture
def recorded(monkeypatch):
    """Makes exports of several workers use a pool that can be looked at."""

    def use(what, workers, **more):
        pool = Recorded(what.spec(), workers)
        for name, method in more.items():
            setattr(pool, name, partial(method, pool))
        monkeypatch.setattr(Workers, "pool", lambda workers, task, spec: pool)
        monkeypatch.setattr(exporting, "wait", pool.wait)
        return pool

    return use


IMAGE = 64 * 48


@pytest.mark.parametrize(
    ("memory", "useful", "most"),
    [(1, 4, 1), (2 * 33 * IMAGE, 4, 4), (10**9, 4, 4), (10**9, 1, 1), (10**9, 99, 17)],
)
def test_as_many_stretches_are_in_flight_as_are_useful_and_fit(
    film, tmp_path, recorded, memory, useful, most
):
    what = task(film)
    export(what, tmp_path / "whole.reel")
    pool = recorded(what, useful)
    export(what, tmp_path / "a.reel", workers=Workers(memory=memory))
    assert rows(tmp_path / "a.reel") == rows(tmp_path / "whole.reel")
    assert max(pool.numbers) == most
    for number, size in zip(pool.numbers, pool.sizes, strict=True):
        assert number == 1 or size <= memory
    assert pool.closed


def test_the_first_error_of_a_worker_ends_the_export_and_keeps_what_comes_before(film, tmp_path, recorded):
    what = task(film)

    def fail(pool, futures, *rest):
        future, stretch = pool.waiting.pop(0)
        if stretch.frames[0].number < 38:
            future.set_result(dither_stretch(pool.spec, stretch))
        else:
            pool.waiting[-1][0].set_exception(TrainerError("it broke"))

    pool = recorded(what, 3, wait=fail)
    with pytest.raises(TrainerError, match="it broke"):
        export(what, tmp_path / "a.reel")
    assert pool.closed
    assert stored(tmp_path / "a.reel") == 38


def test_what_workers_log_reaches_the_user_once(film, tmp_path, recorded, caplog):
    what = task(film)

    def warn(pool, *rest):
        future, stretch = pool.waiting.pop()
        future.set_result(Dithered(dither_stretch(pool.spec, stretch).packed, ("mind the gap",)))

    recorded(what, 3, wait=warn)
    export(what, tmp_path / "a.reel")
    assert [record.getMessage() for record in caplog.records] == ["mind the gap"]


def test_a_full_disk_is_one_line_and_keeps_whole_stretches(film, tmp_path, monkeypatch):
    what = task(film)
    export(what, tmp_path / "whole.reel")
    make = ReelWriter.__init__

    def small(writer, *words, **more):
        make(writer, *words, **more)
        pages = (tmp_path / "whole.reel").stat().st_size // 1024 // 2
        writer._connection.execute(f"PRAGMA max_page_count={pages}")  # SQLite's own end of the disk

    with monkeypatch.context() as patch:
        patch.setattr(ReelWriter, "__init__", small)
        with pytest.raises(ReelError, match="the disk is full; free some space") as caught:
            export(what, tmp_path / "a.reel")
    assert "\n" not in str(caught.value)
    with Reel(tmp_path / "whole.reel") as reel:
        assert stored(tmp_path / "a.reel") in reel.redraws - {0}
    export(what, tmp_path / "a.reel")
    assert rows(tmp_path / "a.reel") == rows(tmp_path / "whole.reel")


def test_workers_must_be_some_and_of_one_kind():
    with pytest.raises(OptionError, match="--workers 0: choose 1 or more"):
        Workers(0)
    with pytest.raises(OptionError, match="do not go together"):
        Workers(2, "tcp://host:8786")
