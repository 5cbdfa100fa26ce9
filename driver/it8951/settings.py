"""The settings of a panel: one flat, frozen dataclass, checked when it is made.

Facts that nobody could verify on the real panel are settings here and never hidden constants; the README's
hardware check list says which command checks each of them.
"""

import math
from dataclasses import dataclass

from driver.errors import SettingsError

VCOM_LOWEST, VCOM_HIGHEST = -3.0, -0.5
"""Volts. Outside of these a panel can be harmed."""

RESTS = ("sleep", "standby", "run")


@dataclass(frozen=True)
class PanelSettings:
    """How to reach a panel and how to draw on it.

    vcom            volts, -3.0..-0.5, printed on the panel's flex cable; a wrong one harms the picture and
                    perhaps the panel, so there is no default
    vcom_tolerance  volts by which the value read back may differ from the one set (a regulator has steps)
    bus, device     of /dev/spidev{bus}.{device}; chip select is the kernel's
    reset_pin, ready_pin   BCM numbers of RST and HRDY
    write_hz        SPI clock of image data; the controller's limit is 24 MHz, many cables manage half of it
    slow_hz         SPI clock of commands, arguments and reads
    bufsiz          longest chip-select window in bytes; None: as the kernel's spidev says, else 4096
    bits_per_pixel  1, or 4 for firmware that ignores the 1-bit path and shows white
    all_columns     1-bit path only. False: whole groups of 32 columns (1440 of 1448), the rest stays white.
                    True: every column, by an image pitch that nobody has tried over SPI
    a2_mode         number of the A2 waveform; None: by the controller's LUT name, DU where it is unknown
    rotate          0 or 180 degrees, in software
    mirror          left and right exchanged, in software
    rest            what `Panel.sleep()` does between frames: "sleep", "standby", or "run" (nothing)
    enhanced_driving   stronger source drivers, only for a panel that stays blurred
    ready_timeout   seconds HRDY may stay low
    display_timeout seconds one update may take (INIT, the longest, takes about 2)
    """

    vcom: float
    vcom_tolerance: float = 0.01
    bus: int = 0
    device: int = 0
    reset_pin: int = 17
    ready_pin: int = 24
    write_hz: int = 12_000_000
    slow_hz: int = 1_000_000
    bufsiz: int | None = None
    bits_per_pixel: int = 1
    all_columns: bool = False
    a2_mode: int | None = None
    rotate: int = 0
    mirror: bool = False
    rest: str = "sleep"
    enhanced_driving: bool = False
    ready_timeout: float = 5.0
    display_timeout: float = 15.0

    def __post_init__(self) -> None:
        """Raises SettingsError for the first value that is out of its range."""
        if not (isinstance(self.vcom, int | float) and VCOM_LOWEST <= self.vcom <= VCOM_HIGHEST):
            raise SettingsError(
                f"VCOM {self.vcom} V is outside {VCOM_LOWEST}..{VCOM_HIGHEST} V: give the negative value "
                "printed on the panel's flex cable, for example -1.53"
            )
        _within("vcom_tolerance", self.vcom_tolerance, 0, 0.1, "V")
        _within("write_hz", self.write_hz, 100_000, 24_000_000, "Hz")
        _within("slow_hz", self.slow_hz, 100_000, 24_000_000, "Hz")
        if self.bufsiz is not None:
            _within("bufsiz", self.bufsiz, 64, 1 << 20, "bytes")
        if self.a2_mode is not None:
            _within("a2_mode", self.a2_mode, 0, 7)
        _within("ready_timeout", self.ready_timeout, 0.1, 600, "s")
        _within("display_timeout", self.display_timeout, 0.1, 600, "s")
        _one_of("bits_per_pixel", self.bits_per_pixel, (1, 4))
        _one_of("rotate", self.rotate, (0, 180))
        _one_of("rest", self.rest, RESTS)


def _within(name: str, value: float, lowest: float, highest: float, unit: str = "") -> None:
    if not (math.isfinite(value) and lowest <= value <= highest):
        raise SettingsError(f"{name} {value} is outside {lowest}..{highest} {unit}".rstrip())


def _one_of(name: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        raise SettingsError(f"{name} is {value!r}: give one of {', '.join(map(str, allowed))}")
