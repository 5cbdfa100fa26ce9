"""`ReelWriter`: writes a reel in place; killed at any instant, it loses at most what was not committed.

Frames are held until `commit` stores them in one SQLite transaction with synchronous=FULL, so an export
commits whole stretches. The file on disk is always a reel that opens, says it is not complete and holds whole
frames. The same export started again continues after the last of them.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from player.errors import ReelError
from player.files import why
from player.reel import packing
from player.reel.format import (
    APPLICATION_ID,
    FORMAT_VERSION,
    KEY_INTERVAL,
    LARGEST_SIDE,
    LONGEST_DESCRIPTION,
    MOST_FRAMES,
    MOST_KEYS,
    MOST_PIXELS,
    MOST_REDRAWS,
    PAGE_SIZE,
    RESERVED,
    SCHEMA,
    SQL_ERRORS,
    FrameInfo,
    allow_pictures,
    connect,
    explain,
    is_possible,
    is_too_long,
    look,
)
from player.reel.reader import Reel

_COLUMNS = "number, time_ms, film_frame, kind, flips, darkened, cut, redraw, crc, payload_crc, payload"
_INSERT = f"INSERT INTO frames ({_COLUMNS}) VALUES ({', '.join('?' * 11)})"


class ReelWriter:
    """Creates a reel, or continues an interrupted export that has the same `meta`, width and height.

    `meta` describes film and dither, text to text (ValueError for a key that the format itself uses).
    `overwrite` replaces an existing reel, but never a file that is not a reel. `frames` counts the frames
    appended so far, stored or held; `last` and `last_info` are the newest of them; `complete` says whether
    `finish` was called, now or in an earlier run. Raises ReelError for whatever keeps it from writing.
    """

    def __init__(
        self,
        path: Path | str,
        meta: Mapping[str, str],
        width: int,
        height: int,
        *,
        overwrite: bool = False,
    ) -> None:
        if taken := RESERVED & meta.keys():
            raise ValueError(f"the format itself writes {', '.join(sorted(taken))}")
        if not all(isinstance(text, str) for pair in meta.items() for text in pair):
            raise ValueError("meta is text to text")
        if not is_possible(width, height):
            raise ReelError(
                f"{path}: a reel cannot be {width}x{height} pixels; sides are 1 to {LARGEST_SIDE}, "
                f"and at most {MOST_PIXELS:,} pixels in all"
            )
        total = sum(len(text.encode(errors="replace")) for pair in meta.items() for text in pair)
        if long := [key for key, value in meta.items() if is_too_long(key, value)]:
            raise ReelError(f"{path}: the {long[0]} of the film is too long for a reel; shorten it")
        if len(meta) > MOST_KEYS - len(RESERVED) or total > LONGEST_DESCRIPTION - 1024:
            raise ReelError(f"{path}: the description of the film is too long for a reel; shorten it")
        self.path = Path(path)
        self._width, self._height = width, height
        self._held: list[tuple[int | str | bytes, ...]] = []
        self._redraws = 0
        self.frames = 0
        self.complete = False
        self.last_info: FrameInfo | None = None
        self._coder = _Coder()
        self._description = {**meta, "width": str(width), "height": str(height)}
        exists = self._look(overwrite)
        try:
            self._connection = connect(self.path, "rwc")
        except SQL_ERRORS as error:
            raise explain(self.path, error) from None
        try:
            allow_pictures(self._connection, width, height)
            self._connection.execute(f"PRAGMA page_size={PAGE_SIZE}")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute("PRAGMA cache_size=-16384")  # KiB; a longer stretch spills to the file
            if exists and self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                self._continue()
            else:
                self._create()
            self._connection.set_progress_handler(None, 0)  # from here on the file is known
        except BaseException as error:
            self._connection.close()
            if isinstance(error, SQL_ERRORS):
                raise explain(self.path, error) from None
            raise

    def _look(self, overwrite: bool) -> bool:
        """Whether there is a reel to continue; removes one that is to be overwritten."""
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
            if not reel.has_plan_column:
                raise ReelError(
                    f"{self.path}: was begun by an older version of longtake; export the film again with "
                    "--overwrite, or finish it with that version"
                )
            self.complete = reel.complete
            self.frames, self._redraws = reel.frames, len(reel.redraws or ())
            if reel.frames:
                try:
                    self.last_info = reel.info(reel.frames - 1)
                    newest = reel.packed(reel.frames - 1)
                except ValueError as error:
                    raise ReelError(f"{self.path}: cannot be continued: {error}; or --overwrite it") from None
                numbers = range(reel.frames - 1, max(reel.frames - 1 - KEY_INTERVAL, -1), -1)
                last_key = next(number for number in numbers if reel.info(number).key)
                self._coder = _Coder(newest, reel.frames - last_key, reel.payload_size(last_key))

    @property
    def last(self) -> NDArray[np.uint8] | None:
        """The newest dither, uint8[H, W], or None before the first."""
        picture = self._coder.picture
        return None if picture is None else packing.unpack(picture, self._width)

    def append(
        self, dither: NDArray[np.uint8], time_ms: int, film_frame: int, cut: bool, redraw: bool = False
    ) -> FrameInfo:
        """Add the next frame and hold it until `commit`. `cut`: a shot begins; `redraw`: a stretch begins.

        ValueError when `dither` is not a dither of this size, ReelError when the reel is complete.
        """
        if dither.shape != (self._height, self._width):
            raise ValueError(f"the dither is {list(dither.shape)}, the reel {[self._height, self._width]}")
        if self.complete:
            raise ReelError(f"{self.path}: is complete; give another path, or --overwrite to replace it")
        if self.frames >= MOST_FRAMES or (redraw and self._redraws >= MOST_REDRAWS):
            raise ReelError(
                f"{self.path}: holds as much as a reel can; export the rest to another one (--start)"
            )
        coded = self._coder.code(packing.pack(dither), cut or redraw)
        info = FrameInfo(
            self.frames,
            int(time_ms),
            int(film_frame),
            coded.key,
            coded.flips,
            coded.darkened,
            bool(cut),
            bool(redraw),
        )
        kind = "key" if info.key else "delta"
        head = (info.number, info.time_ms, info.film_frame, kind, info.flips, info.darkened)
        checksums = (coded.crc, packing.crc(coded.payload))
        self._held.append((*head, int(info.cut), int(info.redraw), *checksums, coded.payload))
        self.last_info, self.frames = info, self.frames + 1
        self._redraws += info.redraw
        return info

    def commit(self) -> None:
        """Store the held frames in one transaction; once this returns they survive a power cut."""
        if self._held:
            self._store({})

    def finish(self) -> None:
        """Store the held frames and mark the reel complete. ReelError when it has no frame."""
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
        """Drop the held frames and close the file; `commit` or `finish` first to keep them."""
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


class _Coded(NamedTuple):
    """How one frame is stored: `key` or a delta, the pixels that flip and darken (0 in the first frame), the
    CRC-32 of the packed dither, and the payload.
    """

    key: bool
    flips: int
    darkened: int
    crc: int
    payload: bytes


class _Coder:
    """Codes the frames of one reel in order; pure. `picture` is the packed dither of the newest one, or None.

    To continue a reel, `since_key` is the number of frames from the newest key frame on, and `key_bytes` the
    length of that key frame's payload.
    """

    def __init__(
        self, picture: packing.Bits | None = None, since_key: int = KEY_INTERVAL, key_bytes: int = 0
    ) -> None:
        self.picture = picture
        self._since_key, self._key_bytes = since_key, key_bytes

    def code(self, picture: packing.Bits, key: bool) -> _Coded:
        """The next frame, from its packed dither. It is a key frame if `key`, or 64 frames after the last."""
        changed, flips, darkened = packing.compared(picture, self.picture)
        delta = None
        if changed is not None and not key and self._since_key < KEY_INTERVAL:
            delta = packing.deflate(changed)
        # Compressing the picture costs more than all else, so it is tried only where it may win: against a
        # large delta that has many flips, or is larger than the last key frame, whose picture was similar.
        many = flips > picture.size  # an eighth of the pixels
        whole = None
        if delta is None or (len(delta) > picture.size // 4 and (many or len(delta) > self._key_bytes)):
            whole = packing.deflate_picture(picture)
        self.picture = picture
        if whole is not None and (delta is None or len(whole) <= len(delta)):
            self._since_key, self._key_bytes = 1, len(whole)
            return _Coded(True, flips, darkened, packing.crc(picture), whole)
        assert delta is not None
        self._since_key += 1
        return _Coded(False, flips, darkened, packing.crc(picture), delta)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """BEGIN ... COMMIT, or ROLLBACK when anything is raised, even by COMMIT itself."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
