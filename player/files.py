"""Files written whole: temporary file, fsync, rename. A reader finds the old one or the new one."""

import os
from contextlib import suppress
from pathlib import Path

from player.errors import FileError


def write_whole(path: Path, data: bytes, private: bool = False) -> None:
    """Replace `path` by `data`. Once this returns it survives a power cut. FileError in one line.

    `private`: no other user can read it.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if private:
            temporary.touch(0o600)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise FileError(f"{path}: cannot be written: {why(error)}; free space or give another path") from None


def sync_directory(directory: Path) -> None:
    """Make a rename in it survive a power cut. OSError."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path) -> None:
    """Make a directory and its parents. FileError in one line."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{path}: cannot be made a directory: {why(error)}; give another path") from None


def why(error: OSError) -> str:
    """The operating system's words for an error, in lower case, without number and path."""
    return (error.strerror or str(error)).lower()
