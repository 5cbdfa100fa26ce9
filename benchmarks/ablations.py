"""What each part of the joint search brings: the search as it is, and without one part at a time.

FILM[:PLACE], as in film.mp4:1:30, begins there; stretches are those of an export with the ghost known. E is
the energy that is minimised (docs/glass.md), with the flips at their price, and the time, both as multiples
of the first line's; lower is better. Between them HVS-PSNR on the glass at S 6000 in dB (mean, worst 5 %) and
flips per frame. The medians over the films follow.
"""

import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from command import begin, machine, usage

from trainer.dithers.ditherer import Ditherer
from trainer.dithers.eye import energy, hvs_psnr, two_eye_kernel
from trainer.dithers.glass import glass
from trainer.dithers.levels import CLEAN, Levels
from trainer.dithers.search import ditherer as searches
from trainer.dithers.search.ditherer import FrameSearch, Search
from trainer.dithers.search.energy import price_of
from trainer.dithers.search.joint import Moves
from trainer.films.film import BEGINNING, Film
from trainer.films.plan import Plan
from trainer.films.selection import Selection
from trainer.films.stretches import Stretch, stretches
from trainer.films.times import parse_place
from trainer.films.tones import Tones


class Figures(NamedTuple):
    energy: float
    mean: float
    worst: float
    flips: float
    seconds: float


def closed_loop(dial: float, levels: Levels) -> Ditherer:
    search = FrameSearch(dial, "sequential")
    search.levels = levels
    return search


VARIANTS: dict[str, Callable[[float, Levels], Ditherer]] = {
    "as it is": Search,
    "no swaps": partial(Search, moves=Moves(swaps=False)),
    "single frames alone": partial(Search, moves=Moves(runs=False)),
    "whole runs alone": partial(Search, moves=Moves(singles=False)),
    f"windows of {2 * searches.WINDOW}, not {searches.WINDOW}": partial(
        Search, window=2 * searches.WINDOW, overlap=2 * searches.OVERLAP
    ),
    "overlap of 1 frame": partial(Search, overlap=1),
    "start alone: frame by frame, aimed": closed_loop,
    "ghosts unknown to it": lambda dial, levels: Search(dial, CLEAN),
}


def figures(cut: list[Stretch], ditherer: Ditherer, levels: Levels, price: float) -> Figures:
    kernel = two_eye_kernel()
    total, psnr, flips, seconds = 0.0, [], [], 0.0
    for stretch in cut:
        frames = [selected.frame for selected in stretch.frames]
        started = time.perf_counter()
        dithers = list(ditherer(frames))
        seconds += time.perf_counter() - started
        flipped = [int(np.count_nonzero(a != b)) for a, b in pairwise(dithers)]
        flips += [count / frames[0].size for count in flipped]
        total += price * sum(flipped)
        for frame, seen in zip(frames, glass(dithers, levels), strict=True):
            total += energy(frame, seen, kernel)
            psnr.append(hvs_psnr(frame, seen, 6000))
    worst = sorted(psnr)[: max(1, len(psnr) // 20)]
    return Figures(
        total / len(psnr), float(np.mean(psnr)), float(np.mean(worst)), float(np.mean(flips)), seconds
    )


def row(label: str, of: Figures, first: Figures) -> str:
    share, slower = of.energy / first.energy, of.seconds / first.seconds
    glass_db = f"{of.mean:5.2f}, {of.worst:5.2f}"
    return f"  {label:36} {share:6.3f}   {glass_db}   {100 * of.flips:5.2f} %   {slower:5.2f}"


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("films", nargs="+", metavar="FILM[:PLACE]")
    parser.add_argument("--dial", type=float, default=0.5)
    parser.add_argument("--ghost", type=float, default=0.083)
    parser.add_argument("--count", type=int, default=80, help="frames of each film; default 80")
    parser.add_argument("--size", default="384x208")
    args = parser.parse_args()
    width, height = (int(side) for side in args.size.split("x"))
    levels = Levels(args.ghost)
    print(machine("numpy", "numba", "opencv-python-headless"))
    print(f"{'':38} {'E':>6}   {'glass, dB':12}   {'flips':>7}   {'time':>5}")
    found: dict[str, list[Figures]] = {}
    for text in args.films:
        path, _, place = text.partition(":")
        selection = Selection(start=parse_place(place) if place else BEGINNING, count=args.count)
        with Film(Path(path)) as film:
            cut = list(stretches(selection.frames(film, Tones(size=(width, height))), Plan(levels)))
        print(f"{text}: {len(cut)} stretches")
        for label, make in VARIANTS.items():
            made = figures(cut, make(args.dial, levels), levels, price_of(args.dial))
            found.setdefault(label, []).append(made)
            print(row(label, made, found["as it is"][-1]), flush=True)
    if len(args.films) > 1:
        print("medians")
        ratios = {
            label: [
                one._replace(energy=one.energy / first.energy, seconds=one.seconds / first.seconds)
                for one, first in zip(made, found["as it is"], strict=True)
            ]
            for label, made in found.items()
        }
        unit = Figures(1, 0, 0, 0, 1)
        for label, made in ratios.items():
            print(row(label, Figures(*np.median(made, axis=0)), unit))


if __name__ == "__main__":
    begin(main)
