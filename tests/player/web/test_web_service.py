"""The web page as the player starts it: off, for this machine, for the house; and what it costs to be off."""

import http.client
import json
import socket
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from player.config.settings import Config
from player.errors import ConfigError
from player.playback.requests import Inbox, Kind, Request
from player.playback.status import Status, StatusBoard
from player.service.process import LogTail
from player.web import addresses
from player.web.service import serving

ROOT = Path(__file__).parents[3]


@pytest.fixture
def port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def start(tmp_path, films):
    """start(config) -> the context of a page; start.inbox and start.lines are what it gets."""

    class Start:
        board, inbox, lines = StatusBoard(), Inbox(), []

        def __call__(self, config):
            return serving(config, self.board, self.inbox, lambda: {"interval": None}, films, LogTail(),
                           tmp_path / "state", self.lines.append)  # fmt: skip

    begun = Start()
    begun.lines.clear()
    begun.board.publish(Status(title="a film", settings={"interval": 5.0}))
    yield begun
    begun.inbox.close()


def fetch(port, method, path, body=None, host="127.0.0.1", **headers):
    with closing(http.client.HTTPConnection(host, port, timeout=20)) as client:
        client.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        reply = client.getresponse()
        return reply.status, reply.read().decode()


def test_off_means_nothing_at_all(start, tmp_path):
    with start(Config()) as service:
        assert service is None
    assert start.lines == []
    assert not (tmp_path / "state").exists()


def test_a_player_without_the_page_loads_none_of_its_libraries():
    program = (
        "import sys, player.commands.run, player.web, player.web.service\n"
        "print([name for name in ('bottle', 'waitress', 'segno', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == "[]"


def test_on_this_machine_it_is_open_to_this_machine_alone(start, port):
    with start(Config(remote="loopback", remote_port=port)) as service:
        assert service.urls() == [f"http://127.0.0.1:{port}"]
        status, body = fetch(port, "GET", "/api/status")
        assert (status, json.loads(body)["title"]) == (200, "a film")
        assert fetch(port, "POST", "/api/pause")[0] == 202
        assert start.inbox.wait(5) == Request(Kind.PAUSE)
        assert fetch(port, "GET", "/", Host="evil.example")[0] == 403
        assert fetch(port, "POST", "/api/next", Origin="http://evil.example")[0] == 403
        assert start.inbox.wait(0) is None
        for address in addresses.machine_addresses():
            with pytest.raises(ConnectionRefusedError):
                fetch(port, "GET", "/", host=address)
    assert start.lines == [f"remote: http://127.0.0.1:{port}; no token is asked for"]
    with pytest.raises(ConnectionRefusedError):
        fetch(port, "GET", "/")


def test_in_the_house_it_requires_the_token_that_it_made(start, port, tmp_path):
    with start(Config(remote="network", remote_port=port)) as service:
        path = tmp_path / "state" / "remote-token"
        token = path.read_text().strip()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        for host in ["127.0.0.1", *addresses.machine_addresses()]:
            assert fetch(port, "GET", "/api/status", host=host)[0] == 401
            assert fetch(port, "GET", "/api/status", host=host, Authorization=f"Bearer {token}")[0] == 200
        assert fetch(port, "GET", "/")[0] == 303
        card = service.card()
        assert card.url == service.urls()[0]
        assert card.qr.shape[0] > 20
    assert token not in "".join(start.lines)
    with start(Config(remote="network", remote_port=port)):
        assert fetch(port, "GET", "/api/status", Authorization=f"Bearer {token}")[0] == 200


def test_on_this_machine_a_named_token_is_required_too(start, port, tmp_path):
    path = tmp_path / "token"
    path.write_text("A-token_of_22_letters0\n")
    path.chmod(0o600)
    with start(Config(remote="loopback", remote_port=port, remote_token=str(path))):
        assert fetch(port, "GET", "/api/status")[0] == 401
        assert fetch(port, "GET", "/api/status", Authorization="Bearer A-token_of_22_letters0")[0] == 200


def test_bad_settings_are_one_line_before_anything_is_opened(start, port, tmp_path):
    taken = closing(socket.create_server(("127.0.0.1", port)))
    with taken, pytest.raises(ConfigError, match=f"remote_port {port}: address already in use"):
        start(Config(remote="loopback", remote_port=port)).__enter__()
    with pytest.raises(ConfigError, match="no such file"):
        start(Config(remote="network", remote_port=port, remote_token=str(tmp_path / "none"))).__enter__()


@pytest.mark.parametrize("missing", ["bottle", "segno", "waitress"])
def test_a_missing_library_is_one_line(missing):
    program = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == {missing!r}:
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, Missing())
from player.config.settings import Config
from player.errors import ConfigError
from player.web.service import serving
try:
    serving(Config(remote="loopback"), *[None] * 7).__enter__()
except ConfigError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.startswith(f"the web page needs {missing}; run pip install"), done.stderr


def test_part_files_of_an_earlier_run_are_removed(start, port, films):
    (films / ".upload-0123.part").write_bytes(b"x")
    with start(Config(remote="loopback", remote_port=port)):
        assert list(films.iterdir()) == []
