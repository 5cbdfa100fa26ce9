"""Uploads: whole or not at all, inside the films directory, within limits, resumable, one at a time."""

import http.client
import json
import os
import sqlite3
import stat
import time
from contextlib import closing

import numpy as np
import pytest

from player.config.settings import Config
from player.errors import ReelError
from player.web.checking import FRAMES, check_reel
from player.web.uploads import BUSY, IDLE, PIECE, safe_name
from tests.player.conftest import HEIGHT, WIDTH, film, write
from tests.player.web.house import TOKEN

OCTETS = "application/octet-stream"


@pytest.fixture
def data(tmp_path):
    return write(tmp_path / "made.reel", film(70), cuts=(30,)).read_bytes()


def begin(client, data, name="new.reel", **more):
    return client.post("/api/upload", {"name": name, "bytes": len(data), **more})


def send(client, id, data, size=4096, start=0):
    for offset in range(start, len(data), size):
        reply = client.post(
            f"/api/upload/{id}?offset={offset}", data[offset : offset + size], Content_Type=OCTETS
        )
        assert reply.status == 200, reply.text
        assert reply.json()["received"] == min(offset + size, len(data))


def names(films):
    return sorted(os.listdir(films))


def test_a_reel_comes_in_pieces_and_gets_its_name_when_it_is_whole(house, client, films, data):
    begun = begin(client, data)
    assert begun.status == 201
    id = begun.json()["id"]
    send(client, id, data)
    assert names(films) == [f".upload-{id}.part"]
    assert stat.S_IMODE((films / f".upload-{id}.part").stat().st_mode) == 0o600
    assert client.get("/api/upload").json()["current"]["received"] == len(data)
    assert client.get("/api/reels").json()["reels"] == []
    done = client.post(f"/api/upload/{id}/finish")
    assert (done.status, done.json()) == (201, {"reel": str(films / "new.reel"), "job": None})
    assert names(films) == ["new.reel"]
    assert (films / "new.reel").read_bytes() == data
    assert client.get("/api/upload").json()["current"] is None
    assert [reel["frames"] for reel in client.get("/api/reels").json()["reels"]] == [70]
    assert any("new.reel uploaded" in line for line in house.logged)


@pytest.mark.parametrize(
    "name",
    [
        "../new.reel",
        "/etc/new.reel",
        "..reel",
        ".reel",
        ".hidden.reel",
        "a/b.reel",
        "a\\b.reel",
        "new.reel\0",
        "new",
        "new.reel.txt",
        "x" * 96 + ".reel",
        "größer.reel",
        "a b.reel",
        "-rf.reel",
        "new.reel\n",
        "a..reel/../x.reel",
        "",
    ],
)
def test_a_name_outside_the_safe_alphabet_is_refused(client, films, tmp_path, data, name):
    before = sorted(tmp_path.rglob("*"))
    assert begin(client, data, name).status == 422
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("Größer als du.reel", "Gr-er-als-du.reel"),
        ("C:\\films\\x.reel", "x.reel"),
        ("../../etc/passwd", "passwd.reel"),
        ("", "film.reel"),
        (".reel", "film.reel"),
        ("...", "film.reel"),
        ("a" * 300, "a" * 90 + ".reel"),
    ],
)
def test_names_of_files_are_made_safe(house, given, safe, data):
    assert safe_name(given) == safe
    assert begin(house.client(), data, safe).status == 201


def test_nothing_is_ever_replaced(client, films, tmp_path, data):
    (films / "new.reel").write_bytes(b"mine")
    assert begin(client, data).status == 409
    os.symlink(tmp_path / "nowhere", films / "link.reel")
    assert begin(client, data, "link.reel").status == 409
    id = begin(client, data, "later.reel").json()["id"]
    send(client, id, data)
    (films / "later.reel").write_bytes(b"came by scp meanwhile")
    assert client.post(f"/api/upload/{id}/finish").status == 409
    assert (films / "later.reel").read_bytes() == b"came by scp meanwhile"
    assert names(films) == ["later.reel", "link.reel", "new.reel"]


def test_the_limits_of_size_and_free_space_hold(house, client, films, data):
    assert client.post("/api/upload", {"name": "a.reel", "bytes": 10_000_001}).status == 413
    for length in (0, -1):
        assert client.post("/api/upload", {"name": "a.reel", "bytes": length}).status == 422
    house.free = 1_000_000 + len(data) - 1
    assert begin(client, data).status == 507
    assert names(films) == []
    house.free += 1
    id = begin(client, data).json()["id"]
    house.free = 1_000_000 + 99
    piece = client.post(f"/api/upload/{id}?offset=0", data[:100], Content_Type=OCTETS)
    assert (piece.status, "free_space" in piece.json()["detail"]) == (507, True)
    assert client.post(f"/api/upload/{id}?offset=0", data[:99], Content_Type=OCTETS).status == 200


