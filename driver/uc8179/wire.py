"""The wire to a UC8179: three methods and close(), and the real one over SPI.

SPI mode 0, 8 bits per word, write only, chip select driven by the kernel (CE0). The level of DC says whether
a chip-select window is a command (low) or data (high). Chip select may rise between bytes of data.
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

from driver.errors import AccessError
from driver.pi import gpio_errors, open_spi, pi_module
from driver.uc8179.settings import PanelSettings


class Wire(Protocol):
    """What the conversation needs of the hardware; the simulator is the second implementation."""

    def send(self, tx: bytes, *, command: bool) -> None:
        """One chip-select window, with DC low for a command and high for data."""
        ...

    def ready(self) -> bool:
        """Whether BUSY is high: the controller is busy while it is low."""
        ...

    def reset(self) -> None:
        """Pulse RST."""
        ...

    def close(self) -> None:
        """Release what the constructor opened; a second call does nothing."""
        ...


class SpiWire:
    """A Wire over /dev/spidev and four GPIO pins. It switches the board's power on (PWR).

    `spidev` and `gpio` are the modules of these names; tests pass their own. Raises MissingModuleError and
    AccessError, which name the command that helps.
    """

    def __init__(
        self,
        settings: PanelSettings,
        *,
        spidev: Any = None,
        gpio: Any = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._sleep = sleep
        self._gpio = gpio if gpio is not None else pi_module("RPi.GPIO")
        spidev = spidev if spidev is not None else pi_module("spidev")
        self._set_up_pins()
        self._spi = open_spi(spidev, settings.spi_bus, settings.spi_device, settings.spi_hz)
        self._open = True

    def _set_up_pins(self) -> None:
        settings, gpio = self._settings, self._gpio
        pins = settings.reset_pin, settings.ready_pin, settings.dc_pin, settings.power_pin
        with gpio_errors(pins):
            # RST and PWR stay outputs after close(), and RPi.GPIO would warn the next start.
            gpio.setwarnings(False)
            gpio.setmode(gpio.BCM)
            gpio.setup(settings.power_pin, gpio.OUT, initial=gpio.HIGH)
            gpio.setup(settings.reset_pin, gpio.OUT, initial=gpio.HIGH)
            gpio.setup(settings.dc_pin, gpio.OUT, initial=gpio.LOW)
            # Pulled down, so that an open wire reads as busy and does not float.
            gpio.setup(settings.ready_pin, gpio.IN, pull_up_down=gpio.PUD_DOWN)

    def send(self, tx: bytes, *, command: bool) -> None:
        """See Wire. AccessError when the transfer fails."""
        try:
            self._gpio.output(self._settings.dc_pin, self._gpio.LOW if command else self._gpio.HIGH)
            self._spi.writebytes2(tx)
        except OSError as error:
            raise AccessError(
                f"the SPI transfer failed ({error}): lower spi_hz, or check the cable"
            ) from error

    def ready(self) -> bool:
        """See Wire."""
        return bool(self._gpio.input(self._settings.ready_pin))

    def reset(self) -> None:
        """High for 20 ms, low for 2 ms, high for 20 ms, as the vendor does."""
        for level, seconds in ((self._gpio.HIGH, 0.02), (self._gpio.LOW, 0.002), (self._gpio.HIGH, 0.02)):
            self._gpio.output(self._settings.reset_pin, level)
            self._sleep(seconds)

    def close(self) -> None:
        """Close the SPI device. RST and PWR stay high: a floating RST could wake the panel."""
        if self._open:
            self._open = False
            self._spi.close()
