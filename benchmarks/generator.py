"""Is the generator worth it? Its dithers against hysteresis and the sequential search at equal flips.

    python benchmarks/generator.py FRAMES WEIGHTS|shipped FILM[:START]...

For every film, from frame START on, at 384x216 in closed loop: flips, HVS-PSNR for both eyes and, in
brackets, dB over Floyd-Steinberg with hysteresis and over the sequential search at equal flips (on the line
through their own dials, in the logarithm of the flips, held at its ends); at three dials: the network alone,
with sweeps after it, and the sweeps alone. Milliseconds per frame are medians on this machine in this run.
Then static noise, drift on a still frame, a cut, flat greys and the 2x2 lattice.
"""

import statistics
import sys
import time
from pathlib import Path

import jax
import numpy as np
from machine import machine

from trainer.diffusion import FloydSteinberg, Hysteresis
from trainer.eye import EYES, hvs_psnr, two_eye_kernel
from trainer.films import Film
from trainer.generator import FIRST_SWEEPS, GeneratorDitherer, start_dial
from trainer.patches import FIRST_PRICE
from trainer.search import Search, price_of
from trainer.search_parallel import sweeps
from trainer.selection import Selection
from trainer.texture import GREYS, texture
from trainer.times import FrameNumber
from trainer.tones import Tones
from trainer.weights import Weights, load

DIALS = (0.2, 0.5, 0.8)
FRONT = (0, 0.1, 0.2, 0.3, 0.5, 0.7, 1)
SCHEMES = ((1, 0), (1, 3), (2, 3))
"""(passes, sweeps)."""


class SweepsAlone:
    """What the generator does, but for the network."""

    def __init__(self, dial: float, count: int) -> None:
        self._begin, self._price, self._count = Hysteresis(start_dial(dial)), price_of(dial), count
        kernel = two_eye_kernel()
        self._sweep = jax.jit(lambda *state: sweeps(*state, key=jax.random.key(0), kernel=kernel))

    def __call__(self, frame, previous):
        start = self._begin(frame, previous)
        if previous is None:
            dither = self._sweep(frame, start, start, FIRST_PRICE, FIRST_SWEEPS)
        else:
            dither = self._sweep(frame, start, previous, self._price, self._count)
        return np.asarray(dither).astype(np.uint8)


def closed_loop(ditherer, frames):
    """(share of flips, mean dB by eye, median milliseconds) over the frames."""
    shown, flips, scores, seconds = None, [], [], []
    for frame in frames:
        start = time.perf_counter()
        dither = ditherer(frame, shown)
        seconds.append(time.perf_counter() - start)
        if shown is not None:
            flips.append(np.mean(dither != shown))
        shown = dither
        scores.append([hvs_psnr(frame, dither, eye) for eye in EYES])
    return np.mean(flips), np.mean(scores, 0), 1000 * statistics.median(seconds[1:])


def over(front, flips, score):
    """dB over a front at the same flips, by eye."""
    front = sorted(front, key=lambda point: point[0])
    logs = np.log([max(point[0], 1e-9) for point in front])
    at = np.log(max(flips, 1e-9))
    return [score[eye] - np.interp(at, logs, [point[1][eye] for point in front]) for eye in range(len(EYES))]


def films(weights: Weights, count: int, names: list[str]) -> None:
    for name in names:
        path, _, start = name.partition(":")
        selection = Selection(start=FrameNumber(int(start or 0)), count=count)
        frames = [selected.frame for selected in selection.frames(Film(path), Tones(size=(384, 216)))]
        fronts = [
            [closed_loop(make(dial), frames) for dial in FRONT]
            for make in (Hysteresis, lambda dial: Search(dial, "sequential"))
        ]
        cost = " and ".join(f"{np.median([point[2] for point in front]):.0f}" for front in fronts)
        print(f"{Path(path).name}: {len(frames)} frames; hysteresis and search take {cost} ms")
        schemes = [
            (
                f"passes {k}, sweeps {n}",
                lambda d, k=k, n=n: GeneratorDitherer(d, passes=k, polish=n, weights=weights),
            )
            for k, n in SCHEMES
        ]
        schemes += [(f"{n} sweeps alone", lambda d, n=n: SweepsAlone(d, n)) for n in (3,)]
        for label, make in schemes:
            for dial in DIALS:
                flips, score, ms = closed_loop(make(dial), frames)
                gains = [over(front, flips, score) for front in fronts]
                by_eye = "  ".join(
                    f"S {eye} {score[i]:.2f} ({gains[0][i]:+.2f}, {gains[1][i]:+.2f})"
                    for i, eye in enumerate(EYES)
                )
                print(f"  {label:18} dial {dial}: {100 * flips:5.2f} %  {by_eye}  {ms:.0f} ms", flush=True)


def still(weights: Weights, name: str) -> None:
    """A scene that stands still, with noise and without, and the frame after a cut."""
    path, _, start = name.partition(":")
    selection = Selection(start=FrameNumber(int(start or 0)), count=1)
    [frame] = [selected.frame for selected in selection.frames(Film(path), Tones(size=(384, 216)))]
    rng = np.random.default_rng(0)
    noisy = [np.clip(frame + rng.normal(0, 2 / 255, frame.shape), 0, 1).astype(np.float32) for _ in range(12)]
    for label, ditherer in (
        ("generator", GeneratorDitherer(weights=weights)),
        ("network alone", GeneratorDitherer(weights=weights, polish=0)),
        ("search", Search(0.5, "sequential")),
    ):
        shown = first = ditherer(frame, None)
        flips = []
        for picture in noisy:
            shown, before = ditherer(picture, shown), shown
            flips.append(f"{1e4 * np.mean(shown != before):.1f}")
        print(f"{label}: static noise of sd 2/255, flips in 10,000 pixels: {' '.join(flips)}")
        ages = []
        shown = first
        for number in range(1, 240):
            shown = ditherer(frame, shown)
            if number in (1, 60, 239):
                ages.append(f"{hvs_psnr(frame, shown, 6000):.2f}")
        print(f"{label}: still frame 1 {hvs_psnr(frame, first, 6000):.2f} dB, then {' '.join(ages)}")
        cut = 1 - frame[::-1]
        after, fresh = (hvs_psnr(cut, ditherer(cut, before), 6000) for before in (shown, None))
        print(f"{label}: after a cut {after:.2f} dB, a fresh dither {fresh:.2f}")


def greys(weights: Weights) -> None:
    for label, ditherer in (
        ("generator", GeneratorDitherer(weights=weights)),
        ("network alone", GeneratorDitherer(weights=weights, polish=0)),
        ("floyd-steinberg", FloydSteinberg()),
    ):
        leaks = " ".join(f"{texture(ditherer, grey).leak:.3f}" for grey in GREYS)
        dither = ditherer(np.full((256, 256), 0.5, np.float32), None)
        phases = [dither[y::2, x::2].mean() for y in (0, 1) for x in (0, 1)]
        print(f"{label}: leak {leaks}; white by 2x2 phase at 1/2: {' '.join(f'{p:.3f}' for p in phases)}")


def main() -> None:
    weights = load(None if sys.argv[2] == "shipped" else Path(sys.argv[2]))
    print(machine("numpy", "numba", "jax", "flax"))
    films(weights, int(sys.argv[1]), sys.argv[3:])
    still(weights, sys.argv[3])
    greys(weights)


if __name__ == "__main__":
    main()
