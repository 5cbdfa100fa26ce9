"""The player as a process: signals become requests, lines go to the journal and to the page's log."""

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from player.playback.requests import Inbox, Kind, Request

LONGEST = 500  # characters that are kept of a line


@contextmanager
def signals(inbox: Inbox) -> Iterator[list[int]]:
    """Post signals as requests. The list holds SIGINT once it has come. A second Ctrl-C ends at once."""
    interrupts: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            interrupts.append(number)
            signal.signal(signal.SIGINT, signal.default_int_handler)
        inbox.post(Request(Kind.STOP))

    def reload(number: int, frame: FrameType | None) -> None:
        inbox.post(Request(Kind.RELOAD))

    handlers = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: reload}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    wakeup = signal.set_wakeup_fd(inbox.wakeup, warn_on_full_buffer=False)
    try:
        yield interrupts
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def repeating(work: Callable[[], object], seconds: float, name: str) -> Iterator[None]:
    """Do the work every so many seconds, in a daemon thread of that name."""
    end = threading.Event()

    def run() -> None:
        while not end.wait(seconds):
            work()

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join(seconds)


def say(line: str) -> None:
    """Print a line for the journal. The film goes on when nobody reads it any more (a closed terminal)."""
    with suppress(OSError):
        print(line, flush=True)


class LogTail:
    """Keeps the last `lines` lines for the web page, whose readers cannot see the journal.

    Thread-safe; never fails, never blocks for long.
    """

    def __init__(self, lines: int = 200) -> None:
        self._lock = threading.Lock()
        self._lines: deque[str] = deque(maxlen=lines)

    def __call__(self, line: str) -> None:
        """Keep a line; a very long one is cut."""
        with self._lock:
            self._lines.append(line if len(line) <= LONGEST else line[: LONGEST - 1] + "…")

    def lines(self) -> list[str]:
        """The kept lines, oldest first."""
        with self._lock:
            return list(self._lines)
