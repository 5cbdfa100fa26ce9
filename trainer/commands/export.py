"""`trainer export FILM REEL`."""

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.commands.dithers import add_dither_options, dial_for, levels, own_options
from trainer.commands.film import FILM_HELP, add_film_options, add_plan_options, open_film, redraws
from trainer.commands.output import counted, progress_bar, progress_lines
from trainer.dithers import table
from trainer.dithers.engines import has_accelerator
from trainer.dithers.search.memory import WINDOW, window_within
from trainer.errors import OptionError

if TYPE_CHECKING:
    from player.reel import FrameInfo
    from trainer.export.export import Summary
    from trainer.films.film import Film
    from trainer.films.tones import Tones

_FITTED = {"crop": "cropped to", "letterbox": "letterboxed in", "stretch": "stretched to"}
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe `trainer export` and add its options."""
    parser.description = "Turn a film into a reel. Killed and started again, it goes on where it stopped."
    parser.epilog = "example: trainer export film.mp4 film.reel --start 1:30 --levels auto"
    parser.add_argument("film", metavar="FILM", help=FILM_HELP)
    parser.add_argument("reel", metavar="REEL", help="the file to write, for example film.reel")
    add_dither_options(parser)
    add_plan_options(parser)
    parser.add_argument(
        "--title", metavar="TEXT", help="what the player calls the film; default: the title in its metadata"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a reel that holds another export")
    parser.add_argument(
        "--progress",
        action="store_true",
        help='for a program: print {"done": FRAMES, "of": FRAMES} in a line about once a second, and stop '
        "when nobody reads that any more",
    )
    workers = parser.add_argument_group(
        "workers", "Each dithers one stretch at a time. The reel is the same whatever their number."
    )
    workers.add_argument(
        "--workers",
        metavar="N",
        type=int,
        default=1,
        help="processes on this machine, about one per core; or threads that share an accelerator, which "
        "may be more; default 1",
    )
    workers.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="the workers of a dask scheduler, like tcp://host:8786, instead of this machine; docs/scale.md "
        "tells how to start them",
    )
    workers.add_argument(
        "--memory",
        metavar="SIZE",
        help="room on this machine for the frames that workers have or wait for, like 250M or 2G; with less, "
        "fewer workers are busy, and search takes fewer frames together; default: a quarter of the machine's "
        "memory",
    )
    add_film_options(parser)


def run(args: argparse.Namespace) -> int:
    """Export with a progress bar on stderr and a summary on stdout."""
    from rich.console import Console

    from trainer.export.export import Workers, export
    from trainer.export.task import Task

    reel = Path(args.reel)
    if reel.exists() and Path(args.film).exists() and reel.samefile(args.film):
        raise OptionError(f"{reel} is the film itself; name another file for the reel")
    memory = machine_memory() // 4 if args.memory is None else parse_memory(args.memory)
    workers = Workers(args.workers, args.cluster, memory)
    film, selection, tones = open_film(args)
    settings = own_options(args)
    name = table.automatic(settings) if args.dither == table.AUTO else args.dither
    if args.memory is not None and name == "search":
        window = window_within(memory // args.workers, tones.size)
        if window < WINDOW:
            settings.setdefault("window", window)
    dither = name, dial_for(args, name, args.dial), settings
    task = Task(film.path, selection, tones, *dither, redraws(args, levels(args)), args.stream, args.title)
    width, height = tones.size
    total = selection.estimate(film)
    with progress_bar(f"export {film.name}", total, shown=not args.progress) as advance:
        if args.progress:
            advance = progress_lines(total)

        def report(done: int, info: "FrameInfo") -> None:
            advance(done, f"{100 * info.flips / (width * height):.2f} % flips")

        summary = export(task, reel, overwrite=args.overwrite, workers=workers, report=report)
    lines = [_line(reel, summary)]
    if not summary.was_complete:
        lines += _decisions(film, tones, summary)
        if args.dither == table.AUTO:
            seen = "an accelerator" if has_accelerator() else "no accelerator"
            why = f"there is {seen}" if name == table.automatic() else "the options are its own"
            lines.append(f"dithered by {name}: {why}")
    Console(highlight=False, soft_wrap=True).print("\n".join(lines), markup=False)
    return 0


def parse_memory(text: str) -> int:
    """`250M` or `2G` -> bytes; OptionError otherwise."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)([KMGT])(?:I?B)?", text.strip().upper(), re.ASCII)
    if not match:
        raise OptionError(f"--memory {text!r}: write a number and K, M, G or T, like 250M or 2G")
    return int(float(match[1]) * _UNITS[match[2]])


def machine_memory() -> int:
    """The memory of this machine in bytes, or 4 GiB where it does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 4 * _UNITS["G"]


def _line(reel: Path, summary: "Summary") -> str:
    """What the export came to."""
    redraws = f"{summary.redraws} redraw{'s' * (summary.redraws != 1)}"
    if summary.was_complete:
        return f"{reel}: was complete already, {summary.frames} frames, {redraws}"
    size = reel.stat().st_size
    before = f", {summary.there_before} of them from before" if summary.there_before else ""
    return (
        f"{reel}: {summary.frames} frames{before}, {redraws}, {size / 1e6:.1f} MB "
        f"({size / summary.frames / 1e3:.1f} kB a frame), {100 * summary.flips:.2f} % of the pixels flip per "
        "frame between redraws"
    )


def _decisions(film: "Film", tones: "Tones", summary: "Summary") -> list[str]:
    """What was decided about the film, in two or three lines."""
    from trainer.films.luma import CURVES, Orientation

    of = f" of {film.streams}, counted from 0" if film.streams > 1 else ""
    source = [f"video stream {film.stream}{of}", f"{film.codec} of {film.width}x{film.height} pixels"]
    if film.orientation != Orientation():
        source.append(str(film.orientation))
    if film.pixel_aspect != 1:
        source.append(f"which are {film.pixel_aspect:.3g} times as wide as high")
    source.append(CURVES.get(film.transfer, "standard dynamic range"))
    pictures = [
        f"{counted(number, 'picture')} {what}"
        for number, what in ((summary.interlaced, "deinterlaced"), (summary.damaged, "damaged"))
        if number
    ]
    columns, rows = tones.trim
    look = [f"{_FITTED[tones.fit]} {tones.size[0]}x{tones.size[1]}"]
    if columns or rows:
        look.append(f"bars of {columns} columns and {rows} rows cut off each side")
    look.append(f"levels {tones.levels[0]:.3g} to {tones.levels[1]:.3g}")
    lines = [("film", source), ("pictures", pictures), ("frames", look)]
    return [f"  {name}: {', '.join(parts)}" for name, parts in lines if parts]
