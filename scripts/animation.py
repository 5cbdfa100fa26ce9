"""The animation of the README: a stretch of film on the simulated glass, as other players show it and as this
one.

    .venv/bin/python scripts/animation.py FILM docs/animation.gif

Left: every frame by Floyd and Steinberg's dither and a redraw, which flashes. Right: the dithers of `search`
by partial updates, with the redraws of the plan. Both are reduced, as from afar.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.dithers.diffusion import FloydSteinberg
from trainer.dithers.levels import Levels
from trainer.dithers.table import make
from trainer.films.film import Film
from trainer.films.plan import Plan
from trainer.films.selection import Selection
from trainer.films.stretches import stretches
from trainer.films.times import FrameNumber
from trainer.films.tones import Tones
from trainer.previews.glass import PanelGlass, flash

START, COUNT = 22, 18
SIMULATED = Levels(black=1 / 12)
REDUCE, GAP, GREYS = 6, 8, 24
FLASH, STANDS = 60, 240
"""Milliseconds of each half of a flash, and for which a picture stands."""


def reduced(seen: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Every REDUCE x REDUCE pixels as one."""
    return np.asarray(Image.fromarray(seen).reduce(REDUCE))


def main(film: str, target: str) -> None:
    pictures: list[Image.Image] = []
    times: list[int] = []

    def show(left: NDArray[np.uint8], right: NDArray[np.uint8], milliseconds: int) -> None:
        middle = np.full((left.shape[0], GAP), 255, np.uint8)
        pictures.append(Image.fromarray(np.hstack([left, middle, right])).quantize(GREYS))
        times.append(milliseconds)

    ours, theirs = PanelGlass(SIMULATED), PanelGlass(SIMULATED)
    before: NDArray[np.uint8] | None = None
    with Film(film) as opened:
        frames = Selection(start=FrameNumber(START), count=COUNT).frames(opened, Tones())
        for stretch in stretches(frames, Plan(SIMULATED)):
            dithers = stretch.dithers(make("search", levels=SIMULATED))
            for number, (selected, dither) in enumerate(zip(stretch.frames, dithers, strict=True)):
                alone = FloydSteinberg().dither(selected.frame, None)
                right = reduced(ours.show(dither, "partial" if number else "redraw"))
                flashing = reduced(flash(dither)) if number == 0 and before is not None else right
                show(reduced(flash(alone)), right if number else flashing, FLASH)
                left = reduced(theirs.show(alone, "redraw"))
                show(left, right, STANDS)
                before = dither
    first, *rest = pictures
    first.save(Path(target), save_all=True, append_images=rest, duration=times, loop=0)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
