"""Dithers to the controller's bytes and back, and row arithmetic. Pure numpy, a few calls per frame.

A dither is uint8[H, W], 0 black, 1 white. Bytes come as uint8[rows, bytes of a row], in the order in which
they travel on the wire.
"""

import numpy as np

from driver.errors import DitherError

_FOUR_BIT_GROUPS = np.packbits(
    np.repeat(np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1), 4, axis=1), axis=1
).view(np.uint32)[:, 0]
"""uint32[256]: eight pixels, one bit each, leftmost in the highest bit -> the four bytes of the same eight
pixels."""


def pack_1bpp(dither: np.ndarray) -> np.ndarray:
    """uint8[H, W] -> uint8[H, W / 8] for a little-endian load; W a multiple of 16.

    The leftmost pixel is the lowest bit of its byte, and a little-endian load exchanges the two bytes of a
    wire word.
    """
    width = dither.shape[1]
    if width % 16:
        raise DitherError(f"{width} columns are not whole 16-bit words of one bit per pixel")
    return exchange_bytes(np.packbits(dither, axis=1, bitorder="little"))


def unpack_1bpp(packed: np.ndarray) -> np.ndarray:
    """The inverse of pack_1bpp: uint8[H, bytes] -> uint8[H, 8 * bytes]."""
    return np.unpackbits(exchange_bytes(packed), axis=1, bitorder="little")


def pack_4bpp(dither: np.ndarray) -> np.ndarray:
    """uint8[H, W] -> uint8[H, W / 2] for a big-endian load; W a multiple of 4.

    Black is 0x0, white 0xF. A big-endian load leaves the bytes from left to right, the left pixel in the high
    half.
    """
    width = dither.shape[1]
    if width % 4:
        raise DitherError(f"{width} columns are not whole 16-bit words of four bits per pixel")
    groups = _FOUR_BIT_GROUPS[np.packbits(dither, axis=1)]
    return groups.view(np.uint8)[:, : width // 2]


def unpack_4bpp(packed: np.ndarray) -> np.ndarray:
    """The inverse of pack_4bpp for black and white: uint8[H, bytes] -> uint8[H, 2 * bytes]."""
    return np.stack([packed >> 7, packed >> 3 & 1], axis=2).reshape(len(packed), -1)


def exchange_bytes(words: np.ndarray) -> np.ndarray:
    """uint8[H, even] -> the same with the two bytes of every 16-bit word exchanged."""
    return np.ascontiguousarray(words).view(np.uint16).byteswap().view(np.uint8)


def pack_linear(dither: np.ndarray, pitch: int, line: int) -> np.ndarray:
    """One bit per pixel at `pitch` bytes a row, written on end and cut into lines of `line` bytes.

    uint8[H, W] -> uint8[lines, line], for loads whose rows are `line` bytes apart while the display reads
    rows that are `pitch` bytes apart. `pitch` is a multiple of 4, `line` is even; what is left of the last
    line is 0.
    """
    height = len(dither)
    rows = np.packbits(dither, axis=1, bitorder="little")
    memory = np.zeros(-(-height * pitch // line) * line, np.uint8)
    memory[: height * pitch].reshape(height, pitch)[:, : rows.shape[1]] = rows
    return exchange_bytes(memory.reshape(-1, line))


def changed_rows(before: np.ndarray, after: np.ndarray) -> slice:
    """The rows from the first to the last that differ between two dithers; an empty slice when none does."""
    rows = np.flatnonzero((before != after).any(axis=1))
    return slice(int(rows[0]), int(rows[-1]) + 1) if len(rows) else slice(0, 0)


def turned_rows(rows: slice, height: int) -> slice:
    """The same rows after a rotation by 180 degrees of a picture of `height` rows."""
    return slice(height - rows.stop, height - rows.start)
