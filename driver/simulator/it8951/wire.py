"""The wire of the simulated IT8951: windows, preambles, time and faults of transfers.

    wire = SimulatedWire(1448, 1072, lut="M641")
    wire.exchange(bytes.fromhex("6000 0001"))           # SYS_RUN
    wire.exchange(bytes.fromhex("6000 0302"))           # GET_DEV_INFO
    info = wire.exchange(bytes.fromhex("1000 0000") + bytes(40))[4:]
    wire.glass                                          # uint8[H, W], what can be seen
    wire.log[-1]                                        # Command(name="GET_DEV_INFO", args=(), ...)

It imports nothing of the driver that it tests, knows only bytes, and is meant for any IT8951 driver:
`exchange` is one window with the chip select driven by hardware; `select`, `transfer` and `deselect` do the
same by hand.

A breach of the protocol is a named exception (driver/simulator/errors.py). What published drivers do and
controllers tolerate is noted in `tolerated` instead; with strict=True that is raised too. Faults on request:
set `faults`.

Time is virtual: bytes take their bits' time, windows and polls of HRDY a little, and a poll that finds the
controller busy up to POLL_STEP. So a driver that polls in a loop ends quickly though it knows nothing of this
clock, and one that is given `clock` and `sleep` really waits for nothing.
"""

import errno
import os
from collections.abc import Iterable

from driver.simulator import errors
from driver.simulator.glass import Glass, Reflectance
from driver.simulator.it8951 import tables
from driver.simulator.it8951.chip import Chip, Command
from driver.simulator.time import VirtualTime

WINDOW_SECONDS = 20e-6  # what opening a window costs the host
POLL_SECONDS = 10e-6  # what reading a pin costs
POLL_STEP = 0.01  # at most, when the poll finds the controller busy
RESET_SECONDS = 0.41  # RST high 200 ms, low 10 ms, high 200 ms


