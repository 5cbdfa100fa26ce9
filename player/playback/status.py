"""What the player does at this moment, for those who ask from other threads (the web page).

Playback publishes after every change. A reader takes the latest view whole and never waits for the panel.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from player.progress import Shelf


@dataclass(frozen=True)
class Status:
    """`reel`: absolute path, None while there is none; `title` of the film. `frame`: number of the frame on
    the panel, None while a card stands there; of `frames`. `time_ms`, `duration_ms`: its time and the reel's
    last, milliseconds of the film. `shown_at`, `next_due`: Unix seconds; no `next_due` while nothing is due
    (paused, waiting for films, over). `interval`: seconds from frame to frame, as used now. `quiet`: within
    quiet hours. `redraws` in all; `net`: share of the pixels that differ from the last redraw. `playlist`:
    absolute paths in the order of showing. `message`: what it waits for, empty when the film runs.
    `settings`: the keys that may be SET, with their values now. `ends`: Unix seconds when the last frame of
    the reel has stood for an interval, None while that is not known; `left`: frames of it still to come.
    `up_next`: absolute path of the reel that follows, None when none does. `shelf`: what people arranged.
    `handled`: the number of the last request that was carried out; `busy`: a frame that was asked for is
    still to be drawn; `refused`: why the last request could not be carried out, empty when it could.
    """

    reel: str | None = None
    title: str = ""
    frame: int | None = None
    frames: int = 0
    time_ms: int | None = None
    duration_ms: int | None = None
    shown_at: float | None = None
    next_due: float | None = None
    interval: float = 0.0
    paused: bool = False
    quiet: bool = False
    redraws: int = 0
    net: float = 0.0
    playlist: tuple[str, ...] = ()
    message: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    ends: float | None = None
    left: int = 0
    up_next: str | None = None
    shelf: Shelf = field(default_factory=Shelf)
    handled: int = 0
    busy: bool = False
    refused: str = ""


class View(NamedTuple):
    """A status; the dither on the panel now and that of the last redraw, uint8[H, W] and read-only, None
    before the first picture.
    """

    snapshot: Status
    dither: NDArray[np.uint8] | None
    redrawn: NDArray[np.uint8] | None


class StatusBoard:
    """The latest view. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._view = View(Status(), None, None)

    def publish(
        self,
        status: Status,
        dither: NDArray[np.uint8] | None = None,
        redrawn: NDArray[np.uint8] | None = None,
    ) -> None:
        """Replace the view; a dither that is not given stays as it was. The caller changes neither after."""
        with self._lock:
            self._view = View(
                status,
                self._view.dither if dither is None else _frozen(dither),
                self._view.redrawn if redrawn is None else _frozen(redrawn),
            )

    def latest(self) -> View:
        """What was published last."""
        with self._lock:
            return self._view


def _frozen(dither: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same pixels, read-only."""
    view = dither.view()
    view.flags.writeable = False
    return view
