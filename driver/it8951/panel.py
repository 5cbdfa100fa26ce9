"""What a player sees of a panel: its size, partial updates, redraws, sleep.

    panel = open_panel(PanelSettings(vcom=-1.53))
    panel.redraw(dither)                    # once at the start: the glass may hold anything
    panel.show(next_dither, slice(100, 300))
    panel.sleep()

A dither is uint8[height, width] of the panel's size, 0 black, 1 white, pixel (0, 0) top left as the viewer
sees it. In the 1-bit default the glass is reached in whole groups of 32 columns from its left edge (1440 of
1448): every pixel of a dither lies where it would lie in the 4-bit format too, and the columns left over, at
the right edge of the glass, are cut from it and stay white.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Protocol

import numpy as np

from driver.errors import DitherError, DriverError, StateError
from driver.it8951.controller import (
    Area,
    Controller,
)
from driver.it8951.device_info import (
    GC16,
    INIT,
    DeviceInfo,
    mode,
)
from driver.it8951.formats import (
    Format,
    FourBits,
    OneBit,
    OneBitAllColumns,
)
from driver.it8951.pixels import turned_rows
from driver.it8951.settings import PanelSettings
from driver.it8951.transport import Words
from driver.it8951.wire import (
    DEFAULT_BUFSIZ,
    SpiWire,
    Wire,
    kernel_bufsiz,
)

__all__ = ["IT8951Panel", "Panel", "PanelSettings", "open_on", "open_panel"]


class Panel(Protocol):
    """A panel that shows dithers. Every call returns when the glass stands still."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of a dither, pixels."""
        ...

    def show(self, dither: np.ndarray, rows: slice, waveform: str = "DU") -> None:
        """Partial update: draws `rows` of `dither` without a flash. Nothing happens when `rows` is empty.

        DU may start from any grey. A2 is quicker and leaves more behind: it needs a glass of pure black and
        white, so it is refused before the first redraw, and it wants a redraw now and then.
        """
        ...

    def redraw(self, dither: np.ndarray) -> None:
        """GC16 of the whole frame: flashes, and removes what partial updates left behind."""
        ...

    def sleep(self) -> None:
        """Least power until the next call, which wakes the panel by itself. The picture stays."""
        ...

    def close(self) -> None:
        """Gives back what was opened; sends nothing, so call sleep() first."""
        ...


def open_panel(settings: PanelSettings, *, attach: bool = False) -> "IT8951Panel":
    """The panel on the Pi's SPI; `attach` as in open_on. Raises MissingModuleError, AccessError and all that
    open_on raises.
    """
    if settings.bufsiz is None:
        settings = replace(settings, bufsiz=kernel_bufsiz())
    wire = SpiWire(settings)
    try:
        panel = open_on(wire, settings, time.monotonic, time.sleep, attach=attach)
    except BaseException:
        wire.close()
        raise
    panel.closes = wire
    return panel


def open_on(
    wire: Wire,
    settings: PanelSettings,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    *,
    attach: bool = False,
) -> "IT8951Panel":
    """The panel behind any wire, started. The wire stays the caller's to close.

    clock and sleep are in seconds; the clock never goes back. `attach`: take over, without a reset, a panel
    that an earlier process has drawn on as a whole and left asleep, and that has had power ever since;
    partial updates can then go on at once. Raises WiringError, BusyTimeout, VcomError, after putting the
    controller to sleep if it hears that.
    """
    bufsiz = settings.bufsiz if settings.bufsiz is not None else DEFAULT_BUFSIZ
    words = Words(wire, bufsiz=bufsiz, ready_timeout=settings.ready_timeout, clock=clock, sleep=sleep)
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
        with suppress(DriverError, OSError):  # the first error tells more than this one
            controller.reset_and_sleep()
        raise
    return IT8951Panel(controller, info, settings, glass_known=attach)


