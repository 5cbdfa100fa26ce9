"""The GAN: a small network that makes a dither by itself, without a search.

A dither begins as the frozen blue-noise mask's (`../mask.py`), which tells like pixels apart and keeps the
dithers of like frames alike. The first pass of the network decides all pixels at once: it turns the mask's
texture into the one of a settled dither. Then four passes look at the visible error that is left and decide a
quarter of the pixels each, one of every 2x2: far fewer pixels act on the same error at the same time.

The network's input is `PLANES` planes per pixel:
    2f - 1, 2m - 1, 2b - 1   the frame, the mask, and the dither so far
    squashed c * e           the visible error of that, e = b - f, in units of c(0)
    squashed dE              the exact change of energy by toggling the pixel
    1 or 0                   whether this pass decides the pixel
All follow from the frame alone, so that an export can start anywhere, and all frames can be dithered at once.
It answers with what to add to the logit of white, 3 (2b - 1). Inside, 2x2 pixels are stacked (space to
depth), and residual 3x3 convolutions follow. How it is trained: `trainer/fit/gan.py`.

Arrays: pictures float32[B, H, W], dithers 0 or 1; the number of a pass int32[B].
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from jax.typing import DTypeLike

from trainer.dithers.eye import Dither, Frame, two_eye_kernel
from trainer.dithers.generator.ditherer import Polished
from trainer.dithers.generator.model import (
    Convolve,
    abstract_network,
    depth_to_space,
    new_network,
    space_to_depth,
)
from trainer.dithers.generator.weights import GAN, Weights, load
from trainer.dithers.mask import thresholds, tiled
from trainer.dithers.search.energy import reaching
from trainer.dithers.search.parallel import convolution
from trainer.errors import OptionError, TrainerError

PLANES = 6
PASSES = 5
"""One for all pixels, one for each quarter of them."""
SCALE = 3.0
"""The logit of a pixel as it is."""

_ORDER = np.array([[0, 2], [3, 1]])
"""Which pixel of each 2x2 is decided first to last: diagonal neighbours one after the other."""
_SPREADS = {"first": 2**0.5, "blocks": 0.5 * 2**0.5, "last": 0.0}
"""Each layer's initial spread; the last layer begins by changing nothing."""


@dataclass(frozen=True)
class OneShotSize:
    """The size of the network: channels at half resolution, and residual blocks."""

    kind: ClassVar[str] = "gan"
    """What files of weights call such a network."""

    channels: int = 32
    blocks: int = 5

    def __post_init__(self) -> None:
        if not (1 <= self.channels <= 512 and 1 <= self.blocks <= 64):
            raise OptionError("a GAN's generator has 1 to 512 channels and 1 to 64 blocks")

    def as_dict(self) -> dict[str, int]:
        """The fields, for a file."""
        return asdict(self)


class OneShot(nnx.Module):
    """Planes float32[B, H, W, PLANES] -> what to add to the logits of white, float32[B, H, W]; any H and W.

    `compute`: the type that it computes in; weights and logits are always float32.
    """

    def __init__(self, size: OneShotSize, rngs: nnx.Rngs, compute: DTypeLike = jnp.float32) -> None:
        c = size.channels
        conv = partial(nnx.Conv, dtype=compute, rngs=rngs)
        self.first = conv(4 * PLANES, c, (3, 3))
        self.blocks = nnx.List([conv(c, c, (3, 3)) for _ in range(size.blocks)])
        self.last = conv(c, 4, (1, 1))

    def __call__(self, planes: Array) -> Array:
        height, width = planes.shape[1:3]
        margins = ((0, 0), (0, height % 2), (0, width % 2), (0, 0))
        h = self.first(space_to_depth(jnp.pad(planes, margins, mode="edge")))
        for block in self.blocks:
            h = h + block(nnx.relu(h))
        return depth_to_space(self.last(nnx.relu(h)).astype(jnp.float32))[:, :height, :width, 0]


