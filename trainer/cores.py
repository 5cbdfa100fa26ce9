"""The cores of this machine, for compiled code that releases Python's lock."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

Item = TypeVar("Item")

_LEAST_ROWS = 16
"""A thread for fewer rows of a frame costs more than it saves."""

_share: int | None = None


def usable() -> int:
    """The number of threads worth starting: one per core, or per core of this process's share; at least 1."""
    if _share is not None:
        return _share
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share(processes: int) -> None:
    """Take only this process's share of the cores, one of `processes` that compute at the same time."""
    global _share
    _share = max(1, usable() // processes)


def over(work: Callable[[Item], object], items: Sequence[Item], threads: int) -> None:
    """Do the work on all items, up to `threads` at once; the exception of any of them is raised."""
    if threads > 1 and len(items) > 1:
        list(_pool(threads).map(work, items))
    else:
        for item in items:
            work(item)


def over_rows(work: Callable[[int, int], object], rows: int, threads: int) -> None:
    """Call `work(first, end)` on bands of a frame's rows, as many as are worth a thread each."""
    bands = max(1, min(threads, rows // _LEAST_ROWS))
    edges = [rows * band // bands for band in range(bands + 1)]
    over(lambda band: work(edges[band], edges[band + 1]), range(bands), threads)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """A pool that is kept: for a small frame, starting threads would take longer than the work."""
    return ThreadPoolExecutor(threads, "cores")
