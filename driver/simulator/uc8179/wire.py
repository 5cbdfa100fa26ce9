"""The wire of the simulated UC8179: windows with the level of DC, BUSY, RST, time and faults of transfers.

    wire = SimulatedWire(800, 480)
    wire.send(b"\\x04", command=True)
    while not wire.ready():
        pass
    wire.glass                                          # uint8[H, W], what can be seen
    wire.log[-1]                                        # Command(name="PON", ...)

It imports nothing of the driver that it tests, knows only bytes, and is meant for any UC8179 driver: `dc` and
`write` are the pin and the transfer of drivers that set the pin by hand.

A breach of the protocol is a named exception (errors.py here, and driver/simulator/errors.py). What published
drivers do and controllers tolerate is noted in `tolerated` instead; with strict=True that is raised too.
Faults on request: set `faults`.

Time is virtual: bytes take their bits' time, windows and polls of BUSY a little, and a poll that finds the
controller busy up to POLL_STEP.
"""

import errno
import os
from collections.abc import Iterable

from driver.simulator.errors import BadArgument, PowerCut, ProtocolError, WireClosed
from driver.simulator.glass import Glass, Reflectance
from driver.simulator.time import VirtualTime
from driver.simulator.uc8179.chip import Chip, Command
from driver.simulator.uc8179.tables import Faults

WINDOW_SECONDS = 20e-6  # what opening a window costs the host
POLL_SECONDS = 10e-6  # what reading a pin costs
POLL_STEP = 0.01  # at most, when the poll finds the controller busy
RESET_SECONDS = 0.022, 0.02  # RST high 20 ms, low 2 ms; high 20 ms


class SimulatedWire:
    """A UC8179 with a panel of width x height pixels, powered and ready.

    new_glass: whether the glass has a partial waveform of its own. strict: raise even what real controllers
    tolerate. spi_hz: bits per second. glass: what the glass shows at first, uint8[H, W], instead of white.
    ValueError for a width that is no multiple of 8, for more than 800x600, or for a glass of another shape.

    Attributes: `faults`, which may be set at any time; `bytes_on_wire`, all bytes clocked so far; `dc`, the
    level of that pin; `power`, that of PWR: while it is low nothing works, and BUSY is low.
    """

    def __init__(
        self,
        width: int = 800,
        height: int = 480,
        *,
        new_glass: bool = True,
        strict: bool = False,
        spi_hz: float = 4e6,
        glass: Reflectance | None = None,
    ) -> None:
        if not (0 < width <= 800 and width % 8 == 0 and 0 < height <= 600):
            raise ValueError(
                f"a UC8179 drives up to 800x600 pixels in whole bytes, and {width}x{height} does not fit"
            )
        self.faults = Faults()
        self.bytes_on_wire = 0
        self.dc = 0
        self.power = True
        self._powered_before = True
        self._spi_hz = spi_hz
        self._time = VirtualTime()
        self._glass = Glass(width, height, glass)
        self._chip = Chip(width, height, self._glass, self._time, new_glass=new_glass, strict=strict)
        self._time.advance(1.0)  # it is powered and ready
        self._closed = False

    @property
    def glass(self) -> Reflectance:
        """A copy of what can be seen, uint8[H, W]; `MIDDLE` or more is a white pixel of the dither."""
        return self._glass.reflectance

    @property
    def high_voltage(self) -> bool:
        """Whether it is on. For long it harms the glass."""
        return self._chip.powered

    @property
    def log(self) -> list[Command]:
        """The commands so far. The list is live; clear it to start anew."""
        return self._chip.log

    @property
    def tolerated(self) -> list[ProtocolError]:
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
        """BUSY: True (high) is ready."""
        self._check()
        if self.faults.unplugged:
            self._time.advance(POLL_SECONDS)
            return True
        if not self.power or self.faults.busy_stuck:
            self._time.advance(POLL_STEP)
            return False
        busy_for = self._chip.busy_for
        self._time.advance(max(POLL_SECONDS, min(busy_for, POLL_STEP)))
        return not busy_for

    def reset(self) -> None:
        """Pulse RST as the vendor does."""
        self._check()
        before, after = RESET_SECONDS
        self._time.advance(before)
        if self.faults.reset_cures:
            self.faults.busy_stuck = False
        self._chip.reset()
        self._time.advance(after)

    def power_cut(self) -> None:
        """Cut the power and restore it: only the glass keeps what it shows."""
        self._chip.power_up()

    def close(self) -> None:
        """Close the wire: any further use raises WireClosed. Glass and log can still be read."""
        self._closed = True

    def reopen(self) -> None:
        """Open the wire again, as the next process would; the controller has noticed nothing."""
        self._closed = False

    def send(self, tx: bytes | Iterable[int], *, command: bool) -> None:
        """One chip-select window with DC low or high. Raises ProtocolError, OSError or PowerCut."""
        self.dc = 0 if command else 1
        self.write(tx)

    def write(self, tx: bytes | Iterable[int]) -> None:
        """One chip-select window at the present level of DC."""
        self._check()
        tx = bytes(tx)
        self._time.advance(WINDOW_SECONDS)
        self._spend(len(tx))
        if not self.power or self.faults.unplugged:
            return
        if self.dc:
            self._chip.data(tx)
            return
        if len(tx) != 1:
            raise BadArgument(f"a window of {len(tx)} bytes with DC low; a command is one byte")
        self._chip.command(tx[0])

    def _check(self) -> None:
        if self._closed:
            raise WireClosed("the wire was closed")
        if self.power and not self._powered_before:
            self._chip.power_up()
        self._powered_before = self.power

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
            raise PowerCut(f"the power failed after {count} bytes of a transfer")
