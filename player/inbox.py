"""What is asked of a running player, and the wait that it interrupts."""

import enum
import os
import select
import time
from collections import deque
from contextlib import suppress


class Request(enum.Enum):
    """STOP: put the panel to sleep and end. RELOAD: read the configuration again."""

    STOP = "stop"
    RELOAD = "reload"


class Inbox:
    """Requests in their order. `post` may be called from signal handlers and from other threads.

    A pipe wakes the wait. A queue's own wait is not enough: a signal that comes just before it begins
    would be answered only at its end. So give `wakeup` to `signal.set_wakeup_fd`; then the system itself
    writes to the pipe, and no signal is lost.
    """

    def __init__(self) -> None:
        self._requests: deque[Request] = deque()
        self._pipe, self.wakeup = os.pipe()
        os.set_blocking(self._pipe, False)
        os.set_blocking(self.wakeup, False)

    def post(self, request: Request) -> None:
        """Hand in a request; a `wait` in progress returns with it."""
        self._requests.append(request)
        with suppress(BlockingIOError):  # full: it is readable as it is
            os.write(self.wakeup, b"\0")

    def wait(self, seconds: float) -> Request | None:
        """The next request, or None when `seconds` (monotonic) have passed without one. 0 only looks."""
        end = time.monotonic() + seconds
        while not self._requests:
            left = max(end - time.monotonic(), 0)
            if select.select([self._pipe], [], [], left)[0]:
                with suppress(BlockingIOError):
                    os.read(self._pipe, 4096)
            elif not self._requests:
                return None
        return self._requests.popleft()

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._pipe)
        os.close(self.wakeup)
