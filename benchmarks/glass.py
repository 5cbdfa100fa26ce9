"""What the eye sees of each dither on the glass, where the ghost was known and where it was guessed.

FILM[:PLACE], as in film.mp4:1:30, begins there. Every dither is made for each `--assumed` ghost (0.03~0.02
has a standard deviation of .02), with redraws at cuts alone or as `--flashes` has it, and what the glass
shows of it is scored for each `--true` ghost. HVS-PSNR in dB at S 6000: the mean over all frames and, after
the comma, over the worst 5 %; then redraws per 1,000 frames, and how many of them are at cuts. The last lines
are medians over the films. `frames` is the search frame by frame that knows nothing of ghosts. To compare
engines: --dither search/sequential search/parallel (slow on a CPU). --plot PNG draws quality against redraws
for the first true ghost.
"""

import math
import time
from functools import partial
from io import BytesIO
from itertools import pairwise, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from command import begin, machine, usage
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from trainer.commands.film import FLASHES
from trainer.dithers import table
from trainer.dithers.ditherer import Ditherer
from trainer.dithers.eye import hvs_psnr
from trainer.dithers.glass import glass
from trainer.dithers.levels import ASSUMED, Levels
from trainer.dithers.search.ditherer import FrameSearch
from trainer.evaluate.charts import COLOURS, MARKERS, STYLE
from trainer.films.film import BEGINNING, Film
from trainer.films.plan import USUAL, Plan
from trainer.films.selection import Selection
from trainer.films.stretches import Stretch, stretches
from trainer.films.times import parse_place
from trainer.films.tones import Tones

Figures = dict[float, tuple[float, float]]
"""By true ghost the mean and that of the worst 5 %, dB."""


def plan(flashes: str, levels: Levels) -> Plan:
    """The redraw plan for `cuts`, for a word of --flashes, or for a limit of one's own."""
    limit = FLASHES[flashes] if flashes in FLASHES else math.inf if flashes == "cuts" else float(flashes)
    return Plan(levels, limit, 10**6 if flashes == "cuts" else USUAL.longest)


def assumed(text: str) -> Levels:
    """`0.03`, or `0.03~0.02` with a standard deviation."""
    black, _, spread = text.partition("~")
    return Levels(float(black), spread=float(spread or 0))


def maker(name: str, dial: float) -> partial[Ditherer]:
    """(levels) -> the ditherer of that name, NAME or NAME/ENGINE."""
    if name == "frames":
        return partial(lambda dial, levels: FrameSearch(dial, "sequential"), dial)
    name, slash, engine = name.partition("/")
    settings = {"engine": engine} if slash else {}
    return partial(table.make, name, dial if table.DITHERS[name].has_dial else None, **settings)


class Measured(NamedTuple):
    """Figures by true ghost; the share of pixels that flips per frame inside stretches, seconds per frame,
    redraws per 1,000 frames, and the share of them at cuts.
    """

    figures: Figures
    flips: float
    seconds: float
    redraws: float
    at_cuts: float


