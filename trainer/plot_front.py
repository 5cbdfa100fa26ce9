"""The front: quality against flips, one line for each dither, its points joined in the order of the dial."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from trainer.plot_labels import Label, place


@dataclass(frozen=True)
class Series:
    """One dither: name, look, and points (flips in %, HVS-PSNR in dB, the dial or None) in the dial's order.

    A point without a dial is the dither at its own; it is not joined to the others.
    """

    name: str
    colour: str
    marker: str
    points: Sequence[tuple[float, float, float | None]]


def draw_front(axes: Axes, series: Sequence[Series], title: str) -> None:
    """Lines, markers and axes. A point without a flip has no place on the logarithmic axis: not among these."""
    for one in series:
        dialled = [point for point in one.points if point[2] is not None]
        axes.plot(
            [x for x, _, _ in dialled], [y for _, y, _ in dialled], color=one.colour, linewidth=1.2, zorder=2
        )
        axes.plot(
            [x for x, _, _ in one.points], [y for _, y, _ in one.points],
            linestyle="none", marker=one.marker, color=one.colour, markersize=4.2, markeredgecolor="white",
            markeredgewidth=0.5, zorder=3,
        )  # fmt: skip
    axes.set_title(title)
    axes.set_xscale("log")
    axes.margins(x=0.12, y=0.1)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("flips per frame, % of the pixels")
    axes.grid(color="#E6E6E6", linewidth=0.5)
    axes.set_axisbelow(True)


def label_front(axes: Axes, series: Sequence[Series], renderer: RendererAgg) -> None:
    """Each dither's name at its liveliest point and the dial at every point; after the page is laid out."""
    names, dials = [], []
    for one in series:
        if one.points:
            x, y, _ = max(one.points)
            names.append(Label(one.name, x, y, one.colour, 8))
        dials += [Label(f"{dial:g}", x, y, one.colour, 6) for x, y, dial in one.points if dial is not None]
    lines = [([x for x, _, _ in one.points], [y for _, y, _ in one.points]) for one in series if one.points]
    if lines:
        place(axes, names + dials, lines, renderer)
