"""`Reel`: random access to the dithers of a reel, trusting nothing in the file.

The next frame costs one payload, a jump at most 64. Sizes, both CRCs and the chain back to the key frame are
checked before a dither is returned. A frame that fails raises BadFrame.

Whatever the file says, opening it and reading a frame take bounded time and memory. The schema must be ours,
so nothing in it is ever evaluated. Every query is interrupted after a number of steps, every value is
bounded before it is read, and a search row by row ends after a number of rows.
"""

import os
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from player.errors import BadFrame, EmptyReel, ReelError
from player.reel import packing
from player.reel.format import (
    FORMAT_VERSION,
    KEY_INTERVAL,
    LONGEST_DESCRIPTION,
    MOST_FRAMES,
    MOST_KEYS,
    MOST_REDRAWS,
    PLAN_INDEX,
    RESERVED,
    SQL_ERRORS,
    STEPS,
    FrameInfo,
    allow_pictures,
    connect,
    error_name,
    explain,
    is_possible,
    is_too_long,
    look,
    words,
)

_EMPTY = "is empty; let `trainer export` write it, or copy it again"
_FIX = "give the path of a file made by `trainer export`"
_SMALLEST_ROW = 32  # bytes; a bound on the number of frames, so that damage cannot ask for endless loops
_MOST_LOOKS = 1 << 15  # rows that the search for a key frame looks at
_LARGEST_NUMBER = 1 << 48  # in a row: 9,000 years in milliseconds
_COLUMNS = (
    "number", "time_ms", "film_frame", "kind", "flips", "darkened", "cut", "redraw", "crc", "payload_crc",
    "payload",
)  # fmt: skip
_PLAIN_NAME = re.compile("[a-z][a-z0-9_]{0,63}")
_ROW_NAMES = ("rowid", "oid")  # a column of such a name would hide the number of a row
_TABLE = r"CREATE TABLE [\"'`\[]?{}[\"'`\]]?\s*\("
_INFO = "SELECT time_ms, film_frame, kind, flips, darkened, cut, redraw FROM frames WHERE number = ?"
_INFO_WITHOUT_PLAN = _INFO.replace("redraw", "0")  # for reels of before there was a plan
_KIND = "SELECT kind FROM frames WHERE number = ?"
_IS_THERE = "SELECT 1 FROM frames WHERE number = ?"
_SIZE = "SELECT length(payload) FROM frames WHERE number = ?"
_PAYLOAD = "SELECT kind, crc, payload_crc, payload FROM frames WHERE number = ?"
_NEXT_ROW = "SELECT number FROM frames WHERE number > ? ORDER BY number LIMIT 1"
_PLAN = f"SELECT number FROM frames INDEXED BY redraws WHERE redraw = 1 LIMIT {MOST_REDRAWS + 1}"
_COUNT = f"SELECT count(*), min(number) FROM (SELECT number FROM frames LIMIT {MOST_FRAMES + 1})"


def _go_on() -> None:
    """Default of `stop`: never."""


