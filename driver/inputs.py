"""Buttons as inputs: pins that are pulled up, and down while something joins them to ground.

Of RPi.GPIO only setup and input are used: its edge detection broke with Linux 6.6, so pins are polled.
"""

from collections.abc import Sequence
from typing import Any

from driver.errors import AccessError
from driver.it8951.wire import pi_module


class Inputs:
    """Some pins, BCM. `gpio` is the module RPi.GPIO; tests pass their own.

    Raises MissingModuleError and AccessError, each with the command that mends it. There is nothing to
    close: a pin that is an input drives nothing.
    """

    def __init__(self, pins: Sequence[int], *, gpio: Any = None) -> None:
        self._pins = tuple(pins)
        self._gpio = gpio if gpio is not None else pi_module("RPi.GPIO")
        try:
            # A player that was killed leaves its pins set up, which the next one would be warned of.
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
        """Which of the pins are at ground now, in their order. AccessError where one cannot be read."""
        try:
            return tuple(not self._gpio.input(pin) for pin in self._pins)
        except (RuntimeError, ValueError, OSError) as error:
            raise AccessError(f"the buttons cannot be read ({error}): start the player again") from error
