"""A reel that is damaged, or no reel at all: one clear line, and never a wrong dither."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from player.reel import BadFrame, EmptyReel, Reel, ReelError, ReelWriter

ROOT = Path(__file__).parents[3]


def reel_error(path):
    """The one line with which a file is refused."""
    with pytest.raises(ReelError) as caught:
        Reel(path)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(str(path))
    return line


def payloads(path):
    """{number: (payload)} and where each lies in the file, when it lies in one piece."""
    data = path.read_bytes()
    database = sqlite3.connect(path)
    rows = dict(database.execute("SELECT number, payload FROM frames"))
    database.close()
    return data, {number: (payload, data.find(payload)) for number, payload in rows.items()}


def test_every_byte_of_every_payload_matters(tmp_path, make_reel):
    """Each byte changed in three ways: the frames that need it are refused, the others right."""
    rng = np.random.default_rng(1)
    dithers = [rng.integers(0, 2, (12, 16), dtype=np.uint8) for _ in range(2)]
    dithers += [dithers[1], dithers[1] ^ np.eye(12, 16, dtype=np.uint8), 1 - dithers[0]]
    dithers += [dithers[-1] ^ np.eye(12, 16, 3, dtype=np.uint8)]
    path = make_reel(dithers, cuts=(4,))
    damaged = tmp_path / "damaged.reel"
    data, places = payloads(path)
    tried = 0
    for number, (payload, offset) in places.items():
        assert offset > 0
        for at in range(offset, offset + len(payload)):
            for flip in (0x01, 0x80, 0xFF):
                damaged.write_bytes(data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :])
                with Reel(damaged) as reel:
                    seen = check_no_wrong_dither(reel, dithers)
                    assert number not in seen
                    assert any(f"frame {number + 1}: " in problem for problem in reel.verify())
                tried += 1
    assert tried > 300


def check_no_wrong_dither(reel, dithers):
    """The numbers of the frames that can be read; each of them right."""
    seen = set()
    for number in range(min(reel.frames, len(dithers))):
        try:
            dither = reel.dither(number)
        except BadFrame as error:
            refused = error
        else:
            assert (dither == dithers[number]).all(), f"frame {number} is wrong"
            seen.add(number)
            continue
        assert refused.number == number
        assert refused.next_key is None or number < refused.next_key < reel.frames
        assert "\n" not in str(refused)
    return seen


def test_any_damaged_byte_of_the_file_is_survived(tmp_path, make_film, make_reel):
    """Headers, trees and rows too: errors of this package only, one line each, endless loops never."""
    dithers = make_film(20, flips=0.01)
    data = make_reel(dithers).read_bytes()
    path = tmp_path / "damaged.reel"
    rng = np.random.default_rng(2)
    for at in [*range(0, 200), *rng.integers(200, len(data), 200).tolist()]:
        path.write_bytes(data[:at] + bytes([data[at] ^ int(rng.integers(1, 256))]) + data[at + 1 :])
        lines = []
        try:
            with Reel(path) as reel:
                lines += reel.verify()
                with suppress(BadFrame, IndexError):
                    reel.dither(19)
        except ReelError as error:
            lines.append(str(error))
        assert not any("\n" in line for line in lines)


def test_a_truncated_reel_is_one_line_at_every_length(tmp_path, make_film, make_reel):
    data = make_reel(make_film(20)).read_bytes()
    path = tmp_path / "cut.reel"
    for length in [*range(1, 110), *range(110, len(data), 389)]:
        path.write_bytes(data[:length])
        line = reel_error(path)
        assert "not a reel" in line or "truncated" in line


def test_damage_ends_at_the_next_key_frame(make_film, make_reel):
    dithers = make_film(200, flips=0.01)
    path = make_reel(dithers)
    data, places = payloads(path)
    payload, offset = places[10]
    assert offset > 0
    path.write_bytes(data[:offset] + b"\0" * len(payload) + data[offset + len(payload) :])
    with Reel(path) as reel:
        assert (reel.dither(9) == dithers[9]).all()
        for number in (10, 11, 63):
            with pytest.raises(BadFrame) as caught:
                reel.dither(number)
            assert (caught.value.number, caught.value.next_key) == (number, 64)
        assert "playing can go on at frame 65" in str(caught.value)
        assert (reel.dither(64) == dithers[64]).all()
        assert list(reel.verify()) == [
            "frame 11: the checksum of the payload does not match; frames 11 to 64 cannot be shown"
        ]


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE frames SET flips = flips + 1 WHERE number = 2", "frame 3: says"),
        ("UPDATE frames SET darkened = 0 WHERE number = 3", "frame 4: says"),
        ("UPDATE frames SET cut = 1 WHERE number = 1", "frame 2: a cut that is not a key frame"),
        ("UPDATE frames SET redraw = 1 WHERE number = 1", "frame 2: a planned redraw that is not a"),
        ("UPDATE frames SET redraw = 'x' WHERE number = 1", "frame 2: its row does not hold numbers"),
        ("UPDATE frames SET redraw = 2 WHERE number = 0", "frame 1: its row and the index of"),
        ("UPDATE frames SET crc = crc + 1 WHERE number = 1", "frame 2: the checksum of the dither"),
        ("UPDATE frames SET kind = 'key' WHERE number = 1", "frame 2: the checksum of the dither"),
        ("UPDATE frames SET kind = 'other' WHERE number = 0", "frame 1: no key frame"),
        ("UPDATE frames SET time_ms = 'soon' WHERE number = 1", "frame 2: its row does not hold numbers"),
        ("UPDATE frames SET payload = 'text' WHERE number = 1", "frame 2: the checksum of the payload"),
        ("UPDATE frames SET payload = zeroblob(10000000) WHERE number = 1", "frame 2: string or blob"),
        ("DELETE FROM frames WHERE number = 3", "frame 4: its row is missing"),
        ("DELETE FROM frames WHERE number = 5", "holds 5 rows from number 0; expected 6 from 0"),
        ("INSERT INTO frames SELECT 6, time_ms, 0, kind, 0, 0, 0, 0, crc, payload_crc, payload FROM frames "
         "WHERE number = 0", "holds 7 rows"),
        ("UPDATE frames SET number = -1 WHERE number = 5", "holds 6 rows from number -1"),
    ],
)  # fmt: skip
def test_verify_finds_every_claim_that_is_not_true(make_film, make_reel, statement, problem):
    path = make_reel(make_film(6, flips=0.01))
    execute(path, statement)
    with Reel(path) as reel:
        assert any(line.startswith(problem) for line in reel.verify())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reel SET value = '0' WHERE key = 'width'",
        "UPDATE reel SET value = '99999999' WHERE key = 'height'",
        "UPDATE reel SET value = 'many' WHERE key = 'frames'",
        "UPDATE reel SET value = '999999999999' WHERE key = 'frames'",
        "UPDATE reel SET value = '-1' WHERE key = 'frames'",
        "UPDATE reel SET value = x'00' WHERE key = 'film'",
        "DELETE FROM reel WHERE key = 'complete'",
        "DROP TABLE reel",
        "DROP TABLE frames",
        "UPDATE reel SET value = printf('%.*c', 100000, 'x') WHERE key = 'film'",
        "CREATE TRIGGER noise AFTER INSERT ON frames BEGIN DELETE FROM reel; END",
        "CREATE VIEW other AS SELECT * FROM frames",
        "CREATE TABLE other (number)",
        "CREATE INDEX other ON frames (flips)",
        "ALTER TABLE frames ADD COLUMN doubled INTEGER GENERATED ALWAYS AS (flips * 2) VIRTUAL",
    ],
)
def test_a_description_that_cannot_be_true_is_refused(make_film, make_reel, statement):
    path = make_reel(make_film(3))
    execute(path, statement)
    reel_error(path)


def test_a_claimed_size_that_the_pictures_do_not_have_shows_nothing(make_film, make_reel):
    path = make_reel(make_film(3))
    execute(path, "UPDATE reel SET value = '48' WHERE key = 'height'")
    with Reel(path) as reel:
        for number in range(3):
            with pytest.raises(BadFrame, match="does not hold 288 bytes"):
                reel.dither(number)


def test_a_last_number_far_off_in_an_unfinished_reel_is_refused(make_film, make_reel):
    path = make_reel(make_film(3), finish=False)
    execute(path, "UPDATE frames SET number = 1000000000000 WHERE number = 2")
    assert "more than its bytes can hold" in reel_error(path)


def execute(path, statement):
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()


def test_what_is_no_reel_is_one_line_that_says_what_it_is(tmp_path, make_film, make_reel):
    assert "no such file" in reel_error(tmp_path / "missing.reel")
    assert "is a directory" in reel_error(tmp_path)
    assert "not a regular file" in reel_error(Path("/dev/null"))
    empty, text, other = (tmp_path / name for name in ("empty", "text", "other"))
    empty.touch()
    assert "is empty; let `trainer export` write it" in reel_error(empty)
    text.write_text("Once upon a time " * 100)
    assert "is not a reel" in reel_error(text)
    execute(other, "CREATE TABLE frames (number)")
    assert "another program's SQLite database" in reel_error(other)
    newer = make_reel(make_film(2))
    execute(newer, "PRAGMA user_version = 2")
    assert "format version 2, this program reads version 1; export the film again" in reel_error(newer)
    with pytest.raises(ReelError, match="format version 2"):
        ReelWriter(newer, {"film": "a film"}, 44, 24)
    ReelWriter(newer, {"film": "a film"}, 44, 24, overwrite=True).close()


def test_a_view_in_place_of_the_table_is_refused(make_film, make_reel):
    path = make_reel(make_film(2))
    execute(path, "ALTER TABLE frames RENAME TO hidden")
    execute(path, "CREATE VIEW frames AS SELECT * FROM hidden")
    assert "is empty" in reel_error(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_unreadable_reel_is_one_line(tmp_path, make_film, make_reel):
    """Asked as nobody: root may read everything."""
    path = make_reel(make_film(2))
    path.chmod(0o600)
    copy = Path("/tmp") / f"unreadable-{os.getpid()}.reel"
    shutil.copy(path, copy)
    copy.chmod(0o600)
    program = (
        "import os, sys\nfrom player.reel import Reel, ReelError, ReelWriter\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "for open in (Reel, lambda path: ReelWriter(path, {}, 8, 8)):\n"
        "    try:\n        open(sys.argv[1])\n    except ReelError as error:\n        print(error)"
    )
    try:
        result = subprocess.run(
            [sys.executable, "-c", program, str(copy)], capture_output=True, text=True, cwd=ROOT, check=True
        )
    finally:
        copy.unlink()
    assert (
        result.stdout
        == f"{copy}: cannot be read: permission denied; check the path and its permissions\n" * 2
    )


def test_a_reel_that_goes_away_is_the_reels_fault_not_a_frames(make_film, make_reel):
    """A card that is pulled out must not look like 160,000 damaged frames."""
    path = make_reel(make_film(3))
    with Reel(path) as reel:
        reel.dither(0)
        path.unlink()
        reel._connection.close()  # what SQLite says of a read that fails is up to the system
        with pytest.raises(ReelError):
            reel.dither(1)


def test_a_reel_that_has_hardly_begun_is_told_from_a_damaged_one(tmp_path):
    (tmp_path / "film.reel").touch()
    with pytest.raises(EmptyReel):
        Reel(tmp_path / "film.reel")
