"""The charts of `trainer evaluate --plot` on one page: quality against flips, and each film's graph.

Drawn with Matplotlib without a display; the same report gives the same bytes. The colours are those of
M. Okabe and K. Ito, "Color Universal Design", 2008, which colour-blind readers tell apart; every dither has
a marker of its own as well, for print in grey.
"""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from trainer.dithers import DITHERS
from trainer.errors import OptionError
from trainer.evaluate import Evaluation
from trainer.plot_front import Series, draw_front, label_front
from trainer.report import Report

KINDS = (".png", ".svg", ".pdf")
"""The endings of a chart's file name."""

_COLOURS = ("#000000", "#D55E00", "#009E73", "#0072B2", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = "sovD^Pp"
_INK, _PALE = "#333333", "#999999"
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with Matplotlib
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _PALE,
    "axes.linewidth": 0.6,
    "axes.labelcolor": _INK,
    "text.color": _INK,
    "xtick.color": _PALE,
    "ytick.color": _PALE,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "svg.hashsalt": "longtake",
}
_WIDTH = 7.2  # inches: two columns of a paper
_FRONT, _GRAPH, _ROW = (
    3.1,
    1.7,
    0.15,
)  # heights in inches: the fronts, a film's graph, each dither's row under it
_DPI = 200
# A date would make every file differ.
_METADATA: dict[str, dict[str, Any]] = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def kind_of(path: Path) -> str:
    """The ending of a chart's file name, one of KINDS; OptionError otherwise."""
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise OptionError(f"--plot {path}: end the name in {', '.join(KINDS[:-1])} or {KINDS[-1]}")
    return kind


def draw(report: Report, kind: str) -> bytes:
    """The page as a file of that kind: the fronts at both eyes side by side, then a graph for each film."""
    films = report.films
    below = _GRAPH + _ROW * len(report.dithers)
    with rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, _FRONT + below * len(films)), dpi=_DPI, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        page = figure.add_gridspec(1 + len(films), 1, height_ratios=[_FRONT, *[below] * len(films)])
        fronts = page[0].subgridspec(1, 2)
        far, near = figure.add_subplot(fronts[0]), figure.add_subplot(fronts[1])
        draw_front(far, _series(report, 6000), "S = 6000 px: half a metre at 300 ppi")
        draw_front(near, _series(report, 2000), "S = 2000 px: 17 cm at 300 ppi")
        median = f", median of {len(films)} films" if len(films) > 1 else ""
        far.set_ylabel(f"HVS-PSNR, dB{median}")
        for place, film in zip(list(page)[1:], films, strict=True):
            rows = place.subgridspec(2, 1, height_ratios=[_GRAPH, _ROW * len(report.dithers)], hspace=0)
            graph = figure.add_subplot(rows[0])
            _graph(graph, film.film.name, film.evaluation)
            _redraws(figure.add_subplot(rows[1], sharex=graph), film.evaluation, report)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for axes, eye in ((far, 6000), (near, 2000)):
            label_front(axes, _series(report, eye), canvas.get_renderer())
        file = BytesIO()
        figure.savefig(file, format=kind[1:], metadata=_METADATA[kind])
    return file.getvalue()


def _look(name: str) -> tuple[str, str]:
    """Colour and marker of a dither, the same on every chart."""
    place = list(DITHERS).index(name)
    return _COLOURS[place % len(_COLOURS)], _MARKERS[place % len(_MARKERS)]


def _series(report: Report, eye: int) -> list[Series]:
    """The front's lines for one eye: median over the films, points without a flip left out."""
    figures = report.median
    series = []
    for name in dict.fromkeys(name for name, _ in report.dithers.values()):
        points = []
        for label, (its_name, dial) in report.dithers.items():
            flips, quality = figures[label]["flips_share"], figures[label][f"psnr_s{eye}_db"]
            if its_name == name and flips and quality is not None:
                points.append((100 * flips, quality, dial))
        points.sort(key=lambda point: -1 if point[2] is None else point[2])
        series.append(Series(name, *_look(name), points))
    return series


def _graph(axes: Axes, name: str, evaluation: Evaluation) -> None:
    """The film-maker's graph: pixel difference per frame, with the cuts that the z-score rule finds in it."""
    numbers, difference = np.array(evaluation.numbers), 100 * np.array(evaluation.difference)
    cuts = evaluation.cuts_by_z_score()
    axes.fill_between(numbers[1:], difference[1:], color="#D9D9D9", linewidth=0)
    axes.plot(numbers[1:], difference[1:], color=_INK, linewidth=0.7)
    axes.plot(
        numbers[cuts], difference[cuts], linestyle="none", marker="v", markersize=4, color=_INK, clip_on=False
    )
    axes.set_title(name)
    found = "no cut" if not cuts else "1 cut" if len(cuts) == 1 else f"{len(cuts)} cuts"
    axes.set_title(f"▾ {found} by the z-score rule", loc="right", fontsize=7, fontweight="normal")
    axes.set_ylabel("pixel difference, %")
    axes.set_ylim(bottom=0)
    axes.tick_params(labelbottom=False, bottom=False)
    axes.margins(x=0.01)


def _redraws(axes: Axes, evaluation: Evaluation, report: Report) -> None:
    """Under it a row for each dither: a stroke at every frame that the player will redraw, and their number."""
    for row, (label, scored) in enumerate(evaluation.dithers.items()):
        colour, _ = _look(report.dithers[label][0])
        redraws = [evaluation.numbers[index] for index in scored.trace.redraws]
        axes.eventplot(redraws, lineoffsets=row, linelengths=0.7, linewidths=1.1, colors=colour)
        count = f"{len(redraws)}"
        axes.annotate(count, (1, row), xycoords=("axes fraction", "data"), xytext=(3, 0),
                      textcoords="offset points", va="center", fontsize=6.5, color=colour)  # fmt: skip
    axes.set_yticks(range(len(evaluation.dithers)), list(evaluation.dithers), fontsize=6.5)
    axes.set_ylim(len(evaluation.dithers) - 0.4, -0.6)
    axes.tick_params(left=False)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("frame of the film, with the redraws that the player will make under each dither")
