"""How fast a fit trains here: updates of the counterfactual objective, and what share of the peak they reach.

The operations of an update are those that XLA counts in its program (the cost analysis): multiplying and
adding are one each. The search that polishes some of the dithers takes time and counts for none. No machine
tells its peak, so that is measured too, in turn with the updates: one large matrix product, in float32 as JAX
multiplies by default (on some accelerators that is TF32 or bfloat16 within). The share is of that.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from trainer.bench.made import bursts
from trainer.bench.timing import (
    Timing,
    Work,
    in_turn,
)
from trainer.errors import OptionError
from trainer.fit.hyper import Hyper
from trainer.fit.train import (
    Settings,
    start,
    update_of,
    updates,
)

BURSTS = 8
"""Runs of frames that the patches are cut from; a fit has hundreds, which changes nothing in an update."""
_LONG_ENOUGH = 0.05
_SIDES = (1024, 2048, 4096, 8192, 16384)


@dataclass(frozen=True)
class Training:
    """`timing` is of calls that make `updates` updates each, of so many operations each; `product` times the
    product of two matrices of `side`.
    """

    settings: Settings
    operations: float
    updates: int
    timing: Timing
    side: int
    product: Timing

    @property
    def compiling(self) -> float:
        """Seconds of the first call, which compiles the updates."""
        return self.timing.first

    @property
    def seconds(self) -> float:
        """Of one update."""
        return self.timing.median / self.updates

    @property
    def patch_pixels_per_second(self) -> float:
        """Pixels of all patches of an update, over its time."""
        return self.settings.batch * self.settings.patch**2 / self.seconds

    @property
    def peak(self) -> float:
        """Operations per second of the matrix product."""
        return 2 * self.side**3 / self.product.median

    @property
    def share(self) -> float:
        """What the updates reach of the peak, 0 to 1."""
        return self.operations / self.seconds / self.peak


def training(settings: Settings, seconds: float) -> Training:
    """Measure updates as a fit makes them: on a CPU one by one, elsewhere many in one program."""
    films = jnp.asarray(bursts(BURSTS, 2 * settings.patch))
    state = [start(settings, films)]
    count = 1 if jax.default_backend() == "cpu" else settings.chunk
    many, rates = updates(settings), np.full(count, settings.rate, np.float32)

    def update() -> None:
        state[0], means = many(state[0], films, rates)
        jax.block_until_ready((state[0], means))

    # Learning alone: the search within an update is no arithmetic to be proud of.
    learn = partial(update_of(replace(settings, sweeps=0)), Hyper.of(settings))
    counted = operations(learn, state[0], films, rates[0])
    side, product = long_product()
    timing, of_product = in_turn([update, product], 2 * seconds)
    return Training(settings, counted, count, timing, side, of_product)


def long_product() -> tuple[int, Work]:
    """The side of a matrix whose square takes a twentieth of a second or more here, and that product."""
    multiply = jax.jit(jnp.matmul)
    for side in _SIDES:
        matrix = jnp.full((side, side), 0.5, jnp.float32)

        def product(matrix: jax.Array = matrix) -> None:
            multiply(matrix, matrix).block_until_ready()

        if in_turn([product], 0)[0].median >= _LONG_ENOUGH:
            break
    return side, product


def operations(function: Callable[..., Any], *given: Any) -> float:
    """Those of a call by XLA's own count, of the program for a CPU: the back ends for accelerators tell none.

    OptionError where JAX is told to leave the CPU out.
    """
    shapes = jax.tree.map(lambda array: jax.ShapeDtypeStruct(array.shape, array.dtype), given)
    try:
        [cpu, *_] = jax.devices("cpu")
    except RuntimeError:
        raise OptionError("operations are counted on the CPU: add it to JAX_PLATFORMS: cuda,cpu") from None
    with jax.default_device(cpu):
        costs: Any = jax.jit(function).lower(*shapes).cost_analysis()
    # Some back ends tell of every device by itself.
    return float((costs[0] if isinstance(costs, list) else costs)["flops"])
