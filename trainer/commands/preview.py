"""`trainer preview FILM --out FILE.{html,gif,mp4,png} --dither NAME[:DIAL]...`."""

import argparse
from collections.abc import Mapping
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.commands.dithers import (
    Chosen,
    add_compared_dithers,
    check_size,
    for_panel,
    levels,
    make,
    parse_dithers,
    shared_options,
    true_levels,
)
from trainer.commands.film import FILM_HELP, add_film_options, add_plan_options, open_film, redraws
from trainer.commands.output import counted, print_out, progress_bar
from trainer.errors import OptionError

if TYPE_CHECKING:
    from trainer.evaluate.score import Comparison

KINDS = {".html": "page:page", ".gif": "animation:gif", ".mp4": "animation:mp4", ".png": "sheet:sheet"}
"""What makes a preview of a comparison, by the ending of the file: a function under trainer.previews."""

MOST_DITHERS = 9
"""The page has one digit key for each."""
MOST_STILLS = 12
USUAL_COUNT = 48
"""Frames that are shown without --count and --end."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe `trainer preview` and add its options."""
    parser.description = (
        "See what the panel will do: dithers of the same frames beside each other, pixel for pixel. "
        f"Without --count and --end: {USUAL_COUNT} frames."
    )
    parser.epilog = (
        "example: trainer preview film.mp4 --start 1:30 --out preview.html "
        "--dither floyd-steinberg --dither hysteresis:0.3"
    )
    parser.add_argument("film", metavar="FILM", help=FILM_HELP)
    parser.add_argument(
        "--out",
        metavar="FILE",
        required=True,
        help="what to make: .html, a page that works offline, to scrub, switch and compare; .gif, exact; "
        ".mp4 (VP9), lossy but close; .png, a contact sheet that shows flips in red and blue",
    )
    add_compared_dithers(parser, f"a dither to show, {MOST_DITHERS} at most")
    parser.add_argument(
        "--crop",
        metavar="WxH[+X+Y]",
        help="the part of the panel to show, pixel for pixel; default 400x300 in the middle; the page holds "
        "the whole panel and begins there",
    )
    parser.add_argument(
        "--show",
        choices=("glass", "dither"),
        help="the simulated glass, with ghosts and redraws, or the bare dither; default: dither for .png, "
        "else glass",
    )
    parser.add_argument(
        "--stills",
        metavar="N",
        type=int,
        help=f"for .png: N frames from all over the film, up to {MOST_STILLS}, as the whole panel shows them",
    )
    parser.add_argument("--fps", type=float, default=8, metavar="N", help="frames per second; default 8")
    add_plan_options(parser)
    add_film_options(parser)


def run(args: argparse.Namespace) -> int:
    """Make the preview with a progress bar on stderr, and a summary on stdout."""
    from trainer.evaluate.score import Comparison
    from trainer.files import check_result, write_whole
    from trainer.films.stretches import stretches
    from trainer.previews.view import View, parse_crop

    out = Path(args.out)
    kind = kind_of(out)
    check_result("--out", out, [Path(args.film)])
    options = shared_options(args)
    chosen = for_panel(args, parse_dithers(args.dither, options))
    if len(chosen) > MOST_DITHERS:
        raise OptionError(f"{len(chosen)} dithers are too many to compare; choose up to {MOST_DITHERS}")
    if args.stills is not None:
        return _stills(args, out, kind, options, chosen)
    if args.count is None and args.end is None:
        args.count = USUAL_COUNT
    film, selection, tones = open_film(args)
    check_size(tones)
    glass = args.show == "glass" if args.show else kind != ".png"
    crop, seen_on = parse_crop(args.crop, tones.size), true_levels(args)
    view = View(film.name, tones.size, selection.every, crop, glass, args.fps, seen_on)
    expected = selection.estimate(film)
    module, _, function = KINDS[kind].partition(":")
    draw = getattr(import_module(f"trainer.previews.{module}"), function)
    with (
        film,
        closing(selection.frames(film, tones)) as frames,
        progress_bar(f"preview {film.name}", expected) as advance,
    ):
        comparison = Comparison(
            stretches(frames, redraws(args, levels(args))),
            {label: make(*dither, options, levels(args)) for label, dither in chosen.items()},
            expected,
            lambda done: advance(done, ""),
            levels=seen_on,
        )
        with closing(comparison):
            write_whole(out, draw(comparison, view))
    print_out(lambda: _summary(out, comparison))
    return 0


def _stills(
    args: argparse.Namespace, out: Path, kind: str, options: Mapping[str, Any], chosen: Chosen
) -> int:
    """Make the stills, and say where they are."""
    from trainer.files import write_whole
    from trainer.previews.stills import stills

    if kind != ".png" or not 1 <= args.stills <= MOST_STILLS or len(chosen) != 1:
        raise OptionError(
            f"--stills {args.stills}: give 1 to {MOST_STILLS}, with one --dither, and end --out in .png"
        )
    ((name, dial),) = chosen.values()
    film, selection, tones = open_film(args)
    with film:
        made_for = levels(args)
        picture = stills(
            film,
            selection,
            tones,
            args.stills,
            lambda: make(name, dial, options, made_for),
            true_levels(args),
        )
    write_whole(out, picture)
    print_out(lambda: f"{out}: {counted(args.stills, 'still')}\n")
    return 0


def kind_of(path: Path) -> str:
    """The ending of `path`, which says what to make, one of KINDS; OptionError for any other."""
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise OptionError(f"--out {path}: end its name in {', '.join(KINDS)}, which says what to make")
    return kind


def _summary(out: Path, comparison: "Comparison") -> str:
    """One line for each dither and one for the file."""
    summaries = comparison.summaries()
    lines = []
    widest = max(len(label) for label in summaries)
    for label, summary in summaries.items():
        flips = "" if summary.change is None else f"{100 * summary.change.flips:6.2f} % flips per frame, "
        psnr = (
            ", ".join(f"{value:.1f} dB at S {eye}" for eye, value in summary.psnr.items()) + " on the glass"
        )
        lines.append(f"{label:{widest}}  {flips}{psnr}")
    frames = counted(next(iter(summaries.values())).frames, "frame")
    redraws = counted(comparison.redraws, "redraw")
    lines.append(f"{out}: {frames}, {redraws} after the first, {out.stat().st_size / 1e6:.1f} MB")
    return "\n".join(lines) + "\n"