class IT8951Panel:
    """A Panel on a started Controller, and beyond it clear(), shut_down() and the readings for
    `python -m driver`. `glass_known`: it shows what an earlier process drew on the whole of it.
    """

    def __init__(
        self, controller: Controller, info: DeviceInfo, settings: PanelSettings, *, glass_known: bool = False
    ) -> None:
        self.controller = controller
        self.info = info
        self.settings = settings
        self.closes: Wire | None = None
        self._four_bits: Format = FourBits(info.width)
        self.format = self._four_bits if settings.bits_per_pixel == 4 else _one_bit(info.width, settings)
        # The format in which the image memory holds a whole frame, None when it may hold anything.
        self._loaded: Format | None = None
        # Both unknown until the glass has been driven as a whole, once: it may hold anything at the start.
        self._edge_is_white = glass_known
        self._is_black_and_white = glass_known
        self._drawing = False  # stays True where a load or an update was broken off

    @property
    def size(self) -> tuple[int, int]:
        """See Panel."""
        return self.info.width, self.info.height

    def show(self, dither: np.ndarray, rows: slice, waveform: str = "DU") -> None:
        """See Panel. Raises DitherError, SettingsError for another waveform, StateError for A2 too early."""
        glass = self._on_glass(dither)
        rows = self._rows_on_glass(rows)
        number = mode(waveform, self.info.lut, self.settings.a2_mode)
        if rows.start >= rows.stop:
            return
        if waveform == "A2" and not self._is_black_and_white:
            raise StateError("A2 needs a glass of pure black and white: redraw() or clear() first, or use DU")
        self._draw(self.format, glass, rows, number)

    def redraw(self, dither: np.ndarray) -> None:
        """See Panel. The first one also whitens the columns that the 1-bit format does not reach."""
        glass = self._on_glass(dither)
        columns = self.format.columns
        if columns < self.info.width and not self._edge_is_white:
            glass = glass.copy()
            glass[:, columns:] = 1
            self._draw(self._four_bits, glass, self._all_rows, GC16)
            self._edge_is_white = True
        else:
            self._draw(self.format, glass, self._all_rows, GC16)
        self._is_black_and_white = True

    def clear(self) -> None:
        """INIT of the whole glass, white loaded before it: the strongest erase, and white for storage."""
        white = np.ones((self.info.height, self.info.width), np.uint8)
        self._draw(self._four_bits, white, self._all_rows, INIT)
        self._edge_is_white = True
        self._is_black_and_white = True

    def sleep(self) -> None:
        """See Panel; goes to the state of rest that the settings name."""
        if self.settings.rest == "sleep":
            self.controller.sleep()
        elif self.settings.rest == "standby":
            self.controller.standby()

    def shut_down(self) -> None:
        """Least power for good, whatever state of rest the settings name; by RST where a load or an update
        was broken off, or where the controller does not hear otherwise. Bounded by the two timeouts; raises
        what the last attempt meets.
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
        if self.closes is not None:
            self.closes.close()

    def __enter__(self) -> "IT8951Panel":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _all_rows(self) -> slice:
        return slice(0, self.info.height)

    def _draw(self, format: Format, glass: np.ndarray, rows: slice, number: int) -> None:
        """Loads `rows` and displays them; the whole frame is loaded where the memory does not hold one."""
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
        """The dither as the glass must hold it: checked, mirrored, rotated."""
        width, height = self.size
        if dither.shape != (height, width):
            shape = "x".join(map(str, reversed(dither.shape)))
            raise DitherError(
                f"a dither of {shape} does not fit the panel: make the reel with "
                f"trainer export --size {width}x{height}"
            )
        if dither.dtype != np.uint8 or dither.max() > 1:
            raise DitherError(f"a dither is uint8 of 0 and 1, not {dither.dtype} up to {dither.max()}")
        if self.settings.mirror:
            dither = dither[:, ::-1]
        if self.settings.rotate == 180:
            dither = dither[::-1, ::-1]
        # Numpy packs bits several times faster from one piece than from a reversed view.
        return np.ascontiguousarray(dither)

    def _rows_on_glass(self, rows: slice) -> slice:
        start, stop, step = rows.indices(self.info.height)
        if step != 1:
            raise DitherError(f"rows are one band, without a step: got {rows}")
        band = slice(start, max(start, stop))
        return turned_rows(band, self.info.height) if self.settings.rotate == 180 else band


def _one_bit(width: int, settings: PanelSettings) -> Format:
    if settings.all_columns and width % 32:
        return OneBitAllColumns(width)
    return OneBit(width)
