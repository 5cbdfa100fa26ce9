"""The test picture of `python -m driver pattern`, and what a person should see in it. Pure.

Each part shows one kind of mistake: a line around the edge (columns or rows missing), words (mirrored or
upside down), thin diagonals (swapped bits or bytes break them into steps of 8 or 16), checkerboards and
grey dithers (clock too fast, patchy areas), a ruler at the right edge (1440 or 1448 columns).
"""

import numpy as np
from PIL import Image, ImageDraw

BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])


def picture(width: int, height: int) -> np.ndarray:
    """The test picture: a dither uint8[height, width]."""
    image = Image.new("1", (width, height), 1)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width - 1, height - 1), outline=0)
    for start in range(0, width, max(1, width // 12)):
        draw.line((start, height // 4, start + height // 8, height * 3 // 8), fill=0)
    for column in range(width - 64, width, 4):
        draw.line((column, height // 2, column, height // 2 + (24 if column % 32 == 0 else 12)), fill=0)
    image.paste(_words("TOP LEFT", max(1, width // 300)), (width // 40, height // 40))
    dither = np.asarray(image, dtype=np.uint8).copy()
    middle = slice(width // 20, width * 19 // 20)
    _checkerboards(dither[height * 5 // 8 : height * 6 // 8, middle])
    _greys(dither[height * 13 // 16 : height * 15 // 16, middle])
    return dither


def band(height: int) -> slice:
    """The rows that the partial updates of the test invert and restore: half of the checkerboards."""
    return slice(height * 5 // 8, height * 11 // 16)


def _words(text: str, scale: int) -> Image.Image:
    image = Image.new("1", (8 * len(text), 14), 1)
    ImageDraw.Draw(image).text((1, 1), text, fill=0)
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)


def _checkerboards(field: np.ndarray) -> None:
    """Fill uint8[h, w] with five checkerboards, of 1, 2, 4, 8 and 16 pixels."""
    rows, columns = np.indices(field.shape)
    size = 1 << columns * 5 // field.shape[1]
    field[:] = (rows // size + columns // size) % 2


def _greys(field: np.ndarray) -> None:
    """Fill uint8[h, w] with a ramp from black to white, as an ordered dither."""
    rows, columns = np.indices(field.shape)
    field[:] = BAYER[rows % 4, columns % 4] < columns * 17 // field.shape[1]
