"""`trainer export FILM REEL`."""

import argparse
from pathlib import Path

from rich.console import Console

from player.reel import FrameInfo
from trainer.commands.progress import progress_bar
from trainer.errors import OptionError
from trainer.export import export
from trainer.opening import dither_settings, open_film


def run(options: argparse.Namespace) -> int:
    """Export with a progress bar on stderr and a summary on stdout."""
    reel = Path(options.reel)
    if reel.exists() and reel.samefile(options.film):
        raise OptionError(f"{reel} is the film itself; name another file for the reel")
    film, selection, tones = open_film(options)
    width, height = tones.size
    with film, progress_bar(f"export {film.name}", selection.estimate(film)) as advance:

        def report(info: FrameInfo) -> None:
            advance(info.number + 1, f"{100 * info.flips / (width * height):.2f} % flips")

        summary = export(
            film,
            reel,
            selection=selection,
            tones=tones,
            dither=options.dither,
            dial=options.dial,
            settings=dither_settings(options),
            overwrite=options.overwrite,
            report=report,
        )
    size = reel.stat().st_size
    console = Console(highlight=False, soft_wrap=True)
    if summary.frames == summary.there_before:
        console.print(f"{reel}: was complete already, {summary.frames} frames", markup=False)
        return 0
    went_on = f", {summary.there_before} of them from before" if summary.there_before else ""
    console.print(
        f"{reel}: {summary.frames} frames{went_on}, {size / 1e6:.1f} MB ({size / summary.frames / 1e3:.1f} "
        f"kB a frame), {100 * summary.flips:.2f} % of the pixels flip per frame",
        markup=False,
    )
    return 0
