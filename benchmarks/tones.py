"""Draws docs/tones.png: the tone curves of --tone on a panel of contrast 17:1, as a screen shows it.

    python benchmarks/tones.py

Left the picture as a screen shows it, luma 1/2 behind the sphere; then its dithers by `search`, each pixel in
the light that the panel reflects. Look at it pixel for pixel from two metres. The lightness of luma 1/2, CIE
L*, is printed.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from trainer.dithers.table import DEFAULT, make
from trainer.films.tones import PAPER_CONTRAST, Tones

SIDE, GAP, TITLE = 256, 12, 22
TITLES = {None: "the film, on a screen", "srgb": "srgb, the default", "paper": "paper", "linear": "linear"}


def picture() -> np.ndarray:
    """A lit sphere before grey, above steps from black to white: luma uint8[SIDE, SIDE]."""
    y, x = np.indices((SIDE, SIDE)) / SIDE
    u, v = (x - 0.5) / 0.33, (y - 0.42) / 0.33
    height = np.sqrt(np.clip(1 - u * u - v * v, 0, 1))
    light = np.clip(-0.5 * u - 0.6 * v + 0.62 * height, 0.02, 1)
    luma = np.where(u * u + v * v < 1, light ** (1 / 2.2), 0.5)
    return (255 * np.where(y > 0.86, np.floor(x * 9) / 8, luma)).round().astype(np.uint8)


def code(light: np.ndarray) -> np.ndarray:
    """sRGB codes (IEC 61966-2-1) of light from 0 to 1."""
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return (255 * curve).round().astype(np.uint8)


def lightness(light: float) -> float:
    """CIE 1976 L*."""
    return 116 * light ** (1 / 3) - 16


def main() -> None:
    luma, black = picture(), 1 / PAPER_CONTRAST
    sheet = Image.new("L", (len(TITLES) * (SIDE + GAP) - GAP, SIDE + TITLE), 255)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for number, (tone, title) in enumerate(TITLES.items()):
        if tone is None:
            seen, grey = luma, ((128 / 255 + 0.055) / 1.055) ** 2.4
        else:
            tones = Tones(size=(SIDE, SIDE), tone=tone)
            [dither] = make(DEFAULT, None)([tones(luma)])
            seen, grey = code(black + (1 - black) * dither), black + (1 - black) * float(tones.curve[128])
        sheet.paste(Image.fromarray(seen), (number * (SIDE + GAP), TITLE))
        draw.text((number * (SIDE + GAP), 2), f"{title}: L* {lightness(grey):.0f}", fill=0, font=font)
        print(f"{title}: luma 1/2 is shown at L* {lightness(grey):.1f}")
    sheet.save(Path(__file__).parent.parent / "docs" / "tones.png", optimize=True)


if __name__ == "__main__":
    main()
