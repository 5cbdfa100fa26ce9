"""The reels of a showing and the place in them: which frame comes next.

Reels are opened one at a time and checked against the panel's size. One that cannot be opened in the
middle of a showing is reported and passed over.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from player.errors import ReelError
from player.playlist import following
from player.progress import Progress
from player.reel import Reel
from player.times import Place, film_time


class Reels:
    """`paths`: absolute, in order; `size`: (width, height) of the panel. After `go_to` or `resume`, `reel`
    is the open reel and `number` the frame to show next; `number` may be one past the last, then call
    `turn`.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        size: tuple[int, int],
        open_reel: Callable[[Path], Reel],
        log: Callable[[str], None],
    ) -> None:
        self.paths = tuple(paths)
        self.number = 0
        self._size, self._open_reel, self._log = size, open_reel, log
        self._reel: Reel | None = None
        self._shown_before_turn = -1
        self._fruitless = 0  # turns in a row after reels of which no frame could be shown

    @property
    def reel(self) -> Reel:
        """The open reel."""
        assert self._reel is not None
        return self._reel

    @property
    def created(self) -> str:
        """When the open reel was created; tells it from another one at the same path."""
        return self.reel.meta.get("created", "")

    def close(self) -> None:
        """Close the open reel, if there is one."""
        if self._reel is not None:
            self._reel.close()

    def go_to(self, place: Place) -> None:
        """Begin at a place in the first reel. ReelError when it has no such frame."""
        self._open(self.paths[0])
        self.number = number_of(self.reel, place)

    def resume(self, kept: Progress) -> bool:
        """Go back to the frame shown last, in one of `paths`; whether it is known to be on the glass."""
        assert kept.reel is not None
        path = Path(kept.reel)
        self._open(path)
        if kept.created != self.created:
            self._log(f"{path}: is another reel than before; going on at the same frame number")
        last = self.reel.frames - 1
        if kept.showing is not None or kept.frame is None:
            self.number = min(kept.showing or 0, last)
            return False
        self.number = min(kept.frame, last)
        return kept.frame <= last

    def is_last(self, end: str) -> bool:
        """Whether nothing comes after the frame to show next. `end`: see the setting."""
        at_end = self.number >= self.reel.frames - 1 and self.reel.complete
        return at_end and following(self.paths, self.reel.path, end) is None

    def turn(self, end: str, shown: int) -> bool:
        """Go on after the last frame: to what an export has added since, or to another reel; False when the
        showing is over. `shown`: frames so far; ReelError when all reels in a row have brought none.
        """
        reel = self.reel
        if not reel.complete:
            self._open(reel.path)
            if self.number < self.reel.frames:
                return True
        self._fruitless = self._fruitless + 1 if shown == self._shown_before_turn else 0
        path = reel.path
        for _ in self.paths:
            after = following(self.paths, path, end)
            if after is None:
                self._log(f"{reel.path}: all {reel.frames} frames are shown; --start 0 shows them again")
                return False
            if self._fruitless >= len(self.paths):
                raise ReelError(f"{reel.path}: no frame of it can be shown; copy it again")
            path = after
            try:
                self._open(path)
            except ReelError as error:
                self._log(str(error))
                continue
            self.number, self._shown_before_turn = 0, shown
            return True
        raise ReelError("none of the reels can be shown; the lines above say why")

    def _open(self, path: Path) -> None:
        reel = self._open_reel(path)
        try:
            check(reel, self._size)
        except ReelError:
            reel.close()
            raise
        self.close()
        self._reel = reel
        if not reel.complete:
            self._log(f"{path}: its export was not finished; showing the {reel.frames} frames it holds")


def check(reel: Reel, size: tuple[int, int]) -> None:
    """ReelError unless the reel has a frame and fits a panel of `size` (width, height)."""
    width, height = size
    if (reel.width, reel.height) != size:
        raise ReelError(
            f"{reel.path}: is {reel.width}x{reel.height} and the panel {width}x{height}; "
            f"export the film again with --size {width}x{height}"
        )
    if reel.frames == 0:
        raise ReelError(f"{reel.path}: holds no frame yet; let `trainer export` go on first")


def number_of(reel: Reel, place: Place) -> int:
    """The frame number of a place in a reel. ReelError when the reel ends before it."""
    number = place.value if place.kind == "frame" else reel.number_at(place.value)
    if number >= reel.frames:
        given = f"frame {place.value}" if place.kind == "frame" else film_time(place.value)
        raise ReelError(f"{reel.path}: has no {given}; it holds frames 0 to {reel.frames - 1}")
    return number
