"""The three ways a dither can lie in the image memory, behind one seam.

Each says which columns of the glass it reaches and how rows of it are loaded and displayed. One image memory
serves them all, so the panel reloads the whole frame when it changes from one to another. Only full-width
bands of rows, from column 0: one bench saw scatter with others.
"""

from typing import NamedTuple, Protocol

import numpy as np

from driver.it8951 import controller as it8951
from driver.it8951.controller import Area
from driver.it8951.pixels import (
    pack_1bpp,
    pack_4bpp,
    pack_linear,
)


class Load(NamedTuple):
    """One load: where to, how packed (codes of LD_IMG_AREA), and the bytes, uint8[n]."""

    area: Area
    endian: int
    bits: int
    data: np.ndarray


class Format(Protocol):
    """A way to lay a dither out in the image memory."""

    @property
    def columns(self) -> int:
        """How many columns of the glass it reaches, from the left."""
        ...

    @property
    def one_bit(self) -> bool:
        """For Controller.display."""
        ...

    @property
    def pitch(self) -> int | None:
        """For Controller.display."""
        ...

    def load(self, dither: np.ndarray, rows: slice) -> Load:
        """What to write so that the memory holds `rows` of `dither`, uint8[H, W] of the panel's size."""
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
    """One bit per pixel, loaded as an 8-bit picture of an eighth of the width; whole groups of 32 columns."""

    one_bit = True
    pitch: int | None = None

    def __init__(self, width: int) -> None:
        self.columns = width // 32 * 32

    def load(self, dither: np.ndarray, rows: slice) -> Load:
        """See Format."""
        area = Area(0, rows.start, self.columns // 8, rows.stop - rows.start)
        data = pack_1bpp(dither[rows, : self.columns])
        return Load(area, it8951.LITTLE, it8951.EIGHT_BITS, data.reshape(-1))


class OneBitAllColumns:
    """One bit per pixel in every column, by a pitch of whole 32-pixel groups (184 bytes for 1448 columns).

    The display reads rows one pitch apart, while a load puts its rows one panel width apart. So the memory is
    written as it lies, on end, in lines of the panel's width; the lines at both ends of a band also carry
    parts of its neighbour rows, which are then loaded but not displayed.
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
