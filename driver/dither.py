"""A dither as it must lie on the glass of a panel. Pure."""

import numpy as np
from numpy.typing import NDArray

from driver.errors import DitherError


def on_glass(
    dither: NDArray[np.uint8], size: tuple[int, int], *, mirror: bool, rotate: int
) -> NDArray[np.uint8]:
    """The dither for a panel of `size` (width, height): checked, mirrored, turned by `rotate` (0 or 180
    degrees). DitherError.
    """
    width, height = size
    if dither.shape != (height, width):
        shape = "x".join(map(str, reversed(dither.shape)))
        raise DitherError(
            f"a dither of {shape} does not fit the panel: make the reel with "
            f"trainer export --size {width}x{height}"
        )
    if dither.dtype != np.uint8 or dither.max() > 1:
        raise DitherError(f"a dither is uint8 of 0 and 1, not {dither.dtype} up to {dither.max()}")
    if mirror:
        dither = dither[:, ::-1]
    if rotate == 180:
        dither = dither[::-1, ::-1]
    # Numpy packs bits several times faster from contiguous memory than from a reversed view.
    return np.ascontiguousarray(dither)
