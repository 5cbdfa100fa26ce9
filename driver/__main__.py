"""`python -m driver`: see whether a panel is there, clear it, show a test picture, record what is said.

Errors are one line on stderr and exit code 2; Ctrl-C ends quietly with 130.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from PIL import Image

from driver import pattern
from driver.errors import DriverError, RecordingError
from driver.it8951.device_info import a2_mode
from driver.it8951.panel import (
    IT8951Panel,
    PanelSettings,
    open_on,
)
from driver.it8951.wire import (
    SpiWire,
    Wire,
)
from driver.options import panel_settings, parse
from driver.recording import RecordingWire, differences, read_recording


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    try:
        run(parse(arguments))
    except DriverError as error:
        print(f"driver: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def run(options: argparse.Namespace) -> None:
    """The chosen command on the chosen wire, recorded if that is asked for."""
    settings = panel_settings(options)
    theirs = read_recording(options.compare) if options.compare else []
    with ExitStack() as stack:
        wire, clock, sleep = _wire(options, settings)
        stack.callback(wire.close)
        record = options.file if options.command == "record" else options.record
        tap: Wire = wire
        if record:
            tap = RecordingWire(wire, record, clock)
            stack.callback(tap.close)
        panel = open_on(tap, settings, clock, sleep)
        if options.command == "info":
            _print_info(panel)
        elif options.command == "clear":
            panel.clear()
            print("The glass is white.")
        else:
            _show_pattern(panel, options.waveform)
        if options.command == "record":
            _sleep_and_wake(panel)
        panel.sleep()
        if options.glass:
            _save_glass(wire, options.glass)
    if record:
        print(f"Recorded in {record}.")
    if options.compare:
        _print_differences(record, theirs, options.compare)


def _print_info(panel: IT8951Panel) -> None:
    info, settings = panel.info, panel.settings
    known = settings.a2_mode if settings.a2_mode is not None else a2_mode(info.lut)
    a2 = f"waveform {known}" if known is not None else "unknown for this LUT, DU is used; --a2-mode sets it"
    for name, value in (
        ("panel", f"{info.width} x {info.height}"),
        ("firmware", info.firmware),
        ("LUT", info.lut),
        ("A2", a2),
        ("image memory", f"0x{info.address:08X}"),
        ("VCOM", f"{panel.controller.vcom():.2f} V, set and read back"),
        ("temperature", f"{panel.controller.temperature()} C"),
        ("columns drawn", f"{panel.format.columns} with {settings.bits_per_pixel} bit per pixel"),
        ("longest transfer", f"{settings.bufsiz} bytes"),
    ):
        print(f"{name:>17}: {value}")


def _show_pattern(panel: IT8951Panel, waveform: str) -> None:
    width, height = panel.size
    dither = pattern.picture(width, height)
    rows = pattern.band(height)
    print(
        "1. The test picture, with a flash: a black line at all four edges (the right one is cut off with\n"
        "   one bit per pixel: see --all-columns), the words readable, the thin diagonals straight.\n"
        "   Mirrored: --mirror. Upside down: --rotate 180. Scattered: lower --write-hz."
    )
    panel.redraw(dither)
    print(
        f"2. Half of the checkerboards are inverted by {waveform}, without a flash; the rest stays as is.\n"
        "   All white: --bits-per-pixel 4. Nothing or noise with A2: --a2-mode."
    )
    panel.show(_inverted(dither, rows), rows, waveform)
    print(
        "3. They are put back: the picture is whole again, a little grey where white has turned black.\n"
        "   Wrong, and yet no error: compare a recording with the simulator's (see record --help)."
    )
    panel.show(dither, rows, waveform)


def _sleep_and_wake(panel: IT8951Panel) -> None:
    dither = pattern.picture(*panel.size)
    rows = pattern.band(panel.size[1])
    print("4. After sleep and wake the same rows are inverted; the rest must still be there.")
    panel.sleep()
    panel.show(_inverted(dither, rows), rows)


def _inverted(dither: Any, rows: slice) -> Any:
    changed = dither.copy()
    changed[rows] ^= 1
    return changed


def _print_differences(record: Path, theirs: Sequence[Any], compare: Path) -> None:
    found = list(islice(differences(read_recording(record), theirs), 21))
    print(f"Same conversation as in {compare}." if not found else f"Differences to {compare}:")
    for line in found[:20]:
        print(f"  {line}")
    if len(found) > 20:
        print("  and more")


def _wire(
    options: argparse.Namespace, settings: PanelSettings
) -> tuple[Any, Callable[[], float], Callable[[float], None]]:
    """The wire, with the clock and the sleep that belong to it."""
    if options.simulated:
        from driver.simulator.it8951 import SimulatedWire

        wire = SimulatedWire(*options.simulated_size)
        return wire, wire.clock, wire.sleep
    return SpiWire(settings), time.monotonic, time.sleep


def _save_glass(wire: Any, path: Path) -> None:
    try:
        Image.fromarray(wire.glass).save(path)
    except (OSError, ValueError) as error:
        raise RecordingError(
            f"cannot save the glass as {path} ({error}): give a writable name ending .png"
        ) from error
    print(f"The simulated glass is in {path}.")


if __name__ == "__main__":
    sys.exit(main())
