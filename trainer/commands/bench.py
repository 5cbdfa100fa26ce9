"""`trainer bench`."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.table import Table
from rich.text import Text

from trainer.bench.bench import (
    Bench,
    Source,
    bench,
)
from trainer.bench.exporting import (
    STAGES,
    Exported,
)
from trainer.bench.made import write_film
from trainer.bench.timing import (
    FILM_FRAMES,
    in_words,
)
from trainer.commands.dithers import add_compared_dithers, own_options, parse_dithers
from trainer.commands.film import parse_size
from trainer.commands.fit_choice import PRESETS
from trainer.commands.output import dithers_grid, print_out, progress_bar, table_console
from trainer.dithers.table import DITHERS
from trainer.errors import OptionError
from trainer.files import check_result, write_whole
from trainer.films.film import Film
from trainer.films.times import parse_place
from trainer.films.tones import Tones
from trainer.fit.train import Settings

_HEADS = ("decode\nms", "tone\nms", "dither\nms", "com-\npress", "write\nms")

MADE_FRAMES = 160
"""Of the made film: enough for a quick dither, and soon written."""
LARGEST = 4096
"""Pixels of a side; the panels there are have less than half."""

NOTES = f"""\
decode to write: ms per frame, each stage alone in one thread (medians).
dither, export: frames per second, of the dithering alone and of the whole
export, whose stages overlap. film: an export of {FILM_FRAMES:,} frames at that
rate. first dithers: those of the first frame, compiling included.
"""


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


def run(options: argparse.Namespace) -> int:
    """Measure, with a progress bar on stderr and tables on stdout; with `--json -` JSON alone on stdout."""
    own = own_options(options)
    chosen = parse_dithers(options.dither or list(DITHERS), own)
    settings = replace(Settings(), **PRESETS[options.preset][0])
    if not 0 < options.seconds <= 600:
        raise OptionError(f"--seconds {options.seconds:g}: choose more than 0, up to 600")
    start, tones = parse_place(options.start), Tones(size=parse_size(options.size))
    if max(tones.size) > LARGEST:
        raise OptionError(f"--size {options.size}: choose sides of up to {LARGEST} pixels")
    if options.json not in (None, "-"):
        check_result("--json", Path(options.json), [Path(options.film)] if options.film else [])

    total = 2 * len(chosen) + 2
    with (
        TemporaryDirectory(prefix="trainer-bench-") as name,
        progress_bar("bench", total) as advance,
    ):
        steps = iter(range(total))
        folder = Path(name)
        path = folder / "made film.mp4"
        if options.film is None:
            advance(next(steps), "make a film")
            write_film(path, MADE_FRAMES)
        with Film(options.film or path) as film:
            measured = bench(
                options.preset,
                settings,
                Source(film, start, tones),
                chosen,
                own,
                folder,
                options.seconds,
                lambda what: advance(next(steps), what),
            )
    if options.json not in (None, "-"):
        write_whole(Path(options.json), _json(measured).encode())
    print_out(lambda: _json(measured) if options.json == "-" else _tables(measured))
    return 0


def _json(measured: Bench) -> str:
    return json.dumps(measured.as_dict(), indent=1, allow_nan=False) + "\n"


def _tables(measured: Bench) -> str:
    """The machine, what training comes to, a row for each dither, and what it means."""
    console = table_console()
    about = measured.as_dict()
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
        console.print(NOTES, end="")
    return tables.get()


def _machine(about: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    devices = ", ".join(sorted(set(about["jax_devices"])))
    return (
        f"{about['processor']}, {about['cores']} cores, JAX on {len(about['jax_devices'])} {devices}\n"
        f"Python {about['python']}, {versions}, longtake {about['longtake']}"
    )


def _training(measured: Bench) -> str:
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


def _exports(exports: dict[str, Exported]) -> Table:
    """A row for each dither."""
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


def _short(number: float) -> str:
    """Three digits or so."""
    return f"{number:.0f}" if number >= 99.95 else f"{number:.1f}" if number >= 0.95 else f"{number:.2f}"
