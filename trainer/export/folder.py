"""The parts of a reel in the making, in the folder `FILM.reel.parts` beside it.

`0007.reel` is the part that begins in cell 7 (`trainer/films/parts.py`), as far as it is; once whole it is
named `0007-0009.reel` after the part that follows, or `0007-end.reel`. A part is a reel that tells which part
it is of which export, so those of several hosts can be brought together in one folder, in any way.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from player.errors import EmptyReel
from player.reel import Reel
from trainer.errors import TrainerError

_NAME = re.compile(r"(\d{4,9})(-(?:\d{4,9}|end))?\.reel", re.ASCII)
_OURS = re.compile(_NAME.pattern + "(-journal)?", re.ASCII)


@dataclass(frozen=True)
class Part:
    """A part on disk: the number of its first cell, its file, whether it is whole, and the number of the part
    that follows (None: the film ends, or the part is not whole).
    """

    number: int
    path: Path
    is_whole: bool
    following: int | None


class Folder:
    """The folder of a reel; it need not exist."""

    def __init__(self, reel: Path) -> None:
        self.path = reel.with_name(f"{reel.name}.parts")

    def make(self) -> None:
        """Make it. TrainerError where that is not possible."""
        try:
            self.path.mkdir(exist_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise TrainerError(
                f"{self.path}: the folder for the parts cannot be made: {reason}; name another place"
            ) from None

    def unfinished(self, number: int) -> Path:
        """The file of a part in the making."""
        return self.path / f"{number:04}.reel"

    def newest(self, number: int) -> int | None:
        """The newest frame of the film in a part in the making; None where it has none."""
        path = self.unfinished(number)
        frames = frames_of(Part(number, path, False, None)) if path.exists() else None
        return None if frames is None else frames[1]

    def finish(self, number: int, following: int | None) -> None:
        """Name a part as whole."""
        name = f"{number:04}-{'end' if following is None else f'{following:04}'}.reel"
        try:
            self.unfinished(number).replace(self.path / name)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise TrainerError(
                f"{self.unfinished(number)}: cannot be renamed: {reason}; does another export make this reel?"
            ) from None

    def parts(self) -> dict[int, Part]:
        """What there is, by number in their order; of a part that is there twice, the whole one."""
        found: dict[int, Part] = {}
        for path in sorted(self.path.iterdir()) if self.path.is_dir() else ():
            if match := _NAME.fullmatch(path.name):
                number, end = int(match[1]), match[2]
                following = None if end in (None, "-end") else int(end[1:])
                if end is not None or number not in found:
                    found[number] = Part(number, path, end is not None, following)
        return dict(sorted(found.items()))

    def whole(self) -> frozenset[int]:
        """The numbers of the parts that are whole."""
        return frozenset(number for number, part in self.parts().items() if part.is_whole)

    def check(self, description: Mapping[str, str], last: int = -1) -> int:
        """How many frames of the film after its frame `last` there are in all parts. TrainerError for a part
        of another export, ReelError for a damaged one.
        """
        frames = 0
        for part in self.parts().values():
            with suppress(EmptyReel), Reel(part.path) as reel:
                expected = part_description(description, part.number)
                for key in sorted(reel.meta.keys() | expected.keys()):
                    old, new = reel.meta.get(key, "nothing"), expected.get(key, "nothing")
                    if key != "created" and old != new:
                        raise TrainerError(
                            f"{part.path}: is a part of another export ({key} is {old} there and {new} now); "
                            f"remove it, or all of {self.path.name}"
                        )
                frames += reel.frames - first_after(reel, last)
        return frames

    def remove(self, part: Part) -> None:
        """Remove one part."""
        part.path.unlink(missing_ok=True)

    def count(self, has: Callable[[int], bool]) -> int:
        """How many frames there are in the parts of certain numbers."""
        frames = 0
        for part in self.parts().values():
            if has(part.number):
                with suppress(EmptyReel), Reel(part.path) as reel:
                    frames += reel.frames
        return frames

    def clear(self) -> None:
        """Remove all parts, and the folder if there is nothing else in it."""
        with suppress(OSError):
            for path in list(self.path.iterdir()):
                if _OURS.fullmatch(path.name):
                    path.unlink()
        self.clear_if_empty()

    def clear_if_empty(self) -> None:
        """Remove the folder if there is nothing in it."""
        with suppress(OSError):
            self.path.rmdir()


def part_description(description: Mapping[str, str], number: int) -> dict[str, str]:
    """What a part says of itself: what the whole reel does, and which part it is."""
    return {**description, "part": str(number)}


def frames_of(part: Part) -> tuple[int, int] | None:
    """The first and the last frame of the film in a part, None for one without frames."""
    with suppress(EmptyReel), Reel(part.path) as reel:
        if reel.frames:
            return reel.info(0).film_frame, reel.info(reel.frames - 1).film_frame
    return None


def first_after(reel: Reel, last: int) -> int:
    """The number of the first frame in a part that comes after the film's frame `last`."""
    return bisect_right(range(reel.frames), last, key=lambda number: reel.info(number).film_frame)
