"""The generator: a small network that decides, for every pixel at once, whether to make its best move.

One pass is a learned step of the parallel search (`step.py`). For every pixel the best of its toggle and its
swaps is known, and by how much that move alone would change the energy. The network learns which of these
moves go together: it answers with the logit of making each.

Its input is `PLANES` planes per pixel:
    2f - 1, 2b - 1, 2p - 1   the frame, the dither so far, and the shown dither
    squashed dE              the exact change of energy by the pixel's toggle, in units of c(0)
    squashed dE, dy, dx      the same for its best move, and the move's direction: 0, 0 for a toggle
    2m - 1                   a frozen blue-noise threshold in absolute coordinates, to tell like pixels apart
    ln(price / .2) / 2       the dial
All follow from the frame and the shown dither, so an export can start at any frame. Inside, 2x2 pixels are
stacked (space to depth); residual 3x3 convolutions follow, with a branch at half scale.

Arrays: pictures float32[..., H, W], planes float32[B, H, W, PLANES].

The end of this file makes flax networks without compiling anything; the other networks use it too.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import ClassVar, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from jax.typing import DTypeLike
from numpy.typing import NDArray

from trainer.dithers.search.energy import REACH
from trainer.dithers.search.moves import offset_of
from trainer.errors import OptionError

PLANES = 9
MIDDLE_PRICE = 0.2

Convolve = Callable[[Array], Array]
"""float32[..., H, W] -> c * it, as `searching.parallel.convolution` makes it for one shape."""

# A move is unlikely at first; the scale lets the network become sure of one soon.
SCALE, OFFSET = 3.0, -2.0

_WEAKER = {"first": 1.0, "blocks": 0.7, "down": 1.0, "low": 0.7, "up": 0.5, "last": 0.1}
"""Each layer's initial weights as a share of He's."""

Module = TypeVar("Module", bound=nnx.Module)
Build = Callable[[nnx.Rngs], Module]


@dataclass(frozen=True)
class Size:
    """A generator's size: channels at half resolution, and residual blocks (2 or more)."""

    kind: ClassVar[str] = "generator"
    """What files of weights call such a network."""

    channels: int = 16
    blocks: int = 2

    def __post_init__(self) -> None:
        if not (1 <= self.channels <= 512 and 2 <= self.blocks <= 64):
            raise OptionError("a generator has 1 to 512 channels and 2 to 64 blocks")

    def as_dict(self) -> dict[str, int]:
        """The fields, for a file."""
        return asdict(self)


class Generator(nnx.Module):
    """Planes float32[B, H, W, PLANES] -> logits of the moves float32[B, H, W]; any H and W.

    `compute`: the type that it computes in; weights and logits are always float32.
    """

    def __init__(self, size: Size, rngs: nnx.Rngs, compute: DTypeLike = jnp.float32) -> None:
        c = size.channels
        conv = partial(nnx.Conv, dtype=compute, rngs=rngs)
        self.first = conv(4 * PLANES, c, (3, 3))
        self.blocks = nnx.List([conv(c, c, (3, 3)) for _ in range(size.blocks)])
        self.down = conv(c, 2 * c, (3, 3))
        self.low = conv(2 * c, 2 * c, (3, 3))
        self.up = conv(2 * c, c, (1, 1))
        self.last = conv(c, 4, (1, 1))

    def __call__(self, planes: Array) -> Array:
        height, width = planes.shape[1:3]
        margins = ((0, 0), (0, -height % 4), (0, -width % 4), (0, 0))
        h = self.first(space_to_depth(jnp.pad(planes, margins, mode="edge")))
        for number, block in enumerate(self.blocks):
            if number == len(self.blocks) // 2:
                h = h + self._half_scale(h)
            h = h + block(nnx.relu(h))
        logits = depth_to_space(self.last(nnx.relu(h)).astype(jnp.float32))
        return SCALE * logits[:, :height, :width, 0] + OFFSET

    def _half_scale(self, h: Array) -> Array:
        """Two convolutions on means of 2x2, repeated back to full size: a wider view."""
        low = self.down(nnx.relu(nnx.avg_pool(h, (2, 2), (2, 2))))
        low = low + self.low(nnx.relu(low))
        return jnp.repeat(jnp.repeat(self.up(nnx.relu(low)), 2, 1), 2, 2)


