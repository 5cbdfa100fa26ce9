"""Loads and displays of the simulated controller: payload bytes to image memory, image memory to glass.

Imaging checks what the IT8951 or its panel cannot do (areas outside the panel, modes that the LUT table
lacks, unaligned bitmaps) and keeps the time that an update takes. The glass changes when the display command
comes; LUTAFSR is busy for the time of the waveform all the same.

Image memory has one byte per cell, at its real address. A load stores one byte per pixel, the grey value in
the top bits (a 4-bit 0xF becomes 0xF0, a 2-bit 3 becomes 0xC0), rows `pitch` bytes apart; normally the pitch
is the panel's width. The display engine reads the same cells either as such bytes or, in the 1 bit per pixel
mode, as eight pixels each, the leftmost in the least significant bit. Nothing remembers which format a cell
was loaded in: what is read wrongly looks wrong.

On the wire a row of a load starts in the 16-bit word that its first column falls into and ends with a whole
word, so an x or a width that is not a multiple of the pixels per word needs padding. The first pixel of a
word is in the least significant bits if the load is little-endian, in the most significant ones if it is
big-endian.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from driver.simulator import errors
from driver.simulator.glass import WHITE_LEVEL, Glass, Waveform
from driver.simulator.it8951 import tables
from driver.simulator.time import VirtualTime

Bytes2d = npt.NDArray[np.uint8]


@dataclass
class Load:
    """A load in progress: its arguments, its target, and the data so far."""

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
        per_word = tables.PIXEL_FORMATS[self.pixel_format][1]
        return -(-(self.x % per_word + self.width) // per_word) * 2

    @property
    def missing(self) -> int:
        """Bytes that the area still needs; negative after too many."""
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
        bits, per_word = tables.PIXEL_FORMATS[self.pixel_format]
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
    """The memory behind a panel. At power-up the image area is white, or random with hardware.noise, as real
    memory may hold anything. Whatever would leave the memory raises AddressOutsideMemory.
    """

    def __init__(self, hardware: tables.Hardware) -> None:
        self._width, self._height = hardware.width, hardware.height
        self._cells = np.zeros(tables.MEMORY_BYTES, np.uint8)  # untouched pages cost nothing
        image = self._rows(hardware.address, self._width, self._width, self._height)
        if hardware.noise:
            image[:] = np.random.default_rng(8951).integers(0, 256, image.shape, np.uint8)
        else:
            image[:] = 0xFF

    def store(self, load: Load) -> None:
        """Store the complete rows of `load`, turned by its rotation (0..3 is 0, 90, 180, 270 degrees)."""
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
        """Burst read of `words` words in wire order, up to the end of the memory."""
        self._check(address, 0)
        words = min(words, (tables.MEMORY_BYTES - address) // 2)
        return self._cells[address : address + 2 * words].reshape(-1, 2)[:, ::-1].tobytes()

    def _rows(self, start: int, pitch: int, width: int, height: int) -> Bytes2d:
        """A writable view uint8[height, width] of rows `pitch` bytes apart."""
        self._check(start, (height - 1) * pitch + width)
        return np.lib.stride_tricks.as_strided(self._cells[start:], (height, width), (pitch, 1))

    def _check(self, start: int, count: int) -> None:
        if start < 0 or start + count > tables.MEMORY_BYTES:
            raise errors.AddressOutsideMemory(
                f"{count} bytes at 0x{start:08X} do not fit into the {tables.MEMORY_BYTES} bytes of memory"
            )


class Imaging:
    """Image memory, glass and display engine of one panel.

    registers: the controller's register file, shared. object_to: takes a breach, and raises or tolerates it.
    """

    def __init__(
        self,
        hardware: tables.Hardware,
        glass: Glass,
        registers: dict[int, int],
        time: VirtualTime,
        faults: tables.Faults,
        object_to: Callable[[errors.ProtocolError], None],
    ) -> None:
        self._hardware = hardware
        self._glass = glass
        self._registers = registers
        self._time = time
        self._faults = faults
        self._object_to = object_to
        self._memory = ImageMemory(hardware)
        self._load: Load | None = None
        self._filled_now = False
        self._displaying_until = 0.0
        self._woken = False

    @property
    def memory(self) -> ImageMemory:
        return self._memory

    @property
    def loading(self) -> bool:
        return self._load is not None

    @property
    def displaying_for(self) -> float:
        """Seconds until LUTAFSR is 0; 0 when it is."""
        return max(0.0, self._displaying_until - self._time.now)

    def restart(self) -> None:
        """Image memory, a load and a running update are lost."""
        self._memory = ImageMemory(self._hardware)
        self._load = None
        self._filled_now = False
        self._displaying_until = 0.0
        self._woken = False

    def wake(self) -> None:
        """SYS_RUN after SLEEP."""
        self._woken = True

    def begin_load(self, kind: int, x: int, y: int, width: int, height: int) -> None:
        """LD_IMG_AREA; kind = endianness << 8 | pixel format << 4 | rotation."""
        endianness, pixel_format, rotate = kind >> 8, kind >> 4 & 0xF, kind & 0xF
        if endianness > 1 or pixel_format > 3 or rotate > 3:
            raise errors.BadArgument(
                f"load argument 0x{kind:04X}: endianness 0-1, pixel format 0-3, rotation 0-3, nothing else"
            )
        self._check_area("load", x, y, width, height, rotate)
        if self.displaying_for:
            self._object_to(errors.LoadWhileDisplaying("a load began while LUTAFSR was not 0"))
        if self._registers.get(tables.I80CPCR, 0) & 1 == 0:
            self._object_to(errors.UnpackedLoad("a load without packed mode: I80CPCR was not set to 1"))
        target = self._registers[tables.LISAR_HIGH] << 16 | self._registers[tables.LISAR_LOW]
        self._load = Load(target, self._pitch(), endianness == 1, pixel_format, rotate, x, y, width, height)

    def begin_whole_load(self, kind: int) -> None:
        """LD_IMG: a load of the whole panel, as the host sees it after rotation."""
        self.begin_load(kind, 0, 0, *self._hardware.size(kind & 0xF))

    def load_data(self, data: bytes) -> None:
        """Payload of the load in progress."""
        load = self._load
        assert load is not None
        if load.missing <= 0 and not self._filled_now:
            raise errors.LoadOverrun(f"{len(data)} more bytes than the {load.received} that fill the area")
        load.add(data)
        if load.missing <= 0:
            self._filled_now = True

    def window_begins(self) -> None:
        """A chip-select window begins."""
        self._filled_now = False

    def window_ended(self) -> None:
        """The chip-select window is over: judge the data that came after the area was full."""
        if self._load is None or self._load.missing >= 0:
            return
        load, surplus = self._load, -self._load.missing
        load.received -= surplus  # dropped, whatever the verdict
        message = f"{surplus} more bytes than the {load.received} that fill the area"
        if surplus % load.row_bytes:
            raise errors.LoadOverrun(message)
        self._object_to(errors.SurplusRows(message))

    def end_load(self) -> None:
        """LD_IMG_END: the data goes to memory."""
        load, self._load = self._load, None
        if load is None:
            raise errors.LoadNotBegun("LD_IMG_END without a load")
        self._memory.store(load)
        if load.missing > 0:
            self._object_to(errors.ShortLoad(f"LD_IMG_END {load.missing} bytes before the area was full"))

    def drop_load(self) -> None:
        """Drop a load that was never ended."""
        self._load = None

    def display(self, x: int, y: int, width: int, height: int, mode: int, address: int | None = None) -> None:
        """DPY_AREA, or with an address DPY_BUF_AREA."""
        self._check_area("display", x, y, width, height, 0)
        if mode >= len(self._hardware.modes):
            raise errors.ModeOutOfRange(
                f"waveform mode {mode}: the {self._hardware.lut} table has 0-{len(self._hardware.modes) - 1}"
            )
        if self.displaying_for:
            self._object_to(errors.DisplayWhileDisplaying("a display command while LUTAFSR was not 0"))
        start, pitch = self._hardware.address if address is None else address, self._pitch()
        waveform = self._hardware.modes[mode]
        if self._registers.get(tables.UP1SR_HIGH, 0) & tables.BITMAP_BIT:
            self._check_alignment(x, width, pitch, waveform)
            colours = self._registers.get(tables.BGVR, 0)
            levels = self._memory.bitmap(start, pitch, x, y, width, height, colours)
            if self._faults.bitmap_ignored:
                levels[:] = WHITE_LEVEL
        else:
            levels = self._memory.levels(start, pitch, x, y, width, height)
        if self._faults.idle_after_wake and self._woken:
            return
        self._glass.update(x, y, levels, waveform)
        begin = max(self._time.now, self._displaying_until)
        self._displaying_until = begin + tables.DURATIONS[waveform]

    def _own_pitch(self) -> bool:
        return bool(self._registers.get(tables.UP1SR_HIGH, 0) & tables.PITCH_BIT)

    def _pitch(self) -> int:
        """Bytes between rows of image memory: the panel's width, or with bit 17 of UP1SR 4 x register 0x124C.

        That the register holds for loads as well as for displays is an assumption: nobody has published it
        for SPI.
        """
        if not self._own_pitch():
            return self._hardware.width
        pitch = 4 * self._registers.get(tables.PITCH, 0)
        if pitch == 0:
            raise errors.BadArgument("UP1SR asks for a pitch of its own, but register 0x124C is 0")
        return pitch

    def _check_alignment(self, x: int, width: int, pitch: int, waveform: Waveform) -> None:
        if self._hardware.lut not in tables.ALIGNED_LUTS or (x % 32 == 0 and width % 32 == 0):
            return
        if self._own_pitch() and x % 32 == 0 and x + width <= 8 * pitch:
            return
        breach = errors.UnalignedErase if waveform == "INIT" else errors.UnalignedBitmap
        self._object_to(
            breach(
                f"1 bit per pixel display at x {x}, width {width}: {self._hardware.lut} firmware needs "
                "multiples of 32, or a pitch of its own that holds the row"
            )
        )

    def _check_area(self, what: str, x: int, y: int, width: int, height: int, rotate: int) -> None:
        limit_x, limit_y = self._hardware.size(rotate)
        if width < 1 or height < 1 or x + width > limit_x or y + height > limit_y:
            raise errors.AreaOutsidePanel(
                f"{what} of {width}x{height} at ({x}, {y}) on a panel of {limit_x}x{limit_y}"
            )
