"""The HTTP server: waitress, with limits that suit a small machine.

A connection is a stranger's until the head of a request on it shows the token or a valid cookie. A stranger
gets one exchange (a request and its response) of HASTE seconds and a small body. One more than STRANGERS
pushes out the oldest of the address that has most. So strangers can only get in each other's way: whoever
shows the token is let in and no stranger pushes them out.

At most KNOWN connections have shown it; one more pushes out the one that is idle longest. They are kept open
for IDLE seconds between exchanges; one exchange takes EXCHANGE seconds at most, however steadily it trickles.
A request is LARGEST bytes at most, in memory and never in /tmp. But for the upload form, whose body goes to a
`FormUpload` as it comes: nothing is read while a piece is being stored, and EXCHANGE counts from the last
STRIDE of its bytes. Of several requests that are sent without waiting for the answers, the first is answered;
then the connection ends.
"""

import copy
import functools
import logging
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.receiver import FixedStreamReceiver
from waitress.server import TcpWSGIServer

from player.errors import ConfigError
from player.web.app import Application
from player.web.exchange import LONGEST
from player.web.streaming import Forms, FormUpload
from player.web.uploads import LARGEST

STRANGERS, KNOWN = 48, 16  # connections
THREADS = 4
HASTE = 5.0  # seconds for a stranger's exchange, and for the head of any request
IDLE = 20  # seconds
EXCHANGE = 60.0  # seconds
STRIDE = 256 * 1024  # bytes
STALLED = 60.0  # seconds without any progress, until `alive` says no
_AT_ONCE = 16  # new connections that are accepted in one turn of the loop
_LOOK = 1.0  # seconds between two looks for overdue connections
_TIDY = 60.0  # seconds between two calls of `tidy`

Knows = Callable[[str, str], bool]
"""Whether the headers Authorization and Cookie let a request in; see `Guard.knows`."""


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket. ConfigError when the port is not available."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        why = os.strerror(error.errno or 0).lower()  # without the text that create_server adds
        raise ConfigError(f"remote_port {port}: {why}; choose another with --remote-port") from None


class _Request(HTTPRequestParser):
    """A request whose head decides whether its connection is still a stranger's."""

    completed: bool

    def __init__(self, channel: "_Channel", settings: Adjustments) -> None:
        super().__init__(settings)
        self._channel = channel
        self.form: FormUpload | None = None

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        server, headers = self._channel.server, self.headers
        self._channel.known = server.knows(headers.get("AUTHORIZATION", ""), headers.get("COOKIE", ""))
        if not self._channel.known:
            self.adj = server.for_strangers
            headers["CONNECTION"] = "close"  # after the response; heeded by waitress's task
        elif self.command == "POST" and self.content_length and not self.chunked:
            self.form = server.form(self._channel, self)
        if self.form is not None:
            self.adj = copy.copy(self.adj)
            self.adj.max_request_body_size = self.content_length + 1
            self.body_rcv: Any = FixedStreamReceiver(self.content_length, self.form)

    def received(self, data: bytes) -> int:
        consumed = int(super().received(data))
        if self.form is not None and self.form.problem is not None and not self.completed:
            self.completed = True  # the rest is not wanted
            self.headers["CONNECTION"] = "close"
        return consumed


class _Channel(HTTPChannel):
    """A connection. `known`: whether its last request showed the token; `since`: when its exchange began."""

    known = False
    _stride = 0  # bytes of an upload form until its exchange counts anew
    told_since: float | None = None  # since when a response has been waiting for the client to read it

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.parser_class = functools.partial(_Request, self)
        self.since = time.monotonic()

    @property
    def busy(self) -> bool:
        """Whether there is an exchange."""
        return bool(self.request is not None or self.requests or self.total_outbufs_len)

    def received(self, data: bytes) -> bool:
        if self.known and not self.busy:
            self.since, self._stride = time.monotonic(), STRIDE
        taken = bool(super().received(data))
        if (form := self._form) is not None and form.received >= self._stride:
            self.since, self._stride = time.monotonic(), form.received + STRIDE
        return taken

    def readable(self) -> bool:
        form = self._form
        return not (form is not None and form.busy) and bool(super().readable())

    def handle_close(self) -> None:
        form = self._form
        super().handle_close()
        if form is not None:
            form.close()

    @property
    def _form(self) -> FormUpload | None:
        """The upload form that is coming in."""
        return None if self.request is None else self.request.form

    def service(self) -> None:
        with self.requests_lock:
            if len(self.requests) > 1:  # without waiting for the answer: many of them would fill the memory
                for request in self.requests[1:]:
                    request.close()
                del self.requests[1:]
                self.requests[0].headers["CONNECTION"] = "close"
        super().service()
        self.server.moved = time.monotonic()

    def overdue(self, exchange: float) -> bool:
        """Whether its exchange takes too long; `exchange`: seconds for those who are known. Call it often: it
        also notes when a response begins to wait.
        """
        now = time.monotonic()
        if not self.known:
            return now - self.since > HASTE
        if not self.total_outbufs_len:
            self.told_since = None
        elif self.told_since is None:
            self.told_since = now
        if self.told_since is not None and now - self.told_since > exchange:
            return True
        request = self.request
        return request is not None and now - self.since > (exchange if request.headers_finished else HASTE)


