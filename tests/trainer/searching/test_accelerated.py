"""Frames in batches, as an accelerator takes them: each as if it were alone."""

from concurrent.futures import ThreadPoolExecutor

import jax
import numpy as np
import pytest

from tests.trainer.search_cases import moving_scene
from trainer.dithers.diffusion import Hysteresis
from trainer.dithers.generator.ditherer import (
    PASSING,
    GeneratorDitherer,
    parallel_passes,
)
from trainer.dithers.generator.weights import load
from trainer.dithers.search.accelerated import Accelerated
from trainer.dithers.search.search import settler
from trainer.errors import TrainerError

JOBS = ((0.2, 1, 1), (0.05, 3, 0), (0.0, 0, None), (0.8, 1, 3), (0.4, 0, 2))
"""(price, passes, rounds)"""


@pytest.fixture(scope="module")
def jobs():
    """Arguments of an engine: other frames, starts, prices, passes and rounds each."""
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
def test_a_dither_does_not_depend_on_its_company(jobs, frames):
    alone = [PASSING["parallel"](load(None))(*job) for job in jobs]
    for dither, expected, (_, start, *_) in zip(
        at_once(parallel_passes(load(None), frames), jobs), alone, jobs, strict=True
    ):
        np.testing.assert_array_equal(dither, expected)
        assert (dither != start).any()


def test_without_a_network_it_is_the_search(jobs):
    searches = [(*job[:4], 0, job[5]) for job in jobs if job[5]]
    for dither, (*state, _, rounds) in zip(at_once(Accelerated(frames=2), searches), searches, strict=True):
        np.testing.assert_array_equal(dither, settler("parallel")(*state, rounds))


def test_dithers_can_be_written_on(jobs):
    """Other ditherers take them for the shown dither, and some compiled code asks for arrays of its own."""
    dither = GeneratorDitherer(engine="parallel").dither(jobs[0][0], jobs[0][2])
    assert dither.flags.writeable


def test_where_its_memory_is_too_small_one_line_says_so(jobs):
    def exhausted(scene):
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 99 bytes")

    def broken(scene):
        raise jax.errors.JaxRuntimeError("INTERNAL: no such luck")

    with pytest.raises(TrainerError, match="too small for 2 frames of 96x64 at a time") as caught:
        Accelerated(exhausted, frames=2)(*jobs[0])
    assert "\n" not in str(caught.value)
    with pytest.raises(jax.errors.JaxRuntimeError, match="no such luck"):
        Accelerated(broken)(*jobs[0])
