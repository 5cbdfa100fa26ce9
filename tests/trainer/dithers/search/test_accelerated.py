"""Frames in batches, as an accelerator takes them: each dither is as if its frame were alone."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import jax
import numpy as np
import pytest

from tests.trainer.search_cases import moving_scene
from trainer.dithers.diffusion import Hysteresis
from trainer.dithers.generator.ditherer import GeneratorDitherer, on_accelerator
from trainer.dithers.generator.weights import load
from trainer.dithers.search.accelerated import Accelerated, Batcher
from trainer.dithers.search.ditherer import settler
from trainer.errors import TrainerError

JOBS = ((0.2, 1, 1), (0.05, 3, 0), (0.0, 0, None), (0.8, 1, 3), (0.4, 0, 2))
"""(price, passes, rounds)"""
TIMEOUT = 60.0


@pytest.fixture(scope="module")
def jobs():
    """Arguments of an engine; frames, starts, prices, passes and rounds all differ."""
    frames = moving_scene(len(JOBS) + 1)
    shown = Hysteresis().dither(frames[0], None)
    return [
        (frame, Hysteresis().dither(frame, shown), shown, *job)
        for frame, job in zip(frames[1:], JOBS, strict=True)
    ]


def at_once(engine, jobs):
    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(lambda job: engine(*job), jobs))


@pytest.mark.parametrize("frames", [1, 3, 8])
def test_a_dither_does_not_depend_on_the_others_in_its_batch(jobs, frames):
    alone = [on_accelerator(load(None))(*job) for job in jobs]
    for dither, expected, (_, start, *_) in zip(
        at_once(on_accelerator(load(None), frames), jobs), alone, jobs, strict=True
    ):
        np.testing.assert_array_equal(dither, expected)
        assert (dither != start).any()


def test_without_a_network_it_is_the_search(jobs):
    searches = [(*job[:4], 0, job[5]) for job in jobs if job[5]]
    for dither, (*state, _, rounds) in zip(at_once(Accelerated(frames=2), searches), searches, strict=True):
        np.testing.assert_array_equal(dither, settler("parallel")(*state, rounds))


def test_dithers_can_be_written_on(jobs):
    """Other ditherers are given them as the shown dither, and some compiled code needs writable arrays."""
    dither = GeneratorDitherer(engine="parallel").dither(jobs[0][0], jobs[0][2])
    assert dither.flags.writeable


def test_a_device_with_too_little_memory_is_one_line(jobs):
    def exhausted(scene):
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 99 bytes")

    def broken(scene):
        raise jax.errors.JaxRuntimeError("INTERNAL: no such luck")

    with pytest.raises(TrainerError, match="too small for 2 frames of 96x64 at a time") as caught:
        Accelerated(exhausted, frames=2)(*jobs[0])
    assert "\n" not in str(caught.value)
    with pytest.raises(jax.errors.JaxRuntimeError, match="no such luck"):
        Accelerated(broken)(*jobs[0])


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
