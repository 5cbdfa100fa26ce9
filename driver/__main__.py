"""`python -m driver`: see whether a panel is there, clear it, show a test picture, record the conversation.

Errors are one line on stderr and exit code 2; Ctrl-C ends quietly with 130.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import MISSING, fields
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from driver import chart, pattern
from driver.errors import DriverError, RecordingError, SettingsError
from driver.panel import DEFAULT_PANEL, PANELS, Panel
from driver.recording import Event, RecordingWire, differences, read_recording

COMMANDS = {
    "info": "read what the controller says of itself; draws nothing",
    "clear": "erase the glass to white; do this before the panel is stored away",
    "pattern": "show a test picture and change a part of it without a flash",
    "chart": "show the chart that `trainer calibrate` reads from a photograph",
    "record": "show the test picture, sleep, wake, and record every byte of the conversation",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        run(parse(arguments))
    except DriverError as error:
        print(f"driver: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def run(args: argparse.Namespace) -> None:
    """Carry out the chosen command on the chosen wire, recorded if that is asked for."""
    driver, settings = PANELS[args.panel].module(), panel_settings(args)
    theirs = read_recording(args.compare) if args.compare else []
    with ExitStack() as stack:
        wire, clock, sleep = _wire(args, settings)
        stack.callback(wire.close)
        record = args.file if args.command == "record" else args.record
        tap = wire
        if record:
            tap = RecordingWire(wire, record, clock)
            stack.callback(tap.close)
        panel = driver.open_on(tap, settings, clock, sleep)
        if args.command == "info":
            for name, value in driver.describe(panel):
                print(f"{name:>17}: {value}")
        elif args.command == "clear":
            panel.clear()
            print("The glass is white.")
        elif args.command == "chart":
            _show_chart(panel)
        else:
            _show_pattern(panel, settings.waveform)
        if args.command == "record":
            _sleep_and_wake(panel)
        panel.sleep()
        if args.glass:
            _save_glass(wire, args.glass)
    if record:
        print(f"Recorded in {record}.")
    if args.compare:
        _print_differences(record, theirs, args.compare)


def _show_chart(panel: Panel) -> None:
    try:
        chart.draw(panel)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    print(f"The chart is on the panel. {chart.ADVICE}")


def _show_pattern(panel: Panel, waveform: str) -> None:
    dither, rows, inverted = _pictures(panel)
    print(
        "1. The test picture, with a flash: a black line at all four edges (the right one is cut off with\n"
        "   one bit per pixel: see --columns), the words readable, the thin diagonals straight.\n"
        "   Mirrored: --mirror. Upside down: --rotate 180. Scattered: lower --spi-hz."
    )
    panel.redraw(dither)
    print(
        f"2. Half of the checkerboards are inverted by {waveform}, without a flash; the rest stays.\n"
        "   All white: --bits 4. Nothing or noise with A2: --a2-mode."
    )
    panel.show(inverted, rows, dither)
    print(
        "3. They are restored: the picture is whole again, a little grey where white has turned black.\n"
        "   Wrong, and yet no error: compare a recording with the simulator's (see record --help)."
    )
    panel.show(dither, rows, inverted)


def _sleep_and_wake(panel: Panel) -> None:
    dither, rows, inverted = _pictures(panel)
    print("4. After sleep and wake the same rows are inverted; the rest must still be there.")
    panel.sleep()
    panel.show(inverted, rows, dither)


def _pictures(panel: Panel) -> tuple[np.ndarray, slice, np.ndarray]:
    """The test picture, the rows that partial updates invert, and the picture with these inverted."""
    dither, rows = pattern.picture(*panel.size), pattern.band(panel.size[1])
    inverted = dither.copy()
    inverted[rows] ^= 1
    return dither, rows, inverted


def _print_differences(record: Path, theirs: Sequence[Event], compare: Path) -> None:
    found = list(islice(differences(read_recording(record), theirs), 21))
    print(f"Same conversation as in {compare}." if not found else f"Differences to {compare}:")
    for line in found[:20]:
        print(f"  {line}")
    if len(found) > 20:
        print("  and more")


def _wire(
    args: argparse.Namespace, settings: Any
) -> tuple[Any, Callable[[], float], Callable[[float], None]]:
    """The wire, with the clock and the sleep that belong to it."""
    panel = PANELS[args.panel]
    if args.simulated:
        wire = panel.simulated_wire(args.simulated_size)
        return wire, wire.clock, wire.sleep
    return panel.module().SpiWire(settings), time.monotonic, time.sleep


def _save_glass(wire: Any, path: Path) -> None:
    try:
        wire.save_png(path)
    except OSError as error:
        raise RecordingError(
            f"cannot save the glass as {path} ({error.strerror}): give a path that can be written"
        ) from error
    print(f"The simulated glass is in {path}.")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options; exits with 2 and one line on stderr when they cannot be understood."""
    return _parser().parse_args(arguments)


def panel_settings(args: argparse.Namespace) -> Any:
    """The settings that the options give. SettingsError, also for options that contradict each other."""
    if args.glass and not args.simulated:
        raise SettingsError("--glass needs --simulated: only the simulator can see its glass")
    if args.glass and args.glass.suffix.lower() != ".png":
        raise SettingsError(f"cannot save the glass as {args.glass}: give a name that ends in .png")
    return PANELS[args.panel].module().PanelSettings.of(vars(args), simulated=args.simulated)


def size(text: str) -> tuple[int, int]:
    """(width, height) of a text like 1448x1072."""
    width, height = text.lower().split("x")
    return int(width), int(height)


class _Parser(argparse.ArgumentParser):
    """Errors in one line, like all others."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"driver: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m driver",
        description="Try an e-paper panel, or its simulator.",
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
            command.add_argument("--record", type=Path, metavar="FILE", help="record every byte in FILE")
            command.set_defaults(compare=None)
        command.add_argument(
            "--panel",
            choices=PANELS,
            default=DEFAULT_PANEL,
            help="; ".join(f"{name}: {panel.description}" for name, panel in PANELS.items())
            + " (default: %(default)s)",
        )
        command.add_argument("--simulated", action="store_true", help="use the simulator instead of a panel")
        command.add_argument(
            "--simulated-size", type=size, metavar="WxH", help="pixels (default: those of the panel)"
        )
        command.add_argument(
            "--glass", type=Path, metavar="PNG", help="with --simulated: save a picture of the glass"
        )
        _add_settings(command.add_argument_group("settings of the panel"))
    return parser


def _add_settings(group: Any) -> None:
    """One option for every setting of a panel in the table; only those given end up in the namespace."""
    seen = set()
    for panel in PANELS.values():
        for field in fields(panel.module().PanelSettings):
            if field.name in seen:
                continue
            seen.add(field.name)
            option, text = "--" + field.name.replace("_", "-"), field.metadata["help"]
            if field.type is bool:
                group.add_argument(option, action="store_true", default=argparse.SUPPRESS, help=text)
                continue
            if field.default not in (MISSING, None):
                text += f" (default: {field.default})"
            kind = field.type if field.type in (float, str) else int
            metavar = {int: "N", float: "X", str: "WORD"}[kind]
            group.add_argument(option, type=kind, metavar=metavar, default=argparse.SUPPRESS, help=text)


if __name__ == "__main__":
    sys.exit(main())
