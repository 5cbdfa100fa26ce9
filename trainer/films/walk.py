"""One pass over the frames of a selection, on which those of other parts are passed over.

Frames are only reached one after another (`decoder.py`). One that is passed over costs its decoding; one that
is looked at, to find where a part begins, its picture too; one that is given also its tones. What is given is
the same whatever was passed over: a frame depends on the film and on the one before it alone.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trainer.dithers.table import Ditherer
from trainer.films.cuts import is_cut
from trainer.films.film import (
    Film,
    Grabbed,
)
from trainer.films.parts import (
    Parts,
    cell_of,
)
from trainer.films.tones import (
    Tones,
    is_black,
)

if TYPE_CHECKING:  # it loads matplotlib, which an export without subtitles does not need
    from trainer.films.selection import Selection
    from trainer.films.subtitles.burning import Letters

Toned = tuple[NDArray[np.float32], "Letters | None"]


@dataclass(frozen=True)
class Selected:
    """One frame to show: its number and time (ms) in the film, whether a cut comes before it, its tones, the
    letters of subtitles that are burnt into them, and the number of the part that begins with it, if one does
    (`parts.py`).
    """

    number: int
    time_ms: int
    cut: bool
    frame: NDArray[np.float32]
    letters: "Letters | None" = None
    begins: int | None = None

    def dithered(self, ditherer: Ditherer, shown: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
        """Its dither after the shown one, uint8[H, W], with the letters as they are."""
        dither = ditherer(self.frame, shown if self.begins is None else None)
        if self.letters is None:
            return dither
        return np.where(self.letters.all, self.letters.white, dither).astype(np.uint8)


@dataclass(frozen=True)
class _Look:
    """A frame to show that was looked at: its index in the selection, and the rest as in `Selected`."""

    index: int
    number: int
    time_ms: int
    cut: bool
    begins: int | None
    toned: Callable[[], Toned]

    def selected(self) -> Selected:
        frame, letters = self.toned()
        return Selected(self.number, self.time_ms, self.cut, frame, letters, self.begins)


class Walk:
    """A pass that begins with the selection. Go to a part (`find`), take its frames (`part`), and so on,
    forward; `close` it.

    `following` is the number of the part that begins where the last one ended, None once the film did. `part`
    and `find` raise FilmError where the film holds no frame of the selection.
    """

    def __init__(self, selection: "Selection", film: Film, tones: Tones) -> None:
        self.following: int | None = 0
        self._selection, self._film, self._tones = selection, film, tones
        self._is_wanted: Callable[[Grabbed], bool] = lambda grabbed: True
        self._looks = self._iterate()
        self._held: _Look | None = None  # the first frame of the next part, looked at already

    def close(self) -> None:
        """Free the decoder."""
        self._looks.close()

    def find(self, number: int) -> bool:
        """Go to the first frame of the part of that number, a higher one than last time; False where none
        begins in that cell.
        """
        self._is_wanted = lambda grabbed: cell_of(grabbed.index) >= number
        if self._held is not None and self._held.begins is not None and self._held.begins >= number:
            return self._held.begins == number
        self._held = None
        for look in self._looks:
            if look.begins == number:
                self._held = look
                return True
            if number > 0 and cell_of(look.index) > number:
                return False
        self.following = None
        return False

    def part(self, after: int | None = None) -> Generator[Selected, None, None]:
        """The frames of the part just found; or those after the film's frame `after` up to the end of its
        part.
        """
        if after is not None:
            self._is_wanted = lambda grabbed: cell_of(grabbed.index) >= cell_of(self._index(after, grabbed))
        has_begun = after is not None
        # Chained, as a generator of their own would end the looks of the next part with this one's.
        held, self._held = [] if self._held is None else [self._held], None
        for look in chain(held, self._looks):
            if after is not None and look.number <= after:
                continue
            if look.begins is not None and has_begun:
                self._held, self.following = look, look.begins
                return
            has_begun = True
            yield look.selected()
        self.following = None

    def all(self, after: int | None = None) -> Generator[Selected, None, None]:
        """The frames of every part; or those after the film's frame `after`."""
        yield from self.part(after)
        while self.following is not None:
            yield from self.part()

    def _index(self, number: int, other: Grabbed) -> int:
        """The index in the selection of the film's frame `number`, from those of any other frame in it."""
        return other.index + (number - other.number) // self._selection.every

    def _iterate(self) -> Generator[_Look, None, None]:
        """The frames to show from where they are wanted on."""
        selection = self._selection
        # How many frames are shown cannot be told of those passed over where black ones are left out.
        counts, shown = selection.skip_black and selection.count is not None, 0
        parts, before = Parts(whole=True), None
        before_ms: int | None = None
        for grabbed in self._film.grabbed(selection.start, selection.end, selection.every):
            if (shown if counts else grabbed.index) == selection.count:
                return
            said_ms, before_ms = before_ms, grabbed.time_ms
            is_wanted = self._is_wanted(grabbed)
            if not is_wanted:
                parts, before = Parts(whole=False), None
                if not counts:
                    continue
            image = grabbed.image()
            toned = self._toning(image, grabbed.time_ms, said_ms)
            if selection.skip_black and is_black(toned()[0]):
                continue
            shown += 1
            if is_wanted:
                cut = before is not None and is_cut(before, image)
                before = image
                begins = parts.begins(grabbed.index, cut)
                yield _Look(grabbed.index, grabbed.number, grabbed.time_ms, cut, begins, toned)

    def _toning(self, image: NDArray[np.uint8], time_ms: int, before_ms: int | None) -> Callable[[], Toned]:
        """How to make the tones of an image, with the letters of what is said from `before_ms` on."""

        @cache
        def toned() -> Toned:
            frame = self._tones(image, self._film.pixel_aspect)
            if self._selection.subtitles is None:
                return frame, None
            letters = self._selection.subtitles.letters(time_ms, before_ms, self._tones.size)
            if letters is not None:
                frame = np.where(letters.all, letters.white, frame).astype(np.float32)
            return frame, letters

        return toned
