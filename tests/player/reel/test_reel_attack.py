"""Reels made to harm their reader: one line, soon, and in little memory."""

import os
import resource
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from made_reels import REFUSED, SHOWN, execute

from player.reel import BadFrame, Reel, ReelError
from player.reel.format import PLAN_INDEX

ROOT = Path(__file__).parents[3]
SECONDS = 10.0


@pytest.fixture
def good(make_reel):
    rng = np.random.default_rng(1)
    dithers = [rng.integers(0, 2, (24, 44), dtype=np.uint8) for _ in range(3)]
    return make_reel(dithers, redraws=(0, 2))


@pytest.mark.parametrize("name", REFUSED)
def test_what_was_made_to_harm_is_refused_at_once(good, name):
    REFUSED[name](good)
    began, memory = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ReelError) as caught:
        Reel(good)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(str(good))
    assert len(line) < len(str(good)) + 200
    assert time.monotonic() - began < 1.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 20_000


MEASURED = """
import sys
from player.__main__ import main
code = main(sys.argv[2:])
with open("/proc/self/status") as status, open(sys.argv[1], "w") as peak:
    peak.write(next(line.split()[1] for line in status if line.startswith("VmHWM")))
sys.exit(code)
"""


@pytest.fixture
def player(tmp_path):
    """A command in a process of its own: exit code, output, errors, seconds, peak memory in kB."""

    def run(*words):
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, tmp_path / "peak", *words],
            capture_output=True, text=True, cwd=ROOT, timeout=100,
        )  # fmt: skip
        seconds = time.monotonic() - began
        return done.returncode, done.stdout, done.stderr, seconds, int((tmp_path / "peak").read_text())

    return run


COMMANDS = ("check", "info", "frames")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "name",
    ["200 MB from a generated column", "a costly generated column", "a title of 20 MB", "6.3 million frames",
     "an endless schema", "endless backtracking in a generated column"],
)  # fmt: skip
def test_the_commands_refuse_it_in_one_line(good, tmp_path, player, command, name):
    REFUSED[name](good)
    more = [tmp_path / "pictures"] if command == "frames" else []
    code, out, error, seconds, memory = player(command, good, *more)
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert error.startswith(f"player: {good}: ")
    assert seconds < SECONDS
    assert memory < 100_000
    assert not (tmp_path / "pictures").exists()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", SHOWN)
def test_the_commands_bear_it(good, tmp_path, player, command, name):
    SHOWN[name](good)
    more = [tmp_path / "pictures"] if command == "frames" else []
    code, out, error, seconds, memory = player(command, good, *more)
    assert code in (0, 1, 2)
    assert "Traceback" not in error
    assert "\x1b" not in out + error
    assert seconds < 3 * SECONDS
    assert memory < 256_000


def test_frames_that_share_their_bytes_are_not_read_for_ever(make_film, make_reel):
    with Reel(make_reel(make_film(50))) as reel:
        assert list(reel.verify()) == []
        reel._size = 1000  # what is read is far more
        with pytest.raises(ReelError, match="share their bytes"):
            list(reel.verify())


@pytest.mark.parametrize("columns", ["more INTEGER", "note TEXT DEFAULT 'x'"])
def test_a_plain_column_of_a_later_version_is_ignored(good, columns):
    execute(good, f"ALTER TABLE frames ADD COLUMN {columns}")
    with Reel(good) as reel:
        assert reel.redraws == {0, 2}
        assert list(reel.verify()) == []


def test_a_plain_column_before_the_payload_too_unless_it_is_long(good):
    execute(good, "ALTER TABLE frames RENAME TO old", "DROP INDEX redraws")
    (sql,) = sqlite3.connect(good).execute("SELECT sql FROM sqlite_schema WHERE name = 'old'").fetchone()
    names = "number, time_ms, film_frame, kind, flips, darkened, cut, redraw, crc, payload_crc, payload"
    execute(
        good, sql.replace('TABLE "old"', "TABLE frames").replace("flips INTEGER", "more, flips INTEGER"),
        f"INSERT INTO frames ({names}) SELECT {names} FROM old", "DROP TABLE old", PLAN_INDEX,
        "UPDATE frames SET more = 7 WHERE number = 0", "UPDATE frames SET more = 'long' WHERE number = 2",
    )  # fmt: skip
    with Reel(good) as reel:
        assert list(reel.verify()) == ["frame 3: its row does not hold numbers"]


