"""The three ways a dither can lie in the image memory, and the packing of pixels into bytes. Pure numpy.

Each format says which columns of the glass it reaches and how rows are loaded and displayed. They share one
image memory, so the panel reloads the whole frame when it changes from one to another. Only full-width bands
of rows, from column 0: one user saw scatter with others.

A dither is uint8[H, W], 0 black, 1 white. Packed bytes are uint8[rows, bytes per row], in the order in which
they travel on the wire.
"""

from typing import NamedTuple, Protocol

import numpy as np

from driver.errors import DitherError
from driver.it8951 import controller as it8951
from driver.it8951.controller import Area

_FOUR_BIT_GROUPS = np.packbits(
    np.repeat(np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1), 4, axis=1), axis=1
).view(np.uint32)[:, 0]
"""uint32[256]: eight pixels, one bit each, leftmost in the highest bit -> the four bytes of the same eight
pixels."""


class Load(NamedTuple):
    """One load: where to, how packed (codes of LD_IMG_AREA), and the bytes, uint8[n]."""

    area: Area
    endian: int
    bits: int
    data: np.ndarray


class Format(Protocol):
    """A way to lay out a dither in the image memory. `one_bit` and `pitch`: see Controller.display."""

    @property
    def columns(self) -> int:
        """How many columns of the glass it reaches, from the left."""
        ...

    @property
    def one_bit(self) -> bool: ...

    @property
    def pitch(self) -> int | None: ...

    def load(self, dither: np.ndarray, rows: slice) -> Load:
        """The load after which the memory holds `rows` of `dither`, uint8[H, W] of the panel's size."""
        ...


class FourBits:
    """Four bits per pixel: every column, four times the bytes, understood by every firmware."""

    one_bit = False
    pitch: int | None = None

    def __init__(self, width: int) -> None:
        self.columns = width // 4 * 4

    def load(self, dither: np.ndarray, rows: slice) -> Load:
        """See Format."""
        area = Area(0, rows.start, self.columns, rows.stop - rows.start)
        data = pack_4bpp(dither[rows, : self.columns])
        return Load(area, it8951.BIG, it8951.FOUR_BITS, data.reshape(-1))


class OneBit:
    """One bit per pixel, loaded as an 8-bit picture of an eighth of the width; whole groups of `group`
    columns, 16 or 32.
    """

    one_bit = True
    pitch: int | None = None

    def __init__(self, width: int, group: int) -> None:
        self.columns = width // group * group

    def load(self, dither: np.ndarray, rows: slice) -> Load:
        """See Format."""
        area = Area(0, rows.start, self.columns // 8, rows.stop - rows.start)
        data = pack_1bpp(dither[rows, : self.columns])
        return Load(area, it8951.LITTLE, it8951.EIGHT_BITS, data.reshape(-1))


class OneBitAllColumns:
    """One bit per pixel in every column, by a pitch of whole 32-pixel groups (184 bytes for 1448 columns).

    The display reads rows one pitch apart, while a load puts its rows one panel width apart. So the memory is
    written end to end, in lines of the panel's width. The lines at both ends of a band also carry parts of
    its neighbour rows, which are then loaded but not displayed.
    """

    one_bit = True

    def __init__(self, width: int) -> None:
        self.columns = width
        self.pitch = -(-width // 32) * 4

    def load(self, dither: np.ndarray, rows: slice) -> Load:
        """See Format."""
        line = self.columns
        memory = pack_linear(dither, self.pitch, line)
        first, last = rows.start * self.pitch // line, -(-rows.stop * self.pitch // line)
        area = Area(0, first, line, last - first)
        return Load(area, it8951.LITTLE, it8951.EIGHT_BITS, memory[first:last].reshape(-1))


def pack_1bpp(dither: np.ndarray) -> np.ndarray:
    """uint8[H, W] -> uint8[H, W / 8] for a little-endian load; W a multiple of 16.

    The leftmost pixel is the lowest bit of its byte, and a little-endian load swaps the two bytes of a word
    on the wire.
    """
    width = dither.shape[1]
    if width % 16:
        raise DitherError(f"{width} columns are not whole 16-bit words of one bit per pixel")
    return swap_bytes(np.packbits(dither, axis=1, bitorder="little"))


def pack_4bpp(dither: np.ndarray) -> np.ndarray:
    """uint8[H, W] -> uint8[H, W / 2] for a big-endian load; W a multiple of 4.

    Black is 0x0, white 0xF. A big-endian load leaves the bytes from left to right, with the left pixel in the
    high half.
    """
    width = dither.shape[1]
    if width % 4:
        raise DitherError(f"{width} columns are not whole 16-bit words of four bits per pixel")
    groups = _FOUR_BIT_GROUPS[np.packbits(dither, axis=1)]
    return groups.view(np.uint8)[:, : width // 2]


def pack_linear(dither: np.ndarray, pitch: int, line: int) -> np.ndarray:
    """One bit per pixel at `pitch` bytes a row, written end to end and cut into lines of `line` bytes.

    uint8[H, W] -> uint8[lines, line], for loads whose rows are `line` bytes apart while the display reads
    rows that are `pitch` bytes apart. `pitch` is a multiple of 4, `line` is even; the rest of the last line
    is 0.
    """
    height = len(dither)
    rows = np.packbits(dither, axis=1, bitorder="little")
    memory = np.zeros(-(-height * pitch // line) * line, np.uint8)
    memory[: height * pitch].reshape(height, pitch)[:, : rows.shape[1]] = rows
    return swap_bytes(memory.reshape(-1, line))


def swap_bytes(words: np.ndarray) -> np.ndarray:
    """uint8[H, even] -> the same with the two bytes of every 16-bit word swapped."""
    return np.ascontiguousarray(words).view(np.uint16).byteswap().view(np.uint8)
