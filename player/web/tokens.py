"""The token that opens the web page on the home network, and the cookie that a browser keeps in its place.

The token is one line of text in a file that only the player's user can read. The install script makes it, or
the player does. A browser sends it once, in a form, and gets a cookie: a random value. `Sessions` keeps the
HMAC-SHA256 of each cookie under the token. So neither a stolen cookie nor the file of sessions reveals
anything that lets someone in, signing out makes one cookie worthless, and a new token all of them.
"""

import base64
import hashlib
import hmac
import os
import re
import secrets
import stat
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from player.errors import ConfigError, FileError
from player.files import sync_directory, why

FILE, SESSIONS = "remote-token", "remote-sessions"
LASTS = 180 * 24 * 3600  # seconds that a browser stays signed in
MANY = 64  # browsers that are signed in; one more signs out the one that signed in first
_ALLOWED = re.compile(r"[A-Za-z0-9_-]{22,200}")  # 22 characters out of 64 hold 128 bits
_LINE = re.compile(rb"([0-9a-f]{64}) (\d{1,12})")


def new_token() -> str:
    """128 random bits as 26 letters and digits, without 0, 1, 8 and 9, which are easily misread."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def kept_token(file: str | None, directory: Path) -> str:
    """The token in `file`, which the settings name; without one the token in `directory`, made if missing.

    ConfigError for a file that is missing, that every user can read or that holds no token; FileError when a
    new one cannot be written.
    """
    if file is not None:
        return _read(Path(file))
    path = directory / FILE
    if not path.exists():
        _write(path, new_token() + "\n")
    return _read(path)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(1000)
    except OSError as error:
        raise ConfigError(
            f"remote_token: {path}: cannot be read: {why(error)}; check the path and its permissions"
        ) from None
    if mode & stat.S_IROTH:
        raise ConfigError(f"remote_token: {path}: every user can read it; run: chmod o-rwx {path}")
    text = data.decode("latin-1").strip()
    if not _ALLOWED.fullmatch(text):
        raise ConfigError(
            f"remote_token: {path}: holds no token; write one line of 22 to 200 random characters "
            "of A-Z a-z 0-9 - _ into it, or remove it and do not set remote_token: the player makes one"
        )
    return text


def _write(path: Path, text: str) -> None:
    """Like files.write_whole, but no other user can read the file at any moment, whatever the umask."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        _make_private(path.parent)
        with suppress(FileNotFoundError):
            temporary.unlink()
        with open(create_private(temporary), "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise FileError(
            f"{path}: cannot be written: {why(error)}; free space, or check the directory's permissions"
        ) from None


def _make_private(directory: Path) -> None:
    """Make a directory and those above it, for this user alone; leave existing ones as they are."""
    if directory.is_dir():
        return
    _make_private(directory.parent)
    with suppress(FileExistsError):
        directory.mkdir()
        directory.chmod(0o700)


def create_private(path: Path) -> int:
    """Create a file that only this user can read and write; returns its descriptor, for writing. OSError when
    it exists.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.fchmod(descriptor, 0o600)  # the umask may have taken more away
    return descriptor


def same(given: str, token: str) -> bool:
    """Whether two texts are equal, in a time that does not reveal where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


class Sessions:
    """The browsers that are signed in, at most MANY. `path`: the file that keeps them over restarts, a line
    for each: the HMAC of its cookie, and when it ends. `wall`: Unix seconds. Thread-safe; `holds` never waits
    for the disk.
    """

    def __init__(self, token: str, wall: Callable[[], float], path: Path, log: Callable[[str], None]) -> None:
        self._key, self._wall, self._path, self._log = token.encode(), wall, path, log
        self._lock = threading.Lock()  # of those who change it
        self._ends = self._read()  # replaced as a whole, never changed; the first signed in first

    def issue(self) -> str:
        """A new cookie's value, valid for LASTS seconds."""
        value = secrets.token_urlsafe(24)
        with self._lock:
            ends = {**self._ends, self._seal(value): int(self._wall()) + LASTS}
            self._ends = dict([*ends.items()][-MANY:])
            try:
                self._save()
            except FileError as error:
                self._log(f"remote: {error}; who signs in now must do so again after a restart")
        return value

    def holds(self, value: str) -> bool:
        """Whether the value was issued under this token, and neither expired nor was signed out."""
        ends = self._ends.get(self._seal(value), 0)  # timing tells nothing: the key is unknown
        return self._wall() < ends <= self._wall() + LASTS

    def end(self, values: Iterable[str]) -> None:
        """Make these values worthless. FileError when that could not be saved: it holds until a restart."""
        with self._lock:
            gone = {self._seal(value) for value in values} & self._ends.keys()
            if gone:
                self._ends = {seal: ends for seal, ends in self._ends.items() if seal not in gone}
                self._save()

    def _read(self) -> dict[str, int]:
        try:
            with self._path.open("rb") as file:
                lines = file.read(MANY * 100).splitlines()
        except FileNotFoundError:
            return {}
        except OSError as error:
            self._log(f"remote: {self._path}: cannot be read: {why(error)}; every browser must sign in again")
            return {}
        found = filter(None, map(_LINE.fullmatch, lines))
        return dict([(line[1].decode(), int(line[2])) for line in found][-MANY:])

    def _save(self) -> None:
        _write(self._path, "".join(f"{seal} {ends}\n" for seal, ends in self._ends.items()))

    def _seal(self, value: str) -> str:
        data = b"longtake session " + value.encode("utf-8", "replace")
        return hmac.new(self._key, data, hashlib.sha256).hexdigest()
