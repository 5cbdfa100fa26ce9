"""The token that opens the web page on the home network, and the cookie that a browser keeps in its place.

The token is one line of text in a file that only the player's user can read. The install script makes it, or
the player does. A browser sends it once, in a form, and gets a cookie: an end date and its HMAC-SHA256 under
the token. So no session is stored here, a stolen cookie does not reveal the token, and a new token ends every
session.
"""

import base64
import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from player.errors import ConfigError, FileError
from player.files import make_directory, why

FILE = "remote-token"
LASTS = 180 * 24 * 3600  # seconds that a browser stays signed in
_ALLOWED = re.compile(r"[A-Za-z0-9_-]{22,200}")  # 22 characters out of 64 hold 128 bits


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
        _write(path, new_token())
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


def _write(path: Path, token: str) -> None:
    """Like files.write_whole, but no other user can read the file at any moment."""
    make_directory(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with suppress(FileNotFoundError):
            temporary.unlink()
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w") as file:
            file.write(token + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise FileError(
            f"{path}: cannot be written: {why(error)}; free space, or name a file by remote_token"
        ) from None


def same(given: str, token: str) -> bool:
    """Whether two texts are equal, in a time that does not reveal where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


class Sessions:
    """Issues and verifies the cookie's value for one token. `wall`: Unix seconds."""

    def __init__(self, token: str, wall: Callable[[], float]) -> None:
        self._key, self._wall = token.encode(), wall

    def issue(self) -> str:
        """A value that is valid for LASTS seconds."""
        ends = str(int(self._wall()) + LASTS)
        return f"{ends}.{self._seal(ends)}"

    def holds(self, value: str) -> bool:
        """Whether the value was issued under this token and has not expired."""
        ends, _, seal = value.partition(".")
        if not re.fullmatch(r"\d{1,12}", ends, re.ASCII) or not same(seal, self._seal(ends)):
            return False
        return self._wall() < int(ends) <= self._wall() + LASTS

    def _seal(self, ends: str) -> str:
        return hmac.new(self._key, b"longtake session " + ends.encode(), hashlib.sha256).hexdigest()
