"""Is the generator worth it? Its dithers against hysteresis and the sequential search at equal flips.

    python benchmarks/generator.py FRAMES WEIGHTS|shipped FILM[:START]... [--engine parallel] [--films-only]

For every film, from frame START on, at 384x216 in closed loop: flips, HVS-PSNR for both eyes and, in
brackets, dB over Floyd-Steinberg with hysteresis and over the sequential search at equal flips (on the line
through their own dials, in the logarithm of the flips, held at its ends); at three dials: the start alone,
the network alone, with rounds of search after it, and as many rounds without it. Milliseconds per frame are
medians on this machine in this run. After the films each scheme's least and median. Then, unless only the
films are wanted, static noise, drift on a still frame, cuts, flat greys and the 2x2 lattice.

`--engine parallel`: passes and rounds as on an accelerator, with the parallel search.
"""

import statistics
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from command import begin, machine, usage

from trainer.dithers.diffusion import FloydSteinberg, Hysteresis, diffused
from trainer.dithers.ditherer import FrameByFrame
from trainer.dithers.engines import ENGINES
from trainer.dithers.eye import EYES, hvs_psnr
from trainer.dithers.generator.ditherer import POLISH, GeneratorDitherer
from trainer.dithers.generator.weights import Weights, load
from trainer.dithers.search.ditherer import FrameSearch, settler
from trainer.dithers.search.energy import price_of
from trainer.dithers.search.start import CUT_PRICE, Start, after_cut
from trainer.evaluate.texture import GREYS, texture
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.times import FrameNumber
from trainer.films.tones import Tones
from trainer.sweep import over_line

DIALS = (0.2, 0.5, 0.8)
CUTS_WITHIN = 60
"""Frames of each stretch that are looked through for cuts."""
FRONT = (0, 0.1, 0.2, 0.3, 0.5, 0.7, 1)
SCHEMES = ((0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (0, 3), (1, 3), (0, 134))
"""(passes of the network, rounds of search); the last settles a frame, by either engine."""


class WithoutNetwork(FrameByFrame):
    """The generator without its network."""

    def __init__(self, dial: float, rounds: int, engine: str) -> None:
        self._price, self._rounds = price_of(dial), rounds
        self._start = Start(dial, self._price)
        self._settle = settler(engine)

    def dither(self, frame, previous):
        start = diffused(frame) if previous is None else self._start(frame, previous)
        if not self._rounds:
            return start
        if previous is None:
            return self._settle(frame, start, start, 0.0, None)
        if after_cut(start, previous):
            return self._settle(frame, start, previous, min(self._price, CUT_PRICE), None)
        return self._settle(frame, start, previous, self._price, self._rounds)


def closed_loop(ditherer, frames):
    """(share of flips, mean dB by eye, median milliseconds) over the frames."""
    shown, flips, scores, seconds = None, [], [], []
    for frame in frames:
        start = time.perf_counter()
        dither = ditherer.dither(frame, shown)
        seconds.append(time.perf_counter() - start)
        if shown is not None:
            flips.append(np.mean(dither != shown))
        shown = dither
        scores.append([hvs_psnr(frame, dither, eye) for eye in EYES])
    return np.mean(flips), np.mean(scores, 0), 1000 * statistics.median(seconds[1:])


def over(front, flips, score):
    """dB over a front at the same flips, by eye."""
    return [
        over_line([(its, scores[eye]) for its, scores, _ in front], flips, score[eye])
        for eye in range(len(EYES))
    ]


def films(weights: Weights, count: int, names: list[str], engine: str) -> None:
    gains = {scheme: [] for scheme in SCHEMES}
    for name in names:
        path, _, start = name.partition(":")
        selection = Selection(start=FrameNumber(int(start or 0)), count=count)
        frames = [selected.frame for selected in selection.frames(Film(path), Tones(size=(384, 216)))]
        fronts = [
            [closed_loop(make(dial), frames) for dial in FRONT]
            for make in (Hysteresis, lambda dial: FrameSearch(dial, "sequential"))
        ]
        cost = " and ".join(f"{np.median([point[2] for point in front]):.0f}" for front in fronts)
        print(f"{Path(path).name}: {len(frames)} frames; hysteresis and search take {cost} ms")
        for passes, rounds in SCHEMES:
            for dial in DIALS:
                ditherer = (
                    GeneratorDitherer(dial, passes=passes, polish=rounds, weights=weights, engine=engine)
                    if passes
                    else WithoutNetwork(dial, rounds, engine)
                )
                flips, score, ms = closed_loop(ditherer, frames)
                gained = [over(front, flips, score) for front in fronts]
                gains[passes, rounds].append([*gained[0], *gained[1], ms])
                by_eye = "  ".join(
                    f"S {eye} {score[i]:.2f} ({gained[0][i]:+.2f}, {gained[1][i]:+.2f})"
                    for i, eye in enumerate(EYES)
                )
                scheme = f"passes {passes}, rounds {rounds}, dial {dial}"
                print(f"  {scheme}: {100 * flips:5.2f} %  {by_eye}  {ms:.0f} ms", flush=True)
    print("over hysteresis at S 6000, at S 2000, over the search at S 6000: least, median; median ms")
    for (passes, rounds), rows in gains.items():
        near, far, _, search, ms = zip(*rows, strict=True)
        both = "  ".join(f"{min(each):+.2f} {np.median(each):+.2f}" for each in (far, near, search))
        print(f"  passes {passes}, rounds {rounds}: {both}  {np.median(ms):.0f} ms")


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
        ("search", FrameSearch(0.5, "sequential")),
    ):
        shown = first = ditherer.dither(frame, None)
        flips = []
        for picture in noisy:
            shown, before = ditherer.dither(picture, shown), shown
            flips.append(f"{1e4 * np.mean(shown != before):.1f}")
        print(f"{label}: static noise of sd 2/255, flips in 10,000 pixels: {' '.join(flips)}")
        ages = []
        shown = first
        for number in range(1, 240):
            shown = ditherer.dither(frame, shown)
            if number in (1, 60, 239):
                ages.append(f"{hvs_psnr(frame, shown, 6000):.2f}")
        print(f"{label}: still frame 1 {hvs_psnr(frame, first, 6000):.2f} dB, then {' '.join(ages)}")
        cut = 1 - frame[::-1]
        after, fresh = (hvs_psnr(cut, ditherer.dither(cut, before), 6000) for before in (shown, None))
        print(f"{label}: after a cut {after:.2f} dB, a fresh dither {fresh:.2f}")


