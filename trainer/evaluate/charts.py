"""The charts of `trainer evaluate --plot` on one page: quality against flips, and each film's graph.

Drawn with Matplotlib without a display; the same report gives the same bytes. The colours are those of
M. Okabe and K. Ito, "Color Universal Design", 2008, which colour-blind readers tell apart; every dither has
a marker of its own as well, for print in grey.
"""

from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from trainer.dithers.table import DITHERS
from trainer.errors import OptionError
from trainer.evaluate.film_chart import (
    INK,
    draw_difference,
    draw_redraws,
)
from trainer.evaluate.front_chart import (
    Series,
    draw_front,
    label_front,
)
from trainer.evaluate.report import Report

KINDS = (".png", ".svg", ".pdf")
"""The endings of a chart's file name."""

COLOURS = ("#000000", "#D55E00", "#009E73", "#0072B2", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = "sovD^Pp"
PALE = "#999999"
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with Matplotlib
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": PALE,
    "axes.linewidth": 0.6,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": PALE,
    "ytick.color": PALE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "svg.hashsalt": "longtake",
}
# The page in inches: as wide as two columns of a paper. A graph has a row under it for each dither.
_WIDTH, _RIGHT, _LETTER = 7.2, 0.3, 0.06
_FRONT, _GRAPH, _ROW = 2.5, 1.1, 0.145
_TITLE, _AXIS, _GAP = 0.3, 0.5, 0.12
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
    """The page as a file of that kind: the fronts for both eyes side by side, then a graph for each film."""
    rows = _ROW * (len(report.dithers) + 0.5)
    block = _TITLE + _GRAPH + _GAP + rows + _AXIS
    height = _TITLE + _FRONT + _AXIS + block * len(report.films)
    half = _WIDTH / 2
    colours = {label: _look(name)[0] for label, (name, _) in report.dithers.items()}
    left = max(0.6, 0.2 + _LETTER * max(len(label) for label in report.dithers))
    with rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH, height), dpi=_DPI)
        renderer = FigureCanvasAgg(figure).get_renderer()

        def axes(x: float, y: float, width: float, tall: float) -> Axes:
            """Axes at x from the left and y from the top, in inches."""
            return figure.add_axes((x / _WIDTH, 1 - (y + tall) / height, width / _WIDTH, tall / height))

        for x, eye, title in ((0.0, 6000, "half a metre"), (half, 2000, "17 cm")):
            front = axes(x + 0.55, _TITLE, half - 0.65, _FRONT)
            draw_front(front, _series(report, eye), f"S = {eye} px: {title} at 300 ppi")
            label_front(front, _series(report, eye), renderer)
            if eye == 6000:
                of = f", median of {len(report.films)} films" if len(report.films) > 1 else ""
                front.set_ylabel(f"HVS-PSNR, dB{of}")
        for number, film in enumerate(report.films):
            y = height - block * (len(report.films) - number) + _TITLE
            graph = axes(left, y, _WIDTH - left - _RIGHT, _GRAPH)
            draw_difference(graph, film.film.name, film.evaluation)
            redraws = axes(left, y + _GRAPH + _GAP, _WIDTH - left - _RIGHT, rows)
            draw_redraws(redraws, film.evaluation, colours)
            redraws.set_xlim(graph.get_xlim())
        file = BytesIO()
        figure.savefig(file, format=kind[1:], metadata=_METADATA[kind])
    return file.getvalue()


def _look(name: str) -> tuple[str, str]:
    """Colour and marker of a dither, the same on every chart."""
    place = list(DITHERS).index(name)
    return COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]


def _series(report: Report, eye: int) -> list[Series]:
    """The front's lines for one eye, the median over the films; where nothing flips there is no point."""
    points: dict[str, dict[float | None, tuple[float, float]]] = {}
    for label, (name, dial) in report.dithers.items():
        figures = report.median[label]
        flips, quality = figures["flips_share"], figures[f"psnr_s{eye}_db"]
        if flips and quality is not None:
            points.setdefault(name, {})[dial] = 100 * flips, quality
    return [
        Series(
            name,
            *_look(name),
            {dial: by_dial[dial] for dial in sorted(dial for dial in by_dial if dial is not None)},
            by_dial.get(None),
        )
        for name, by_dial in points.items()
    ]
