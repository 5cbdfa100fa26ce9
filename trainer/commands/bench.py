"""`trainer bench`."""

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from trainer.commands.dithers import add_compared_dithers, own_options, parse_dithers
from trainer.commands.film import parse_size
from trainer.commands.output import dithers_grid, print_out, progress_bar, table_console
from trainer.dithers.table import DITHERS
from trainer.errors import OptionError
from trainer.films.times import parse_place
from trainer.fit.settings import PRESETS, Settings

if TYPE_CHECKING:
    from trainer.bench import Bench, Exported

_HEADS = ("decode\nms", "tone\nms", "dither\nms", "com-\npress", "write\nms")

MADE_FRAMES = 160
"""Of the made film: enough for a quick dither, and soon written."""
LARGEST = 4096
"""Pixels of a side; the panels there are have less than half."""

NOTES = """\
decode to write: ms per frame, each stage alone in one thread (medians).
dither, export: frames per second, of the dithering alone and of the whole
export, whose stages overlap. film: an export of {frames:,} frames at that
rate. first dithers: those of the first frame, compiling included.
"""


DEFINITIONS = {
    "update_seconds": "of one update: a pass over every patch, gradient, Adam, polishing, the next patches; "
    "median",
    "patch_pixels_per_second": "batch x patch x patch pixels per update",
    "operations_per_update": "multiplications and additions, by XLA's cost analysis of its program",
    "matmul_operations_per_second": "of a product of two float32 matrices of matmul_side, measured in turn "
    "with the updates; median",
    "share_of_matmul": "operations of the updates per second over those of the product",
    "stages_seconds": "per frame, each stage by itself in one thread; medians but for write, a mean",
    "dither_frames_per_second": "of the dithering alone, closed loop, by the median",
    "export_frames_per_second": "of `trainer export`, whose stages overlap",
    "film_seconds": "what the export of a film of `film.frames` frames would take at that rate",
    "first_frame_seconds": "the dither of the first frame, compiling included",
}
"""What the figures mean, by key."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What is measured, on which film, and for how long."""
    parser.description = (
        "Measure how fast this machine trains and exports, and say where the time of an export goes and what "
        "a whole film would take. Takes a minute or two; needs no film."
    )
    parser.epilog = "example: trainer bench; trainer bench --film film.mp4 --start 1:30 --dither search:0.3"
    parser.add_argument(
        "--preset",
        choices=("cpu", "gpu", "tpu"),
        default="cpu",
        help="of `trainer fit`: what to train; default cpu",
    )
    parser.add_argument("--film", metavar="FILM", help="the film to export; default: a made one, 1920x1080")
    parser.add_argument(
        "--start", metavar="PLACE", default="0", help="its first frame (250, 12.5s, 4:05); default 0"
    )
    parser.add_argument(
        "--size", metavar="WxH", default="1448x1072", help="the panel's pixels; default 1448x1072"
    )
    parser.add_argument(
        "--seconds", type=float, default=3, metavar="S", help="of each measurement, about; default 3"
    )
    parser.add_argument("--json", metavar="FILE", help="everything, as JSON; - prints it instead")
    add_compared_dithers(parser, "a dither to export with", "all")


def run(args: argparse.Namespace) -> int:
    """Measure, with a progress bar on stderr and tables on stdout; with `--json -` JSON alone on stdout."""
    from trainer.bench import Source, bench, write_film
    from trainer.files import check_result, write_whole
    from trainer.films.film import Film
    from trainer.films.tones import Tones

    own = own_options(args)
    chosen = parse_dithers(args.dither or list(DITHERS), own)
    settings = Settings(**PRESETS[args.preset][0])
    if not 0 < args.seconds <= 600:
        raise OptionError(f"--seconds {args.seconds:g}: choose more than 0, up to 600")
    start, tones = parse_place(args.start), Tones(size=parse_size(args.size))
    if max(tones.size) > LARGEST:
        raise OptionError(f"--size {args.size}: choose sides of up to {LARGEST} pixels")
    if args.json not in (None, "-"):
        check_result("--json", Path(args.json), [Path(args.film)] if args.film else [])

    total = 2 * len(chosen) + 2
    with (
        TemporaryDirectory(prefix="trainer-bench-") as name,
        progress_bar("bench", total) as advance,
    ):
        steps = iter(range(total))
        folder = Path(name)
        path = folder / "made film.mp4"
        if args.film is None:
            advance(next(steps), "make a film")
            write_film(path, MADE_FRAMES)
        with Film(args.film or path) as film:
            measured = bench(
                args.preset,
                settings,
                Source(film, start, tones),
                chosen,
                own,
                folder,
                args.seconds,
                lambda what: advance(next(steps), what),
            )
    if args.json not in (None, "-"):
        write_whole(Path(args.json), _json(measured).encode())
    print_out(lambda: _json(measured) if args.json == "-" else _tables(measured))
    return 0


