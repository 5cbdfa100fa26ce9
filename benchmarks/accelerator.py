"""What `generator` and the parallel search make in a second on this accelerator: dithers, and whole exports.

    python benchmarks/accelerator.py FILM[:START] [--size 1448x1072] [--frames 240] [--threads 1 4 16]
                                     [--stretch 24] [--weights RUN]

**Dithers**: milliseconds per frame of stretches that are decoded already, by so many threads at once, which
share the accelerator as in an export: the beginning alone (thresholds through one settled dither), the
network alone, `generator` as it comes, and the parallel search to its end. **Exports**: frames per second
from film to reel by that many workers, with `generator` and with `search --engine parallel`, and how many
times as fast that is. Both of a second run: the first one compiles. Dial 1/2, a clean glass.
"""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import jax
from command import begin, machine, usage

from trainer.commands.film import parse_size
from trainer.dithers.generator.ditherer import GeneratorDitherer
from trainer.dithers.generator.weights import load
from trainer.dithers.search.ditherer import ParallelSearch
from trainer.export.export import Workers, export
from trainer.export.task import Task
from trainer.films.film import Film
from trainer.films.plan import Plan
from trainer.films.selection import Selection
from trainer.films.times import FrameNumber
from trainer.films.tones import Tones


def seconds(work) -> float:
    """Of the second of two runs."""
    work()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def dither_all(ditherer, stretches, threads: int) -> None:
    """Dither all stretches by so many threads."""
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda frames: list(ditherer(frames)), stretches):
            pass


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("film", metavar="FILM[:START]")
    parser.add_argument("--size", type=parse_size, default=(1448, 1072))
    parser.add_argument("--frames", type=int, default=240)
    parser.add_argument("--stretch", type=int, default=24, metavar="N", help="frames to a redraw, at most")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--weights", type=Path, metavar="RUN")
    words = parser.parse_args()
    print(machine("numpy", "jax"), jax.devices()[0].device_kind, flush=True)
    path, _, start = words.film.partition(":")
    selection = Selection(start=FrameNumber(int(start or 0)), count=words.frames)
    tones, weights = Tones(size=words.size), load(words.weights)
    frames = [selected.frame for selected in selection.frames(Film(path), tones)]
    stretches = [frames[n : n + words.stretch] for n in range(0, len(frames), words.stretch)]
    ditherers = {
        "beginning": ParallelSearch(rounds=0),
        "network": GeneratorDitherer(weights=weights, polish=0),
        "generator": GeneratorDitherer(weights=weights),
        "search": ParallelSearch(),
    }
    print(f"{len(frames)} frames in {len(stretches)} stretches; ms per frame")
    print(f"{'threads':>8}" + "".join(f"{name:>12}" for name in ditherers))
    for threads in words.threads:
        print(f"{threads:>8}", end="", flush=True)
        for ditherer in ditherers.values():
            each = seconds(partial(dither_all, ditherer, stretches, threads)) / len(frames)
            print(f"{1000 * each:12.2f}", end="", flush=True)
        print()
    own = {"weights": words.weights} if words.weights else {}
    print(f"whole exports, frames/s\n{'workers':>8}{'generator':>12}{'search':>12}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:

        def whole(name: str, settings: dict, workers: int) -> None:
            task = Task(Path(path), selection, tones, name, 0.5, settings, plan=Plan(longest=words.stretch))
            export(task, Path(folder) / "film.reel", overwrite=True, workers=Workers(workers))

        for threads in words.threads:
            fast, slow = (
                len(frames) / seconds(partial(whole, name, settings, threads))
                for name, settings in (("generator", own), ("search", {"engine": "parallel"}))
            )
            print(f"{threads:>8}{fast:12.1f}{slow:12.1f}{fast / slow:8.1f}", flush=True)


if __name__ == "__main__":
    begin(main)