def test_pieces_are_bounded_and_come_in_order(client, films, data):
    id = begin(client, data).json()["id"]
    path = f"/api/upload/{id}?offset="
    assert client.post(path + "0", b"x" * (PIECE + 1), Content_Type=OCTETS).status == 413
    assert client.post(path + "0", data + b"x", Content_Type=OCTETS).status == 422
    assert client.post(path + "0", b"", Content_Type=OCTETS).status == 422
    assert client.post(path + "0", data[:10], Content_Type="text/plain").status == 415
    for offset in ("", "-1", "1.5", "x", "٣", "9" * 30):
        assert client.post(path + offset, data[:10], Content_Type=OCTETS).status == 422, offset
    assert client.post(path + "0", data[:10], Content_Type=OCTETS).status == 200
    for offset in ("0", "5", "11"):
        late = client.post(path + offset, data[:10], Content_Type=OCTETS)
        assert (late.status, late.json()["detail"].startswith("the next byte is 10")) == (409, True)
    for id_ in ("0" * 16, "..", "%2e%2e"):
        assert client.post(f"/api/upload/{id_}?offset=10", data[10:], Content_Type=OCTETS).status == 404
    assert client.post(f"/api/upload/{id}/finish").status == 409
    (part,) = films.iterdir()
    assert part.read_bytes() == data[:10]


def test_a_lost_connection_continues_where_it_was(client, films, data):
    id = begin(client, data, stamp="of my file").json()["id"]
    send(client, id, data[:9000])
    again = begin(client, data, stamp="of my file").json()
    assert (again["id"], again["received"]) == (id, 9000)
    assert begin(client, data, stamp="of another").status == 409
    assert begin(client, data).status == 409
    assert begin(client, data, "other.reel", stamp="of my file").status == 409
    send(client, id, data, start=9000)
    assert client.post(f"/api/upload/{id}/finish").status == 201
    assert (films / "new.reel").read_bytes() == data


def test_bytes_that_a_failed_attempt_left_are_overwritten(house, client, films, data):
    """A piece was written, its answer was lost with the connection, and it is sent again."""
    id = begin(client, data).json()["id"]
    send(client, id, data[:5000])
    (part,) = films.iterdir()
    with part.open("ab") as file:
        file.write(b"half a piece")
    send(client, id, data, start=5000)
    assert client.post(f"/api/upload/{id}/finish").status == 201
    assert (films / "new.reel").read_bytes() == data


def test_one_upload_at_a_time_until_it_has_been_silent(house, client, films, data):
    first = begin(client, data, "one.reel").json()["id"]
    send(client, first, data[:5000])
    assert begin(client, data, "two.reel").status == 409
    house.time += BUSY + 1
    second = begin(client, data, "two.reel").json()["id"]
    assert names(films) == [f".upload-{second}.part"]
    assert client.post(f"/api/upload/{first}?offset=5000", b"x", Content_Type=OCTETS).status == 404


def test_an_upload_can_be_cancelled(client, films, data):
    id = begin(client, data).json()["id"]
    send(client, id, data[:5000])
    assert client.post(f"/api/upload/{id}/cancel").status == 200
    assert names(films) == []
    assert client.post(f"/api/upload/{id}/cancel").status == 404
    assert begin(client, data).status == 201


def test_abandoned_part_files_are_removed(house, client, films, data):
    send(client, begin(client, data).json()["id"], data[:5000])
    house.time += IDLE - 1
    house.remote.uploads.tidy()
    assert len(names(films)) == 1
    house.time += 2
    house.remote.uploads.tidy()
    assert names(films) == []
    for left in (".upload-0123.part", ".upload-.part", "mine.part", ".other"):
        (films / left).write_bytes(b"x")
    house.remote.uploads.tidy(start=True)
    assert names(films) == [".other", "mine.part"]


