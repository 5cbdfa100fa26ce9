"""The HTTP server: waitress, with limits that suit a small machine.

At most CONNECTIONS at once, each with at most one request of LARGEST bytes, in memory and never in /tmp. A
silent connection is closed after IDLE seconds; an exchange (a request and its response) that takes longer
than EXCHANGE seconds in all is cut off, however steadily it trickles.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer

from player.errors import ConfigError
from player.web.app import Application
from player.web.uploads import LARGEST

CONNECTIONS = 16
THREADS = 4
IDLE = 20  # seconds
EXCHANGE = 60.0  # seconds
_LOOK = 1.0  # seconds between two looks for overdue connections
_TIDY = 60.0  # seconds between two calls of `tidy`


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket. ConfigError when the port is not available."""
    try:
        return socket.create_server((host, port), backlog=CONNECTIONS)
    except OSError as error:
        why = os.strerror(error.errno or 0).lower()  # without the text that create_server adds
        raise ConfigError(f"remote_port {port}: {why}; choose another with --remote-port") from None


class _Channel(HTTPChannel):
    """A connection that knows how long its exchange has taken so far."""

    asked_since = 0.0  # when the first byte of the request came
    told_since: float | None = None  # since when a response has been waiting for the client to read it

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.asked_since = time.monotonic()
        return bool(super().received(data))

    def overdue(self, exchange: float) -> bool:
        """Whether a request has been coming in, or a response going out, for more than `exchange` seconds.
        Call it often: it also notes when a response begins to wait.
        """
        now = time.monotonic()
        if not self.total_outbufs_len:
            self.told_since = None
        elif self.told_since is None:
            self.told_since = now
        asking = self.request is not None and now - self.asked_since > exchange
        return asking or (self.told_since is not None and now - self.told_since > exchange)


class _Server(TcpWSGIServer):
    channel_class = _Channel

    def break_off(self, exchange: float) -> None:
        """Close overdue connections, at once: waitress's own close flag waits until the client reads."""
        for channel in list(self.active_channels.values()):
            if channel.overdue(exchange):
                channel.handle_close()


class Server:
    """Serves `app` on a listening socket from its own thread until `close`. `tidy` is called once a minute;
    `log` gets waitress's errors as single lines, without tracebacks. `exchange` in seconds.
    """

    def __init__(
        self,
        app: Application,
        listening: socket.socket,
        log: Callable[[str], None],
        tidy: Callable[[], None],
        exchange: float = EXCHANGE,
    ) -> None:
        self._log, self._tidy = log, tidy
        self._stop = threading.Event()
        self._map: dict[int, Any] = {}
        settings = Adjustments(
            sockets=[listening],
            threads=THREADS,
            connection_limit=CONNECTIONS + 2,  # waitress counts its own two
            channel_timeout=IDLE,
            cleanup_interval=1,
            max_request_body_size=LARGEST,
            max_request_header_size=16 * 1024,
            inbuf_overflow=LARGEST + 1,  # never to a temporary file
            outbuf_overflow=4 * 1024 * 1024,
            log_socket_errors=False,
            ident=None,
        )
        family = listening.family, listening.type, listening.proto, listening.getsockname()
        self._server = _Server(
            app, self._map, _sock=listening, adj=settings, sockinfo=family, bind_socket=False
        )
        self._exchange = exchange
        self._handler = _OneLine(log)
        self._thread = threading.Thread(target=self._run, name="remote", daemon=True)

    def start(self) -> None:
        """Start serving."""
        logger = logging.getLogger("waitress")
        logger.addHandler(self._handler)
        logger.propagate = False
        self._thread.start()

    def close(self) -> None:
        """Stop serving and close every connection; takes a few seconds at most."""
        self._stop.set()
        self._server.pull_trigger()
        self._thread.join(5)
        self._server.task_dispatcher.shutdown(timeout=2)
        wasyncore.close_all(self._map, ignore_all=True)
        logging.getLogger("waitress").removeHandler(self._handler)

    def _run(self) -> None:
        tidied = time.monotonic()
        while not self._stop.is_set():
            try:
                wasyncore.loop(timeout=_LOOK, map=self._map, use_poll=True, count=1)
                self._server.break_off(self._exchange)
                if time.monotonic() - tidied > _TIDY:
                    tidied = time.monotonic()
                    self._tidy()
            except Exception as error:  # one bad connection must not end the page for everyone
                self._log(f"remote: {type(error).__name__}: {error}")
                self._stop.wait(_LOOK)


class _OneLine(logging.Handler):
    """Passes each record on as one line."""

    def __init__(self, log: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._take = log

    def emit(self, record: logging.LogRecord) -> None:
        text = " ".join(record.getMessage().split())
        error = record.exc_info[1] if record.exc_info else None
        self._take(f"remote: {text}" + (f": {type(error).__name__}: {error}" if error else ""))
