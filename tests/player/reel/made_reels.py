"""Reels made to harm their reader. Each function of `REFUSED` spoils the good reel at a path."""

import os
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path

COSTLY = "length(hex(zeroblob(50000000)))"
BIG = "printf('%.*c', 200000000, 'x')"
# Backtracking without end, in one step of SQLite's machine.
ENDLESS = f"('{'a' * 40}' LIKE '{'%a' * 24}b')"

Attack = Callable[[Path], None]


def execute(path: Path, *statements: str, defensive: bool = True) -> None:
    """Run statements on the file; not `defensive`: the schema may be written."""
    database = sqlite3.connect(path, isolation_level=None)
    if not defensive:
        database.execute("PRAGMA writable_schema=ON")
    for statement in statements:
        database.execute(statement)
    database.close()


def _statements(*statements: str) -> Attack:
    return lambda path: execute(path, *statements)


def _schema(table: str, old: str, new: str) -> Attack:
    """Change the text of a table in the schema, whatever SQLite would say to that."""

    def spoil(path: Path) -> None:
        change = f"UPDATE sqlite_schema SET sql = replace(sql, {old!r}, ?) WHERE name = {table!r}"
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA writable_schema=ON")
        assert database.execute(change, (new,)).rowcount == 1
        database.close()

    return spoil


def _generated(table: str, column: str, expression: str) -> Attack:
    """A column of ours that is computed while it is read."""

    def spoil(path: Path) -> None:
        database = sqlite3.connect(path, isolation_level=None)
        (sql,) = database.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        kept = ", ".join(name for name in columns if name != column)
        lines = [line.split("--")[0].strip().rstrip(",") for line in sql.splitlines()]
        database.execute(f"ALTER TABLE {table} RENAME TO old")
        database.execute("DROP INDEX redraws")
        if table == "frames":
            body = ", ".join(line for line in lines[1:-1] if not line.startswith(column + " "))
            database.execute(f"CREATE TABLE frames ({body}, {column} AS ({expression}))")
        else:
            database.execute(
                f"CREATE TABLE reel (key TEXT PRIMARY KEY, {column} AS ({expression})) WITHOUT ROWID"
            )
        database.execute(f"INSERT INTO {table} ({kept}) SELECT {kept} FROM old")
        database.execute("DROP TABLE old")
        database.execute("CREATE INDEX redraws ON frames (number) WHERE redraw = 1")
        database.close()

    return spoil


def _large_title(path: Path) -> None:
    execute(path, f"INSERT INTO reel VALUES ('title', {BIG.replace('200000000', '20000000')})")


def _many_keys(path: Path) -> None:
    execute(
        path,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) "
        "INSERT INTO reel SELECT 'key' || i, 'value' FROM n",
    )


def _many_long_keys(path: Path) -> None:
    execute(
        path,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
        "INSERT INTO reel SELECT 'key' || i, printf('%.*c', 60000, 'x') FROM n",
    )


def _many_tables(path: Path) -> None:
    """A schema of 30,000 tables, parsed by the first query."""
    execute(
        path,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) "
        "INSERT INTO sqlite_schema SELECT 'table', 't' || i, 't' || i, 2, "
        "'CREATE TABLE t' || i || ' (a, b, c, d, e, f)' FROM n",
        defensive=False,
    )


def _wide_table(path: Path) -> None:
    columns = ", ".join(f"c{number}" for number in range(1900))
    execute(path, f"CREATE TABLE wide ({columns})")


def _long_statement(path: Path) -> None:
    execute(path, f"CREATE TABLE long (c DEFAULT '{'x' * 10_000_000}')")


def _deep_expression(path: Path) -> None:
    execute(path, f"CREATE TABLE deep (c CHECK ({'1 + ' * 900} 1))")


