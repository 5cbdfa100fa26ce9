"""Reading a reel: every dither, in any order, at a bounded price."""

import sqlite3
import zlib
from itertools import pairwise

import numpy as np
import pytest

from player.reel import FrameInfo, Reel, ReelError, ReelWriter


def test_every_dither_comes_back_in_any_order(make_film, make_reel):
    dithers = make_film(150)
    with Reel(make_reel(dithers, cuts=(70, 71))) as reel:
        assert (reel.width, reel.height, reel.frames, reel.complete) == (44, 24, 150, True)
        assert reel.meta["film"] == "a film"
        order = [*range(150), *np.random.default_rng(0).permutation(150).tolist(), 149, 149, 0]
        for number in order:
            dither = reel.dither(number)
            assert dither.dtype == np.uint8
            assert (dither == dithers[number]).all()
        assert list(reel.verify()) == []


def test_the_file_is_what_the_documentation_says(make_reel):
    """The format written out by hand: another program can read it with sqlite3 and zlib alone."""
    black, white = np.zeros((200, 10), np.uint8), np.ones((200, 10), np.uint8)
    three = black.copy()
    three[0, :3] = 1
    path = make_reel([black, three, white, black], cuts=(3,), redraws=(0, 3))
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA application_id").fetchone() == (0x4C54524C,)
    assert database.execute("PRAGMA user_version").fetchone() == (1,)
    about = dict(database.execute("SELECT key, value FROM reel"))
    assert about.pop("created").endswith("Z")
    assert about == {
        "format": "1", "width": "10", "height": "200", "complete": "1", "frames": "4", "film": "a film"
    }  # fmt: skip
    rows = database.execute(
        "SELECT number, time_ms, film_frame, kind, flips, darkened, cut, crc, payload_crc, payload, redraw "
        "FROM frames"
    ).fetchall()
    database.close()
    assert [row[:7] for row in rows] == [
        (0, 0, 0, "key", 0, 0, 0),
        (1, 80, 2, "delta", 3, 0, 0),
        (2, 160, 4, "delta", 1997, 0, 0),
        (3, 240, 6, "key", 2000, 2000, 1),
    ]
    assert [row[10] for row in rows] == [1, 0, 0, 1]
    payloads = [zlib.decompress(row[9]).hex() for row in rows]
    assert payloads == ["0000" * 200, "e000" + "0000" * 199, "1fc0" + "ffc0" * 199, "0000" * 200]
    pictures = ["0000" * 200, "e000" + "0000" * 199, "ffc0" * 200, "0000" * 200]
    assert [row[7] for row in rows] == [zlib.crc32(bytes.fromhex(picture)) for picture in pictures]
    assert [row[8] for row in rows] == [zlib.crc32(row[9]) for row in rows]


def test_info_says_what_was_written_and_recounts(make_film, make_reel):
    dithers = make_film(5)
    with Reel(make_reel(dithers, cuts=(3,))) as reel:
        assert reel.info(0) == FrameInfo(0, 0, 0, True, 0, 0, False, False)
        for number, (before, after) in enumerate(pairwise(dithers), 1):
            info = reel.info(number)
            assert (info.time_ms, info.film_frame) == (number * 80, number * 2)
            assert info.flips == (before != after).sum()
            assert info.darkened == (before > after).sum()
            assert (info.key, info.cut) == (number == 3, number == 3)


def test_a_key_frame_stands_at_least_every_64_frames(make_film, make_reel):
    dithers = make_film(200, flips=0.01)
    with Reel(make_reel(dithers, cuts=(20,))) as reel:
        assert [n for n in range(200) if reel.info(n).key] == [0, 20, 84, 148]


def test_few_flips_are_stored_as_flips_and_many_as_a_picture(make_film, make_reel):
    calm, lively = (
        make_film(3, flips=0.01, width=400, height=300),
        make_film(3, flips=0.5, width=400, height=300),
    )
    with Reel(make_reel(calm, "calm.reel")) as reel:
        assert [reel.info(n).key for n in range(3)] == [True, False, False]
    black = np.zeros((300, 400), np.uint8)
    with Reel(make_reel([lively[0], black], "lively.reel")) as reel:
        assert reel.info(1).key, "the XOR with a dither is the dither again, a black picture is nothing"


def test_reading_on_decodes_one_payload_a_frame_and_a_jump_at_most_64(make_film, make_reel):
    read = []
    with Reel(make_reel(make_film(130))) as reel:
        reel._connection.set_trace_callback(lambda sql: read.append(sql) if "payload" in sql else None)
        for number in range(130):
            reel.dither(number)
        assert len(read) == 130
        reel.dither(129)
        assert len(read) == 130, "the last frame is kept"
        for number in (63, 127, 5):
            read.clear()
            reel.dither(number)
            assert len(read) == number % 64 + 1


@pytest.mark.parametrize("number", [-1, 3, 10**9])
def test_a_number_out_of_range_is_an_index_error(make_film, make_reel, number):
    with Reel(make_reel(make_film(3))) as reel:
        for read in (reel.dither, reel.info):
            with pytest.raises(IndexError, match="has frames 0 to 2"):
                read(number)


