"""An IT8951 panel: open it, draw on it, put it to sleep.

    panel = open_panel(PanelSettings(vcom=-1.53))
    panel.redraw(dither)                        # first: the glass may hold anything
    panel.show(after, slice(100, 300), dither)
    panel.shut_down()
    panel.close()

In the 1-bit default the glass is reached in whole groups of columns from its left edge, as the firmware asks
for (1440 of 1448, but 1200 of 1200): every pixel of a dither lies where it would in the 4-bit format too; the
columns left over, at the right edge of the glass, are cut off and stay white.
"""

import time
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from driver.dither import on_glass
from driver.errors import DitherError, DriverError, StateError
from driver.it8951.controller import Area, Controller
from driver.it8951.device_info import GC16, INIT, DeviceInfo, a2_mode, column_group, partial_mode
from driver.it8951.formats import Format, FourBits, OneBit, OneBitAllColumns
from driver.it8951.settings import PanelSettings
from driver.it8951.transport import Words
from driver.it8951.wire import SpiWire, Wire

__all__ = ["HINTS", "IT8951Panel", "PanelSettings", "SpiWire", "describe", "open_on", "open_panel"]

HINTS = (
    "The right edge is cut off with one bit per pixel: see --columns. Scattered: lower --spi-hz.",
    "All white: --bits 4. Nothing or noise with A2: --a2-mode.",
    "Wrong, and yet no error: compare a recording with the simulator's (see record --help).",
)
"""What to try when a step of `python -m driver pattern` looks wrong."""


def open_panel(settings: PanelSettings, *, attach: bool = False) -> "IT8951Panel":
    """Open and start the panel on the Pi's SPI; `attach` as in open_on.

    MissingModuleError, AccessError, and all that open_on raises.
    """
    wire = SpiWire(settings)
    try:
        panel = open_on(wire, settings, time.monotonic, time.sleep, attach=attach)
    except BaseException:
        wire.close()
        raise
    panel.owned_wire = wire
    return panel


def open_on(
    wire: Wire,
    settings: PanelSettings,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    *,
    attach: bool = False,
) -> "IT8951Panel":
    """Start the panel behind any wire, which stays the caller's to close.

    clock and sleep are in seconds; the clock never goes back. `attach`: go on, without a reset, with a panel
    that an earlier process has redrawn and left asleep, and that has had power ever since; partial updates
    can then go on at once. WiringError, BusyTimeout, VcomError, after putting the controller to sleep if it
    still listens.
    """
    words = Words(
        wire, bufsiz=settings.bufsiz, ready_timeout=settings.ready_timeout, clock=clock, sleep=sleep
    )
    controller = Controller(
        words,
        vcom=settings.vcom,
        vcom_tolerance=settings.vcom_tolerance,
        enhanced_driving=settings.enhanced_driving,
        display_timeout=settings.display_timeout,
        clock=clock,
        sleep=sleep,
    )
    try:
        info = controller.attach() if attach else controller.start()
    except BaseException:
        with suppress(DriverError, OSError):  # the first error says more than this one
            controller.reset_and_sleep()
        raise
    return IT8951Panel(controller, info, settings, glass_known=attach)


