"""The player as systemd runs it: what it reports over its socket, as a process of its own."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from player.reel import ReelWriter

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 30.0  # seconds for a line that must come


@pytest.fixture
def reports(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiving:
        receiving.bind(str(tmp_path / "notify"))
        receiving.settimeout(PATIENCE)
        yield receiving


@pytest.fixture
def service(tmp_path, reports):
    """service(*words): the player on a simulated panel, with a film of three frames."""
    films = tmp_path / "films"
    films.mkdir()
    with ReelWriter(films / "a.reel", {}, 32, 24) as writer:
        for number in range(3):
            writer.append(np.full((24, 32), number % 2, np.uint8), number * 40, number, False)
        writer.finish()
    running = []

    def start(*words):
        environment = {
            "PATH": os.environ["PATH"],
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "WATCHDOG_USEC": "180000000",
            "STATE_DIRECTORY": str(tmp_path),
        }
        running.append(
            subprocess.Popen(
                [sys.executable, "-P", "-m", "player", "run", "--simulated", tmp_path / "glass", *words],
                cwd=ROOT,
                env={**environment, "PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def lines_until(reports, wanted):
    found = []
    while wanted not in found:
        found += reports.recv(4096).decode().splitlines()
    return found


def test_ready_with_the_first_picture_alive_meanwhile_and_stopping_at_the_end(service, reports, tmp_path):
    process = service("--films", tmp_path / "films", "--interval", "600")
    before = lines_until(reports, "READY=1")
    assert "WATCHDOG=1" in before
    assert list((tmp_path / "glass").rglob("*.png"))
    process.send_signal(signal.SIGTERM)
    lines_until(reports, "STOPPING=1")
    assert process.wait(PATIENCE) == 0


def test_a_film_that_is_over_is_no_failure(service, reports, tmp_path):
    """A service that ends without ever having been ready has failed, for systemd."""
    for _ in range(2):
        process = service(
            "--films", tmp_path / "films", "--interval", "0", "--state", tmp_path / "place.json"
        )
        assert "READY=1" in lines_until(reports, "STOPPING=1")
        assert process.wait(PATIENCE) == 0


def test_without_a_film_it_waits_and_is_ready(service, reports, tmp_path):
    (tmp_path / "films" / "a.reel").unlink()
    process = service("--films", tmp_path / "films", "--wait-for-films")
    lines_until(reports, "READY=1")
    assert process.poll() is None


def test_what_cannot_be_is_one_line_and_a_failure(service, tmp_path):
    process = service("--films", tmp_path / "nowhere")
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert out.startswith("player: ")
    assert out.count("\n") == 1


def spoil(path, *statements):
    database = sqlite3.connect(path)
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


HARD_WORK = {
    "no key frame among 200,000": (
        "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) "
        "INSERT INTO frames SELECT i, 0, 0, 'delta', 0, 0, 0, 0, 0, 0, zeroblob(20) FROM n",
        "UPDATE frames SET kind = 'delta'",
        "UPDATE reel SET value = '200001' WHERE key = 'frames'",
    ),
    "a column that is computed": (
        "ALTER TABLE frames ADD COLUMN more AS ('aaaaaaaaaaaaaaaaaaaa' LIKE '%a%a%a%a%a%a%a%a%ab')",
    ),
}


@pytest.mark.parametrize("name", HARD_WORK)
@pytest.mark.parametrize("after", [0.0, 0.7])
def test_a_stop_is_obeyed_within_a_second_whatever_the_reel_does(service, tmp_path, name, after):
    spoil(tmp_path / "films" / "a.reel", *HARD_WORK[name])
    process = service("--films", tmp_path / "films", "--interval", "0", "--wait-for-films", "--end", "loop")
    while not answers_signals(process):
        time.sleep(0.01)
    time.sleep(after)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert time.monotonic() - began < 3.0  # a second, on a machine that has nothing else to do


def answers_signals(process):
    caught = Path(f"/proc/{process.pid}/status").read_text().split("SigCgt:")[1].split()[0]
    return int(caught, 16) >> (signal.SIGTERM - 1) & 1
