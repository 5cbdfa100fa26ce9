"""The workers of an export, seen from the process that starts them."""

import logging
import multiprocessing
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from trainer.errors import TrainerError
from trainer.export.worker import (
    Crashed,
    Ended,
    Failed,
    Message,
    Orders,
    Wants,
    Warned,
    work,
)

_PATIENCE = 10.0
"""Seconds for a worker that is told to stop to finish its frame; then it is killed, which harms nothing."""

_log = logging.getLogger(__name__)


@contextmanager
def interrupts_later() -> Iterator[None]:
    """Ctrl-C waits until the end of the block, and never reaches processes that are started in it."""
    came: list[int] = []
    # Blocking it is not enough: Python hears of it by any of its threads, and only one of them is blocked.
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


class Crew:
    """Starts the workers when it is entered, and stops those that still work when it is left.

    `numbers` are those of the parts to make, as many as are asked for. TrainerError when a worker fails or is
    killed; what all of them have done stays.
    """

    def __init__(self, orders: Orders, numbers: Iterator[int]) -> None:
        self._orders, self._numbers = orders, numbers
        self._workers: dict[Connection, SpawnProcess] = {}
        self._heard: deque[Message] = deque()
        self._warned: set[str] = set()

    def __enter__(self) -> "Crew":
        context = multiprocessing.get_context("spawn")
        # Workers start with Ctrl-C blocked: it reaches all processes of a terminal, and is for this one.
        # Python's own helper, whose start lets it through again, must be there before.
        resource_tracker.ensure_running()
        try:
            with interrupts_later():
                for number in range(self._orders.workers):
                    connection, theirs = context.Pipe()
                    process = context.Process(
                        target=work, args=(self._orders, theirs), name=f"worker {number}", daemon=True
                    )
                    process.start()
                    theirs.close()
                    self._workers[connection] = process
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop()

    def messages(self) -> Iterator[Message]:
        """`Made` and `Finished`, as the workers say them, until all of them have ended."""
        while self._workers or self._heard:
            if not self._heard:
                self.listen(None)
            while self._heard:
                message = self._heard.popleft()
                if isinstance(message, Failed):
                    raise TrainerError(message.line)
                if isinstance(message, Crashed):
                    raise RuntimeError(f"a worker failed:\n{message.trace}")
                yield message

    def listen(self, seconds: float | None = 0.0) -> None:
        """Hear what the workers have to say by now, or within so many seconds (None: whenever), and answer
        those that want a part: in the middle of other work, lest they wait for it.
        """
        for connection in wait(list(self._workers), seconds):
            assert isinstance(connection, Connection)
            try:
                self._hear(connection, connection.recv())
            except (EOFError, OSError):
                process = self._workers.pop(connection)
                process.join(_PATIENCE)
                self._heard.append(
                    Failed(
                        f"a worker ended with exit code {process.exitcode}, perhaps for lack of memory; what "
                        "is done is kept: run the same command again, with fewer --workers"
                    )
                )

    def _hear(self, connection: Connection, message: Message) -> None:
        if isinstance(message, Wants):
            connection.send(next(self._numbers))
        elif isinstance(message, Warned):
            if message.text not in self._warned:
                self._warned.add(message.text)
                _log.warning("%s", message.text)
        elif isinstance(message, Ended):
            self._workers.pop(connection).join(_PATIENCE)
        else:
            self._heard.append(message)

    def _stop(self) -> None:
        """Tell all workers to stop, wait for them, and end those that do not."""
        try:
            for connection in self._workers:
                try:
                    connection.send(None)
                except OSError:  # it has ended already
                    continue
            end = time.monotonic() + _PATIENCE
            while self._workers and (left := end - time.monotonic()) > 0:
                self.listen(left)
        finally:
            for process in self._workers.values():
                process.kill()
                process.join()
            self._workers.clear()
