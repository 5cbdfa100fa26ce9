"""`trainer export FILM REEL`."""

import argparse
import os
import re
from pathlib import Path

from rich.console import Console

from player.reel import FrameInfo
from trainer.commands.opening import dither_settings, open_film
from trainer.commands.progress import progress_bar
from trainer.errors import OptionError
from trainer.export.export import Summary, Workers, export
from trainer.export.task import Task

_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def run(args: argparse.Namespace) -> int:
    """Export with a progress bar on stderr and a summary on stdout."""
    reel = Path(args.reel)
    if reel.exists() and reel.samefile(args.film):
        raise OptionError(f"{reel} is the film itself; name another file for the reel")
    memory = machine_memory() // 4 if args.memory is None else parse_memory(args.memory)
    workers = Workers(args.workers, args.cluster, memory)
    film, selection, tones = open_film(args)
    settings = dither_settings(args)
    task = Task(film.path, selection, tones, args.dither, args.dial, settings, args.stretch)
    width, height = tones.size
    with progress_bar(f"export {film.name}", selection.estimate(film)) as advance:

        def report(done: int, info: FrameInfo) -> None:
            advance(done, f"{100 * info.flips / (width * height):.2f} % flips")

        summary = export(task, reel, overwrite=args.overwrite, workers=workers, report=report)
    Console(highlight=False, soft_wrap=True).print(_line(reel, summary), markup=False)
    return 0


def parse_memory(text: str) -> int:
    """`250M` or `2G` -> bytes; OptionError otherwise."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)([KMGT])I?B?", text.strip().upper(), re.ASCII)
    if not match:
        raise OptionError(f"--memory {text!r}: write a number and K, M, G or T, like 250M or 2G")
    return int(float(match[1]) * _UNITS[match[2]])


def machine_memory() -> int:
    """The memory of this machine in bytes; 4 GiB where it cannot be told."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 4 * _UNITS["G"]


def _line(reel: Path, summary: Summary) -> str:
    """What the export came to."""
    if summary.was_complete:
        return f"{reel}: was complete already, {summary.frames} frames, {_redraws(summary)}"
    size = reel.stat().st_size
    before = f" ({summary.there_before} of them from before)" if summary.there_before else ""
    return (
        f"{reel}: {summary.frames} frames{before}, {_redraws(summary)}, {size / 1e6:.1f} MB "
        f"({size / summary.frames / 1e3:.1f} kB a frame); {100 * summary.flips:.2f} % of the pixels flip per "
        "frame between redraws"
    )


def _redraws(summary: Summary) -> str:
    return f"{summary.redraws} redraw{'s' * (summary.redraws != 1)}"