def _plain(measured: "Bench") -> dict[str, Any]:
    """All figures as plain values, with the machine and versions."""
    from importlib.metadata import version

    from trainer import machine
    from trainer.bench import FILM_FRAMES

    trained, film = measured.training, measured.source.film
    return {
        "machine": {**machine.describe(), "longtake": version("longtake")},
        "seconds_per_measurement": measured.seconds,
        "training": {
            "preset": measured.preset,
            "settings": trained.settings.as_dict(),
            "compile_seconds": trained.compiling,
            "update_seconds": trained.seconds,
            "updates_measured": trained.updates * len(trained.timing.each),
            "patch_pixels_per_second": trained.patch_pixels_per_second,
            "operations_per_update": trained.operations,
            "matmul_side": trained.side,
            "matmul_operations_per_second": trained.peak,
            "share_of_matmul": trained.share,
        },
        "film": {"name": film.name, "size": [film.width, film.height], "frames": FILM_FRAMES},
        "panel": list(measured.source.tones.size),
        "dithers": {label: _exported(each) for label, each in measured.exports.items()},
        "definitions": DEFINITIONS,
    }


def _exported(each: "Exported") -> dict[str, Any]:
    return {
        "stages_seconds": each.stages.seconds,
        "stages_frames": each.stages.frames,
        "first_frame_seconds": each.stages.first,
        "flips_share": each.stages.flips,
        "dither_frames_per_second": each.stages.dithers_per_second,
        "export_frames_per_second": each.frames_per_second,
        "export_frames": each.frames,
        "film_seconds": each.film_seconds,
    }


def _json(measured: "Bench") -> str:
    return json.dumps(_plain(measured), indent=1, allow_nan=False) + "\n"


def _tables(measured: "Bench") -> str:
    """The machine, what training comes to, a row for each dither, and what it means."""
    from trainer.bench import FILM_FRAMES

    console = table_console()
    about = _plain(measured)
    film, (width, height) = measured.source.film, measured.source.tones.size
    with console.capture() as tables:
        console.print(_machine(about["machine"]) + "\n", style="bold")
        console.print(_training(measured), "")
        console.print(
            f"exports at {width}x{height} of {film.name}, {film.width}x{film.height}\n", style="bold"
        )
        console.print(_exports(measured.exports), "")
        firsts = ", ".join(
            f"{label} {_short(each.stages.first)} s" for label, each in measured.exports.items()
        )
        console.print(f"first dithers: {firsts}\n")
        console.print(NOTES.format(frames=FILM_FRAMES), end="")
    return tables.get()


def _machine(about: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    devices = ", ".join(sorted(set(about["jax_devices"])))
    return (
        f"{about['processor']}, {about['cores']} cores, JAX on {len(about['jax_devices'])} {devices}\n"
        f"Python {about['python']}, {versions}, longtake {about['longtake']}"
    )


def _training(measured: "Bench") -> str:
    trained = measured.training
    settings = trained.settings
    return (
        f"training, preset {measured.preset}: {settings.batch} patches of {settings.patch}x{settings.patch}, "
        f"{settings.channels} channels, {settings.blocks} blocks\n"
        f"  {trained.patch_pixels_per_second / 1e6:.3f} million patch-pixels per second, "
        f"{1000 * trained.seconds:.1f} ms an update (median of {len(trained.timing.each)})\n"
        f"  {trained.operations / 1e9:.3f} billion operations an update as XLA counts them: "
        f"{100 * trained.share:.1f} % of a matrix product's\n"
        f"  measured beside it, {trained.side}x{trained.side} in float32: {trained.peak / 1e9:,.0f} "
        f"billion operations per second\n"
        f"  compiling it took {trained.compiling:.1f} s\n"
    )


def _exports(exports: "dict[str, Exported]") -> Table:
    """A row for each dither."""
    from trainer.bench import STAGES

    grid = dithers_grid([*_HEADS, "dither\nper s", "export\nper s", "film\n"])
    for label, each in exports.items():
        grid.add_row(
            Text(label),
            *(_short(1000 * each.stages.seconds[stage]) for stage in STAGES),
            _short(each.stages.dithers_per_second),
            _short(each.frames_per_second),
            in_words(each.film_seconds),
        )
    return grid


def in_words(seconds: float) -> str:
    """A long time as a person would say it: `40 seconds`, `35 minutes`, `7.4 hours`, `12 hours`, `3.1 days`.

    Two digits, whole numbers from 10 on.
    """
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * length:
            number = seconds / length
            return f"{number:.1f} {unit}" if number < 9.95 else f"{number:,.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _short(number: float) -> str:
    """Three digits or so."""
    return f"{number:.0f}" if number >= 99.95 else f"{number:.1f}" if number >= 0.95 else f"{number:.2f}"
