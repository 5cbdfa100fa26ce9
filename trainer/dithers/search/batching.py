"""Jobs of many threads, done several at once by whichever of them comes first.

A device that takes hardly longer for eight frames than for one is shared so: while it is busy, jobs gather,
and the next batch is made of them. No thread waits for company: a job that is alone is done alone.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


class Batcher(Generic[Job, Result]):
    """Call it with a job, from any thread, for its result.

    `work` does up to `most` jobs at once, in the order in which they came, and is never called twice at the
    same time. What it raises, every caller of that batch gets.
    """

    def __init__(self, work: Callable[[Sequence[Job]], Sequence[Result]], most: int) -> None:
        self._work, self._most = work, most
        self._waiting: deque[tuple[Job, Future[Result]]] = deque()
        self._at_work = Lock()

    def __call__(self, job: Job) -> Result:
        """The result of the job."""
        result: Future[Result] = Future()
        self._waiting.append((job, result))
        while not result.done():
            with self._at_work:
                if not result.done():  # another thread may have taken it along
                    self._do_next()
        return result.result()

    def _do_next(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        try:
            made = self._work([job for job, _ in batch])
            for (_, result), its in zip(batch, made, strict=True):
                result.set_result(its)
        except BaseException as error:
            for _, result in batch:
                if not result.done():
                    result.set_exception(error)
