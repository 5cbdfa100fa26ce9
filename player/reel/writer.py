"""`ReelWriter`: writes a reel in place, so that a writer killed at any instant loses at most one batch.

Frames are held until a batch is full or old enough, then stored in one SQLite transaction with
synchronous=FULL. What is on disk is always a reel that opens, says it is not complete and holds whole
frames; the same export started again continues after the last of them.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from player.errors import ReelError
from player.files import why
from player.reel import packing
from player.reel.coding import (
    Coded,
    Coder,
)
from player.reel.file import (
    APPLICATION_ID,
    FORMAT_VERSION,
    KEY_INTERVAL,
    LARGEST_SIDE,
    PAGE_SIZE,
    RESERVED,
    SCHEMA,
    SQL_ERRORS,
    FrameInfo,
    connect,
    explain,
    look,
)
from player.reel.reader import Reel

_INSERT = "INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class ReelWriter:
    """Creates a reel, or continues an interrupted export whose `meta`, width and height are the same.

    `meta`: what is known of film and ditherer, text to text (keys that the format uses itself: ValueError).
    `overwrite` replaces a reel that is there; never a file that is no reel. `alone` keeps every other program
    from the file until it is closed. A batch is stored when it has `batch` frames or its first one has waited
    `seconds` on `clock`. `frames` counts those given so far, stored or held; `last` and `last_info` are the
    newest of them; `complete` whether `finish` was called, now or in an earlier run. Raises ReelError (one
    line) for whatever keeps it from writing.
    """

    def __init__(
        self,
        path: Path | str,
        meta: Mapping[str, str],
        width: int,
        height: int,
        *,
        overwrite: bool = False,
        alone: bool = False,
        batch: int = KEY_INTERVAL,
        seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if taken := RESERVED & meta.keys():
            raise ValueError(f"the format itself writes {', '.join(sorted(taken))}")
        if not all(isinstance(text, str) for pair in meta.items() for text in pair):
            raise ValueError("meta is text to text")
        if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
            raise ReelError(
                f"{path}: a reel cannot be {width}x{height} pixels; sides are 1 to {LARGEST_SIDE}"
            )
        self.path = Path(path)
        self._width, self._height = width, height
        self._batch, self._seconds, self._clock = batch, seconds, clock
        self._held: list[tuple[int | str | bytes, ...]] = []
        self._held_since = 0.0
        self.frames = 0
        self.complete = False
        self.last_info: FrameInfo | None = None
        self._coder = Coder()
        self._description = {**meta, "width": str(width), "height": str(height)}
        exists = self._look(overwrite)
        try:
            self._connection = connect(self.path, "rwc")
        except SQL_ERRORS as error:
            raise explain(self.path, error) from None
        try:
            self._connection.execute(f"PRAGMA page_size={PAGE_SIZE}")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute("PRAGMA cache_size=-16384")  # KiB: a batch is written at its commit
            if exists and self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                self._continue()
            else:
                self._create()
            if alone:
                self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
                with _transaction(self._connection, "EXCLUSIVE"):
                    pass
        except BaseException as error:
            self._connection.close()
            if isinstance(error, SQL_ERRORS):
                raise explain(self.path, error) from None
            raise

    def _look(self, overwrite: bool) -> bool:
        """Whether a reel is there already and stays."""
        try:
            there = look(self.path, "give another path", any_version=overwrite)
            if there and overwrite:
                self.path.unlink()
            return there and not overwrite
        except FileNotFoundError:
            if not self.path.absolute().parent.is_dir():
                raise ReelError(f"{self.path}: there is no such directory; create it first") from None
            return False
        except OSError as error:
            raise ReelError(f"{self.path}: cannot be replaced: {why(error)}; give another path") from None

    def _create(self) -> None:
        created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        rows = {**self._description, "format": str(FORMAT_VERSION), "complete": "0", "created": created}
        with _transaction(self._connection):
            for statement in SCHEMA:
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            self._connection.execute(f"PRAGMA user_version={FORMAT_VERSION}")
            self._connection.executemany("INSERT INTO reel VALUES (?, ?)", rows.items())

    def _continue(self) -> None:
        with Reel(self.path) as reel:
            there = {k: v for k, v in reel.meta.items() if k not in RESERVED}
            there |= {"width": str(reel.width), "height": str(reel.height)}
            for key in sorted(there.keys() | self._description.keys()):
                old, new = there.get(key, "nothing"), self._description.get(key, "nothing")
                if old != new:
                    raise ReelError(
                        f"{self.path}: holds another export ({key} is {old} there and {new} now); "
                        "give another path, or --overwrite to replace it"
                    )
            self.complete = reel.complete
            self.frames = reel.frames
            if reel.frames:
                try:
                    self.last_info = reel.info(reel.frames - 1)
                    newest = reel.packed(reel.frames - 1)
                except ValueError as error:
                    raise ReelError(f"{self.path}: cannot be continued: {error}; or --overwrite it") from None
                numbers = range(reel.frames - 1, max(reel.frames - 1 - KEY_INTERVAL, -1), -1)
                last_key = next(number for number in numbers if reel.info(number).key)
                self._coder = Coder(newest, reel.frames - last_key, len(reel.payload(last_key)))

    @property
    def last(self) -> NDArray[np.uint8] | None:
        """The newest dither, uint8[H, W], or None before the first."""
        picture = self._coder.picture
        return None if picture is None else packing.unpack(picture, self._width)

    def append(self, dither: NDArray[np.uint8], time_ms: int, film_frame: int, cut: bool) -> FrameInfo:
        """Add the next frame. ValueError when it is no dither of this size, ReelError when complete."""
        if dither.shape != (self._height, self._width):
            raise ValueError(f"the dither is {list(dither.shape)}, the reel {[self._height, self._width]}")
        self._check_open()
        return self._hold(self._coder.code(packing.pack(dither), cut), int(time_ms), int(film_frame), cut)

    def take_over(self, part: Reel, first: int = 0) -> Iterator[FrameInfo]:
        """Add the frames of another reel of this size from `first` on; yields each that is added.

        Payloads are copied, both checksums checked and flips counted anew: the rows are those of a reel
        written in one run. Frame `first` is a key frame, or comes after this reel's newest one in the other
        too. BadFrame where the other is damaged, ReelError where the two do not fit.
        """
        if (part.width, part.height) != (self._width, self._height):
            raise ReelError(f"{part.path}: is {part.width}x{part.height}, not {self._width}x{self._height}")
        self._check_open()
        if first and (self.last is None or not np.array_equal(part.dither(first - 1), self.last)):
            raise ReelError(f"{part.path}: frame {first} does not come after the last one of {self.path}")
        for number in range(first, part.frames):
            info = part.info(number)
            coded = self._coder.take_over(part.packed(number), info.key, part.payload(number))
            yield self._hold(coded, info.time_ms, info.film_frame, info.cut)

    def _check_open(self) -> None:
        if self.complete:
            raise ReelError(f"{self.path}: is complete; give another path, or --overwrite to replace it")

    def _hold(self, coded: Coded, time_ms: int, film_frame: int, cut: bool) -> FrameInfo:
        """Hold the row of the next frame until its batch is stored."""
        info = FrameInfo(self.frames, time_ms, film_frame, coded.key, coded.flips, coded.darkened, bool(cut))
        if not self._held:
            self._held_since = self._clock()
        kind = "key" if info.key else "delta"
        head = (info.number, time_ms, film_frame, kind, info.flips, info.darkened, int(info.cut))
        self._held.append((*head, coded.crc, packing.crc(coded.payload), coded.payload))
        self.last_info, self.frames = info, self.frames + 1
        if len(self._held) >= self._batch or self._clock() - self._held_since >= self._seconds:
            self.commit()
        return info

    def commit(self) -> None:
        """Store the frames held back; they survive a power cut when this returns."""
        if self._held:
            self._store({})

    def finish(self) -> None:
        """Store what is held and mark the reel complete. ReelError when it has no frame."""
        if self.complete:
            return
        if not self.frames:
            raise ReelError(f"{self.path}: no frame was written; check --start, --end and the film")
        self._store({"complete": "1", "frames": str(self.frames)})
        self.complete = True

    def _store(self, description: Mapping[str, str]) -> None:
        try:
            with _transaction(self._connection):
                self._connection.executemany(_INSERT, self._held)
                self._connection.executemany("INSERT OR REPLACE INTO reel VALUES (?, ?)", description.items())
        except sqlite3.IntegrityError:
            raise ReelError(f"{self.path}: another export is writing to it; stop one of the two") from None
        except SQL_ERRORS as error:
            raise explain(self.path, error) from None
        self._held.clear()

    def close(self) -> None:
        """Drop what is held and close the file; `commit` or `finish` first to keep it."""
        self._held.clear()
        self._connection.close()

    def __enter__(self) -> "ReelWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            self.close()


@contextmanager
def _transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """BEGIN ... COMMIT, or ROLLBACK when anything is raised (also by COMMIT itself)."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
