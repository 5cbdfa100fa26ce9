"""The settings of an IT8951 panel: one flat, frozen dataclass, checked when it is made.

Facts that nobody could verify on the real panel are settings, not hidden constants; the hardware check list
in the documentation says how to check each of them.
"""

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from driver.errors import SettingsError
from driver.pi import RAISE_BUFSIZ, kernel_bufsiz

VCOM_LOWEST, VCOM_HIGHEST = -3.0, -0.5
"""Volts. Anything outside can harm the panel."""
SIMULATED_VCOM = -1.5

COLUMNS_BEFORE = {"1440": "aligned", "1448": "whole"}
"""What the words for `columns` replaced."""


def _setting(help: str, default: Any = MISSING) -> Any:
    """A setting and its text in `python -m driver --help`."""
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class PanelSettings:
    """How to reach a panel and how to draw on it. The player's settings have the same names.

    vcom has no default: a wrong value spoils the picture and may harm the panel. The controller's limit for
    spi_hz is 24 MHz; many cables manage half of it. `columns` matters only where the width of the panel is
    not made of whole groups of columns, 32 with the firmware of most 6 inch panels and 16 with others:
    "aligned" drives the whole groups, and the rest of the glass stays white (8 of 1448 columns); "whole"
    drives every column, by an image pitch that nobody has tried over SPI.
    """

    vcom: float = _setting(
        "volts, negative, printed on the panel's flex cable, for example -1.53; a real panel needs it"
    )
    vcom_tolerance: float = _setting("how many volts the VCOM read back may differ", 0.01)
    waveform: str = _setting(
        "how partial updates are driven: DU, or A2, which is faster and leaves more ghosts", "DU"
    )
    a2_mode: int | None = _setting(
        "number of the A2 waveform (default: by the name of the controller's LUT)", None
    )
    bits: int = _setting("bits per pixel: 1, or 4 when partial updates come out white", 1)
    columns: str = _setting(
        "columns driven at 1 bit per pixel: aligned, as the firmware asks for, or whole for all of them",
        "aligned",
    )
    rotate: int = _setting("turn the picture by 0 or 180 degrees", 0)
    mirror: bool = _setting("exchange left and right", False)
    start_passes: int = _setting("redraws of the first picture: 1, or 2 where one does not clean it", 1)
    rest: str = _setting("what the controller does between frames: sleep, standby or run", "sleep")
    enhanced_driving: bool = _setting("stronger source drivers, only for a panel that stays blurred", False)
    spi_hz: int = _setting("SPI clock of image data; lower it when the picture is scattered", 12_000_000)
    spi_slow_hz: int = _setting(
        "SPI clock of commands and reads; lower it when the device info is garbage", 1_000_000
    )
    spi_bus: int = _setting("N of /dev/spidevN.M", 0)
    spi_device: int = _setting("M of /dev/spidevN.M", 0)
    reset_pin: int = _setting("GPIO (BCM) of RST", 17)
    ready_pin: int = _setting("GPIO (BCM) of HRDY", 24)
    ready_timeout: float = _setting("seconds the controller may stay busy", 5.0)
    display_timeout: float = _setting("seconds one update may take; INIT, the slowest, takes about 2", 15.0)
    bufsiz: int = field(
        default_factory=kernel_bufsiz,
        metadata={"help": "bytes in the longest SPI transfer (default: the kernel's limit)"},
    )

    @classmethod
    def of(cls, values: Mapping[str, Any], *, simulated: bool = False) -> "PanelSettings":
        """The settings among `values`, by name; other names, and None, are ignored. A simulated panel needs
        no vcom.

        SettingsError when vcom is missing or a value is out of range.
        """
        names = {item.name for item in fields(cls)}
        given = {name: value for name, value in values.items() if name in names and value is not None}
        if "vcom" not in given:
            if not simulated:
                raise SettingsError(
                    "--vcom is missing: give the voltage printed on the panel's flex cable, as in "
                    "--vcom -1.53; or use --simulated to try without a panel"
                )
            given["vcom"] = SIMULATED_VCOM
        return cls(**given)

    def __post_init__(self) -> None:
        """SettingsError for the first value that is out of range."""
        if not (isinstance(self.vcom, int | float) and VCOM_LOWEST <= self.vcom <= VCOM_HIGHEST):
            raise SettingsError(
                f"VCOM {self.vcom} V is outside {VCOM_LOWEST}..{VCOM_HIGHEST} V: give the negative value "
                "printed on the panel's flex cable, for example -1.53"
            )
        _within("vcom_tolerance", self.vcom_tolerance, 0, 0.1, "V")
        _one_of("waveform", self.waveform, ("DU", "A2"))
        if self.a2_mode is not None:
            _within("a2_mode", self.a2_mode, 0, 7)
        _one_of("bits", self.bits, (1, 4))
        if word := COLUMNS_BEFORE.get(str(self.columns)):
            raise SettingsError(f"columns is {self.columns}, which is now called {word}: give {word}")
        _one_of("columns", self.columns, ("aligned", "whole"))
        _one_of("start_passes", self.start_passes, (1, 2))
        _one_of("rotate", self.rotate, (0, 180))
        _one_of("rest", self.rest, ("sleep", "standby", "run"))
        _within("spi_hz", self.spi_hz, 100_000, 24_000_000, "Hz")
        _within("spi_slow_hz", self.spi_slow_hz, 100_000, 24_000_000, "Hz")
        _within("ready_timeout", self.ready_timeout, 0.1, 600, "s")
        _within("display_timeout", self.display_timeout, 0.1, 600, "s")
        if not 64 <= self.bufsiz <= 1 << 20:
            raise SettingsError(
                f"bufsiz, the longest SPI transfer, is {self.bufsiz} bytes, outside 64..{1 << 20}: "
                f"{RAISE_BUFSIZ}"
            )


def _within(name: str, value: float, lowest: float, highest: float, unit: str = "") -> None:
    if not (math.isfinite(value) and lowest <= value <= highest):
        raise SettingsError(f"{name} {value} is outside {lowest}..{highest} {unit}".rstrip())


def _one_of(name: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        raise SettingsError(f"{name} is {value!r}: give one of {', '.join(map(str, allowed))}")
