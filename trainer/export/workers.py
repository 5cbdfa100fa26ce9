"""The workers that dither stretches: threads or processes of this machine; `cluster.py` has those of others.

All are a `Pool`: a `concurrent.futures.Executor`, and what its kind needs beside it. `dither_stretch` is the
work, and depends on nothing but its arguments, so the rows of a reel do not depend on the workers.
"""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer import cores
from trainer.errors import TrainerError
from trainer.export.task import DitherSpec
from trainer.films.stretches import Stretch


class Dithered(NamedTuple):
    """The dithers of a stretch as bits (`numpy.packbits` of each row), uint8[frames, H, ceil(W / 8)], and what
    was logged on the way.
    """

    packed: NDArray[np.uint8]
    warnings: tuple[str, ...]


def dither_stretch(
    spec: DitherSpec, stretch: Stretch, stopped: Callable[[], bool] = lambda: False
) -> Dithered:
    """Dither a stretch; `stopped` is asked after each frame. OptionError, TrainerError."""
    packed = []
    try:
        for dither in stretch.dithers(spec.ditherer()):
            if stopped():
                raise TrainerError("the export was stopped")
            packed.append(np.packbits(dither, axis=1))
    except MemoryError:
        raise TrainerError(
            "a worker has too little memory for a stretch; run the same command again, with fewer --workers"
        ) from None
    return Dithered(np.stack(packed), _warnings.take())


class Pool(Protocol):
    """Workers. `copies`: how often the images of a stretch in flight are in this machine's memory."""

    copies: int

    def useful(self) -> int:
        """How many stretches in flight keep all workers busy."""
        ...

    def submit(self, stretch: Stretch) -> Future[Dithered]:
        """Have a stretch dithered. TrainerError where there is no worker any more."""
        ...

    def result(self, future: Future[Dithered]) -> Dithered:
        """The result of a future that is done. TrainerError for whatever a user can cause."""
        ...

    def check(self) -> None:
        """TrainerError where waiting is in vain. It is called about once a second."""
        ...

    def close(self) -> None:
        """End all workers, or their work on this export, at once; what they are at is lost."""
        ...


class Threads:
    """Threads of this process. They share an accelerator, which dithers their frames in batches."""

    copies = 1

    def __init__(self, spec: DitherSpec, workers: int) -> None:
        spec.ditherer()  # one for all threads
        self._spec, self._workers = spec, workers
        self._stop = threading.Event()
        self._executor = ThreadPoolExecutor(workers, "worker")

    def useful(self) -> int:
        """One more than there are threads."""
        return self._workers + 1

    def submit(self, stretch: Stretch) -> Future[Dithered]:
        """Have a stretch dithered."""
        return self._executor.submit(dither_stretch, self._spec, stretch, self._stop.is_set)

    def result(self, future: Future[Dithered]) -> Dithered:
        """The result of a future that is done."""
        return future.result()

    def check(self) -> None:
        """Threads are always there."""

    def close(self) -> None:
        """Each thread ends after the frame that it is at."""
        self._stop.set()
        self._executor.shutdown(cancel_futures=True)


class Processes:
    """Processes of this machine. They die with this one, however it ends."""

    copies = 3  # here, pickled on the way, and in the worker

    def __init__(self, spec: DitherSpec, workers: int) -> None:
        self._spec, self._workers = spec, workers
        context = multiprocessing.get_context("spawn")
        # Processes inherit the blocked Ctrl-C of `interrupts_later`. Python's own helper, whose start unblocks
        # it, must be there before.
        resource_tracker.ensure_running()
        # Nothing is ever sent. Where this process dies, workers read the end of the pipe.
        self._theirs, self._lifeline = context.Pipe(duplex=False)
        self._executor = _KillablePool(workers, context, begin_process, (workers, self._theirs))

    def useful(self) -> int:
        """One more than there are processes."""
        return self._workers + 1

    def submit(self, stretch: Stretch) -> Future[Dithered]:
        """Have a stretch dithered, if need be by a new process."""
        with _one_line(), interrupts_later():
            return self._executor.submit(dither_stretch, self._spec, stretch)

    def result(self, future: Future[Dithered]) -> Dithered:
        """The result of a future that is done."""
        with _one_line():
            return future.result()

    def check(self) -> None:
        """TrainerError where a worker has ended."""
        with _one_line():
            self._executor.check()

    def close(self) -> None:
        """Kill the processes."""
        self._executor.kill()
        self._lifeline.close()
        self._theirs.close()


class _KillablePool(ProcessPoolExecutor):
    """A pool that can be killed, and whose death is always noticed.

    Python's pool waits for ever for a worker that was killed while it sent a result: the pool itself holds
    the other end of the pipe open. Both methods reach into it for that (Python 3.11 to 3.14).
    """

    def check(self) -> None:
        """BrokenProcessPool where a process has ended."""
        if any(process.exitcode is not None for process in list((self._processes or {}).values())):
            raise BrokenProcessPool

    def kill(self) -> None:
        """End it at once."""
        processes, results = list((self._processes or {}).values()), self._result_queue
        self.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.kill()
        for process in processes:
            process.join()
        if results is not None:
            results._writer.close()  # type: ignore[attr-defined]


@contextmanager
def _one_line() -> Iterator[None]:
    """The death of a worker as one line."""
    try:
        yield
    except BrokenProcessPool:
        raise TrainerError(
            "a worker ended, perhaps for lack of memory; what is done is kept: run the same command again, "
            "with fewer --workers"
        ) from None


@contextmanager
def interrupts_later() -> Iterator[None]:
    """Ctrl-C waits until the end of the block, and never reaches processes that are started in it."""
    came: list[int] = []
    # Blocking it is not enough: any thread can receive it for Python, and only this one is blocked.
    is_main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, lambda number, frame: came.append(number)) if is_main else None
    signals = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, signals)
        if is_main:
            signal.signal(signal.SIGINT, handler)
        if came:
            signal.raise_signal(signal.SIGINT)


def begin_process(workers: int, lifeline: Connection) -> None:
    """Set up a process that is one of `workers`. It dies when the other end of `lifeline` is closed."""
    threading.Thread(target=_die_with, args=(lifeline,), daemon=True).start()
    cores.share(workers)
    begin_worker()


def begin_worker() -> None:
    """Set up OpenCV and the log in a process that only dithers."""
    cv2.setNumThreads(cores.usable())
    for name in ("trainer", "jax"):
        logging.getLogger(name).addHandler(_warnings)


def _die_with(lifeline: Connection) -> None:
    try:
        lifeline.recv()
    except (EOFError, OSError):
        os._exit(1)


class _Warnings(logging.Handler):
    """Keeps what is logged, for the user to see it once, with the result."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._kept: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self._kept.append(record.getMessage())

    def take(self) -> tuple[str, ...]:
        """What was kept since the last time."""
        kept, self._kept = self._kept, []
        return tuple(kept)


_warnings = _Warnings()
