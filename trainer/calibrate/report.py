"""The report of a calibration: the chart as it was found, the curves, and the verdict, as one PNG."""

from io import BytesIO
from typing import TYPE_CHECKING

import cv2
import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from trainer.calibrate.measure import Estimate, Measured, Reading
from trainer.calibrate.photograph import outlines
from trainer.evaluate.charts import COLOURS, INK, PALE, STYLE

if TYPE_CHECKING:
    from player.profile import Profile

_INK, _ORANGE, _GREEN, _BLUE, _PINK = COLOURS[:5]
_KINDS = {"lines": _BLUE, "dots": _GREEN, "checkerboard": _PINK, "black": _INK}
_LARGEST = 1600


def report(measured: Measured, profile: "Profile") -> bytes:
    """A PNG file."""
    with rc_context(STYLE):
        figure = Figure(figsize=(10, 9.2), dpi=130)
        FigureCanvasAgg(figure)
        grid = figure.add_gridspec(
            2,
            3,
            height_ratios=(1.75, 1),
            left=0.06,
            right=0.975,
            top=0.9,
            bottom=0.085,
            wspace=0.3,
            hspace=0.16,
        )
        _draw_photograph(figure.add_subplot(grid[0, :2]), measured.readings[0])
        _write(figure.add_subplot(grid[0, 2]), measured, profile)
        _draw_ghosts(figure.add_subplot(grid[1, 0]), measured)
        _draw_tones(figure.add_subplot(grid[1, 1]), measured, profile)
        _draw_reference(figure.add_subplot(grid[1, 2]), measured.readings)
        width, height = profile.size
        figure.text(0.06, 0.955, f"Panel of {width}x{height}", fontsize=15, fontweight="bold")
        figure.text(
            0.06, 0.928, f"measured by photograph on {profile.measured}, shares from its black to its white",
            fontsize=9, color=PALE,
        )  # fmt: skip
        file = BytesIO()
        figure.savefig(file, format="png")
    return file.getvalue()


