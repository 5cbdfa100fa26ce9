"""The panel and the glass as PNG files, encoded once for each picture.

The glass is the one that the player believes in: the dither on the panel, with its ghosts. A pixel drawn
black over white by a partial update stays slightly grey until the next redraw. The player knows the dither
now on the panel and the one of the last redraw, so it can tell which pixels went from white to black in
between. A pixel that was black at the redraw, went white and came back is a ghost too, but the two dithers do
not show it. Such pixels are rare, and the picture shows them black. The greys are chosen to be visible;
nobody has measured them.
"""

import hashlib
import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from player.pictures.png import few_greys, one_bit
from player.playback.status import StatusBoard

BLACK, GHOST, WHITE = 32, 48, 224  # reflectance, 0 to 255


class Picture(NamedTuple):
    """A PNG file, and a tag that identifies its content, for ETag."""

    tag: str
    png: bytes


class Pictures:
    """The two pictures of what the board holds. Thread-safe."""

    def __init__(self, board: StatusBoard) -> None:
        self._board, self._lock = board, threading.Lock()
        self._of: tuple[object, object] = (None, None)
        self._panel: Picture | None = None
        self._glass: Picture | None = None

    def panel(self) -> Picture | None:
        """The dither on the panel, 1 bit per pixel; None before the first."""
        with self._lock:
            dither, _ = self._now()
            if self._panel is None and dither is not None:
                self._panel = _named(one_bit(np.packbits(dither, axis=1), dither.shape[1]))
            return self._panel

    def glass(self) -> Picture | None:
        """The glass with its ghosts; None before the first redraw."""
        with self._lock:
            dither, redrawn = self._now()
            if self._glass is None and dither is not None and redrawn is not None:
                self._glass = _named(few_greys(believed_glass(dither, redrawn), (BLACK, GHOST, WHITE)))
            return self._glass

    def _now(self) -> tuple[NDArray[np.uint8] | None, NDArray[np.uint8] | None]:
        """The two dithers; drops pictures that were made of older ones."""
        _, dither, redrawn = self._board.latest()
        if self._of[0] is not dither or self._of[1] is not redrawn:
            self._of, self._panel, self._glass = (dither, redrawn), None, None
        return dither, redrawn


def believed_glass(dither: NDArray[np.uint8], redrawn: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Reflectance uint8[H, W] of BLACK, GHOST and WHITE, from the dither now on the panel and the one of the
    last redraw, both uint8[H, W] of 0 and 1.
    """
    seen = np.where(dither, np.uint8(WHITE), np.uint8(BLACK))
    seen[dither < redrawn] = GHOST
    return seen


def _named(png: bytes) -> Picture:
    return Picture(hashlib.blake2b(png, digest_size=12).hexdigest(), png)
