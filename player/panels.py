"""Opens the panel, real or simulated: the only module of the player that knows the driver."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from player.config import Config
from player.errors import ConfigError, PanelError
from player.playback import Panel

_SIMULATED_VCOM = -1.5  # volts; no glass can be harmed


class OpenPanel(NamedTuple):
    """A panel and, on the simulator, how to look at its glass (uint8[H, W], reflectance)."""

    panel: Panel
    glass: Callable[[], NDArray[np.uint8]] | None


@contextmanager
def opened(config: Config, size: tuple[int, int]) -> Iterator[OpenPanel]:
    """The panel that the configuration names, asleep and closed afterwards, come what may.

    `size`: (width, height) of the simulated panel, when it is one. Errors of the driver, also those
    raised by the body, come out as PanelError in one line.
    """
    from driver.errors import DriverError
    from driver.panel import PanelSettings, open_on, open_panel

    vcom = config.vcom if config.simulated is None else _SIMULATED_VCOM
    if vcom is None:
        raise ConfigError(
            "--vcom is missing: give the voltage printed on the panel's flex cable, as in --vcom -1.53; "
            "or --simulated DIR to try without a panel"
        )
    try:
        settings = PanelSettings(
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
        glass: Callable[[], NDArray[np.uint8]] | None = None
        if config.simulated is None:
            panel = open_panel(settings)
        else:
            from driver.simulator import SimulatedWire

            try:
                wire = SimulatedWire(*size, strict=True)
            except ValueError as error:
                raise PanelError(f"{error}; export the film again with a smaller --size") from None
            panel = open_on(wire, settings, wire.clock, wire.sleep)

            def look() -> NDArray[np.uint8]:
                wire.log.clear()  # of the commands, which nobody reads here
                return wire.glass

            glass = look

        try:
            yield OpenPanel(panel, glass)
        except BaseException:
            with suppress(Exception):  # a panel that does not answer must not hide why
                panel.sleep()
            raise
        else:
            panel.sleep()
        finally:
            panel.close()
    except DriverError as error:
        raise PanelError(str(error)) from error
