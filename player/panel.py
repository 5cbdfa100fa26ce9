"""The panel: opened by the settings, its driver's errors translated, reset when it fails.

The only module of the player that knows the driver; nothing of the driver is imported before it is needed.

Controllers hang after days of good work, and what helped their owners was a reset. The call that failed is
not repeated here: it ends with PanelReset, so that the caller, who knows the picture, redraws it. So a fault
costs one redraw, the log tells of it, and a panel that keeps failing ends the run.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from player.config.settings import OMNI, Config
from player.errors import ConfigError, PanelError, PanelFault, PanelReset

if TYPE_CHECKING:
    from driver.panel import Panel

Dither = NDArray[np.uint8]

HOUR = 3600.0
PAUSE = 5.0  # seconds before the next attempt when even the start fails: a weak supply needs a moment
_LONG_WAITS = 3  # windows of a draw that may wait almost ready_timeout, and the draw goes on all the same


class OpenPanel(NamedTuple):
    """`glass`: how to look at a simulated panel (uint8[H, W], reflectance); None for a real one. `attached`:
    partial updates may go on from what an earlier process has drawn.
    """

    panel: "Panel"
    glass: Callable[[], NDArray[np.uint8]] | None
    attached: bool


def device(config: Config) -> Path:
    """What only one player at a time may use: the SPI device, or the directory of the simulated panel."""
    if config.simulated is not None:
        return Path(config.simulated)
    return Path(f"/dev/spidev{config.spi_bus}.{config.spi_device}")


USUAL_SIZE = 1448, 1072
"""(width, height) of waveshare-6-hd: where the panel is not there to tell."""


def known_size(config: Config) -> tuple[int, int] | None:
    """(width, height) of the configured panel; None where only the controller knows."""
    from driver.panel import find_panel

    return find_panel(config.panel).size


def remembers(config: Config) -> bool:
    """Whether partial updates may go on from what an earlier process has drawn, as its place says: where each
    update tells the panel what is on the glass, or where the panel keeps its power.
    """
    from driver.panel import find_panel

    return config.keeps_power or not find_panel(config.panel).remembers


def longest_call(config: Config) -> float:
    """Seconds that one call to the panel may take before it fails: it waits for the display engine before a
    load and after each display, and for HRDY before every window.
    """
    if config.panel.startswith(OMNI):
        from driver.omni import LONGEST_CALL

        return LONGEST_CALL
    return (1 + config.start_passes) * config.display_timeout + _LONG_WAITS * config.ready_timeout


@contextmanager
def opened(
    config: Config,
    size: tuple[int, int],
    log: Callable[[str], None],
    *,
    attach: bool = False,
    alive: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[OpenPanel]:
    """The panel of the configuration; afterwards it is shut down and closed, whatever happens.

    `size`: (width, height) of a simulated panel. `attach`: go on with a panel that an earlier process left
    asleep and that has kept its power; reset it where it does not answer as one. `alive`, `clock`, `wait`:
    see RecoveringPanel. ConfigError for a setting; PanelError in one line for all that the driver raises.
    """
    open_panel, glass = _opener(config, size)
    attached = attach
    try:
        with _driver_errors():
            first = open_panel(attach=attach)
    except PanelFault as fault:
        if not attach:
            raise
        log(f"the panel does not go on from where it was: {fault}; resetting it")
        attached = False
        with _driver_errors():
            first = open_panel()
    if not first.partial:
        log("this panel has no partial update: it flashes at every frame")
    panel = RecoveringPanel(
        first, open_panel, limit=config.recoveries, log=log, clock=clock, wait=wait, alive=alive
    )
    try:
        yield OpenPanel(panel, glass, attached)
    except BaseException:
        with suppress(Exception):  # a panel that does not answer must not hide the reason
            panel.shut_down()
        with suppress(Exception):
            panel.close()
        raise
    try:
        panel.shut_down()
    finally:
        panel.close()


def _opener(
    config: Config, size: tuple[int, int]
) -> tuple[Callable[..., "Panel"], Callable[[], NDArray[np.uint8]] | None]:
    """A function that starts the panel, as often as it is called, and how to look at a simulated glass."""
    from driver.errors import SettingsError
    from driver.panel import find_panel

    panel_type = find_panel(config.panel)
    driver = panel_type.module()
    try:
        settings = driver.PanelSettings.of(asdict(config), simulated=config.simulated is not None)
    except SettingsError as error:
        raise ConfigError(str(error)) from error
    if config.simulated is None:
        return partial(driver.open_panel, settings), None
    try:
        wire = panel_type.simulated_wire(size, strict=True)
    except ValueError as error:
        raise PanelError(f"{error}; export the film again with a smaller --size") from None

    def glass() -> NDArray[np.uint8]:
        wire.log.clear()  # nobody reads it, and it would grow
        return wire.glass

    return partial(driver.open_on, wire, settings, wire.clock, wire.sleep), glass


@contextmanager
def _driver_errors() -> Iterator[None]:
    """PanelFault for what the controller or the wire did, PanelError for a call that the driver refuses."""
    from driver.errors import DitherError, DriverError, MissingModuleError, SettingsError, StateError

    try:
        yield
    except (DitherError, MissingModuleError, SettingsError, StateError) as error:
        raise PanelError(str(error)) from error
    except (DriverError, OSError) as error:
        raise PanelFault(str(error)) from error


class RecoveringPanel:
    """The Panel that playback draws on, over one panel of the driver after another.

    `reopen` resets and starts the panel, at most `limit` times within an hour of `clock` (monotonic seconds).
    `wait` takes the seconds to pause. `alive` is called after every call to the driver, even a failed one:
    each of them is bounded, so a watchdog need not allow for their sum.

    PanelReset from show, redraw and clear: the panel was reset and may show anything. PanelError: a reset
    cannot help, or there were too many.
    """

    def __init__(
        self,
        panel: "Panel",
        reopen: Callable[[], "Panel"],
        *,
        limit: int,
        log: Callable[[str], None],
        clock: Callable[[], float],
        wait: Callable[[float], None],
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self.size, self.partial = panel.size, panel.partial
        self._panel: Panel | None = panel
        self._reopen, self._limit = reopen, limit
        self._log, self._clock, self._wait, self._alive = log, clock, wait, alive
        self._recent: list[float] = []  # when it was reset, within the last hour
        self._must_redraw = False

    def show(self, dither: Dither, rows: slice, shown: Dither) -> None:
        """Partial update. PanelReset also until the first redraw after a reset."""
        if self._must_redraw:
            raise PanelReset("the panel was reset, so its picture has to be drawn as a whole")
        self._call(lambda panel: panel.show(dither, rows, shown))

    def redraw(self, dither: Dither) -> None:
        """Full refresh; it flashes."""
        self._call(lambda panel: panel.redraw(dither))
        self._must_redraw = False

    def clear(self) -> None:
        """Erase the whole glass to white."""
        self._call(lambda panel: panel.clear())
        self._must_redraw = False

    def sleep(self) -> None:
        """Lowest power until the next call. A fault is handled here: the picture stays, and the next frame
        must be a redraw.
        """
        try:
            self._call(lambda panel: panel.sleep())
        except PanelReset:
            self._call(lambda panel: panel.sleep())

    def shut_down(self) -> None:
        """Lowest power for good, by a reset if need be. PanelError when that fails; nothing is retried."""
        if self._panel is not None:
            with _driver_errors():
                self._panel.shut_down()

    def close(self) -> None:
        """Release the panel."""
        if self._panel is not None:
            with _driver_errors():
                self._panel.close()

    def _call(self, call: "Callable[[Panel], None]") -> None:
        if self._panel is None:
            raise PanelError("the panel was given up")
        try:
            with _driver_errors():
                call(self._panel)
        except PanelFault as fault:
            self._alive()
            self._recover(fault)
            raise PanelReset(f"{fault}; the panel was reset") from fault
        self._alive()

    def _recover(self, fault: PanelFault) -> None:
        """Reset until it starts. PanelError when the limit is reached first."""
        self._must_redraw = True
        while True:
            now = self._clock()
            self._recent = [time for time in self._recent if now - time < HOUR]
            if len(self._recent) >= self._limit:
                raise PanelError(f"{fault}; {self._tried()}") from fault
            self._recent.append(now)
            count = f"{len(self._recent)} of at most {self._limit} within an hour"
            self._log(f"the panel failed: {fault}; resetting it ({count})")
            with suppress(PanelError):
                self.close()
            self._panel = None
            try:
                with _driver_errors():
                    self._panel = self._reopen()
            except PanelFault as again:
                fault = again
                self._wait(PAUSE)
            else:
                self._log("the panel answers again after the reset")
                return
            finally:
                self._alive()

    def _tried(self) -> str:
        if not self._limit:
            return "it is not reset, as recoveries is 0"
        times = "once" if self._limit == 1 else f"{self._limit} times"
        return f"it was reset {times} within an hour, which did not help"


class DrawnChart(NamedTuple):
    """The dithers of a chart: what its redraw drew, and what is on the glass now, both uint8[H, W].
    `advice`: what to do then.
    """

    redrawn: Dither
    final: Dither
    advice: str


def draw_chart(panel: "Panel") -> DrawnChart:
    """Draw the chart for `trainer calibrate`, anew where the panel was reset meanwhile: its ghosts would be
    lost. ConfigError for a panel that is too small; PanelError; PanelReset for a second reset.
    """
    from driver import chart

    try:
        try:
            drawn = chart.draw(panel)
        except PanelReset:
            drawn = chart.draw(panel)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return DrawnChart(drawn.redrawn, drawn.final, chart.ADVICE)


def button_inputs(pins: Sequence[int]) -> Callable[[], tuple[bool, ...]]:
    """A function that tells which buttons are down, by pins (BCM) in their order. Both raise PanelError."""
    from driver.pi import Inputs

    with _driver_errors():
        inputs = Inputs(pins)

    def down() -> tuple[bool, ...]:
        with _driver_errors():
            return inputs.down()

    return down
