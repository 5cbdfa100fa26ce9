"""Reels that come over the network: one at a time, in pieces, under a hidden name until they are whole.

Each piece goes straight into a part file in the films directory, so neither memory nor /tmp ever holds more
than one piece. A reel gets its own name, by rename, only after `check_reel` has accepted it; nothing is ever
replaced. A sender that lost its connection continues where the part file ends. Abandoned part files are
removed: after a while, and when the player starts.
"""

import os
import re
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from player.errors import ReelError
from player.files import sync_directory, why
from player.web.checking import check_reel
from player.web.exchange import Field, Problem
from player.web.library import without_path
from player.web.tokens import create_private

PIECE = 2 * 1024 * 1024  # most bytes of a reel in one request
LARGEST = PIECE + 64 * 1024  # most bytes of a request: a piece as part of a form
IDLE = 3600.0  # seconds without a piece until a part file is removed
BUSY = 60.0  # seconds without a piece until another upload may take its place
_PART = ".upload-{}.part"

NAME = Field(
    "name",
    "string",
    "made of A-Z a-z 0-9 . _ -, begin with a letter or digit, end in .reel and have at most 100 characters",
    pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,94}\.reel$",
)
BEGIN = (
    NAME,
    Field("bytes", "integer", low=1),
    Field("stamp", "string", longest=100, optional=True),
)
"""What `begin` takes. The stamp is how the sender recognises its file; without one it cannot continue."""


@dataclass(frozen=True)
class Upload:
    """`id` identifies it; `name` and `bytes` are the reel's name and size, `received` the bytes so far.
    `stamp`: how the sender recognises its file. `checking`: all is here, and the reel is being checked.
    """

    id: str
    name: str
    bytes: int
    received: int = 0
    stamp: str = ""
    checking: bool = False


