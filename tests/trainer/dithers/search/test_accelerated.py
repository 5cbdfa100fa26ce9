"""Frames in batches, as an accelerator takes them: each dither is as if its frame were alone."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import jax
import numpy as np
import pytest

from tests.trainer.search_cases import moving_scene
from trainer.dithers.diffusion import Hysteresis
from trainer.dithers.search import accelerated
from trainer.dithers.search.accelerated import Accelerated, Batcher
from trainer.dithers.search.ditherer import settler
from trainer.errors import TrainerError

JOBS = ((0.2, 1), (0.05, 3), (0.0, None), (0.8, 0), (0.4, 2))
"""(price, rounds)"""
TIMEOUT = 60.0


@pytest.fixture(scope="module")
def jobs():
    """Arguments of the search; frames, starts, prices and rounds all differ."""
    frames = moving_scene(len(JOBS) + 1)
    shown = Hysteresis().dither(frames[0], None)
    return [
        (frame, Hysteresis().dither(frame, shown), shown, *job)
        for frame, job in zip(frames[1:], JOBS, strict=True)
    ]


def at_once(search, jobs):
    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(lambda job: search(*job), jobs))


@pytest.mark.parametrize("frames", [3, 8])
def test_a_dither_does_not_depend_on_the_others_in_its_batch(jobs, frames):
    alone = [settler("parallel")(*job) for job in jobs]
    for dither, expected, (_, start, *_, rounds) in zip(
        at_once(Accelerated(frames), jobs), alone, jobs, strict=True
    ):
        np.testing.assert_array_equal(dither, expected)
        assert (dither != start).any() is np.bool_(rounds != 0)


def test_dithers_can_be_written_on(jobs):
    """Other ditherers are given them as the shown dither, and some compiled code needs writable arrays."""
    assert settler("parallel")(*jobs[0]).flags.writeable


def test_a_device_with_too_little_memory_is_one_line(jobs, monkeypatch):
    def fails(words):
        def searched(scene, limits):
            raise jax.errors.JaxRuntimeError(words)

        monkeypatch.setattr(accelerated, "_searched", searched)

    fails("RESOURCE_EXHAUSTED: Out of memory allocating 99 bytes")
    with pytest.raises(TrainerError, match="too small for 2 frames of 96x64 at a time") as caught:
        Accelerated(frames=2)(*jobs[0])
    assert "\n" not in str(caught.value)
    fails("INTERNAL: no such luck")
    with pytest.raises(jax.errors.JaxRuntimeError, match="no such luck"):
        Accelerated()(*jobs[0])


class Gate:
    """Doubles numbers; the first batch waits until the gate opens. `batches` records them all."""

    def __init__(self):
        self.batches, self.entered, self.open = [], Event(), Event()

    def __call__(self, jobs):
        self.batches.append(list(jobs))
        self.entered.set()
        assert self.open.wait(TIMEOUT)
        if -1 in jobs:
            raise ValueError("a bad job")
        return [2 * job for job in jobs]


def gathered(batcher, gate, jobs):
    """The futures of jobs; all but the first arrive while the first is being worked on."""
    pool = ThreadPoolExecutor(len(jobs))
    futures = [pool.submit(batcher, jobs[0])]
    assert gate.entered.wait(TIMEOUT)
    for number, job in enumerate(jobs[1:], 1):
        futures.append(pool.submit(batcher, job))
        end = time.monotonic() + TIMEOUT
        while len(batcher._waiting) < number:
            assert time.monotonic() < end
    gate.open.set()
    pool.shutdown(wait=False)
    return futures


def test_what_arrives_during_a_batch_makes_up_the_next_ones_in_order():
    gate = Gate()
    futures = gathered(Batcher(gate, 3), gate, [1, 2, 3, 4, 5])
    assert [future.result(TIMEOUT) for future in futures] == [2, 4, 6, 8, 10]
    assert gate.batches == [[1], [2, 3, 4], [5]]


def test_an_error_reaches_every_job_of_its_batch_and_no_other():
    gate = Gate()
    batcher = Batcher(gate, 2)
    futures = gathered(batcher, gate, [1, 2, -1, 4])
    assert [future.exception(TIMEOUT) is None for future in futures] == [True, False, False, True]
    assert batcher(7) == 14
