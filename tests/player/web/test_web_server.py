"""The server with real sockets: its limits, its answers to broken requests, and how it ends."""

import http.client
import socket
import tempfile
import threading
import time
from contextlib import closing, suppress

import pytest

from player.errors import ConfigError
from player.web.server import Server, listen
from player.web.uploads import LARGEST, PIECE
from tests.player.conftest import film, write
from tests.player.web.house import TOKEN

PATIENCE = 20.0
AUTHORIZED = f"Host: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"


def connect(port):
    return closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))


def ask(connection, text, body=b""):
    """Send a request as it is, read until the server closes, and return what it said."""
    connection.sendall(text.encode() + b"\r\n" + body)
    return rest(connection)


def rest(connection):
    found = b""
    try:
        while data := connection.recv(65536):
            found += data
    except ConnectionResetError:
        pass
    return found.decode("latin-1")


def trickle(connection):
    """A byte now and then, for ever."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        connection.sendall(b"x")
        time.sleep(0.05)


def test_it_answers_and_reveals_nothing_about_itself(serve):
    with closing(http.client.HTTPConnection("localhost", serve(), timeout=PATIENCE)) as client:
        for path in ("/api/status", "/api/panel.png", "/"):
            client.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
            reply = client.getresponse()
            assert reply.status == 200
            assert reply.getheader("Server") is None
            assert reply.getheader("Content-Security-Policy").startswith("default-src 'none'")
            reply.read()


def test_a_reel_comes_over_the_network_and_no_byte_of_it_goes_to_tmp(
    serve, house, films, tmp_path, monkeypatch
):
    def forbidden(*_, **__):
        raise AssertionError("a temporary file")

    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, forbidden)
    import bottle
    import waitress.buffers

    monkeypatch.setattr(bottle, "NamedTemporaryFile", forbidden)
    path = write(tmp_path / "made.reel", film(12, flips=0.5))
    with path.open("ab") as file:
        file.write(bytes(PIECE + 5000))  # SQLite does not look beyond the last page of a database
    data = path.read_bytes()
    with closing(http.client.HTTPConnection("localhost", serve(), timeout=PATIENCE)) as client:

        def post(path, body=None, kind="application/json"):
            headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": kind}
            client.request("POST", path, body, headers)
            reply = client.getresponse()
            text = reply.read().decode()
            assert reply.status in (200, 201), text
            return text

        begun = post("/api/upload", f'{{"name": "a.reel", "bytes": {len(data)}}}')
        id = begun.split('"id": "')[1].split('"')[0]
        for offset in range(0, len(data), PIECE):
            post(
                f"/api/upload/{id}?offset={offset}", data[offset : offset + PIECE], "application/octet-stream"
            )
        post(f"/api/upload/{id}/finish")
    assert (films / "a.reel").read_bytes() == data
    assert waitress.buffers.__file__


def test_a_body_beyond_the_limit_is_refused_by_its_header_alone(serve, house):
    for length in (LARGEST + 1, 10**12):
        with connect(serve()) as connection:
            head = f"POST /api/go-to HTTP/1.1\r\n{AUTHORIZED}Content-Length: {length}\r\n"
            assert " 413 " in ask(connection, head)
    with connect(serve()) as connection:
        head = f"POST /api/go-to HTTP/1.1\r\n{AUTHORIZED}Transfer-Encoding: chunked\r\n"
        connection.sendall(head.encode() + b"\r\n")
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        try:
            for _ in range(LARGEST // 65536 + 20):
                connection.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        else:
            assert " 413 " in rest(connection)
    assert house.asked == []


@pytest.mark.parametrize(
    "head",
    [
        "\0\r\n",
        "GET\r\n",
        "get / HTTP/1.1\r\nHost: localhost\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + "x" * 20000 + "\r\n",
        "GET / HTTP/1.0\r\n",
        "GET / HTTP/1.1\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n",
    ],
)
def test_broken_requests_are_refused_without_a_traceback(serve, house, head):
    port = serve()
    with connect(port) as connection:
        connection.sendall(head.encode("latin-1") + b"\r\n")
        with suppress(OSError):  # it may have refused the request and closed the connection by now
            connection.shutdown(socket.SHUT_WR)
        said = rest(connection)
    assert said == "" or said.split(" ")[1][0] in "45", said
    assert "Traceback" not in said
    with connect(port) as connection:
        assert " 200 OK" in ask(connection, f"GET /api/status HTTP/1.1\r\n{AUTHORIZED}Connection: close\r\n")
    assert house.logged == []


def test_a_request_that_trickles_is_cut_off(serve, house):
    """A byte at a time it is never silent; it must end all the same."""
    port = serve(exchange=1.0)
    for head in (f"POST /api/go-to HTTP/1.1\r\n{AUTHORIZED}Content-Length: 9999\r\n\r\n", "GET / HT"):
        with connect(port) as connection:
            begun = time.monotonic()
            connection.sendall(head.encode())
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                trickle(connection)
            assert 0.9 < time.monotonic() - begun < 10
    assert house.asked == []


def test_a_client_that_does_not_read_its_answer_is_cut_off(serve, house):
    """A client that asks for much and reads nothing: its connection ends, and others are served meanwhile."""
    for _ in range(200):
        house.log_tail("x" * 500)
    port = serve(exchange=1.0)
    with connect(port) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.sendall(f"GET /api/log HTTP/1.1\r\n{AUTHORIZED}\r\n".encode() * 60)
        with connect(port) as other:
            assert " 200 OK" in ask(other, f"GET /api/status HTTP/1.1\r\n{AUTHORIZED}Connection: close\r\n")
        begun = time.monotonic()
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            trickle(connection)
        assert time.monotonic() - begun < 10


def test_a_port_in_use_is_one_line(serve):
    port = serve()
    with pytest.raises(ConfigError, match=f"^remote_port {port}: address already in use; choose another"):
        listen("127.0.0.1", port)


def test_it_ends_and_leaves_nothing_behind(house):
    before = threading.active_count()
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    server = Server(house.app, listening, house.remote.guard.knows, house.logged.append, lambda: None)
    server.start()
    with connect(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        begun = time.monotonic()
        server.close()
        assert time.monotonic() - begun < 5
        assert rest(connection) == ""
    for _ in range(100):
        if threading.active_count() == before:
            break
        time.sleep(0.05)
    assert threading.active_count() == before
    with listen("127.0.0.1", port):
        pass


def test_it_tidies_now_and_then_and_only_logs_a_failure_there(house, monkeypatch):
    monkeypatch.setattr("player.web.server._TIDY", 0.0)
    monkeypatch.setattr("player.web.server._LOOK", 0.05)
    tidied = threading.Event()

    def tidy():
        tidied.set()
        raise OSError("gone")

    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    server = Server(house.app, listening, house.remote.guard.knows, house.logged.append, tidy)
    server.start()
    try:
        assert tidied.wait(PATIENCE)
        with connect(port) as connection:
            assert " 200 OK" in ask(
                connection, f"GET /api/status HTTP/1.1\r\n{AUTHORIZED}Connection: close\r\n"
            )
    finally:
        server.close()
    assert "remote: OSError: gone" in house.logged


def test_requests_that_wait_for_no_answer_are_not_all_answered(house, serve):
    """Answers that nobody reads would fill the memory, two megabytes each."""
    with connect(serve()) as connection:
        found = ask(connection, f"GET /api/status HTTP/1.1\r\n{AUTHORIZED}\r\n" * 20)
    assert found.count("HTTP/1.1 200") == 1
    assert found.lower().count("connection: close") == 1
