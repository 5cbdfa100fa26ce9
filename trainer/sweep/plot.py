"""The picture of a sweep: quality against flips of all members by both eyes, the front in colour."""

from collections.abc import Mapping, Sequence
from io import BytesIO

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from trainer.evaluate.charts import (
    COLOURS,
    MARKERS,
    PALE,
    STYLE,
    Label,
    Series,
    draw_front,
    place,
)
from trainer.sweep.scores import (
    Point,
    front,
)

_CHARTS = ((6000, "half a metre"), (2000, "17 cm"))
# In inches: the page's width, a chart, what is around it, and a line of the key below.
_WIDTH, _CHART, _LEFT, _RIGHT, _TOP, _BOTTOM, _LINE = 7.2, 2.8, 0.55, 0.1, 0.3, 0.5, 0.16
_OTHERS = "#CCCCCC"


def draw_sweep(points: Sequence[Point], names: Mapping[int, str]) -> bytes:
    """The PNG; `names` says what each member differs in, by number. The same points give the same bytes.

    Members on the front (`scores.front`) are drawn in colours of their own and named below, all others
    grey, and hysteresis black and dashed.
    """
    best = list(dict.fromkeys(point.member for point in front(points)))
    height = _TOP + _CHART + _BOTTOM + _LINE * (len(best) + 2)
    with rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH, height), dpi=200)
        renderer = FigureCanvasAgg(figure).get_renderer()
        for number, (eye, where) in enumerate(_CHARTS):
            x, wide = number * _WIDTH / 2 + _LEFT, _WIDTH / 2 - _LEFT - _RIGHT
            base = height - _TOP - _CHART
            axes = figure.add_axes((x / _WIDTH, base / height, wide / _WIDTH, _CHART / height))
            series = [
                *(_series(points, eye, m, _OTHERS, ".") for m in names if m not in best),
                *(_series(points, eye, m, *_look(n)) for n, m in enumerate(best)),
            ]
            series = [one for one in series if one.points]
            draw_front(axes, series, f"S = {eye} px: {where} at 300 ppi")
            lines = [_columns(one) for one in series]
            hysteresis = _series(points, eye, None, COLOURS[0], "")
            axes.plot(*_columns(hysteresis), color=COLOURS[0], linewidth=1, linestyle="--", zorder=1)
            labels = [
                Label(one.name, *max(one.everywhere), one.colour, 8)
                for one in series
                if one.colour != _OTHERS
            ]
            place(axes, labels, [*lines, _columns(hysteresis)], renderer)
            if not number:
                axes.set_ylabel("HVS-PSNR, dB")
        key = [(_look(n)[0], f"{m:02d}   {names[m]}") for n, m in enumerate(best) if m is not None]
        for line, (colour, text) in enumerate([*key, (PALE, "grey: the others; dashed: hysteresis")]):
            y = _LINE * (len(key) + 1.5 - line) / height
            figure.text(_LEFT / _WIDTH, y, text, color=colour, va="top", fontsize=8)
        file = BytesIO()
        figure.savefig(file, format="png")
    return file.getvalue()


def _series(points: Sequence[Point], eye: int, member: int | None, colour: str, marker: str) -> Series:
    """A member's points in the order of its dials, or those of hysteresis."""
    own = [(100 * p.flips, p.psnr[eye]) for p in points if p.member == member and p.flips]
    name = "" if member is None else f"{member:02d}"
    return Series(name, colour, marker, dict(enumerate(own)), None)


def _look(number: int) -> tuple[str, str]:
    """Colour and marker of the front's members, in order; black is for hysteresis."""
    return COLOURS[1 + number % (len(COLOURS) - 1)], MARKERS[number % len(MARKERS)]


def _columns(series: Series) -> tuple[list[float], list[float]]:
    return [x for x, _ in series.points.values()], [y for _, y in series.points.values()]
