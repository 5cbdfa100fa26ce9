"""A house with a token for the tests of the web page; skips them where its libraries are missing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("bottle", reason="the remote extra is not installed")
pytest.importorskip("waitress", reason="the remote extra is not installed")


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    return folder


@pytest.fixture
def make_house(tmp_path: Path, films: Path) -> Callable[..., Any]:
    """make_house(**fields of House) -> House, with a films directory."""
    from tests.player.web.house import House

    return lambda **more: House(tmp_path, **{"films": films, **more})


@pytest.fixture
def house(make_house: Callable[..., Any]) -> Any:
    """With a token, showing a frame."""
    made = make_house()
    made.show()
    return made


@pytest.fixture
def client(house: Any) -> Any:
    """Signed in."""
    return house.client()


@pytest.fixture
def serve(house: Any) -> Any:
    """serve(exchange=60.0, of=house) -> the port of a real server for a house. All of them, serve.servers,
    are closed at the end.
    """
    from player.web.app import forms
    from player.web.server import Server, listen

    class Serve:
        def __init__(self) -> None:
            self.servers: list[Server] = []

        def __call__(self, exchange: float = 60.0, of: Any = house) -> int:
            listening = listen("127.0.0.1", 0)
            port: int = listening.getsockname()[1]
            knows, log = of.remote.guard.knows, of.logged.append
            server = Server(of.app, listening, knows, log, lambda: None, exchange, forms(of.remote))
            self.servers.append(server)
            server.start()
            return port

    serving = Serve()
    yield serving
    for server in serving.servers:
        server.close()
