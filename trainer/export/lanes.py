"""Several threads do the same thing at once; what one of them runs into ends them all."""

from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait


def in_lanes(work: Callable[[], None], lanes: int, stop: Callable[[], None]) -> None:
    """Do the work in so many threads, for 1 in this one. Where a thread raises, `stop` is called, which must
    end the others soon, and the error is raised here; KeyboardInterrupt only if no thread raised another.
    """
    if lanes == 1:
        work()
        return
    with ThreadPoolExecutor(lanes, "lane") as pool:
        threads = [pool.submit(work) for _ in range(lanes)]
        done = wait(threads, return_when=FIRST_EXCEPTION).done
        if any(thread.exception() for thread in done):
            stop()
    errors = [error for thread in threads if (error := thread.exception())]
    for error in sorted(errors, key=lambda error: isinstance(error, KeyboardInterrupt)):
        raise error
