"""What the tests of the search share: kernels, frames, and what a settled dither is, by brute force."""

from itertools import combinations, product

import numpy as np

from trainer.dithers.eye import autocorrelation, psf, two_eye_kernel
from trainer.dithers.search.energy import REACH, TOLERANCE, cost

TWO_EYES = two_eye_kernel()

PRICE = 0.2


def small_kernel(radius=1):
    """The autocorrelation of a point spread of that radius, 1 at its centre: float64[4r+1, 4r+1]."""
    kernel = autocorrelation(psf(1500, radius))
    return kernel / kernel.max()


def random_case(shape, seed):
    """A frame with tones from black to white, and an unrelated dither."""
    rng = np.random.default_rng(seed)
    return rng.random(shape, dtype=np.float32), rng.integers(0, 2, shape).astype(np.uint8)


def single_moves(dither):
    """Every dither one move away: each pixel toggled, each pair of unlike pixels within REACH swapped."""
    pixels = list(product(*map(range, dither.shape)))
    pairs = (
        (a, b)
        for a, b in combinations(pixels, 2)
        if max(abs(a[0] - b[0]), abs(a[1] - b[1])) <= REACH and dither[a] != dither[b]
    )
    for move in [*((pixel,) for pixel in pixels), *pairs]:
        moved = dither.copy()
        for pixel in move:
            moved[pixel] ^= 1
        yield move, moved


def best_gain(frame, dither, previous, price, kernel):
    """By how much the best single move would lower the energy, recomputed from its definition."""
    here = cost(frame, dither, previous, price, kernel)
    return max(here - cost(frame, moved, previous, price, kernel) for _, moved in single_moves(dither))


def is_settled(frame, dither, previous, price, kernel):
    # The engines work in float32: a move that gains the tolerance and a rounding more is left to either.
    return best_gain(frame, dither, previous, price, kernel) <= TOLERANCE + 1e-4


def moving_scene(count=6, shape=(64, 96)):
    """A soft disc that drifts over a ramp: float32[count, H, W]."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    ramp = 0.15 + 0.6 * x / shape[1]
    frames = []
    for number in range(count):
        distance = np.hypot(y - shape[0] / 2, x - shape[1] / 3 - 2 * number)
        frames.append(ramp + 0.25 / (1 + np.exp((distance - 16) / 2)))
    return np.stack(frames).astype(np.float32)
