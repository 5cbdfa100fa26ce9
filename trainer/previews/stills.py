"""Stills, a PNG: some frames from all over the film side by side, the whole panel as it shows them.

Each follows a few frames that are not shown, so that ghosts, and how lively the dither is, can be seen.
"""

import io
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.dithers.ditherer import Ditherer
from trainer.dithers.levels import Levels
from trainer.errors import FilmError
from trainer.films.film import Film
from trainer.films.selection import Selected, Selection
from trainer.films.times import FilmTime
from trainer.films.tones import Tones
from trainer.previews.glass import PanelGlass

RUN = 12
"""Frames up to and with the one that is shown, unless a cut lies between."""
WIDTH, GAP = 480, 8
"""Of each still at most, and between them; pixels."""


def stills(
    film: Film, selection: Selection, tones: Tones, count: int, make: Callable[[], Ditherer], levels: Levels
) -> bytes:
    """The PNG of `count` frames; fewer where the film does not say how long it is. FilmError for none."""
    pictures: list[NDArray[np.uint8]] = []
    for start in places(film, selection, count):
        here = replace(selection, start=start, end=None, count=RUN)
        try:
            with closing(here.frames(film, tones)) as frames:
                run = list(frames)
        except FilmError:  # it is shorter than its header says
            if not pictures:
                raise
            continue
        if run:
            pictures.append(_scaled(_shown(run, make(), levels)))
    if not pictures:
        raise FilmError(f"{film.path}: no frame is left to be shown; leave out --skip-black")
    gap = np.full((pictures[0].shape[0], GAP), 255, np.uint8)
    row = [part for picture in pictures for part in (gap, picture)][1:]
    file = io.BytesIO()
    Image.fromarray(np.concatenate(row, axis=1)).quantize(16).save(file, "PNG", optimize=True)
    return file.getvalue()


def places(film: Film, selection: Selection, count: int) -> list[FilmTime]:
    """The middles of `count` equal parts of what is selected; its start where its end is not known."""
    first = film.about(selection.start)
    end = film.frames_announced if selection.end is None else film.about(selection.end)
    last = first + 1 if end is None or end <= first else min(end, film.frames_announced or end)
    middles = {first + (last - first) * (2 * part + 1) // (2 * count) for part in range(count)}
    return [FilmTime(round(1000 * number / film.rate)) for number in sorted(middles)]


def _shown(run: list[Selected], ditherer: Ditherer, levels: Levels) -> NDArray[np.uint8]:
    """What the panel shows of the last frame: greys, uint8[H, W]."""
    cuts = [number for number, selected in enumerate(run) if selected.cut]
    run = run[cuts[-1] :] if cuts else run
    glass, action = PanelGlass(levels), "redraw"
    for selected, dither in zip(run, ditherer(selected.frame for selected in run), strict=True):
        seen = glass.show(selected.lettered(dither), action)
        action = "partial"
    return seen


def _scaled(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape
    if width <= WIDTH:
        return picture
    size = WIDTH, round(height * WIDTH / width)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
