"""Which reels, in which order: the files and directories that a user names, and what follows a reel."""

from collections.abc import Sequence
from pathlib import Path

from player.errors import ReelError
from player.files import why


def expand(names: Sequence[str]) -> tuple[Path, ...]:
    """The reels named, as absolute paths; a directory stands for its *.reel files in name order.

    ReelError when that is none at all.
    """
    found: list[Path] = []
    for name in names:
        path = Path(name).absolute()
        if not path.is_dir():
            found.append(path)
            continue
        try:
            inside = sorted(entry for entry in path.iterdir() if entry.suffix == ".reel" and entry.is_file())
        except OSError as error:
            raise ReelError(f"{path}: cannot be read: {why(error)}; check its permissions") from None
        if not inside:
            raise ReelError(
                f"{path}: holds no *.reel file; copy one there, or make one with `trainer export`"
            )
        found += inside
    if not found:
        raise ReelError("no reel to show: give one (player run FILM.reel), or set reels in the configuration")
    return tuple(found)


def following(reels: Sequence[Path], reel: Path, end: str) -> Path | None:
    """The reel that comes after `reel` under the setting `end` (stop, next, loop), None when the showing is
    over.
    """
    if end == "stop":
        return None
    later = reels[reels.index(reel) + 1 :] if reel in reels else reels
    if later:
        return later[0]
    return reels[0] if end == "loop" else None
