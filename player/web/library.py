"""The reels that can be chosen: those of the playlist, and those in the films directory.

A client chooses one by a text that equals a path in this list; no path is ever made from what it sent.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from player.errors import BadFrame, ReelError
from player.playback.status import StatusBoard
from player.reel import Reel
from player.reel.format import printable

LONGEST = 500  # reels in the list
MOST_CHAPTERS = 200
_Stamp = tuple[int, int]


@dataclass(frozen=True)
class Listed:
    """A reel: absolute `path`, `title` of the film, `frames`, `duration_ms` of the film, `bytes` on disk,
    `width` and `height` in pixels; `problem`: why it cannot be shown, empty when it can. `tag` identifies the
    file as it is now; `created`: its creation stamp; `complete`: the export has finished; `chapters`: their
    times in milliseconds of the film, and titles.
    """

    path: str
    title: str
    frames: int = 0
    duration_ms: int | None = None
    bytes: int = 0
    width: int = 0
    height: int = 0
    problem: str = ""
    tag: str = ""
    created: str = ""
    complete: bool = True
    chapters: tuple[tuple[int, str], ...] = ()


class Library:
    """The reels that are there now; a reel is opened only when it has changed. Thread-safe."""

    def __init__(
        self, board: StatusBoard, films: Path | None, open_reel: Callable[[Path], Reel] = Reel
    ) -> None:
        self._board, self._films, self._open = board, films, open_reel
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[_Stamp, Listed]] = {}

    def all(self) -> list[Listed]:
        """The playlist in its order, then the rest of the films directory by name."""
        with self._lock:
            found = {path: self._listed(path) for path in self._paths()}
            self._known = {path: known for path, known in self._known.items() if path in found}
            return list(found.values())

    def shown(self) -> Listed | None:
        """The reel that is shown now."""
        return self.find(self._board.latest().snapshot.reel or "")

    def tagged(self, tag: str) -> Listed | None:
        """The reel with this tag; None when there is none (any more)."""
        return next((reel for reel in self.all() if reel.tag == tag and not reel.problem), None)

    def open(self, reel: Listed) -> Reel:
        """The reel itself. ReelError."""
        return self._open(Path(reel.path))

    def find(self, path: str) -> Listed | None:
        """The reel with this path; None when it is not in the list."""
        return next((reel for reel in self.all() if reel.path == path), None)

    def is_own(self, reel: Listed) -> bool:
        """Whether a reel lies in the films directory, so that it may be deleted from here."""
        return self._films is not None and Path(reel.path).parent == self._films.absolute()

    def _paths(self) -> list[Path]:
        playlist = (Path(text) for text in self._board.latest().snapshot.playlist)
        paths = dict.fromkeys([*playlist, *self._in_films()])
        return [path for path in paths if str(path).isprintable()][:LONGEST]

    def _in_films(self) -> Iterator[Path]:
        try:
            entries = sorted(self._films.absolute().glob("*.reel")) if self._films is not None else []
        except OSError:  # not mounted now
            return
        yield from (path for path in entries if not path.name.startswith("."))

    def _listed(self, path: Path) -> Listed:
        try:
            status = path.stat()
        except OSError:
            return Listed(str(path), path.stem, problem="is not there now")
        stamp = status.st_mtime_ns, status.st_size
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            known = self._known[path] = stamp, self._look(path, stamp)
        name = self._board.latest().snapshot.shelf.names.get(str(path))
        return replace(known[1], title=name) if name else known[1]

    def _look(self, path: Path, stamp: _Stamp) -> Listed:
        size = stamp[1]
        tag = hashlib.blake2b(f"{path} {stamp}".encode(errors="replace"), digest_size=9).hexdigest()
        try:
            with self._open(path) as reel:
                duration = None
                with suppress(BadFrame, IndexError):
                    duration = reel.info(reel.frames - 1).time_ms
                meta, tag = reel.meta, tag if reel.complete else growing(path, reel)
                return Listed(
                    str(path), reel.title, reel.frames, duration, size, reel.width, reel.height, "", tag,
                    meta.get("created", ""), reel.complete, chapters(meta.get("chapters", "")),
                )  # fmt: skip
        except ReelError as error:
            return Listed(str(path), path.stem, bytes=size, problem=without_path(error, path))


def growing(path: Path, reel: Reel) -> str:
    """The tag of a reel that is still being made: it changes at 10, 100, 1000, ... frames."""
    text = f"{path} {reel.meta.get('created')} {len(str(reel.frames))}"
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=9).hexdigest()


def chapters(text: str) -> tuple[tuple[int, str], ...]:
    """The chapters in a reel's description, in JSON: their times in milliseconds, and titles. What is not of
    that form is left out.
    """
    try:
        found = [(one["time_ms"], one["title"]) for one in json.loads(text)[:MOST_CHAPTERS]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ()
    good = (pair for pair in found if isinstance(pair[0], int) and isinstance(pair[1], str) and pair[0] >= 0)
    return tuple((time_ms, printable(title, 100)) for time_ms, title in good)


def without_path(error: ReelError, path: Path) -> str:
    """The error's message without the path of the file in front."""
    return str(error).removeprefix(f"{path}: ")
