"""A UC8179 panel: open it, draw on it, put it to sleep.

    panel = open_panel(PanelSettings())
    panel.redraw(dither)                        # first: the glass may hold anything
    panel.show(after, slice(100, 300), dither)
    panel.shut_down()
    panel.close()

An update always sends both whole pictures, .1 MB or .2 s at 4 MHz: windows save little, and drivers that use
them refresh the whole glass all the same.
"""

import time
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from driver.dither import on_glass
from driver.errors import DitherError, DriverError
from driver.uc8179.controller import Controller
from driver.uc8179.settings import PanelSettings
from driver.uc8179.wire import SpiWire, Wire

__all__ = ["HINTS", "PanelSettings", "SpiWire", "UC8179Panel", "describe", "open_on", "open_panel"]

HINTS = (
    "Nothing at all: the wires DC and PWR. Scattered: lower --spi-hz. Pale: --slow-redraw.",
    "A flash here: --glass old. Too pale with --glass old: --partial-frames.",
    "Wrong, and yet no error: see the hardware check list.",
)
"""What to try when a step of `python -m driver pattern` looks wrong."""


def open_panel(settings: PanelSettings, *, attach: bool = False) -> "UC8179Panel":
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
) -> "UC8179Panel":
    """Start the panel behind any wire, which stays the caller's to close.

    clock and sleep are in seconds; the clock never goes back. `attach` makes no difference: every update is
    given what the glass shows. WiringError, BusyTimeout, after putting the controller to sleep if it still
    listens.
    """
    controller = Controller(wire, settings, clock, sleep)
    try:
        controller.start()
    except BaseException:
        with suppress(DriverError, OSError):  # the first error says more than this one
            controller.reset_and_sleep()
        raise
    return UC8179Panel(controller, settings)


class UC8179Panel:
    """The Panel on a started Controller."""

    partial = True
    """See Panel."""

    def __init__(self, controller: Controller, settings: PanelSettings) -> None:
        self.controller = controller
        self.settings = settings
        self.size = settings.size
        self.owned_wire: Wire | None = None  # close() closes it

    def show(self, dither: np.ndarray, rows: slice, shown: np.ndarray) -> None:
        """See Panel. Outside `rows` the glass stays as it is. DitherError."""
        start, stop, step = rows.indices(self.size[1])
        if step != 1:
            raise DitherError(f"rows must be one band, without a step: got {rows}")
        old, new = self._packed(shown), self._packed(dither)
        if start >= stop:
            return
        if self.settings.rotate == 180:
            start, stop = self.size[1] - stop, self.size[1] - start
        target = old.copy()
        target[start:stop] = new[start:stop]
        self.controller.update(old.tobytes(), target.tobytes())

    def redraw(self, dither: np.ndarray) -> None:
        """See Panel: the full refresh that the settings name."""
        self._redraw(self._packed(dither), self.settings.slow_redraw)

    def clear(self) -> None:
        """See Panel: the slow refresh, to black and then to white."""
        width, height = self.size
        white = np.full((height, width // 8), 0xFF, np.uint8)
        self._redraw(~white, True)
        self._redraw(white, True)

    def sleep(self) -> None:
        """See Panel: deep sleep."""
        self.controller.deep_sleep()

    def shut_down(self) -> None:
        """See Panel: deep sleep, by a reset where an update was cut short. Bounded by ready_timeout."""
        try:
            self.controller.deep_sleep()
        except (DriverError, OSError):
            self.controller.reset_and_sleep()

    def close(self) -> None:
        """See Panel."""
        if self.owned_wire is not None:
            self.owned_wire.close()

    def _redraw(self, new: np.ndarray, slow: bool) -> None:
        # OLD is the inverse, as the vendor sends it: then every pixel counts as changed.
        self.controller.redraw((~new).tobytes(), new.tobytes(), slow=slow)

    def _packed(self, dither: np.ndarray) -> np.ndarray:
        """uint8[height, width / 8] of a dither as it must lie on the glass: checked, mirrored, rotated."""
        dither = on_glass(dither, self.size, mirror=self.settings.mirror, rotate=self.settings.rotate)
        return np.packbits(dither, axis=1)


def describe(panel: UC8179Panel) -> list[tuple[str, str]]:
    """What is known of the panel: names and values for a person. It cannot be asked for more."""
    settings = panel.settings
    waveform = "the glass's own" if settings.glass == "new" else f"ours, {settings.partial_frames} frames"
    return [
        ("panel", "{} x {}".format(*panel.size)),
        ("high voltage", "came up and went down, as BUSY says"),
        ("partial updates", f"{waveform} (glass {settings.glass})"),
        ("longest transfer", f"{min(settings.bufsiz, 4096)} bytes"),
    ]
