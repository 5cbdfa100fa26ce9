"""Dot gain: is it enough to map tones through the measured curve, or must the search know what neighbours do?

    python benchmarks/dot_gain.py bbb_chase.mp4 --frames 100 300

The glass of this file eats s pixels of every white area from its edges. Each frame is dithered by direct
binary search (toggles, and swaps within one pixel), the same program for all rows:
    ideal squares    dot gain is ignored
    tone curve       the same, of tones mapped through what flat greys show on that glass, as --panel does
    model            the search minimises the error of what that glass shows (Pappas and Neuhoff's model-based
                     halftoning), from the same start
Figures are HVS-PSNR of what the glass shows against the tones that are meant, and how far their means differ.
"""

import argparse
from itertools import product

import numba
import numpy as np
from numpy.typing import NDArray

from trainer.dithers.eye import EYES, hvs_psnr, two_eye_kernel
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.times import parse_place
from trainer.films.tones import Tones

FINE = 16
GREYS = (1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 5 / 8, 3 / 4, 7 / 8, 15 / 16)


def table(spread: float) -> NDArray[np.float64]:
    """What a white pixel shows, float64[256], by which of its 8 neighbours are black, row by row."""
    places = [(j, i) for j, i in product((-1, 0, 1), repeat=2) if (j, i) != (0, 0)]
    middles = (np.arange(FINE) + 0.5) / FINE
    y, x = np.meshgrid(middles, middles, indexing="ij")
    eaten = {(j, i): _near(y, j, spread) & _near(x, i, spread) for j, i in places}
    shown = np.empty(256)
    for bits in range(256):
        gone = np.zeros((FINE, FINE), bool)
        for number, place in enumerate(places):
            if bits >> number & 1:
                gone |= eaten[place]
        shown[bits] = 1 - gone.mean()
    return shown


def _near(at: NDArray[np.float64], side: int, spread: float) -> NDArray[np.bool_]:
    return (at < spread) if side < 0 else (at > 1 - spread) if side > 0 else np.ones_like(at, bool)


@numba.njit(cache=True)
def pixel(dither, shown, y, x):
    """What pixel (y, x) shows; beyond the edge is as the nearest pixel."""
    if not dither[y, x]:
        return 0.0
    bits, bit = 0, 1
    height, width = dither.shape
    for j in range(-1, 2):
        for i in range(-1, 2):
            if j or i:
                if not dither[min(max(y + j, 0), height - 1), min(max(x + i, 0), width - 1)]:
                    bits |= bit
                bit <<= 1
    return shown[bits]


@numba.njit(cache=True)
def glass(dither, shown):
    seen = np.empty(dither.shape)
    for y in range(dither.shape[0]):
        for x in range(dither.shape[1]):
            seen[y, x] = pixel(dither, shown, y, x)
    return seen


@numba.njit(cache=True)
def change(dither, shown, seen, blurred, kernel, y, x, j, i, places, amounts):
    """Flip (y, x), and (j, i) if it is another: what that adds to the energy, and how many pixels change."""
    height, width = dither.shape
    radius = kernel.shape[0] // 2
    dither[y, x] ^= 1
    if (y, x) != (j, i):
        dither[j, i] ^= 1
    count, total = 0, 0.0
    for v in range(max(min(y, j) - 1, 0), min(max(y, j) + 2, height)):
        for u in range(max(min(x, i) - 1, 0), min(max(x, i) + 2, width)):
            amount = pixel(dither, shown, v, u) - seen[v, u]
            if amount != 0:
                places[count, 0], places[count, 1], amounts[count] = v, u, amount
                total += 2 * amount * blurred[v + radius, u + radius]
                count += 1
    for a in range(count):
        for b in range(count):
            at = kernel[radius + places[a, 0] - places[b, 0], radius + places[a, 1] - places[b, 1]]
            total += amounts[a] * amounts[b] * at
    dither[y, x] ^= 1
    if (y, x) != (j, i):
        dither[j, i] ^= 1
    return total, count


