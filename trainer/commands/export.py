"""`trainer export FILM REEL`."""

import argparse
import re
from pathlib import Path

from rich.console import Console

from player.reel import FrameInfo
from trainer.commands.dithers import add_dither_options, own_options
from trainer.commands.film import FILM_HELP, add_film_options, open_film
from trainer.commands.output import progress_bar
from trainer.errors import OptionError
from trainer.export.export import (
    Share,
    Summary,
    Task,
    export,
    export_share,
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What `trainer export` is given."""
    parser.description = "Turn a film into a reel. Killed and started again, it goes on where it stopped."
    parser.epilog = "example: trainer export film.mp4 film.reel --start 1:30 --levels auto"
    parser.add_argument("film", metavar="FILM", help=FILM_HELP)
    parser.add_argument("reel", metavar="REEL", help="the file to write, for example film.reel")
    add_dither_options(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace a reel that holds another export")
    group = parser.add_argument_group("in several processes, for the same reel")
    group.add_argument(
        "--workers",
        metavar="N",
        type=int,
        default=1,
        help="dither N parts of the film at the same time, beside the reel in the folder REEL.parts; about "
        "one for each core, more with an accelerator, which they share; default 1",
    )
    group.add_argument(
        "--host",
        metavar="K/N",
        help="this is host K of N: make only its share, in REEL.parts. Bring the parts of all hosts together "
        "in one folder; there the same command without --host joins them, and makes what is missing",
    )
    add_film_options(parser)


def run(options: argparse.Namespace) -> int:
    """Export with a progress bar on stderr and a summary on stdout."""
    reel = Path(options.reel)
    if reel.exists() and reel.samefile(options.film):
        raise OptionError(f"{reel} is the film itself; name another file for the reel")
    share = None if options.host is None else parse_share(options.host)
    if share and options.overwrite:
        raise OptionError("--overwrite and --host do not go together; remove the reel and its parts by hand")
    film, selection, tones = open_film(options)
    task = Task(film.path, selection, tones, options.dither, options.dial, own_options(options))
    width, height = tones.size
    expected = selection.estimate(film)
    if share and expected is not None:
        expected = expected // share.hosts + 1
    with progress_bar(f"export {film.name}", expected) as advance:

        def report(done: int, info: FrameInfo) -> None:
            advance(done, f"{100 * info.flips / (width * height):.2f} % flips")

        if share:
            summary = export_share(task, reel, share, workers=options.workers, report=report)
        else:
            summary = export(task, reel, overwrite=options.overwrite, workers=options.workers, report=report)
    line = _of_share(reel, share, summary) if share else _of_reel(reel, summary)
    Console(highlight=False, soft_wrap=True).print(line, markup=False)
    return 0


def parse_share(text: str) -> Share:
    """`2/3` -> the second of three hosts; OptionError otherwise."""
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip(), re.ASCII)
    if not match:
        raise OptionError(f"--host {text!r}: write which host this is and how many there are, like 1/3")
    return Share(int(match[1]), int(match[2]))


def _of_reel(reel: Path, summary: Summary) -> str:
    if summary.was_complete:
        return f"{reel}: was complete already, {summary.frames} frames"
    size = reel.stat().st_size
    return (
        f"{reel}: {summary.frames} frames{_went_on(summary)}, {size / 1e6:.1f} MB "
        f"({size / summary.frames / 1e3:.1f} kB a frame), {100 * summary.flips:.2f} % of the pixels flip per "
        "frame"
    )


def _of_share(reel: Path, share: Share, summary: Summary) -> str:
    what = f"{reel}.parts: {summary.frames} frames{_went_on(summary)}, the share of host {share.host}"
    return f"{what}; with those of all {share.hosts} there, the same command without --host joins them"


def _went_on(summary: Summary) -> str:
    return f", {summary.there_before} of them from before" if summary.there_before else ""
