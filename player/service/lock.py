"""One player for one panel: a lock held by the kernel, which drops it however the holder ends.

The lock (flock) is on the SPI device itself, or on the directory of a simulated panel, because that is all
that the service and a player started by hand have in common. `flock --nonblock /dev/spidev0.0 COMMAND` in a
shell respects it too.
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
    """Another player is using this panel."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock on an existing device or directory. Locked, naming the process, when another has it.

    What cannot be opened is not locked: the driver, which needs it open, says what to do about it.
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
            raise Locked(f"{path}: {who} is using this panel; stop it first") from None
        except OSError as error:
            raise Locked(f"{path}: cannot be locked: {why(error)}; use a directory on a local disk") from None
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> int | None:
    """The process that holds a flock on the open file, None if the kernel does not tell (see proc(5))."""
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
