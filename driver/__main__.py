"""`python -m driver`: see whether a panel is there, clear it, show a test picture, record the conversation.

Errors are one line on stderr and exit code 2; Ctrl-C ends quietly with 130.
"""

import argparse
import re
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import MISSING, Field, fields
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from driver import chart, pattern
from driver.errors import DriverError, RecordingError, SettingsError
from driver.panel import DEFAULT_PANEL, PANELS, Panel, find_panel
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
    driver, settings = find_panel(args.panel).module(), panel_settings(args)
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
            _show_pattern(panel, driver.HINTS)
        if args.command == "record":
            _sleep_and_wake(panel)
        panel.sleep()
        if args.save_glass:
            _save_glass(wire, args.save_glass)
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


def _show_pattern(panel: Panel, hints: Sequence[str]) -> None:
    dither, rows, inverted = _pictures(panel)
    print(
        "1. The test picture, with a flash: a black line at all four edges, the words readable, the thin\n"
        "   diagonals straight. Mirrored: --mirror. Upside down: --rotate 180.\n"
        f"   {hints[0]}"
    )
    panel.redraw(dither)
    how = "without a flash" if panel.partial else "with a flash, as this panel has no partial update"
    print(f"2. Half of the checkerboards are inverted, {how}; the rest stays.\n   {hints[1]}")
    panel.show(inverted, rows, dither)
    print(
        "3. They are restored: the picture is whole again, a little grey where white has turned black.\n"
        f"   {hints[2]}"
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
    panel = find_panel(args.panel)
    if args.simulated:
        try:
            wire = panel.simulated_wire(args.simulated_size)
        except ValueError as error:
            raise SettingsError(f"{error}: give another --simulated-size") from error
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
    if args.save_glass and not args.simulated:
        raise SettingsError("--save-glass needs --simulated: only the simulator can see its glass")
    if args.save_glass and args.save_glass.suffix.lower() != ".png":
        raise SettingsError(f"cannot save the glass as {args.save_glass}: give a name that ends in .png")
    if args.simulated_size and find_panel(args.panel).size:
        raise SettingsError(f"--simulated-size is not for {args.panel}, which has one size: leave it out")
    if args.panel.startswith("omni:") and (args.command == "record" or args.record):
        raise SettingsError("what omni-epd says to a panel cannot be recorded: leave that out")
    settings = find_panel(args.panel).module().PanelSettings
    known = {field.name for field in fields(settings)}
    for name in _options():
        if name not in known and name in vars(args):
            raise SettingsError(f"{_option(name)} is no setting of {args.panel}: leave it out")
    return settings.of(vars(args), simulated=args.simulated)


def panel_name(text: str) -> str:
    """The name of a panel. ArgumentTypeError."""
    try:
        find_panel(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def number(text: str) -> float:
    """A number of the command line. ArgumentTypeError names the repair of -1,53 and -1.53V."""
    try:
        return float(text)
    except ValueError:
        found = re.fullmatch(
            r"([-+]?\d+)(?:[.,](\d+))?\s*[A-Za-z]*", text.strip().replace("\N{MINUS SIGN}", "-")
        )
        written = f"{found[1]}.{found[2] or 0}" if found else "-1.53, for example"
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number: write {written}, with a point and no unit"
        ) from None


def size(text: str) -> tuple[int, int]:
    """(width, height) of a text like 1448x1072."""
    width, height = text.lower().split("x")
    return int(width), int(height)


class _Parser(argparse.ArgumentParser):
    """Errors in one line, like all others. A minus and a digit begin a value: `--vcom -1,53`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"driver: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m driver",
        description="Try an e-paper panel, or its simulator.",
        epilog="First time: python -m driver info --vcom -1.53, with the value printed on your panel's flex "
        "cable, or for another panel python -m driver info --panel waveshare-7.5-v2. Without a panel: "
        "python -m driver pattern --simulated --save-glass glass.png",
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
            type=panel_name,
            metavar="NAME",
            default=DEFAULT_PANEL,
            help="; ".join(f"{name}: {panel.description}" for name, panel in PANELS.items())
            + "; omni:NAME: any other panel, by its name in omni-epd; it flashes at every picture"
            " (default: %(default)s)",
        )
        command.add_argument("--simulated", action="store_true", help="use the simulator instead of a panel")
        command.add_argument(
            "--simulated-size", type=size, metavar="WxH", help="pixels (default: those of the panel)"
        )
        command.add_argument(
            "--save-glass", type=Path, metavar="PNG", help="with --simulated: save a picture of the glass"
        )
        _add_settings(command.add_argument_group("settings of the panel"))
    return parser


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _options() -> dict[str, dict[str, Field[Any]]]:
    """Every setting of a panel in the table: name -> its field for each controller that has it."""
    found: dict[str, dict[str, Field[Any]]] = {}
    for panel in PANELS.values():
        for field in fields(panel.module().PanelSettings):
            if field.name != "panel":
                found.setdefault(field.name, {})[panel.controller] = field
    return found


def _add_settings(group: Any) -> None:
    """One option for every setting; only those given end up in the namespace."""
    controllers = {panel.controller for panel in PANELS.values()}
    for name, known in _options().items():
        field, *_ = known.values()
        text = field.metadata["help"]
        if set(known) != controllers:
            text += f" [{', '.join(known)}]"
        if field.type is bool:
            group.add_argument(_option(name), action="store_true", default=argparse.SUPPRESS, help=text)
            continue
        defaults = {item.default: controller for controller, item in known.items()}
        if len(defaults) > 1:
            each = ", ".join(f"{value} for {controller}" for value, controller in defaults.items())
            text += f" (default: {each})"
        elif field.default not in (MISSING, None):
            text += f" (default: {field.default})"
        kind = field.type if field.type in (float, str) else int
        metavar = {int: "N", float: "X", str: "WORD"}[kind]
        group.add_argument(
            _option(name),
            type=number if kind is float else kind,
            metavar=metavar,
            default=argparse.SUPPRESS,
            help=text,
        )


if __name__ == "__main__":
    sys.exit(main())
