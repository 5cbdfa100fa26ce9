"""`trainer evaluate FILM... --dither NAME[:DIAL]...`."""

import argparse
import json
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console

from player.redraw import RedrawRule
from trainer.commands.comparing import Chosen, check_size, made, parse_dithers, shared_settings
from trainer.commands.opening import open_film
from trainer.commands.output import print_out
from trainer.commands.progress import progress_bar
from trainer.commands.tables import NOTES, PICTURE, SHOWING, figures_table, texture_table
from trainer.errors import OptionError
from trainer.evaluate.evaluate import evaluate
from trainer.evaluate.report import (
    FilmReport,
    Report,
    seconds_per_frame,
)
from trainer.evaluate.texture import (
    GREYS,
    texture,
)
from trainer.export.task import plain
from trainer.files import check_result, write_whole
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.tones import Tones

PLAIN_WIDTH = 200
"""Columns where stdout is no terminal: enough that no line is folded."""


def run(options: argparse.Namespace) -> int:
    """Evaluate, with a progress bar on stderr and tables on stdout; with `--json -` JSON alone on stdout."""
    settings = shared_settings(options)
    chosen = parse_dithers(options.dither, settings)
    rule = redraw_rule(options)
    films = [Path(film) for film in options.film]
    if options.json not in (None, "-"):
        check_result("--json", Path(options.json), films)
    if options.plot is not None:
        from trainer.evaluate.charts import (
            draw,
            kind_of,
        )

        kind = kind_of(Path(options.plot))
        check_result("--plot", Path(options.plot), films)

    if options.subtitles is not None and len(films) > 1:
        raise OptionError("--subtitles are those of one film; evaluate it alone")
    opened = [open_film(argparse.Namespace(**{**vars(options), "film": film})) for film in films]
    check_size(opened[0][2])
    scored = [_score(*film, chosen, settings, rule, options.interval) for film in opened]
    textures = {
        label: [texture(ditherer, grey) for grey in GREYS]
        for label, ditherer in ((label, made(*dither, settings)) for label, dither in chosen.items())
    }
    weights = {"weights": Path(options.weights)} if options.weights is not None else {}
    report = Report(chosen, textures, scored, rule, options.interval, plain({**settings, **weights}))

    if options.json not in (None, "-"):
        write_whole(Path(options.json), _json(report).encode())
    if options.plot is not None:
        write_whole(Path(options.plot), draw(report, kind))
    print_out(lambda: _json(report) if options.json == "-" else _tables(report))
    return 0


def redraw_rule(options: argparse.Namespace) -> RedrawRule:
    """The rule with the numbers asked for; OptionError for one out of range, `--interval` too."""
    if not 0 <= options.threshold <= 1:
        raise OptionError(f"--threshold {options.threshold:g}: give a share of the pixels, 0 to 1")
    if options.cooldown < 0:
        raise OptionError(f"--cooldown {options.cooldown}: give 0 frames or more")
    if not 0 <= options.interval <= 604800:
        raise OptionError(f"--interval {options.interval:g}: give seconds, 0 to 604800")
    return RedrawRule(options.threshold, options.cooldown, darkened_only=options.darkened_only)


def _score(
    film: Film,
    selection: Selection,
    tones: Tones,
    chosen: Chosen,
    settings: Mapping[str, Any],
    rule: RedrawRule,
    interval: float,
) -> FilmReport:
    """Evaluate one film, every ditherer made anew for it."""
    ditherers = {label: made(*dither, settings) for label, dither in chosen.items()}
    with (
        film,
        closing(selection.frames(film, tones)) as frames,
        progress_bar(f"evaluate {film.name}", selection.estimate(film)) as advance,
    ):
        evaluation = evaluate(
            frames,
            ditherers,
            rule=rule,
            interval=interval,
            report=lambda done: advance(done, ""),
        )
    return FilmReport(film, selection, tones, evaluation)


def _json(report: Report) -> str:
    return json.dumps(report.as_dict(), indent=1, allow_nan=False) + "\n"


def _tables(report: Report) -> str:
    """A heading and two tables for each film, the median of several, the texture, and what it all means."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    console = Console(highlight=False, markup=False, width=width)
    with console.capture() as tables:
        for film in report.films:
            evaluation = film.evaluation
            columns, rows = film.tones.size
            frames, cuts = _counted(len(evaluation.numbers), "frame"), _counted(len(evaluation.cuts), "cut")
            console.print(f"{film.film.name}: {frames} at {columns}x{rows}, {cuts}\n", style="bold")
            rows_of = {
                label: {**film.figures[label], "seconds": seconds_per_frame(scored.trace)["median"]}
                for label, scored in evaluation.dithers.items()
            }
            console.print(figures_table(PICTURE, rows_of), "")
            console.print(figures_table(SHOWING, rows_of), "")
        if len(report.films) > 1:
            console.print(f"median of {len(report.films)} films\n", style="bold")
            console.print(figures_table(PICTURE, report.median), "")
            console.print(figures_table(SHOWING, report.median), "")
        console.print("texture on flat greys\n", style="bold")
        console.print(texture_table(report.textures), "")
        console.print(NOTES, end="")
    return tables.get()


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
