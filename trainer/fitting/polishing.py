"""What the search makes of dithers within an update: on a CPU the sequential engine, elsewhere the parallel.

The sequential engine settles small patches in a tenth of the time that sweeps take on a CPU, but only there.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from trainer.eye import two_eye_kernel
from trainer.search import SWEEPS
from trainer.search_parallel import sweeps
from trainer.search_sequential import settle
from trainer.steps import View


def polished(key: Array, dither: Array, scene: View, chosen: Array, passes: int) -> Array:
    """The dithers, float32[B, H, W] of 0 and 1, the `chosen` ones, bool[B], after `passes` of the search."""
    start, kernel = (scene.frame, dither, scene.previous, scene.price), two_eye_kernel()
    if jax.default_backend() != "cpu":
        better = sweeps(*start, SWEEPS * passes, key=key, kernel=kernel)
        return jnp.where(chosen[:, None, None], better, dither)

    def one_by_one(*arrays: Array) -> NDArray[np.float32]:
        # As NumPy's: to take one patch from JAX's is a computation of its own.
        frame, start, previous, price, picked = (np.asarray(array) for array in arrays)
        better = start.copy()
        for n in np.argwhere(picked):
            patch = tuple(n)
            scene = frame[patch], start[patch], previous[patch], float(price[patch])
            better[patch] = settle(*scene, kernel, passes, threads=1)
        return better

    # Under vmap one call gets the patches of all members, with an axis in front.
    shape = jax.ShapeDtypeStruct(dither.shape, dither.dtype)
    return jax.pure_callback(one_by_one, shape, *start, chosen, vmap_method="broadcast_all")
