"""What a pass of the network and the search take on this accelerator, in batches of several sizes.

    python benchmarks/accelerator.py FILM[:START] [--size 1448x1072] [--frames 16] [--batch 1 4 8 16]
                                     [--seconds 2] [--weights RUN]

Frames of the film from START on, each after the error diffusion of the one before it, at dial 1/2: the jobs
of a closed loop, but all at once. Milliseconds per frame, medians, of batches that are full and lie on the
device already: stacked and left as they are; one pass; one round of the search; one pass and three rounds
(the default of `--dither generator`); the frame search until all are settled. Then the frames
per second that threads get with the default, which includes what a frame takes to the device and back.

Last the share of this device's peak that a pass reaches: the operations that XLA counts, against those of a
large product of float32 matrices in the same run (JAX may take TF32 for both).
"""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import numpy as np
from command import begin, machine, usage
from flax import nnx

from trainer.bench import in_turn, long_product, operations
from trainer.commands.film import parse_size
from trainer.dithers.diffusion import Hysteresis
from trainer.dithers.generator.ditherer import compiled_pass, on_accelerator
from trainer.dithers.generator.step import View
from trainer.dithers.generator.weights import load
from trainer.dithers.search.accelerated import Accelerated, Job
from trainer.dithers.search.energy import price_of
from trainer.dithers.search.parallel import LIMIT
from trainer.dithers.search.start import Start
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.times import FrameNumber
from trainer.films.tones import Tones

PRICE = price_of(0.5)
WORK = {
    "nothing": (0, 0),
    "1 pass": (1, 0),
    "1 round": (0, 1),
    "1 pass, 3 rounds": (1, 3),
    "settled": (0, None),
}
"""(passes, rounds)"""


def pictures(name: str, size: tuple[int, int], count: int):
    """(frame, start, shown dither) of each frame but the first."""
    path, _, start = name.partition(":")
    selection = Selection(start=FrameNumber(int(start or 0)), count=count + 1)
    frames = [selected.frame for selected in selection.frames(Film(Path(path)), Tones(size=size))]
    starts, diffuse = Start(0.5, PRICE), Hysteresis(0.5)
    shown, found = diffuse.dither(frames[0], None), []
    for frame in frames[1:]:
        found.append((frame, starts(frame, shown), shown))
        shown = diffuse.dither(frame, shown)
    return found


def timed(engine: Accelerated, scenes, batch: int, seconds: float) -> dict[str, float]:
    """Milliseconds per frame of each kind of work."""
    scenes = [scenes[number % len(scenes)] for number in range(batch)]
    on_device = [jax.device_put(scene) for scene in scenes]
    works = []
    for passes, rounds in WORK.values():
        limit = LIMIT if rounds is None else 3 * rounds
        jobs = [Job(*scene, PRICE, passes, limit) for scene in on_device]
        works.append(lambda jobs=jobs: engine.dithers(jobs))
    return {
        name: 1000 * timing.median / batch
        for name, timing in zip(WORK, in_turn(works, len(works) * seconds), strict=True)
    }


def throughput(engine: Accelerated, scenes, threads: int, seconds: float) -> float:
    """Frames per second of so many threads."""
    end = time.perf_counter() + seconds

    def lane(number: int) -> int:
        done = 0
        while time.perf_counter() < end:
            engine(*scenes[(number + done) % len(scenes)], PRICE, 1, 3)
            done += 1
        return done

    begun = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        frames = sum(pool.map(lane, range(threads)))
    return frames / (time.perf_counter() - begun)


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("film")
    parser.add_argument("--size", default="1448x1072")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 4, 8, 16])
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--weights", type=Path)
    words = parser.parse_args()
    print(machine("numpy", "jax"), jax.devices()[0].device_kind)
    size = parse_size(words.size)
    scenes = pictures(words.film, size, words.frames)
    weights = load(words.weights)
    print(f"{'batch':>6}" + "".join(f"{name:>18}" for name in WORK) + f"{'frames/s, threads':>20}")
    alone = 0.0
    for batch in words.batch:
        engine = on_accelerator(weights, batch)
        found = timed(engine, scenes, batch, words.seconds)
        alone = found["1 pass"] - found["nothing"]
        rates = [
            f"{throughput(engine, scenes, threads, words.seconds):.0f} ({threads})"
            for threads in (batch, 2 * batch)
        ]
        print(
            f"{batch:>6}" + "".join(f"{ms:18.3f}" for ms in found.values()) + f"  {', '.join(rates)}",
            flush=True,
        )
    generator = weights.generator()
    plane = np.zeros((1, size[1], size[0]), np.float32)
    view = View(plane, plane, plane, np.ones(1, np.float32), plane[0])
    counted = operations(compiled_pass(nnx.graphdef(generator)), nnx.state(generator), view)
    side, product = long_product()
    peak = 2 * side**3 / in_turn([product], words.seconds)[0].median
    reached = counted / (alone / 1000)
    print(
        f"a pass: {counted / 1e9:.1f} billion operations a frame, {reached / 1e12:.2f} TFLOP/s, "
        f"{100 * reached / peak:.1f} % of the {peak / 1e12:.0f} of a product of float32 {side}x{side}"
    )


if __name__ == "__main__":
    begin(main)
