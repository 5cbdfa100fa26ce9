"""c * plane on a CPU: the convolution of a whole frame with a kernel, by OpenCV's Fourier transform.

The spectrum of a kernel is kept for each size of frame, so that a frame takes two transforms.
`cv2.filter2D` finds the spectrum anew each time, works block by block, and takes longer
(`benchmarks/compiled.py`). In JAX: `parallel.convolution`.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]


def convolved(plane: Plane, kernel: Plane) -> Plane:
    """float32[H, W] convolved with a symmetric kernel float32[k, k], k odd; the plane counts as 0 outside."""
    (height, width), radius = plane.shape, kernel.shape[0] // 2
    sides = cv2.getOptimalDFTSize(height + radius), cv2.getOptimalDFTSize(width + radius)
    wide = np.zeros(sides, np.float32)
    wide[:height, :width] = plane
    transformed = cv2.dft(wide, nonzeroRows=height)
    product = cv2.mulSpectrums(transformed, _spectrum(kernel.tobytes(), radius, sides), 0)
    back = cv2.dft(product, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE, nonzeroRows=height)
    return np.asarray(back[:height, :width], np.float32)


@lru_cache(maxsize=8)
def _spectrum(kernel: bytes, radius: int, sides: tuple[int, int]) -> Plane:
    """The spectrum, in OpenCV's packing, of the kernel laid around the corner of a plane of those sides."""
    taps = np.frombuffer(kernel, np.float32).reshape(2 * radius + 1, 2 * radius + 1)
    wide = np.zeros(sides, np.float32)
    around = [np.arange(-radius, radius + 1) % side for side in sides]
    # In a small frame some taps share a place. Those are beyond its sides, and meet only its margin.
    wide[np.ix_(*around)] = taps
    return np.asarray(cv2.dft(wide), np.float32)
