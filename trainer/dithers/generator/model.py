"""The generator: a small network that decides, for every pixel at once, whether it is white.

Its input is `PLANES` planes per pixel (`step.py`), its answer what to add to the logit of white. Inside, 2x2
pixels are stacked (space to depth), and residual 3x3 convolutions follow.

The end of this file makes flax networks without compiling anything; the film-maker's use it too.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from types import MappingProxyType
from typing import ClassVar, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from jax.typing import DTypeLike
from numpy.typing import NDArray

from trainer.errors import OptionError

PLANES = 13

_SPREADS = {"first": 2**0.5, "blocks": 0.5 * 2**0.5, "last": 0.0}
"""The initial spread of each layer's weights. The last layer's are 0: a new network changes nothing."""

Module = TypeVar("Module", bound=nnx.Module)
Build = Callable[[nnx.Rngs], Module]


@dataclass(frozen=True)
class Size:
    """The size of the network: channels at half resolution, and residual blocks."""

    kind: ClassVar[str] = "gan"
    """What files of weights call such a network."""

    channels: int = 32
    blocks: int = 5

    def __post_init__(self) -> None:
        if not (1 <= self.channels <= 512 and 1 <= self.blocks <= 64):
            raise OptionError("a generator has 1 to 512 channels and 1 to 64 blocks")

    def as_dict(self) -> dict[str, int]:
        """The fields, for a file."""
        return asdict(self)


class Generator(nnx.Module):
    """Planes float32[N, H, W, PLANES] -> what to add to the logits of white, float32[N, H, W]; any H and W.

    `compute`: the type that it computes in; weights and logits are always float32.
    """

    def __init__(self, size: Size, rngs: nnx.Rngs, compute: DTypeLike = jnp.float32) -> None:
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


def create(size: Size, seed: int) -> Generator:
    """A new network, which leaves dithers as they are."""
    return new_network(lambda rngs: Generator(size, rngs), seed, _SPREADS)


def outline(size: Size, compute: DTypeLike = jnp.float32) -> Generator:
    """A network of that size with shapes in place of weights, to be filled."""
    return abstract_network(lambda rngs: Generator(size, rngs, compute))


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


def new_network(
    build: Build[Module], seed: int, spreads: Mapping[str, float] = MappingProxyType({})
) -> Module:
    """A new network: normal kernels of variance 1 / fan-in (Y. LeCun), scales 1, all else 0.

    NumPy draws them: JAX would compile for longer than a test trains. `spreads` multiplies the deviation of
    a layer's kernels, by the name of the layer or of its list; others stay as they are.
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
