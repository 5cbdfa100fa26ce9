"""Attacks on the real server by those who do not know the token: the owner is served all the same."""

import http.client
import os
import socket
import stat
import threading
import time
from contextlib import ExitStack, closing, contextmanager, suppress

import pytest

from player.web import server as web_server
from player.web.server import KNOWN, STRANGERS, THREADS, Server, listen
from player.web.tokens import SESSIONS, Sessions
from tests.player.web.house import TOKEN, House

SOON = 1.5  # seconds; "within about a second", on a busy machine too
HEAD = b"GET /login HTTP/1.1\r\nHost: localhost\r\nX: "
BODY = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n"
HERE, ELSEWHERE = "127.0.0.1", "127.0.0.77"


@contextmanager
def trickling(port, head, connections, address=HERE, gap=0.2):
    """Connections that send a head, then a byte now and then; who is cut off comes back at once."""
    over = threading.Event()

    def run():
        found = []
        while not over.wait(gap):
            found += [connect(port, address) for _ in range(connections - len(found))]
            for connection in list(found):
                try:
                    connection.sendall(b"x" if connection in begun else head)
                    begun.add(connection)
                except OSError:
                    connection.close()
                    found.remove(connection)
        for connection in found:
            connection.close()

    begun = set()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(20)


def connect(port, address=HERE):
    return socket.create_connection((HERE, port), timeout=20, source_address=(address, 0))


def request(port, method="GET", path="/api/status", body=None, address=HERE, **headers):
    """(status, headers, seconds) of a request on a connection of its own."""
    begun = time.monotonic()
    with closing(http.client.HTTPConnection(HERE, port, timeout=60, source_address=(address, 0))) as client:
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        client.request(method, path, body, {"Host": "localhost", "Origin": "http://localhost", **headers})
        reply = client.getresponse()
        reply.read()
    return reply.status, reply.headers, time.monotonic() - begun


def served_soon(port, house, address=HERE):
    """Cookie, token and the form of /login, a few times."""
    cookie = f"longtake={house.sessions.issue()}"
    for _ in range(3):
        for wanted, asked in (
            (200, {"Cookie": cookie}),
            (200, {"Authorization": f"Bearer {TOKEN}"}),
            (303, {"method": "POST", "path": "/login", "body": f"token={TOKEN}"}),
        ):
            status, _, took = request(port, address=address, **asked)
            assert status == wanted
            assert took < SOON
        time.sleep(0.3)


@pytest.mark.parametrize("owner", [HERE, ELSEWHERE])
@pytest.mark.parametrize("head", [HEAD, BODY], ids=["heads", "bodies"])
def test_trickling_connections_do_not_delay_the_owner(serve, house, head, owner):
    port = serve()
    with trickling(port, head, 60):
        time.sleep(0.5)
        served_soon(port, house, owner)
    assert house.logged == []


def test_trickling_connections_from_many_addresses_do_not_delay_the_owner(serve, house):
    port = serve()
    with ExitStack() as attack:
        for number in range(10):
            attack.enter_context(trickling(port, HEAD, 8, f"127.0.1.{number + 1}"))
        time.sleep(0.5)
        served_soon(port, house)


def test_idle_connections_do_not_delay_the_owner(serve, house):
    port = serve()
    with ExitStack() as stack:
        for number in range(STRANGERS + KNOWN):
            connection = stack.enter_context(connect(port))
            if number % 2:
                connection.sendall(b"GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n")
        served_soon(port, house)


def test_no_stranger_pushes_out_who_is_known(serve, house):
    port = serve()
    with closing(http.client.HTTPConnection(HERE, port, timeout=20)) as client:
        socket_of_it = None
        for _ in range(3):
            client.request("GET", "/api/status", headers={"Authorization": f"Bearer {TOKEN}"})
            assert client.getresponse().read()
            assert socket_of_it in (None, client.sock), "kept open"
            socket_of_it = client.sock
            with ExitStack() as stack:
                for _ in range(2 * STRANGERS):
                    stack.enter_context(connect(port)).sendall(HEAD)
                time.sleep(0.2)


def test_the_address_with_most_connections_loses_its_oldest(serve, house):
    port = serve()
    with ExitStack() as stack:
        slow = stack.enter_context(connect(port, ELSEWHERE))
        slow.sendall(HEAD)
        many = [stack.enter_context(connect(port)) for _ in range(STRANGERS + 5)]
        time.sleep(0.5)
        slow.sendall(b"x\r\n\r\n")
        assert slow.recv(15) == b"HTTP/1.1 200 OK"
        closed = []
        for number, connection in enumerate(many):
            connection.settimeout(0.05)
            with suppress(TimeoutError):
                assert connection.recv(1) == b""
                closed.append(number)
        assert closed == list(range(6))


def test_known_connections_are_bounded_and_the_longest_idle_is_closed(serve, house):
    port = serve()
    ask = f"GET /api/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
    with ExitStack() as stack:
        idle = [stack.enter_context(connect(port)) for _ in range(KNOWN + 3)]
        for connection in idle:
            connection.sendall(ask)
            assert connection.recv(15) == b"HTTP/1.1 200 OK"
        served_soon(port, house)
        idle[0].settimeout(2)
        while idle[0].recv(65536):
            pass


