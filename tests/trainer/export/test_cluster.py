"""Exports by a dask cluster: a real scheduler and two workers on this machine, which are killed."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace

import pytest

from tests.trainer.export.export_cases import TIMEOUT, eventually, make_long_film, rows, stored, task
from trainer.__main__ import main
from trainer.errors import TrainerError
from trainer.export import cluster as clusters
from trainer.export.export import export
from trainer.films.plan import Plan
from trainer.films.selection import Selection
from trainer.films.tones import Tones

pytest.importorskip("distributed")

WORDS = ("--size", "400x300", "--dither", "search:0.4", "--stretch", "6")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return make_long_film(tmp_path_factory.mktemp("film") / "long.avi")


class Machines:
    """A scheduler, and workers as they are started."""

    def __init__(self):
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.processes = []

    def start(self, kind, *words):
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *words, "--no-dashboard"]
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.getcwd()},
        )
        self.processes.append(process)
        return process

    def scheduler(self):
        return self.start("scheduler", "--host", "127.0.0.1", "--port", str(self.port))

    def worker(self):
        own = ("--nthreads", "1", "--no-nanny", "--local-directory", self.folder.name)
        return self.start("worker", self.address, *own)

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait(TIMEOUT)
        self.folder.cleanup()


@pytest.fixture
def machines():
    made = Machines()
    yield made
    made.stop()


def start(film, reel, address):
    command = [sys.executable, "-m", "trainer", "export", str(film), str(reel), *WORDS, "--cluster", address]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_worker_then_the_scheduler_is_killed_and_the_reel_is_the_same(film, tmp_path, machines):
    scheduler, first = machines.scheduler(), machines.worker()
    machines.worker()
    reel = tmp_path / "a.reel"
    process = start(film, reel, machines.address)
    eventually(lambda: stored(reel) >= 12)
    first.kill()
    before = stored(reel)
    eventually(lambda: stored(reel) >= before + 12)  # more than what was on its way
    scheduler.kill()
    _, error = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 2
    assert re.fullmatch(r"trainer: tcp://.*: the scheduler has gone; what is done is kept: .*\n", error)

    machines.processes.remove(scheduler)
    scheduler.wait(TIMEOUT)
    machines.scheduler()  # to which workers come back
    machines.worker()
    process = start(film, reel, machines.address)
    said, error = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, error) == (0, "")
    assert " of them from before" in said
    export(
        task(film, dither="search", dial=0.4, plan=Plan(longest=6), tones=Tones((400, 300))),
        tmp_path / "whole.reel",
    )
    assert rows(reel) == rows(tmp_path / "whole.reel")


def test_a_scheduler_without_workers_is_one_line(film, tmp_path, machines, monkeypatch, capsys):
    machines.scheduler()
    monkeypatch.setattr(clusters, "WITHOUT_WORKERS", 1.0)
    words = ["export", str(film), str(tmp_path / "a.reel"), *WORDS, "--cluster", machines.address]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert "the scheduler has had no worker for 1 s; start `dask worker tcp://127.0.0.1:" in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("tcp://127.0.0.1:1", "no scheduler answers there"),
        ("host", "write the scheduler's address, like tcp://host:8786"),
        ("tcp://host", "write the scheduler's address"),
        ("http://host:8787", "write the scheduler's address"),
    ],
)
def test_an_address_without_a_scheduler_is_one_line(film, tmp_path, monkeypatch, capsys, address, hint):
    monkeypatch.setattr(clusters, "CONNECTING", 1.0)
    begun = time.monotonic()
    assert main(["export", str(film), str(tmp_path / "a.reel"), *WORDS, "--cluster", address]) == 2
    error = capsys.readouterr().err
    assert hint in error
    assert error.count("\n") == 1
    assert time.monotonic() < begun + 20
    assert not list(tmp_path.iterdir())


def test_without_dask_there_is_one_line(film, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["export", str(film), str(tmp_path / "a.reel"), *WORDS, "--cluster", "tcp://host:1"]) == 2
    assert "pip install 'longtake[cluster]'" in capsys.readouterr().err


def test_a_worker_of_another_version_or_engine_is_refused(film):
    spec = task(film, Selection(), "search").spec()
    spec.check()
    with pytest.raises(TrainerError, match=r"a worker of the cluster has longtake .*, the export longtake 9"):
        replace(spec, tool="longtake 9.0").check()
    with pytest.raises(
        TrainerError, match=r"uses the engine sequential, the export parallel.*add --engine par"
    ):
        replace(spec, engine="parallel").check()
    replace(spec, engine="parallel", settings={"engine": "parallel"}).check()
