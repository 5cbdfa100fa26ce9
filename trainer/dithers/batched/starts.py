"""Where a frame's dither starts from, on the device: `searching/start.py` for many small frames at once, in
JAX.

The error diffusion runs along wavefronts (`wavefronts.py`), every row from left to right, where
`diffusion.py` turns back at every second.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

from trainer.dithers.batched.wavefronts import (
    Errors,
    diffused,
    from_above,
)
from trainer.dithers.diffusion import (
    LEAN_CALMEST,
    LEAN_LIVELIEST,
)
from trainer.dithers.search.energy import (
    PRICE_CALMEST,
    PRICE_LIVELIEST,
)
from trainer.dithers.search.parallel import convolution
from trainer.dithers.search.start import (
    WINDOW,
    gaussian,
    start_dial,
)


def starts(frame: Array, shown: Array, price: Array, first: Array) -> Array:
    """The dithers to start from, float32[B, H, W] of 0 and 1.

    frame in [0, 1] and shown dither, 0 or 1: float32[B, H, W]; price of a flip float32[B], in units of c(0);
    first bool[B]: nothing is shown yet, so that it is error diffusion alone.
    """
    shape = (frame.shape[-2], frame.shape[-1])
    dial = jnp.log(price / PRICE_LIVELIEST) / np.log(PRICE_CALMEST / PRICE_LIVELIEST)
    lean = jnp.where(first, 0.0, LEAN_LIVELIEST + start_dial(dial) * (LEAN_CALMEST - LEAN_LIVELIEST))
    diffused = hysteresis(frame, shown, lean)
    look = convolution(gaussian(), shape)
    mean = convolution(np.full((WINDOW, WINDOW), WINDOW**-2.0), shape)
    visible, visible_diffused = (jnp.square(look(dither - frame)) for dither in (shown, diffused))
    gain = visible - visible_diffused - price[:, None, None] * jnp.abs(diffused - shown)
    return jnp.where((mean(gain) > 0) | first[:, None, None], diffused, shown)


def hysteresis(frame: Array, shown: Array, lean: Array) -> Array:
    """Error diffusion that leans towards the shown dither (`diffusion.Hysteresis`), float32[B, H, W].

    frame in [0, 1] and shown dither, 0 or 1: float32[B, H, W]; lean float32[B].
    """

    def step(errors: Errors, now: tuple[Array, ...]) -> tuple[Errors, Array]:
        last, second, third = errors
        tone, threshold, is_inside = now
        value = tone + last * (7 / 16) + from_above(last * (3 / 16) + second * (5 / 16) + third * (1 / 16))
        white = value > threshold
        return (jnp.where(is_inside, value - white, 0.0), last, second), white

    thresholds = 0.5 + lean[:, None, None] * (1 - 2 * shown)
    return diffused(step, jnp.zeros(frame.shape[:2], jnp.float32), (frame, thresholds))