def create(size: OneShotSize, seed: int) -> OneShot:
    """A new network, whose dithers are the mask's."""
    return new_network(lambda rngs: OneShot(size, rngs), seed, _SPREADS)


def outline(size: OneShotSize, compute: DTypeLike = jnp.float32) -> OneShot:
    """A network of that size with shapes in place of weights, to be filled."""
    return abstract_network(lambda rngs: OneShot(size, rngs, compute))


def convolution_on(shape: tuple[int, int]) -> Convolve:
    """c * plane, c the two-eye kernel, for planes of (height, width)."""
    return convolution(reaching(two_eye_kernel()), shape)


def decides(number: Array, shape: tuple[int, int]) -> Array:
    """Which pixels the pass of that number decides, float32[B, H, W] of 0 and 1."""
    order = jnp.asarray(tiled(_ORDER + 1, shape))
    number = number[:, None, None]
    return ((number == 0) | (order == number)).astype(jnp.float32)


def planes(frame: Array, mask: Array, dither: Array, number: Array, convolve: Convolve) -> Array:
    """The network's input; mask [B, H, W] or [H, W]."""
    blurred = convolve(dither - frame)
    toggle = 1 + 2 * (1 - 2 * dither) * blurred
    shape = (frame.shape[-2], frame.shape[-1])
    pictures = (2 * picture - 1 for picture in (frame, mask, dither))
    every = (*pictures, _squash(blurred), _squash(toggle), decides(number, shape))
    return jnp.stack([jnp.broadcast_to(plane, frame.shape) for plane in every], -1)


def logits_of(network: nnx.Module, planes: Array) -> Array:
    """The logit of white of every pixel."""
    return SCALE * planes[..., 2] + network(planes)


def dithered(network: nnx.Module, frame: Array, mask: Array, convolve: Convolve) -> Array:
    """The dithers of the frames, after all passes."""
    dither = (frame > mask).astype(jnp.float32)
    for number in range(PASSES):
        seen = planes(frame, mask, dither, jnp.full(len(frame), number), convolve)
        white = logits_of(network, jax.lax.optimization_barrier(seen)) > 0
        dither = jnp.where(seen[..., 5] > 0, white.astype(jnp.float32), dither)
    return dither


def _squash(x: Array) -> Array:
    """x near 0, and at most 2 in size."""
    return x / (1 + jnp.abs(x) / 2)


class OneShotDitherer(Polished):
    """Dithers every frame by itself. `weights`: a file, or a folder of `trainer fit`; None: those that ship.

    OptionError for a setting out of range or without effect, TrainerError for weights that cannot be read.
    """

    def __init__(
        self,
        dial: float | None = None,
        *,
        weights: Path | Weights | None = None,
        passes: int = 1,
        polish: int = 0,
        engine: str | None = None,
    ) -> None:
        super().__init__("a GAN", dial, passes, polish, engine)
        read = weights if isinstance(weights, Weights) else load(weights, GAN)
        if not isinstance(read.size, OneShotSize):
            raise TrainerError(f"these are weights of a {read.kind.noun}, not of a GAN; name another run")
        graph, self._state = nnx.split(read.network())
        self._dithered = _compiled(graph)
        self._mask = lru_cache(maxsize=1)(lambda shape: jnp.asarray(tiled(thresholds(), shape)))

    def alone(self, frame: Frame, shown: Dither | None) -> Dither:
        """What the network makes of the frame; the shown dither makes no difference."""
        made = self._dithered(self._state, jnp.asarray(frame)[None], self._mask(frame.shape))
        return np.asarray(made[0]).astype(np.uint8)


@cache
def _compiled(graph: nnx.GraphDef[nnx.Module]) -> Callable[[nnx.State, Array, Array], Array]:
    """(the network's state, frames, mask) -> dithers; compiled once for each size of frame."""

    @jax.jit
    def all_passes(state: nnx.State, frame: Array, mask: Array) -> Array:
        convolve = convolution_on((frame.shape[1], frame.shape[2]))
        return dithered(nnx.merge(graph, state), frame, mask, convolve)

    return all_passes
