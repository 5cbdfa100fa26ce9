"""The generator's network on a CPU: the logits of `networks.Generator`, in bands of rows.

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

import numpy as np
from numpy.typing import NDArray

from trainer.dithers.generator.model import (
    PLANES,
    Size,
)
from trainer.generating.compiled.convolutions import answer, convolve, through

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
        through(*work, *layers)
        answer(work.ready, layers.last, layers.last_bias, self.logits, *band[:4])

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
            convolve(shown, self._constant_part, np.zeros(self._channels, np.float32), constant)
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
