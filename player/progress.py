"""The player's place in the film, in a small JSON file that survives a power cut at any moment.

The file is written before and after each frame: which frame the panel is being given, then that it is on the
glass. So after a kill the player goes on with the frame it was showing or the next one, never with an earlier
one. Times are Unix seconds of the wall clock: they mean something across restarts, and `schedule` says how
far they are believed.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
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
    CRC-32 of the packed dither on the panel, None while a card stands there.
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
            write_whole(self.path, data)
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
        raise FileError(f"{path}: cannot be read: {why(error)}; give another --state FILE") from None
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
    for field in fields(Progress):
        value = found.get(field.name, field.default)
        is_bool = isinstance(value, bool)
        if not isinstance(value, kinds[field.name]) or is_bool != (field.name == "paused"):
            raise ValueError(f"{field.name} is {value!r}")
        if isinstance(value, int | float) and not 0 <= value < 1e15:
            raise ValueError(f"{field.name} is {value!r}")
        values[field.name] = value
    return Progress(**values)
