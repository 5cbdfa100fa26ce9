"""Which reels, in which order: the files and directories that a user names, and what follows a reel.

An order of chance is made anew for every round from the seed, the number of the round and the names of the
reels. So it is the same after a restart, and a reel that comes or goes moves no other.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from player.errors import ReelError
from player.files import why


def expand(names: Sequence[str], uploads: str | None = None) -> tuple[Path, ...]:
    """The reels named, each once, as absolute paths; a directory stands for its *.reel files in name order.

    `uploads`: one more directory, which need not exist yet. ReelError when there is no reel at all, or when a
    directory cannot be read.
    """
    found: list[Path] = []
    empty: Path | None = None
    for name in [*names, *([] if uploads is None else [uploads])]:
        path = Path(name).absolute()
        try:
            inside = sorted(entry for entry in path.iterdir() if entry.suffix == ".reel" and entry.is_file())
        except NotADirectoryError:
            inside = [path]
        except FileNotFoundError:  # opening it will say so; a directory that is not mounted comes back
            inside = [] if name == uploads else [path]
        except OSError as error:
            raise ReelError(f"{path}: cannot be read: {why(error)}; check its permissions") from None
        empty = path if not inside and empty is None else empty
        found += inside
    if not found and empty is not None:
        raise ReelError(f"{empty}: holds no *.reel file; copy one there, or make one with `trainer export`")
    if not found:
        raise ReelError("no reel to show: give one (player run FILM.reel), or set reels in the configuration")
    return tuple(dict.fromkeys(found))


def joined(names: Sequence[str], uploads: str | None) -> str:
    """What `expand` is given, as one text that tells it from other playlists."""
    return os.pathsep.join([*names, uploads or ""])


def arranged(reels: Sequence[Path], order: str, seed: int, round: int) -> tuple[Path, ...]:
    """The reels in the order of a round (0 is the first): as they are, or by chance with `order` "shuffle".

    Two rounds do not meet in the same reel; two reels alone therefore always take turns.
    """
    if order != "shuffle" or len(reels) < 3:
        return tuple(reels)
    shuffled = _shuffled(reels, seed, round)
    if round > 0 and shuffled[0] == _shuffled(reels, seed, round - 1)[-1]:
        shuffled[0], shuffled[1] = shuffled[1], shuffled[0]  # which leaves the last one where it is
    return tuple(shuffled)


def after(reels: Sequence[Path], reel: Path, before: Sequence[Path] = ()) -> tuple[Path, ...]:
    """The reels that come after `reel` in a round, none when it is the last.

    When it is not among them any more, those go on that came after it in `before`, the order of earlier;
    when it never was, all.
    """
    if reel in reels:
        return tuple(reels[reels.index(reel) + 1 :])
    if reel not in before:
        return tuple(reels)
    later = [path for path in before[before.index(reel) + 1 :] if path in reels]
    return tuple(reels[reels.index(later[0]) :]) if later else ()


def _shuffled(reels: Sequence[Path], seed: int, round: int) -> list[Path]:
    """Sorted by a hash of the name; the file's name alone, so that moved films keep their order."""

    def key(path: Path) -> tuple[bytes, Path]:
        text = f"{seed} {round} {path.name}".encode(errors="surrogateescape")
        return hashlib.sha256(text).digest(), path

    return sorted(reels, key=key)