def journal(reel, pages=1, page=1024, sector=512, records=1, more=b""):
    """A journal of one page, which SQLite would roll back."""
    magic = bytes.fromhex("d9d505f920a163d7")
    header = magic + b"".join(number.to_bytes(4) for number in (records, 0, pages, sector, page))
    content = reel.read_bytes()[:1024]
    checked = sum(content[at] for at in range(1024 - 200, 0, -200)) & 0xFFFFFFFF
    record = (1).to_bytes(4) + content + checked.to_bytes(4)
    beside = reel.with_name(reel.name + "-journal")
    beside.write_bytes(header.ljust(sector, b"\0") + record + more)
    return beside


def test_a_made_journal_does_not_blow_the_reel_up(good):
    size = good.stat().st_size
    beside = journal(good, pages=3_000_000_000)
    with pytest.raises(ReelError, match=r"film.reel-journal beside it is not what an export leaves"):
        Reel(good)
    assert (good.stat().st_size, beside.exists()) == (size, True)


def test_a_made_journal_deletes_no_other_file(good, tmp_path):
    """SQLite takes the name at the end for a list of journals and deletes it when they are done."""
    victim = tmp_path / "progress.json"
    victim.write_text("{}")
    name = os.fsencode(victim)
    end = (0x40000000 // 1024 + 1).to_bytes(4)  # the page that SQLite locks
    magic = bytes.fromhex("d9d505f920a163d7")
    numbers = len(name).to_bytes(4) + (sum(name) & 0xFFFFFFFF).to_bytes(4)
    journal(good, pages=good.stat().st_size // 1024, more=end + name + numbers + magic)
    with pytest.raises(ReelError, match="not what an export leaves"):
        Reel(good)
    assert victim.exists()


def test_a_journal_of_gigabytes_is_not_read(good):
    beside = journal(good, pages=1)
    os.truncate(beside, 8_000_000_000)
    began = time.monotonic()
    with pytest.raises(ReelError, match="not what an export leaves"):
        Reel(good)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("end", ["-journal", "-wal"])
def test_what_lies_beside_a_reel_and_is_no_file_does_not_block(good, end):
    os.mkfifo(good.with_name(good.name + end))
    with pytest.raises(ReelError, match=f"film.reel{end}"):
        Reel(good)


def test_a_write_ahead_log_beside_a_reel_is_not_read(good):
    good.with_name(good.name + "-wal").write_bytes(b"x" * 100)
    before = sorted(good.parent.iterdir())
    with pytest.raises(ReelError, match=r"film.reel-wal lies beside it; remove that file"):
        Reel(good)
    assert sorted(good.parent.iterdir()) == before


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"


class Enough(Exception):
    pass


@pytest.mark.parametrize("what", ["open", "dither", "info", "number_at", "verify", "next key"])
def test_whoever_reads_can_be_stopped_at_any_time(make_film, make_reel, what):
    path = make_reel(make_film(130))
    execute(path, "UPDATE frames SET kind = 'delta'") if what == "next key" else None
    calls = 0

    def stop():
        nonlocal calls
        calls += 1
        if calls >= at:
            raise Enough

    def do():
        with Reel(path, stop) as reel:
            match what:
                case "dither":
                    reel.dither(100)
                case "info":
                    reel.info(3)
                case "number_at":
                    reel.number_at(4000)
                case "verify":
                    list(reel.verify())
                case "next key":
                    with pytest.raises(BadFrame):
                        reel.dither(3)

    at = 1 << 60
    do()
    for at in range(1, calls + 1, max(1, calls // 40)):  # noqa: B007
        calls = 0
        with pytest.raises(Enough):
            do()


def test_a_query_that_takes_long_is_stopped_too(good):
    stopping = False

    def stop():
        if stopping:
            raise Enough

    with Reel(good, stop) as reel:
        rows = reel._rows(ENDLESS, 10**9)
        next(rows)
        stopping = True
        with pytest.raises(Enough):
            list(rows)
        stopping = False
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            list(
                reel._rows("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n")
            )
