"""What systemd hears: exact datagrams on a real socket, by path and by abstract name."""

import os
import socket
import time

import pytest

from player.service.notify import Notifier


class Systemd:
    """The other end of the socket."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.setblocking(False)
        self.environment = {"NOTIFY_SOCKET": address}

    def heard(self):
        datagrams = []
        while True:
            try:
                datagrams.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return datagrams


@pytest.fixture(params=["path", "abstract"])
def systemd(request, tmp_path):
    address = str(tmp_path / "notify") if request.param == "path" else f"@longtake-test-{os.getpid()}"
    end = Systemd(address)
    yield end
    end.socket.close()


@pytest.fixture
def lines():
    return []


def notifier(systemd, lines, now=None, **more):
    clock = time.monotonic if now is None else lambda: now[0]
    return Notifier({**systemd.environment, **more}, lines.append, clock)


def test_a_start_a_reload_and_an_end(systemd, lines):
    told = notifier(systemd, lines)
    told.reloading()  # nobody asked to be told of one before it is ready
    told.reloaded()
    told.status("frame 1\nof 2")
    told.status("frame 1 of 2")
    told.ready()
    told.ready()
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    told.reloading()
    told.reloaded()
    told.stopping()
    told.close()
    told.alive()
    heard = systemd.heard()
    stamp = heard.pop(2).split("MONOTONIC_USEC=")
    assert stamp[0] == "RELOADING=1\n"
    assert before <= int(stamp[1]) <= before + 60e6
    assert heard == ["STATUS=frame 1 of 2", "READY=1", "READY=1", "STOPPING=1"]
    assert lines == []


def test_the_watchdog_is_fed_in_time_and_not_in_floods(systemd, lines):
    now = [0.0]
    told = notifier(systemd, lines, now, WATCHDOG_USEC="180000000", WATCHDOG_PID=str(os.getpid()))
    assert told.heartbeat == 90
    for _ in range(3):
        told.alive()
    assert systemd.heard() == ["WATCHDOG=1"]
    now[0] = 9.9
    told.alive()
    assert systemd.heard() == []
    now[0] = 10
    told.alive()
    assert systemd.heard() == ["WATCHDOG=1"]
    told.close()


def test_more_time_is_asked_for_where_a_call_may_take_longer(systemd, lines):
    told = notifier(systemd, lines, WATCHDOG_USEC="180000000")
    told.allow(45)
    assert systemd.heard() == []
    told.allow(700.5)
    assert systemd.heard() == ["WATCHDOG_USEC=1401000000"]
    assert told.heartbeat == 700.5
    told.close()


@pytest.mark.parametrize(
    "environment",
    [{}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"}],
    ids=str,
)
def test_without_a_watchdog_it_is_not_fed(systemd, lines, environment):
    told = notifier(systemd, lines, **environment)
    assert told.heartbeat is None
    told.alive()
    told.allow(1000)
    assert systemd.heard() == []
    told.close()


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "relative"])
def test_without_systemd_nothing_happens(lines, address):
    told = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"}, lines.append)
    told.ready()
    told.alive()
    assert told.heartbeat is None
    told.close()
    assert lines == []


def test_a_socket_that_is_gone_is_one_line_and_no_end(tmp_path, lines):
    told = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}, lines.append)
    told.ready()
    address = f"NOTIFY_SOCKET {tmp_path / 'gone'}"
    assert lines == [f"systemd cannot be told the state of the player: {address}: No such file or directory"]


def test_systemd_that_ends_in_the_middle_does_not_end_the_film(tmp_path, lines):
    systemd = Systemd(str(tmp_path / "notify"))
    told = notifier(systemd, lines)
    systemd.socket.close()
    told.ready()
    told.stopping()
    told.close()


def test_a_name_that_is_no_text_is_told_all_the_same(systemd, lines):
    told = notifier(systemd, lines)
    told.status("b\udcfcb: frame 1")
    told.close()
    assert systemd.heard() == ["STATUS=b?b: frame 1"]
