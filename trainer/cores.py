"""The cores of this machine, and threads for code that releases Python's lock."""

import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")

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


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """A pool that is kept: for a small frame, starting threads would take longer than the work."""
    return ThreadPoolExecutor(threads, "cores")


def ahead(items: Generator[Item, None, None], depth: int = 4) -> Generator[Item, None, None]:
    """Yield the same items in the same order, making up to `depth` (at least 1) of them ahead in a thread.

    It pays where making an item releases Python's lock, as OpenCV's decoding does. An exception in `items` is
    raised here in its turn. When the caller stops (`close()`, an exception, Ctrl-C), the item under way is
    still made, and `items` is closed before this returns. The caller's own thread makes the first item: it
    can take minutes to reach a film's `--start`, and only the main thread answers Ctrl-C. Close it
    (`contextlib.closing`): the garbage collector would join its thread from wherever it happens to run, which
    may be inside the start of another thread.
    """
    try:
        item = _take(items)
        with ThreadPoolExecutor(1, "ahead") as thread:
            pending: deque[Future[list[Item]]] = deque(thread.submit(_take, items) for _ in range(depth))
            try:
                while item:
                    yield item[0]
                    item = pending.popleft().result()
                    pending.append(thread.submit(_take, items))
            finally:
                thread.shutdown(wait=True, cancel_futures=True)
    finally:
        items.close()


def _take(items: Generator[Item, None, None]) -> list[Item]:
    """The next item in a list of one, or an empty list at the end (StopIteration cannot cross a Future)."""
    return list(islice(items, 1))
