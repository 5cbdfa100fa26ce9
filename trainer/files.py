"""Results on disk: checked before hours of work, written by temporary file, fsync and rename."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from trainer.errors import OptionError, TrainerError


def check_result(option: str, path: Path, films: Iterable[Path] = ()) -> None:
    """OptionError if a result cannot be written to `path`, or would replace one of the films."""
    if path.is_dir():
        raise OptionError(f"{option} {path} is a directory; name a file in it")
    if not path.parent.is_dir():
        raise OptionError(f"{option} {path}: there is no directory {path.parent}; make it or name another")
    if not os.access(path.parent, os.W_OK):
        raise OptionError(f"{option} {path}: the directory {path.parent} cannot be written to; name another")
    for film in films:
        if path.exists() and film.exists() and path.samefile(film):
            raise OptionError(f"{option} {path} is the film itself; name another file")


def check_unused(folder: Path, remedy: str) -> None:
    """OptionError, with the remedy, if the folder for all results already holds something."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OptionError(f"--out {folder} is there already{remedy}")


def make_folder(folder: Path) -> None:
    """Make the folder for all results. OptionError if that is impossible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OptionError(f"--out {folder} cannot be made: {reason}; name another folder") from None


def write_whole(path: Path, data: bytes) -> None:
    """Replace `path` by `data`, so that a reader finds the old file or the new one, whole. TrainerError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TrainerError(f"{path}: cannot be written: {reason}; free space or name another file") from None
    finally:
        with suppress(OSError):
            temporary.unlink()