class Uploads:
    """`films`: the directory, None when none is set. `limit`: the largest reel, and `keep`: what must stay
    free on the disk, both in bytes. `size`: (width, height) of the panel, None while unknown. `clock`:
    monotonic seconds; `free` tells the bytes free in a directory. Thread-safe; raises Problem.
    """

    def __init__(
        self,
        films: Path | None,
        limit: int,
        keep: int,
        size: Callable[[], tuple[int, int] | None],
        clock: Callable[[], float],
        free: Callable[[Path], int],
        log: Callable[[str], None],
    ) -> None:
        self.films, self.limit, self.keep = films, limit, keep
        self._size, self._clock, self._free, self._log = size, clock, free, log
        self._lock = threading.Lock()
        self._current: Upload | None = None
        self._touched = 0.0

    def current(self) -> Upload | None:
        """The upload in progress."""
        with self._lock:
            return self._current

    def begin(self, name: str, bytes: int, stamp: str = "") -> Upload:
        """A new upload; or the one in progress if it is of the same file, to continue at `received`."""
        films = self._directory()
        NAME.check(name)  # here too, whoever calls: it becomes a path
        with self._lock:
            now, current = self._clock(), self._current
            if current is not None:
                if (current.name, current.bytes, current.stamp) == (name, bytes, stamp) and stamp:
                    self._touched = now
                    return current
                if current.checking or now - self._touched < BUSY:
                    raise Problem(409, f"{current.name} is being uploaded; wait for it, or cancel it")
            if bytes > self.limit:
                raise Problem(413, f"a reel may have up to {self.limit / 1e6:,.0f} MB; see upload_limit")
            self._drop()
            if (films / name).exists() or (films / name).is_symlink():
                raise Problem(409, f"there is a {name} already; give it another name")
            self._check_space(films, bytes)
            self._current = Upload(secrets.token_hex(8), name, bytes, 0, stamp)
            self._touched = now
            try:
                os.close(create_private(self._part(self._current)))
            except OSError as error:
                self._current = None
                raise self._unwritable(error) from None
            self._log(f"remote: upload of {name} begins, {bytes / 1e6:,.1f} MB")
            return self._current

    def piece(self, id: str, offset: int, data: bytes) -> Upload:
        """Append the next bytes. 409 that names the right offset when `offset` is not the end so far."""
        films = self._directory()
        with self._lock:
            upload = self._named(id)
            if offset != upload.received:
                raise Problem(409, f"the next byte is {upload.received}, not {offset}")
            if not 0 < len(data) <= upload.bytes - offset:
                raise Problem(422, f"a piece has 1 to {min(PIECE, upload.bytes - offset)} bytes here")
            self._check_space(films, len(data))
            try:
                with self._part(upload).open("r+b") as file:
                    file.seek(offset)  # over what a failed attempt may have left
                    file.write(data)
            except OSError as error:
                raise self._unwritable(error) from None
            self._current = replace(upload, received=offset + len(data))
            self._touched = self._clock()
            return self._current

    def finish(self, id: str) -> Path:
        """Check the reel and give it its name; returns its path. On a Problem the part file is removed."""
        films = self._directory()
        size = self._size()
        with self._lock:
            upload = self._named(id)
            if upload.received != upload.bytes:
                raise Problem(409, f"{upload.bytes - upload.received} bytes are missing")
            if size is None:
                raise Problem(503, "the panel shows nothing yet; finish the upload when it does")
            self._current = replace(upload, checking=True)
        part, target = self._part(upload), films / upload.name
        try:  # without the lock: the check takes many seconds on a small machine
            with part.open("rb") as file:
                os.fsync(file.fileno())
            check_reel(part, size)
            if target.exists():
                raise Problem(409, f"there is a {upload.name} already; give it another name")
            part.rename(target)
            sync_directory(films)
        except ReelError as error:
            reason = without_path(error, part)
            self._log(f"remote: upload of {upload.name} refused: {reason}")
            raise Problem(422, f"{upload.name}: {reason}") from None
        except OSError as error:
            raise self._unwritable(error) from None
        finally:
            with self._lock:
                self._drop()
        self._log(f"remote: {upload.name} uploaded, {upload.bytes / 1e6:,.1f} MB")
        return target

    def cancel(self, id: str) -> None:
        """Abandon the upload."""
        with self._lock:
            upload = self._named(id)
            self._drop()
        self._log(f"remote: upload of {upload.name} cancelled")

    def tidy(self, start: bool = False) -> None:
        """Remove the part file of an abandoned upload; at the `start` of the player, every part file."""
        with self._lock:
            current = self._current
            if current is not None and not current.checking and self._clock() - self._touched > IDLE:
                self._log(f"remote: upload of {current.name} given up; nothing has come for an hour")
                self._drop()
            if start and self.films is not None:
                with suppress(OSError):
                    for left in self.films.glob(_PART.format("*") + "*"):
                        left.unlink()

    def _directory(self) -> Path:
        if self.films is None:
            raise Problem(409, "uploads need a directory: set films in the configuration")
        if not self.films.is_dir():
            raise Problem(503, f"{self.films}: is not a directory now; is it mounted?")
        return self.films

    def _named(self, id: str) -> Upload:
        if self._current is None or self._current.id != id:
            raise Problem(404, "there is no such upload; it was finished, cancelled or given up")
        if self._current.checking:
            raise Problem(409, f"{self._current.name} is being checked")
        return self._current

    def _part(self, upload: Upload) -> Path:
        assert self.films is not None
        return self.films / _PART.format(upload.id)

    def _drop(self) -> None:
        """Forget the upload, and remove its part file if there still is one."""
        if self._current is not None:
            part = self._part(self._current)
            with suppress(OSError):
                for left in part.parent.glob(part.name + "*"):
                    left.unlink()
        self._current = None

    def _check_space(self, films: Path, length: int) -> None:
        try:
            free = self._free(films)
        except OSError as error:
            raise self._unwritable(error) from None
        if free - length < self.keep:
            raise Problem(
                507,
                f"{max(free - self.keep, 0) / 1e6:,.1f} MB are left here (see free_space); remove reels",
            )

    def _unwritable(self, error: OSError) -> Problem:
        return Problem(
            507, f"{self.films}: cannot be written: {why(error)}; check the disk and its permissions"
        )


def safe_name(text: str) -> str:
    """A file's name made into one that `begin` takes: characters that are not allowed become a dash."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", re.split(r"[\\/]", text)[-1].removesuffix(".reel"))
    return (stem.strip(".-_")[:90] or "film") + ".reel"


def free_bytes(directory: Path) -> int:
    """The bytes that an unprivileged user can still write there."""
    status = os.statvfs(directory)
    return status.f_bavail * status.f_frsize
