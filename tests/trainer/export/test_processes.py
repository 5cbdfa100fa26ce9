"""`trainer export` in several processes and on several hosts, from the command line."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from itertools import count
from pathlib import Path

import pytest
from trainer.export.crew import (
    Crew,
    interrupts_later,
)
from trainer.export.folder import Folder
from trainer.export.worker import (
    Made,
    Orders,
    Wants,
    work,
)
from trainer.films.parts import PART_FRAMES

from tests.trainer.exporting.test_exporting import rows, verified
from tests.trainer.long_film import TONES, length, make
from trainer.__main__ import main
from trainer.export.export import (
    Task,
    export,
)
from trainer.films.selection import Selection
from trainer.films.tones import Tones

FRAMES = length(PART_FRAMES)
TIMEOUT = 100.0


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    return make(tmp_path_factory.mktemp("film") / "long.avi", PART_FRAMES)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--workers", "0"], "choose 1 or more"),
        (["--workers", "two"], "--help"),
        (["--host", "3"], "like 1/3"),
        (["--host", "0/3"], "write 1/3 for the first"),
        (["--host", "4/3"], "write 1/3 for the first"),
        (["--host", "1/0"], "write 1/1 for the first"),
        (["--host", "1/2", "--overwrite"], "do not go together"),
        (["--workers", "2", "--start", "99999"], "no frame lies from 99999"),
        (["--workers", "2", "--dial", "3"], "0 (liveliest) to 1 (calmest)"),
    ],
)
def test_what_a_user_gets_wrong_is_one_line_and_leaves_nothing(film, tmp_path, capsys, words, hint):
    reel = tmp_path / "a.reel"
    try:
        code = main(["export", str(film), str(reel), *words])
    except SystemExit as exit:
        code = exit.code
    error = capsys.readouterr().err
    assert (code, error.count("\n")) == (2, 1)
    assert hint in error
    assert not list(tmp_path.iterdir())


def test_hosts_make_their_shares_and_one_joins_them(film, tmp_path, capsys):
    reel, words = tmp_path / "a.reel", ["--size", "48x36", "--dither", "hysteresis"]
    export(Task(film, Selection(), TONES, "hysteresis"), tmp_path / "whole.reel")
    for host in (2, 1):
        assert main(["export", str(film), str(reel), *words, "--host", f"{host}/2"]) == 0
        said = capsys.readouterr().out
        assert f"the share of host {host}; with those of all 2 there, the same command without --host" in said
        assert not reel.exists()
    assert [part.number for part in Folder(reel).parts().values() if part.is_whole] == [0, 1, 2]
    assert main(["export", str(film), str(reel), *words, "--workers", "2"]) == 0
    assert f"a.reel: {FRAMES} frames, {FRAMES} of them from before" in capsys.readouterr().out
    assert rows(reel) == rows(tmp_path / "whole.reel")
    assert main(["export", str(film), str(reel), *words, "--host", "1/2"]) == 2
    assert "is complete already" in capsys.readouterr().err


def test_a_worker_that_waits_ends_when_nobody_is_left_to_answer_it(film, tmp_path):
    """What starts it may be killed, and then says nothing any more."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    task = Task(film, Selection(), TONES, "hysteresis")
    worker = context.Process(target=work, args=(Orders(task, tmp_path / "a.reel", 1), theirs), daemon=True)
    worker.start()
    theirs.close()
    assert ours.poll(TIMEOUT)
    assert isinstance(ours.recv(), Wants)
    ours.close()
    worker.join(TIMEOUT / 5)
    ended = worker.exitcode
    worker.kill()
    assert ended == 1


def test_threads_of_one_worker_make_the_same_reel_stopped_or_not(film, tmp_path):
    """As they do where they share an accelerator."""
    task, reel = Task(film, Selection(), TONES, "hysteresis"), tmp_path / "a.reel"
    export(task, tmp_path / "whole.reel")
    folder = Folder(reel)
    folder.make()
    made = 0
    for most in (FRAMES // 3, FRAMES):
        done = folder.whole()
        with Crew(Orders(task, reel, 1, lanes=3), (n for n in count() if n not in done)) as crew:
            for message in crew.messages():
                made += isinstance(message, Made)
                if made == most:
                    break
        assert made <= folder.count(lambda number: True)
    assert len(folder.whole()) == 3
    export(task, reel)
    assert rows(reel) == rows(tmp_path / "whole.reel")


def test_ctrl_c_waits_while_workers_are_started():
    """Python hears of it by any of its threads, also one in which it is not blocked."""
    done = threading.Event()
    other = threading.Thread(target=done.wait, args=(TIMEOUT,))
    other.start()
    went_on = []

    def start():
        with interrupts_later():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
            went_on.append(True)

    try:
        with pytest.raises(KeyboardInterrupt):
            start()
    finally:
        done.set()
        other.join()
    assert went_on
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_no_more_workers_are_started_than_there_may_be_parts(film, tmp_path, monkeypatch):
    started = []

    class Counted(Crew):
        def __enter__(self):
            started.append(self._orders.workers)
            return super().__enter__()

    monkeypatch.setattr("trainer.export.assembling.Crew", Counted)
    words = ["--size", "32x24", "--dither", "mask", "--count", str(PART_FRAMES + 2)]
    assert main(["export", str(film), str(tmp_path / "a.reel"), *words, "--workers", "1000"]) == 0
    assert started == [2]


def workers_of(process):
    """The process ids of the workers that a process has started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            command = (status.parent / "cmdline").read_text()
        except (OSError, ValueError):  # it has ended
            continue
        if parent == process.pid and "spawn_main" in command:
            found.append(int(status.parent.name))
    return found


def eventually(what):
    end = time.monotonic() + TIMEOUT
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the workers in Linux's /proc")
def test_stopped_and_killed_an_export_by_workers_goes_on_to_the_same_reel(film, tmp_path):
    """Ctrl-C; then a worker is killed; then the process that started them, which none of them survives."""
    reel, parts = tmp_path / "a.reel", tmp_path / "a.reel.parts"
    words = ["--size", "320x240", "--dither", "hysteresis", "--workers", "2"]
    command = [sys.executable, "-m", "trainer", "export", str(film), str(reel), *words]

    def start(size):
        """Start it, and wait until there are workers, and parts larger than that."""
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        eventually(lambda: len(workers_of(process)) == 2 and made() > size)
        return process

    def made():
        names = [path for path in parts.glob("*.reel") if path.stat().st_size] if parts.exists() else []
        return sum(path.stat().st_size for path in names)

    for size in (-1, 0):  # while the workers are still loading, and at work
        process = start(size)
        os.killpg(process.pid, signal.SIGINT)
        _, error = process.communicate(timeout=TIMEOUT)
        assert (process.returncode, error) == (130, "trainer: stopped; the same command goes on from there\n")
    kept = made()
    assert kept

    process = start(kept)
    workers = workers_of(process)
    os.kill(workers[0], signal.SIGKILL)
    _, error = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 2
    assert "a worker ended with exit code -9" in error
    assert error.count("\n") == 1
    assert made() >= kept

    process = start(kept)
    workers = workers_of(process)
    process.kill()
    process.communicate(timeout=TIMEOUT)  # its stderr is theirs too: ends when all of them have
    eventually(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))

    result = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    assert f"{FRAMES} frames, " in result.stdout
    assert " of them from before" in result.stdout
    assert not parts.exists()
    export(Task(film, Selection(), Tones((320, 240)), "hysteresis"), tmp_path / "whole.reel")
    assert rows(reel) == rows(tmp_path / "whole.reel")
    assert verified(reel) == []
