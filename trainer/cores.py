"""How many cores compiled code may use: all there are, or the share of one of several processes."""

import os

_share: int | None = None


def usable() -> int:
    """The number of threads worth starting, at least 1."""
    if _share is not None:
        return _share
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share(processes: int) -> None:
    """From now on this process is one of so many that compute at the same time."""
    global _share
    _share = max(1, usable() // processes)
