"""Reels and films that come over the network: one at a time, in pieces, hidden until they are whole.

Each piece goes straight into a part file in the directory where the file is to lie, so neither memory nor
/tmp ever holds more than one piece. What is neither a reel nor a film is refused by its first bytes. A reel
gets its own name, by rename, only after `check_reel` has accepted it; a film goes into the queue of the
exporter, which reads it in a sandbox of its own. Nothing is ever replaced. A sender that lost its connection
continues where the part file ends. Abandoned part files are removed: after a while, and when the player
starts.
"""

import os
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from player.errors import ConfigError, FileError, ReelError
from player.files import sync_directory, why
from player.films.kinds import HEAD, kind
from player.films.options import checked as check_options
from player.films.queue import Job, NoSuchJob, NotNow, Queue
from player.web.checking import check_reel
from player.web.exchange import Field, Problem
from player.web.library import without_path
from player.web.tokens import create_private

PIECE = 2 * 1024 * 1024  # most bytes of a reel in one request
LARGEST = PIECE + 64 * 1024  # most bytes of a request: a piece as part of a form
IDLE = 3600.0  # seconds without a piece until a part file is removed
BUSY = 60.0  # seconds without a piece until another upload may take its place
_PART = ".upload-{}.part"

SUFFIXES = (
    "mp4", "m4v", "mov", "mkv", "webm", "avi", "ts", "m2ts", "mts", "mpg", "mpeg", "vob", "wmv", "flv", "ogv",
    "3gp",
)  # fmt: skip
"""Of films."""
REEL_NAME = Field(
    "name",
    "string",
    "the name of a reel: A-Z a-z 0-9 . _ - and .reel",
    pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,94}\.reel$",
)
NAME = Field(
    "name",
    "string",
    "made of A-Z a-z 0-9 . _ -, begin with a letter or digit, end in .reel or as films do (.mp4, .mkv, ...), "
    "and have at most 100 characters",
    pattern=rf"^[A-Za-z0-9][A-Za-z0-9._-]{{0,94}}\.(reel|{'|'.join(SUFFIXES)})$",
)
BEGIN = (
    NAME,
    Field("bytes", "integer", low=1),
    Field("stamp", "string", longest=100, optional=True),
)
"""What `begin` takes. The stamp is how the sender recognises its file; without one it cannot continue."""


@dataclass(frozen=True)
class Upload:
    """`id` identifies it; `name` and `bytes` are the file's name and size, `received` the bytes so far.
    `stamp`: how the sender recognises its file. `checking`: all is here, and the reel is being checked.
    `options`: of a film's export.
    """

    id: str
    name: str
    bytes: int
    received: int = 0
    stamp: str = ""
    checking: bool = False
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_film(self) -> bool:
        """Whether it is to become a reel, and is none yet."""
        return not self.name.endswith(".reel")


