"""The page as the player starts it: nothing while it is off, else the page until the player ends."""

import functools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from player.config.settings import Config
from player.config.sources import profile_path
from player.errors import ConfigError
from player.playback.requests import Inbox
from player.playback.status import StatusBoard
from player.service.process import LogTail
from player.web import addresses
from player.web.guard import Failures, Guard
from player.web.remote import Remote, Settable
from player.web.tokens import FILE, SESSIONS, Sessions, kept_token

_HOSTS = {"loopback": "127.0.0.1", "network": "0.0.0.0"}


@dataclass(frozen=True)
class Card:
    """For the address card on the panel: `url` for people, and the QR code of the link that signs in."""

    url: str
    qr: NDArray[np.bool_]


class Service:
    """The running page. `alive`: whether it still does its work; cheap, ask as often as you like. When it
    does not, only a new page or a new process helps.
    """

    def __init__(self, config: Config, token: str | None, alive: Callable[[], bool]) -> None:
        self._config, self._token, self.alive = config, token, alive

    def urls(self) -> list[str]:
        """Where the page is found now, the best address first."""
        return addresses.address_of(self._config)

    def card(self) -> Card:
        """What the address card shows now; addresses may change while the player runs."""
        url = self.urls()[0]
        return Card(url, addresses.qr(addresses.link(url, self._token)))


@contextmanager
def serving(
    config: Config,
    board: StatusBoard,
    inbox: Inbox,
    settable: Settable,
    films: Path | None,
    log_tail: LogTail,
    token_directory: Path,
    log: Callable[[str], None],
) -> Iterator[Service | None]:
    """The page that the settings ask for, in a daemon thread; None when it is off.

    `films`: the directory for uploads, None when none is set. `token_directory`: where the sessions are kept,
    and the token when the settings name no file. ConfigError for a missing library, a port in use, a bad
    token file.
    """
    if config.remote == "off":
        yield None
        return
    try:
        if find_spec("segno") is None:  # loaded only when someone asks for the address card
            raise ModuleNotFoundError(name="segno")
        from player.web.app import application, forms
        from player.web.server import Server, listen
    except ImportError as error:
        raise ConfigError(
            f"the web page needs {error.name}; run pip install 'longtake[remote]', or set remote to off"
        ) from None
    asks = config.remote == "network" or config.remote_token is not None
    token = kept_token(config.remote_token, token_directory) if asks else None
    guard = Guard(
        token,
        None if token is None else Sessions(token, time.time, token_directory / SESSIONS, log),
        addresses.machine_names(config),
        addresses.machine_addresses,
        Failures(time.monotonic),
        log,
    )
    listening = listen(_HOSTS[config.remote], config.remote_port)
    profile = profile_path(config, os.environ)
    urls = functools.partial(addresses.address_of, config)
    remote = Remote(config, board, inbox, settable, films, log_tail, guard, log, urls, profile=profile)
    remote.uploads.tidy(start=True)
    server = Server(
        application(remote, log), listening, guard.knows, log, remote.uploads.tidy, forms=forms(remote)
    )
    service = Service(config, token, server.alive)
    server.start()
    where = " or ".join(service.urls())
    if asks:
        log(f"remote: {where}; the token is in {config.remote_token or token_directory / FILE}")
    else:
        log(f"remote: {where}; no token is asked for")
    try:
        yield service
    finally:
        server.close()
