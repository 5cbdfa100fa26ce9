"""What the remote knows: the parts that the routes work with, put together once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from player.config.settings import Config
from player.playback.requests import Inbox
from player.playback.status import StatusBoard
from player.service.process import LogTail
from player.web.actions import (
    Actions,
    Settable,
)
from player.web.guard import Guard
from player.web.images import Pictures
from player.web.pace import Bucket
from player.web.reel_list import ReelList
from player.web.uploads import (
    Uploads,
    free_bytes,
)


@dataclass(frozen=True)
class Remote:
    """`urls`: where the page is found now; `wall`: Unix seconds; `settable` as in Actions; `sleep` in
    seconds.
    """

    board: StatusBoard
    guard: Guard
    actions: Actions
    pictures: Pictures
    reels: ReelList
    uploads: Uploads
    settable: Settable
    log_tail: LogTail
    urls: Callable[[], list[str]]
    wall: Callable[[], float]
    sleep: Callable[[float], None]

    def status(self) -> dict[str, Any]:
        """The snapshot, with what belongs to it here. JSON."""
        snapshot = self.board.latest().snapshot
        picture = self.pictures.panel()
        return {
            **vars(snapshot),
            "playlist": list(snapshot.playlist),
            "settings": dict(snapshot.settings),
            "name": None if snapshot.reel is None else Path(snapshot.reel).name,
            "picture": None if picture is None else picture.tag,
            "now": self.wall(),
            "version": _version(),
        }


def put_together(
    config: Config,
    board: StatusBoard,
    inbox: Inbox,
    settable: Settable,
    films: Path | None,
    log_tail: LogTail,
    guard: Guard,
    log: Callable[[str], None],
    urls: Callable[[], list[str]],
    clock: Callable[[], float] = time.monotonic,
    wall: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    free: Callable[[Path], int] = free_bytes,
) -> Remote:
    """The parts for these settings; `clock` in seconds, monotonic."""
    reels = ReelList(board, films)

    def size() -> tuple[int, int] | None:
        dither = board.latest().dither
        return None if dither is None else (dither.shape[1], dither.shape[0])

    limit, keep = int(config.upload_limit * 1e6), int(config.free_space * 1e6)
    return Remote(
        board,
        guard,
        Actions(board, inbox, settable, reels, Bucket(20, 5.0, clock)),
        Pictures(board),
        reels,
        Uploads(films, limit, keep, size, clock, free, log),
        settable,
        log_tail,
        urls,
        wall,
        sleep,
    )


def _version() -> str:
    try:
        return version("longtake")
    except PackageNotFoundError:  # run from a source tree that was not installed
        return "unknown"
