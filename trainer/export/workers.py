"""The workers that dither stretches: threads or processes of this machine (`cluster.py`: of other machines).

Each kind is a `Pool`: a `concurrent.futures.Executor` and what it needs around it. The work is
`dither_stretch`. It depends on nothing but its arguments, so the rows of a reel do not depend on the workers.
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
    """The dithers of a stretch, packed to bits, uint8[frames, H, ceil(W / 8)], and the warnings it logged."""

    packed: NDArray[np.uint8]
    warnings: tuple[str, ...]


def dither_stretch(
    spec: DitherSpec, stretch: Stretch, stopped: Callable[[], bool] = lambda: False
) -> Dithered:
    """Dither a stretch; ends early if `stopped` says so after a frame. OptionError, TrainerError."""
    packed = []
    try:
        for dither in stretch.dithers(spec.ditherer()):
            if stopped():
                raise TrainerError("the export was stopped")
            packed.append(np.packbits(dither, axis=1))
    except MemoryError:
        raise TrainerError(
            "a worker has too little memory for a stretch; run the same command again with fewer workers"
        ) from None
    return Dithered(np.stack(packed), _warnings.take())


class Pool(Protocol):
    """Workers. `copies`: how many copies of the images of a stretch in flight this machine holds."""

    copies: int

    def useful(self) -> int:
        """How many stretches in flight keep all workers busy."""
        ...

    def submit(self, stretch: Stretch) -> Future[Dithered]:
        """Have a stretch dithered. TrainerError if no worker is left."""
        ...

    def result(self, future: Future[Dithered]) -> Dithered:
        """The result of a future that is done. TrainerError where a worker was lost or could not do it."""
        ...

    def check(self) -> None:
        """TrainerError if waiting is in vain. Called about once a second."""
        ...

    def close(self) -> None:
        """End the workers at once, without their results."""
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
        """End each thread after its present frame."""
        self._stop.set()
        self._executor.shutdown(cancel_futures=True)


class Processes:
    """Processes of this machine. They die when this one ends, however it ends."""

    copies = 3  # here, pickled on the way, and in the worker

    def __init__(self, spec: DitherSpec, workers: int) -> None:
        self._spec, self._workers = spec, workers
        context = multiprocessing.get_context("spawn")
        # Processes inherit from `interrupts_later` that Ctrl-C is blocked. Python's own helper process must
        # run before, because starting it unblocks Ctrl-C.
        resource_tracker.ensure_running()
        # Nothing is ever sent through this pipe. When this process dies, the workers read its end.
        self._theirs, self._lifeline = context.Pipe(duplex=False)
        self._executor = _KillablePool(workers, context, begin_process, (workers, self._theirs))

    def useful(self) -> int:
        """One more than there are processes."""
        return self._workers + 1

    def submit(self, stretch: Stretch) -> Future[Dithered]:
        """Have a stretch dithered; starts a process if none is idle and there may be more."""
        with _one_line(), interrupts_later():
            return self._executor.submit(dither_stretch, self._spec, stretch)

    def result(self, future: Future[Dithered]) -> Dithered:
        """The result of a future that is done."""
        with _one_line():
            return future.result()

    def check(self) -> None:
        """TrainerError if a worker has ended."""
        with _one_line():
            self._executor.check()

    def close(self) -> None:
        """Kill the processes."""
        self._executor.kill()
        self._lifeline.close()
        self._theirs.close()


class _KillablePool(ProcessPoolExecutor):
    """A pool that can be killed, and that notices every death of a worker.

    Python's own waits for ever if a worker is killed while it sends a result: the pool itself keeps the
    sending end of the pipe open. Both methods use its private parts for this (Python 3.11 to 3.14).
    """

    def check(self) -> None:
        """BrokenProcessPool if a process has ended."""
        if any(process.exitcode is not None for process in list((self._processes or {}).values())):
            raise BrokenProcessPool

    def kill(self) -> None:
        """Kill the processes, and free the thread that may wait for the rest of a result."""
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
    """Turns the death of a worker into one line."""
    try:
        yield
    except BrokenProcessPool:
        raise TrainerError(
            "a worker ended, perhaps for lack of memory; what is done is kept: run the same command again, "
            "with fewer --workers"
        ) from None


@contextmanager
def interrupts_later() -> Iterator[None]:
    """Ctrl-C takes effect at the end of the block, and never in processes that are started in it."""
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
    """Set up one of `workers` processes. It dies when the other end of `lifeline` is closed."""
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
    """Keeps warnings for the next result, so that the export shows each once."""

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
