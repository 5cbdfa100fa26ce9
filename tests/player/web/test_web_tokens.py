"""The token's file, the address, the link and its QR code."""

import os
import socket
import stat

import numpy as np
import pytest

from player.config.settings import Config
from player.errors import ConfigError, FileError
from player.web import addresses
from player.web.tokens import FILE, LASTS, MANY, SESSIONS, Sessions, kept_token, new_token


def test_a_token_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    folder = tmp_path / "state"
    token = kept_token(None, folder)
    assert len(token) == 26
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert kept_token(None, folder) == token
    path = folder / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in folder.iterdir()] == [FILE]
    assert len({new_token() for _ in range(100)}) == 100


def test_a_named_file_is_read_and_never_made(tmp_path):
    path = tmp_path / "token"
    with pytest.raises(ConfigError, match="no such file"):
        kept_token(str(path), tmp_path)
    assert list(tmp_path.iterdir()) == []
    path.write_text("A-token_of_22_letters0\n")
    path.chmod(0o640)
    assert kept_token(str(path), tmp_path) == "A-token_of_22_letters0"


@pytest.mark.parametrize(
    "text", ["", "short", "x" * 21, "x" * 201, "two words in here and more", "é" * 26, "a\nb" * 10]
)
def test_a_file_that_holds_no_token_is_one_line(tmp_path, text):
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="holds no token") as caught:
        kept_token(str(path), tmp_path)
    assert text == "" or text not in str(caught.value)


def test_a_token_that_everyone_can_read_is_refused(tmp_path):
    path = tmp_path / "token"
    path.write_text("A-token_of_22_letters0\n")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod o-rwx"):
        kept_token(str(path), tmp_path)


def test_a_directory_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileError, match="cannot be"):
        kept_token(None, tmp_path / "file")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_what_is_kept_is_private_whatever_the_umask(tmp_path, umask):
    folder = tmp_path / "new" / "state"
    before = os.umask(umask)
    try:
        token = kept_token(None, folder)
        Sessions(token, lambda: 0.0, folder / SESSIONS, pytest.fail).issue()
    finally:
        os.umask(before)
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {
        FILE: 0o600,
        SESSIONS: 0o600,
    }
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


@pytest.fixture
def start(tmp_path):
    """start(token) -> Sessions, as after a restart; start.time is its clock, start.lines what it logs."""

    class Start:
        time, lines, path = 1e9, [], tmp_path / SESSIONS

        def __call__(self, token="A-token_of_22_letters0"):
            return Sessions(token, lambda: self.time, self.path, self.lines.append)

    begun = Start()
    begun.lines.clear()
    return begun


def test_sessions_outlive_a_restart_and_so_does_their_end(start):
    sessions = start()
    kept, ended, expired = sessions.issue(), sessions.issue(), sessions.issue()
    sessions.end([ended, "unknown"])
    for again in (sessions, start(), start()):
        assert (again.holds(kept), again.holds(ended), again.holds("unknown")) == (True, False, False)
    start().end([expired])
    again = start()
    assert (again.holds(kept), again.holds(expired)) == (True, False)
    assert kept not in start.path.read_text()
    assert not start("a-token-of-22-letters0").holds(kept), "a new token ends them all"
    start.time += LASTS
    assert not start().holds(kept)
    assert start.lines == []


def test_the_number_of_sessions_is_bounded_whatever_the_clock_says(start):
    sessions = start()
    first = [sessions.issue() for _ in range(MANY)]
    start.time = 1000.0  # no clock yet after a start without network
    last = sessions.issue()
    assert sessions.holds(last)
    start.time = 1e9
    assert [sessions.holds(value) for value in first] == [False] + [True] * (MANY - 1)
    assert start.path.read_text().count("\n") == MANY


@pytest.mark.parametrize("data", [b"", b"\0" * 9000, b"\xff\n" * 100000, b"0" * 64 + b" x\n", b"{}\n\n"])
def test_a_damaged_file_of_sessions_ends_no_player(start, data):
    kept = start().issue()
    line = start.path.read_bytes()
    start.path.write_bytes(line + data)
    assert start().holds(kept)
    start.path.write_bytes(data)
    sessions = start()
    assert not sessions.holds(kept)
    late = sessions.issue()
    assert start().holds(late)


def test_sessions_that_cannot_be_read_are_said(start):
    start.path.mkdir()
    sessions = start()
    assert start.lines == [
        f"remote: {start.path}: cannot be read: is a directory; every browser must sign in again"
    ]
    assert sessions.holds(sessions.issue())


def test_the_machines_addresses_are_its_own(monkeypatch):
    for address in addresses.machine_addresses():
        with socket.socket() as taken:
            taken.bind((address, 0))  # only possible with an address of this machine
        assert not address.startswith("127.")

    def nothing(*_):
        raise OSError("no network")

    monkeypatch.setattr(addresses.socket, "if_nameindex", nothing)
    monkeypatch.setattr(addresses, "_ELSEWHERE", ("no.such.name.invalid", 9))
    assert addresses.machine_addresses() == []


def test_the_urls_say_where_the_page_is(monkeypatch):
    monkeypatch.setattr(addresses, "machine_addresses", lambda: ["192.168.1.20", "10.0.0.3"])
    monkeypatch.setattr(addresses.socket, "gethostname", lambda: "Wall.lan")
    assert addresses.address_of(Config()) == []
    assert addresses.address_of(Config(remote="loopback", remote_port=81)) == ["http://127.0.0.1:81"]
    assert addresses.address_of(Config(remote="network", remote_port=80)) == [
        "http://192.168.1.20",
        "http://10.0.0.3",
        "http://wall.local",
    ]
    names = addresses.machine_names(Config(remote_names="Film.example, ,10.9.9.9"))
    assert names == {"localhost", "wall.lan", "wall.local", "film.example", "10.9.9.9"}


def test_the_link_carries_the_token_where_no_server_sees_it():
    assert addresses.link("http://a:8080", None) == "http://a:8080/"
    url, _, fragment = addresses.link("http://a:8080", "secret").partition("#")
    assert (url, fragment) == ("http://a:8080/login", "secret")


def test_the_qr_code_can_be_read():
    cv2 = pytest.importorskip("cv2")
    link = addresses.link("http://192.168.100.200:8080", new_token())
    code = addresses.qr(link)
    assert code.dtype == np.bool_
    assert code.shape[0] == code.shape[1]
    picture = np.kron(np.pad(~code, 4, constant_values=True), np.ones((8, 8))).astype(np.uint8) * 255
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == link
