"""The charts of `trainer evaluate --plot` on one page: quality against flips, and a graph for each film.

Drawn with Matplotlib without a display; the same report gives the same bytes. The colours are those of
M. Okabe and K. Ito, "Color Universal Design", 2008, which colour-blind readers can tell apart; every dither
has a marker of its own as well, for print in grey.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from trainer.dithers.table import DITHERS
from trainer.errors import OptionError
from trainer.evaluate.report import Report
from trainer.evaluate.score import Evaluation

KINDS = (".png", ".svg", ".pdf")
"""The endings of a chart's file name."""

COLOURS = ("#000000", "#D55E00", "#009E73", "#0072B2", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = "sovD^Pp"
INK, PALE = "#333333", "#999999"
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
# The page in inches, as wide as two columns of a paper. A strip of redraws lies under each film's graph.
_WIDTH, _LEFT, _RIGHT = 7.2, 0.6, 0.3
_FRONT, _GRAPH, _STRIP = 2.5, 1.1, 0.2
_TITLE, _AXIS, _GAP = 0.3, 0.5, 0.12
_DPI = 200
# A date would make every file differ.
_METADATA: dict[str, dict[str, Any]] = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}

Line = tuple[Sequence[float], Sequence[float]]
Place = tuple[float, int, int]

# Where a label may stand beside its point: directions right and up, the most readable first; distances in
# printer's points, the nearest first.
_DIRECTIONS = ((1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1), (0, 1), (0, -1))
_PLACES = [(distance, right, up) for distance, (right, up) in product((5.0, 9.0, 14.0, 20.0), _DIRECTIONS)]
_HORIZONTAL = {-1: "right", 0: "center", 1: "left"}
_VERTICAL = {-1: "top", 0: "center", 1: "bottom"}


@dataclass(frozen=True)
class Series:
    """One dither on the front: its name and look, and at least one point, where it stands at a dial.

    `points` are flips (%), above 0, and HVS-PSNR (dB) by dial in rising order; `default` is the same for the
    dither's own dial. It is not joined to the others, since its place among the dials is not known here.
    """

    name: str
    colour: str
    marker: str
    points: dict[float, tuple[float, float]]
    default: tuple[float, float] | None

    @property
    def everywhere(self) -> list[tuple[float, float]]:
        """All points, the default last."""
        return [*self.points.values(), *([self.default] if self.default else [])]


@dataclass(frozen=True)
class Label:
    """A text at a point of the chart (in data), its colour, and its size in printer's points."""

    text: str
    x: float
    y: float
    colour: str
    size: float


def kind_of(path: Path) -> str:
    """The ending of a chart's file name, one of KINDS; OptionError otherwise."""
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise OptionError(f"--plot {path}: end the name in {', '.join(KINDS[:-1])} or {KINDS[-1]}")
    return kind


def draw(report: Report, kind: str) -> bytes:
    """The page as a file of that kind: the fronts for both eyes side by side, then a graph for each film."""
    block = _TITLE + _GRAPH + _GAP + _STRIP + _AXIS
    height = _TITLE + _FRONT + _AXIS + block * len(report.films)
    half = _WIDTH / 2
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
            graph = axes(_LEFT, y, _WIDTH - _LEFT - _RIGHT, _GRAPH)
            draw_difference(graph, film.film.name, film.evaluation)
            strip = axes(_LEFT, y + _GRAPH + _GAP, _WIDTH - _LEFT - _RIGHT, _STRIP)
            draw_redraws(strip, film.evaluation)
            strip.set_xlim(graph.get_xlim())
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