class Uploads:
    """`films`: the directory for reels, and `queue`: for films; None where none is set. `limit`: the largest
    file, and `keep`: what must stay free on the disk, both in bytes. `size`: (width, height) of the panel,
    None while unknown. `clock`: monotonic seconds; `free` tells the bytes free in a directory. Thread-safe;
    raises Problem.
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
        queue: Queue | None = None,
    ) -> None:
        self.films, self.limit, self.keep, self.queue = films, limit, keep, queue
        self._size, self._clock, self._free, self._log = size, clock, free, log
        self._lock = threading.Lock()
        self._current: Upload | None = None
        self._touched = 0.0

    def current(self) -> Upload | None:
        """The upload in progress."""
        with self._lock:
            return self._current

    def begin(
        self, name: str, bytes: int, stamp: str = "", options: Mapping[str, str] | None = None
    ) -> Upload:
        """A new upload; or the one in progress if it is of the same file, to continue at `received`.
        `options`: of a film's export.
        """
        with queue_problems():
            good = check_options(options or {})
        check_ending(name)
        NAME.check(name)  # here too, whoever calls: it becomes a path
        films = self._directory(name)
        with self._lock:
            now, current = self._clock(), self._current
            if current is not None:
                if (current.name, current.bytes, current.stamp) == (name, bytes, stamp) and stamp:
                    self._current, self._touched = replace(current, options=good), now
                    return self._current
                if current.checking or now - self._touched < BUSY:
                    raise Problem(409, f"{current.name} is being uploaded; wait for it, or cancel it")
            if bytes > self.limit:
                raise Problem(413, f"a file may have up to {self.limit / 1e6:,.0f} MB; see upload_limit")
            self._drop()
            if (films / name).exists() or (films / name).is_symlink():
                raise Problem(409, f"there is a {name} already; give it another name")
            self._check_space(films, bytes)
            self._current = Upload(secrets.token_hex(8), name, bytes, 0, stamp, options=good)
            self._touched = now
            try:
                os.close(create_private(self._part(self._current)))
            except OSError as error:
                self._current = None
                raise self._unwritable(error) from None
            self._log(f"remote: upload of {name} begins, {bytes / 1e6:,.1f} MB")
            return self._current

    def piece(self, id: str, offset: int, data: bytes) -> Upload:
        """Append the next bytes. 409 that names the right offset when `offset` is not the end so far; 422 for
        what is neither a reel nor a film, by its first bytes, and the part file is removed.
        """
        with self._lock:
            upload = self._named(id)
            films = self._directory(upload.name)
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
            received = offset + len(data)
            if offset < HEAD <= received or received == upload.bytes <= HEAD:
                self._check_head(upload)
            self._current = replace(upload, received=received)
            self._touched = self._clock()
            return self._current

    def _check_head(self, upload: Upload) -> None:
        """Refuse what is not what its name says, by its first bytes."""
        try:
            with self._part(upload).open("rb") as file:
                found = kind(file.read(HEAD))
        except OSError as error:
            raise self._unwritable(error) from None
        if found == ("film" if upload.is_film else "reel"):
            return
        self._drop()
        what = {
            None: "is neither a film nor a reel",
            "film": "is a film and no reel; give it its own name again",
        }
        reason = what.get(found, "is a reel; let its name end in .reel")
        self._log(f"remote: upload of {upload.name} refused: {reason}")
        raise Problem(422, f"{upload.name}: {reason}")

    def finish(self, id: str) -> Path | Job:
        """Check the reel and give it its name; returns its path. Or put the film into the queue. On a Problem
        about the file the part file is removed.
        """
        with self._lock:
            upload = self._named(id)
            films, size = self._directory(upload.name), self._size()
            if upload.received != upload.bytes:
                raise Problem(409, f"{upload.bytes - upload.received} bytes are missing")
            if size is None and not upload.is_film:
                raise Problem(503, "the panel shows nothing yet; finish the upload when it does")
            self._current = replace(upload, checking=True)
        part, target = self._part(upload), films / upload.name
        try:  # without the lock: the check takes many seconds on a small machine
            with part.open("rb") as file:
                os.fsync(file.fileno())
            if size is not None and not upload.is_film:
                check_reel(part, size)
            if upload.is_film:
                part.chmod(0o660)  # the exporter may be another user, of the same group
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
        if not upload.is_film:
            return target
        assert self.queue is not None
        with queue_problems():
            return self.queue.add(target, upload.options)

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
            inbox = None if self.queue is None else self.queue.folder
            for folder in (self.films, inbox) if start else ():
                with suppress(OSError):
                    for left in folder.glob(_PART.format("*") + "*") if folder is not None else ():
                        left.unlink()

    def _directory(self, name: str) -> Path:
        """Where a file of this name is to lie."""
        if name.endswith(".reel"):
            folder = self.films
        elif self.queue is None:
            raise Problem(409, "this player takes reels only: set inbox in the configuration to send films")
        else:
            folder = self.queue.folder
        if folder is None:
            raise Problem(409, "uploads need a directory: set films in the configuration")
        if not folder.is_dir():
            raise Problem(503, f"{folder}: is not a directory now; is it mounted?")
        return folder

    def _named(self, id: str) -> Upload:
        if self._current is None or self._current.id != id:
            raise Problem(404, "there is no such upload; it was finished, cancelled or given up")
        if self._current.checking:
            raise Problem(409, f"{self._current.name} is being checked")
        return self._current

    def _part(self, upload: Upload) -> Path:
        return self._directory(upload.name) / _PART.format(upload.id)

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
                f"there is room for {max(free - self.keep, 0) / 1e6:,.1f} MB here; delete films first "
                "(free_space says how much stays free)",
            )

    def _unwritable(self, error: OSError) -> Problem:
        return Problem(
            507, f"{self.films}: cannot be written: {why(error)}; check the disk and its permissions"
        )


@contextmanager
def queue_problems() -> Iterator[None]:
    """What the queue of films refuses, as problems."""
    try:
        yield
    except NoSuchJob:
        raise Problem(404, "this film does not wait any more") from None
    except NotNow as error:
        raise Problem(409, str(error)) from None
    except ConfigError as error:
        name = str(error).partition(" ")[0]
        # Beside its field nobody needs to be told what it is called and what was typed there.
        must = re.sub(r".*; (it must be )", r"\1", str(error))
        raise Problem(422, str(error), fields={name: must}) from None
    except FileError as error:
        raise Problem(507, str(error)) from None


def check_ending(name: str) -> None:
    """Refuse what does not even have the name of a film."""
    if name.rpartition(".")[2].lower() not in ("reel", *SUFFIXES):
        raise Problem(
            422, f"{name[:100]}: is neither a film nor a reel; their names end in .mp4, .mkv, ... or .reel"
        )


def safe_name(text: str) -> str:
    """A file's name made into one that `begin` takes, unless it ends in another way: characters that are not
    allowed become a dash, and a name without an ending gets that of a reel.
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", re.split(r"[\\/]", text)[-1])
    stem, dot, suffix = name.rpartition(".")
    if not dot:
        stem, suffix = name, "reel"
    return (stem.strip(".-_")[:90] or "film") + f".{suffix.lower() or 'reel'}"


def free_bytes(directory: Path) -> int:
    """The bytes that an unprivileged user can still write there."""
    status = os.statvfs(directory)
    return status.f_bavail * status.f_frsize
