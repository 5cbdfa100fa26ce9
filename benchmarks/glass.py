"""What the eye sees of each dither on the glass, where the ghost was known and where it was guessed.

FILM[:PLACE], as in film.mp4:1:30, begins there. Each film is cut into stretches: at its cuts alone, or with
--plan as an export does it. Every dither is made for each `--assumed` ghost, and what the glass shows of it
is scored for each `--true` one. HVS-PSNR in dB at S 6000: the mean over all frames and, after the comma, over
the worst 5 %; the last lines are medians over the films. `frames` is the search frame by frame that knows
nothing of ghosts.
"""

import argparse
import time
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from command import begin, machine, usage

from trainer.dithers import table
from trainer.dithers.ditherer import Ditherer
from trainer.dithers.eye import hvs_psnr
from trainer.dithers.glass import glass
from trainer.dithers.levels import CLEAN, Levels
from trainer.dithers.search.ditherer import FrameSearch
from trainer.films.film import BEGINNING, Film
from trainer.films.selection import Selected, Selection
from trainer.films.stretches import Stretch, stretches
from trainer.films.times import parse_place
from trainer.films.tones import Tones

Figures = dict[float, tuple[float, float]]
"""By true ghost the mean and that of the worst 5 %, dB."""


def cut_at_cuts(frames: Iterator[Selected]) -> Iterator[Stretch]:
    """Stretches that begin at cuts alone."""
    shot: list[Selected] = []
    for selected in frames:
        if selected.cut and shot:
            yield Stretch(tuple(shot))
            shot = []
        shot.append(selected)
    yield Stretch(tuple(shot))


def maker(name: str, dial: float) -> partial[Ditherer]:
    """(levels) -> the ditherer of that name."""
    if name == "frames":
        return partial(lambda dial, levels: FrameSearch(dial, "sequential"), dial)
    return partial(table.make, name, dial if table.DITHERS[name].has_dial else None)


def measured(cut: list[Stretch], ditherer: Ditherer, true: list[float]) -> tuple[Figures, float, float]:
    """The figures, the share of pixels that flips per frame inside stretches, and seconds per frame."""
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
    frames_in_all = sum(len(stretch.frames) for stretch in cut)
    return figures, float(np.mean(flips)) if flips else 0.0, seconds / frames_in_all


def row(label: str, assumed: str, figures: Figures, rest: str) -> str:
    cells = "  ".join(f"{mean:5.1f}, {worst:4.1f}" for mean, worst in figures.values())
    return f"{label:28} {assumed:>7}   {cells}   {rest}"


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("films", nargs="+", metavar="FILM[:PLACE]")
    parser.add_argument(
        "--dither", action="append", metavar="NAME", help="default: hysteresis, frames, search"
    )
    parser.add_argument("--dial", type=float, default=0.5)
    parser.add_argument("--assumed", type=float, nargs="+", default=[0.0, 0.03, 0.083])
    parser.add_argument("--true", type=float, nargs="+", default=[0.0, 0.02, 0.04, 0.083, 0.12])
    parser.add_argument("--count", type=int, default=240, help="frames of each film; default 240")
    parser.add_argument("--size", default="384x208")
    parser.add_argument("--plan", action="store_true", help="stretches as an export cuts them")
    args = parser.parse_args()
    report(args)


def report(args: argparse.Namespace) -> None:
    """Print a line for each film, dither and assumed ghost, and the medians."""
    width, height = (int(side) for side in args.size.split("x"))
    print(machine("numpy", "numba", "opencv-python-headless"))
    heads = "  ".join(f"true {ghost:<6g}" for ghost in args.true)
    print(f"{'':28} {'assumed':>7}   {heads}   flips, flashes, ms a frame")
    medians: dict[tuple[str, float], list[Figures]] = {}
    for text in args.films:
        path, _, place = text.partition(":")
        selection = Selection(start=parse_place(place) if place else BEGINNING, count=args.count)
        with Film(Path(path)) as film:
            frames = selection.frames(film, Tones(size=(width, height)))
            cut = list(stretches(frames) if args.plan else cut_at_cuts(frames))
        print(f"{text}: {len(cut)} stretches")
        for name in args.dither or ["hysteresis", "frames", "search"]:
            for assumed in [0.0] if name == "frames" else args.assumed:
                ditherer = maker(name, args.dial)(levels=Levels(assumed) if assumed else CLEAN)
                figures, flips, seconds = measured(cut, ditherer, args.true)
                medians.setdefault((name, assumed), []).append(figures)
                rest = f"{100 * flips:.2f} %, {len(cut)}, {1000 * seconds:.0f}"
                print(row(f"  {name}", f"{assumed:g}", figures, rest), flush=True)
    if len(args.films) > 1:
        print("medians")
        for (name, assumed), found in medians.items():
            middle = {
                ghost: tuple(np.median([figures[ghost] for figures in found], axis=0)) for ghost in args.true
            }
            print(row(f"  {name}", f"{assumed:g}", middle, ""))


if __name__ == "__main__":
    begin(main)
