"""Frames that one reel takes over from others: the rows are those of one reel written in a single run."""

import sqlite3

import pytest

from player.reel import BadFrame, EmptyReel, Reel, ReelError, ReelWriter


def rows(path):
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT * FROM frames ORDER BY number").fetchall()


def write(path, dithers, numbers, cuts):
    with ReelWriter(path, {"part": path.name}, 44, 24) as writer:
        for number in numbers:
            writer.append(dithers[number], 40 * number, number, number in cuts)
        writer.finish()
    return path


def joined(path, parts, first=0, stop=None):
    """The infos of the frames that a reel takes over; `stop` leaves off after so many."""
    infos = []
    with ReelWriter(path, {}, 44, 24) as writer:
        for part in parts:
            with Reel(part) as reel:
                for info in writer.take_over(reel, first):
                    infos.append(info)
                    if len(infos) == stop:
                        return infos
    return infos


CUTS = (0, 90, 100, 170)


@pytest.fixture
def film(tmp_path, make_film):
    """Dithers with more and fewer flips, the reel of all of them, and the parts that begin at 90 and 170."""
    dithers = [*make_film(150, flips=0.02), *make_film(100, seed=2, flips=0.3)]
    whole = write(tmp_path / "whole.reel", dithers, range(250), CUTS)
    ranges = (range(90), range(90, 170), range(170, 250))
    parts = [write(tmp_path / f"{n}.reel", dithers, numbers, CUTS) for n, numbers in enumerate(ranges)]
    return whole, parts


def test_the_rows_are_those_of_a_single_run(film, tmp_path):
    whole, parts = film
    infos = joined(tmp_path / "joined.reel", parts)
    assert rows(tmp_path / "joined.reel") == rows(whole)
    with Reel(whole) as reel:
        assert infos == [reel.info(number) for number in range(250)]
        assert {info.key for info in infos} == {True, False}


@pytest.mark.parametrize("stop", [1, 64, 89, 90, 91, 169, 249])
def test_what_was_cut_off_goes_on_in_the_middle_of_a_part(film, tmp_path, stop):
    whole, parts = film
    reel = tmp_path / "joined.reel"
    joined(reel, parts, stop=stop)
    begun = [n for n, first in enumerate((0, 90, 170)) if first < stop][-1]
    joined(reel, parts[begun : begun + 1], first=stop - (0, 90, 170)[begun])
    joined(reel, parts[begun + 1 :])
    assert rows(reel) == rows(whole)


def test_frames_that_are_appended_follow_those_taken_over(film, tmp_path, make_film):
    whole, parts = film
    reel = tmp_path / "joined.reel"
    with ReelWriter(reel, {}, 44, 24) as writer, Reel(whole) as all_of_them, Reel(parts[0]) as part:
        assert len(list(writer.take_over(part))) == 90
        for number in range(90, 250):
            writer.append(all_of_them.dither(number), 40 * number, number, number in CUTS)
    assert rows(reel) == rows(whole)


def test_what_does_not_fit_is_refused(film, tmp_path, make_reel, make_film):
    _, parts = film
    reel = tmp_path / "joined.reel"
    joined(reel, parts[:1])
    with pytest.raises(ReelError, match=r"2.reel: frame 3 does not come after the last one of .*joined.reel"):
        joined(reel, parts[2:], first=3)
    other = make_reel(make_film(3, width=40), "other.reel")
    with pytest.raises(ReelError, match="is 40x24, not 44x24"):
        joined(reel, [other])
    assert len(rows(reel)) == 90


@pytest.mark.parametrize("column", ["payload_crc", "crc"])
def test_a_damaged_frame_is_not_taken_over(film, tmp_path, column):
    _, parts = film
    with sqlite3.connect(parts[1]) as connection:
        connection.execute(f"UPDATE frames SET {column} = {column} + 1 WHERE number = 40")
    with pytest.raises(BadFrame, match="frame 40 is damaged"):
        joined(tmp_path / "joined.reel", parts)
    joined(tmp_path / "fresh.reel", parts[:1])


def test_a_writer_that_is_alone_keeps_others_out(tmp_path, make_film, monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "timeout": 0.05}))
    path, dithers = tmp_path / "film.reel", make_film(2)
    for number in range(2):  # when it is new, and when it goes on
        with ReelWriter(path, {}, 44, 24, alone=True) as writer:
            writer.append(dithers[number], number, number, False)
            writer.commit()
            with pytest.raises(ReelError, match="another program is writing to it"):
                ReelWriter(path, {}, 44, 24, alone=True)
    assert [row[0] for row in rows(path)] == [0, 1]
    assert [entry.name for entry in tmp_path.iterdir()] == ["film.reel"]


def test_a_reel_that_has_hardly_begun_is_told_from_a_damaged_one(tmp_path):
    (tmp_path / "film.reel").touch()
    with pytest.raises(EmptyReel):
        Reel(tmp_path / "film.reel")
