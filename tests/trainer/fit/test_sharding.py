"""What sharding asks of XLA and of the user, and what a process says that finds no others."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from trainer.errors import OptionError
from trainer.fit import sharding
from trainer.fit.sharding import cluster_of

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def unknown_yet():
    sharding.compiler_options.cache_clear()
    yield
    sharding.compiler_options.cache_clear()


def test_an_option_that_xla_does_not_know_is_left_out(monkeypatch):
    monkeypatch.setattr(sharding, "_ON_CPU", {"xla_cpu_no_such_option": False})
    assert sharding.compiler_options() == {}


def test_an_option_that_it_knows_is_taken(monkeypatch):
    known = {"xla_cpu_enable_fast_math": False}
    monkeypatch.setattr(sharding, "_ON_CPU", known)
    assert sharding.compiler_options() == known


def test_what_is_compiled_with_them_is_right():
    doubled = jax.jit(lambda x: 2 * x, compiler_options=sharding.compiler_options())
    assert doubled(jnp.float32(3)) == 6


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((True, "host:1", None, None), "give all three"),
        ((False, "host", 2, 0), "name a host and a port"),
        ((False, "host:1", 0, 0), "--processes 0"),
        ((False, "host:1", 2, 2), "--process 2: choose 0 to 1"),
    ],
)
def test_a_cluster_that_makes_no_sense_is_refused(words, expected):
    with pytest.raises(OptionError, match=expected):
        cluster_of(*words)
    assert cluster_of(False, None, None, None) is None


JOIN = """
import sys
from trainer.fit import sharding
sharding.START_TIMEOUT = 2
with sharding.joined(sharding.Cluster(sys.argv[1], 2, int(sys.argv[2]))):
    print("joined")
"""


def test_a_process_that_finds_no_others_says_so_in_one_line_in_time():
    """Process 0 without another one, and process 1 without process 0."""
    with socket.create_server(("", 0)) as one, socket.create_server(("", 0)) as other:
        ports = [free.getsockname()[1] for free in (one, other)]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", JOIN, f"localhost:{port}", str(process)],
            cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for process, port in enumerate(ports)
    ]  # fmt: skip
    for process in started:
        out, error = process.communicate(timeout=60)
        assert (process.returncode, out) == (2, "")
        assert error.startswith("trainer: the processes did not find each other in 2 seconds")
        assert error.count("\n") == 1
