"""The layers of the generator's network, compiled by numba, for planes float32[C, h, w].

A convolution goes row by row: four planes of its result at once take up one row of one input plane after
another, which the compiler turns into vector code. For so few channels XLA's convolutions do not come near
it on a CPU: `benchmarks/compiled.py` times whole passes by either. Planes have a margin of one 0 around
them, and C is a multiple of 4.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from trainer.dithers.generator.model import (
    OFFSET,
    SCALE,
)

Planes = NDArray[np.float32]

_compiled = numba.njit(nogil=True, cache=True, fastmath=True)


@_compiled
def convolve(
    planes: Planes, kernel: Planes, bias: Planes, total: Planes
) -> None:  # pragma: no cover (compiled)
    """Add a 3x3 convolution of the planes to the total."""
    width = planes.shape[2] - 2
    for y in range(planes.shape[1] - 2):
        for o in range(0, kernel.shape[3], 4):
            a, b = total[o, y + 1, 1:-1], total[o + 1, y + 1, 1:-1]
            c, d = total[o + 2, y + 1, 1:-1], total[o + 3, y + 1, 1:-1]
            a += bias[o]
            b += bias[o + 1]
            c += bias[o + 2]
            d += bias[o + 3]
            for i in range(planes.shape[0]):
                for j in range(3):
                    row = planes[i, y + j]
                    a0, a1, a2 = kernel[j, 0, i, o], kernel[j, 1, i, o], kernel[j, 2, i, o]
                    b0, b1, b2 = kernel[j, 0, i, o + 1], kernel[j, 1, i, o + 1], kernel[j, 2, i, o + 1]
                    c0, c1, c2 = kernel[j, 0, i, o + 2], kernel[j, 1, i, o + 2], kernel[j, 2, i, o + 2]
                    d0, d1, d2 = kernel[j, 0, i, o + 3], kernel[j, 1, i, o + 3], kernel[j, 2, i, o + 3]
                    for x in range(width):
                        p, q, r = row[x], row[x + 1], row[x + 2]
                        a[x] += p * a0 + q * a1 + r * a2
                        b[x] += p * b0 + q * b1 + r * b2
                        c[x] += p * c0 + q * c1 + r * c2
                        d[x] += p * d0 + q * d1 + r * d2


@_compiled
def _rectify(planes: Planes, positive: Planes) -> None:  # pragma: no cover (compiled)
    """max(0, planes); the margins stay 0."""
    for c in range(planes.shape[0]):
        for y in range(1, planes.shape[1] - 1):
            for x in range(1, planes.shape[2] - 1):
                positive[c, y, x] = max(planes[c, y, x], np.float32(0))


@_compiled
def _pool(planes: Planes, pooled: Planes) -> None:  # pragma: no cover (compiled)
    """The means of 2x2, where they are positive."""
    for c in range(planes.shape[0]):
        for y in range(1, pooled.shape[1] - 1):
            above, below = planes[c, 2 * y - 1], planes[c, 2 * y]
            for x in range(1, pooled.shape[2] - 1):
                four = above[2 * x - 1] + above[2 * x] + below[2 * x - 1] + below[2 * x]
                pooled[c, y, x] = max(np.float32(0.25) * four, np.float32(0))


@_compiled
def _rise(
    deep: Planes, kernel: Planes, bias: Planes, risen: Planes, total: Planes
) -> None:  # pragma: no cover (compiled)
    """Add a 1x1 convolution of the deep planes to the total of twice their size, each pixel to four."""
    for o in range(kernel.shape[3]):
        for y in range(1, deep.shape[1] - 1):
            row = risen[o, y, 1:-1]
            row[:] = bias[o]
            for i in range(deep.shape[0]):
                tap, plane = kernel[0, 0, i, o], deep[i, y, 1:-1]
                for x in range(row.size):
                    row[x] += tap * plane[x]
            for below in range(2):
                four = total[o, 2 * y - 1 + below, 1:-1]
                for x in range(row.size):
                    four[2 * x] += row[x]
                    four[2 * x + 1] += row[x]


@_compiled
def through(
    shown: Planes,
    main: Planes,
    ready: Planes,
    pooled: Planes,
    risen: Planes,
    deep: Planes,
    deep_ready: Planes,
    first: Planes,
    first_bias: Planes,
    blocks: Planes,
    block_biases: Planes,
    down: Planes,
    down_bias: Planes,
    low: Planes,
    low_bias: Planes,
    up: Planes,
    up_bias: Planes,
    last: Planes,
    last_bias: Planes,
) -> None:  # pragma: no cover (compiled)
    """All layers but the last: `main` holds the constant before, `ready` what the last layer reads after."""
    convolve(shown, first, first_bias, main)
    for number in range(blocks.shape[0]):
        if number == blocks.shape[0] // 2:
            _pool(main, pooled)
            deep[:] = 0
            convolve(pooled, down, down_bias, deep)
            _rectify(deep, deep_ready)
            convolve(deep_ready, low, low_bias, deep)
            _rectify(deep, deep_ready)
            _rise(deep_ready, up, up_bias, risen, main)
        _rectify(main, ready)
        convolve(ready, blocks[number], block_biases[number], main)
    _rectify(main, ready)


@_compiled
def answer(
    planes: Planes, kernel: Planes, bias: Planes, logits: Planes, top: int, bottom: int, first: int, end: int
) -> None:  # pragma: no cover (compiled)
    """The last layer, a 1x1 convolution to the logits of 2x2 pixels, laid out pixel by pixel."""
    for y in range(first, end):
        for o in range(4):
            row = logits[2 * y + o // 2, o % 2 :: 2]
            row[:] = np.float32(SCALE) * bias[o] + np.float32(OFFSET)
            for i in range(planes.shape[0]):
                tap, plane = np.float32(SCALE) * kernel[0, 0, i, o], planes[i, y - top + 1, 1:-1]
                for x in range(row.size):
                    row[x] += tap * plane[x]
