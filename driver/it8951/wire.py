"""The wire between the computer and the controller: four methods, and the real one over SPI.

The only file that names spidev, and with `inputs.py` RPi.GPIO: they are imported when a SpiWire is made, so
that on a workstation, in tests and with the simulator neither has to exist. SPI mode 0, 8 bits per word, chip
select driven by the kernel (CE0). RPi.GPIO is used for setup, input and output alone: its edge detection
broke with Linux 6.6.
"""

import importlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from driver.errors import AccessError, MissingModuleError, SettingsError
from driver.it8951.settings import PanelSettings

BUFSIZ_FILE = Path("/sys/module/spidev/parameters/bufsiz")
DEFAULT_BUFSIZ = 4096
LARGEST_WINDOW = 65534
"""Bytes. py-spidev cuts longer transfers at 65535 by itself, whatever bufsiz says; words need an even
number."""

WRITE_DATA = b"\x00\x00"
SHORT = 64
"""Bytes. Windows up to here are commands, arguments and reads; a longer window of data is image data."""


class Wire(Protocol):
    """What the conversation needs of the hardware; the simulator is the second implementation."""

    def exchange(self, tx: bytes) -> bytes:
        """One chip-select window: sends `tx` and gives as many bytes back.

        The answer means something only when `tx` starts with the read preamble 0x1000: the controller drives
        no data while it is written to, and a wire may then answer with zeros.
        """
        ...

    def ready(self) -> bool:
        """Whether HRDY is high."""
        ...

    def reset(self) -> None:
        """Pulses RST."""
        ...

    def close(self) -> None:
        """Gives back what the constructor opened; a second call does nothing."""
        ...


def kernel_bufsiz(file: Path = BUFSIZ_FILE) -> int:
    """Bytes of the longest transfer the kernel's spidev takes; 4096, its default, where it does not say."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return DEFAULT_BUFSIZ


class SpiWire:
    """A Wire over /dev/spidev and two GPIO pins.

    `spidev` and `gpio` are the modules of these names; tests pass their own. Raises MissingModuleError and
    AccessError, each with the command that mends it.
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
        self._longest = settings.bufsiz if settings.bufsiz is not None else kernel_bufsiz()
        self._gpio = gpio if gpio is not None else pi_module("RPi.GPIO")
        spidev = spidev if spidev is not None else pi_module("spidev")
        self._set_up_pins()
        self._spi = spidev.SpiDev()
        self._open = False
        self._open_spi()

    def _set_up_pins(self) -> None:
        settings, gpio = self._settings, self._gpio
        try:
            # RST stays an output after close() (see there), which the next start would be warned of.
            gpio.setwarnings(False)
            gpio.setmode(gpio.BCM)
            gpio.setup(settings.reset_pin, gpio.OUT, initial=gpio.HIGH)
            # Pulled down, so that an open wire reads as busy and not as whatever the air brings.
            gpio.setup(settings.ready_pin, gpio.IN, pull_up_down=gpio.PUD_DOWN)
        except (RuntimeError, ValueError, OSError) as error:
            raise AccessError(
                f"cannot use pins {settings.reset_pin} and {settings.ready_pin} ({error}): sudo usermod -aG "
                "gpio $USER and log in again; on a Pi 5 pip install 'longtake[pi5]' instead of [pi]"
            ) from error

    def _open_spi(self) -> None:
        bus, device = self._settings.bus, self._settings.device
        name = f"/dev/spidev{bus}.{device}"
        try:
            self._spi.open(bus, device)
            self._open = True
            self._spi.mode = 0
            self._spi.max_speed_hz = self._settings.write_hz
        except FileNotFoundError as error:
            raise AccessError(
                f"{name} does not exist: enable SPI with sudo raspi-config nonint do_spi 0, then reboot"
            ) from error
        except PermissionError as error:
            raise AccessError(
                f"no permission for {name}: sudo usermod -aG spi,gpio $USER, then log in again"
            ) from error
        except OSError as error:
            self.close()
            raise AccessError(f"cannot open {name} ({error}): is another program using the panel?") from error

    def exchange(self, tx: bytes) -> bytes:
        """See Wire. Raises AccessError when the transfer fails, SettingsError when bufsiz is too small."""
        if len(tx) > min(self._longest, LARGEST_WINDOW):
            raise SettingsError(
                f"a transfer of {len(tx)} bytes is longer than bufsiz, {self._longest}, and chip select "
                "would rise in it: set bufsiz to the same for both sides"
            )
        try:
            if len(tx) > SHORT and tx.startswith(WRITE_DATA):
                # One write() of the buffer itself: xfer2 would turn every byte into a Python int and back.
                self._spi.writebytes2(tx)
                return bytes(len(tx))
            return bytes(self._spi.xfer2(list(tx), self._settings.slow_hz))
        except OSError as error:
            raise AccessError(
                f"the SPI transfer failed ({error}): lower write_hz, or check the cable"
            ) from error

    def ready(self) -> bool:
        """See Wire."""
        return bool(self._gpio.input(self._settings.ready_pin))

    def reset(self) -> None:
        """High 200 ms, low 10 ms, high 200 ms, as the vendor does."""
        for level, seconds in ((self._gpio.HIGH, 0.2), (self._gpio.LOW, 0.01), (self._gpio.HIGH, 0.2)):
            self._gpio.output(self._settings.reset_pin, level)
            self._sleep(seconds)

    def close(self) -> None:
        """Closes the SPI device. RST stays driven high: floating low it would reset and wake the panel."""
        if self._open:
            self._open = False
            self._spi.close()


def pi_module(name: str) -> Any:
    """A module of the `pi` extra. Raises MissingModuleError naming what to install."""
    install = "pip install 'longtake[pi]' (on a Pi 5: 'longtake[pi5]')"
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingModuleError(f"{name} is not installed: {install}, or use --simulated") from error
    except RuntimeError as error:
        raise MissingModuleError(f"{name} does not run on this machine ({error}): {install}") from error
