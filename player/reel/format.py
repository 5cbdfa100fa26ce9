"""What a reel is on disk: one SQLite file, its schema and marks, and how to tell it from other files.

SQLite's `application_id` says "reel" and `user_version` is the format version. Table `reel` (key and value,
both text) holds width, height, complete ("0" or "1"), frames (how many, once complete), created (UTC) and the
trainer's own keys. Table `frames` has one row per frame, numbered from 0. Index `redraws` lists the frames of
the redraw plan, so that reading the plan of a long film does not read the film.

A reader asks for columns by name and ignores the ones it does not know. Reels written before there was a
plan lack the column `redraw` and the index; they still play.

The file uses a rollback journal (no -wal, no -shm), so a finished reel is a single file that opens on
read-only media. Pages are small because frames are small and every frame wastes part of a page. Every error
of SQLite and of the file system becomes a `ReelError`: one line that names the file and the fix.

A reel may come from anywhere, so SQLite is limited before its first query (`connect`), and a journal beside
the file is rolled back only if it is one that a killed export leaves (`_roll_back`).
"""

import os
import sqlite3
import stat
from pathlib import Path
from typing import Literal, NamedTuple

from player.errors import ReelError
from player.files import why

APPLICATION_ID = 0x4C54524C  # "LTRL"
FORMAT_VERSION = 1
KEY_INTERVAL = 64  # a key frame at least this often: a seek decodes at most 64 payloads
LARGEST_SIDE = 16384  # pixels; a larger claim is damage, not a panel
MOST_PIXELS = 1 << 25  # of a dither: 7680x4320 and a little; unpacked it must fit a small Pi's memory
MOST_FRAMES = 1 << 22  # two days at 24 a second
MOST_REDRAWS = 1 << 18  # in the plan
MOST_KEYS = 256  # in the description
LONGEST_TEXT = 65536  # bytes of a key or value of the description
LONGEST_NAME = 4096  # bytes of the film's name or title
LONGEST_DESCRIPTION = 1 << 18  # bytes of all its keys and values
RESERVED = frozenset({"format", "width", "height", "complete", "frames", "created"})
PAGE_SIZE = 1024

# What a sqlite3 call can raise. Its message may quote a damaged schema, which need not be UTF-8.
SQL_ERRORS = (sqlite3.Error, UnicodeDecodeError)

# What SQLite may do with a file that is not trusted. Its schema is parsed by the first query, so the limits
# come before that. See https://sqlite.org/security.html
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: LONGEST_TEXT,  # until the size of the pictures is known
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 8192,
    sqlite3.SQLITE_LIMIT_COLUMN: 64,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 2,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 10_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 8,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 50,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 64,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
STEPS = 1000  # of SQLite's virtual machine; many times what opening a reel or reading a frame takes
_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
_LARGEST_JOURNAL = 1 << 20  # bytes; an export only changes the few pages at the end of its tables

PLAN_INDEX = "CREATE INDEX redraws ON frames (number) WHERE redraw = 1"
SCHEMA = (
    "CREATE TABLE reel (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE frames (
        number INTEGER PRIMARY KEY,  -- from 0, without gaps
        time_ms INTEGER NOT NULL,    -- its time in the film
        film_frame INTEGER NOT NULL, -- its number in the film
        kind TEXT NOT NULL,          -- key: the payload is the dither; delta: its XOR with the frame before
        flips INTEGER NOT NULL,      -- pixels that differ from the frame before; 0 for frame 0
        darkened INTEGER NOT NULL,   -- how many of them went from white to black
        cut INTEGER NOT NULL,        -- 1: the first frame of a shot
        redraw INTEGER NOT NULL,     -- 1: the plan redraws the panel here; a stretch begins
        crc INTEGER NOT NULL,        -- CRC-32 of the packed dither
        payload_crc INTEGER NOT NULL,-- CRC-32 of the payload: it also covers the bits that zlib ignores
        payload BLOB NOT NULL        -- last, so that the rest of a row is read without it
    )""",
    PLAN_INDEX,
)


class FrameInfo(NamedTuple):
    """What a reel says of one frame: `number` from 0; `time_ms` and `film_frame`, its time and number in the
    film; `key`, whether it decodes without the frame before; `flips` and `darkened`, pixels against the frame
    before (0 for frame 0); `cut`, whether a shot begins; `redraw`, whether the plan redraws the panel here.
    """

    number: int
    time_ms: int
    film_frame: int
    key: bool
    flips: int
    darkened: int
    cut: bool
    redraw: bool = False


def look(path: Path, fix: str, any_version: bool = False) -> bool:
    """True for a reel, False for an empty file, which is what a writer killed at creation leaves.

    First lets SQLite roll back what a killed writer left half done. Raises ReelError, which names `fix`, for
    any other file, and for another format version unless `any_version`; FileNotFoundError for no file.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ReelError(f"{path}: is a directory; {fix}")
        if not stat.S_ISREG(mode):
            raise ReelError(f"{path}: is not a regular file; {fix}")
        _roll_back(path)
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ReelError(f"{path}: cannot be read: {why(error)}; check the path and its permissions") from None
    if not header:
        return False
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        raise ReelError(f"{path}: is not a reel; {fix}")
    if int.from_bytes(header[68:72]) != APPLICATION_ID:
        raise ReelError(f"{path}: is another program's SQLite database, not a reel; {fix}")
    if header[18:20] != b"\1\1":
        raise ReelError(f"{path}: was changed by another program (write-ahead log); export the film again")
    version = int.from_bytes(header[60:64])
    if version != FORMAT_VERSION and not any_version:
        raise ReelError(
            f"{path}: is a reel of format version {version}, this program reads version {FORMAT_VERSION}; "
            "export the film again, or install the matching version of longtake"
        )
    return True


