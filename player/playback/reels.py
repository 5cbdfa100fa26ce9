"""The reels of a showing and the place in them: which frame comes next.

Reels are opened one at a time and checked against the panel's size. One that cannot be opened in the
middle of a showing is reported and passed over. Directories are read again whenever a reel has ended.
"""

from collections.abc import Callable
from pathlib import Path

from player.config.settings import Config
from player.errors import BadFrame, NoSuchFrame, ReelError
from player.playback.playlist import (
    after,
    arranged,
    expand,
)
from player.progress import Progress
from player.reel import Reel
from player.times import Place, film_time


class Reels:
    """`paths`: absolute, in the order of this `round`; `size`: (width, height) of the panel. After `look` and
    one of `go_to`, `resume` and `choose`, `reel` is the open reel and `number` the frame to show next;
    `number` may be past the last, then call `turn`.
    """

    def __init__(
        self, size: tuple[int, int], open_reel: Callable[[Path], Reel], log: Callable[[str], None]
    ) -> None:
        self.paths: tuple[Path, ...] = ()
        self.round = 0
        self.number = 0
        self._size, self._open_reel, self._log = size, open_reel, log
        self._reel: Reel | None = None
        self._duration: int | None = None
        self._lengths: dict[Path, int] = {}  # frames of reels that were looked into
        self._shown_before_turn = -1
        self._fruitless = 0  # turns in a row after reels of which no frame could be shown

    @property
    def reel(self) -> Reel:
        """The open reel."""
        assert self._reel is not None
        return self._reel

    @property
    def is_open(self) -> bool:
        """Whether there is an open reel."""
        return self._reel is not None

    @property
    def created(self) -> str:
        """When the open reel was created; tells it from another one at the same path."""
        return self.reel.meta.get("created", "")

    @property
    def title(self) -> str:
        """The name of the film of the open reel, without a suffix."""
        return Path(self.reel.meta.get("film", "")).stem or self.reel.path.stem

    @property
    def duration(self) -> int | None:
        """The time of the last frame in the open reel, milliseconds; None when it cannot be read."""
        return self._duration

    def close(self) -> None:
        """Close the open reel, if there is one."""
        if self._reel is not None:
            self._reel.close()
            self._reel = None

    def look(self, config: Config) -> None:
        """Find the reels of the configuration, as they are now. ReelError when there are none."""
        self._lengths.clear()
        self.paths = arranged(expand(config.reels, config.films), config.order, config.seed, self.round)

    def go_to(self, place: Place, path: Path | None = None) -> None:
        """Begin at a place in a reel, else the first. NoSuchFrame when it has no such frame."""
        self._open(self.paths[0] if path is None else path)
        self.number = number_of(self.reel, place)

    def resume(self, kept: Progress) -> bool:
        """Go back to the frame shown last; whether it is known to be on the glass."""
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

    def begin_after(self, path: Path) -> None:
        """Begin the first reel that can be opened, after `path` in the order. ReelError when none can."""
        later = after(self.paths, path)
        problems: list[str] = []
        for candidate in [*later, *(other for other in self.paths if other not in later)]:
            try:
                self._open(candidate)
            except ReelError as error:
                problems.append(str(error))
                continue
            for problem in problems:
                self._log(problem)
            self.number = 0
            return
        raise ReelError(problems[0])

    def is_last(self, config: Config) -> bool:
        """Whether nothing comes after the frame to show next."""
        return self.number + config.step >= self.reel.frames and self.reel.complete and self._is_final(config)

    def is_over(self, config: Config) -> bool:
        """Whether the last frame of the last reel is past, as far as is known without reading again."""
        return self.number >= self.reel.frames and self._is_final(config)

    def has_grown(self, config: Config) -> bool:
        """Whether reels have come, since the directories were read last, that follow the open one."""
        before = self.paths
        try:
            self.look(config)
        except ReelError:
            return False
        return self.paths != before and not self._is_final(config)

    def turn(self, config: Config, shown: int) -> bool:
        """Go on after the last frame: to what an export has added since, or to another reel; False when the
        showing is over. `shown`: frames so far; ReelError when all reels in a row have brought none.
        """
        reel = self.reel
        if not reel.complete:
            self._open(reel.path)
            if self.number < self.reel.frames:
                return True
        self._fruitless = self._fruitless + 1 if shown == self._shown_before_turn else 0
        if config.end != "stop" and self._next_reel(config, reel.path):
            self.number, self._shown_before_turn = 0, shown
            self._log(f"{self.reel.path}: begins")
            return True
        self._log(f"{reel.path}: all {reel.frames} frames are shown; --start 0 shows them again")
        return False

    def _next_reel(self, config: Config, path: Path) -> bool:
        """Open the one after `path`: in this round, and with `end` "loop" in the next."""
        before = self.paths
        self.look(config)
        rest = after(self.paths, path, before)
        if self._fruitless >= len(self.paths) and (rest or config.end == "loop"):
            raise ReelError(f"{path}: no frame of it can be shown; copy it again")
        if any(self._opened(other) for other in rest):
            return True
        if config.end != "loop":
            return False
        self.round += 1
        self.look(config)
        if not any(self._opened(other) for other in self.paths):
            raise ReelError("none of the reels can be shown; the lines above say why")
        return True

    def frames_left(self, config: Config) -> int:
        """Frames still to come, the next one too: of this reel, and with `end` other than "stop" of those
        after it in this round.
        """
        left = -(-(self.reel.frames - self.number) // config.step)
        for path in () if config.end == "stop" else after(self.paths, self.reel.path):
            left += -(-self._length(path) // config.step)
        return max(left, 0)

    def can_open_any(self) -> bool:
        """Whether one of the reels can be opened; the open one stays."""
        return any(self._length(path) for path in self.paths)

    def _length(self, path: Path) -> int:
        """Frames in a reel, 0 when it cannot be opened."""
        if path not in self._lengths:
            try:
                with self._open_reel(path) as reel:
                    check(reel, self._size)
                    self._lengths[path] = reel.frames
            except ReelError:
                self._lengths[path] = 0
        return self._lengths[path]

    def _is_final(self, config: Config) -> bool:
        return config.end == "stop" or (config.end == "next" and not after(self.paths, self.reel.path))

    def _opened(self, path: Path) -> bool:
        """Whether it could be opened; else why not is in the log."""
        try:
            self._open(path)
        except ReelError as error:
            self._log(str(error))
            return False
        return True

    def _open(self, path: Path) -> None:
        reel = self._open_reel(path)
        try:
            check(reel, self._size)
        except ReelError:
            reel.close()
            raise
        self.close()
        self._reel = reel
        try:
            self._duration = reel.info(reel.frames - 1).time_ms
        except BadFrame:
            self._duration = None
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
    """The frame number of a place in a reel. NoSuchFrame when the reel ends before it."""
    number = place.value if place.kind == "frame" else reel.number_at(place.value)
    if number >= reel.frames:
        given = f"frame {place.value}" if place.kind == "frame" else film_time(place.value)
        raise NoSuchFrame(f"{reel.path}: has no {given}; it holds frames 0 to {reel.frames - 1}")
    return number