def _draw_photograph(axes: Axes, reading: Reading) -> None:
    """The chart in its surroundings, with what was read outlined."""
    photograph = reading.photograph
    height, width = photograph.grey.shape
    scale = min(1.0, _LARGEST / max(height, width))
    small = cv2.resize(photograph.grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    axes.imshow(small, cmap="gray", vmin=0, vmax=255, interpolation="antialiased")
    chart = photograph.chart
    for corners in outlines(photograph, chart.markers):
        axes.fill(*(scale * corners).T, fill=False, edgecolor=_ORANGE, linewidth=1.6)
    for patch, corners in zip(
        chart.patches, outlines(photograph, [p.box for p in chart.patches]), strict=True
    ):
        colour = _ORANGE if patch.what == "ghost" else _KINDS.get(patch.what, PALE)
        axes.fill(*(scale * corners).T, fill=False, edgecolor=colour, linewidth=0.7)
    everything = np.concatenate(outlines(photograph, chart.markers)) * scale
    (left, top), (right, bottom) = everything.min(axis=0), everything.max(axis=0)
    room = 0.12 * max(right - left, bottom - top)
    axes.set_xlim(max(0, left - room), min(small.shape[1] - 1, right + room))
    axes.set_ylim(min(small.shape[0] - 1, bottom + room), max(0, top - room))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title("The chart as it was found: markers, and all patches that were read")


def _write(axes: Axes, measured: Measured, profile: "Profile") -> None:
    axes.axis("off")
    dark, light = measured.ghost, measured.ghost_white
    shares, shown = np.array(profile.tones).T
    lines: list[tuple[str, str]] = [
        ("Ghost of a darkened pixel", _written(dark)),
        ("Ghost of a lightened pixel", _written(light)),
        ("Half of the pixels white show", f"{np.interp(0.5, shares, shown):.3f}"),
        ("Dot gain at an edge, pixels", _written(measured.dot_gain, 2)),
        ("Contrast", "not told" if profile.contrast is None else f"{profile.contrast:g} : 1"),
    ]
    place = 1.0
    for name, value in lines:
        axes.text(0, place, name, va="top", fontsize=8.5)
        axes.text(0, place - 0.04, value, va="top", fontsize=13, fontweight="bold")
        place -= 0.115
    axes.text(0, place, "Photographs", va="top", fontsize=8.5, fontweight="bold")
    for number, reading in enumerate(measured.readings[:6], 1):
        place -= 0.045
        words = (
            f"{number}. {reading.verdict}\n    {reading.photograph.scale:.1f} px for a pixel, blur "
            f"{reading.blur:.1f} px, light within {100 * reading.unevenness:.0f} %"
        )
        axes.text(0, place, words, va="top", fontsize=7.5)
        place -= 0.03
    axes.text(
        0, place - 0.06,
        "A photograph cannot tell the panel's contrast\nfrom the light that its surface reflects.",
        va="top", fontsize=7.5, color=PALE,
    )  # fmt: skip


def _written(estimate: Estimate, digits: int = 3) -> str:
    value = round(estimate.value, digits) + 0.0  # no -0.000
    return f"{value:.{digits}f} ± {estimate.spread:.{digits}f}"


def _draw_ghosts(axes: Axes, measured: Measured) -> None:
    labels, places = [], []
    for darkened, colour in ((True, _ORANGE), (False, _BLUE)):
        total = measured.ghost if darkened else measured.ghost_white
        base = 0 if darkened else 5
        axes.fill_between(
            [base - 0.4, base + 3.4], total.value - total.spread, total.value + total.spread, color=colour,
            alpha=0.2, linewidth=0,
        )  # fmt: skip
        kinds = [(updates, solid) for solid in (True, False) for updates in (1, 5)]
        for number, (updates, solid) in enumerate(kinds):
            found = measured.ghosts[darkened, updates, solid]
            axes.errorbar(base + number, found.value, 2 * found.spread, fmt="o", color=colour, markersize=4)
            places.append(base + number)
            labels.append(f"{'solid' if solid else 'dither'} {updates}x")
        axes.text(base - 0.4, 1.01, "darkened" if darkened else "lightened", color=colour, fontsize=7.5,
                  transform=axes.get_xaxis_transform())  # fmt: skip
    axes.axhline(0, color=PALE, linewidth=0.6)
    axes.set_xticks(places, labels, rotation=90)
    axes.set_title("Ghosts, after 1 and 5 updates", pad=14)
    axes.set_ylabel("share from its colour to the other")


def _draw_tones(axes: Axes, measured: Measured, profile: "Profile") -> None:
    shares, shown = np.array(profile.tones).T
    axes.plot([0, 1], [0, 1], color=PALE, linewidth=0.6, linestyle="--")
    axes.plot(shares, shown, color=_INK, linewidth=1.2, marker="o", markersize=3.5)
    axes.set_title("Tone of dithers")
    axes.set_xlabel("share of white pixels")
    axes.set_ylabel("shown")
    axes.set_aspect("equal")


def _draw_reference(axes: Axes, readings: tuple[Reading, ...]) -> None:
    """How well the patches of known tone fit: all should lie on the line."""
    for reading in readings:
        for kind, colour in _KINDS.items():
            patches = reading.photograph.chart.patches
            numbers = [number for number, patch in enumerate(patches) if patch.what == kind]
            first = reading is readings[0]
            axes.plot(
                reading.expected[numbers], 100 * (reading.shown - reading.expected)[numbers], "o",
                color=colour, markersize=3, label=kind if first else None,
            )  # fmt: skip
    axes.axhline(0, color=PALE, linewidth=0.6)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -2), max(high, 2))
    axes.set_title("Reference: what is left over")
    axes.set_xlabel("should show")
    axes.set_ylabel("off by, %")
    axes.legend(fontsize=6.5, frameon=False, ncols=2, labelcolor=INK)
