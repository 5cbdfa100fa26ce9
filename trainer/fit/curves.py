"""The curves of a fit, one small chart for each figure of metrics.jsonl over the updates, as a PNG."""

import io
from collections.abc import Mapping, Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_CHARTS = (
    ("loss", ("loss",), 1),
    ("loss of the critic", ("critic",), 1),
    ("energy per pixel", ("energy",), 1),
    ("flips, %", ("flips",), 100),
    ("white and tone, %", ("white", "tone"), 100),
    ("unsure: pi (1 - pi)", ("unsure",), 1),
)


def curves(rows: Sequence[Mapping[str, float]]) -> bytes:
    """The PNG of all reports so far; the same rows give the same bytes."""
    figure = Figure(figsize=(9, 5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    steps = [row["step"] for row in rows]
    for number, (title, names, scale) in enumerate(_CHARTS, 1):
        axes = figure.add_subplot(2, 3, number)
        for name in names:
            axes.plot(steps, [scale * row[name] for row in rows], linewidth=1, label=name)
        axes.set_title(title, fontsize=9)
        axes.tick_params(labelsize=7)
        axes.set_xlabel("updates", fontsize=7)
        if len(names) > 1:
            axes.legend(fontsize=7, frameon=False)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()