def planes(
    frame: Array,
    dither: Array,
    previous: Array,
    price: Array,
    mask: Array,
    toggle: Array,
    change: Array,
    move: Array,
) -> Array:
    """The generator's input, float32[B, H, W, PLANES].

    frame in [0, 1], dither so far and shown dither 0 or 1, and the change of energy by each pixel's toggle
    and by its best move: float32[B, H, W]; the moves int8[B, H, W] (`search/moves.py`); price float32[B];
    mask float32[B, H, W] or [H, W], the thresholds at those pixels.
    """
    down, right = (step / REACH for step in offset_of(move))
    dial = (jnp.log(price / MIDDLE_PRICE) / 2)[:, None, None]
    pictures = 2 * frame - 1, 2 * dither - 1, 2 * previous - 1
    every = (*pictures, _squash(toggle), _squash(change), down, right, 2 * mask - 1, dial)
    return jnp.stack([jnp.broadcast_to(plane, frame.shape) for plane in every], -1)


def space_to_depth(x: Array) -> Array:
    """[B, 2h, 2w, C] -> [B, h, w, 4C]."""
    batch, height, width, depth = x.shape
    x = x.reshape(batch, height // 2, 2, width // 2, 2, depth).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(batch, height // 2, width // 2, 4 * depth)


def depth_to_space(x: Array) -> Array:
    """[B, h, w, 4C] -> [B, 2h, 2w, C], the inverse of `space_to_depth`."""
    batch, height, width, depth = x.shape
    x = x.reshape(batch, height, width, 2, 2, depth // 4).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(batch, 2 * height, 2 * width, depth // 4)


def create(size: Size, seed: int) -> Generator:
    """A new generator, with He's initial weights or weaker ones."""
    spreads = {name: math.sqrt(2) * weaker for name, weaker in _WEAKER.items()}
    return new_network(lambda rngs: Generator(size, rngs), seed, spreads)


def outline(size: Size, compute: DTypeLike = jnp.float32) -> Generator:
    """A generator of that size with shapes in place of weights, to be filled."""
    return abstract_network(lambda rngs: Generator(size, rngs, compute))


def _squash(x: Array) -> Array:
    """x near 0, and at most 4 in size: what counts is a price's sign, and less how far it goes."""
    return x / (1 + jnp.abs(x) / 4)


_LECUN: Mapping[str, float] = {}
"""Every layer's kernels as they come."""


def new_network(build: Build[Module], seed: int, spreads: Mapping[str, float] = _LECUN) -> Module:
    """A new network: normal kernels of variance 1 / fan-in (Y. LeCun), scales 1, all else 0.

    NumPy draws them: JAX would compile for longer than a test trains. `spreads` multiplies the kernels'
    deviation, by the name of a layer or of a list of layers.
    """
    network = abstract_network(build)
    state = nnx.state(network, nnx.Param)
    rng = np.random.default_rng(seed)
    for path, leaf in nnx.to_flat_state(state):
        first = _initial(str(path[-1]), leaf.shape, spreads.get(str(path[0]), 1.0), rng)
        leaf.set_value(jnp.asarray(first, jnp.float32))
    nnx.update(network, state)
    return network


def abstract_network(build: Build[Module]) -> Module:
    """The network with shapes in place of weights, to be filled."""
    return nnx.eval_shape(lambda: build(nnx.Rngs(0)))


def count_parameters(network: nnx.Module) -> int:
    """The number of learned parameters."""
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))


def _initial(
    name: str, shape: tuple[int, ...], spread: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """The first values of an array of that name; a kernel's last axis is its outputs."""
    if name == "kernel":
        return rng.normal(0, spread / math.sqrt(math.prod(shape[:-1])), shape)
    return np.ones(shape) if name == "scale" else np.zeros(shape)
