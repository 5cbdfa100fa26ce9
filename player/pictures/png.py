"""PNG files, written whole. Pillow is loaded only when a picture is written: it costs memory."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from player.files import write_whole
from player.reel import packing

if TYPE_CHECKING:
    from PIL import Image


def save_dither(path: Path, packed: packing.Bits, width: int) -> None:
    """A 1-bit PNG, 1 = white, of a packed dither uint8[H, ceil(width/8)]. FileError if it fails."""
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
