"""The playlist, the open reel, and the place in it: which frame comes next.

Reels are opened one at a time and checked against the panel's size. One that cannot be opened in the middle
of a showing is reported and passed over. Directories are read again whenever a reel has ended.

A shuffled order is made anew for every round from the seed, the number of the round and the names of the
reels. So it is the same after a restart, and a reel that comes or goes moves no other.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from player.config.settings import Config
from player.errors import BadFrame, NoReel, NoSuchFrame, ReelError
from player.files import why
from player.progress import Progress, ShelfStore, newest
from player.reel import Reel
from player.times import Place, film_time, parse_place

_WHITE_OF_BLACK = 0.005  # share of white pixels up to which a frame is nearly black
_BLACK_IN_A_ROW = 1000  # frames passed over at most, then one of them is shown all the same
_FAR_BACK = 64  # frames looked at on the way back to one that can be shown


class Reels:
    """`paths`: absolute, in the order of this `round`; `number`: the frame to show next, of the open reel; it
    may be past the last, then call `turn`. `chosen_over`: see `Progress`. `size`: (width, height) of the
    panel. `shelf`: the queue, names, and where reels were left. Call `enter` first.
    """

    def __init__(
        self,
        size: tuple[int, int],
        open_reel: Callable[[Path], Reel],
        log: Callable[[str], None],
        shelf: ShelfStore | None = None,
    ) -> None:
        self.shelf = ShelfStore() if shelf is None else shelf
        self._from_queue = False  # the open reel was chosen or its turn came, and nothing of it is shown yet
        self.paths: tuple[Path, ...] = ()
        self.round = 0
        self.number = 0
        self.chosen_over: str | None = None
        self.duration: int | None = None
        """The time of the last frame in the open reel, milliseconds; None when it cannot be read."""
        self._size, self._open_reel, self._log = size, open_reel, log
        self._reel: Reel | None = None
        self._opened_at: tuple[int, int] | None = None
        self._lengths: dict[Path, int] = {}  # frames of reels that were looked into
        self._black = 0  # frames passed over in a row
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
        """What people call the film of the open reel."""
        return self.shelf.now.names.get(str(self.reel.path)) or self.reel.title

    def close(self) -> None:
        """Close the open reel, if there is one."""
        if self._reel is not None:
            self._reel.close()
            self._reel = None

    # Which reel.

    def look(self, config: Config) -> None:
        """Find the reels of the configuration, as they are now. ReelError when there are none."""
        self._lengths.clear()
        self.paths = arranged(expand(config.reels, config.films), config.order, config.seed, self.round)

    def enter(self, config: Config, kept: Progress, jump: Place | None, others: bool) -> bool:
        """Open the reel to begin with: the one that was shown last, unless told otherwise. Whether frame
        `number` of it is known to have been on the glass.

        `others`: where that reel is gone, begin the one after it. ReelError when there is none, NoSuchFrame
        when it ends before the place asked for.
        """
        self.round, self.chosen_over = kept.round, kept.chosen_over
        try:
            self.look(config)
        except ReelError:
            if jump is not None or not self._is_chosen_over(config):
                raise  # else there is the reel that was chosen
        if jump is None and kept.reel is not None and self._is_in_playlist(Path(kept.reel), config):
            try:
                return self._resume(kept)
            except ReelError as error:
                # Where nothing is waited for, a reel that was chosen must not keep the player from its own.
                chosen = bool(self.paths) and Path(kept.reel) not in self.paths
                if not (others or (chosen and not config.wait_for_films)):
                    raise
                gone = error
            self._begin_after(Path(kept.reel), gone)
            self.chosen_over = None
            return False
        self.round, self.chosen_over = 0, None
        self.look(config)
        if others:
            self._begin_after(Path(), None)
        else:
            self._open(self.paths[0])
        self.number = self._first_number(config, jump)
        return False

    def _resume(self, kept: Progress) -> bool:
        """Go back to the frame shown last; whether it is known to be on the glass."""
        assert kept.reel is not None
        path = Path(kept.reel)
        self._open(path)
        if kept.created != self.created:
            self._log(f"{path}: is not the same reel as before; going on at the same frame number")
        last = self.reel.frames - 1
        if kept.showing is not None or kept.frame is None:
            self.number = min(kept.showing or 0, last)
            return False
        self.number = min(kept.frame, last)
        return kept.frame <= last

    def _first_number(self, config: Config, jump: Place | None) -> int:
        """The frame at which the open reel begins. NoSuchFrame; but a service does not end over `start`."""
        try:
            return number_of(self.reel, jump or parse_place(config.start or "1", "start"))
        except NoSuchFrame as error:
            if jump is not None or not config.wait_for_films:
                raise
            self._log(f"start: {error}; beginning at frame 1")
            return 0

    def _begin_after(self, path: Path, gone: ReelError | None) -> None:
        """Begin the first reel that can be opened, after `path` in the order. ReelError when none can:
        `gone`, which says why `path` cannot, when there is no other.
        """
        later = after(self.paths, path)
        problems = [] if gone is None or path in self.paths else [str(gone)]
        for candidate in [*later, *(other for other in self.paths if other not in later)]:
            try:
                self._open(candidate)
            except ReelError as error:
                problems.append(str(error))
                continue
            for problem in problems:
                self._log(problem)
            if gone is not None:
                self._log(f"{path} is given up; going on with {candidate}")
            self.number = 0
            return
        raise ReelError(problems[0])

    def choose(self, config: Config, path: Path) -> None:
        """Open a reel at its beginning, in the playlist or not. ReelError when it cannot be opened."""
        self._open(path)
        self._from_queue = True
        self._begin(config)

    def _begin(self, config: Config) -> None:
        """Begin the open reel, or go on where it was left."""
        path = self.reel.path
        created, frame = self.shelf.now.places.get(str(path), ("", 0))
        self.number = frame if created == self.created and frame < self.reel.frames else 0
        self._log(f"{path}: " + (f"goes on at frame {self.number + 1}" if self.number else "begins"))
        self.chosen_over = None if path in self.paths else joined(config.reels, config.films)

    def arrived(self) -> None:
        """A frame of the open reel stands: it no longer waits in the queue."""
        queue, path = self.shelf.now.queue, str(self.reel.path)
        if self._from_queue and path in queue:
            self.shelf.change(queue=tuple(other for other in queue if other != path))
        self._from_queue = False

    def delete(self, config: Config, path: Path) -> bool:
        """Remove the file of a reel; whether another one was begun in its place. ReelError when none is left,
        OSError when it cannot be removed.
        """
        was_open = self._reel is not None and self.reel.path == path
        path.unlink()
        before = self.paths
        self.paths = tuple(other for other in self.paths if other != path)
        if was_open:
            self.close()
        self.shelf.change(**vars(self.shelf.now.without(str(path))))
        if not was_open:
            return False
        if self._take_from_queue(config):
            return True
        self.look(config)
        rest = after(self.paths, path, before)
        if not any(self._opened(other) for other in [*rest, *self.paths]):
            raise ReelError("no film is left that can be shown; send one")
        self._begin(config)
        return True

    def _take_from_queue(self, config: Config) -> bool:
        """Begin the first reel of the queue that can be opened; those before it are dropped. It leaves the
        queue when a frame of it stands, so that a power cut loses none.
        """
        while queue := self.shelf.now.queue:
            if self._opened(Path(queue[0])):
                self._from_queue = True
                self._begin(config)
                return True
            self.shelf.change(queue=queue[1:])
        return False

    def up_next(self, config: Config) -> Path | None:
        """The reel that follows the open one, as far as is known without reading again."""
        if queue := self.shelf.now.queue:
            return Path(queue[0])
        if config.end == "stop":
            return None
        if rest := after(self.paths, self.reel.path):
            return rest[0]
        if config.end == "next" or not self.paths:
            return None
        return arranged(self.paths, config.order, config.seed, self.round + 1)[0]

    def follow(self, config: Config) -> bool:
        """Find the reels that new settings name, and begin the first one if the open one is not among them;
        whether it was begun. ReelError.
        """
        self.look(config)
        if self._is_in_playlist(self.reel.path, config):
            return False
        self._open(self.paths[0])
        self.number = self._first_number(config, None)
        return True

    def _is_in_playlist(self, path: Path, config: Config) -> bool:
        """Whether a reel is one of the configuration, or was chosen over them."""
        return path in self.paths or self._is_chosen_over(config)

    def _is_chosen_over(self, config: Config) -> bool:
        return self.chosen_over == joined(config.reels, config.films)

    def turn(self, config: Config, shown: int) -> bool:
        """Go on after the last frame: to what an export has added since, or to another reel. False when the
        showing is over. `shown`: frames so far; ReelError when all reels in a row have brought none.
        """
        self.take_in_more()
        if self.number < self.reel.frames:
            return True
        reel = self.reel
        self._fruitless = self._fruitless + 1 if shown == self._shown_before_turn else 0
        if self._take_from_queue(config):
            self._shown_before_turn = shown
            return True
        if config.end != "stop" and self._next_reel(config, reel.path):
            self._shown_before_turn = shown
            self._begin(config)
            return True
        self._log(f"{reel.path}: all {reel.frames} frames have been shown; --start 1 shows them again")
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

    def is_last(self, config: Config) -> bool:
        """Whether nothing comes after the frame to show next."""
        return self.number + config.step >= self.reel.frames and self.reel.complete and self._is_final(config)

    def is_over(self, config: Config) -> bool:
        """Whether the last frame of the last reel is past, as far as is known without reading again."""
        return self.number >= self.reel.frames and self._is_final(config)

    def has_grown(self, config: Config) -> bool:
        """Whether an export has added to the open reel, or reels that follow it have come, since the reel and
        the directories were read last.
        """
        self.take_in_more()
        if self.number < self.reel.frames:
            return True
        before = self.paths
        try:
            self.look(config)
        except ReelError:
            return False
        return self.paths != before and not self._is_final(config)

    def frames_of_this(self, config: Config) -> int:
        """Frames of the open reel still to come, with the next one."""
        return max(-(-(self.reel.frames - self.number) // config.step), 0)

    def frames_left(self, config: Config) -> int:
        """Frames still to come, with the next one: of this reel, of those in the queue, and with `end` other
        than "stop" of those after it in this round.
        """
        later = [Path(path) for path in self.shelf.now.queue]
        later += () if config.end == "stop" else after(self.paths, self.reel.path)
        return self.frames_of_this(config) + sum(-(-self._length(path) // config.step) for path in later)

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
        if self.shelf.now.queue:
            return False
        return config.end == "stop" or (config.end == "next" and not after(self.paths, self.reel.path))

    def _opened(self, path: Path) -> bool:
        """Open a reel; False, with the reason in the log, when that is not possible."""
        try:
            self._open(path)
        except ReelError as error:
            self._log(str(error))
            return False
        return True

    def _open(self, path: Path, again: bool = False) -> None:
        """Open a reel instead of the open one; `again`: it is the same one. ReelError."""
        stamp = _stamp(path)
        reel = self._open_reel(path)
        try:
            check(reel, self._size)
        except ReelError:
            reel.close()
            raise
        if self._reel is not None and self._reel.path != path:
            self._leave()
        if not again:
            self._from_queue = False
        self.close()
        self._reel, self._opened_at = reel, stamp
        try:
            self.duration = reel.info(reel.frames - 1).time_ms
        except BadFrame:
            self.duration = None
        if not reel.complete and not again:
            self._log(f"{path}: its export was not finished; showing the {reel.frames} frames it holds")

    def take_in_more(self) -> None:
        """Take in what an export has added to the open reel since. What cannot be read now is read later."""
        if not self.reel.complete and _stamp(self.reel.path) != self._opened_at:
            with suppress(ReelError):
                self._open(self.reel.path, again=True)

    def _leave(self) -> None:
        """Note where the open reel is left; nowhere when its end was reached."""
        path = str(self.reel.path)
        places = {other: place for other, place in self.shelf.now.places.items() if other != path}
        if 0 < self.number < self.reel.frames:
            places[path] = (self.created, self.number)
        self.shelf.change(places=newest(places))

    # Which frame of the open reel.

    def pass_over(self, error: BadFrame) -> None:
        """Go on at the next key frame. ReelError when not the frame but the whole reel is gone."""
        with self._open_reel(self.reel.path):
            pass
        self._log(str(error))
        self.number = self.reel.frames if error.next_key is None else error.next_key

    def skips_black(self, config: Config) -> bool:
        """Whether frame `number` is skipped for being black. Never the last one: a reel shows something."""
        last = self.number + config.step >= self.reel.frames
        if last or self._black >= _BLACK_IN_A_ROW or not self._is_black(self.number, config):
            self._black = 0
            return False
        self._black += 1
        return True

    def before(self, number: int | None, config: Config) -> int | None:
        """The nearest frame before one that can be shown and is not skipped; None when there is none."""
        for _ in range(_FAR_BACK):
            number = -1 if number is None else number - config.step
            if number < 0:
                break
            try:
                self.reel.dither(number)
            except BadFrame:
                continue
            if not self._is_black(number, config):
                return number
        return None

    def _is_black(self, number: int, config: Config) -> bool:
        """Whether black frames are skipped and this one is black."""
        if not config.skip_black:
            return False
        dither = self.reel.dither(number)
        return bool(np.count_nonzero(dither) <= _WHITE_OF_BLACK * dither.size)

    def planned(self, at: int, number: int) -> bool | None:
        """Whether the reel's redraw plan redraws frame `number` after frame `at`: yes where that leads into
        another stretch, forth or back. None where the rule decides: the reel has no plan, or the step is
        another one than the plan was made for.
        """
        plan = self.reel.redraws
        if plan is None:
            return None
        first, last = min(at, number) + 1, max(at, number)
        if last - first > len(plan):  # the way may be as long as the film
            leads_on = any(first <= redraw <= last for redraw in plan)
        else:
            leads_on = any(between in plan for between in range(first, last + 1))
        if leads_on:
            return True
        return False if number in (at, at + 1) else None


def _stamp(path: Path) -> tuple[int, int] | None:
    """What changes when something is added to a reel."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def expand(names: Sequence[str], uploads: str | None = None) -> tuple[Path, ...]:
    """The reels named, each once, as absolute paths; a directory stands for its *.reel files in name order.

    `uploads`: one more directory, which need not exist yet. NoReel when there is none at all; ReelError when
    a directory cannot be read.
    """
    found: list[Path] = []
    empty: Path | None = None
    for name in [*names, *([] if uploads is None else [uploads])]:
        path = Path(name).absolute()
        try:
            inside = sorted(entry for entry in path.iterdir() if entry.suffix == ".reel" and entry.is_file())
        except NotADirectoryError:
            inside = [path]
        except FileNotFoundError:  # opening it will say so; a directory that is not mounted comes back
            inside = [] if name == uploads else [path]
        except OSError as error:
            raise ReelError(f"{path}: cannot be read: {why(error)}; check its permissions") from None
        empty = path if not inside and empty is None else empty
        found += inside
    if not found and empty is not None:
        raise NoReel(f"{empty}: holds no *.reel file; copy one there, or make one with `trainer export`")
    if not found:
        raise NoReel("no reel to show: give one (player run FILM.reel), or set reels in the configuration")
    return tuple(dict.fromkeys(found))


