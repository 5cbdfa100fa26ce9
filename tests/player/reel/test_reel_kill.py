"""Killed at any instant, an export leaves a reel that opens, and continues to the same film."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from player.reel import Reel, ReelError, ReelWriter

ROOT = Path(__file__).parents[3]
FRAMES = 160
PROCESS = "import sys; path = sys.argv[1]"

EXPORT = """
import numpy as np
from player.reel import ReelWriter
rng = np.random.default_rng(5)
dither = (rng.random((100, 160)) < 0.5).astype(np.uint8)
with ReelWriter(path, {"film": "f"}, 160, 100) as writer:
    for number in range(160):
        dither = dither ^ (rng.random((100, 160)) < 0.03).astype(np.uint8)
        if number >= writer.frames:
            writer.append(dither, number * 40, number, number % 50 == 0, number % 20 == 0)
            if number % 4 == 3:
                writer.commit()
            print(number, flush=True)
    writer.finish()
"""


def test_an_export_killed_again_and_again_ends_as_one_that_was_not(tmp_path):
    once, killed = tmp_path / "once.reel", tmp_path / "killed.reel"
    exec(EXPORT, {"path": once})
    rng = random.Random(3)
    kills = 0
    seen = 0
    for _ in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", PROCESS + EXPORT, killed], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for _ in range(rng.randint(1, 30)):
            process.stdout.readline()
        time.sleep(rng.uniform(0, 0.005))
        process.send_signal(signal.SIGKILL)
        process.stdout.close()
        if process.wait() == 0:
            break
        kills += 1
        with Reel(killed) as reel:
            assert reel.frames >= seen
            assert reel.frames % 4 == 0
            seen = reel.frames
            assert not reel.complete or reel.frames == FRAMES
            assert list(reel.verify()) == []
            if reel.complete:
                break
    exec(EXPORT, {"path": killed})
    assert kills >= 2
    with Reel(once) as one, Reel(killed) as two:
        assert one.complete
        assert two.complete
        assert one.frames == two.frames == FRAMES
        assert one.redraws == two.redraws == set(range(0, FRAMES, 20))
        for number in range(FRAMES):
            assert one.info(number) == two.info(number)
            assert (one.dither(number) == two.dither(number)).all()
        assert list(two.verify()) == []


HALF_WRITTEN = """
import os, signal, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA cache_size=1")
database.execute("BEGIN")
for number in range(10):
    database.execute("UPDATE frames SET flips = flips + 1, film_frame = 1 << 40")
    database.execute("INSERT INTO frames SELECT number + 1000, 0, 0, 'key', 0, 0, 0, 1, 0, 0, zeroblob(3000) "
                     "FROM frames WHERE number = ?", (number,))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def half_written(make_film, make_reel):
    """A reel whose file holds half a transaction, killed before its commit: the journal is hot."""
    dithers = make_film(30)
    path = make_reel(dithers, finish=False)
    before = path.read_bytes()
    subprocess.run([sys.executable, "-c", HALF_WRITTEN, path], cwd=ROOT)
    assert path.with_name(path.name + "-journal").stat().st_size > 0
    assert path.read_bytes() != before, "nothing was half written, so nothing is tested"
    return path, dithers


def test_a_half_written_transaction_is_rolled_back_by_a_reader(half_written):
    path, dithers = half_written
    with Reel(path) as reel:
        assert reel.frames == 30
        assert list(reel.verify()) == []
        assert (reel.dither(29) == dithers[29]).all()


def test_a_half_written_transaction_is_rolled_back_by_the_next_export(half_written):
    path, dithers = half_written
    with ReelWriter(path, {"film": "a film"}, 44, 24) as writer:
        assert writer.frames == 30
        writer.append(dithers[0], 9999, 9999, False)
        writer.finish()
    with Reel(path) as reel:
        assert reel.frames == 31
        assert list(reel.verify()) == []


def test_a_half_written_transaction_on_a_disk_that_cannot_be_written_is_one_line(half_written, monkeypatch):
    path, _ = half_written
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda at, **k: connect(at.replace("mode=rw", "mode=ro"), **k))
    with pytest.raises(ReelError, match="cannot be written") as caught:
        Reel(path)
    assert "\n" not in str(caught.value)


CREATION = """
import os, signal, sqlite3, sys
from player.reel import ReelWriter
import player.reel.writer
class Killed(sqlite3.Connection):
    def execute(self, statement, *values):
        if statement.startswith(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(statement, *values)
connect = sqlite3.connect
sqlite3.connect = lambda *a, **k: connect(*a, **{**k, "factory": Killed})
ReelWriter(sys.argv[1], {}, 8, 8)
"""


@pytest.mark.parametrize(
    "where", ["PRAGMA page_size", "BEGIN", "CREATE TABLE frames", "PRAGMA user", "COMMIT"]
)
def test_a_reel_killed_while_it_is_created_is_new(tmp_path, where):
    path = tmp_path / "film.reel"
    killed = subprocess.run([sys.executable, "-c", CREATION, path, where], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    if path.exists():
        with pytest.raises(ReelError, match="is empty"):
            Reel(path)
    with ReelWriter(path, {}, 8, 8) as writer:
        assert writer.frames == 0
        writer.append(np.ones((8, 8), np.uint8), 0, 0, False)
        writer.finish()
    with Reel(path) as reel:
        assert list(reel.verify()) == []