def cuts(weights: Weights, count: int, names: list[str]) -> None:
    """The frame after each cut of the films: how far below a fresh dither of it, what was shown being made by
    the same ditherer.
    """
    for name in names:
        path, _, start = name.partition(":")
        selection = Selection(start=FrameNumber(int(start or 0)), count=count)
        selected = list(selection.frames(Film(path), Tones(size=(384, 216))))
        for before, after in pairwise(selected):
            if not after.cut:
                continue
            # The dial makes no difference here: flips after a cut have a price of their own.
            for label, polish in (("generator", POLISH), ("network alone", 0)):
                ditherer = GeneratorDitherer(polish=polish, weights=weights)
                shown = ditherer.dither(before.frame, None)
                loop, fresh = (ditherer.dither(after.frame, each) for each in (shown, None))
                over = " ".join(
                    f"S {eye} {hvs_psnr(after.frame, loop, eye) - hvs_psnr(after.frame, fresh, eye):+.2f}"
                    for eye in EYES
                )
                flips = [100 * np.mean(dither != shown) for dither in (loop, fresh)]
                print(
                    f"{label}: cut at frame {after.number} of {Path(path).name}: dB over a fresh dither "
                    f"{over}; {flips[0]:.1f} % flip, of a fresh one {flips[1]:.1f} %"
                )


def greys(weights: Weights) -> None:
    for label, ditherer in (
        ("generator", GeneratorDitherer(weights=weights)),
        ("network alone", GeneratorDitherer(weights=weights, polish=0)),
        ("floyd-steinberg", FloydSteinberg()),
    ):
        leaks = " ".join(f"{texture(ditherer, grey).leak:.3f}" for grey in GREYS)
        dither = ditherer.dither(np.full((256, 256), 0.5, np.float32), None)
        phases = [dither[y::2, x::2].mean() for y in (0, 1) for x in (0, 1)]
        print(f"{label}: leak {leaks}; white by 2x2 phase at 1/2: {' '.join(f'{p:.3f}' for p in phases)}")


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("frames", type=int)
    parser.add_argument("weights")
    parser.add_argument("films", nargs="+", metavar="FILM[:START]")
    parser.add_argument("--engine", choices=ENGINES, default="sequential")
    parser.add_argument("--films-only", action="store_true")
    words = parser.parse_args()
    weights = load(None if words.weights == "shipped" else Path(words.weights))
    print(machine("numpy", "numba", "jax", "flax"))
    films(weights, words.frames, words.films, words.engine)
    if not words.films_only:
        still(weights, words.films[0])
        cuts(weights, CUTS_WITHIN, words.films)
        greys(weights)


if __name__ == "__main__":
    begin(main)