def draw_front(axes: Axes, series: Sequence[Series], title: str) -> None:
    """Quality against flips: a line for each dither, its points joined in the order of the dial."""
    axes.set_title(title)
    axes.set_xlabel("flips per frame, % of the pixels")
    if not series:
        axes.text(0.5, 0.5, "not one pixel flips", transform=axes.transAxes, ha="center")
        axes.set(xticks=[], yticks=[])
        return
    for one in series:
        axes.plot(*_columns(list(one.points.values())), color=one.colour, linewidth=1.2, zorder=2)
        axes.plot(
            *_columns(one.everywhere), linestyle="none", marker=one.marker, color=one.colour, markersize=4.2,
            markeredgecolor="white", markeredgewidth=0.5, zorder=3,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.margins(x=0.12, y=0.1)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(color="#E6E6E6", linewidth=0.5)
    axes.set_axisbelow(True)


def label_front(axes: Axes, series: Sequence[Series], renderer: RendererAgg) -> None:
    """Label each dither at its liveliest point, and the dials; call it once the page is laid out."""
    names, dials, lines = [], [], []
    for one in series:
        names.append(Label(one.name, *max(one.everywhere), one.colour, 8))
        dials += [Label(f"{dial:g}", *point, one.colour, 6) for dial, point in one.points.items()]
        if one.points:
            lines.append(_columns(list(one.points.values())))
        if one.default:
            lines.append(_columns([one.default]))
            dials += [Label("default", *one.default, one.colour, 6)] if one.points else []
    if lines:
        place(axes, names + dials, lines, renderer)


def _columns(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def draw_difference(axes: Axes, name: str, evaluation: Evaluation) -> None:
    """The film-maker's graph: pixel difference per frame, with the cuts that the z-score rule finds."""
    numbers, difference = np.array(evaluation.numbers), 100 * np.array(evaluation.difference)
    cuts = evaluation.cuts_by_z_score()
    axes.fill_between(numbers[1:], difference[1:], color="#D9D9D9", linewidth=0)
    axes.plot(numbers[1:], difference[1:], color=INK, linewidth=0.7)
    axes.plot(
        numbers[cuts], difference[cuts], linestyle="none", marker="v", markersize=4, color=INK, clip_on=False
    )
    axes.set_title(name)
    found = "no cut" if not cuts else "1 cut" if len(cuts) == 1 else f"{len(cuts)} cuts"
    axes.set_title(f"▾ {found} by the z-score rule", loc="right", fontsize=7, fontweight="normal")
    axes.set_ylabel("pixel difference, %")
    axes.set_ylim(bottom=0)
    axes.tick_params(labelbottom=False, bottom=False)
    axes.margins(x=0.01)


def draw_redraws(axes: Axes, evaluation: Evaluation) -> None:
    """The redraw plan: a stroke where a stretch begins, and how many there are after the first."""
    redraws = [evaluation.numbers[index] for index in evaluation.redraws]
    axes.eventplot(redraws, lineoffsets=0, linelengths=0.7, linewidths=1.1, colors=INK)
    axes.annotate(f"{len(redraws)}", (1, 0), xycoords=("axes fraction", "data"), xytext=(3, 0),
                  textcoords="offset points", va="center", fontsize=6.5)  # fmt: skip
    axes.set_yticks([0], ["redraws"], fontsize=6.5)
    axes.set_ylim(-0.6, 0.6)
    axes.tick_params(left=False)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("frame of the film")


def place(axes: Axes, labels: Sequence[Label], lines: Sequence[Line], renderer: RendererAgg) -> None:
    """Put each label beside its point, where it covers no line, marker or other label.

    The most important labels come first; `lines` are x and y, in data, of what they should not cover. The
    chart must be laid out and its limits set. Where no place is free, the one that covers least is taken.
    """
    dots = np.concatenate([_along(axes, *line) for line in lines])
    taken: list[Bbox] = []
    for label in labels:
        point = label.x, label.y
        text = axes.annotate(
            label.text, point, (0, 0), textcoords="offset points", color=label.colour, fontsize=label.size
        )
        text.set_in_layout(False)

        def covered(place: Place, text: Annotation = text) -> float:
            return _covered(_box(text, place, renderer), dots, taken, axes.bbox)

        taken.append(_box(text, min(_PLACES, key=covered), renderer))


def _box(text: Annotation, place: Place, renderer: RendererAgg) -> Bbox:
    """Move the text to a place and return the box it takes there, in display pixels, with a small margin."""
    distance, right, up = place
    text.set_position((distance * right, distance * up))
    text.set(ha=_HORIZONTAL[right], va=_VERTICAL[up])
    return text.get_window_extent(renderer).padded(2)


def _covered(box: Bbox, dots: NDArray[np.float64], taken: Sequence[Bbox], chart: Bbox) -> float:
    """How much is in the way of a label: points of lines, other labels (worse), the chart's edge (worst)."""
    (left, bottom), (right, top) = box.min, box.max
    inside = (dots[:, 0] > left) & (dots[:, 0] < right) & (dots[:, 1] > bottom) & (dots[:, 1] < top)
    beyond = not (chart.x0 <= left and right <= chart.x1 and chart.y0 <= bottom and top <= chart.y1)
    return int(inside.sum()) + 10 * box.count_overlaps(taken) + 1000 * beyond


def _along(axes: Axes, x: Sequence[float], y: Sequence[float]) -> NDArray[np.float64]:
    """Points along a line, float64[n, 2] in display pixels, close enough that no text slips between."""
    corners = axes.transData.transform(np.column_stack([x, y]))
    pieces = [np.linspace(start, end, 60) for start, end in pairwise(corners)]
    return np.concatenate([corners, *pieces])
