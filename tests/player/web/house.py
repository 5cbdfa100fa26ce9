"""A house for the web page in tests: a board, an inbox, clocks set by hand, and a WSGI client."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from player.config.settings import Config
from player.playback.requests import Request
from player.playback.status import Status, StatusBoard
from player.service.process import LogTail
from player.web.app import HEADERS, application
from player.web.guard import Failures, Guard
from player.web.remote import Remote
from player.web.tokens import SESSIONS, Sessions

TOKEN = "abcdefghijklmnopqrstuvwxyz"
HOST = "longtake.local:8080"
HERE = f"http://{HOST}"
PHONE = "192.168.1.7"
WIDTH, HEIGHT = 44, 24
SETTINGS = {
    "interval": 200.0,
    "threshold": 0.064,
    "cooldown": 20,
    "darkened_only": False,
    "quiet": "22:00-07:00",
    "quiet_days": "",
    "step": 1,
    "order": "name",
    "end": "loop",
    "caption": "",
    "finish_by": None,
    "dial": "",
    "flashes": "usual",
    "rotate": 0,
}


@dataclass
class Reply:
    """A response. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: list[str]

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        kind = self.headers["content-type"]
        assert kind in ("application/json", "application/problem+json"), kind
        return json.loads(self.body)


@dataclass
class House:
    """`asked` collects what reaches the player; `time` is both clocks; `free` the bytes free on the disk."""

    folder: Path
    asks: bool = True
    films: Path | None = None
    config: Config = field(default_factory=lambda: Config(upload_limit=10.0, free_space=1.0))
    inbox: Path | None = None
    profile: Path | None = None
    time: float = 1_700_000_000.0
    free: int = 10**9
    names: frozenset[str] = frozenset({"localhost", "longtake.local"})
    addresses: tuple[str, ...] = ("192.168.1.20",)
    pinned: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.inbox is not None:
            self.inbox.mkdir(exist_ok=True)
            self.config = replace(self.config, inbox=str(self.inbox))
        self.board, self.log_tail = StatusBoard(), LogTail()
        self.asked: list[Request] = []
        self.logged: list[str] = []
        self.slept: list[float] = []
        self.sessions = Sessions(TOKEN, lambda: self.time, self.folder / SESSIONS, self.logged.append)
        guard = Guard(
            TOKEN if self.asks else None,
            self.sessions if self.asks else None,
            self.names,
            lambda: self.addresses,
            Failures(lambda: self.time),
            self.logged.append,
        )
        self.remote = Remote(
            self.config,
            self.board,
            self,  # an inbox: it has `post`
            lambda: {name: self.pinned.get(name) for name in SETTINGS},
            self.films,
            self.log_tail,
            guard,
            self.logged.append,
            lambda: ["http://192.168.1.20:8080", "http://longtake.local:8080"],
            lambda: self.time,
            lambda: self.time,
            self.slept.append,
            lambda directory: self.free,
            self.profile,
        )
        self.app = application(self.remote, self.logged.append)

    def post(self, request: Request) -> None:
        """As Inbox.post."""
        self.asked.append(request)

    def show(self, reel: Path | None = None, frame: int | None = 3, **more: Any) -> np.ndarray:
        """Put a picture and its facts on the board; returns the dither."""
        dither = (np.random.default_rng(frame or 0).random((HEIGHT, WIDTH)) < 0.5).astype(np.uint8)
        redrawn = (np.random.default_rng(99).random((HEIGHT, WIDTH)) < 0.5).astype(np.uint8)
        known: dict[str, Any] = {
            "reel": None if reel is None else str(reel),
            "title": "A <film> & more",
            "frame": frame,
            "frames": 9,
            "time_ms": None if frame is None else frame * 80,
            "duration_ms": 640,
            "shown_at": self.time - 60,
            "next_due": self.time + 140,
            "interval": 200.0,
            "redraws": 2,
            "net": 0.031,
            "playlist": () if reel is None else (str(reel),),
            "settings": SETTINGS,
            "left": 0 if frame is None else max(8 - frame, 0),
            "ends": self.time + 86400.0 * 40,
        }
        self.board.publish(Status(**{**known, **more}), dither, redrawn)
        return dither

    def client(self, signed_in: bool = True, **headers: str) -> "Client":
        """A browser, or with `Authorization` a program."""
        if signed_in and self.asks and "Authorization" not in headers:
            headers["Cookie"] = f"longtake={self.sessions.issue()}"
        return Client(self.app, headers)


@dataclass
class Client:
    """Speaks WSGI with an application; sends Host and, with POST, Origin, unless told otherwise (None)."""

    app: Callable[..., Any]
    headers: Mapping[str, str | None]

    def get(self, path: str, **headers: str | None) -> Reply:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str | None) -> Reply:
        """`body`: bytes, or a value to send as JSON."""
        if body is not None and not isinstance(body, bytes):
            headers.setdefault("Content_Type", "application/json")
            body = json.dumps(body).encode()
        return self.send("POST", path, body or b"", **{"Origin": HERE, **headers})

    def form(self, path: str, **fields: str) -> Reply:
        from urllib.parse import urlencode

        return self.post(path, urlencode(fields).encode(), Content_Type="application/x-www-form-urlencoded")

    def send(self, method: str, path: str, body: bytes = b"", **headers: str | None) -> Reply:
        path, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REMOTE_ADDR": PHONE,
            "SERVER_NAME": "longtake",
            "SERVER_PORT": "8080",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": _Silence(),
            "CONTENT_LENGTH": str(len(body)),
        }
        for name, value in {"Host": HOST, **self.headers, **headers}.items():
            key = name.upper().replace("-", "_")
            if key == "REMOTE_ADDR" or value is None:
                environ[key] = value or ""
            else:
                environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        for name in [name for name, value in {**self.headers, **headers}.items() if value is None]:
            environ.pop(f"HTTP_{name.upper()}", None)
        told: dict[str, Any] = {}

        def start(status: str, answered: list[tuple[str, str]], error: Any = None) -> None:
            told.update(status=int(status.split()[0]), headers=answered)

        answer = b"".join(self.app(environ, start))
        for name, value in HEADERS:  # on every answer of every test
            assert (name, value) in told["headers"], f"{method} {path} without {name}"
        assert not any(name.lower().startswith("access-control") for name, _ in told["headers"])
        cookies = [value for name, value in told["headers"] if name.lower() == "set-cookie"]
        return Reply(told["status"], {k.lower(): v for k, v in told["headers"]}, answer, cookies)


class _Silence(io.StringIO):
    """wsgi.errors: anything written there fails the test."""

    def write(self, text: str) -> int:
        raise AssertionError(text)
