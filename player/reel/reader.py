"""`Reel`: random access to the dithers of a reel, trusting nothing in the file.

The next frame costs one payload, a jump at most 64. Sizes, both CRCs and the chain back to the key frame are
checked before a dither is returned. A frame that fails raises BadFrame.
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
from player.reel.format import (
    FORMAT_VERSION,
    KEY_INTERVAL,
    LARGEST_SIDE,
    PLAN_INDEX,
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
_MOST_COLUMNS = 64  # in the table of frames
_MOST_KEYS = 256  # in the description
_LONGEST_TEXT = 65536  # bytes of a key or value of the description
_SMALLEST_ROW = 16  # bytes; a bound on the number of frames, so that damage cannot ask for endless loops
_INFO = "SELECT time_ms, film_frame, kind, flips, darkened, cut, redraw FROM frames WHERE number = ?"
_INFO_WITHOUT_PLAN = _INFO.replace("redraw", "0")  # for reels of before there was a plan
_KIND = "SELECT kind FROM frames WHERE number = ?"
_SIZE = "SELECT length(payload) FROM frames WHERE number = ?"
_PAYLOAD = "SELECT kind, crc, payload_crc, payload FROM frames WHERE number = ?"


class Reel:
    """A reel opened read-only. Raises ReelError when the file is not a reel or is damaged as a whole.

    `width` and `height` in pixels; `frames`, how many could be read when it was opened (0 to frames - 1);
    `complete`, whether the export finished; `meta`, what the trainer wrote about film and dither, and when;
    `redraws`, the numbers of the frames at which the redraw plan redraws the panel, or None when there is no
    plan: in an older reel, or one in which no frame is marked.
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
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_TEXT)
        pages, page = query("PRAGMA page_count").fetchone()[0], query("PRAGMA page_size").fetchone()[0]
        size = self.path.stat().st_size  # after the count, as a reel being written only grows
        if size < pages * page:
            raise ReelError(f"{self.path}: is truncated ({size} of {pages * page} bytes); copy it again")
        self._check_schema()
        stored: dict[Any, Any] = dict(query("SELECT key, value FROM reel").fetchmany(_MOST_KEYS))
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
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, picture + picture // 8 + _LONGEST_TEXT)
        self.meta: dict[str, str] = {k: v for k, v in stored.items() if k not in RESERVED or k == "created"}
        if claimed is None:
            last = query("SELECT max(number) FROM frames").fetchone()[0]
            self.frames: int = 0 if last is None else last + 1
        else:
            self.frames = claimed
        if not 0 <= self.frames <= size // _SMALLEST_ROW:
            raise self._damaged(f"it claims {self.frames} frames, more than its bytes can hold")

        self.redraws: frozenset[int] | None = self._plan()

    def _check_schema(self) -> None:
        """Accept our two tables and our index and nothing else; unknown columns only if they are plain."""
        query = self._connection.execute
        objects = query("SELECT type, name, sql FROM sqlite_schema LIMIT 9").fetchall()
        if not {("table", "reel"), ("table", "frames")} <= {(kind, name) for kind, name, _ in objects}:
            raise EmptyReel(f"{self.path}: {_EMPTY}")
        for kind, name, sql in objects:
            if (kind, name) not in (("table", "reel"), ("table", "frames")) and sql != PLAN_INDEX:
                raise self._damaged(f"it holds a {kind} that is not of a reel: {words(name)}")
        columns = query("PRAGMA table_xinfo(frames)").fetchmany(_MOST_COLUMNS + 1)
        if len(columns) > _MOST_COLUMNS or any(hidden for *_, hidden in columns):
            raise self._damaged("its table of frames has columns that are not of a reel")
        self.has_plan_column = "redraw" in (column[1] for column in columns)

    def _plan(self) -> frozenset[int] | None:
        """The numbers of the redraw plan, from its index; None when there is no plan."""
        if not self.has_plan_column:
            return None
        rows = self._connection.execute("SELECT number FROM frames WHERE redraw = 1").fetchall()
        return frozenset(number for (number,) in rows if 0 <= number < self.frames) or None

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
        query = _INFO if self.has_plan_column else _INFO_WITHOUT_PLAN
        time_ms, film_frame, kind, flips, darkened, cut, redraw = self._row(query, number, number)
        if not all(isinstance(value, int) for value in (time_ms, film_frame, flips, darkened, cut, redraw)):
            raise self._bad(number, "its row does not hold numbers")
        return FrameInfo(number, time_ms, film_frame, kind == "key", flips, darkened, bool(cut), bool(redraw))

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

    def payload_size(self, number: int) -> int:
        """Bytes of a frame's payload. IndexError out of range, BadFrame if damaged."""
        self._check_range(number)
        return int(self._row(_SIZE, number, number)[0])

    def _stored(self, number: int, asked: int) -> tuple[str, int, bytes]:
        """Kind, checksum of the dither and checked payload of one row. A BadFrame names the frame `asked`."""
        kind, checksum, payload_checksum, payload = self._row(_PAYLOAD, number, asked)
        if not isinstance(payload, bytes) or packing.crc(payload) != payload_checksum:
            raise self._bad(asked, _in(number, asked) + "the checksum of the payload does not match")
        return kind, checksum, payload

    def _start(self, number: int) -> tuple[packing.Bits | None, int]:
        """Where decoding towards `number` starts: the picture before it (or None) and the first frame to
        decode.
        """
        for at in range(number, max(number - KEY_INTERVAL, -1), -1):
            if self._last is not None and self._last[0] == at:
                return self._last[1], at + 1
            if self._row(_KIND, at, number) == ("key",):
                return None, at
        raise self._bad(number, f"no key frame in the {KEY_INTERVAL} frames up to it")

    def _decode(self, number: int, before: packing.Bits | None, asked: int) -> packing.Bits:
        """The checked picture of one row; a delta needs the one before. A BadFrame names frame `asked`."""
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
                raise explain(self.path, error) from None  # the whole reel is out of reach for now
            raise self._bad(asked, _in(number, asked) + words(error)) from None
        if row is None:
            raise self._bad(asked, _in(number, asked) + "its row is missing")
        return tuple(row)

    def _bad(self, number: int, why: str) -> BadFrame:
        return BadFrame(self.path, number, why, self._next_key(number))

    def _next_key(self, number: int) -> int | None:
        """First key frame after `number`. Row by row, as a range query stops at the first damaged page."""
        for at in range(number + 1, self.frames):
            try:
                row = self._connection.execute(_KIND, (at,)).fetchone()
            except SQL_ERRORS:
                continue
            if row == ("key",):
                return at
        return None

    def number_at(self, time_ms: int) -> int:
        """Number of the first frame at or after a time of the film, or `frames` when the film ends before it.

        Assumes that times grow with the number.
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
        """Read and recount every frame; yields one line per problem. `step` is told how many are done."""
        try:
            rows, first = self._connection.execute("SELECT count(*), min(number) FROM frames").fetchone()
            if rows != self.frames or (rows and first != 0):
                yield f"holds {rows} rows from number {first}; expected {self.frames} from 0"
        except SQL_ERRORS as error:
            yield f"the table of frames is damaged: {words(error)}"
        number, before = 0, None
        while number < self.frames:
            step(number)
            try:
                info, picture = self.info(number), self.packed(number)
            except BadFrame as error:
                after = self.frames if error.next_key is None else error.next_key
                lost = "" if after == number + 1 else f"; frames {number} to {after - 1} cannot be shown"
                yield f"frame {number}: {error.reason}{lost}"
                number, before = after, None
                continue
            for problem in self._claims(info, picture, before):
                yield f"frame {number}: {problem}"
            number, before = number + 1, picture

    def _claims(self, info: FrameInfo, picture: packing.Bits, before: packing.Bits | None) -> Iterator[str]:
        """False claims in a frame's row. `before`: the picture of the frame before, None if that is bad."""
        if info.cut and not info.key:
            yield "a cut that is not a key frame"
        if info.redraw and not info.key:
            yield "a planned redraw that is not a key frame"
        if info.redraw != (info.number in (self.redraws or ())):
            yield "its row and the index of the redraw plan do not agree"
        if before is None and info.number:
            return
        _, flips, darkened = packing.compared(picture, before)
        if (info.flips, info.darkened) != (flips, darkened):
            yield f"says {info.flips} flips, {info.darkened} darkened; counted {flips} and {darkened}"


def _in(number: int, asked: int) -> str:
    return "" if number == asked else f"needs frame {number}: "