def test_a_time_of_the_film_finds_its_frame(make_film, make_reel):
    with Reel(make_reel(make_film(5))) as reel:  # at 0, 80, 160, 240, 320 ms
        assert [reel.number_at(ms) for ms in (0, 1, 80, 81, 320, 321)] == [0, 1, 1, 2, 4, 5]


def test_an_unfinished_reel_says_so_and_can_be_read(make_film, make_reel):
    dithers = make_film(3)
    with Reel(make_reel(dithers, finish=False)) as reel:
        assert not reel.complete
        assert reel.frames == 3
        assert (reel.dither(2) == dithers[2]).all()
        assert list(reel.verify()) == []


def test_reading_writes_nothing_and_needs_no_other_file(make_film, make_reel):
    path = make_reel(make_film(3))
    before = path.read_bytes()
    path.chmod(0o444)
    with Reel(path) as reel:
        list(reel.verify())
        assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_a_path_may_hold_anything(tmp_path, make_film):
    dithers = make_film(2)
    path = tmp_path / "what? 100% #1 ü.reel"
    with ReelWriter(path, {}, 44, 24) as writer:
        writer.append(dithers[0], 0, 0, False)
        writer.finish()
    with Reel(path) as reel:
        assert (reel.dither(0) == dithers[0]).all()
    assert list(tmp_path.iterdir()) == [path]


def test_a_reel_can_be_read_while_it_is_written(tmp_path, make_film):
    dithers = make_film(6)
    with ReelWriter(tmp_path / "film.reel", {}, 44, 24) as writer:
        for number, dither in enumerate(dithers):
            writer.append(dither, 0, number, False, number % 2 == 0)
            if number % 2:
                writer.commit()
            with Reel(tmp_path / "film.reel") as reel:
                assert reel.frames == (number + 1) // 2 * 2
                assert (reel.redraws or set()) == set(range(0, reel.frames, 2))
                for at in range(reel.frames):
                    assert (reel.dither(at) == dithers[at]).all()


def test_the_plan_says_where_the_panel_is_redrawn(make_film, make_reel):
    dithers = make_film(90, flips=0.01)
    with Reel(make_reel(dithers, cuts=(30,), redraws=(0, 30, 50))) as reel:
        assert reel.redraws == {0, 30, 50}
        assert [n for n in range(90) if reel.info(n).redraw] == [0, 30, 50]
        assert [n for n in range(90) if reel.info(n).key] == [0, 30, 50], "a redraw is a key frame"
        assert list(reel.verify()) == []


def test_a_reel_in_which_no_redraw_is_marked_has_no_plan(make_film, make_reel):
    with Reel(make_reel(make_film(3), cuts=(1,))) as reel:
        assert reel.redraws is None


OLD_SCHEMA = """
CREATE TABLE reel (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE frames (number INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, film_frame INTEGER NOT NULL,
    kind TEXT NOT NULL, flips INTEGER NOT NULL, darkened INTEGER NOT NULL, cut INTEGER NOT NULL,
    crc INTEGER NOT NULL, payload_crc INTEGER NOT NULL, payload BLOB NOT NULL);
PRAGMA application_id = 0x4C54524C;
PRAGMA user_version = 1;
"""


def in_the_old_schema(new, old):
    """The same reel as it was written before there was a plan."""
    database = sqlite3.connect(old)
    database.executescript(OLD_SCHEMA)
    database.execute("ATTACH ? AS new", (str(new),))
    database.execute("INSERT INTO reel SELECT * FROM new.reel")
    database.execute(
        "INSERT INTO frames SELECT number, time_ms, film_frame, kind, flips, darkened, cut, crc, "
        "payload_crc, payload FROM new.frames"
    )
    database.commit()
    database.close()
    return old


def test_a_reel_from_before_there_was_a_plan_still_plays(make_film, make_reel, tmp_path):
    dithers = make_film(80, flips=0.01)
    path = in_the_old_schema(make_reel(dithers, cuts=(30,)), tmp_path / "old.reel")
    with Reel(path) as reel:
        assert (reel.frames, reel.complete, reel.redraws) == (80, True, None)
        assert reel.info(30) == FrameInfo(30, 2400, 60, True, *reel.info(30)[4:6], True, False)
        assert all((reel.dither(n) == dithers[n]).all() for n in range(80))
        assert list(reel.verify()) == []


def test_a_reel_begun_before_there_was_a_plan_is_not_continued(make_film, make_reel, tmp_path):
    path = in_the_old_schema(make_reel(make_film(3), finish=False), tmp_path / "old.reel")
    before = path.read_bytes()
    with pytest.raises(ReelError, match=r"begun by an older version of longtake; .*--overwrite"):
        ReelWriter(path, {"film": "a film"}, 44, 24)
    assert path.read_bytes() == before
    ReelWriter(path, {"film": "a film"}, 44, 24, overwrite=True).close()


def test_columns_of_a_later_version_are_ignored(make_film, make_reel):
    dithers = make_film(5)
    path = make_reel(dithers, redraws=(0, 3))
    database = sqlite3.connect(path)
    database.execute("ALTER TABLE frames ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'")
    database.commit()
    database.close()
    with Reel(path) as reel:
        assert reel.redraws == {0, 3}
        assert all((reel.dither(n) == dithers[n]).all() for n in range(5))
        assert list(reel.verify()) == []
    with ReelWriter(path, {"film": "a film"}, 44, 24) as writer:
        assert writer.complete
