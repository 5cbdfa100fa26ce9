"""The front: quality against flips, one line for each dither, its points joined in the order of the dial."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from trainer.evaluate.labels import (
    Label,
    place,
)


@dataclass(frozen=True)
class Series:
    """One dither: its name and look, and where it stands at each dial that was asked for, one at least.

    `points` are flips (%), above 0, and HVS-PSNR (dB) by dial in rising order; `default` is the same for the
    dither's own dial. It is not joined to the others, as which dial that is is not known here.
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


def draw_front(axes: Axes, series: Sequence[Series], title: str) -> None:
    """Lines, markers and axes."""
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
    """Each dither's name at its liveliest point and the dials; to be called when the page is laid out."""
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