def test_a_stranger_has_a_few_seconds_one_answer_and_a_small_body(serve, house, monkeypatch):
    monkeypatch.setattr(web_server, "HASTE", 1.0)
    port = serve()
    for head in (b"", HEAD, BODY):
        with connect(port) as connection:
            connection.sendall(head)
            begun = time.monotonic()
            with suppress(ConnectionResetError):
                assert connection.recv(1) == b""
            assert 0.5 < time.monotonic() - begun < 5
    for path, wanted in (("/login", 200), ("/api/status", 401)):
        status, headers, _ = request(port, path=path)
        assert (status, headers["Connection"]) == (wanted, "close")
    body = b"x" * 100_000
    assert request(port, "POST", "/login", body)[0] == 413
    assert request(port, "POST", "/api/pause", body, Authorization="Bearer wrong")[0] == 413
    assert request(port, "POST", "/api/upload", body, Authorization=f"Bearer {TOKEN}")[0] == 415
    assert house.asked == []


def test_the_head_of_a_known_connections_next_request_has_a_few_seconds_too(serve, house, monkeypatch):
    monkeypatch.setattr(web_server, "HASTE", 1.0)
    ask = f"GET /api/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
    with connect(serve()) as connection:
        connection.sendall(ask.encode() + b"\r\n")
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        time.sleep(1.5)  # idle it stays open
        connection.sendall(ask.encode())
        begun = time.monotonic()
        with suppress(ConnectionResetError):
            while connection.recv(65536):
                pass
        assert 0.5 < time.monotonic() - begun < 5


def test_wrong_tokens_do_not_lock_out_the_right_one(serve, house):
    port = serve()
    statuses = [request(port, Authorization="Bearer wrong")[0] for _ in range(8)]
    statuses += [request(port, "POST", "/login", "token=wrong")[0] for _ in range(2)]
    assert statuses == [401] * 5 + [429] * 5
    served_soon(port, house)
    for number in range(70):  # enough for the limit of all addresses
        request(port, address=f"127.0.2.{number + 1}", Authorization=f"Bearer {TOKEN}x")
    assert request(port, address=ELSEWHERE, Authorization="Bearer wrong")[0] == 429
    served_soon(port, house)
    served_soon(port, house, ELSEWHERE)


def test_a_cookie_is_worthless_after_log_out_also_after_a_restart(serve, house, tmp_path):
    def log_in(port):
        headers = request(port, "POST", "/login", f"token={TOKEN}")[1]
        return headers["Set-Cookie"].partition(";")[0]

    before = os.umask(0)
    try:
        port = serve()
        kept, ended = log_in(port), log_in(port)
        assert request(port, "POST", "/logout", "", Cookie=ended)[0] == 303
    finally:
        os.umask(before)
    path = house.folder / SESSIONS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = House(tmp_path, films=house.films)
    again.show()
    for place in (port, serve(of=again)):
        assert request(place, Cookie=ended)[0] == 401
        assert request(place, Cookie=kept)[0] == 200
    assert not Sessions(TOKEN, lambda: house.time, path, pytest.fail).holds(ended.partition("=")[2])


def test_a_server_that_hangs_is_seen(serve, house, monkeypatch):
    port = serve()
    server = serve.servers.pop()
    assert server.alive()
    monkeypatch.setattr(web_server, "STALLED", 0.5)
    monkeypatch.setattr(web_server, "_LOOK", 0.05)
    time.sleep(1.2)
    assert server.alive(), "nothing to do is no hanging"
    leave = threading.Event()
    monkeypatch.setattr(house.remote.library, "all", lambda: leave.wait(20) and [])
    with ExitStack() as stack:
        for _ in range(THREADS + 1):
            ask = f"GET /api/reels HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
            stack.enter_context(connect(port)).sendall(ask.encode())
        assert becomes(server, False), "all its threads hang"
        leave.set()
        assert becomes(server, True)
    leave.clear()
    monkeypatch.setattr(server._server, "make_room", lambda exchange: leave.wait(20))
    assert becomes(server, False), "its loop hangs"
    leave.set()
    assert becomes(server, True)
    server.close()
    assert not server.alive()


def becomes(server, alive):
    end = time.monotonic() + 10
    while server.alive() is not alive and time.monotonic() < end:
        time.sleep(0.05)
    return server.alive() is alive


def test_it_ends_within_a_second_whatever_a_request_does(house, monkeypatch):
    leave = threading.Event()
    monkeypatch.setattr(house.remote.library, "all", lambda: leave.wait(20) and [])
    listening = listen(HERE, 0)
    port = listening.getsockname()[1]
    server = Server(house.app, listening, house.remote.guard.knows, house.logged.append, lambda: None)
    server.start()
    with connect(port) as connection:
        ask = f"GET /api/reels HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        connection.sendall(ask.encode())
        time.sleep(0.3)
        begun = time.monotonic()
        server.close()
        assert time.monotonic() - begun < SOON
    leave.set()