def _claims(frames: int, size: int) -> Attack:
    """A sparse file that is large enough for the frames it claims."""

    def spoil(path: Path) -> None:
        execute(path, f"UPDATE reel SET value = '{frames}' WHERE key = 'frames'")
        data = bytearray(path.read_bytes())
        data[28:32] = (size // 1024).to_bytes(4)
        path.write_bytes(data)
        os.truncate(path, size)

    return spoil


def _more_rows(count: int, redraw: int = 0) -> str:
    return (
        f"WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
        f"INSERT INTO frames SELECT i, 0, 0, 'delta', 0, 0, 0, {redraw}, 0, 0, zeroblob(20) FROM n"
    )


PAGE = 1024


def _endless(name: str) -> Attack:
    """A tree whose pages all have one child a hundred times over, ten levels deep: 100 to the 10th rows. See
    https://sqlite.org/fileformat.html#b_tree_pages
    """

    def spoil(path: Path) -> None:
        database = sqlite3.connect(path)
        query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        root = 1 if name == "sqlite_schema" else database.execute(query, (name,)).fetchone()[0]
        database.close()
        data = bytearray(path.read_bytes())
        at = root
        while True:  # to the first leaf
            page = data[(at - 1) * PAGE : at * PAGE]
            head = 100 if at == 1 else 0
            if page[head] in (10, 13):
                break
            cell = int.from_bytes(page[head + 12 : head + 14])
            at = int.from_bytes(page[cell : cell + 4])
        is_index = page[head] == 10
        cells = int.from_bytes(page[head + 3 : head + 5])
        leaf = bytearray(PAGE)
        leaf[: 8 + 2 * cells] = page[head : head + 8 + 2 * cells]
        content = int.from_bytes(page[head + 5 : head + 7])
        leaf[content:] = page[content:]
        first = int.from_bytes(page[head + 8 : head + 10])
        key = bytes(page[first : first + 1 + page[first]]) if is_index else b"\x7f"
        pages = len(data) // PAGE
        for level in range(10):
            child = pages + 1 if level == 0 else pages + level + 1
            offset = 100 if level == 0 and root == 1 else 0
            interior = bytearray(PAGE)
            interior[:100] = data[:100] if offset else bytes(100)
            count = (PAGE - offset - 12) // (6 + len(key))
            places, end = [], PAGE
            for _ in range(count):
                end -= 4 + len(key)
                interior[end : end + 4 + len(key)] = child.to_bytes(4) + key
                places.append(end)
            header = bytes([2 if is_index else 5, 0, 0]) + count.to_bytes(2) + end.to_bytes(2) + b"\0"
            header += child.to_bytes(4) + b"".join(place.to_bytes(2) for place in places)
            interior[offset : offset + len(header)] = header
            if level == 0:
                data[(root - 1) * PAGE : root * PAGE] = interior
            else:
                data += interior
        data += leaf
        data[28:32] = (len(data) // PAGE).to_bytes(4)
        data[92:96] = data[24:28]  # the size in the header is valid
        path.write_bytes(data)

    return spoil


REFUSED: dict[str, Attack] = {
    "200 MB from a generated column": _generated("frames", "payload", f"CAST({BIG} AS BLOB)"),
    "a costly generated column": _generated("frames", "payload", f"{COSTLY} + number"),
    "endless backtracking in a generated column": _generated("frames", "kind", f"{ENDLESS} + number"),
    "a generated value of the description": _generated("reel", "value", f"{BIG} || key"),
    "a generated column that costs in the description": _generated("reel", "value", f"{ENDLESS} || key"),
    "a column more that is generated": _statements(f"ALTER TABLE frames ADD COLUMN more AS ({COSTLY})"),
    "a view": _statements(
        "CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT * FROM n"),
    "a view instead of the table": _statements(
        "ALTER TABLE frames RENAME TO old", "CREATE VIEW frames AS SELECT * FROM old"),
    "a trigger": _statements("CREATE TRIGGER t AFTER UPDATE ON frames BEGIN DELETE FROM reel; END"),
    "a virtual table": _statements("CREATE VIRTUAL TABLE words USING fts5(a)"),
    "a virtual table of our name": _schema(
        "frames", "CREATE TABLE frames (", "CREATE VIRTUAL TABLE frames USING fts5 ("),
    "an index on an expression": _statements(f"CREATE INDEX costs ON frames ({ENDLESS})"),
    "another index of our name": _statements(
        "DROP INDEX redraws", "CREATE INDEX redraws ON frames (number) WHERE redraw = 1 AND number > 0"),
    "no index of the plan": _statements("DROP INDEX redraws"),
    "statistics": _statements("ANALYZE"),
    "a numbering that is no row number": _schema("frames", "number INTEGER PRIMARY KEY", "number INT"),
    "a column that hides the row number": _statements("ALTER TABLE frames ADD COLUMN rowid INTEGER"),
    "a column with an odd name": _statements('ALTER TABLE frames ADD COLUMN "a b;--" INTEGER'),
    "a description with more columns": _statements("ALTER TABLE reel ADD COLUMN more TEXT"),
    "a title of 20 MB": _large_title,
    "a title of 60 kB": _statements("INSERT INTO reel VALUES ('title', printf('%.*c', 60000, 'x'))"),
    "30,000 keys": _many_keys,
    "12 MB of description": _many_long_keys,
    "30,000 tables": _many_tables,
    "a table of 1,900 columns": _wide_table,
    "a statement of 10 MB": _long_statement,
    "a deep expression": _deep_expression,
    "6.3 million frames": _claims(6_300_000, 300_000_000),
    "4 million frames": _claims(4_000_000, 200_000_000),
    "a last frame far off": _statements(
        "UPDATE reel SET value = '0' WHERE key = 'complete'",
        "UPDATE frames SET number = 6300000 WHERE number = 2"),
    "an endless schema": _endless("sqlite_schema"),
    "an endless description": _endless("reel"),
    "an endless plan": _endless("redraws"),
    "a picture of 16384 x 16384": _statements(
        "UPDATE reel SET value = '16384' WHERE key IN ('width', 'height')"),
    "a write-ahead log": _statements("PRAGMA journal_mode=WAL"),
}  # fmt: skip
"""What no reader opens, at once."""


def _no_keys(path: Path) -> None:
    """200,000 frames, of which none begins anything."""
    execute(path, _more_rows(200_000), "UPDATE reel SET value = '200001' WHERE key = 'frames'",
            "UPDATE frames SET kind = 'delta'")  # fmt: skip


def _only_gaps(path: Path) -> None:
    """An unfinished reel of 1,000,000 frames by its last number, in which most are missing."""
    execute(path, _more_rows(100_000), "UPDATE frames SET number = 1000000 WHERE number = 100000",
            "UPDATE reel SET value = '0' WHERE key = 'complete'",
            "INSERT INTO reel VALUES ('comment', 'room')")  # fmt: skip
    os.truncate(path, 40_000_000)


def _whole(path: Path, width: int, height: int, frames: int) -> None:
    """Frames of a large size that hold nothing, all of them right."""
    row = height * ((width + 7) // 8)
    stream = zlib.compress(bytes(row), 9)
    values = (zlib.crc32(bytes(row)), zlib.crc32(stream), stream)
    database = sqlite3.connect(path)
    database.execute("DELETE FROM frames")
    database.executemany(
        "INSERT INTO frames VALUES (?, 0, 0, 'key', 0, 0, 0, 0, ?, ?, ?)",
        [(number, *values) for number in range(frames)],
    )
    database.execute("UPDATE reel SET value = ? WHERE key = 'width'", (str(width),))
    database.execute("UPDATE reel SET value = ? WHERE key = 'height'", (str(height),))
    database.execute("UPDATE reel SET value = ? WHERE key = 'frames'", (str(frames),))
    database.commit()
    database.close()


SHOWN: dict[str, Attack] = {
    "30 MB where a number should be": _statements(
        "UPDATE frames SET flips = zeroblob(30000000) WHERE number = 1"),
    "30 MB in front of the kind": _statements("UPDATE frames SET time_ms = zeroblob(30000000)"),
    "a payload of 200 MB": _statements(f"UPDATE frames SET payload = CAST({BIG} AS BLOB) WHERE number = 1"),
    "a time without end": _statements("UPDATE frames SET time_ms = 9000000000000000000, flips = -5"),
    "no key frame": _no_keys,
    "gaps": _only_gaps,
    "the largest pictures": lambda path: _whole(path, 7680, 4320, 20),
    "a thread of pixels": lambda path: _whole(path, 16384, 2048, 20),
    "a collation that is not there": _schema("frames", "redraw INTEGER NOT NULL", "redraw INTEGER COLLATE x"),
    "words for a terminal": _statements(
        "INSERT INTO reel VALUES ('title', 'A' || char(27) || '[2J' || char(10) || 'player: all is well')"),
}  # fmt: skip
"""What can be opened; then every frame is right, or refused soon."""
