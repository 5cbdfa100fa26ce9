"""Error diffusion of many small frames at once, in JAX: `diffusion.py` for training.

Every pixel waits for the one to its left and for three of the row above. So all pixels with the same x + 2 y
can be done together: with row y moved 2 y steps to the right they stand in one column, and H rows of W pixels
take W + 2 H steps.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

_WHITE = 255
_ABOVE = 128  # Pillow's threshold: white lies above it

Errors = tuple[Array, Array, Array]
"""The errors of the last three pixels of each row, [B, H], the latest first; 0 outside of the frame."""

Step = Callable[[Errors, tuple[Array, ...]], tuple[Errors, Array]]
"""(errors; the planes' values at this step [B, H], and last whether each row has a pixel now [H]) -> the
errors after it, and which pixels are white.
"""


def floyd_steinberg(frames: Array) -> Array:
    """Pillow's Floyd-Steinberg dithers of frames float32[B, H, W] in [0, 1]: float32[B, H, W] of 0 and 1.

    They equal those of `diffusion.FloydSteinberg` bit for bit, because all errors are whole numbers.
    """
    tones = jnp.floor(frames * _WHITE + 0.5).astype(jnp.int32)

    def step(errors: Errors, now: tuple[Array, ...]) -> tuple[Errors, Array]:
        last, second, third = errors
        tone, is_inside = now
        owed = 7 * last + _from_above(3 * last + 5 * second + third)
        value = jnp.clip(tone + lax.div(owed, jnp.int32(16)), 0, _WHITE)
        white = value > _ABOVE
        error = jnp.where(is_inside, value - _WHITE * white, 0)
        return (error, last, second), white

    return _diffuse(step, jnp.zeros(frames.shape[:2], jnp.int32), (tones,))


def _diffuse(step: Step, nothing: Array, planes: tuple[Array, ...]) -> Array:
    """Run `step` over planes [B, H, W]: float32[B, H, W] of 0 and 1. nothing: zero errors, [B, H]."""
    height, width = planes[0].shape[1:]
    column = np.arange(width + 2 * (height - 1))[:, None] - 2 * np.arange(height)
    inside = (column >= 0) & (column < width)
    rows, columns = np.arange(height)[None, :], np.clip(column, 0, width - 1)
    skewed = tuple(plane[:, rows, columns].swapaxes(0, 1) for plane in planes)
    _, white = lax.scan(step, (nothing, nothing, nothing), (*skewed, jnp.asarray(inside)), unroll=4)
    back = white[rows.T * 2 + np.arange(width), :, rows.T].transpose(2, 0, 1)
    return lax.stop_gradient(back.astype(jnp.float32))


def _from_above(plane: Array) -> Array:
    """Each row's value moved to the row below it, [B, H]."""
    return jnp.pad(plane, ((0, 0), (1, 0)))[:, :-1]
