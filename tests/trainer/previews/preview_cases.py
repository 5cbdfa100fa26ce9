"""Made frames and dithers for the tests of previews: ditherers that play a list, every pixel known."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tests.trainer.evaluate.evaluate_cases import divided, select
from trainer.dithers.levels import Levels
from trainer.evaluate.score import Comparison
from trainer.films.selection import Selected
from trainer.previews.view import Crop, View

WIDTH, HEIGHT, COUNT = 70, 44, 26
"""No multiples of 8."""
CUT = 9
REDRAWS = (CUT, 20)
"""Where stretches begin, the first one aside."""
LABELS = ("lively", "calm:0.5")


class Played:
    """A ditherer that gives the dithers of a list, stretch after stretch, whatever the frames are."""

    def __init__(self, dithers: Sequence[NDArray[np.uint8]]) -> None:
        self._left = list(dithers)

    def __call__(self, frames: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.uint8]]:
        for _ in frames:
            yield self._left.pop(0)


def selected_frames(count: int = COUNT) -> list[Selected]:
    """A ramp that moves to the right, with a cut; frame n is film frame 100 + 2 n."""
    ramp = np.linspace(0, 1, WIDTH, dtype=np.float32)
    return [
        select(100 + 2 * n, 4000 + 80 * n, np.tile(np.roll(ramp, n), (HEIGHT, 1)), n == CUT)
        for n in range(count)
    ]


def made_dithers(count: int = COUNT) -> dict[str, list[NDArray[np.uint8]]]:
    """By label, a dither for each frame.

    `lively` flips a tenth of its pixels a frame, `calm:0.5` one of 500; at frame 5 nothing changes in it.
    """
    made = {}
    for seed, (label, share) in enumerate(zip(LABELS, (0.1, 0.002), strict=True)):
        rng = np.random.default_rng(seed)
        dithers = [rng.integers(0, 2, (HEIGHT, WIDTH), np.uint8)]
        for n in range(1, count):
            flips = rng.random((HEIGHT, WIDTH)) < (0 if (seed, n) == (1, 5) else share)
            dithers.append(dithers[-1] ^ flips.astype(np.uint8))
        made[label] = dithers
    return made


def comparison(count: int = COUNT, expected: int | None = COUNT) -> Comparison:
    """The made dithers of the made frames."""
    ditherers = {label: Played(dithers) for label, dithers in made_dithers(count).items()}
    return Comparison(divided(selected_frames(count), REDRAWS), ditherers, expected)


def view(glass: bool = True, film: str = "made film.mp4", fps: float = 8) -> View:
    """A part of 40 x 30 pixels off the middle."""
    return View(film, (WIDTH, HEIGHT), 2, Crop(21, 9, 40, 30), glass, fps, Levels(black=1 / 12))


def seen_on_glass(dithers: Sequence[NDArray[np.uint8]], actions: Sequence[str]) -> list[NDArray[np.uint8]]:
    """What can be seen after each, pixel by pixel in words: white is 224 and black 32; a black pixel that was
    darkened since the last redraw is 48. Written apart from the code under test and from the simulator."""
    seen = []
    before = np.ones_like(dithers[0])
    ghosts: set[tuple[int, int]] = set()
    for dither, action in zip(dithers, actions, strict=True):
        darkened = {(int(y), int(x)) for y, x in zip(*np.nonzero(before > dither), strict=True)}
        ghosts = set() if action == "redraw" else {(y, x) for y, x in ghosts | darkened if not dither[y, x]}
        picture = np.where(dither, np.uint8(224), np.uint8(32))
        for y, x in ghosts:
            picture[y, x] = 48
        seen.append(picture)
        before = dither
    return seen