class Reel:
    """A reel opened read-only. Raises ReelError when the file is not a reel or is damaged as a whole.

    `width` and `height` in pixels; `frames`, how many could be read when it was opened (0 to frames - 1);
    `complete`, whether the export finished; `meta`, what the trainer wrote about film and dither, and when;
    `redraws`, the numbers of the frames at which the redraw plan redraws the panel, or None when there is no
    plan: in an older reel, or one in which no frame is marked.

    `stop` is called again and again while something is read, and raises an error of its own to end that.
    """

    def __init__(self, path: Path | str, stop: Callable[[], None] = _go_on) -> None:
        self.path = Path(path)
        self._stop = stop
        self._steps = 0  # thousands that the query may still take
        self._stopped: BaseException | None = None
        self._read = 0  # bytes of payloads, in all
        self._queries: dict[str, str] = {}  # those for one row, with what bounds their work
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
        self._connection.set_progress_handler(self._progress, STEPS)
        ((pages,),), ((page,),) = self._ask("PRAGMA page_count"), self._ask("PRAGMA page_size")
        self._size = self.path.stat().st_size  # after the count, as a reel being written only grows
        if self._size < pages * page:
            raise ReelError(
                f"{self.path}: is truncated ({self._size} of {pages * page} bytes); copy it again"
            )
        self._check_schema()
        stored = self._description()
        try:
            self.width, self.height = int(stored["width"]), int(stored["height"])
            self.complete = bool(int(stored["complete"]))
            claimed = int(stored["frames"]) if self.complete else None
        except (KeyError, ValueError):
            raise self._damaged("its description lacks width, height, complete or frames") from None
        if not is_possible(self.width, self.height):
            raise self._damaged(f"it claims a size of {self.width}x{self.height}")
        if stored.get("format") != str(FORMAT_VERSION):
            raise self._damaged(f"it claims format {words(Exception(stored.get('format')))}")
        self._shape = packing.packed_shape(self.width, self.height)
        allow_pictures(self._connection, self.width, self.height)
        self.meta: dict[str, str] = {k: v for k, v in stored.items() if k not in RESERVED or k == "created"}
        self.frames: int = self._count(claimed)
        self.redraws: frozenset[int] | None = self._plan()

    def _check_schema(self) -> None:
        """Accept our two tables and our index and nothing else; unknown columns only if they are plain."""
        objects = self._ask("SELECT type, name, rootpage, sql FROM sqlite_schema LIMIT 9", 9)
        tables = {name: (root, sql) for kind, name, root, sql in objects if kind == "table"}
        if not {"reel", "frames"} <= tables.keys():
            raise EmptyReel(f"{self.path}: {_EMPTY}")
        for kind, name, _, sql in objects:
            if (kind, name) not in (("table", "reel"), ("table", "frames")) and sql != PLAN_INDEX:
                raise self._damaged(f"it holds a {words(kind)} that is not of a reel: {words(name)}")
        for name in ("reel", "frames"):
            root, sql = tables[name]
            if not (isinstance(root, int) and root > 1 and re.match(_TABLE.format(name), str(sql))):
                raise self._damaged(f"its table {name} is not one of a reel")
        if [column[1] for column in self._columns("reel")] != ["key", "value"]:
            raise self._damaged("its table of the description has columns that are not of a reel")
        columns = self._columns("frames")
        names = [column[1] for column in columns]
        number = [(kind.upper(), key) for _, name, kind, _, _, key, _ in columns if name == "number"]
        if number != [("INTEGER", 1)] or not set(_COLUMNS) - {"redraw"} <= set(names):
            raise self._damaged("its table of frames lacks columns")
        self.has_plan_column = "redraw" in names
        self._info = _INFO if self.has_plan_column else _INFO_WITHOUT_PLAN
        if self.has_plan_column and not any(sql == PLAN_INDEX for *_, sql in objects):
            raise self._damaged("it has no index of its redraw plan")
        # What lies before a value must be short, so that SQLite need not walk far to reach it.
        ends = {_KIND: "kind", self._info: "payload", _SIZE: "payload", _PAYLOAD: "payload"}
        for query, last in ends.items():
            short = (
                f" AND typeof({name}) " + ("<> 'blob'" if name == "kind" else "NOT IN ('text', 'blob')")
                for name in names[1 : names.index(last)]
            )
            self._queries[query] = query + "".join(short)

    def _columns(self, table: str) -> list[tuple[Any, ...]]:
        """The columns of a table; ReelError when one is not a plain one (generated, hidden, oddly named)."""
        columns = self._ask(f"PRAGMA table_xinfo({table})", 1000)
        for _, name, _, _, _, _, hidden in columns:
            if hidden or not _PLAIN_NAME.fullmatch(name) or name in _ROW_NAMES:
                raise self._damaged(f"its table {table} has columns that are not of a reel")
        return columns

    def _description(self) -> dict[str, str]:
        """What the trainer wrote about the film; never more of it than a reel may hold."""
        stored: dict[str, str] = {}
        left = LONGEST_DESCRIPTION
        for key, value in self._rows("SELECT key, value FROM reel"):
            if not isinstance(key, str) or not isinstance(value, str):
                raise self._damaged("its description is not text")
            left -= len(key.encode(errors="replace")) + len(value.encode(errors="replace"))
            if left < 0 or len(stored) >= MOST_KEYS or is_too_long(key, value):
                raise self._damaged("its description is too long")
            stored[key] = value
        return stored

    def _count(self, claimed: int | None) -> int:
        """The number of frames: what a complete reel claims, if its last row is near that; else the rows."""
        try:
            ((last,),) = self._ask("SELECT max(number) FROM frames")
        except SQL_ERRORS:
            if claimed is None or self._stopped is not None:
                raise
            last = claimed - 1  # its page is damaged: the frames before are good
        rows = 0 if last is None else last + 1
        frames = rows if claimed is None else claimed
        if not 0 <= frames <= min(self._size // _SMALLEST_ROW, MOST_FRAMES):
            raise self._damaged(f"it claims {frames} frames, more than its bytes can hold")
        if frames - rows > KEY_INTERVAL:
            raise self._damaged(f"it claims {frames} frames and ends after {max(rows, 0)}")
        return frames

    def _plan(self) -> frozenset[int] | None:
        """The numbers of the redraw plan, from its index; None when there is no plan."""
        if not self.has_plan_column:
            return None
        numbers = [number for (number,) in self._rows(_PLAN, 10 * MOST_REDRAWS)]
        if len(numbers) > MOST_REDRAWS:
            raise self._damaged("its redraw plan is too long")
        return frozenset(number for number in numbers if 0 <= number < self.frames) or None

    def _progress(self) -> int:
        """Called by SQLite after every `STEPS` steps: not 0 interrupts the query."""
        self._steps -= 1
        try:
            self._stop()
        except BaseException as error:  # Ctrl-C too: SQLite would swallow it
            self._stopped = error
            return 1
        return int(self._steps < 0)

    def _rows(
        self, query: str, steps: int = STEPS, values: tuple[int, ...] = ()
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of a query that may take about so many steps. What `stop` raises goes through."""
        self._stop()
        self._steps, self._stopped = steps // STEPS, None
        try:
            yield from self._connection.execute(query, values)
        except SQL_ERRORS:
            if self._stopped is not None:
                raise self._stopped from None
            raise

    def _ask(self, query: str, most: int = 1, values: tuple[int, ...] = ()) -> list[tuple[Any, ...]]:
        """The first rows of a short query."""
        return list(islice(self._rows(query, STEPS, values), most))

    def _damaged(self, what: str) -> ReelError:
        return ReelError(f"{self.path}: is damaged ({what}); copy it again or export the film again")

    def __enter__(self) -> "Reel":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def title(self) -> str:
        """What people call the film: its title, else the name of its file without a suffix."""
        return self.meta.get("title") or Path(self.meta.get("film", "")).stem or self.path.stem

    def close(self) -> None:
        """Close the file. The reel cannot be used afterwards."""
        self._connection.close()

    def info(self, number: int) -> FrameInfo:
        """What the reel says of a frame, undecoded. IndexError out of range, BadFrame if damaged."""
        self._check_range(number)
        time_ms, film_frame, kind, flips, darkened, cut, redraw = self._row(self._info, number, number)
        numbers = (time_ms, film_frame, flips, darkened, cut, redraw)
        if not all(isinstance(value, int) and abs(value) < _LARGEST_NUMBER for value in numbers):
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
        self._read += len(payload)
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
            rows = self._ask(self._queries[query], 1, (number,))
            odd = not rows and self._ask(_IS_THERE, 1, (number,))
        except SQL_ERRORS as error:
            if error_name(error).startswith("SQLITE_BUSY") or not os.path.exists(self.path):
                raise explain(self.path, error) from None  # the whole reel is out of reach for now
            raise self._bad(asked, _in(number, asked) + words(error)) from None
        if not rows:
            what = "its row does not hold numbers" if odd else "its row is missing"
            raise self._bad(asked, _in(number, asked) + what)
        return rows[0]

    def _bad(self, number: int, why: str) -> BadFrame:
        return BadFrame(self.path, number, why, self._next_key(number))

    def _next_key(self, number: int) -> int | None:
        """First key frame after `number`; None when there is none, or none near. Row by row, as a range query
        stops at the first damaged page; missing rows are stepped over.
        """
        at = number + 1
        for _ in range(_MOST_LOOKS):
            if at >= self.frames:
                return None
            try:
                row = self._ask(self._queries[_KIND], 1, (at,))
                if row == [("key",)]:
                    return at
                at = at + 1 if row else next(iter(self._ask(_NEXT_ROW, 1, (at,))), (self.frames,))[0]
            except SQL_ERRORS:
                at += 1
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
        """Read and recount every frame; yields one line per problem, frames counted from 1. `step` is told
        how many are done.
        """
        try:
            ((rows, first),) = self._rows(_COUNT, 20 * MOST_FRAMES)
            if rows != self.frames or (rows and first != 0):
                yield f"holds {rows} rows from number {first}; expected {self.frames} from 0"
        except SQL_ERRORS as error:
            yield f"the table of frames is damaged: {words(error)}"
        number, before, read = 0, None, self._read
        while number < self.frames:
            step(number)
            if self._read - read > 2 * self._size:
                raise self._damaged("its frames share their bytes, so that reading them all would not end")
            try:
                info, picture = self.info(number), self.packed(number)
            except BadFrame as error:
                after = self.frames if error.next_key is None else error.next_key
                lost = "" if after == number + 1 else f"; frames {number + 1} to {after} cannot be shown"
                yield f"frame {number + 1}: {error.reason}{lost}"
                number, before = after, None
                continue
            for problem in self._claims(info, picture, before):
                yield f"frame {number + 1}: {problem}"
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
    return "" if number == asked else f"needs frame {number + 1}: "
