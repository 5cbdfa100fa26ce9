"""One player per panel: held by the kernel, named to the second one, gone with its holder."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from player.service import lock
from player.service.lock import Locked, locked

ROOT = Path(__file__).parents[3]
HOLDER = """
import sys
from pathlib import Path
from player.service.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold():
    """hold(path) -> a process that has the lock."""
    processes = []

    def start(path):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, path], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        processes.append(process)
        assert process.stdout.readline() == b"held\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def take(path):
    with locked(path):
        pass


def test_the_second_is_told_who_is_first_until_that_one_is_killed(hold, tmp_path):
    holder = hold(tmp_path)
    with pytest.raises(
        Locked, match=rf"another player \(process {holder.pid}\) is using this panel; stop it"
    ):
        take(tmp_path)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    take(tmp_path)


def test_a_device_is_locked_as_a_directory_is(hold):
    ours, theirs = os.openpty()
    try:
        device = Path(os.ttyname(theirs))
        holder = hold(device)
        with pytest.raises(Locked, match=f"process {holder.pid}"):
            take(device)
    finally:
        os.close(ours)
        os.close(theirs)


def test_it_is_given_back_after_an_error_too(tmp_path):
    with pytest.raises(RuntimeError), locked(tmp_path):
        raise RuntimeError
    take(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_where_the_kernel_does_not_say_who(hold, tmp_path, monkeypatch):
    hold(tmp_path)
    monkeypatch.setattr(lock, "LOCKS", tmp_path / "missing")
    with pytest.raises(Locked, match=re.escape(f"{tmp_path}: another player is using")):
        take(tmp_path)


def test_a_device_that_is_missing_is_left_to_the_driver(tmp_path):
    take(tmp_path / "spidev0.0")
