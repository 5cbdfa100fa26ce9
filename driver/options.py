"""The command line of `python -m driver`: options, their help, and the settings they make. Pure."""

import argparse
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NoReturn

from driver.errors import SettingsError
from driver.it8951.settings import PanelSettings
from driver.it8951.wire import kernel_bufsiz

SIMULATED_VCOM = -1.5

COMMANDS = {
    "info": "read what the controller says of itself; draws nothing",
    "clear": "erase the glass to white; do this before the panel is stored away",
    "pattern": "show a test picture and change a part of it without a flash",
    "record": "show the test picture, sleep, wake, and write down every byte that was said",
}

HELP = {
    "vcom": "volts, negative, printed on the panel's flex cable, for example -1.53; needed for a real panel",
    "vcom_tolerance": "volts by which the VCOM read back may differ",
    "bus": "the first number of /dev/spidev0.0",
    "device": "the second number of /dev/spidev0.0",
    "reset_pin": "BCM number of RST",
    "ready_pin": "BCM number of HRDY",
    "write_hz": "SPI clock of image data; lower it when the picture is scattered",
    "slow_hz": "SPI clock of commands and reads; lower it when the device info is garbage",
    "bufsiz": "longest transfer in bytes (default: as the kernel says)",
    "bits_per_pixel": "1, or 4 when partial updates come out white",
    "all_columns": "reach every column with one bit per pixel (1448 instead of 1440)",
    "a2_mode": "number of the A2 waveform (default: by the controller's LUT)",
    "rotate": "0 or 180 degrees",
    "mirror": "exchange left and right",
    "rest": "what to do at the end and between frames: sleep, standby or run",
    "enhanced_driving": "only for a panel that stays blurred",
    "ready_timeout": "seconds the controller may stay busy",
    "display_timeout": "seconds one update may take",
}
"""One entry for every field of PanelSettings."""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options; exits with 2 and one line on stderr when they cannot be understood."""
    return _parser().parse_args(arguments)


def panel_settings(options: argparse.Namespace) -> PanelSettings:
    """The settings, the kernel's bufsiz filled in; raises SettingsError, also for a missing VCOM."""
    vcom = options.vcom
    if vcom is None:
        if not options.simulated:
            raise SettingsError(
                "--vcom is missing: give the negative value printed on the panel's flex cable, for example "
                "--vcom -1.53, or --simulated to try without a panel"
            )
        vcom = SIMULATED_VCOM
    if options.glass and not options.simulated:
        raise SettingsError("--glass needs --simulated: only the simulator can see its glass")
    given = {field.name: getattr(options, field.name) for field in fields(PanelSettings)}
    settings = PanelSettings(**{**given, "vcom": vcom})
    return settings if settings.bufsiz is not None else replace(settings, bufsiz=kernel_bufsiz())


def size(text: str) -> tuple[int, int]:
    width, height = text.lower().split("x")
    return int(width), int(height)


class _Parser(argparse.ArgumentParser):
    """Errors in one line, like all others."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"driver: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m driver",
        description="Try a Waveshare e-Paper panel with an IT8951 controller, or its simulator.",
        epilog="First time: python -m driver info --vcom -1.53, with the value printed on your panel's flex "
        "cable. Without a panel: python -m driver pattern --simulated --glass glass.png",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    for name, text in COMMANDS.items():
        command = commands.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False
        )
        if name == "record":
            command.add_argument("file", type=Path, metavar="FILE", help="the recording: JSON lines")
            command.add_argument(
                "--compare", type=Path, metavar="FILE", help="print where another recording differs"
            )
            command.set_defaults(record=None)
        else:
            command.add_argument(
                "--record", type=Path, metavar="FILE", help="write down every byte that was said"
            )
            command.set_defaults(compare=None)
        if name in ("pattern", "record"):
            command.add_argument(
                "--waveform", choices=("DU", "A2"), default="DU", help="of the partial updates (default: DU)"
            )
        command.add_argument("--simulated", action="store_true", help="use the simulator instead of a panel")
        command.add_argument(
            "--simulated-size",
            type=size,
            default=(1448, 1072),
            metavar="WxH",
            help="pixels (default: 1448x1072)",
        )
        command.add_argument(
            "--glass", type=Path, metavar="PNG", help="with --simulated: save a picture of the glass"
        )
        _add_settings(command.add_argument_group("settings of the panel"))
    return parser


def _add_settings(group: Any) -> None:
    """One option for every field of PanelSettings."""
    for field in fields(PanelSettings):
        flag = "--" + field.name.replace("_", "-")
        text = HELP[field.name]
        if field.default is False:
            group.add_argument(flag, action="store_true", help=text)
        elif field.name == "vcom":
            group.add_argument(flag, type=float, metavar="VOLTS", help=text)
        elif field.default is None:
            group.add_argument(flag, type=int, metavar="N", help=text)
        else:
            kind = type(field.default)
            group.add_argument(
                flag,
                type=kind,
                default=field.default,
                metavar="N" if kind is int else "X",
                help=f"{text} (default: {field.default})",
            )
