"""`trainer preview FILM --out FILE.{html,gif,mp4,png} --dither NAME[:DIAL]...`."""

import argparse
from contextlib import closing
from pathlib import Path

from trainer.commands.comparing import check_size, made, parse_dithers, shared_settings
from trainer.commands.opening import open_film
from trainer.commands.output import print_out
from trainer.commands.progress import progress_bar
from trainer.errors import OptionError
from trainer.evaluate.metrics import Summary
from trainer.files import check_result, write_whole
from trainer.previews.comparison import Comparison
from trainer.previews.preview import (
    KINDS,
    kind_of,
)
from trainer.previews.view import View, parse_crop

MOST_DITHERS = 9
"""One digit key for each in the page."""
USUAL_COUNT = 48
"""Frames that are shown where neither their number nor their end is given."""


def run(options: argparse.Namespace) -> int:
    """Make the preview with a progress bar on stderr, and a summary on stdout."""
    out = Path(options.out)
    kind = kind_of(out)
    check_result("--out", out, [Path(options.film)])
    settings = shared_settings(options)
    chosen = parse_dithers(options.dither, settings)
    if len(chosen) > MOST_DITHERS:
        raise OptionError(f"{len(chosen)} dithers are too many to compare; choose up to {MOST_DITHERS}")
    if options.count is None and options.end is None:
        options.count = USUAL_COUNT
    film, selection, tones = open_film(options)
    check_size(tones)
    glass = options.show == "glass" if options.show else kind != ".png"
    view = View(
        film.name, tones.size, selection.every, parse_crop(options.crop, tones.size), glass, options.fps
    )
    expected = selection.estimate(film)
    with (
        film,
        closing(selection.frames(film, tones)) as frames,
        progress_bar(f"preview {film.name}", expected) as advance,
    ):
        comparison = Comparison(
            frames,
            {label: made(*dither, settings) for label, dither in chosen.items()},
            expected,
            lambda done: advance(done, ""),
        )
        with closing(comparison):
            write_whole(out, KINDS[kind](comparison, view))
    print_out(lambda: _summary(out, comparison.summaries()))
    return 0


def _summary(out: Path, summaries: dict[str, Summary]) -> str:
    """One line for each dither and one for the file."""
    lines = []
    widest = max(len(label) for label in summaries)
    for label, summary in summaries.items():
        flips = "" if summary.change is None else f"{100 * summary.change.flips:6.2f} % flips per frame, "
        psnr = ", ".join(f"{value:.1f} dB at S {eye}" for eye, value in summary.psnr.items())
        redraws = f"{summary.redraws} redraw{'' if summary.redraws == 1 else 's'}"
        lines.append(f"{label:{widest}}  {flips}{redraws}, {psnr}")
    frames = next(iter(summaries.values())).frames
    lines.append(f"{out}: {frames} frame{'' if frames == 1 else 's'}, {out.stat().st_size / 1e6:.1f} MB")
    return "\n".join(lines) + "\n"
