"""The wire between computer and controller: four methods, and the real one over SPI.

SPI mode 0, 8 bits per word, chip select driven by the kernel (CE0).
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

from driver.errors import AccessError, SettingsError
from driver.it8951.settings import PanelSettings
from driver.pi import RAISE_BUFSIZ, gpio_errors, open_spi, pi_module

LARGEST_WINDOW = 65534
"""Bytes. py-spidev cuts longer transfers at 65535, whatever bufsiz says; words need an even number."""

WRITE_DATA = b"\x00\x00"
SHORT = 64
"""Bytes. Windows up to here are commands, arguments and reads; a longer window of data is image data."""


class Wire(Protocol):
    """What the conversation needs of the hardware; the simulator is the second implementation."""

    def exchange(self, tx: bytes) -> bytes:
        """One chip-select window: send `tx` and return as many bytes.

        The answer means something only when `tx` starts with the read preamble 0x1000: the controller drives
        no data while it is written to, and a wire may then answer with zeros.
        """
        ...

    def ready(self) -> bool:
        """Whether HRDY is high."""
        ...

    def reset(self) -> None:
        """Pulse RST."""
        ...

    def close(self) -> None:
        """Release what the constructor opened; a second call does nothing."""
        ...


class SpiWire:
    """A Wire over /dev/spidev and two GPIO pins.

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
        with gpio_errors((settings.reset_pin, settings.ready_pin)):
            # RST stays an output after close(), see there, and RPi.GPIO would warn the next start.
            gpio.setwarnings(False)
            gpio.setmode(gpio.BCM)
            gpio.setup(settings.reset_pin, gpio.OUT, initial=gpio.HIGH)
            # Pulled down, so that an open wire reads as busy and does not float.
            gpio.setup(settings.ready_pin, gpio.IN, pull_up_down=gpio.PUD_DOWN)

    def exchange(self, tx: bytes) -> bytes:
        """See Wire. AccessError when the transfer fails, SettingsError when it is longer than one may be."""
        longest = min(self._settings.bufsiz, LARGEST_WINDOW)
        if len(tx) > longest:
            raise SettingsError(
                f"chip select would rise within a transfer of {len(tx)} bytes, as the longest may have "
                f"{longest}: {RAISE_BUFSIZ}"
            )
        try:
            if len(tx) > SHORT and tx.startswith(WRITE_DATA):
                # One write() of the buffer itself: xfer2 would turn every byte into a Python int and back.
                self._spi.writebytes2(tx)
                return bytes(len(tx))
            return bytes(self._spi.xfer2(list(tx), self._settings.spi_slow_hz))
        except OSError as error:
            raise AccessError(
                f"the SPI transfer failed ({error}): lower spi_hz, or check the cable"
            ) from error

    def ready(self) -> bool:
        """See Wire."""
        return bool(self._gpio.input(self._settings.ready_pin))

    def reset(self) -> None:
        """High for 200 ms, low for 10 ms, high for 200 ms, as the vendor does."""
        for level, seconds in ((self._gpio.HIGH, 0.2), (self._gpio.LOW, 0.01), (self._gpio.HIGH, 0.2)):
            self._gpio.output(self._settings.reset_pin, level)
            self._sleep(seconds)

    def close(self) -> None:
        """Close the SPI device. RST stays driven high: a floating RST could reset and so wake the panel."""
        if self._open:
            self._open = False
            self._spi.close()
