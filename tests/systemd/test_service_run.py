"""The player as systemd runs it: what it reports over its socket, as a process of its own."""

import os
import signal
import socket
import subprocess
import sys
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
