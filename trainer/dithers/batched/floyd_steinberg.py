"""Pillow's Floyd-Steinberg dither of many small frames at once, in JAX: what v1 to v3 imitate.

Bit for bit that of `diffusion.FloydSteinberg`, in whole numbers, within other compiled code; see
`wavefronts.py`.
"""

import jax.numpy as jnp
from jax import Array, lax

from trainer.dithers.batched.wavefronts import (
    Errors,
    diffused,
    from_above,
)

_WHITE = 255
_ABOVE = 128  # Pillow's threshold: white lies above it


def floyd_steinberg(frames: Array) -> Array:
    """Frames float32[B, H, W] in [0, 1] -> their dithers, float32[B, H, W] of 0 and 1."""
    tones = jnp.floor(frames * _WHITE + 0.5).astype(jnp.int32)

    def step(errors: Errors, now: tuple[Array, ...]) -> tuple[Errors, Array]:
        last, second, third = errors
        tone, is_inside = now
        owed = 7 * last + from_above(3 * last + 5 * second + third)
        value = jnp.clip(tone + lax.div(owed, jnp.int32(16)), 0, _WHITE)
        white = value > _ABOVE
        error = jnp.where(is_inside, value - _WHITE * white, 0)
        return (error, last, second), white

    return diffused(step, jnp.zeros(frames.shape[:2], jnp.int32), (tones,))