class IT8951Panel:
    """The Panel on a started Controller. `glass_known`: it shows what an earlier process has redrawn."""

    def __init__(
        self, controller: Controller, info: DeviceInfo, settings: PanelSettings, *, glass_known: bool = False
    ) -> None:
        self.controller = controller
        self.info = info
        self.settings = settings
        self.owned_wire: Wire | None = None  # close() closes it
        self._four_bits: Format = FourBits(info.width)
        self.format = self._four_bits if settings.bits == 4 else _one_bit(info, settings)
        # The format in which the image memory holds a whole frame, None when it may hold anything.
        self._loaded: Format | None = None
        # Both unknown until the whole glass has been driven once: at the start it may show anything.
        self._edge_is_white = glass_known
        self._is_black_and_white = glass_known
        self._drawing = False  # stays True when a load or an update is cut short

    partial = True
    """See Panel."""

    @property
    def size(self) -> tuple[int, int]:
        """See Panel."""
        return self.info.width, self.info.height

    def show(self, dither: np.ndarray, rows: slice, shown: np.ndarray) -> None:
        """See Panel. `shown` is not used: the controller knows what it last drew.

        DU may start from any grey. A2 needs a glass of pure black and white, so it is a StateError before the
        first redraw, and it wants a redraw now and then. DitherError.
        """
        glass = self._on_glass(dither)
        rows = self._rows_on_glass(rows)
        if rows.start >= rows.stop:
            return
        settings = self.settings
        if settings.waveform == "A2" and not self._is_black_and_white:
            raise StateError(
                "A2 needs a glass of pure black and white: redraw() or clear() first, or set waveform to DU"
            )
        mode = partial_mode(settings.waveform, self.info.lut, settings.a2_mode)
        self._draw(self.format, glass, rows, mode)

    def redraw(self, dither: np.ndarray) -> None:
        """See Panel: GC16. The first one also whitens the columns that the 1-bit format does not reach, and
        is done start_passes times.
        """
        glass = self._on_glass(dither)
        passes = 1 if self._is_black_and_white else self.settings.start_passes
        for _ in range(passes):
            self._redraw(glass)
        self._is_black_and_white = True

    def _redraw(self, glass: np.ndarray) -> None:
        columns = self.format.columns
        if columns < self.info.width and not self._edge_is_white:
            glass = glass.copy()
            glass[:, columns:] = 1
            self._draw(self._four_bits, glass, self._all_rows, GC16)
            self._edge_is_white = True
        else:
            self._draw(self.format, glass, self._all_rows, GC16)

    def clear(self) -> None:
        """See Panel: INIT. White is loaded first, as the controller then believes that it shows that."""
        white = np.ones((self.info.height, self.info.width), np.uint8)
        self._draw(self._four_bits, white, self._all_rows, INIT)
        self._edge_is_white = True
        self._is_black_and_white = True

    def sleep(self) -> None:
        """See Panel: the state of rest that the settings name."""
        if self.settings.rest == "sleep":
            self.controller.sleep()
        elif self.settings.rest == "standby":
            self.controller.standby()

    def shut_down(self) -> None:
        """See Panel: SLEEP, whatever state of rest the settings name.

        By RST where a load or an update was cut short, or where the controller does not listen otherwise.
        Bounded by the two timeouts; raises the error of the last attempt.
        """
        if not self._drawing:
            try:
                self.controller.sleep()
                return
            except (DriverError, OSError):
                pass
        self.controller.reset_and_sleep()

    def close(self) -> None:
        """See Panel."""
        if self.owned_wire is not None:
            self.owned_wire.close()

    @property
    def _all_rows(self) -> slice:
        return slice(0, self.info.height)

    def _draw(self, format: Format, glass: np.ndarray, rows: slice, number: int) -> None:
        """Load and display `rows`; load the whole frame when the memory does not hold one in this format."""
        self._drawing = True
        self.controller.wake()
        load = format.load(glass, rows if self._loaded is format else self._all_rows)
        self._loaded = None
        self.controller.load(load.area, load.endian, load.bits, memoryview(load.data))
        self._loaded = format
        area = Area(0, rows.start, format.columns, rows.stop - rows.start)
        self.controller.display(area, number, one_bit=format.one_bit, pitch=format.pitch)
        self._drawing = False

    def _on_glass(self, dither: np.ndarray) -> np.ndarray:
        return on_glass(dither, self.size, mirror=self.settings.mirror, rotate=self.settings.rotate)

    def _rows_on_glass(self, rows: slice) -> slice:
        start, stop, step = rows.indices(self.info.height)
        if step != 1:
            raise DitherError(f"rows must be one band, without a step: got {rows}")
        band = slice(start, max(start, stop))
        return turned_rows(band, self.info.height) if self.settings.rotate == 180 else band


def turned_rows(rows: slice, height: int) -> slice:
    """The same rows of a picture of `height` rows after it was turned by 180 degrees."""
    return slice(height - rows.stop, height - rows.start)


def _one_bit(info: DeviceInfo, settings: PanelSettings) -> Format:
    group = column_group(info.lut)
    if settings.columns == "whole" and info.width % group:
        return OneBitAllColumns(info.width)
    return OneBit(info.width, group)


def describe(panel: IT8951Panel) -> list[tuple[str, str]]:
    """What the controller says of itself, and what follows from it: names and values for a person."""
    info, settings = panel.info, panel.settings
    known = settings.a2_mode if settings.a2_mode is not None else a2_mode(info.lut)
    a2 = f"waveform {known}" if known is not None else "unknown for this LUT, DU is used; --a2-mode sets it"
    return [
        ("panel", f"{info.width} x {info.height}"),
        ("firmware", info.firmware),
        ("LUT", info.lut),
        ("A2", a2),
        ("image memory", f"0x{info.address:08X}"),
        ("VCOM", f"{panel.controller.vcom():.2f} V, set and read back"),
        ("temperature", f"{panel.controller.temperature()} C"),
        ("columns drawn", f"{panel.format.columns} of {info.width} with {settings.bits} bit per pixel"),
        ("longest transfer", f"{settings.bufsiz} bytes"),
    ]
