"""What a player lives in: everything that playback touches, handed in by whoever starts it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from player.config.settings import Config
from player.config.sources import Effective
from player.playback.board import Board
from player.playback.requests import Request
from player.progress import Progress
from player.reel import Reel
from player.schedule.quiet import (
    Local,
    system_local,
)

Outcome = Literal["stopped", "ended", "reopen"]


class Panel(Protocol):
    """What playback needs of a panel; `size` is (width, height) in pixels.

    PanelError from any call ends the run; PanelReset from `show`, `redraw` or `clean` says that the panel was
    opened anew and may show anything.
    """

    @property
    def size(self) -> tuple[int, int]: ...
    def show(self, dither: NDArray[np.uint8], rows: slice, shown: Any) -> None: ...
    def redraw(self, dither: NDArray[np.uint8]) -> None: ...
    def clear(self) -> None: ...
    def sleep(self) -> None: ...


class Store(Protocol):
    """Where the place is kept."""

    def save(self, progress: Progress) -> None: ...


class Waits(Protocol):
    """Where requests come from: the next one, or None when that many seconds have passed without."""

    def wait(self, seconds: float) -> Request | None: ...


class Address(NamedTuple):
    """Of the web page: as people type it, and as the modules of a QR code (True = dark), if there is one."""

    url: str
    qr: NDArray[np.bool_] | None = None


def _nothing(*_: object) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class Surroundings:
    """`reload` reads the configuration again; `seen` is called with (reel, number) when a frame stands on the
    glass; `applied` with the configuration when it has changed; `ready` once, when the first picture stands,
    or when there is none to be drawn for now; `alive` at least every `heartbeat` seconds (None: nobody
    waits for it), but for the time that the panel takes. `clock` is monotonic, `wall` Unix time, both in
    seconds; `local` gives the local time of a moment. `address`: of the web page, None where there is none.
    """

    open_reel: Callable[[Path], Reel]
    store: Store
    inbox: Waits
    log: Callable[[str], None]
    reload: Callable[[], Effective]
    seen: Callable[[Path, int], None] = _nothing
    applied: Callable[[Config], None] = _nothing
    ready: Callable[[], None] = _nothing
    alive: Callable[[], None] = _nothing
    heartbeat: float | None = None
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    local: Local = system_local
    board: Board = field(default_factory=Board)
    address: Callable[[], Address | None] = lambda: None
