"""The settings of a UC8179 panel: one flat, frozen dataclass, checked when it is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from driver.errors import SettingsError
from driver.pi import RAISE_BUFSIZ, kernel_bufsiz

SIZES = {"waveshare-7.5-v2": (800, 480), "waveshare-5.83-v2": (648, 480)}
"""(width, height) in pixels, by the panel's name. The controller cannot be asked."""


def _setting(help: str, default: Any) -> Any:
    """A setting and its text in `python -m driver --help`."""
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class PanelSettings:
    """How to reach a panel and how to draw on it. The player's settings have the same names.

    No controller says which glass it drives. Glass made since about September 2023 holds a waveform for
    partial updates; for older glass the driver sends one. `partial_frames` is that one's length, which nobody
    has tried.
    """

    panel: str = _setting("which panel", "waveshare-7.5-v2")
    glass: str = _setting(
        "new, or old for glass made before September 2023, where partial updates of new glass flash", "new"
    )
    slow_redraw: bool = _setting(
        "redraw by the slow waveform (4 s), which follows the temperature: for rooms below 15 C", False
    )
    partial_frames: int = _setting(
        "old glass: length of each half of a partial update, in frames of 20 ms; more is blacker", 20
    )
    rotate: int = _setting("turn the picture by 0 or 180 degrees", 0)
    mirror: bool = _setting("exchange left and right", False)
    enhanced_driving: bool = _setting("stronger booster, only for a panel that stays blurred", False)
    spi_hz: int = _setting("SPI clock; lower it when the picture is scattered", 4_000_000)
    spi_bus: int = _setting("N of /dev/spidevN.M", 0)
    spi_device: int = _setting("M of /dev/spidevN.M", 0)
    reset_pin: int = _setting("GPIO (BCM) of RST", 17)
    ready_pin: int = _setting("GPIO (BCM) of BUSY", 24)
    dc_pin: int = _setting("GPIO (BCM) of DC", 25)
    power_pin: int = _setting("GPIO (BCM) of PWR; boards without it do not mind", 18)
    ready_timeout: float = _setting("seconds the controller may stay busy", 5.0)
    display_timeout: float = _setting("seconds one update may take; the slow redraw takes about 4", 15.0)
    bufsiz: int = field(
        default_factory=kernel_bufsiz,
        metadata={"help": "bytes in the longest SPI transfer (default: the kernel's limit)"},
    )

    @classmethod
    def of(cls, values: Mapping[str, Any], *, simulated: bool = False) -> "PanelSettings":
        """The settings among `values`, by name; other names, and None, are ignored. SettingsError."""
        names = {item.name for item in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in names and value is not None})

    def __post_init__(self) -> None:
        """SettingsError for the first value that is out of range."""
        for name, allowed in (("panel", tuple(SIZES)), ("glass", ("new", "old")), ("rotate", (0, 180))):
            if getattr(self, name) not in allowed:
                known = ", ".join(map(str, allowed))
                raise SettingsError(f"{name} is {getattr(self, name)!r}: give one of {known}")
        for name, lowest, highest, unit in (
            ("partial_frames", 5, 60, "frames"),
            ("spi_hz", 100_000, 20_000_000, "Hz"),
            ("ready_timeout", 0.5, 600, "s"),
            ("display_timeout", 0.5, 600, "s"),
        ):
            if not lowest <= getattr(self, name) <= highest:  # NaN is not
                raise SettingsError(f"{name} {getattr(self, name)} is outside {lowest}..{highest} {unit}")
        if not 16 <= self.bufsiz <= 1 << 20:
            raise SettingsError(
                f"bufsiz, the longest SPI transfer, is {self.bufsiz} bytes, outside 16..{1 << 20}: "
                f"{RAISE_BUFSIZ}"
            )

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return SIZES[self.panel]
