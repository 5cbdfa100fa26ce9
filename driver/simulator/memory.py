"""The image memory of the simulated controller, and the loads that fill it.

One byte per cell, at its real address. A load stores one byte per pixel, the grey value in the top bits (a
4-bit 0xF becomes 0xF0, a 2-bit 3 becomes 0xC0), rows `pitch` bytes apart; normally the pitch is the panel's
width. The display engine reads the same cells either as such bytes or, in the 1 bit per pixel mode, as eight
pixels each, the leftmost in the least significant bit. Nothing remembers which format a cell was loaded in:
what is read wrongly looks wrong.

On the wire a row of a load starts in the 16-bit word that its first column falls into and ends with a whole
word, so an x or a width that is not a multiple of the pixels per word needs padding. The first pixel of a
word is in the least significant bits if the load is little-endian, in the most significant ones if it is
big-endian.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from driver.simulator.errors import AddressOutsideMemory
from driver.simulator.tables import (
    MEMORY_BYTES,
    PIXEL_FORMATS,
    Hardware,
)

Bytes2d = npt.NDArray[np.uint8]


@dataclass
class Load:
    """A load in progress: its arguments, where it goes, and the data so far."""

    address: int
    pitch: int
    big_endian: bool
    pixel_format: int
    rotate: int
    x: int
    y: int
    width: int
    height: int
    received: int = 0
    pieces: list[bytes] = field(default_factory=list)

    @property
    def row_bytes(self) -> int:
        """Bytes on the wire per row, padding included."""
        per_word = PIXEL_FORMATS[self.pixel_format][1]
        return -(-(self.x % per_word + self.width) // per_word) * 2

    @property
    def missing(self) -> int:
        """Bytes that the area still lacks; negative when it got too many."""
        return self.row_bytes * self.height - self.received

    def add(self, data: bytes) -> None:
        self.pieces.append(data)
        self.received += len(data)

    def rows(self) -> Bytes2d:
        """The complete rows that arrived, uint8[rows, width], one cell value per pixel."""
        count = min(self.received // self.row_bytes, self.height)
        received = b"".join(self.pieces)[: count * self.row_bytes]
        wire = np.frombuffer(received, np.uint8).reshape(count, self.row_bytes // 2, 2)
        # From here on byte 0 of each word holds its first pixels, whatever the endianness.
        data = (wire if self.big_endian else wire[:, :, ::-1]).reshape(count, self.row_bytes)
        bits, per_word = PIXEL_FORMATS[self.pixel_format]
        first = self.x % per_word
        if bits == 8:
            return data[:, first : first + self.width]
        cell = 2 if bits == 2 else 4
        shifts = list(range(0, 8, cell))  # how far left a pixel moves to reach the top of its byte
        if not self.big_endian:
            shifts.reverse()
        mask = 0x100 - (1 << (8 - bits))
        pixels = np.empty((count, data.shape[1] * len(shifts)), np.uint8)
        for position, shift in enumerate(shifts):
            pixels[:, position :: len(shifts)] = (data << shift) & mask
        return pixels[:, first : first + self.width]


class ImageMemory:
    """The memory behind a panel, as it is at power-up: the image area white, or with hardware.noise what real
    memory may hold: anything. AddressOutsideMemory from whatever would leave the memory."""

    def __init__(self, hardware: Hardware) -> None:
        self._width, self._height = hardware.width, hardware.height
        self._cells = np.zeros(MEMORY_BYTES, np.uint8)  # untouched pages cost nothing
        image = self._rows(hardware.address, self._width, self._width, self._height)
        if hardware.noise:
            image[:] = np.random.default_rng(8951).integers(0, 256, image.shape, np.uint8)
        else:
            image[:] = 0xFF

    def store(self, load: Load) -> None:
        """Put the complete rows of `load` where its rotation sends them (0..3 is 0, 90, 180, 270 degrees)."""
        pixels = load.rows()
        count = len(pixels)
        panel_width, panel_height = self._width, self._height
        match load.rotate:
            case 0:
                x, y = load.x, load.y
            case 1:
                x, y = load.y, panel_height - load.x - load.width
            case 2:
                x, y = panel_width - load.x - load.width, panel_height - load.y - count
            case _:
                x, y = panel_width - load.y - count, load.x
        pixels = np.rot90(pixels, load.rotate)
        height, width = pixels.shape
        if height and width:
            self._rows(load.address + y * load.pitch + x, load.pitch, width, height)[:] = pixels

    def levels(self, address: int, pitch: int, x: int, y: int, width: int, height: int) -> Bytes2d:
        """Levels 0..15 of an area, uint8[height, width], read as one byte per pixel."""
        return np.right_shift(self._rows(address + y * pitch + x, pitch, width, height), 4, dtype=np.uint8)

    def bitmap(
        self, address: int, pitch: int, x: int, y: int, width: int, height: int, colours: int
    ) -> Bytes2d:
        """Levels of an area read as one bit per pixel.

        `colours` is BGVR: the level of a 1 is in the top nibble of the low byte, that of a 0 in the high
        byte's.
        """
        first, last = x // 8, -(-(x + width) // 8)
        packed = self._rows(address + y * pitch + first, pitch, last - first, height)
        bits = np.unpackbits(packed, axis=1, bitorder="little")[:, x % 8 : x % 8 + width]
        return np.where(bits, np.uint8(colours >> 4 & 0xF), np.uint8(colours >> 12 & 0xF))

    def write(self, address: int, data: bytes) -> None:
        """Burst write: the low byte of each word (sent second) goes to the lower address."""
        self._check(address, len(data))
        words = np.frombuffer(data, np.uint8).reshape(-1, 2)
        self._cells[address : address + len(data)] = words[:, ::-1].reshape(-1)

    def read(self, address: int, words: int) -> bytes:
        """Burst read of `words` words in wire order, as far as the memory goes."""
        self._check(address, 0)
        words = min(words, (MEMORY_BYTES - address) // 2)
        return self._cells[address : address + 2 * words].reshape(-1, 2)[:, ::-1].tobytes()

    def _rows(self, start: int, pitch: int, width: int, height: int) -> Bytes2d:
        """A writable view uint8[height, width] of rows `pitch` bytes apart."""
        self._check(start, (height - 1) * pitch + width)
        return np.lib.stride_tricks.as_strided(self._cells[start:], (height, width), (pitch, 1))

    def _check(self, start: int, count: int) -> None:
        if start < 0 or start + count > MEMORY_BYTES:
            raise AddressOutsideMemory(
                f"{count} bytes at 0x{start:08X} do not fit into the {MEMORY_BYTES} bytes of memory"
            )
