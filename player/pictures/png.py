"""PNG files of frames and of the glass.

The encoder follows the PNG specification (W3C, third edition). Pillow is not used: a player on a panel loads
it only for captions and cards, and it costs more memory than the whole web page.
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from player.files import make_directory, write_whole

_GREY, _PALETTE = 0, 3  # colour types


def glass_pictures(
    directory: str | None, glass: Callable[[], NDArray[np.uint8]] | None, several: bool
) -> Callable[[Path, int], None]:
    """A function of (reel, number) that writes a picture of the simulated `glass`; it does nothing without
    one.

    With `several` reels each has its own directory below `directory`.
    """
    if glass is None or directory is None:
        return lambda reel, number: None
    above = Path(directory)

    def save(reel: Path, number: int) -> None:
        place = above / reel.stem if several else above
        make_directory(place)
        save_glass(place / f"glass-{number + 1:06}.png", glass())

    return save


def save_dither(path: Path, packed: NDArray[np.uint8], width: int) -> None:
    """Write a 1-bit PNG, 1 = white, of a packed dither uint8[H, ceil(width/8)]. FileError if that fails."""
    write_whole(path, one_bit(packed, width))


def save_glass(path: Path, glass: NDArray[np.uint8]) -> None:
    """Write an 8-bit grey PNG of the glass, uint8[H, W] of reflectance. FileError if that fails."""
    write_whole(path, grey(glass))


def one_bit(packed: NDArray[np.uint8], width: int) -> bytes:
    """A PNG of a packed dither, uint8[H, ceil(width/8)], 0 black and 1 white: greyscale, 1 bit per pixel."""
    return _png(width, 1, _GREY, packed)


def grey(picture: NDArray[np.uint8]) -> bytes:
    """A PNG of uint8[H, W], 0 black to 255 white: greyscale, 8 bits per pixel."""
    return _png(picture.shape[1], 8, _GREY, picture, level=1)


def sixteen_greys(picture: NDArray[np.uint8]) -> bytes:
    """A PNG of uint8[H, W], 0 black to 255 white: greyscale, 4 bits per pixel, rounded."""
    height, width = picture.shape
    levels = np.zeros((height, -(-width // 2) * 2), np.uint8)
    levels[:, :width] = (picture.astype(np.uint16) + 8) // 17
    return _png(width, 4, _GREY, levels[:, ::2] << np.uint8(4) | levels[:, 1::2])


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
    return _png(width, 2, _PALETTE, packed, bytes(grey for grey in greys for _ in range(3)))


def _png(
    width: int, bits: int, colours: int, rows: NDArray[np.uint8], palette: bytes = b"", level: int = 6
) -> bytes:
    """`rows`: packed pixels. Each row is stored unfiltered (a leading 0): dithers compress best that way."""
    lines = np.zeros((rows.shape[0], rows.shape[1] + 1), np.uint8)
    lines[:, 1:] = rows
    header = struct.pack(">IIBBBBB", width, rows.shape[0], bits, colours, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), level)), (b"IEND", b"")]
    if palette:
        chunks.insert(1, (b"PLTE", palette))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
