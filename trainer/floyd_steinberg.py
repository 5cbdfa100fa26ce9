"""Pillow's Floyd-Steinberg dither of many small frames at once, in JAX: what v1 to v3 imitate.

Bit for bit that of `diffusion.FloydSteinberg`, in whole numbers, within other compiled code. Every pixel
waits for the one to its left and for three of the row above, so that all pixels with the same x + 2 y can be
done together: H rows take W + 2 H steps.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

_Errors = tuple[Array, Array, Array]

_WHITE = 255
_ABOVE = 128  # Pillow's threshold: white lies above it


def floyd_steinberg(frames: Array) -> Array:
    """Frames float32[B, H, W] in [0, 1] -> their dithers, float32[B, H, W] of 0 and 1."""
    batch, height, width = frames.shape
    tones = jnp.floor(frames * _WHITE + 0.5).astype(jnp.int32)
    # Row y, moved 2 y steps to the right: the pixels of one step stand in one column.
    steps = width + 2 * (height - 1)
    column = np.arange(steps)[:, None] - 2 * np.arange(height)
    inside = (column >= 0) & (column < width)
    rows, columns = np.arange(height)[None, :], np.clip(column, 0, width - 1)

    def step(errors: _Errors, now: tuple[Array, Array]) -> tuple[_Errors, Array]:
        last, second, third = errors
        tone, is_inside = now
        owed = 7 * last + _from_above(3 * last + 5 * second + third)
        value = jnp.clip(tone + lax.div(owed, jnp.int32(16)), 0, _WHITE)
        white = value > _ABOVE
        error = jnp.where(is_inside, value - _WHITE * white, 0)
        return (error, last, second), white

    nothing = jnp.zeros((batch, height), jnp.int32)
    skewed = tones[:, rows, columns].swapaxes(0, 1)
    _, white = lax.scan(step, (nothing, nothing, nothing), (skewed, jnp.asarray(inside)))
    return jax.lax.stop_gradient(white[rows.T * 2 + np.arange(width), :, rows.T].transpose(2, 0, 1) * 1.0)


def _from_above(plane: Array) -> Array:
    """Each row's values as the row below it sees them: [B, H] one row down."""
    return jnp.pad(plane, ((0, 0), (1, 0)))[:, :-1]
