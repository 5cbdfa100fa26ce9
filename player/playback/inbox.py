"""The requests that wait to be carried out, and the wait that they interrupt."""

import os
import select
import time
from collections import deque
from contextlib import suppress

from player.playback.requests import (
    Kind,
    Request,
)

_EACH_COUNTS = (Kind.NEXT, Kind.BACK)


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
        """The next request, or None when `seconds` (monotonic) have passed without one. 0 only looks.

        The same request several times in a row is answered once, so that impatience causes no flashes;
        only steps to the next frame and back are all taken.
        """
        end = time.monotonic() + seconds
        while not self._requests:
            left = max(end - time.monotonic(), 0)
            if select.select([self._pipe], [], [], left)[0]:
                with suppress(BlockingIOError):
                    os.read(self._pipe, 4096)
            elif not self._requests:
                return None
        request = self._requests.popleft()
        while request.kind not in _EACH_COUNTS and self._requests and self._requests[0] == request:
            self._requests.popleft()
        return request

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._pipe)
        os.close(self.wakeup)
