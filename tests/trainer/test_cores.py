"""Work on several cores: all of it is done once, errors are raised, processes share the cores."""

import os
import threading

import pytest

from trainer import cores
from trainer.cores import over


def test_items_are_worked_on_at_the_same_time():
    meeting = threading.Barrier(2, timeout=30)
    over(lambda item: meeting.wait(), [0, 1], 2)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_is_raised(threads):
    with pytest.raises(ZeroDivisionError):
        over(lambda item: 1 // item, [1, 0, 1], threads)


@pytest.mark.parametrize(("processes", "share"), [(1, 6), (2, 3), (4, 1), (7, 1)])
def test_processes_share_the_cores(monkeypatch, processes, share):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(6), raising=False)
    monkeypatch.setattr(cores, "_share", None)
    assert cores.usable() == 6
    cores.share(processes)
    assert cores.usable() == share
