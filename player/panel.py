"""Opens the panel, real or simulated: the only module of the player that knows the driver."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from player.config.settings import Config
from player.errors import ConfigError, PanelError, PanelFault
from player.service.recovery import DevicePanel, SteadyPanel

if TYPE_CHECKING:
    from driver.it8951.panel import (
        IT8951Panel,
        PanelSettings,
    )

_SIMULATED_VCOM = -1.5  # volts; no glass can be harmed
_WINDOWS_THAT_WAIT = 3  # of a draw: more than these do not wait long and yet go on


class OpenPanel(NamedTuple):
    """A panel; on the simulator, how to look at its glass (uint8[H, W], reflectance); whether partial updates
    may go on from what an earlier process has drawn.
    """

    panel: SteadyPanel
    glass: Callable[[], NDArray[np.uint8]] | None
    attached: bool


def device(config: Config) -> Path:
    """What only one player at a time may use: the SPI device, or the directory of the simulated panel."""
    if config.simulated is not None:
        return Path(config.simulated)
    return Path(f"/dev/spidev{config.spi_bus}.{config.spi_device}")


def longest_call(config: Config) -> float:
    """Seconds that one call to the panel may take before it fails: the engine is awaited before a load and
    after a display, and HRDY before every window.
    """
    return 2 * config.display_timeout + _WINDOWS_THAT_WAIT * config.ready_timeout


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
    """The panel that the configuration names, asleep and closed afterwards, come what may.

    `size`: (width, height) of the simulated panel, when it is one. `attach`: go on with a panel that an
    earlier process left asleep and that has kept its power; where it does not answer as one, it is reset.
    `alive`, `clock`, `wait`: see SteadyPanel. Errors of the driver come out as PanelError in one line.
    """
    device = _Device(config, size)
    attached = attach
    try:
        first = device.open(attach)
    except PanelFault as fault:
        if not attach:
            raise
        log(f"the panel does not go on from where it was: {fault}; resetting it")
        first, attached = device.open(), False
    panel = SteadyPanel(
        first,
        device.open,
        limit=config.recoveries,
        log=log,
        clock=clock,
        wait=wait,
        alive=alive,
    )
    try:
        yield OpenPanel(panel, device.glass, attached)
    except BaseException:
        with suppress(Exception):  # a panel that does not answer must not hide why
            panel.close()
        raise
    else:
        panel.close()


class _Device:
    """Starts the panel of the configuration, as often as asked; the simulated one stays the same glass."""

    def __init__(self, config: Config, size: tuple[int, int]) -> None:
        from driver.errors import DriverError

        self.glass: Callable[[], NDArray[np.uint8]] | None = None
        self._waveform = config.waveform
        try:
            self._settings = _settings(config)
        except DriverError as error:
            raise PanelError(str(error)) from error
        if config.simulated is None:
            self._wire = None
            return
        from driver.simulator.it8951 import SimulatedWire

        try:
            wire = SimulatedWire(*size, strict=True)
        except ValueError as error:
            raise PanelError(f"{error}; export the film again with a smaller --size") from None

        def look() -> NDArray[np.uint8]:
            wire.log.clear()  # of the commands, which nobody reads here
            return wire.glass

        self._wire, self.glass = wire, look

    def open(self, attach: bool = False) -> DevicePanel:
        """Reset and start it; or take it over as it is. PanelFault or PanelError."""
        from driver.it8951.panel import (
            open_on,
            open_panel,
        )

        with _driver_errors():
            if self._wire is None:
                return _Translated(open_panel(self._settings, attach=attach), self._waveform)
            wire = self._wire
            panel = open_on(wire, self._settings, wire.clock, wire.sleep, attach=attach)
            return _Translated(panel, self._waveform)


class _Translated:
    """A DevicePanel over the driver's panel: its errors become the player's."""

    def __init__(self, panel: "IT8951Panel", waveform: str) -> None:
        self._panel, self._waveform = panel, waveform
        self.size = panel.size

    def show(self, dither: NDArray[np.uint8], rows: slice, shown: NDArray[np.uint8]) -> None:
        with _driver_errors():
            self._panel.show(dither, rows, self._waveform)

    def redraw(self, dither: NDArray[np.uint8]) -> None:
        with _driver_errors():
            self._panel.redraw(dither)

    def clear(self) -> None:
        with _driver_errors():
            self._panel.clear()

    def sleep(self) -> None:
        with _driver_errors():
            self._panel.sleep()

    def shut_down(self) -> None:
        with _driver_errors():
            self._panel.shut_down()

    def close(self) -> None:
        with _driver_errors():
            self._panel.close()


@contextmanager
def _driver_errors() -> Iterator[None]:
    """PanelFault for what controller or wire did, PanelError for what the driver was asked wrongly."""
    from driver.errors import DitherError, DriverError, MissingModuleError, SettingsError, StateError

    try:
        yield
    except (DitherError, MissingModuleError, SettingsError, StateError) as error:
        raise PanelError(str(error)) from error
    except (DriverError, OSError) as error:
        raise PanelFault(str(error)) from error


def _settings(config: Config) -> "PanelSettings":
    from driver.it8951.panel import PanelSettings

    vcom = config.vcom if config.simulated is None else _SIMULATED_VCOM
    if vcom is None:
        raise ConfigError(
            "--vcom is missing: give the voltage printed on the panel's flex cable, as in --vcom -1.53; "
            "or --simulated DIR to try without a panel"
        )
    return PanelSettings(
        vcom=vcom,
        vcom_tolerance=config.vcom_tolerance,
        bus=config.spi_bus,
        device=config.spi_device,
        reset_pin=config.reset_pin,
        ready_pin=config.ready_pin,
        write_hz=config.spi_hz,
        slow_hz=config.spi_slow_hz,
        bits_per_pixel=config.bits,
        all_columns=config.columns == 1448,
        a2_mode=config.a2_mode,
        rotate=config.rotate,
        mirror=config.mirror,
        rest=config.rest,
        enhanced_driving=config.enhanced_driving,
        ready_timeout=config.ready_timeout,
        display_timeout=config.display_timeout,
    )


def button_inputs(pins: Sequence[int]) -> Callable[[], tuple[bool, ...]]:
    """A function that tells which buttons are down, by pins (BCM) in their order. Both raise PanelError."""
    from driver.errors import DriverError
    from driver.inputs import Inputs

    try:
        inputs = Inputs(pins)
    except DriverError as error:
        raise PanelError(str(error)) from error

    def down() -> tuple[bool, ...]:
        try:
            return inputs.down()
        except DriverError as error:
            raise PanelError(str(error)) from error

    return down
