"""Work ahead: the next items of a generator are made in a background thread while the caller uses this
one."""

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Generator[Item, None, None], depth: int = 4) -> Generator[Item, None, None]:
    """Yield the same items in the same order, up to `depth` (at least 1) of them made before they are asked
    for.

    Worth it where making an item leaves Python's lock, as OpenCV's decoding does. An exception in `items` is
    raised here in its turn. When the caller stops (`close()`, an exception, Ctrl-C), at most the one item
    under way is still made, and `items` is closed before this returns. The first item is made in the caller's
    own thread: a film's way to its `--start` can take minutes, and only the main thread answers Ctrl-C.
    Close it (`contextlib.closing`): left to the garbage collector it would join its thread from wherever that
    runs, which may be inside the start of another thread.
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