def _roll_back(path: Path) -> None:
    """Undo a killed writer's half-written transaction, which a read-only connection may not do.

    A made journal could make SQLite blow the file up or delete another one, and a made -wal changes what is
    read. So nothing is written unless SQLite wants to roll back, and the journal is as an export leaves it.
    """
    path = Path(os.path.realpath(path))  # SQLite keeps the journal beside the file that a link leads to
    if os.path.lexists(path.with_name(path.name + "-wal")):
        raise ReelError(f"{path}: another program's {path.name}-wal lies beside it; remove that file")
    journal = path.with_name(path.name + "-journal")
    try:
        status = journal.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode):
        raise ReelError(f"{path}: {journal.name} beside it is not a regular file; remove it")
    if not status.st_size or not _is_hot(path):
        return
    if not _is_of_an_export(journal, path):
        raise ReelError(
            f"{path}: {journal.name} beside it is not what an export leaves; remove that file, "
            "and copy the reel again"
        )
    try:
        connection = connect(path, "rw")
        try:
            connection.execute("PRAGMA user_version").fetchone()
        finally:
            connection.close()
    except SQL_ERRORS as error:
        raise explain(path, error) from None


def _is_hot(path: Path) -> bool:
    """Whether the journal is left from a killed writer: not while one is writing. Nothing is written."""
    try:
        connection = connect(path, "ro")
        try:
            connection.execute("PRAGMA user_version").fetchone()
        finally:
            connection.close()
    except SQL_ERRORS as error:
        return not error_name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    return False


def _is_of_an_export(journal: Path, path: Path) -> bool:
    """Whether rolling back changes nothing but the reel, and does not make it larger. The header is that of
    https://sqlite.org/fileformat.html#the_rollback_journal
    """
    with path.open("rb") as file:
        page_size = int.from_bytes(file.read(18)[16:])
    with journal.open("rb") as file:
        data = file.read(_LARGEST_JOURNAL + 1)
    pages, sector, page = (int.from_bytes(data[at : at + 4]) for at in (16, 20, 24))
    return (
        28 <= len(data) <= _LARGEST_JOURNAL
        and data.startswith(_JOURNAL_MAGIC)
        and not data.endswith(_JOURNAL_MAGIC)  # else it names a file, which SQLite would delete
        and sector in (512, 1024, 2048, 4096, 8192, 16384, 32768, 65536)
        and page in (PAGE_SIZE, page_size)
        and pages * page <= path.stat().st_size
    )


def connect(path: Path, mode: Literal["ro", "rw", "rwc"]) -> sqlite3.Connection:
    """A connection that trusts nothing in the file. It begins no transaction of its own."""
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    for limit, value in _LIMITS.items():
        connection.setlimit(limit, value)
    connection.set_progress_handler(lambda: 1, STEPS)  # whoever needs more sets another one
    try:
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        connection.execute("PRAGMA mmap_size=0")  # a card pulled out must be an error, not SIGBUS
        connection.execute("PRAGMA cache_size=-512")  # KiB; frames are read once
    except SQL_ERRORS:
        connection.close()
        raise
    return connection


def allow_pictures(connection: sqlite3.Connection, width: int, height: int) -> None:
    """Let values be as long as the payload of a dither of this size may be."""
    size = height * ((width + 7) // 8)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, size + size // 8 + LONGEST_TEXT)


def is_possible(width: int, height: int) -> bool:
    """Whether a panel of this size can be."""
    return 0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE and width * height <= MOST_PIXELS


def is_too_long(key: str, value: str) -> bool:
    """Whether a text of the description is longer than a reader takes."""
    longest = LONGEST_NAME if key in ("film", "title") else LONGEST_TEXT
    return len(value.encode(errors="replace")) > longest


def error_name(error: Exception) -> str:
    """SQLite's name for an error (SQLITE_BUSY, ...); empty for errors of Python's module itself."""
    return str(getattr(error, "sqlite_errorname", ""))


def words(error: Exception) -> str:
    """An error's message in one short printable line. SQLite quotes the file, which may hold anything."""
    if error_name(error) == "SQLITE_INTERRUPT":
        return "reading it takes too long"
    return printable(str(error), 100)


def printable(text: str, longest: int) -> str:
    """The beginning of a text from a file, in one line that a terminal or a log can take."""
    line = " ".join(text[: 2 * longest].split())[:longest]
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def explain(path: Path, error: Exception) -> ReelError:
    """The ReelError for an error of SQLite on this file."""
    text, name = words(error), error_name(error)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return ReelError(f"{path}: another program is writing to it; try again when it is done")
    if name.startswith("SQLITE_FULL"):
        return ReelError(
            f"{path}: the disk is full; free some space and run the same command again to continue"
        )
    if name.startswith("SQLITE_READONLY"):
        return ReelError(
            f"{path}: cannot be written: {text}; check the permissions of the file and its directory"
        )
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return ReelError(f"{path}: cannot be opened: {text}; check the path and its permissions")
    if name.startswith("SQLITE_IOERR"):
        return ReelError(
            f"{path}: reading or writing failed: {text} ({name}); check the disk and copy the reel again"
        )
    return ReelError(f"{path}: is truncated or damaged ({text}); copy it again or export the film again")
