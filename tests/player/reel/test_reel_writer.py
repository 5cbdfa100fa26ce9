"""Writing a reel: commits, continuing, and what a writer refuses."""

import sqlite3

import numpy as np
import pytest

from player.reel import Reel, ReelError, ReelWriter


def frames_stored(path):
    with Reel(path) as reel:
        return reel.frames


def test_frames_are_held_until_they_are_committed(tmp_path, make_film):
    path = tmp_path / "film.reel"
    dithers = make_film(200)
    with ReelWriter(path, {}, 44, 24) as writer:
        for number in range(180):
            info = writer.append(dithers[number], number, number, number == 9, number == 20)
            assert (info.number, info.cut, info.redraw) == (number, number == 9, number == 20)
            assert (writer.frames, writer.last_info) == (number + 1, info)
        assert frames_stored(path) == 0
        writer.commit()
        assert frames_stored(path) == 180
        writer.commit()
        writer.append(dithers[180], 180, 180, False)
        assert frames_stored(path) == 180
    assert frames_stored(path) == 181


def test_a_commit_is_one_transaction(tmp_path, make_film):
    statements = []
    with ReelWriter(tmp_path / "film.reel", {}, 44, 24) as writer:
        for number, dither in enumerate(make_film(120)):
            writer.append(dither, number, number, False)
        writer._connection.set_trace_callback(statements.append)
        writer.commit()
    words = [statement.split()[0] for statement in statements]
    assert words == ["BEGIN", *["INSERT"] * 120, "COMMIT"]


def test_an_exception_drops_what_is_held_and_keeps_what_was_stored(tmp_path, make_film):
    path = tmp_path / "film.reel"
    dithers = make_film(6)

    def interrupted():
        with ReelWriter(path, {}, 44, 24) as writer:
            for number, dither in enumerate(dithers):
                writer.append(dither, number, number, False)
                if number == 3:
                    writer.commit()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert frames_stored(path) == 4


@pytest.mark.parametrize("stop", [0, 1, 63, 64, 65, 100])
def test_a_continued_reel_equals_one_written_at_once(tmp_path, make_film, stop):
    dithers = make_film(140, flips=0.01)
    for path, stops in ((tmp_path / "once", [140]), (tmp_path / "twice", [stop, 140])):
        for until in stops:
            with ReelWriter(path, {"film": "f"}, 44, 24) as writer:
                begin = writer.frames
                last = writer.last
                assert (last is None) if begin == 0 else (last == dithers[begin - 1]).all()
                assert (writer.last_info.number if writer.last_info else -1) == begin - 1
                for number in range(begin, until):
                    writer.append(dithers[number], number, number, number == 70, number % 50 == 0)
                if until == 140:
                    writer.finish()
    with Reel(tmp_path / "once") as once, Reel(tmp_path / "twice") as twice:
        assert once.frames == twice.frames == 140
        for number in range(140):
            assert once.info(number) == twice.info(number)
            assert (once.dither(number) == twice.dither(number)).all()
        assert list(twice.verify()) == []


def test_a_complete_reel_has_nothing_to_do(make_film, make_reel):
    dithers = make_film(3)
    path = make_reel(dithers)
    before = path.read_bytes()
    with ReelWriter(path, {"film": "a film"}, 44, 24) as writer:
        assert writer.complete
        assert writer.frames == 3
        writer.finish()
        with pytest.raises(ReelError, match="is complete"):
            writer.append(dithers[0], 0, 0, False)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("meta", "size", "named"),
    [
        ({"film": "another"}, (44, 24), "film is a film there and another now"),
        ({}, (44, 24), "film is a film there and nothing now"),
        ({"film": "a film", "dial": "1"}, (44, 24), "dial is nothing there and 1 now"),
        ({"film": "a film"}, (40, 24), "width is 44 there and 40 now"),
    ],
)
def test_another_export_is_not_continued(make_film, make_reel, meta, size, named):
    path = make_reel(make_film(3), finish=False)
    before = path.read_bytes()
    with pytest.raises(ReelError, match=named) as caught:
        ReelWriter(path, meta, *size)
    assert "--overwrite" in str(caught.value)
    assert path.read_bytes() == before


