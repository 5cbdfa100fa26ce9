"""What scoring costs, compared with the dithers that are scored.

    python benchmarks/evaluate_cost.py FILM [FRAMES] [WIDTHxHEIGHT]

For each dither, on the same stretch of frames, in alternating rounds: milliseconds per frame of the dither
alone and of `evaluate` with it, and what `evaluate` adds, as a multiple of the dither. Then all of them in
one pass, where each frame is looked at once and the scores are worked out at the same time.
"""

import statistics
import time

from command import begin, machine, usage

from trainer.commands.film import parse_size
from trainer.dithers.table import DITHERS, make
from trainer.evaluate.score import evaluate
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.stretches import Stretch
from trainer.films.tones import Tones

ROUNDS = 3


def dither(stretches, ditherers) -> None:
    """The dithers alone, one ditherer after another."""
    for ditherer in ditherers.values():
        for stretch in stretches:
            for _ in stretch.dithers(ditherer):
                pass


def milliseconds(work, stretch, ditherers) -> float:
    """Wall clock per frame."""
    start = time.perf_counter()
    work([stretch], ditherers)
    return 1000 * (time.perf_counter() - start) / len(stretch.frames)


def compare(names, stretch) -> tuple[float, float]:
    """Medians over the rounds: ms per frame of the dithers alone, and of evaluating them in one pass."""
    alone, scored = [], []
    for number in range(ROUNDS + 1):
        ditherers = {name: make(name) for name in names}
        alone.append(milliseconds(dither, stretch, ditherers))
        scored.append(milliseconds(evaluate, stretch, ditherers))
        if number == 0:  # warms up
            alone, scored = [], []
    return statistics.median(alone), statistics.median(scored)


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("film")
    parser.add_argument("frames", type=int, nargs="?", default=20)
    parser.add_argument("size", nargs="?", default="1448x1072", metavar="WIDTHxHEIGHT")
    args = parser.parse_args()
    film, size = Film(args.film), parse_size(args.size)
    stretch = Stretch(tuple(Selection(count=args.frames).frames(film, Tones(size))))
    print(machine("numpy", "numba", "opencv-python-headless"))
    print(f"{film.name}: {len(stretch.frames)} frames at {size[0]}x{size[1]}, ms per frame")
    print(f"{'':16} {'alone':>8} {'scored':>8} {'added / alone':>14}")
    for names in [*([name] for name in DITHERS), list(DITHERS)]:
        alone, scored = compare(names, stretch)
        label = names[0] if len(names) == 1 else f"all {len(names)}"
        print(f"{label:16} {alone:8.2f} {scored:8.2f} {(scored - alone) / alone:14.2f}")


if __name__ == "__main__":
    begin(main)
