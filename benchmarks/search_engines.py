"""The sequential engine of the search against the parallel one, frame by frame in the same run.

    python benchmarks/search_engines.py FILM... [--size 384x208 1448x1072] [--frames 20]
        [--start 8.3s] [--dial .5]

Each engine runs its own closed loop from the same first dither; they take turns on every frame. Prints frames
per second (from the median time), the energy per pixel with the price of the flips, HVS-PSNR in dB for both
eyes and the share of flips; then the parallel engine compared with the sequential one: ratios, and
differences in dB. The aim is to be within .3 dB at equal flips.
"""

import time

import numpy as np
from command import begin, machine, usage

from trainer.commands.film import parse_size
from trainer.dithers.engines import ENGINES
from trainer.dithers.eye import EYES, hvs_psnr, two_eye_kernel
from trainer.dithers.search.ditherer import FrameSearch
from trainer.dithers.search.energy import cost
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.times import parse_place
from trainer.films.tones import Tones


def closed_loops(frames, searches):
    """Per engine, [frames - 1, 5]: seconds, cost per pixel, HVS-PSNR of each eye, flips in percent."""
    kernel = two_eye_kernel()
    first = searches["sequential"].dither(frames[0], None)
    for search in searches.values():
        search.dither(frames[0], first)  # compiles
    shown = dict.fromkeys(searches, first)
    figures = {engine: [] for engine in searches}
    for frame in frames[1:]:
        for engine, search in searches.items():
            before = shown[engine]
            start = time.perf_counter()
            dither = search.dither(frame, before)
            seconds = time.perf_counter() - start
            per_pixel = cost(frame, dither, before, search.price, kernel) / frame.size
            scores = [hvs_psnr(frame, dither, eye) for eye in EYES]
            figures[engine].append([seconds, per_pixel, *scores, 100 * (dither != before).mean()])
            shown[engine] = dither
    return {engine: np.array(rows) for engine, rows in figures.items()}


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("films", nargs="+", metavar="FILM")
    parser.add_argument("--size", nargs="+", type=parse_size, default=[(384, 208), (1448, 1072)])
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--start", type=parse_place, default=parse_place("8.3s"))
    parser.add_argument("--dial", type=float, default=0.5)
    args = parser.parse_args()

    searches = {engine: FrameSearch(args.dial, engine) for engine in ENGINES}
    print(machine("numpy", "numba", "jax"))
    eyes = "".join(f"{f'S={eye}':>9}" for eye in EYES)
    print(f"{'size':>9}  {'film':28} {'engine':10} {'frames/s':>9} {'energy':>9}{eyes} {'flips %':>8}")
    for size in args.size:
        for path in args.films:
            film = Film(path)
            selection = Selection(start=args.start, count=args.frames)
            frames = [selected.frame for selected in selection.frames(film, Tones(size=size))]
            means = {}
            for engine, figures in closed_loops(frames, searches).items():
                means[engine] = np.mean(figures, axis=0)
                means[engine][0] = 1 / np.median(figures[:, 0])
                rate, energy, near, far, flips = means[engine]
                print(
                    f"{size[0]:4}x{size[1]:<4}  {film.name[:28]:28} {engine:10}"
                    f" {rate:9.2f} {energy:9.5f} {near:8.2f} {far:8.2f} {flips:8.3f}",
                    flush=True,
                )
            ratio = means["parallel"] / means["sequential"]
            near, far = (means["parallel"] - means["sequential"])[2:4]
            print(
                f"{'':39}  parallel / sequential:{ratio[0]:7.2f} {ratio[1]:9.3f} {near:+8.2f} {far:+8.2f}"
                f" {ratio[4]:8.3f}"
            )


if __name__ == "__main__":
    begin(main)
