"""Making flax networks without compiling, and knowing their shapes without making them.

A network is given as a function that builds it from random streams, as in
`created(lambda rngs: Critic(False, False, rngs), seed)`.
"""

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

Module = TypeVar("Module", bound=nnx.Module)
Build = Callable[[nnx.Rngs], Module]
LECUN: Mapping[str, float] = {}
"""Every layer's kernels as they come."""


def created(build: Build[Module], seed: int, spreads: Mapping[str, float] = LECUN) -> Module:
    """A new network: kernels drawn from a normal distribution of variance 1 / fan-in (Y. LeCun), scales 1,
    all else 0. NumPy draws them, since JAX would compile for as long as it then trains in a test.

    `spreads`: by the name of a layer, or of a list of layers, what the kernels' deviation is multiplied by.
    """
    network = outlined(build)
    state = nnx.state(network, nnx.Param)
    rng = np.random.default_rng(seed)
    for path, leaf in nnx.to_flat_state(state):
        first = _first(str(path[-1]), leaf.shape, spreads.get(str(path[0]), 1.0), rng)
        leaf.set_value(jnp.asarray(first, jnp.float32))
    nnx.update(network, state)
    return network


def outlined(build: Build[Module]) -> Module:
    """The network with shapes in place of numbers, to be filled with weights."""
    return nnx.eval_shape(lambda: build(nnx.Rngs(0)))


def counted(module: nnx.Module) -> int:
    """How many numbers are learned."""
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(module, nnx.Param)))


def _first(name: str, shape: tuple[int, ...], spread: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """What an array of that name begins with; a kernel's last axis is its outputs."""
    if name == "kernel":
        return rng.normal(0, spread / math.sqrt(math.prod(shape[:-1])), shape)
    return np.ones(shape) if name == "scale" else np.zeros(shape)
