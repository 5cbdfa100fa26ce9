"""Error diffusion of many frames in JAX, against the same for one frame on a CPU."""

import jax
import numpy as np

from trainer.dithers.batched_diffusion import floyd_steinberg
from trainer.dithers.diffusion import FloydSteinberg


def test_floyd_steinberg_is_pillows_bit_for_bit():
    """Noise, a ramp, greys on both sides of every threshold, black and white."""
    shape = (21, 34)
    rng = np.random.default_rng(4)
    frames = [rng.random(shape, dtype=np.float32) for _ in range(3)]
    frames.append(np.broadcast_to(np.linspace(0, 1, shape[1], dtype=np.float32), shape))
    frames += [np.full(shape, tone / 255, np.float32) for tone in (0, 1, 3, 77, 127, 128, 129, 254, 255)]
    found = jax.jit(floyd_steinberg)(np.stack(frames))
    assert found.dtype == np.float32
    for frame, dither in zip(frames, found, strict=True):
        np.testing.assert_array_equal(dither, FloydSteinberg().dither(frame, None))