def damaged(data):
    """What is wrong with the reel, and its bytes."""
    yield "no reel", b"MZ" + data[2:]
    yield "truncated", data[: len(data) // 2]
    yield "another database", data[:68] + b"\0\0\0\0" + data[72:]
    yield "another version", data[:60] + b"\0\0\0\x09" + data[64:]
    yield "write-ahead log", data[:18] + b"\x02\x02" + data[20:]
    yield "empty tables", data[:1024] + bytes(len(data) - 1024)
    for place in range(3000, len(data), len(data) // 12):
        noise = np.random.default_rng(place).bytes(900)
        yield f"noise at {place}", data[:place] + noise + data[place + 900 :]


def test_a_damaged_reel_is_refused_and_removed(house, client, films, data):
    for what, bad in damaged(data):
        id = begin(client, bad).json()["id"]
        by_head = what in ("no reel", "another database")
        for offset in range(0, len(bad), 65536):
            piece = bad[offset : offset + 65536]
            reply = client.post(f"/api/upload/{id}?offset={offset}", piece, Content_Type=OCTETS)
            assert reply.status == (422 if by_head else 200), what
            if by_head:
                break
        else:
            reply = client.post(f"/api/upload/{id}/finish")
        assert reply.status == 422, what
        assert reply.json()["detail"].startswith("new.reel: "), what
        assert ".upload" not in reply.text
        assert names(films) == [], what


@pytest.mark.parametrize("shape", [(HEIGHT, WIDTH + 8), (WIDTH, HEIGHT)])
def test_a_reel_of_another_size_is_refused(client, films, tmp_path, shape):
    data = write(tmp_path / "wide.reel", [np.zeros(shape, np.uint8)]).read_bytes()
    id = begin(client, data).json()["id"]
    send(client, id, data)
    reply = client.post(f"/api/upload/{id}/finish")
    assert reply.status == 422
    assert f"--size {WIDTH}x{HEIGHT}" in reply.json()["detail"]


def test_an_unfinished_export_is_refused(client, films, tmp_path):
    data = write(tmp_path / "half.reel", film(4), finish=False).read_bytes()
    id = begin(client, data).json()["id"]
    send(client, id, data)
    assert "not finished" in client.post(f"/api/upload/{id}/finish").json()["detail"]


def test_the_umask_makes_no_upload_readable_to_others(client, films, data):
    before = os.umask(0)
    try:
        id = begin(client, data).json()["id"]
    finally:
        os.umask(before)
    send(client, id, data)
    assert client.post(f"/api/upload/{id}/finish").status == 201
    assert stat.S_IMODE((films / "new.reel").stat().st_mode) == 0o600


def hostile(path, *statements):
    """A reel whose database was changed by these statements; its bytes."""
    with sqlite3.connect(path, isolation_level=None) as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    return path.read_bytes()


def generating(expression):
    """The time of each frame becomes a generated column."""
    kept = "number, film_frame, kind, flips, darkened, cut, crc, payload_crc, payload"
    return [
        "ALTER TABLE frames RENAME TO old",
        f"CREATE TABLE frames ({kept.replace('number', 'number INTEGER PRIMARY KEY')}, "
        "time_ms INTEGER GENERATED ALWAYS AS (0))",
        f"INSERT INTO frames ({kept}) SELECT {kept} FROM old",
        "DROP TABLE old",
        "PRAGMA writable_schema = ON",  # so that nothing of it is computed here
        f"UPDATE sqlite_schema SET sql = replace(sql, 'AS (0)', 'AS ({expression})') WHERE name = 'frames'",
    ]


TERM = "instr(hex(zeroblob(32000)), hex(zeroblob(15999)) || 1)"
ENDLESS = f"iif(number = 69, {' + '.join([TERM] * 900)}, number)"  # minutes
HUGE = "iif(number = 69, hex(zeroblob(100000000)), number)"


def claiming(frames):
    """The claim, and enough bytes that it could be true."""
    return [
        f"UPDATE reel SET value = '{frames}' WHERE key = 'frames'",
        "CREATE TABLE ballast (bytes BLOB)",
        f"INSERT INTO ballast VALUES (zeroblob({17 * frames}))",
    ]


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(["UPDATE reel SET value = '999999999' WHERE key = 'frames'"], id="absurd claim"),
        pytest.param(claiming(FRAMES + 1), id="more frames than may be"),
        pytest.param(claiming(FRAMES), id="as many as may be, and few of them there"),
        pytest.param(generating(ENDLESS), id="a frame that takes for ever"),
        pytest.param(generating(HUGE), id="a frame of 200 MB"),
    ],
)
def test_a_hostile_reel_is_refused_in_bounded_time(
    make_house, serve, films, tmp_path, data, monkeypatch, statements
):
    """On the real server: the upload ends in seconds with one line, and meanwhile others are served."""
    monkeypatch.setattr("player.web.checking.SECONDS", 4)
    bad = hostile(tmp_path / "made.reel", *statements)
    house = make_house(config=Config(upload_limit=200.0, free_space=1.0))
    house.show()
    port = serve(of=house)

    def post(path, body=b"", kind="application/json"):
        with closing(http.client.HTTPConnection("localhost", port, timeout=60)) as client:
            client.request("POST", path, body, {"Authorization": f"Bearer {TOKEN}", "Content-Type": kind})
            reply = client.getresponse()
            return reply.status, json.loads(reply.read())

    id = post("/api/upload", json.dumps({"name": "new.reel", "bytes": len(bad)}))[1]["id"]
    for offset in range(0, len(bad), PIECE):
        post(f"/api/upload/{id}?offset={offset}", bad[offset : offset + PIECE], OCTETS)
    begun = time.monotonic()
    status, found = post(f"/api/upload/{id}/finish")
    assert time.monotonic() - begun < 15
    assert status == 422
    assert found["detail"].startswith("new.reel: ")
    assert "\n" not in found["detail"]
    assert names(films) == []
    assert post("/api/upload", json.dumps({"name": "new.reel", "bytes": 5}))[0] == 201


def test_the_check_of_a_reel_is_killed_when_it_takes_too_long(tmp_path, monkeypatch):
    """A file that is never readable stands for whatever the reader's own bounds may miss."""
    monkeypatch.setattr("player.web.checking.SECONDS", 2)
    path = tmp_path / "made.reel"
    os.mkfifo(path)
    with pytest.raises(ReelError, match="takes more than 2 seconds"):
        check_reel(path, (WIDTH, HEIGHT))
