"""PNG files of frames and of the glass. Pillow is imported only when one is written: it costs memory."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from player.files import make_directory, write_whole

if TYPE_CHECKING:
    from PIL import Image


def glass_pictures(
    directory: str | None, glass: Callable[[], NDArray[np.uint8]] | None, several: bool
) -> Callable[[Path, int], None]:
    """A function of (reel, number) that writes a picture of the simulated `glass`; it does nothing without
    one.

    With `several` reels each has its own directory below `directory`.
    """
    if glass is None or directory is None:
        return lambda reel, number: None
    above = Path(directory)

    def save(reel: Path, number: int) -> None:
        place = above / reel.stem if several else above
        make_directory(place)
        save_glass(place / f"glass-{number:06}.png", glass())

    return save


def save_dither(path: Path, packed: NDArray[np.uint8], width: int) -> None:
    """A 1-bit PNG, 1 = white, of a packed dither uint8[H, ceil(width/8)]. FileError when it cannot be
    written.
    """
    from PIL import Image

    _save(path, Image.frombytes("1", (width, packed.shape[0]), packed.tobytes()))


def save_glass(path: Path, glass: NDArray[np.uint8]) -> None:
    """An 8-bit grey PNG of the glass, uint8[H, W] of reflectance. FileError when it cannot be written."""
    from PIL import Image

    _save(path, Image.frombytes("L", (glass.shape[1], glass.shape[0]), glass.tobytes()))


def _save(path: Path, image: "Image.Image") -> None:
    data = io.BytesIO()
    image.save(data, "PNG", compress_level=1 if image.mode == "L" else 6)
    write_whole(path, data.getvalue())
