"""What every driver needs of a Raspberry Pi: its libraries, SPI, its errors, pins of buttons.

spidev and RPi.GPIO are imported when they are used, so that a workstation, the tests and the simulator need
neither. Of RPi.GPIO only setup, input and output are used: its edge detection broke with Linux 6.6.
"""

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from driver.errors import AccessError, MissingModuleError

BUFSIZ_FILE = Path("/sys/module/spidev/parameters/bufsiz")
DEFAULT_BUFSIZ = 4096
RAISE_BUFSIZ = "add spidev.bufsiz=65536 to /boot/firmware/cmdline.txt and reboot"
"""What a user can do about a bufsiz that is too small."""


def pi_module(name: str) -> Any:
    """Import a module of the `pi` extra. MissingModuleError names what to install."""
    install = "pip install 'longtake[pi]' (on a Pi 5: 'longtake[pi5]')"
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingModuleError(f"{name} is not installed: {install}, or use --simulated") from error
    except RuntimeError as error:
        raise MissingModuleError(f"{name} does not run on this machine ({error}): {install}") from error


def kernel_bufsiz() -> int:
    """Longest transfer that the kernel's spidev takes, in bytes; 4096, its default, where it does not say."""
    try:
        return int(BUFSIZ_FILE.read_text())
    except (OSError, ValueError):
        return DEFAULT_BUFSIZ


def open_spi(spidev: Any, bus: int, device: int, hz: int) -> Any:
    """/dev/spidev<bus>.<device>, opened by the module `spidev`, in mode 0 at `hz`. AccessError names the
    command that helps.
    """
    name = f"/dev/spidev{bus}.{device}"
    spi, is_open = spidev.SpiDev(), False
    try:
        spi.open(bus, device)
        is_open = True
        spi.mode = 0
        spi.max_speed_hz = hz
    except FileNotFoundError as error:
        raise AccessError(
            f"{name} does not exist: enable SPI with sudo raspi-config nonint do_spi 0, then reboot"
        ) from error
    except PermissionError as error:
        raise AccessError(
            f"no permission for {name}: sudo usermod -aG spi,gpio $USER, then log in again"
        ) from error
    except OSError as error:
        if is_open:
            spi.close()
        raise AccessError(f"cannot open {name} ({error}): is another program using the panel?") from error
    return spi


@contextmanager
def gpio_errors(pins: Sequence[int]) -> Iterator[None]:
    """AccessError, which names the command that helps, when `pins` cannot be set up."""
    try:
        yield
    except (RuntimeError, ValueError, OSError) as error:
        names = ", ".join(map(str, pins[:-1])) + f" and {pins[-1]}"
        raise AccessError(
            f"cannot use pins {names} ({error}): sudo usermod -aG gpio $USER and log in again; on a Pi 5 pip "
            "install 'longtake[pi5]' instead of [pi]"
        ) from error


class Inputs:
    """Pins (BCM) of buttons to ground: inputs with a pull-up.

    `gpio` is the module RPi.GPIO; tests pass their own. Raises MissingModuleError and AccessError, which name
    the command that helps. There is nothing to close: an input drives nothing.
    """

    def __init__(self, pins: Sequence[int], *, gpio: Any = None) -> None:
        self._pins = tuple(pins)
        self._gpio = gpio if gpio is not None else pi_module("RPi.GPIO")
        try:
            # A killed player leaves its pins set up, and RPi.GPIO would warn the next one.
            self._gpio.setwarnings(False)
            self._gpio.setmode(self._gpio.BCM)
            for pin in self._pins:
                self._gpio.setup(pin, self._gpio.IN, pull_up_down=self._gpio.PUD_UP)
        except (RuntimeError, ValueError, OSError) as error:
            names = ", ".join(map(str, self._pins))
            raise AccessError(
                f"cannot use the pins of the buttons, {names} ({error}): sudo usermod -aG gpio $USER and log "
                "in again; on a Pi 5 pip install 'longtake[pi5]' instead of [pi]"
            ) from error

    def down(self) -> tuple[bool, ...]:
        """Which buttons are pressed now, in the order of the pins. AccessError when a pin cannot be read."""
        try:
            return tuple(not self._gpio.input(pin) for pin in self._pins)
        except (RuntimeError, ValueError, OSError) as error:
            raise AccessError(f"the buttons cannot be read ({error}): start the player again") from error
