"""Bursts: short runs of consecutive frames, cut from all over the films, that a generator is trained on.

A burst is a square window of a film, the same in all of its frames, at a scale of its own: a dither meets
film both shrunk, sharp and quick, and magnified to a panel, smooth and slow. (The film-maker's way is one
scale for all, half the film's resolution.) Bursts may cross a cut. They are read once, in the film's order,
and kept as bytes: uint8[bursts, LENGTH, side, side], luma, in a nameless file in the folder for temporary
ones, which goes with the process.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain, islice
from math import exp, log
from tempfile import TemporaryFile, gettempdir

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.errors import OptionError, TrainerError
from trainer.films.film import Film
from trainer.films.times import Place

LENGTH = 17
"""Frames of a burst: enough for five at every fourth frame."""
WIDTHS = (320, 2000)
"""The width in pixels that a whole film has at the smallest and the largest scale; all between as likely."""

HALF = 0.5
"""The scale of half resolution."""

Bursts = NDArray[np.uint8]


def read_bursts(
    films: list[Film],
    side: int,
    count: int,
    rng: np.random.Generator,
    report: Callable[[int], None] = lambda done: None,
    scale: float | None = None,
) -> Bursts:
    """About `count` bursts of side x side pixels, spread evenly over all films; `report` gets those begun.

    `scale` is that of all of them, in pixels of a burst per pixel of its film; None: each has its own. A
    burst that the film's end cuts short stands still from there on. Raises OptionError for a film that is
    too small to hold a window even at the largest scale, FilmError, and TrainerError for a full disk.
    """
    lengths = [film.estimate() or 1 for film in films]
    step = max(1, sum(lengths) // count)
    every = chain.from_iterable(_of_film(film, side, step, rng, scale) for film in films)
    with TemporaryFile() as file:
        number = 0
        for burst in islice(every, 2 * count):  # where the headers promised fewer frames than there are
            try:
                file.write(burst.tobytes())
            except OSError as error:
                raise TrainerError(
                    f"the bursts find no room in {gettempdir()}: {(error.strerror or str(error)).lower()}; "
                    "free space, let TMPDIR name another folder, or take fewer --bursts"
                ) from None
            number += 1
            report(number)
        file.flush()
        return np.memmap(file, np.uint8, "r", shape=(number, LENGTH, side, side))


def overfit_burst(film: Film, place: Place, side: int, scale: float | None = None) -> Bursts:
    """One frame as the only burst, uint8[1, LENGTH, side, side]: a window in its middle, standing still.

    `scale` as for `read_bursts`; None: the film's own. Raises OptionError where the frame is too small for
    the window, and FilmError.
    """
    extent = round(side / (scale or 1))
    if extent > min(film.width, film.height):
        raise OptionError(f"{film.name} is too small for a patch of {side} pixels; choose a smaller --patch")
    with closing(film.frames(place)) as frames:
        frame = next(frames)
    y, x = (film.height - extent) // 2, (film.width - extent) // 2
    return np.broadcast_to(
        _scaled(frame.image[y : y + extent, x : x + extent], side), (1, LENGTH, side, side)
    )


def _of_film(
    film: Film, side: int, step: int, rng: np.random.Generator, scale: float | None
) -> Iterator[Bursts]:
    """A burst from every `step`-th frame of a film on."""
    least = side / min(film.width, film.height)
    if least > (WIDTHS[1] / film.width if scale is None else scale):
        raise OptionError(
            f"{film.name} is too small for patches of {side // 2} pixels; choose a smaller --patch"
        )
    begun: list[tuple[slice, slice, Bursts]] = []
    number = 0
    for number, frame in enumerate(film.frames()):
        if number % step == 0:
            window = _window(film, side, least, rng, scale)
            begun.append((*window, np.empty((0, side, side), np.uint8)))
        grown = []
        for rows, columns, burst in begun:
            picture = _scaled(frame.image[rows, columns], side)
            burst = np.concatenate([burst, picture[None]])
            if len(burst) == LENGTH:
                yield burst
            else:
                grown.append((rows, columns, burst))
        begun = grown
    for _, _, burst in begun:
        yield np.concatenate([burst, np.repeat(burst[-1:], LENGTH - len(burst), 0)])


def _window(
    film: Film, side: int, least: float, rng: np.random.Generator, scale: float | None
) -> tuple[slice, slice]:
    """Rows and columns of a film's image that become a window, at a random scale where none is given."""
    if scale is None:
        smallest = max(least, WIDTHS[0] / film.width)
        scale = exp(rng.uniform(log(smallest), log(max(smallest, WIDTHS[1] / film.width))))
    extent = min(round(side / scale), film.width, film.height)
    y, x = rng.integers(film.height - extent + 1), rng.integers(film.width - extent + 1)
    return slice(y, y + extent), slice(x, x + extent)


def _scaled(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    how = cv2.INTER_AREA if image.shape[0] > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (side, side), interpolation=how), np.uint8)
