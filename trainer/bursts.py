"""Bursts: short runs of consecutive frames, cut from all over the films, that a generator is trained on.

A burst is a square window of a film, the same in all of its frames, at a scale of its own: a dither meets
film both shrunk, sharp and quick, and magnified to a panel, smooth and slow. Bursts may cross a cut. They
are read once, in the film's order, and kept as bytes: uint8[bursts, LENGTH, side, side], luma.
"""

from collections.abc import Callable, Iterator
from math import exp, log

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.errors import OptionError
from trainer.films import Film

LENGTH = 17
"""Frames of a burst: enough for five at every fourth frame."""
WIDTHS = (320, 2000)
"""The width in pixels that a whole film has at the smallest and the largest scale; all between as likely."""

Bursts = NDArray[np.uint8]


def read_bursts(
    films: list[Film],
    side: int,
    count: int,
    rng: np.random.Generator,
    report: Callable[[int], None] = lambda done: None,
) -> Bursts:
    """About `count` bursts of side x side pixels, spread evenly over all films; `report` gets those begun.

    A burst that the film's end cuts short stands still from there on. Raises OptionError for a film that is
    too small to hold a window even at the largest scale, and FilmError.
    """
    lengths = [film.estimate() or 1 for film in films]
    step = max(1, sum(lengths) // count)
    found: list[Bursts] = []
    for film in films:
        for burst in _of_film(film, side, step, rng):
            found.append(burst)
            report(len(found))
            if len(found) == 2 * count:  # the headers promised fewer frames than there are
                return np.stack(found)
    return np.stack(found)


def _of_film(film: Film, side: int, step: int, rng: np.random.Generator) -> Iterator[Bursts]:
    """A burst from every `step`-th frame of a film on."""
    least = side / min(film.width, film.height)
    if least * film.width > WIDTHS[1]:
        raise OptionError(
            f"{film.name} is too small for patches of {side // 2} pixels; choose a smaller --patch"
        )
    begun: list[tuple[slice, slice, Bursts]] = []
    number = 0
    for number, frame in enumerate(film.frames()):
        if number % step == 0:
            window = _window(film, side, least, rng)
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


def _window(film: Film, side: int, least: float, rng: np.random.Generator) -> tuple[slice, slice]:
    """Rows and columns of a film's image that become a window at a random scale."""
    smallest = max(least, WIDTHS[0] / film.width)
    scale = exp(rng.uniform(log(smallest), log(max(smallest, WIDTHS[1] / film.width))))
    extent = min(round(side / scale), film.width, film.height)
    y, x = rng.integers(film.height - extent + 1), rng.integers(film.width - extent + 1)
    return slice(y, y + extent), slice(x, x + extent)


def _scaled(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    how = cv2.INTER_AREA if image.shape[0] > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (side, side), interpolation=how), np.uint8)