def joined(names: Sequence[str], uploads: str | None) -> str:
    """The arguments of `expand` as one text, which tells this playlist from others."""
    return os.pathsep.join([*names, uploads or ""])


def arranged(reels: Sequence[Path], order: str, seed: int, round: int) -> tuple[Path, ...]:
    """The reels in the order of a round (0 is the first): as they are, or shuffled with `order` "shuffle".

    No round begins with the reel that ended the one before; two reels alone therefore always take turns.
    """
    if order != "shuffle" or len(reels) < 3:
        return tuple(reels)
    shuffled = _shuffled(reels, seed, round)
    if round > 0 and shuffled[0] == _shuffled(reels, seed, round - 1)[-1]:
        shuffled[0], shuffled[1] = shuffled[1], shuffled[0]  # leaves the last one where it is
    return tuple(shuffled)


def _shuffled(reels: Sequence[Path], seed: int, round: int) -> list[Path]:
    """Sorted by a hash of the file's name alone, so that films keep their order when they are moved."""

    def key(path: Path) -> tuple[bytes, Path]:
        text = f"{seed} {round} {path.name}".encode(errors="surrogateescape")
        return hashlib.sha256(text).digest(), path

    return sorted(reels, key=key)


def after(reels: Sequence[Path], reel: Path, before: Sequence[Path] = ()) -> tuple[Path, ...]:
    """The reels that come after `reel` in a round, none when it is the last.

    When it is no longer among them, those follow that came after it in `before`, an earlier order; when it
    never was, all.
    """
    if reel in reels:
        return tuple(reels[reels.index(reel) + 1 :])
    if reel not in before:
        return tuple(reels)
    later = [path for path in before[before.index(reel) + 1 :] if path in reels]
    return tuple(reels[reels.index(later[0]) :]) if later else ()


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
        given = f"frame {place.value + 1}" if place.kind == "frame" else film_time(place.value)
        raise NoSuchFrame(f"{reel.path}: has no {given}; it holds frames 1 to {reel.frames}")
    return number
