"""One player for one panel: a lock that the kernel holds, and drops however its holder ends.

The lock (flock) lies on the SPI device itself, or on the directory of a simulated panel: the service and a
player started by hand have different directories of their own, and meet only there. `flock --nonblock
/dev/spidev0.0 COMMAND` in a shell respects it too.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from player.errors import PlayerError
from player.files import why

LOCKS = Path("/proc/locks")


class Locked(PlayerError):
    """Another player uses this panel."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock on a device or directory that exists. Locked, naming the process, when another has it.

    What cannot be opened is not locked: the driver, which needs more than this, says what to do about it.
    """
    try:
        # Non-blocking, no controlling terminal: opening a device must do nothing but open it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(descriptor)
            who = "another player" if holder is None else f"another player (process {holder})"
            raise Locked(f"{path}: {who} shows on this panel; stop it first, or end this one") from None
        except OSError as error:
            raise Locked(f"{path}: cannot be locked: {why(error)}; use a directory on a local disk") from None
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> int | None:
    """The process that holds a flock on the open file, None when the kernel does not say (see proc(5))."""
    status = os.fstat(descriptor)
    file = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    try:
        lines = LOCKS.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        words = line.split()
        if len(words) > 5 and words[1] == "FLOCK" and words[5] == file and words[4].isdigit():
            return int(words[4]) or None
    return None
