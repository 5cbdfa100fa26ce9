"""What the search makes of dithers within an update: of a quarter of them, at the last pass of a frame.

The parallel engine is part of the compiled update. On a CPU the sequential engine settles small patches in a
tenth of the time; it runs between two halves of the update, never within compiled code: there it would wait
for the thread that waits for it, as soon as several devices share a process and wait for one another.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.generator.step import View
from trainer.dithers.search.parallel import (
    SWEEPS,
    sweeps,
)
from trainer.dithers.search.sequential import settle
from trainer.fit.patches import (
    Pool,
    ends,
)


def chosen(pool: Pool) -> Array:
    """Of each patch, bool[B], whether its dither is to be polished after the next pass."""
    return ends(pool) & (pool.homes.number % 4 == 0)


def swept(key: Array, dither: Array, scene: View, chosen: Array, passes: int) -> Array:
    """The dithers, float32[B, H, W] of 0 and 1, the `chosen` ones, bool[B], swept by the parallel engine."""
    start = (scene.frame, dither, scene.previous, scene.price)
    better = sweeps(*start, SWEEPS * passes, key=key, kernel=two_eye_kernel())
    return jnp.where(chosen[:, None, None], better, dither)


def settled(dither: Array, scene: View, chosen: Array, passes: int) -> Array:
    """The same by the sequential engine, every device's patches by the process that it belongs to."""

    def of_one_device(shards: tuple[jax.Shard, ...]) -> Array:
        # As NumPy's: to take one patch from JAX's is a computation of its own.
        frame, start, previous, price, picked = (np.asarray(shard.data) for shard in shards)
        return jax.device_put(_settled(frame, start, previous, price, picked, passes), shards[0].device)

    planes = (scene.frame, dither, scene.previous, scene.price, chosen)
    shards = zip(*(plane.addressable_shards for plane in planes), strict=True)
    each = [of_one_device(shard) for shard in shards]
    return jax.make_array_from_single_device_arrays(dither.shape, dither.sharding, each)


def _settled(
    frame: NDArray[np.float32],
    start: NDArray[np.float32],
    previous: NDArray[np.float32],
    price: NDArray[np.float32],
    picked: NDArray[np.bool_],
    passes: int,
) -> NDArray[np.float32]:
    better = start.copy()
    for n in np.flatnonzero(picked):
        patch = frame[n], start[n], previous[n], float(price[n])
        better[n] = settle(*patch, two_eye_kernel(), passes, threads=1)
    return better
