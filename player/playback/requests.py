"""What is asked of a running player by signals, the web page and buttons, and the inbox where it waits.

Requests are posted from any thread or signal handler, and playback carries them out in their order. Whoever
posts one has checked what can be checked (that a reel is a reel, that a value is in its range). What playback
cannot do, it says in the log; nothing changes then.
"""

import enum
import os
import select
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from player.errors import Stopped
from player.times import Place


class Kind(enum.Enum):
    """What is asked; the value that goes with it in brackets.

    STOP: put the panel to sleep and end. RELOAD: read the configuration again. PAUSE: keep the picture until
    RESUME. NEXT, BACK: the frame after or before the one shown, at once; the interval begins anew, a pause
    stays. GO_TO [Place]: that place of the reel, at once. REDRAW: the picture again, with a flash. CLEAN:
    INIT, the strongest erase, then the picture. SET [mapping of key to checked value]: change settings; they
    outlive a restart. ADDRESS: the address of the web page on the panel for a minute. CHART: the chart that
    tells `trainer calibrate` what the panel shows, for ten minutes; REDRAW ends both.

    With the absolute Path of a reel: CHOOSE: show it now, from where it was left. PLAY_NEXT, QUEUE: show it
    when the present one is over, before or after the others that wait; UNQUEUE: do not. DELETE: remove its
    file. RENAME [mapping of reel and title]: call it that; an empty title is its own again. UNDO: back to
    where the last jump or choice led away from.
    """

    STOP = "stop"
    RELOAD = "reload"
    PAUSE = "pause"
    RESUME = "resume"
    NEXT = "next"
    BACK = "back"
    GO_TO = "go to"
    REDRAW = "redraw"
    CLEAN = "clean"
    SET = "set"
    CHOOSE = "choose"
    ADDRESS = "address"
    CHART = "chart"
    PLAY_NEXT = "play next"
    QUEUE = "queue"
    UNQUEUE = "unqueue"
    RENAME = "rename"
    DELETE = "delete"
    UNDO = "undo"


_VALUES: dict[Kind, type] = {
    **dict.fromkeys((Kind.CHOOSE, Kind.PLAY_NEXT, Kind.QUEUE, Kind.UNQUEUE, Kind.DELETE), Path),
    **dict.fromkeys((Kind.SET, Kind.RENAME), Mapping),
    Kind.GO_TO: Place,
}
_EACH_COUNTS = (Kind.NEXT, Kind.BACK)


@dataclass(frozen=True)
class Request:
    """One request. TypeError when the value is not of the type that its kind needs. `number`: of those that
    want to know when it was carried out, growing from 1; 0 for the others.
    """

    kind: Kind
    value: Place | Path | Mapping[str, Any] | None = None
    number: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        needed = _VALUES.get(self.kind, type(None))
        if not isinstance(self.value, needed):
            raise TypeError(f"{self.kind.name} takes a {needed.__name__}, not {self.value!r}")


class Inbox:
    """Requests in their order. `post` may be called from signal handlers and from other threads.

    A pipe wakes the wait. A queue's own wait is not enough: a signal that arrives just before it begins
    would be answered only at its end. So give `wakeup` to `signal.set_wakeup_fd`; then the system itself
    writes to the pipe, and no signal is lost.
    """

    def __init__(self) -> None:
        self._requests: deque[Request] = deque()
        self._is_stopping = False
        self._pipe, self.wakeup = os.pipe()
        os.set_blocking(self._pipe, False)
        os.set_blocking(self.wakeup, False)

    def post(self, request: Request) -> None:
        """Hand in a request; a `wait` in progress returns it."""
        self._is_stopping = self._is_stopping or request.kind is Kind.STOP
        self._requests.append(request)
        with suppress(BlockingIOError):  # a full pipe wakes the wait as well
            os.write(self.wakeup, b"\0")

    def check(self) -> None:
        """Raise Stopped once a STOP is in: for long work, which so ends before the next `wait`."""
        if self._is_stopping:
            raise Stopped

    def wait(self, seconds: float) -> Request | None:
        """The next request, or None when `seconds` (monotonic) have passed without one. 0 only looks.

        The same request several times in a row is answered once, so that impatience causes no flashes;
        only steps forth and back all count.
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
            request = self._requests.popleft()
        return request

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._pipe)
        os.close(self.wakeup)