def measured(cut: list[Stretch], ditherer: Ditherer, true: list[float]) -> Measured:
    """Dither the stretches of a film and show them on glass of each true ghost."""
    psnr: dict[float, list[float]] = {ghost: [] for ghost in true}
    flips, seconds = [], 0.0
    for stretch in cut:
        frames = [selected.frame for selected in stretch.frames]
        started = time.perf_counter()
        dithers = list(ditherer(frames))
        seconds += time.perf_counter() - started
        flips += [np.mean(a != b) for a, b in pairwise(dithers)]
        for ghost in true:
            shown = glass(dithers, Levels(ghost))
            psnr[ghost] += [hvs_psnr(frame, seen, 6000) for frame, seen in zip(frames, shown, strict=True)]
    figures = {}
    for ghost, values in psnr.items():
        worst = sorted(values)[: max(1, len(values) // 20)]
        figures[ghost] = float(np.mean(values)), float(np.mean(worst))
    count = sum(len(stretch.frames) for stretch in cut)
    at_cuts = [stretch.frames[0].cut for stretch in cut[1:]]
    return Measured(
        figures,
        float(np.mean(flips)) if flips else 0.0,
        seconds / count,
        1000 * len(at_cuts) / count,
        float(np.mean(at_cuts)) if at_cuts else 0.0,
    )


def row(label: str, made: list[Measured]) -> str:
    """A line of the table: the medians over films."""
    figures = [measured.figures for measured in made]
    ghosts = {ghost: np.median([found[ghost] for found in figures], axis=0) for ghost in figures[0]}
    cells = "  ".join(f"{mean:5.1f}, {worst:4.1f}" for mean, worst in ghosts.values())
    flips, seconds, redraws, at_cuts = np.median([measured[1:] for measured in made], axis=0)
    rest = f"{redraws:4.0f} {100 * at_cuts:4.0f} %  {100 * flips:5.2f} {1000 * seconds:5.0f}"
    return f"{label:34} {cells}   {rest}"


def front(medians: dict[str, list[Measured]], true: float) -> bytes:
    """A chart, PNG: what the glass shows, mean and worst 5 %, against redraws per 1,000 frames."""
    lines: dict[str, list[tuple[float, ...]]] = {}
    for label, made in medians.items():
        name, levels, _ = label.split(" ")
        mean, worst = np.median([measured.figures[true] for measured in made], axis=0)
        redraws = float(np.mean([measured.redraws for measured in made]))
        lines.setdefault(_told(name, levels, true), []).append((redraws, mean, worst))
    with rc_context(STYLE):
        figure = Figure((7.2, 3.6), layout="constrained")
        canvas = FigureCanvasAgg(figure)
        for axes, place, title in zip(figure.subplots(1, 2), (1, 2), ("mean", "worst 5 %"), strict=True):
            axes.set_title(f"On glass with a ghost of {true:g}: {title}")
            axes.set_xlabel("redraws per 1,000 frames")
            for (told, points), colour, marker in zip(lines.items(), COLOURS, MARKERS, strict=False):
                points.sort()
                axes.plot(
                    [point[0] for point in points], [point[place] for point in points],
                    color=colour, marker=marker, markersize=4.2, linewidth=1.2, label=told,
                )  # fmt: skip
            axes.grid(color="#E6E6E6", linewidth=0.5)
            axes.set_xlim(left=0)
        figure.axes[0].set_ylabel("HVS-PSNR at S 6000, dB")
        figure.legend(
            *figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=7
        )
        png = BytesIO()
        canvas.print_figure(png, format="png", dpi=200)
    return png.getvalue()


def _told(name: str, levels: str, true: float) -> str:
    """A line of the chart in words."""
    if name == "frames":
        return "frame by frame, unaware of ghosts"
    assumed, _, spread = levels.partition("~")
    if float(assumed) == true and not float(spread):
        return f"{name}, ghost known"
    return f"{name}, ghost assumed {assumed} ± {spread}"


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("films", nargs="+", metavar="FILM[:PLACE]")
    parser.add_argument(
        "--dither", nargs="+", metavar="NAME[/ENGINE]", default=["hysteresis", "frames", "search"]
    )
    parser.add_argument("--dial", type=float, default=0.5)
    parser.add_argument(
        "--assumed", type=assumed, nargs="+", default=[Levels(0), Levels(0.03), ASSUMED, Levels(0.083)]
    )
    parser.add_argument("--true", type=float, nargs="+", default=[0.0, 0.02, 0.04, 0.083, 0.12])
    parser.add_argument("--flashes", nargs="+", default=["cuts"], help="cuts (default), rare, usual, often")
    parser.add_argument("--count", type=int, default=240, help="frames of each film; default 240")
    parser.add_argument("--size", default="384x208")
    parser.add_argument("--plot", metavar="PNG")
    args = parser.parse_args()
    width, height = (int(side) for side in args.size.split("x"))
    print(machine("numpy", "numba", "opencv-python-headless"))
    heads = "  ".join(f"true {ghost:<5g}" for ghost in args.true)
    print(f"{'':34} {heads}   redraws/1000, at cuts, flips %, ms a frame")
    medians: dict[str, list[Measured]] = {}
    for text in args.films:
        path, _, place = text.partition(":")
        selection = Selection(start=parse_place(place) if place else BEGINNING, count=args.count)
        with Film(Path(path)) as film:
            frames = list(selection.frames(film, Tones(size=(width, height))))
        print(f"{text}: {len(frames)} frames")
        for name, levels, flashes in product(args.dither, args.assumed, args.flashes):
            label = f"{name} {levels.black:g}~{levels.spread:g} {flashes}"
            ditherer = maker(name, args.dial)(levels=levels)
            made = measured(list(stretches(frames, plan(flashes, levels))), ditherer, args.true)
            medians.setdefault(label, []).append(made)
            print(row(f"  {label}", [made]), flush=True)
    if len(args.films) > 1:
        print("medians")
        for label, found in medians.items():
            print(row(f"  {label}", found))
    if args.plot:
        Path(args.plot).write_bytes(front(medians, args.true[0]))


if __name__ == "__main__":
    begin(main)