class _Server(TcpWSGIServer):
    """`knows`: see Knows; `for_strangers`: their settings; `moved`: when work was last done or none left."""

    channel_class = _Channel
    knows: Knows
    form: Callable[[_Channel, _Request], FormUpload | None]
    for_strangers: Adjustments
    moved: float
    _came = False

    def accept(self) -> Any:
        found = super().accept()
        self._came = found is not None
        return found

    def handle_accept(self) -> None:
        for _ in range(_AT_ONCE):
            self._came = False
            super().handle_accept()
            if not self._came:
                return

    def make_room(self, exchange: float) -> None:
        """Close what is overdue or too many, at once: waitress's close flag waits until the client reads."""
        for channel in list(self.active_channels.values()):
            if channel.overdue(exchange):
                channel.handle_close()
        channels = list(self.active_channels.values())
        strangers = [channel for channel in channels if not channel.known]
        while len(strangers) > STRANGERS:
            crowds = Counter(channel.addr[0] for channel in strangers)
            victim = min(strangers, key=lambda channel: (-crowds[channel.addr[0]], channel.since))
            strangers.remove(victim)
            victim.handle_close()
        known = [channel for channel in channels if channel.known]
        for channel in sorted(known, key=lambda channel: (channel.busy, channel.last_activity))[:-KNOWN]:
            channel.handle_close()


class _Chore:
    """Something for a thread of the server's to do between requests."""

    def __init__(self, do: Callable[[], None]) -> None:
        self.service = do

    def cancel(self) -> None:
        """The server ends."""


class Server:
    """Serves `app` on a listening socket from its own thread until `close`. `knows`: whose requests they are.
    `tidy` is called once a minute; `log` gets waitress's errors as single lines, without tracebacks.
    `exchange` in seconds.
    """

    def __init__(
        self,
        app: Application,
        listening: socket.socket,
        knows: Knows,
        log: Callable[[str], None],
        tidy: Callable[[], None],
        exchange: float = EXCHANGE,
        forms: Forms = lambda environ, later, wake: None,
    ) -> None:
        self._forms = forms
        self._log, self._tidy = log, tidy
        self._stop = threading.Event()
        self._map: dict[int, Any] = {}
        settings = Adjustments(
            sockets=[listening],
            threads=THREADS,
            connection_limit=10 * (STRANGERS + KNOWN),  # never reached: `make_room` does not stop accepting
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
        self._server.knows, self._server.for_strangers = knows, copy.copy(settings)
        self._server.for_strangers.max_request_body_size = LONGEST + 1
        self._server.form = self._form
        self._exchange = exchange
        self._turned = self._server.moved = time.monotonic()
        self._handler = _OneLine(log)
        self._thread = threading.Thread(target=self._run, name="remote", daemon=True)

    def start(self) -> None:
        """Start serving."""
        logger = logging.getLogger("waitress")
        logger.addHandler(self._handler)
        logger.propagate = False
        self._thread.start()

    def close(self) -> None:
        """Stop serving and close every connection; takes a second at most, whatever a request still does."""
        self._stop.set()
        self._server.pull_trigger()
        self._thread.join(0.5)
        self._server.task_dispatcher.shutdown(timeout=0.5)
        wasyncore.close_all(self._map, ignore_all=True)
        logging.getLogger("waitress").removeHandler(self._handler)

    def alive(self) -> bool:
        """Whether the server still does its work: its loop turns, and its threads take what is to be done."""
        late = time.monotonic() - STALLED
        return self._thread.is_alive() and self._turned > late and self._server.moved > late

    def _form(self, channel: _Channel, request: _Request) -> FormUpload | None:
        """Who takes the body of this request as it comes."""
        environ = {f"HTTP_{name}": value for name, value in request.headers.items()}
        environ |= {name: environ.get(f"HTTP_{name}", "") for name in ("CONTENT_TYPE", "CONTENT_LENGTH")}
        environ |= {"REMOTE_ADDR": channel.addr[0], "REQUEST_METHOD": "POST", "PATH_INFO": request.path}

        def later(do: Callable[[], None]) -> None:
            self._server.add_task(_Chore(do))

        return self._forms(environ, later, self._server.pull_trigger)

    def _run(self) -> None:
        tidied, chore = time.monotonic(), _Chore(self._do_tidy)
        while not self._stop.is_set():
            try:
                wasyncore.loop(timeout=_LOOK, map=self._map, use_poll=True, count=1)
                self._server.make_room(self._exchange)
                self._turned = time.monotonic()
                if not self._server.task_dispatcher.queue:
                    self._server.moved = self._turned
                if self._turned - tidied > _TIDY:
                    tidied = self._turned
                    self._server.add_task(chore)  # this loop never waits for the disk
            except Exception as error:  # one bad connection must not end the page for everyone
                self._fail(error)
                self._stop.wait(_LOOK)

    def _do_tidy(self) -> None:
        try:
            self._tidy()
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._log(f"remote: {type(error).__name__}: {error}")


class _OneLine(logging.Handler):
    """Passes each record on as one line."""

    def __init__(self, log: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._take = log

    def emit(self, record: logging.LogRecord) -> None:
        text = " ".join(record.getMessage().split())
        error = record.exc_info[1] if record.exc_info else None
        self._take(f"remote: {text}" + (f": {type(error).__name__}: {error}" if error else ""))
