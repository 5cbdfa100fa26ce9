"""The search within an update: it polishes a quarter of the dithers, after the last pass of a frame.

The parallel engine is part of the compiled update. On a CPU the sequential engine settles small patches in a
tenth of the time. It runs between the two halves of the update, never within compiled code: as soon as
several devices of a process wait for each other, it would wait for the thread that waits for it.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.generator.step import View
from trainer.dithers.search.parallel import SWEEPS, sweeps
from trainer.dithers.search.sequential import settle
from trainer.fit.data import Pool, is_last_pass


def chosen(pool: Pool) -> Array:
    """For each patch, bool[B]: whether its dither is polished after the next pass."""
    return is_last_pass(pool) & (pool.slots.number % 4 == 0)


def swept(key: Array, dither: Array, scene: View, chosen: Array, passes: int) -> Array:
    """The dithers, float32[B, H, W] of 0 and 1; the parallel engine sweeps the `chosen` ones, bool[B]."""
    start = (scene.frame, dither, scene.previous, scene.price)
    better = sweeps(*start, SWEEPS * passes, key=key, kernel=two_eye_kernel())
    return jnp.where(chosen[:, None, None], better, dither)


def settled(dither: Array, scene: View, chosen: Array, passes: int) -> Array:
    """The same by the sequential engine."""
    planes = (scene.frame, dither, scene.previous, scene.price, chosen)
    return on_host(partial(_settled, passes=passes), *planes)


def on_host(work: Callable[..., NDArray[np.float32]], *planes: Array) -> Array:
    """`work` in NumPy, from arrays of patches to one like the first; every process does its own devices'."""

    def of_one_device(shards: tuple[jax.Shard, ...]) -> Array:
        # NumPy's arrays, since taking a patch from one of JAX's is a computation of its own.
        return jax.device_put(work(*(np.asarray(shard.data) for shard in shards)), shards[0].device)

    shards = zip(*(plane.addressable_shards for plane in planes), strict=True)
    each = [of_one_device(shard) for shard in shards]
    return jax.make_array_from_single_device_arrays(planes[0].shape, planes[0].sharding, each)


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
