"""Void-and-cluster: ranks the cells of a square tile so that the first n, for every n, are blue noise.

It made the threshold mask that ships beside it. `README.md` and the file itself record the command:

    python -m trainer.dithers.void_and_cluster OUT.png [--size 256] [--sigma 1.5] [--seed 1]

A pattern of ones on a torus is blurred with a Gaussian. Its tightest cluster is the one with the highest
blurred value, its largest void the zero with the lowest. Ones move from cluster to void until the two meet;
then the cells are ranked, downwards by removing clusters and upwards by filling voids.
Source: R. Ulichney, "The void-and-cluster method for dither array generation", Proc. SPIE 1913, 1993.

The blurred values are integers, so that a tile depends only on size, sigma and seed, and not on a machine's
rounding. A random order, drawn once, breaks ties.
"""

import argparse
import io
import math
import sys
from pathlib import Path

import numba
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from trainer.errors import OptionError, TrainerError
from trainer.files import check_result, write_whole

Values = NDArray[np.int64]
Pattern = NDArray[np.bool_]

INITIAL_DENSITY = 0.1
"""The share of ones in the first pattern, which alone is relaxed; the others differ from it cell by cell."""


def ranks(size: int, sigma: float, seed: int) -> NDArray[np.uint16]:
    """The order of the cells, uint16[size, size]: a permutation of 0 .. size^2 - 1 that wraps at the edges.

    `sigma` is the standard deviation of the Gaussian in pixels. OptionError for a size with more cells than
    16 bits can number, and for a sigma that does not fit the tile.
    """
    if not 8 <= size <= 256:
        raise OptionError(f"a mask of size {size} is not possible: choose 8 to 256")
    if not 0.5 <= sigma <= size / 8:
        raise OptionError(
            f"a sigma of {sigma:g} does not fit: choose 0.5 to {size / 8:g}, an eighth of the size"
        )
    if not 0 <= seed < 2**32:
        raise OptionError(f"a seed of {seed} is out of range: choose 0 to {2**32 - 1}")
    cells = size * size
    # RandomState, not Generator: numpy promises never to change its streams.
    random = np.random.RandomState(seed)
    blurred = random.permutation(cells).astype(np.int64).reshape(size, size)
    kernel = cells * _gaussian(sigma)  # every blur outweighs the random order that `blurred` starts from
    pattern = np.zeros((size, size), np.bool_)
    for cell in random.permutation(cells)[: round(INITIAL_DENSITY * cells)]:
        _toggle(blurred, pattern, kernel, cell)
    _relax(blurred, pattern, kernel)
    return _rank(blurred, pattern, kernel)


def _gaussian(sigma: float) -> NDArray[np.int64]:
    """The Gaussian in units of 2^-24, int64[2r+1, 2r+1], as far as it does not round to 0."""
    r = math.floor(sigma * math.sqrt(2 * 25 * math.log(2)))
    y = np.arange(-r, r + 1)
    return np.rint(2.0**24 * np.exp(-(y[:, None] ** 2 + y**2) / (2 * sigma**2))).astype(np.int64)


@numba.njit(cache=True)
def _toggle(blurred: Values, pattern: Pattern, kernel: Values, cell: int) -> None:
    """Flip one cell, and add or subtract its blur."""
    n, r = pattern.shape[0], kernel.shape[0] // 2
    y, x = cell // n, cell % n
    sign = -1 if pattern[y, x] else 1
    pattern[y, x] = not pattern[y, x]
    for j in range(-r, r + 1):
        for i in range(-r, r + 1):
            blurred[(y + j) % n, (x + i) % n] += sign * kernel[j + r, i + r]


@numba.njit(cache=True)
def _tightest_cluster(blurred: Values, pattern: Pattern) -> int:
    """The cell with the highest blurred value among the ones."""
    values, ones = blurred.ravel(), pattern.ravel()
    found, best = -1, np.iinfo(np.int64).min
    for cell in range(ones.size):
        if ones[cell] and values[cell] > best:
            found, best = cell, values[cell]
    return found


@numba.njit(cache=True)
def _largest_void(blurred: Values, pattern: Pattern) -> int:
    """The cell with the lowest blurred value among the zeros.

    It is also the tightest cluster of zeros, because ones and zeros together blur to the same value
    everywhere. So Ulichney's third phase, where zeros are in the minority, needs no rule of its own.
    """
    values, ones = blurred.ravel(), pattern.ravel()
    found, best = -1, np.iinfo(np.int64).max
    for cell in range(ones.size):
        if not ones[cell] and values[cell] < best:
            found, best = cell, values[cell]
    return found


@numba.njit(cache=True)
def _relax(blurred: Values, pattern: Pattern, kernel: Values) -> None:
    """Move ones from the tightest cluster to the largest void, until the void is where the one came from."""
    cluster, void = -1, -2
    while cluster != void:
        cluster = _tightest_cluster(blurred, pattern)
        _toggle(blurred, pattern, kernel, cluster)
        void = _largest_void(blurred, pattern)
        _toggle(blurred, pattern, kernel, void)


@numba.njit(cache=True)
def _rank(blurred: Values, pattern: Pattern, kernel: Values) -> NDArray[np.uint16]:
    """Rank the ones of the pattern by removing clusters, and its zeros by filling voids."""
    order = np.zeros(pattern.size, np.uint16)
    ones = pattern.sum()
    thinned_blur, thinned = blurred.copy(), pattern.copy()
    for rank in range(ones - 1, -1, -1):
        cell = _tightest_cluster(thinned_blur, thinned)
        _toggle(thinned_blur, thinned, kernel, cell)
        order[cell] = rank
    for rank in range(ones, pattern.size):
        cell = _largest_void(blurred, pattern)
        _toggle(blurred, pattern, kernel, cell)
        order[cell] = rank
    return order.reshape(pattern.shape)


def png(order: NDArray[np.uint16], command: str) -> bytes:
    """Ranks as a 16-bit grey PNG that names the command that made it."""
    text = PngInfo()
    text.add_text("command", command)
    file = io.BytesIO()
    Image.fromarray(order).save(file, "PNG", pnginfo=text, optimize=True)
    return file.getvalue()


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code: 0, 2 for an error of the user's, 130 for Ctrl-C."""
    program = "python -m trainer.dithers.void_and_cluster"
    parser = argparse.ArgumentParser(prog=program, description="Make a void-and-cluster threshold mask.")
    parser.add_argument("out", type=Path, help="the 16-bit PNG to write")
    parser.add_argument("--size", type=int, default=256, help="side in pixels, 8 to 256 (default 256)")
    parser.add_argument("--sigma", type=float, default=1.5, help="of the Gaussian, in pixels (default 1.5)")
    parser.add_argument("--seed", type=int, default=1, help="of the random start (default 1)")
    options = parser.parse_args(arguments)
    size, sigma, seed = options.size, options.sigma, options.seed
    try:
        command = f"{program} {options.out.name} --size {size} --sigma {sigma:g} --seed {seed}"
        check_result("OUT", options.out)
        write_whole(options.out, png(ranks(size, sigma, seed), command))
    except TrainerError as error:
        print(f"trainer: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
