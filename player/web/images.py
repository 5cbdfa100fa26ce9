"""Pictures for the page, as PNG: the panel, the glass, and what a reel holds.

Large ones are averaged down: a whole dither hardly compresses, and a phone has fewer pixels than the panel.

The glass is the one that the player believes in: the dither on the panel, with its ghosts. A pixel drawn
black over white by a partial update stays slightly grey until the next redraw. The player knows the dither
now on the panel and the one of the last redraw, so it can tell which pixels went from white to black in
between. A pixel that was black at the redraw, went white and came back is a ghost too, but the two dithers do
not show it. Such pixels are rare, and the picture shows them black. How grey ghosts are, the panel's profile
says; without one the grey is chosen to be visible.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from player.errors import BadFrame, PlayerError
from player.pictures.png import few_greys, one_bit, sixteen_greys
from player.playback.status import StatusBoard
from player.profile import read_profile
from player.reel import Reel
from player.reel.format import KEY_INTERVAL

BLACK, WHITE = 32, 224  # reflectance, 0 to 255
UNMEASURED = 48, WHITE
"""The greys of a darkened and a lightened pixel where no profile tells."""
PAGE, POSTER, SMALL = 760, 260, 90
"""Widths in pixels that pictures are brought near to: of the page, of a poster, in a strip."""
STRIP = 8  # frames in a strip
TICKS = 400  # shots whose boundaries a strip marks
_SAMPLES = 11  # frames of which the most typical one becomes the poster
_KEPT = 64  # pictures of reels in memory: about a megabyte


class Picture(NamedTuple):
    """A PNG file, and a tag that identifies its content, for ETag."""

    tag: str
    png: bytes


class Pictures:
    """What the board shows, and pictures of reels, each made once. Thread-safe. One is made at a
    time, so that memory and the processor are left to the film.
    """

    def __init__(self, board: StatusBoard, profile: Path | None = None) -> None:
        self._board, self._profile, self._lock = board, profile, threading.Lock()
        self._of: tuple[object, ...] = ()
        self._ghosts = UNMEASURED
        self._now: dict[str, Picture | None] = {}
        self._kept: OrderedDict[tuple[str, ...], Picture] = OrderedDict()

    def panel(self) -> Picture | None:
        """The dither on the panel, 1 bit per pixel; None before the first."""
        return self._shown("panel", lambda dither, *_: one_bit(np.packbits(dither, axis=1), dither.shape[1]))

    def glass(self) -> Picture | None:
        """The glass with its ghosts; None before the first redraw."""
        return self._shown("glass", _glass)

    def page(self, look: str) -> Picture | None:
        """The panel or the glass at the width of a page, 16 greys; None where there is none."""
        if look == "glass":
            return self._shown("page glass", lambda *both: _page(believed_glass(*both)))
        return self._shown("page panel", lambda dither, *_: _page(dither * np.uint8(255)))

    def of_reel(self, tag: str, what: str, reel: Callable[[], Reel], number: int = 0) -> Picture:
        """A picture of a reel that `tag` identifies: "poster", "strip", or frame `number` as "frame" or
        "thumb". ReelError, BadFrame, IndexError.
        """
        key = (tag, what, str(number))
        with self._lock:
            if key not in self._kept:
                with reel() as opened:
                    self._kept[key] = named(_DRAWN[what](opened, number))
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]

    def _shown(
        self,
        what: str,
        draw: Callable[[NDArray[np.uint8], NDArray[np.uint8], tuple[int, int]], bytes],
    ) -> Picture | None:
        """A picture of the two dithers on the board, made once for each pair of them and each profile."""
        with self._lock:
            _, dither, redrawn = self._board.latest()
            of = id(dither), id(redrawn), _stamp(self._profile)
            if self._of[:3] != of:
                self._of, self._now = (*of, dither, redrawn), {}
                self._ghosts = ghosts_of(self._profile)
            if dither is None or (redrawn is None and "glass" in what):
                return None
            if what not in self._now:
                self._now[what] = named(draw(dither, dither if redrawn is None else redrawn, self._ghosts))
            return self._now[what]


def ghosts_of(profile: Path | None) -> tuple[int, int]:
    """The greys of a darkened and a lightened pixel, by the panel's profile."""
    if profile is None or not profile.exists():
        return UNMEASURED
    try:
        found = read_profile(profile)
    except PlayerError:
        return UNMEASURED
    lift, fall = ((WHITE - BLACK) * ghost for ghost in (found.ghost, found.ghost_white))
    return BLACK + round(lift), WHITE - round(fall)


def believed_glass(
    dither: NDArray[np.uint8], redrawn: NDArray[np.uint8], ghosts: tuple[int, int] = UNMEASURED
) -> NDArray[np.uint8]:
    """Reflectance uint8[H, W] of BLACK, WHITE and the `ghosts` of a darkened and a lightened pixel, from the
    dither now on the panel and the one of the last redraw, both uint8[H, W] of 0 and 1.
    """
    seen = np.where(dither, np.uint8(WHITE), np.uint8(BLACK))
    seen[dither < redrawn], seen[dither > redrawn] = ghosts
    return seen


