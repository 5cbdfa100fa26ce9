"""Jobs of many threads in batches, and threads that end together."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from trainer.dithers.search.batching import Batcher
from trainer.export.lanes import in_lanes

TIMEOUT = 60.0


class Gate:
    """Doubles numbers; the first batch waits until it is let through. `batches` holds what came."""

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
    """The futures of jobs, all but the first of which come while the first is at work."""
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


def test_what_comes_while_a_batch_is_at_work_makes_up_the_next_ones_in_order():
    gate = Gate()
    futures = gathered(Batcher(gate, 3), gate, [1, 2, 3, 4, 5])
    assert [future.result(TIMEOUT) for future in futures] == [2, 4, 6, 8, 10]
    assert gate.batches == [[1], [2, 3, 4], [5]]


def test_an_error_is_that_of_every_job_of_its_batch_and_of_no_other():
    gate = Gate()
    batcher = Batcher(gate, 2)
    futures = gathered(batcher, gate, [1, 2, -1, 4])
    assert [future.exception(TIMEOUT) is None for future in futures] == [True, False, False, True]
    assert batcher(7) == 14


def test_lanes_end_together_by_the_error_of_one():
    stopped = Event()

    def work():
        if not started.is_set():
            started.set()
            raise ValueError("the first")
        assert stopped.wait(TIMEOUT)
        raise KeyboardInterrupt

    started = Event()
    with pytest.raises(ValueError, match="the first"):
        in_lanes(work, 3, stopped.set)


@pytest.mark.parametrize("lanes", [1, 4])
def test_lanes_that_come_to_their_end_raise_nothing(lanes):
    done = []
    in_lanes(lambda: done.append(1), lanes, lambda: done.append("stopped"))
    assert done == [1] * lanes
