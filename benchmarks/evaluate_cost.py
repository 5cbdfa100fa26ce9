"""What does scoring cost, against the dithers that are scored?

    python benchmarks/evaluate_cost.py FILM [FRAMES] [WIDTHxHEIGHT]

For each dither on the same frames, held in memory, in rounds that alternate: milliseconds a frame of its
closed loop alone and of `evaluate` with it, and what evaluate adds, as a multiple of the dither. Then all of
them in one pass, where a frame is looked at once and the scores are worked out side by side.
"""

import statistics
import time

from command import begin, usage
from machine import machine

from trainer.commands.opening import parse_size
from trainer.dithers.table import (
    DITHERS,
    make,
)
from trainer.evaluate.evaluate import evaluate
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.tones import Tones

ROUNDS = 3


def loops(frames, ditherers) -> None:
    """The closed loops alone, one after another."""
    for ditherer in ditherers.values():
        shown = None
        for selected in frames:
            shown = ditherer.dither(selected.frame, shown)


def milliseconds(work, frames, ditherers) -> float:
    """Wall clock a frame."""
    start = time.perf_counter()
    work(frames, ditherers)
    return 1000 * (time.perf_counter() - start) / len(frames)


def compare(names, frames) -> tuple[float, float]:
    """Medians over the rounds: ms a frame of the closed loops alone, and of evaluating them in one pass."""
    alone, scored = [], []
    for number in range(ROUNDS + 1):
        ditherers = {name: make(name) for name in names}
        alone.append(milliseconds(loops, frames, ditherers))
        scored.append(milliseconds(evaluate, frames, ditherers))
        if number == 0:  # warms up
            alone, scored = [], []
    return statistics.median(alone), statistics.median(scored)


def main() -> None:
    words = usage(__doc__)
    words.add_argument("film")
    words.add_argument("frames", type=int, nargs="?", default=20)
    words.add_argument("size", nargs="?", default="1448x1072", metavar="WIDTHxHEIGHT")
    given = words.parse_args()
    film, size = Film(given.film), parse_size(given.size)
    frames = list(Selection(count=given.frames).frames(film, Tones(size)))
    print(machine("numpy", "numba", "opencv-python-headless"))
    print(f"{film.name}: {len(frames)} frames at {size[0]}x{size[1]}, ms a frame")
    print(f"{'':16} {'alone':>8} {'scored':>8} {'added / alone':>14}")
    for names in [*([name] for name in DITHERS), list(DITHERS)]:
        alone, scored = compare(names, frames)
        label = names[0] if len(names) == 1 else f"all {len(names)}"
        print(f"{label:16} {alone:8.2f} {scored:8.2f} {(scored - alone) / alone:14.2f}")


if __name__ == "__main__":
    begin(main)
