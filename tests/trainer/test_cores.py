"""How many cores one of several processes uses."""

import os

import pytest

from trainer import cores


@pytest.mark.parametrize(("processes", "share"), [(1, 6), (2, 3), (4, 1), (7, 1)])
def test_processes_share_the_cores(monkeypatch, processes, share):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(6), raising=False)
    monkeypatch.setattr(cores, "_share", None)
    assert cores.usable() == 6
    cores.share(processes)
    assert cores.usable() == share
