"""A fit on several devices, in one process and in two: the same losses as on one, cut off or not."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.trainer.made_films import make_film

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folder of all runs of `scaled_fits.py`, all made at the same time."""
    out = tmp_path_factory.mktemp("runs")
    noise = np.random.default_rng(0).integers(0, 256, (64, 12, 20, 1)).repeat(3, 3).astype(np.uint8)
    film = make_film(out / "noise.avi", "FFV1", noise.repeat(8, 1).repeat(8, 2))
    with socket.create_server(("", 0)) as free:
        port = free.getsockname()[1]
    words = [["pair", out, film, port, 0], ["pair", out, film, port, 1], ["alone", out, film]]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.trainer.fit.scaled_fits", *map(str, those)],
            cwd=ROOT, env=with_devices(devices), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for those, devices in zip(words, (2, 2, 4), strict=True)
    ]  # fmt: skip
    try:
        said = [process.communicate(timeout=200)[0] for process in started]
    finally:
        for process in started:
            process.kill()
    assert [process.returncode for process in started] == [0, 0, 0], "\n".join(said)
    return out


def with_devices(count):
    """An environment in which JAX sees so many devices, and compiles quickly rather than well."""
    flags = f"--xla_force_host_platform_device_count={count} --xla_cpu_use_fusion_emitters=false"
    return {**os.environ, "XLA_FLAGS": flags, "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}


def figures(run):
    """Every report's figures but the seconds, float[reports, figures]."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return np.array([[value for name, value in row.items() if name != "seconds"] for row in rows])


def test_two_processes_of_two_devices_make_the_updates_of_one_with_four(runs):
    whole = figures(runs / "whole")
    assert whole[:, 0].tolist() == [2, 4, 6]
    assert len(np.unique(whole[:, 2])) == 3
    np.testing.assert_allclose(figures(runs / "pair"), whole, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize(("run", "uncut"), [("one-to-four", "whole"), ("four-to-one", "turns")])
def test_a_run_goes_on_on_another_number_of_devices_to_the_same_losses(runs, run, uncut):
    np.testing.assert_allclose(figures(runs / run), figures(runs / uncut), rtol=2e-4, atol=1e-5)


def test_clips_are_exchanged_by_the_number_of_the_update(runs):
    assert json.loads((runs / "turns" / "clips.json").read_text()) == {
        "clips": 32, "parts": 4, "chunks": 4, "updates": 16
    }  # fmt: skip


def test_devices_send_one_another_nothing_but_sums(runs):
    """No clip, patch or dither leaves its device: all collective operations are all-reduces."""
    compiled, lowered = ((runs / name).read_text() for name in ("program.txt", "gan.txt"))
    kinds = "all.reduce|all.gather|all.to.all|collective.\\w+|reduce.scatter"
    found = re.findall(rf"= .*? ({kinds})(?:-start)?\(", compiled)
    assert set(found) == {"all-reduce"}
    assert set(re.findall(rf"stablehlo\.({kinds})", lowered)) == {"all_reduce"}


def test_one_process_alone_writes(runs):
    checkpoint = runs / "pair" / "checkpoints" / "6"
    assert checkpoint.is_dir()
    assert os.listdir(runs / "pair" / "checkpoints") == ["6"]
    assert not list(checkpoint.rglob("*process_1*"))
