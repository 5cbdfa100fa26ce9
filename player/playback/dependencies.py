"""Everything that playback touches, handed in by whoever starts it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from player.config.settings import Config
from player.config.sources import Effective
from player.playback.requests import Request
from player.playback.status import StatusBoard
from player.progress import Progress, ShelfStore
from player.reel import Reel
from player.schedule.quiet import Local, system_local

Outcome = Literal["stopped", "ended", "reopen"]


class Store(Protocol):
    """Where the place in the film is kept."""

    def save(self, progress: Progress) -> None: ...


class RequestSource(Protocol):
    """Where requests come from: the next one, or None when that many seconds have passed without one."""

    def wait(self, seconds: float) -> Request | None: ...


class Address(NamedTuple):
    """The address of the web page: as people type it, and as the modules of a QR code (True = dark), or None
    where there is none.
    """

    url: str
    qr: NDArray[np.bool_] | None = None


def _nothing(*_: object) -> None:
    """Default callback: does nothing."""


@dataclass(frozen=True)
class Dependencies:
    """`open_reel` may raise Stopped, and so may whatever reads such a reel: the run then ends as with a STOP.
    `reload` reads the configuration again. `seen` is called with (reel, number) when a frame stands on the
    glass; `charted` when the chart does; `applied` with the configuration when it has changed; `ready` once,
    when the first picture stands
    or none is to be drawn for now; `alive` at least every `heartbeat` seconds (None: nobody waits for it),
    but for the time that the panel takes. `clock` is monotonic, `wall` Unix time, both in seconds; `local`
    gives the local time of a moment. `address` is that of the web page, None where there is none.
    """

    open_reel: Callable[[Path], Reel]
    store: Store
    inbox: RequestSource
    log: Callable[[str], None]
    reload: Callable[[], Effective]
    seen: Callable[[Path, int], None] = _nothing
    charted: Callable[[], None] = _nothing
    applied: Callable[[Config], None] = _nothing
    ready: Callable[[], None] = _nothing
    alive: Callable[[], None] = _nothing
    heartbeat: float | None = None
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    local: Local = system_local
    board: StatusBoard = field(default_factory=StatusBoard)
    shelf: ShelfStore = field(default_factory=ShelfStore)
    address: Callable[[], Address | None] = lambda: None
