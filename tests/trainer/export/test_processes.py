"""Exports by several processes and threads: the same rows, and an end of every process however it comes."""

import multiprocessing
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.trainer.export.export_cases import (
    FRAMES,
    TIMEOUT,
    TONES,
    children,
    eventually,
    is_alive,
    make_long_film,
    rows,
    stored,
    task,
    verified,
)
from trainer.errors import TrainerError
from trainer.export.export import Workers, export
from trainer.export.task import Task
from trainer.export.workers import Processes, begin_process, dither_stretch, interrupts_later
from trainer.films.film import Film
from trainer.films.plan import Plan
from trainer.films.selection import Selection
from trainer.films.stretches import stretches
from trainer.films.tones import Tones

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes in Linux's /proc")
STOPPED = "trainer: stopped; the same command goes on from there\n"


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return make_long_film(tmp_path_factory.mktemp("film") / "long.avi")


def start(film, reel, *words):
    command = [sys.executable, "-m", "trainer", "export", str(film), str(reel), *words]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def test_two_processes_make_the_same_reel(film, tmp_path):
    what = task(film)
    export(what, tmp_path / "whole.reel")
    seen = []
    summary = export(
        what, tmp_path / "a.reel", workers=Workers(2), report=lambda done, info: seen.append(done)
    )
    assert seen == list(range(1, FRAMES + 1))
    assert summary.frames == FRAMES
    assert rows(tmp_path / "a.reel") == rows(tmp_path / "whole.reel")
    assert not multiprocessing.active_children()


def test_threads_share_the_parallel_engine(film, tmp_path, monkeypatch):
    """As on an accelerator, here without one."""
    monkeypatch.setattr(Task, "shares_device", lambda task: True)
    what = task(film, Selection(count=40), "search", settings={"engine": "parallel"})
    export(what, tmp_path / "whole.reel")
    export(what, tmp_path / "a.reel", workers=Workers(2))
    assert rows(tmp_path / "a.reel") == rows(tmp_path / "whole.reel")


def test_no_more_processes_are_started_than_there_are_stretches(film, tmp_path, monkeypatch):
    started = []
    close = Processes.close

    def count(pool):
        started.append(len(multiprocessing.active_children()))
        close(pool)

    monkeypatch.setattr(Processes, "close", count)
    export(task(film, Selection(count=20), "mask"), tmp_path / "a.reel", workers=Workers(1000))
    assert started == [2]


def test_ctrl_c_waits_while_workers_are_started():
    """Python hears of it by any of its threads, also one in which it is not blocked."""
    done = threading.Event()
    other = threading.Thread(target=done.wait, args=(TIMEOUT,))
    other.start()
    went_on = []

    def begin():
        with interrupts_later():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
            went_on.append(True)

    try:
        with pytest.raises(KeyboardInterrupt):
            begin()
    finally:
        done.set()
        other.join()
    assert went_on
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_process_ends_when_nobody_is_left_to_work_for():
    context = multiprocessing.get_context("spawn")
    theirs, lifeline = context.Pipe(duplex=False)
    process = context.Process(target=_wait_as_a_worker, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    lifeline.close()
    process.join(TIMEOUT)
    ended = process.exitcode
    process.kill()
    assert ended == 1


def _wait_as_a_worker(lifeline):
    begin_process(1, lifeline)
    time.sleep(TIMEOUT)


def first_stretch(film):
    with Film(film) as opened:
        return next(stretches(list(Selection(count=40).frames(opened, TONES))))


def test_a_worker_without_memory_is_one_line(film, monkeypatch):
    def fail(*words, **more):
        raise MemoryError

    monkeypatch.setattr(np, "packbits", fail)
    with pytest.raises(TrainerError, match=r"too little memory for a stretch.*fewer workers"):
        dither_stretch(task(film).spec(), first_stretch(film))


def test_a_worker_that_is_killed_while_it_sends_a_result_is_noticed(film):
    """Python's own pool would wait for ever for the rest of the result."""
    pool = Processes(task(film).spec(), 1)
    try:
        pool._executor.submit(_send_half_a_result)
        reader = pool._executor._executor_manager_thread
        assert reader is not None
        [worker] = multiprocessing.active_children()
        worker.join(TIMEOUT)
        with pytest.raises(TrainerError, match="a worker ended, perhaps for lack of memory"):
            pool.check()
    finally:
        pool.close()
    reader.join(TIMEOUT)
    assert not reader.is_alive()


def _send_half_a_result():
    results = sys._getframe(1).f_locals["result_queue"]
    os.write(results._writer.fileno(), struct.pack("!i", 1000) + b"half")
    os.kill(os.getpid(), signal.SIGKILL)


@linux
def test_an_export_by_processes_ends_and_resumes_however_it_is_stopped(film, tmp_path):
    """Ctrl-C while workers load and while they work; then a worker is killed; then the export itself is."""
    reel, words = tmp_path / "a.reel", ("--size", "480x360", "--dither", "search:0.4", "--stretch", "6")

    def begin(frames):
        """Start it, and wait until there are workers and so many frames."""
        process = start(film, reel, *words, "--workers", "2")
        eventually(lambda: len(children(process.pid)) == 2 and stored(reel) > frames)
        return process, children(process.pid)

    for frames in (-1, 0):
        process, workers = begin(frames)
        begun = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        _, error = process.communicate(timeout=TIMEOUT)
        assert (process.returncode, error) == (130, STOPPED)
        assert time.monotonic() < begun + 10
        assert not any(map(is_alive, workers))

    process, workers = begin(kept := stored(reel))
    os.kill(workers[0], signal.SIGKILL)
    _, error = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 2
    assert "a worker ended, perhaps for lack of memory; what is done is kept" in error
    assert error.count("\n") == 1
    assert not any(map(is_alive, workers))
    assert stored(reel) > kept

    process, workers = begin(kept := stored(reel))
    process.kill()
    process.communicate(timeout=TIMEOUT)  # its stderr is theirs too: it ends when all of them have
    eventually(lambda: not any(map(is_alive, workers)))
    assert stored(reel) > kept

    process = start(film, reel, *words, "--workers", "2")
    _, error = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, error) == (0, "")
    what = Task(film, Selection(), Tones((480, 360)), "search", 0.4, plan=Plan(longest=6))
    export(what, tmp_path / "whole.reel")
    assert rows(reel) == rows(tmp_path / "whole.reel")
    assert verified(reel) == []


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_ends_a_long_stretch_at_once(film, tmp_path, workers):
    reel = tmp_path / "a.reel"
    process = start(
        film, reel, "--size", "1448x1072", "--end", "38", "--workers", workers
    )  # it takes a minute
    eventually(reel.exists)
    time.sleep(3)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, error) == (130, STOPPED)
    assert time.monotonic() < begun + 10
    assert not reel.exists()
