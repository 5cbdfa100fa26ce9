"""What the player remembers, in two small JSON files that survive a power cut at any moment: its place in the
film, and what people arranged of their films.

The file is written before and after each frame: which frame the panel is being given, then that it is on the
glass. So after a kill the player goes on with the frame it was showing or the next one, never with an earlier
one. Times are Unix seconds of the wall clock: they mean something across restarts, and `schedule` says how
far they are believed.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from player.errors import FileError
from player.files import make_directory, why, write_whole


@dataclass(frozen=True)
class Progress:
    """`reel`: absolute path; `created`: its creation stamp, which tells when the file was exchanged;
    `frames` in it. `frame`: number of the frame that is on the panel for certain; `showing`: number of the
    one that the panel was being given, None once that is certain. `shown_at`, `next_due`: when `frame` went
    up and when the next one is due; `interval` in seconds; `redraws` in all; `paused` until it is resumed;
    `round` of the playlist, from 0; `chosen_over`: the reels of the configuration, parted by colons, when
    `reel` was chosen at run time instead of them. `redrawn`: number of the frame of `reel` that was last
    redrawn, None when that was something else; `since_redraw`: frames since; `redrawn_at`: when. `picture`:
    CRC-32 of the packed dither on the panel, the panel's name and how it is turned; None while a card stands
    there.
    """

    reel: str | None = None
    created: str = ""
    frames: int = 0
    frame: int | None = None
    showing: int | None = None
    shown_at: float | None = None
    next_due: float | None = None
    interval: float = 0.0
    redraws: int = 0
    paused: bool = False
    round: int = 0
    chosen_over: str | None = None
    redrawn: int | None = None
    since_redraw: int = 0
    redrawn_at: float | None = None
    picture: int | None = None


class ProgressStore:
    """The file at `path`. `log` gets one line when its content cannot be used."""

    def __init__(self, path: Path, log: Callable[[str], None]) -> None:
        self.path = path
        self._log = log
        self._worked = self._failed = False

    def load(self) -> Progress:
        """What was saved last, or `Progress()`. A file that is damaged is put aside (.bad)."""
        try:
            found = read(self.path)
            self._worked = found is not None
            return found or Progress()
        except ValueError as error:
            aside = self.path.with_name(self.path.name + ".bad")
            with suppress(OSError):
                self.path.replace(aside)
            self._log(
                f"{self.path}: holds no usable place in a film ({error}); "
                f"moved to {aside.name}, starting from the beginning"
            )
            return Progress()

    def save(self, progress: Progress) -> None:
        """Store it; it survives a power cut when this returns. FileError when storing has never worked.

        Once it has worked, in this run or an earlier one, a failure (a full disk) is only logged, once: the
        film goes on, and the place is stored again as soon as possible.
        """
        data = json.dumps(asdict(progress), indent=1).encode() + b"\n"
        try:
            if not self._worked:
                make_directory(self.path.parent)
            write_whole(self.path, data, private=True)
        except FileError as error:
            if not self._worked:
                raise
            if not self._failed:
                self._log(f"{error}; the film goes on, but a restart would go back")
            self._failed = True
        else:
            self._worked, self._failed = True, False


def read(path: Path) -> Progress | None:
    """The record in the file, None when there is no file. ValueError with the reason when it is damaged."""
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        fix = "run it with sudo, or " if isinstance(error, PermissionError) else ""
        raise FileError(f"{path}: cannot be read: {why(error)}; {fix}give another --state FILE") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    kinds: dict[str, Any] = {
        "reel": (str, type(None)),
        "created": str,
        "frames": int,
        "frame": (int, type(None)),
        "showing": (int, type(None)),
        "shown_at": (int, float, type(None)),
        "next_due": (int, float, type(None)),
        "interval": (int, float),
        "redraws": int,
        "paused": bool,
        "round": int,
        "chosen_over": (str, type(None)),
        "redrawn": (int, type(None)),
        "since_redraw": int,
        "redrawn_at": (int, float, type(None)),
        "picture": (int, type(None)),
    }
    values = {}
    for each in fields(Progress):
        value = found.get(each.name, each.default)
        is_bool = isinstance(value, bool)
        if not isinstance(value, kinds[each.name]) or is_bool != (each.name == "paused"):
            raise ValueError(f"{each.name} is {value!r}")
        if isinstance(value, int | float) and not 0 <= value < 1e15:
            raise ValueError(f"{each.name} is {value!r}")
        values[each.name] = value
    return Progress(**values)


MOST = 500  # reels on a shelf
LONGEST_TITLE = 200  # letters


@dataclass(frozen=True)
class Undo:
    """Where a jump led away from: `frame` of `reel` (absolute path), at a moment (Unix seconds)."""

    reel: str
    frame: int
    at: float


@dataclass(frozen=True)
class Shelf:
    """What people arranged; reels are absolute paths. `queue`: shown next, in this order, whatever the
    playlist; `names`: titles that people gave; `places`: where a reel was left before its end: its creation
    stamp and the frame to go on with; `undo`: of the last jump.
    """

    queue: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
    places: dict[str, tuple[str, int]] = field(default_factory=dict)
    undo: Undo | None = None

    def without(self, reel: str) -> "Shelf":
        """The shelf when that reel is gone for good."""
        return Shelf(
            tuple(other for other in self.queue if other != reel),
            {other: name for other, name in self.names.items() if other != reel},
            {other: place for other, place in self.places.items() if other != reel},
            None if self.undo is not None and self.undo.reel == reel else self.undo,
        )


class ShelfStore:
    """The shelf, kept in the file at `path`, or only in memory without one. What cannot be read is left out,
    and a failure to write is logged once: the film goes on.
    """

    def __init__(self, path: Path | None = None, log: Callable[[str], None] = lambda line: None) -> None:
        self._path, self._log, self._failed = path, log, False
        self.now = Shelf()
        if path is not None:
            try:
                self.now = _shelf(json.loads(path.read_bytes()))
            except (FileNotFoundError, NotADirectoryError):
                pass
            except (OSError, ValueError, RecursionError, TypeError, AttributeError, KeyError) as error:
                why_not = why(error) if isinstance(error, OSError) else "damaged"
                self._log(f"{path}: cannot be read: {why_not}; the queue and the names of films begin anew")

    def change(self, **values: Any) -> None:
        """Replace these fields; a change survives a power cut when this returns."""
        changed = replace(self.now, **values)
        if changed == self.now:
            return
        self.now = changed
        if self._path is None:
            return
        try:
            make_directory(self._path.parent)
            write_whole(self._path, json.dumps(asdict(changed), indent=1).encode() + b"\n", private=True)
            self._failed = False
        except FileError as error:
            if not self._failed:
                self._log(f"{error}; a restart would forget the queue and the names of films")
            self._failed = True


def _shelf(found: Any) -> Shelf:
    """A shelf as it was written; an error of Python's own for anything else."""
    names = {str(reel): str(name)[:LONGEST_TITLE] for reel, name in found.get("names", {}).items()}
    places = {str(reel): (str(created), int(at)) for reel, (created, at) in found.get("places", {}).items()}
    undo = found.get("undo")
    return Shelf(
        tuple(map(str, found.get("queue", ())))[:MOST],
        newest(names),
        newest(places),
        None if undo is None else Undo(str(undo["reel"]), int(undo["frame"]), float(undo["at"])),
    )


def newest(entries: dict[str, Any]) -> dict[str, Any]:
    """The entries that came last, MOST at most."""
    return dict([*entries.items()][-MOST:])
