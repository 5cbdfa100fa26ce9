"""The panel and the glass as PNG files, encoded once for each picture.

The encoder follows the PNG specification (W3C, third edition). Pillow is not used: the player on a panel
never loads it otherwise, and it would cost more memory than this whole page.
"""

import hashlib
import struct
import threading
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from player.pictures import ghosts
from player.playback.status import StatusBoard

_LEVEL = 6  # of zlib
_GREYS = (ghosts.BLACK, ghosts.GHOST, ghosts.WHITE)


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
                self._panel = _named(one_bit(dither))
            return self._panel

    def glass(self) -> Picture | None:
        """The glass with its ghosts; None before the first redraw."""
        with self._lock:
            dither, redrawn = self._now()
            if self._glass is None and dither is not None and redrawn is not None:
                self._glass = _named(few_greys(ghosts.glass(dither, redrawn), _GREYS))
            return self._glass

    def _now(self) -> tuple[NDArray[np.uint8] | None, NDArray[np.uint8] | None]:
        """The two dithers; drops pictures that were made of older ones."""
        _, dither, redrawn = self._board.latest()
        if self._of[0] is not dither or self._of[1] is not redrawn:
            self._of, self._panel, self._glass = (dither, redrawn), None, None
        return dither, redrawn


def _named(png: bytes) -> Picture:
    return Picture(hashlib.blake2b(png, digest_size=12).hexdigest(), png)


def one_bit(dither: NDArray[np.uint8]) -> bytes:
    """A PNG of uint8[H, W], 0 black and 1 white: greyscale, 1 bit per pixel."""
    return _png(dither.shape, 1, 0, b"", np.packbits(dither, axis=1))


def few_greys(picture: NDArray[np.uint8], greys: Sequence[int]) -> bytes:
    """A PNG of uint8[H, W] that holds only these (at most four) greys: a palette, 2 bits per pixel."""
    index = np.zeros(256, np.uint8)
    index[list(greys)] = np.arange(len(greys))
    height, width = picture.shape
    padded = np.zeros((height, -(-width // 4) * 4), np.uint8)
    padded[:, :width] = index[picture]
    packed = np.zeros((height, padded.shape[1] // 4), np.uint8)
    for place in range(4):
        packed |= padded[:, place::4] << np.uint8(6 - 2 * place)
    return _png(picture.shape, 2, 3, bytes(grey for grey in greys for _ in range(3)), packed)


def _png(shape: tuple[int, ...], bits: int, colours: int, palette: bytes, rows: NDArray[np.uint8]) -> bytes:
    """`rows`: packed pixels. Each row is stored unfiltered (a leading 0): dithers compress best that way."""
    lines = np.zeros((rows.shape[0], rows.shape[1] + 1), np.uint8)
    lines[:, 1:] = rows
    header = struct.pack(">IIBBBBB", shape[1], shape[0], bits, colours, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), _LEVEL)), (b"IEND", b"")]
    if palette:
        chunks.insert(1, (b"PLTE", palette))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
