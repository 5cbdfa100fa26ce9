"""What is asked of a running player, and the wait that it interrupts."""

import enum
import queue


class Request(enum.Enum):
    """STOP: put the panel to sleep and end. RELOAD: read the configuration again."""

    STOP = "stop"
    RELOAD = "reload"


class Inbox:
    """Requests in their order. `post` may be called from signal handlers and from other threads."""

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[Request] = queue.SimpleQueue()  # its put() is re-entrant

    def post(self, request: Request) -> None:
        """Hand in a request; a `wait` in progress returns with it."""
        self._requests.put(request)

    def wait(self, seconds: float) -> Request | None:
        """The next request, or None when `seconds` (monotonic) have passed without one. 0 only looks."""
        try:
            return self._requests.get(timeout=seconds) if seconds > 0 else self._requests.get_nowait()
        except queue.Empty:
            return None
