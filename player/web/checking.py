"""The check of an uploaded reel, in a process of its own.

Whatever the file does to SQLite or to the reader (a query without end, a crash, memory without bounds), it
does it to that process, for SECONDS at most. So neither the player nor the other uploads suffer.
"""

import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from player.errors import BadFrame, ReelError
from player.playback.reels import check
from player.reel import Reel

SECONDS = 30  # that the check may take; a good reel takes a Pi Zero about 15
FRAMES = 1_000_000  # most frames of a reel; 11 hours at 25 a second
MEMORY = 64 * 1024 * 1024  # bytes that it may take beyond what the program itself takes
PLACES = 24  # frames that are decoded, spread over the film; each decodes up to 64 before it
_ROOT = Path(__file__).parents[2]  # of the packages: the process runs the same code as this one
_REFUSED = 2  # exit status; the reason is on standard output
_SLOW = "its check takes more than {} seconds; export the film again"


def check_reel(path: Path, size: tuple[int, int]) -> None:
    """ReelError unless the file is a complete reel of `size` (width, height), and frames all over the film
    can be decoded. The rest is checked frame by frame when it is shown: playback skips a bad frame.
    """
    width, height = size
    program = [sys.executable, "-P", "-m", __name__, str(path), f"{width}", f"{height}", f"{SECONDS}"]
    try:
        done = subprocess.run(
            program,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS + 5,
            env={**os.environ, "PYTHONPATH": str(_ROOT), "OPENBLAS_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired:
        raise ReelError(f"{path}: {_SLOW.format(SECONDS)}") from None
    if done.returncode == -signal.SIGALRM:
        raise ReelError(f"{path}: {_SLOW.format(SECONDS)}")
    if done.returncode == _REFUSED:
        raise ReelError(done.stdout.decode(errors="replace"))
    if done.returncode:
        raise ReelError(f"{path}: its check failed (status {done.returncode}); export the film again")


def look_through(path: Path, size: tuple[int, int]) -> None:
    """What the process does. ReelError as `check_reel`."""
    with path.open("rb") as file:
        # With a write-ahead log SQLite makes more files beside this one: https://sqlite.org/fileformat.html
        if file.read(20)[18:] == b"\2\2":
            raise ReelError(
                f"{path}: was changed by another program (write-ahead log); export the film again"
            )
    with Reel(path) as reel:
        check(reel, size)  # before anything is decoded: the size bounds what decoding takes
        if not reel.complete:
            raise ReelError(f"{path}: its export was not finished; run `trainer export` again, then send it")
        if reel.frames > FRAMES:
            raise ReelError(
                f"{path}: claims {reel.frames:,} frames, and {FRAMES:,} are the most; export fewer"
            )
        for number in places(reel.frames):
            try:
                reel.info(number)
                reel.packed(number)
            except BadFrame as error:
                raise ReelError(
                    f"{path}: frame {number} is damaged ({error.reason}); send it again"
                ) from None


def places(frames: int) -> list[int]:
    """At most PLACES frame numbers below `frames`, evenly spread, with the first and the last."""
    if frames <= PLACES:
        return list(range(frames))
    return [place * (frames - 1) // (PLACES - 1) for place in range(PLACES)]


def main(path: str, width: str, height: str, seconds: str) -> int:
    """Check a reel within this process's limits; returns the exit status."""
    signal.alarm(int(seconds))  # kills, also inside of SQLite, and when the player is gone
    with suppress(OSError, ValueError):  # a sandbox may forbid it
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY,) * 2)
    try:
        look_through(Path(path), (int(width), int(height)))
    except ReelError as error:
        print(error, end="")
        return _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
