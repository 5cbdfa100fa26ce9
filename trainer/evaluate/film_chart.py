"""The film-maker's graph: how much each frame differs, the cuts found in that, and the redraws."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from trainer.evaluate.evaluate import Evaluation

INK = "#333333"


def draw_difference(axes: Axes, name: str, evaluation: Evaluation) -> None:
    """Pixel difference per frame of the film of that name, with the cuts that the z-score rule finds."""
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


def draw_redraws(axes: Axes, evaluation: Evaluation, colours: Mapping[str, str]) -> None:
    """A row for each dither, of its colour by label: a stroke where the player redraws, and how often."""
    for row, (label, scored) in enumerate(evaluation.dithers.items()):
        colour = colours[label]
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
