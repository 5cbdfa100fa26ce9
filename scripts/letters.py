"""Makes the letters that the device draws with: `python scripts/letters.py player/pictures/letters`.

The device is to draw the same with every version of Pillow, with FreeType or without, so the letters are
drawn here once: DejaVu Sans Mono (the file that comes with matplotlib), 1 bit, hinted to whole pixels, in
cells of one width. Its licence allows that and asks to be passed on: it is copied beside them.
"""

import io
import shutil
import sys
from pathlib import Path

import matplotlib
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
EM = {12: 10, 24: 20, 36: 30, 48: 40}
"""Pixels: height of a cell, which is twice its width, and the size of the font in it."""
ACROSS = 32
"""Cells in a row of the picture."""
RANGES = (
    (0x21, 0x7E),  # ASCII
    (0xA1, 0x17F),  # Latin-1 and Latin Extended-A: the languages of Europe
    (0x218, 0x21B),  # Romanian
    (0x384, 0x3CE),  # Greek
    (0x400, 0x45F),  # Cyrillic
    (0x490, 0x491),  # Ukrainian
    (0x1EA0, 0x1EF9),  # Vietnamese
    (0x2010, 0x2026),  # dashes, quotation marks, dots
    (0x2030, 0x203A),
    (0x20AC, 0x20AC),  # euro
    (0x2116, 0x2122),
    (0x2190, 0x2193),  # arrows
)


def letters(font: Path) -> str:
    """Every letter of RANGES that the font has, but no blank ones."""
    has = FT2Font(str(font)).get_charmap()
    wanted = [code for low, high in RANGES for code in range(low, high + 1) if code in has]
    return "".join(chr(code) for code in wanted if chr(code).isprintable())


def sheet(font: Path, text: str, height: int) -> Image.Image:
    """All letters in cells of `height`, 1 bit, ink black on white, ACROSS in a row."""
    width = height // 2
    face = ImageFont.truetype(str(font), EM[height], layout_engine=ImageFont.Layout.BASIC)
    picture = Image.new("1", (ACROSS * width, -(-len(text) // ACROSS) * height), 1)
    for number, letter in enumerate(text):
        cell = Image.new("1", (width, height), 1)
        draw = ImageDraw.Draw(cell)
        draw.fontmode = "1"
        draw.text((0, round(0.79 * height)), letter, fill=0, font=face, anchor="ls")
        picture.paste(cell, (number % ACROSS * width, number // ACROSS * height))
    return picture


def main() -> int:
    target = Path(sys.argv[1])
    font = FONTS / "DejaVuSansMono.ttf"
    text = letters(font)
    lines = [text[at : at + ACROSS] for at in range(0, len(text), ACROSS)]
    (target / "letters.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for height in EM:
        data = io.BytesIO()
        sheet(font, text, height).save(data, "PNG", optimize=True)
        (target / f"letters-{height}.png").write_bytes(data.getvalue())
    shutil.copyfile(FONTS / "LICENSE_DEJAVU", target / "LICENSE")
    return 0


if __name__ == "__main__":
    sys.exit(main())