def test_overwrite_replaces_a_reel_and_nothing_else(tmp_path, make_film, make_reel):
    path = make_reel(make_film(3))
    with ReelWriter(path, {"film": "another"}, 8, 8, overwrite=True) as writer:
        assert (writer.frames, writer.complete, writer.last) == (0, False, None)
    film = tmp_path / "film.mp4"
    film.write_bytes(b"\0\0\0\x18ftypmp42" * 50)
    for overwrite in (False, True):
        with pytest.raises(ReelError, match="is not a reel; give another path"):
            ReelWriter(film, {}, 8, 8, overwrite=overwrite)
    assert film.read_bytes().startswith(b"\0\0\0\x18ftyp")


def test_an_empty_file_is_a_new_reel(tmp_path):
    path = tmp_path / "film.reel"
    path.touch()
    with ReelWriter(path, {}, 8, 8) as writer:
        assert writer.frames == 0
        writer.append(np.ones((8, 8), np.uint8), 0, 0, False)
        writer.finish()
    with Reel(path) as reel:
        assert reel.dither(0).all()


def test_a_reel_without_frames_is_not_finished(tmp_path):
    with ReelWriter(tmp_path / "film.reel", {}, 8, 8) as writer, pytest.raises(ReelError, match="no frame"):
        writer.finish()


@pytest.mark.parametrize(
    "dither", [np.zeros((8, 9), np.uint8), np.full((8, 8), 2, np.uint8), np.zeros((8, 8), bool)]
)
def test_what_is_no_dither_of_this_size_is_refused(tmp_path, dither):
    with ReelWriter(tmp_path / "film.reel", {}, 8, 8) as writer, pytest.raises(ValueError, match="dither"):
        writer.append(dither, 0, 0, False)


def test_meta_may_not_take_the_names_of_the_format(tmp_path):
    with pytest.raises(ValueError, match="width"):
        ReelWriter(tmp_path / "film.reel", {"width": "9"}, 8, 8)
    with pytest.raises(ReelError, match="cannot be 0x8 pixels"):
        ReelWriter(tmp_path / "film.reel", {}, 0, 8)
    assert not list(tmp_path.iterdir())


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(ReelError, match="there is no such directory"):
        ReelWriter(tmp_path / "no" / "film.reel", {}, 8, 8)


def test_a_full_disk_is_one_line_and_keeps_what_was_stored(tmp_path, make_film):
    path = tmp_path / "film.reel"
    dithers = make_film(400, width=200, height=100, flips=0.3)
    stored = 0

    def fill():
        nonlocal stored
        with ReelWriter(path, {}, 200, 100) as writer:
            writer._connection.execute("PRAGMA max_page_count=200")  # SQLite's own end of the disk
            for number, dither in enumerate(dithers):
                writer.append(dither, number, number, False)
                if number % 10 == 9:
                    writer.commit()
                    stored = number + 1

    with pytest.raises(ReelError, match="the disk is full; free some space") as caught:
        fill()
    assert "\n" not in str(caught.value)
    assert stored > 0
    with ReelWriter(path, {}, 200, 100) as writer:
        assert writer.frames == stored
        for number in range(stored, 400):
            writer.append(dithers[number], number, number, False)
        writer.finish()
    with Reel(path) as reel:
        assert list(reel.verify()) == []


def test_two_exports_to_one_reel_are_noticed(tmp_path, make_film):
    dithers = make_film(2)
    path = tmp_path / "film.reel"
    with ReelWriter(path, {}, 44, 24) as one, ReelWriter(path, {}, 44, 24) as two:
        one.append(dithers[0], 0, 0, False)
        two.append(dithers[0], 0, 0, False)
        one.commit()
        with pytest.raises(ReelError, match="another export is writing to it"):
            two.commit()
        two.close()


def test_a_reel_somebody_holds_is_one_line(make_film, make_reel, monkeypatch):
    path = make_reel(make_film(2), finish=False)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "timeout": 0.05}))
    with pytest.raises(ReelError, match="another program is writing to it"):
        Reel(path)
    other.close()


def test_a_writer_keeps_its_promise_of_one_file(make_film, make_reel):
    path = make_reel(make_film(3))
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
