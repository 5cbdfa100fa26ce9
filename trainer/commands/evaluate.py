"""`trainer evaluate FILM... --dither NAME[:DIAL]...`."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from trainer.commands.dithers import (
    add_compared_dithers,
    check_size,
    for_panel,
    levels,
    make,
    own_options,
    parse_dithers,
    shared_options,
    true_levels,
)
from trainer.commands.film import add_film_options, add_plan_options, open_film, redraws
from trainer.commands.output import counted, dithers_grid, print_out, progress_bar, table_console
from trainer.errors import OptionError

if TYPE_CHECKING:
    from trainer.dithers.ditherer import Ditherer
    from trainer.dithers.levels import Levels
    from trainer.evaluate.metrics import Figures
    from trainer.evaluate.report import FilmReport, Report
    from trainer.evaluate.texture import Texture
    from trainer.films.film import Film
    from trainer.films.plan import Plan
    from trainer.films.selection import Selection
    from trainer.films.tones import Tones


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe `trainer evaluate` and add its options."""
    parser.description = "Measure what dithers are worth, as the panel would show them: tables, JSON, charts."
    parser.epilog = "example: trainer evaluate film.mp4 --dither mask --dither hysteresis:0.3 --plot film.png"
    parser.add_argument("film", metavar="FILM", nargs="+", help="a film; the median of several is shown too")
    parser.add_argument("--json", metavar="FILE", help="everything, frame by frame too; - prints it instead")
    parser.add_argument(
        "--plot",
        metavar="FILE",
        help="draw charts as .png, .svg or .pdf: quality against flips, cuts and redraws",
    )
    add_compared_dithers(parser, "a dither to measure")
    add_plan_options(parser)
    add_film_options(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluate, with a progress bar on stderr and tables on stdout; with `--json -` JSON alone on stdout."""
    from trainer.evaluate.report import Report
    from trainer.evaluate.texture import GREYS, texture
    from trainer.files import check_result, write_whole

    options = shared_options(args)
    chosen = for_panel(args, parse_dithers(args.dither, options))
    films = [Path(film) for film in args.film]
    if args.json not in (None, "-"):
        check_result("--json", Path(args.json), films)
    if args.plot is not None:
        from trainer.evaluate.charts import draw, kind_of

        kind = kind_of(Path(args.plot))
        check_result("--plot", Path(args.plot), films)
    if args.subtitles is not None and len(films) > 1:
        raise OptionError("--subtitles are those of one film; evaluate it alone")
    opened = [open_film(argparse.Namespace(**{**vars(args), "film": film})) for film in films]
    check_size(opened[0][2])

    scored = []
    for film, selection, tones in opened:
        ditherers = {label: make(*dither, options, levels(args)) for label, dither in chosen.items()}
        scored.append(
            _score(film, selection, tones, ditherers, redraws(args, levels(args)), true_levels(args))
        )
    textures = {
        label: [texture(ditherer, grey) for grey in GREYS]
        for label, ditherer in ((label, make(*dither, options)) for label, dither in chosen.items())
    }
    report = Report(chosen, textures, scored, redraws(args, levels(args)), true_levels(args), _plain(args))

    if args.json not in (None, "-"):
        write_whole(Path(args.json), _json(report).encode())
    if args.plot is not None:
        write_whole(Path(args.plot), draw(report, kind))
    print_out(lambda: _json(report) if args.json == "-" else _tables(report))
    return 0


def _score(
    film: "Film",
    selection: "Selection",
    tones: "Tones",
    ditherers: "Mapping[str, Ditherer]",
    plan: "Plan",
    seen_on: "Levels",
) -> "FilmReport":
    """Evaluate one film in the stretches of `plan`, on a glass of the levels `seen_on`."""
    from trainer.evaluate.report import FilmReport
    from trainer.evaluate.score import evaluate
    from trainer.films.stretches import stretches

    with (
        film,
        closing(selection.frames(film, tones)) as frames,
        progress_bar(f"evaluate {film.name}", selection.estimate(film)) as advance,
    ):
        evaluation = evaluate(
            stretches(frames, plan), ditherers, levels=seen_on, report=lambda done: advance(done, "")
        )
    return FilmReport(film, selection, tones, evaluation)


def _plain(args: argparse.Namespace) -> dict[str, Any]:
    """The dithers' own options that were given, as plain values: for weights, the hash of their file."""
    options = own_options(args)
    if "weights" in options:
        from trainer.dithers.generator.weights import digest

        options["weights"] = digest(options["weights"])
    return options


def _json(report: "Report") -> str:
    return json.dumps(report.as_dict(), indent=1, allow_nan=False) + "\n"


_NOTES = """\
dB: HVS-PSNR of what the glass shows, for an eye S pixels away, S 6000 where
nothing else is said; ghosts and redraws are in it.
flips: % of the pixels, per frame that is not redrawn. overhead: flips over the
least that the change of tone in the film needs. effic.: what the eye sees of a
flip, 1 = all. net: % of the pixels changed since the last redraw.
fr. 1, 60, 120: of a stretch, from one redraw to the next.
leak: coarse grain, 1 = white noise, 0 = none. anis.: dB, -12 = none.
ms per frame: what the dither took, on this machine (mean).
"""
"""What the columns mean, in lines of less than 80 columns; the definitions are in `--json`."""

_Column = tuple[str, str, Callable[[float], str]]
"""Its head, the figure's key and how the figure is written."""


def _decibels(value: float) -> str:
    return f"{value:.2f}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"


def _ratio(value: float) -> str:
    return f"{value:.3f}"


_PICTURE: tuple[_Column, ...] = (
    ("dB at\nS 6000", "psnr_s6000_db", _decibels),
    ("worst\n5 %", "psnr_s6000_worst_db", _decibels),
    ("dB at\nS 2000", "psnr_s2000_db", _decibels),
    ("flips\n%", "flips_share", _percent),
    ("dark-\nened", "darkened_share", _percent),
    ("over-\nhead", "overhead_ratio", lambda value: f"{value:.1f}"),
    ("effic.\nS 2000", "flip_efficiency_s2000_ratio", _ratio),
    ("effic.\nS 6000", "flip_efficiency_s6000_ratio", _ratio),
)
_SHOWING: tuple[_Column, ...] = (
    ("net %\nmean", "net_mean_share", _percent),
    ("net %\nmost", "net_highest_share", _percent),
    ("dB at\nfr. 1", "psnr_s6000_frame_1_db", _decibels),
    ("fr.\n60", "psnr_s6000_frame_60_db", _decibels),
    ("fr.\n120", "psnr_s6000_frame_120_db", _decibels),
    ("ms per\nframe", "seconds", lambda seconds: f"{1000 * seconds:.2f}"),
)


def _tables(report: "Report") -> str:
    """A heading and two tables for each film, the median of several, the texture, and what it all means."""
    from trainer.evaluate.report import seconds_per_frame

    console = table_console()
    with console.capture() as tables:
        for film in report.films:
            evaluation = film.evaluation
            columns, rows = film.tones.size
            counts = [
                counted(len(found), word)
                for found, word in (
                    (evaluation.numbers, "frame"), (evaluation.cuts, "cut"), (evaluation.redraws, "redraw"),
                )
            ]  # fmt: skip
            often = 1000 * len(evaluation.redraws) / len(evaluation.numbers)
            name, size = film.film.name, f"{columns}x{rows}"
            heading = f"{name}: {counts[0]} at {size}, {counts[1]}, {counts[2]} ({often:.0f} in 1,000)"
            console.print(heading, style="bold")
            console.print(
                f"dithered for a ghost of {report.plan.levels.black:g}, "
                f"shown with one of {report.seen_on.black:g}\n"
            )
            rows_of = {
                label: {**film.figures[label], "seconds": seconds_per_frame(scored.trace)["mean"]}
                for label, scored in evaluation.dithers.items()
            }
            console.print(_figures_table(_PICTURE, rows_of), "")
            console.print(_figures_table(_SHOWING, rows_of), "")
        if len(report.films) > 1:
            console.print(f"median of {len(report.films)} films\n", style="bold")
            console.print(_figures_table(_PICTURE, report.median), "")
            console.print(_figures_table(_SHOWING, report.median), "")
        console.print("texture on flat greys\n", style="bold")
        console.print(_texture_table(report.textures), "")
        console.print(_NOTES, end="")
    return tables.get()


def _figures_table(columns: Sequence[_Column], rows: Mapping[str, "Figures"]) -> Table:
    """The figures of each dither, by label; a dash stands for what could not be measured."""
    table = dithers_grid([head for head, _, _ in columns])
    for label, figures in rows.items():
        values = [(figures.get(key), written) for _, key, written in columns]
        table.add_row(label, *("-" if value is None else written(value) for value, written in values))
    return table


def _texture_table(textures: Mapping[str, Sequence["Texture"]]) -> Table:
    """Leak and anisotropy (dB) of each dither on each flat grey."""
    greys = [f"{1 / texture.grey:.0f}" for texture in next(iter(textures.values()))]
    table = dithers_grid([f"leak\n1/{grey}" for grey in greys] + [f"anis.\n1/{grey}" for grey in greys])
    for label, greys_of in textures.items():
        leaks = ["-" if texture.leak is None else f"{texture.leak:.3f}" for texture in greys_of]
        anisotropies = [
            "-" if texture.anisotropy is None else f"{texture.anisotropy:.1f}" for texture in greys_of
        ]
        table.add_row(label, *leaks, *anisotropies)
    return table
