"""The generator's network on a CPU: the logits of `networks.Generator`, by convolutions that numba compiles.

Pictures lie plane by plane, and a convolution goes row by row: four planes of its result at once take up one
row of one input plane after another, which the compiler turns into vector code. For so few channels that is
twice as fast as XLA's convolutions on the same cores.

A frame is done in bands of rows, one a core. A band reaches so far into its neighbours that nothing is
missing in its own rows: its numbers there are those that the whole frame would give, to the last bit.

Two of the planes that the network is shown are the same in every frame, the mask and the dial. What they add
to the first layer is worked out once, and only the others go through it.

Planes are float32[C, h, w] at half resolution or, in the branch, at a quarter, C rounded up to a multiple of
4, with a margin of one 0 around them for the 3x3 convolutions. Kernels float32[k, k, in, out].
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from trainer.networks import OFFSET, PLANES, SCALE, Size

VARYING = PLANES - 2
"""The first so many of a pixel's planes go through the first layer; mask and dial come after them."""

_MOST_DIALS = 3
"""A film has the price of its first frame, of frames after cuts, and of all others."""
_LEAST_ROWS = 16
"""Rows of a band at half resolution: with fewer, its neighbours' rows would be most of its work."""

Planes = NDArray[np.float32]


class Layers(NamedTuple):
    """The weights of a network; those of the blocks in one array each, [blocks, ...]."""

    first: Planes
    first_bias: Planes
    blocks: Planes
    block_biases: Planes
    down: Planes
    down_bias: Planes
    low: Planes
    low_bias: Planes
    up: Planes
    up_bias: Planes
    last: Planes
    last_bias: Planes


class Workspace(NamedTuple):
    """The planes of a band's work. `shown`, [4 VARYING, h, w], is to be filled with what the network sees."""

    shown: Planes
    main: Planes
    ready: Planes
    pooled: Planes
    risen: Planes
    deep: Planes
    deep_ready: Planes


class Band(NamedTuple):
    """The rows, at half resolution, from `top` to before `bottom`, of which those from `first` to before
    `end` are the band's own.
    """

    top: int
    bottom: int
    first: int
    end: int
    work: Workspace


class CompiledNetwork:
    """A network for frames of one size; `mask`: the thresholds of its pixels, float32[height, width].

    arrays: the weights by name, as in `weights.Weights`. The `bands`, at most `most_bands`, keep their planes
    from one call to the next.
    """

    def __init__(self, arrays: Mapping[str, Planes], size: Size, mask: Planes, most_bands: int) -> None:
        height, width = mask.shape
        self._rows, self._columns = -(-height // 4) * 2, -(-width // 4) * 2
        self._mask = np.pad(mask, ((0, -height % 4), (0, -width % 4)), mode="edge")
        self._layers, self._constant_part = _layers(arrays, size)
        self._constants: dict[float, Planes] = {}
        self._channels = self._layers.first_bias.size
        self.logits = np.empty((2 * self._rows, 2 * self._columns), np.float32)
        """Of every pixel, as far as the bands have been done; the sides are rounded up to multiples of 4."""
        # What one row of the last layer depends on: 3x3 convolutions, those of the branch twice as far.
        reach = size.blocks + 6
        count = max(1, min(most_bands, self._rows // _LEAST_ROWS))
        edges = [self._rows * n // count // 2 * 2 for n in range(count)] + [self._rows]
        self.bands = [self._band(first, end, reach + reach % 2) for first, end in pairwise(edges)]

    def _band(self, first: int, end: int, reach: int) -> Band:
        top, bottom = max(0, first - reach), min(self._rows, end + reach)
        full = (bottom - top + 2, self._columns + 2)
        half = ((bottom - top) // 2 + 2, self._columns // 2 + 2)
        deep = self._layers.down_bias.size
        every = (4 * VARYING, full), (self._channels, full), (self._channels, full)
        branch = (self._channels, half), (self._channels, half), (deep, half), (deep, half)
        work = Workspace(*(np.zeros((planes, *sides), np.float32) for planes, sides in (*every, *branch)))
        return Band(top, bottom, first, end, work)

    def run(self, band: Band, dial: float) -> None:
        """The logits of the band's own rows, from what is in its `shown`, for a plane of `dial`."""
        work, layers = band.work, self._layers
        work.main[:] = self.constant(dial)[:, band.top : band.bottom + 2]
        _through(*work, *layers)
        _answer(work.ready, layers.last, layers.last_bias, self.logits, *band[:4])

    def constant(self, dial: float) -> Planes:
        """What mask and dial add to the first layer, of the whole frame. To be called before bands are run at
        the same time.
        """
        if dial not in self._constants:
            shown = np.zeros((8, self._rows + 2, self._columns + 2), np.float32)
            for place in range(4):
                shown[2 * place, 1:-1, 1:-1] = 2 * self._mask[place // 2 :: 2, place % 2 :: 2] - 1
                shown[2 * place + 1, 1:-1, 1:-1] = dial
            constant = np.zeros((self._channels, *shown.shape[1:]), np.float32)
            _convolve(shown, self._constant_part, np.zeros(self._channels, np.float32), constant)
            if len(self._constants) == _MOST_DIALS:
                self._constants.clear()
            self._constants[dial] = constant
        return self._constants[dial]


def _layers(arrays: Mapping[str, Planes], size: Size) -> tuple[Layers, Planes]:
    """The layers, and the first's kernel for mask and dial. What is missing to a multiple of 4 planes counts
    for nothing.
    """

    def layer(name: str) -> tuple[Planes, Planes]:
        kernel, bias = arrays[f"{name}.kernel"], arrays[f"{name}.bias"]
        more = [(0, -side % 4) for side in kernel.shape[2:]]
        return np.pad(kernel, ((0, 0), (0, 0), *more)).astype(np.float32), np.pad(bias, more[1])

    first, first_bias = layer("first")
    varies = np.tile(np.arange(PLANES) < VARYING, 4)
    blocks, biases = zip(*(layer(f"blocks.{n}") for n in range(size.blocks)), strict=True)
    others = (each for name in ("down", "low", "up", "last") for each in layer(name))
    whole = Layers(
        np.ascontiguousarray(first[:, :, varies]), first_bias, np.stack(blocks), np.stack(biases), *others
    )
    return whole, np.ascontiguousarray(first[:, :, ~varies])


_compiled = numba.njit(nogil=True, cache=True, fastmath=True)


@_compiled
def _convolve(
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
def _through(
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
    _convolve(shown, first, first_bias, main)
    for number in range(blocks.shape[0]):
        if number == blocks.shape[0] // 2:
            _pool(main, pooled)
            deep[:] = 0
            _convolve(pooled, down, down_bias, deep)
            _rectify(deep, deep_ready)
            _convolve(deep_ready, low, low_bias, deep)
            _rectify(deep, deep_ready)
            _rise(deep_ready, up, up_bias, risen, main)
        _rectify(main, ready)
        _convolve(ready, blocks[number], block_biases[number], main)
    _rectify(main, ready)


@_compiled
def _answer(
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
