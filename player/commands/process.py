"""What a showing is as a process: signals become requests, and lines go to the journal."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from player.playback.requests import (
    Inbox,
    Kind,
    Request,
)


@contextmanager
def listening(inbox: Inbox) -> Iterator[list[int]]:
    """Signals as requests; the list holds SIGINT once it has come. A second Ctrl-C ends at once."""
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


def say(line: str) -> None:
    """A line for the journal. Where nobody reads any more (a closed terminal) the film goes on."""
    with suppress(OSError):
        print(line, flush=True)
