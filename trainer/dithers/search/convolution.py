"""c * plane on a CPU: the convolution of a whole frame with a kernel, by SciPy's Fourier transform.

The spectrum of a kernel is kept for each size of frame, so that a frame takes two transforms. OpenCV's own
takes several times as long, and so does `cv2.filter2D` where it finds no library of Intel's
(`benchmarks/compiled.py`). In JAX: `parallel.convolution`.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from trainer import cores

Plane = NDArray[np.float32]

_THREADED = 2**18
"""Pixels from which on threads are worth starting."""


def convolved(plane: Plane, kernel: Plane) -> Plane:
    """float32[H, W] convolved with a symmetric kernel float32[k, k], k odd; the plane counts as 0 outside.

    The same, bit for bit, on any number of cores.
    """
    (height, width), radius = plane.shape, kernel.shape[0] // 2
    sides = fft.next_fast_len(height + radius, real=True), fft.next_fast_len(width + radius, real=True)
    workers = cores.usable() if plane.size >= _THREADED else 1
    transformed = fft.rfft2(plane, sides, workers=workers)
    transformed *= _spectrum(kernel.tobytes(), radius, sides)
    return np.asarray(fft.irfft2(transformed, sides, workers=workers, overwrite_x=True)[:height, :width])


@lru_cache(maxsize=8)
def _spectrum(kernel: bytes, radius: int, sides: tuple[int, int]) -> Plane:
    """The spectrum of the kernel laid around the corner of a plane of those sides; real, by its symmetry."""
    taps = np.frombuffer(kernel, np.float32).reshape(2 * radius + 1, 2 * radius + 1)
    wide = np.zeros(sides, np.float32)
    around = [np.arange(-radius, radius + 1) % side for side in sides]
    # In a small frame some taps share a place. Those are beyond its sides, and meet only its margin.
    wide[np.ix_(*around)] = taps
    return np.ascontiguousarray(fft.rfft2(wide).real)
