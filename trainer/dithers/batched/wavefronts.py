"""Error diffusion many pixels at a time, in JAX: the order in which it is possible.

Every pixel waits for the one to its left and for three of the row above. So all pixels with the same x + 2 y
can be done together: with row y moved 2 y steps to the right they stand in one column, and H rows of W pixels
take W + 2 H steps. Every row runs from left to right.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

Errors = tuple[Array, Array, Array]
"""Of each row, [B, H], the errors of its last three pixels, the latest first; 0 outside of the frame."""

Step = Callable[[Errors, tuple[Array, ...]], tuple[Errors, Array]]
"""(errors, the planes' values at this step [B, H], and last whether each row has a pixel now [H]) -> the
errors after it, and which pixels are white.
"""


def diffused(step: Step, nothing: Array, planes: tuple[Array, ...]) -> Array:
    """What `step` makes of planes [B, H, W]: float32[B, H, W] of 0 and 1. `nothing`: no error yet, [B, H]."""
    height, width = planes[0].shape[1:]
    column = np.arange(width + 2 * (height - 1))[:, None] - 2 * np.arange(height)
    inside = (column >= 0) & (column < width)
    rows, columns = np.arange(height)[None, :], np.clip(column, 0, width - 1)
    skewed = tuple(plane[:, rows, columns].swapaxes(0, 1) for plane in planes)
    _, white = lax.scan(step, (nothing, nothing, nothing), (*skewed, jnp.asarray(inside)), unroll=4)
    back = white[rows.T * 2 + np.arange(width), :, rows.T].transpose(2, 0, 1)
    return lax.stop_gradient(back.astype(jnp.float32))


def from_above(plane: Array) -> Array:
    """Each row's values as the row below it sees them: [B, H] one row down."""
    return jnp.pad(plane, ((0, 0), (1, 0)))[:, :-1]