@numba.njit(cache=True)
def search(frame, dither, shown, kernel, sweeps):
    """Direct binary search of what the glass shows; changes `dither`."""
    height, width = dither.shape
    side = kernel.shape[0]
    radius = side // 2
    seen = glass(dither, shown)
    blurred = np.zeros((height + 2 * radius, width + 2 * radius))
    for y in range(height):
        for x in range(width):
            blurred[y : y + side, x : x + side] += kernel * (seen[y, x] - frame[y, x])
    places, amounts = np.empty((32, 2), np.int64), np.empty(32)
    for _ in range(sweeps):
        moves = 0
        for y in range(height):
            for x in range(width):
                best, to_y, to_x = -1e-9, -1, -1
                for j in range(max(y - 1, 0), min(y + 2, height)):
                    for i in range(max(x - 1, 0), min(x + 2, width)):
                        if (j, i) != (y, x) and dither[j, i] == dither[y, x]:
                            continue
                        gain, _ = change(dither, shown, seen, blurred, kernel, y, x, j, i, places, amounts)
                        if gain < best:
                            best, to_y, to_x = gain, j, i
                if to_y < 0:
                    continue
                _, count = change(dither, shown, seen, blurred, kernel, y, x, to_y, to_x, places, amounts)
                dither[y, x] ^= 1
                if (y, x) != (to_y, to_x):
                    dither[to_y, to_x] ^= 1
                for k in range(count):
                    v, u = places[k]
                    seen[v, u] += amounts[k]
                    blurred[v : v + side, u : u + side] += kernel * amounts[k]
                moves += 1
        if moves < 1e-3 * height * width:
            break


def dithered(frame: NDArray[np.float64], shown: NDArray[np.float64], kernel: NDArray[np.float64]):
    start = (frame > np.random.default_rng(0).random(frame.shape)).astype(np.uint8)
    search(frame, start, shown, kernel, 12)
    return start


def curve(shown: NDArray[np.float64], ideal: NDArray[np.float64], kernel: NDArray[np.float64]):
    """(share, what it shows) of flat greys, as the chart has them."""
    points = [(0.0, 0.0)]
    for grey in GREYS:
        dither = dithered(np.full((96, 96), grey), ideal, kernel)
        middle = np.s_[16:-16, 16:-16]
        points.append((float(dither[middle].mean()), float(glass(dither, shown)[middle].mean())))
    points.append((1.0, 1.0))
    shares, tones = np.array(points).T
    return shares, np.maximum.accumulate(tones)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("film")
    parser.add_argument("--frames", type=int, nargs="+", default=[100])
    parser.add_argument("--spreads", type=float, nargs="+", default=[0.0625, 0.125])
    parser.add_argument("--size", default="256x192")
    words = parser.parse_args()
    size = tuple(int(side) for side in words.size.split("x"))
    kernel = two_eye_kernel()
    ideal = table(0.0)
    frames = []
    with Film(words.film) as film:
        for number in words.frames:
            chosen = Selection(start=parse_place(str(number)), count=1)
            frames += [
                one.frame.astype(np.float64) for one in chosen.frames(film, Tones(size=size, tone="paper"))
            ]
    for spread in words.spreads:
        shown = table(spread)
        shares, tones = curve(shown, ideal, kernel)
        print(f"spread {spread:g}: half of the pixels white show {np.interp(0.5, shares, tones):.3f}")
        rows: dict[str, list[tuple[float, ...]]] = {"ideal squares": [], "tone curve": [], "model": []}
        for frame in frames:
            mapped = np.interp(frame, tones, shares)
            for name, dither in (
                ("ideal squares", dithered(frame, ideal, kernel)),
                ("tone curve", dithered(mapped, ideal, kernel)),
                ("model", dithered(frame, shown, kernel)),
            ):
                seen = glass(dither, shown)
                scores = [hvs_psnr(frame.astype(np.float32), seen, eye) for eye in EYES]
                rows[name].append((*scores, float(seen.mean() - frame.mean())))
        for name, found in rows.items():
            near, far, off = np.mean(found, axis=0)
            print(f"  {name:14} {far:5.1f} dB at S 6000, {near:5.1f} dB at S 2000, mean off by {off:+.4f}")


if __name__ == "__main__":
    main()
