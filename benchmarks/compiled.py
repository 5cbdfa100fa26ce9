"""What compiled code gains on a CPU: a pass of the generator against the same in JAX, c * e against OpenCV.

    python benchmarks/compiled.py FILM[:START]

For a frame of the film at 384x216 and at 1448x1072, shown after the one before: milliseconds of a pass by
`generating/compiled/steps.py` and by `generating/steps.py`, by turns (medians), their ratio, and in how many
pixels the two dithers differ; and the same of c * e by `searching/convolution.py` and by `cv2.filter2D`, with
the largest difference.
"""

import statistics
import time

import cv2
import numpy as np
from command import begin, usage
from machine import machine

from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.generator.ditherer import (
    PASSING,
    GeneratorDitherer,
)
from trainer.dithers.generator.weights import load
from trainer.dithers.search.convolution import convolved
from trainer.dithers.search.energy import (
    price_of,
    reaching,
)
from trainer.dithers.search.engines import ENGINES
from trainer.dithers.search.start import Start
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.times import FrameNumber
from trainer.films.tones import Tones

ROUNDS = 15
DIAL = 0.5


def by_turns(one, other):
    """Medians of both, in ms, and what both return."""
    results = one(), other()
    spent = [], []
    for _ in range(ROUNDS):
        for work, times in zip((one, other), spent, strict=True):
            begun = time.perf_counter()
            work()
            times.append(1000 * (time.perf_counter() - begun))
    return [statistics.median(times) for times in spent], results


def main() -> None:
    words = usage(__doc__)
    words.add_argument("film", metavar="FILM[:START]")
    path, _, start = words.parse_args().film.partition(":")
    print(machine("numpy", "numba", "opencv-python-headless", "jax"))
    weights, taps, price = load(), reaching(two_eye_kernel()), price_of(DIAL)
    engines = [PASSING[name](weights) for name in ENGINES]
    for size in ((384, 216), (1448, 1072)):
        selection = Selection(start=FrameNumber(int(start or 0)), count=2)
        before, frame = (one.frame for one in selection.frames(Film(path), Tones(size=size)))
        shown = GeneratorDitherer(DIAL).dither(before, None)
        begin = Start(DIAL, price)(frame, shown)
        passes = [
            lambda engine=engine: engine(frame, begin, shown, price, 1, 0)  # noqa: B023 (called at once)
            for engine in engines
        ]
        (ours, theirs), (one, other) = by_turns(*passes)
        print(f"{size[0]}x{size[1]}: a pass compiled {ours:.1f} ms, in JAX {theirs:.1f} ms, ratio "
              f"{ours / theirs:.2f}; {np.count_nonzero(one != other)} pixels differ")  # fmt: skip
        error = np.subtract(begin, frame, dtype=np.float32)
        (ours, theirs), (one, other) = by_turns(
            lambda: convolved(error, taps),  # noqa: B023
            lambda: cv2.filter2D(error, cv2.CV_32F, taps, borderType=cv2.BORDER_CONSTANT),  # noqa: B023
        )
        print(f"  c * e {ours:.1f} ms, by cv2.filter2D {theirs:.1f} ms, ratio {ours / theirs:.2f}; "
              f"they differ by {np.abs(one - other).max():.1e} at most")  # fmt: skip


if __name__ == "__main__":
    begin(main)
