"""The last lines of the log, for those who cannot read the journal (the web page)."""

import threading
from collections import deque

LONGEST = 500  # characters that are kept of a line


class LogTail:
    """Keeps the last `lines` lines it is called with. Thread-safe; never fails, never blocks for long."""

    def __init__(self, lines: int = 200) -> None:
        self._lock = threading.Lock()
        self._lines: deque[str] = deque(maxlen=lines)

    def __call__(self, line: str) -> None:
        """Keep a line; a very long one is cut."""
        with self._lock:
            self._lines.append(line if len(line) <= LONGEST else line[: LONGEST - 1] + "…")

    def lines(self) -> list[str]:
        """What is kept, the oldest first."""
        with self._lock:
            return list(self._lines)
