"""`Reel`: random access to the dithers of a reel, trusting nothing in it.

Reading on costs one payload per frame; a jump decodes at most 64. Sizes, both CRCs and the chain back to
the key frame are checked before a dither leaves here: a frame that fails raises BadFrame and is never
returned.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from player.errors import BadFrame, EmptyReel, ReelError
from player.reel import packing
from player.reel.checking import recount
from player.reel.file import (
    FORMAT_VERSION,
    KEY_INTERVAL,
    LARGEST_SIDE,
    RESERVED,
    SQL_ERRORS,
    FrameInfo,
    connect,
    error_name,
    explain,
    look,
    words,
)

_EMPTY = "is empty; let `trainer export` write it, or copy it again"
_FIX = "give the path of a file made by `trainer export`"
_SMALLEST_ROW = 16  # bytes; a bound on the number of frames, so that damage cannot ask for endless loops
_INFO = "SELECT time_ms, film_frame, kind, flips, darkened, cut FROM frames WHERE number = ?"
_KIND = "SELECT kind FROM frames WHERE number = ?"
_PAYLOAD = "SELECT kind, crc, payload_crc, payload FROM frames WHERE number = ?"


class Reel:
    """A reel opened read-only. ReelError (one line) when the file is no reel or damaged as a whole.

    `width`, `height` in pixels; `frames` readable when it was opened (numbers 0 to frames - 1); `complete`
    whether the export was finished; `meta` what the trainer wrote about the film and the ditherer, and when
    it was created.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        try:
            if not look(self.path, _FIX):
                raise EmptyReel(f"{self.path}: {_EMPTY}")
        except FileNotFoundError:
            raise ReelError(
                f"{self.path}: no such file; check the path, or make it with `trainer export`"
            ) from None
        self._last: tuple[int, packing.Bits] | None = None
        try:
            self._connection = connect(self.path, "ro")
        except SQL_ERRORS as error:
            raise explain(self.path, error) from None
        try:
            self._open()
        except BaseException as error:
            self._connection.close()
            if isinstance(error, SQL_ERRORS):
                raise explain(self.path, error) from None
            raise

    def _open(self) -> None:
        query = self._connection.execute
        pages, page = query("PRAGMA page_count").fetchone()[0], query("PRAGMA page_size").fetchone()[0]
        size = self.path.stat().st_size  # after the count, as a reel being written only grows
        if size < pages * page:
            raise ReelError(f"{self.path}: is truncated ({size} of {pages * page} bytes); copy it again")
        tables = query("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        if not {("reel",), ("frames",)} <= set(tables):
            raise EmptyReel(f"{self.path}: {_EMPTY}")
        stored: dict[Any, Any] = dict(query("SELECT key, value FROM reel").fetchall())
        if not all(isinstance(key, str) and isinstance(value, str) for key, value in stored.items()):
            raise self._damaged("its description is not text")
        try:
            self.width, self.height = int(stored["width"]), int(stored["height"])
            self.complete = bool(int(stored["complete"]))
            claimed = int(stored["frames"]) if self.complete else None
        except (KeyError, ValueError):
            raise self._damaged("its description lacks width, height, complete or frames") from None
        if not (0 < self.width <= LARGEST_SIDE and 0 < self.height <= LARGEST_SIDE):
            raise self._damaged(f"it claims a size of {self.width}x{self.height}")
        if stored.get("format") != str(FORMAT_VERSION):
            raise self._damaged(f"it claims format {stored.get('format')}")
        self._shape = packing.packed_shape(self.width, self.height)
        picture = self._shape[0] * self._shape[1]
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, picture + picture // 8 + 65536)
        self.meta: dict[str, str] = {k: v for k, v in stored.items() if k not in RESERVED or k == "created"}
        if claimed is None:
            last = query("SELECT max(number) FROM frames").fetchone()[0]
            self.frames: int = 0 if last is None else last + 1
        else:
            self.frames = claimed
        if not 0 <= self.frames <= size // _SMALLEST_ROW:
            raise self._damaged(f"it claims {self.frames} frames, more than its bytes can hold")

    def _damaged(self, what: str) -> ReelError:
        return ReelError(f"{self.path}: is damaged ({what}); copy it again or export the film again")

    def __enter__(self) -> "Reel":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. The reel cannot be used afterwards."""
        self._connection.close()

    def info(self, number: int) -> FrameInfo:
        """What the reel says of a frame, undecoded. IndexError out of range, BadFrame if damaged."""
        self._check_range(number)
        time_ms, film_frame, kind, flips, darkened, cut = self._row(_INFO, number, number)
        if not all(isinstance(value, int) for value in (time_ms, film_frame, flips, darkened, cut)):
            raise self._bad(number, "its row does not hold numbers")
        return FrameInfo(number, time_ms, film_frame, kind == "key", flips, darkened, bool(cut))

    def dither(self, number: int) -> NDArray[np.uint8]:
        """uint8[height, width], 0 black, 1 white. IndexError out of range, BadFrame if damaged."""
        return packing.unpack(self.packed(number), self.width)

    def packed(self, number: int) -> packing.Bits:
        """The dither as uint8[height, ceil(width/8)], leftmost pixel in the highest bit; read-only."""
        self._check_range(number)
        if self._last is not None and self._last[0] == number:
            return self._last[1]
        before, start = self._start(number)
        for at in range(start, number + 1):
            before = self._decode(at, before, number)
        assert before is not None
        before.flags.writeable = False
        self._last = (number, before)
        return before

    def payload(self, number: int) -> bytes:
        """The payload of a frame as it is stored. IndexError out of range, BadFrame if damaged."""
        self._check_range(number)
        return self._stored(number, number)[2]

    def _stored(self, number: int, asked: int) -> tuple[str, int, bytes]:
        """Kind, checksum of the dither, and checked payload of one row. BadFrame for the frame asked."""
        kind, checksum, payload_checksum, payload = self._row(_PAYLOAD, number, asked)
        if not isinstance(payload, bytes) or packing.crc(payload) != payload_checksum:
            raise self._bad(asked, _in(number, asked) + "the checksum of the payload does not match")
        return kind, checksum, payload

    def _start(self, number: int) -> tuple[packing.Bits | None, int]:
        """Where decoding towards `number` starts: the picture before it (or None), the frame to decode."""
        for at in range(number, max(number - KEY_INTERVAL, -1), -1):
            if self._last is not None and self._last[0] == at:
                return self._last[1], at + 1
            if self._row(_KIND, at, number) == ("key",):
                return None, at
        raise self._bad(number, f"no key frame in the {KEY_INTERVAL} frames up to it")

    def _decode(self, number: int, before: packing.Bits | None, asked: int) -> packing.Bits:
        """The picture of one row, checked; a delta needs the picture before. BadFrame for the frame asked."""
        kind, checksum, payload = self._stored(number, asked)
        try:
            picture = packing.inflate(payload, self._shape)
        except ValueError as error:
            raise self._bad(asked, _in(number, asked) + str(error)) from None
        if kind != "key":
            if before is None:
                raise self._bad(asked, _in(number, asked) + "its key frame is gone")
            picture = picture ^ before
        if packing.crc(picture) != checksum:
            raise self._bad(asked, _in(number, asked) + "the checksum of the dither does not match")
        return picture

    def _check_range(self, number: int) -> None:
        if not 0 <= number < self.frames:
            raise IndexError(f"{self.path}: has frames 0 to {self.frames - 1}, not {number}")

    def _row(self, query: str, number: int, asked: int) -> tuple[Any, ...]:
        try:
            row = self._connection.execute(query, (number,)).fetchone()
        except SQL_ERRORS as error:
            if error_name(error).startswith("SQLITE_BUSY") or not os.path.exists(self.path):
                raise explain(self.path, error) from None  # the whole reel is out of reach, for now
            raise self._bad(asked, _in(number, asked) + words(error)) from None
        if row is None:
            raise self._bad(asked, _in(number, asked) + "its row is missing")
        return tuple(row)

    def _bad(self, number: int, why: str) -> BadFrame:
        return BadFrame(self.path, number, why, self._next_key(number))

    def _next_key(self, number: int) -> int | None:
        """First key frame after `number`; row by row: a range query stops at the first damaged page."""
        for at in range(number + 1, self.frames):
            try:
                row = self._connection.execute(_KIND, (at,)).fetchone()
            except SQL_ERRORS:
                continue
            if row == ("key",):
                return at
        return None

    def number_at(self, time_ms: int) -> int:
        """Number of the first frame at or after a time of the film; `frames` when the film ends before it.

        Takes for granted that times grow with the number.
        """
        low, high = 0, self.frames
        while low < high:
            middle = (low + high) // 2
            if self.info(middle).time_ms < time_ms:
                low = middle + 1
            else:
                high = middle
        return low

    def verify(self, step: Callable[[int], None] = lambda done: None) -> Iterator[str]:
        """Read and recount every frame; yields one line per problem. `step` hears how many are done."""
        try:
            rows, first = self._connection.execute("SELECT count(*), min(number) FROM frames").fetchone()
            if rows != self.frames or (rows and first != 0):
                yield f"holds {rows} rows from number {first}; expected {self.frames} from 0"
        except SQL_ERRORS as error:
            yield f"the table of frames is damaged: {words(error)}"
        yield from recount(self, step)


def _in(number: int, asked: int) -> str:
    return "" if number == asked else f"needs frame {number}: "