def _glass(dither: NDArray[np.uint8], redrawn: NDArray[np.uint8], ghosts: tuple[int, int]) -> bytes:
    return few_greys(believed_glass(dither, redrawn, ghosts), sorted({BLACK, *ghosts, WHITE}))


def _page(picture: NDArray[np.uint8]) -> bytes:
    """A picture near the width PAGE."""
    return sixteen_greys(averaged(picture, PAGE))


def _stamp(path: Path | None) -> tuple[int, int]:
    """What changes with a file."""
    with suppress(OSError):
        if path is not None:
            status = path.stat()
            return status.st_mtime_ns, status.st_size
    return 0, 0


def averaged(picture: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """A picture uint8[H, W] with squares of pixels averaged, so that it comes near to `width`. Rows and
    columns that fill no square are left out.
    """
    side = max(1, round(picture.shape[1] / width))
    if side == 1:
        return picture
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    squares = picture[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return (squares.sum((1, 3), dtype=np.uint32) // (side * side)).astype(np.uint8)


def _frame(reel: Reel, number: int) -> bytes:
    return sixteen_greys(averaged(reel.dither(number) * np.uint8(255), PAGE))


def _thumb(reel: Reel, number: int) -> bytes:
    return sixteen_greys(averaged(reel.dither(number) * np.uint8(255), POSTER))


def _poster(reel: Reel, _: int) -> bytes:
    """The most typical frame: the one that differs least from the others that are looked at."""
    found = []
    for number in spread(reel, _SAMPLES):
        with suppress(BadFrame):
            found.append(averaged(reel.dither(number) * np.uint8(255), POSTER))
    if not found:
        raise BadFrame(reel.path, 0, "no frame for a poster can be read", None)
    small = np.stack([averaged(picture, 24) for picture in found]).astype(np.int32)
    apart = np.abs(small[:, None] - small[None]).sum((2, 3)).sum(1).astype(float)
    apart += 1e9 * (np.abs(small.mean((1, 2)) - 127.5) > 110)  # nearly black or white: only if all are
    return sixteen_greys(found[int(apart.argmin())])


def _strip(reel: Reel, _: int) -> bytes:
    """STRIP frames from all over the film side by side, with a mark above where a shot begins."""
    tiles: list[NDArray[np.uint8]] = []
    for place in range(STRIP):
        try:
            dither = reel.dither(_key_near(reel, int((place + 0.5) * reel.frames / STRIP)))
        except BadFrame:
            dither = np.ones((reel.height, reel.width), np.uint8)
        tiles.append(averaged(dither * np.uint8(255), SMALL))
    strip = np.concatenate(tiles, 1)
    marks = np.full((4, strip.shape[1]), 255, np.uint8)
    for cut in shots(reel):
        marks[:, min(cut * strip.shape[1] // reel.frames, strip.shape[1] - 1)] = 0
    return sixteen_greys(np.concatenate([marks, strip]))


def shots(reel: Reel, most: int = TICKS) -> list[int]:
    """The first frames of all shots but the first, by the redraw plan; none where there are too many of them
    to be marked.
    """
    plan = sorted(reel.redraws or ())
    return [number for number in plan if _is_cut(reel, number)] if len(plan) <= most else []


def shots_near(reel: Reel, number: int, each_way: int = 2) -> list[int]:
    """The first frame of the shot that frame `number` is in, and those of the shots around it."""
    plan = sorted(reel.redraws or ())
    before = [at for at in reversed(plan) if at <= number]
    after = [at for at in plan if at > number]
    found = []
    for side, many in ((before, each_way + 1), (after, each_way)):
        cuts = [at for at in side[:500] if _is_cut(reel, at)][:many]
        found += cuts
    return sorted({0, *found} if len(found) <= each_way and number < reel.frames else set(found))


def _is_cut(reel: Reel, number: int) -> bool:
    try:
        return reel.info(number).cut
    except BadFrame:
        return False


def spread(reel: Reel, many: int) -> list[int]:
    """At most so many frames from all over the film, not quite from its ends, that are quickly read."""
    places = ((place + 0.5) * reel.frames / many for place in range(many))
    return sorted({_key_near(reel, int(place)) for place in places})


def _key_near(reel: Reel, number: int) -> int:
    """The key frame that `number` is decoded from: the quickest one near it."""
    for at in range(number, max(number - KEY_INTERVAL, -1), -1):
        with suppress(BadFrame):
            if reel.info(at).key:
                return at
    return number


_DRAWN: dict[str, Callable[[Reel, int], bytes]] = {
    "poster": _poster,
    "strip": _strip,
    "frame": _frame,
    "thumb": _thumb,
}


def named(png: bytes) -> Picture:
    """A PNG file with the tag of its content."""
    return Picture(hashlib.blake2b(png, digest_size=12).hexdigest(), png)
