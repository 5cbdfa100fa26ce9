"""The cores of this machine, for compiled code that leaves Python's lock while it works."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

Item = TypeVar("Item")

_LEAST_ROWS = 16
"""Fewer rows of a frame in a thread cost more than they save."""

_share: int | None = None


def usable() -> int:
    """The number of threads worth starting: one a core, or this process's share of them; at least 1."""
    if _share is not None:
        return _share
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share(processes: int) -> None:
    """From now on this process is one of so many that compute at the same time."""
    global _share
    _share = max(1, usable() // processes)


def over(work: Callable[[Item], object], items: Sequence[Item], threads: int) -> None:
    """Do the work on all items, up to `threads` of them at once; an exception of one is raised."""
    if threads > 1 and len(items) > 1:
        list(_pool(threads).map(work, items))
    else:
        for item in items:
            work(item)


def over_rows(work: Callable[[int, int], object], rows: int, threads: int) -> None:
    """Call `work(first, end)` for as many bands of a frame's rows as are worth a thread."""
    bands = max(1, min(threads, rows // _LEAST_ROWS))
    edges = [rows * band // bands for band in range(bands + 1)]
    over(lambda band: work(edges[band], edges[band + 1]), range(bands), threads)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Kept, since a frame of a small film takes less time than starting threads would."""
    return ThreadPoolExecutor(threads, "cores")