class SimulatedWire:
    """An IT8951 with a panel of width x height pixels, powered and ready.

    lut: the waveform table's name in the device info ("M641" has six modes, all others eight); None: what
    panels of this size are known to say, else "M641". strict: raise even what real controllers tolerate.
    vcom: magnitude in mV after a reset. spi_hz: bits per second. noise: image memory holds noise at power-up
    instead of white. glass: what the glass shows at first, uint8[H, W], instead of white. ValueError for a
    panel that does not fit into the controller's memory, or for a glass of another shape.

    Attributes: `faults`, which may be set at any time; `bytes_on_wire`, all bytes clocked so far.
    """

    def __init__(
        self,
        width: int = 1448,
        height: int = 1072,
        lut: str | None = None,
        *,
        strict: bool = False,
        vcom: int = 2800,
        spi_hz: float = 12e6,
        address: int = tables.IMAGE_ADDRESS,
        noise: bool = False,
        glass: Reflectance | None = None,
    ) -> None:
        if width < 1 or height < 1 or address + width * height > tables.MEMORY_BYTES:
            raise ValueError(f"a panel of {width}x{height} does not fit into the controller's memory")
        lut = tables.LUT_BY_SIZE.get((width, height), "M641") if lut is None else lut
        if not lut.isascii() or len(lut) > 16:
            raise ValueError(f"a LUT string is at most 16 ASCII characters, not {lut!r}")
        self.faults = tables.Faults()
        self.bytes_on_wire = 0
        self._spi_hz = spi_hz
        self._strict = strict
        self._time = VirtualTime()
        self._glass = Glass(width, height, glass)
        hardware = tables.Hardware(width, height, lut, address, vcom, noise)
        self._chip = Chip(hardware, self._glass, self._time, self.faults, strict=strict, poll_step=POLL_STEP)
        self._closed = False
        self._selected = False
        self._length = 0  # bytes in this window so far
        self._head = b""  # the preamble, as far as it came
        self._preamble: int | None = None
        self._odd = b""  # the first half of a word whose second half has not come

    @property
    def glass(self) -> Reflectance:
        """A copy of what can be seen, uint8[H, W]; `MIDDLE` or more is a white pixel of the dither."""
        return self._glass.reflectance

    @property
    def log(self) -> list[Command]:
        """The commands so far. The list is live; clear it to start anew."""
        return self._chip.log

    @property
    def tolerated(self) -> list[errors.ProtocolError]:
        """The latest (at most 1000) breaches that a real controller would have put up with."""
        return list(self._chip.tolerated)

    def save_png(self, path: str | os.PathLike[str]) -> None:
        """Write the glass as a PNG file. OSError if that fails."""
        self._glass.save_png(path)

    def clock(self) -> float:
        """Virtual seconds since the beginning; used in place of time.monotonic."""
        return self._time.now

    def sleep(self, seconds: float) -> None:
        """Let virtual time pass; used in place of time.sleep. ValueError if negative."""
        self._time.advance(seconds)

    def ready(self) -> bool:
        """HRDY: True is ready."""
        self._check_open()
        busy_for = self._chip.busy_for
        self._time.advance(max(POLL_SECONDS, min(busy_for, POLL_STEP)))
        return not busy_for

    def reset(self) -> None:
        """Pulse RST as the vendor does; afterwards HRDY is low while the controller boots."""
        self._check_open()
        self._close_window()
        self._time.advance(RESET_SECONDS)
        self._chip.reset()

    def power_cut(self) -> None:
        """Cut the power and restore it: only glass and flash remain, and HRDY is low for a second."""
        self._close_window()
        self._chip.power_cut()

    def close(self) -> None:
        """Close the wire: any further use raises WireClosed. Glass and log can still be read."""
        self._close_window()
        self._closed = True

    def reopen(self) -> None:
        """Open the wire again, as the next process would; the controller has noticed nothing."""
        self._closed = False

    def exchange(self, tx: bytes | Iterable[int]) -> bytes:
        """One chip-select window: as many bytes out as in. Raises ProtocolError, OSError or PowerCut."""
        if self._selected:
            raise errors.ChipSelectError("a whole window inside one that select() opened")
        self.select()
        try:
            rx = self.transfer(tx)
        except BaseException:
            self._close_window()
            raise
        self.deselect()
        return rx

    def select(self) -> None:
        """Chip select low. Nothing happens if it is low already."""
        self._check_open()
        self._selected = True

    def transfer(self, tx: bytes | Iterable[int]) -> bytes:
        """Clock bytes through the window that select() opened; returns as many."""
        self._check_open()
        if not self._selected:
            raise errors.ChipSelectError("bytes were clocked with chip select high")
        tx = bytes(tx)
        if tx and self._length == 0:
            self._begin_window()
        self._spend(len(tx))
        missing = max(0, 2 - self._length)
        offset = max(0, self._length - 2)
        self._length += len(tx)
        body = tx
        if missing:
            self._head += tx[:missing]
            body = tx[missing:]
            if len(self._head) == 2:
                self._preamble = self._known_preamble(self._head)
        return bytes(len(tx) - len(body)) + (self._clock_body(body, offset) if body else b"")

    def deselect(self) -> None:
        """Chip select high: the window ends. Nothing happens if it is high already."""
        self._check_open()
        length, preamble = self._length, self._preamble
        self._close_window()
        if length:
            self._chip.window_ended(length)
        if length % 2:
            raise errors.OddByteCount(f"a window of {length} bytes; the interface knows 16-bit words")
        if preamble == tables.COMMAND and length == 2:
            raise errors.CommandFraming("a command window without a command word")

    def _check_open(self) -> None:
        if self._closed:
            raise errors.WireClosed("the wire was closed")

    def _close_window(self) -> None:
        self._selected = False
        self._length, self._head, self._preamble, self._odd = 0, b"", None, b""

    def _begin_window(self) -> None:
        """The first byte of a window. A host that polled HRDY has waited by now. One that did not is saved by
        the few microseconds that its own code takes, but not in strict mode.
        """
        if self._strict:
            self._chip.window_begins()
        self._time.advance(WINDOW_SECONDS)
        if not self._strict:
            self._chip.window_begins()

    def _spend(self, count: int) -> None:
        """Bytes take time, and faults strike after so many of them."""
        faults = self.faults
        if faults.spi_error_after is not None:
            if count > faults.spi_error_after:
                faults.spi_error_after = None
                raise OSError(errno.EIO, "simulated SPI error")
            faults.spi_error_after -= count
        cut = faults.power_cut_after is not None and count > faults.power_cut_after
        if faults.power_cut_after is not None:
            count = min(count, faults.power_cut_after)
            faults.power_cut_after -= count
        self.bytes_on_wire += count
        self._time.advance(count * 8 / self._spi_hz)
        if cut:
            faults.power_cut_after = None
            self.power_cut()
            raise errors.PowerCut(f"the power failed after {count} bytes of a transfer")

    @staticmethod
    def _known_preamble(head: bytes) -> int:
        preamble = int.from_bytes(head, "big")
        if preamble not in (tables.COMMAND, tables.WRITE_DATA, tables.READ_DATA):
            raise errors.UnknownPreamble(f"preamble 0x{preamble:04X}; 0x6000, 0x0000 and 0x1000 are known")
        return preamble

    def _clock_body(self, body: bytes, offset: int) -> bytes:
        """Bytes after the preamble; `offset` of them came before. Returns what the controller shifts out."""
        if self._preamble == tables.READ_DATA:
            dummy = self._chip.dummy[offset:2][: len(body)] if offset < 2 else b""
            count = len(body) - len(dummy)
            return dummy + (self._chip.read(count) if count else b"")
        words = self._odd + body
        even = len(words) - len(words) % 2
        self._odd = words[even:]
        if self._preamble == tables.COMMAND:
            if offset + len(body) > 2:
                raise errors.CommandFraming("a command window with more than the command word")
            if even:
                self._chip.command(int.from_bytes(words, "big"))
        elif even:
            self._chip.write(words[:even])
        return bytes(len(body))
