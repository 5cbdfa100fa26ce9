"""Direct labels for a chart: each text beside its point, where it covers no line, marker or other label."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

Line = tuple[Sequence[float], Sequence[float]]
Place = tuple[float, int, int]

# Directions from the point, right and up, the most readable first; distances in printer's points, the
# nearest first.
_DIRECTIONS = ((1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1), (0, 1), (0, -1))
_PLACES = [(distance, right, up) for distance, (right, up) in product((5.0, 9.0, 14.0, 20.0), _DIRECTIONS)]
_HORIZONTAL = {-1: "right", 0: "center", 1: "left"}
_VERTICAL = {-1: "top", 0: "center", 1: "bottom"}


@dataclass(frozen=True)
class Label:
    """A text at a point of the chart (in data), its colour, and its size in printer's points."""

    text: str
    x: float
    y: float
    colour: str
    size: float


def place(axes: Axes, labels: Sequence[Label], lines: Sequence[Line], renderer: RendererAgg) -> None:
    """Add the labels, the most important first; `lines` are x and y, in data, of what they should not cover.

    The chart must be laid out and its limits set. Where no place is free, the one that covers least is taken.
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
    """Move the text to a place and say what it takes there, in display pixels, with a little air around."""
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
