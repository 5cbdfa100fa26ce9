"""The upload form of the page, as it arrives: a body of gigabytes that is never held as a whole.

Browsers without JavaScript send a file as one `multipart/form-data` body (RFC 7578). The server hands it over
as it comes in; the fields before the file are its options, and the file goes to a `Receiver` piece by
piece. The file must be the last field, as it is in our form: so its size is known from the length of the body
before its first byte is stored.
"""

import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from player.films.queue import Job
from player.web.exchange import LONGEST, Environ, Problem
from player.web.uploads import PIECE, Upload, safe_name

_BOUNDARY = re.compile(r'boundary="?([A-Za-z0-9\'()+_,./:=? -]{1,70})"?')
_NAME = re.compile(rb'[; ]name="([^"\r\n]{1,100})"')
_FILE = re.compile(rb'[; ]filename="([^"\r\n]{0,500})"')
_OPTION = "option_"
"""What begins the names of the fields that are options."""


class Receiver(Protocol):
    """Takes a file in pieces: `Uploads`, and `Calibration` for photographs. Problem."""

    def begin(
        self, name: str, bytes: int, stamp: str = "", options: Mapping[str, str] | None = None
    ) -> Upload: ...
    def piece(self, id: str, offset: int, data: bytes) -> Upload: ...
    def finish(self, id: str) -> Path | Job: ...
    def cancel(self, id: str) -> None: ...


Later = Callable[[Callable[[], None]], None]
"""Runs a function in another thread."""


class FormUpload:
    """One body of `length` bytes; `content_type` names its boundary. `later` runs a function in another
    thread, and `wake` is called when it is done: then `busy` is false again and more may be appended.

    `problem`: why nothing more is wanted. Append from one thread at a time.
    """

    def __init__(
        self,
        uploads: Receiver,
        content_type: str,
        length: int,
        later: Later | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._uploads, self._length, self._later, self._wake = uploads, length, later, wake
        found = _BOUNDARY.search(content_type)
        self._boundary = b"--" + (found[1].encode() if found else b"")
        self._head = bytearray()
        self._options: dict[str, str] = {}
        self._upload: Upload | None = None
        self._pending, self._tail = bytearray(), bytearray()
        self._written = 0  # bytes of the file that are stored or being stored
        self._lock = threading.Lock()  # of the one who stores
        self.received, self.busy = 0, False
        self.problem = None if found else Problem(400, "the form cannot be read")

    def append(self, data: bytes) -> None:
        """The next bytes of the body."""
        self.received += len(data)
        if self.problem is not None:
            return
        if self._upload is None:
            self._head += data
            try:
                data = self._begin()
            except Problem as problem:
                self.problem = problem
                return
        if self._upload is not None:
            self._take(bytes(data))

    def finish(self) -> Path | Job:
        """The whole body has come: store the rest; then as `finish` of the receiver. Problem."""
        self._store()
        if self.problem is None and self._upload is None:
            self.problem = Problem(422, "choose a file first")
        if self.problem is None and bytes(self._tail) not in (self._end, self._end.removesuffix(b"\r\n")):
            self.problem = Problem(400, "the form cannot be read")
        if self.problem is not None:
            self.close()
            raise self.problem
        assert self._upload is not None
        id, self._upload = self._upload.id, None
        return self._uploads.finish(id)

    def close(self) -> None:
        """Abandon what has not been finished."""
        upload, self._upload = self._upload, None
        if upload is not None:
            with suppress(Problem):
                self._uploads.cancel(upload.id)

    def getfile(self) -> "FormUpload":
        """For waitress: what the application gets as `wsgi.input`."""
        return self

    def __len__(self) -> int:
        return self.received

    @property
    def _end(self) -> bytes:
        return b"\r\n" + self._boundary + b"--\r\n"

    def _begin(self) -> bytes:
        """Read the fields that have come whole; begin the upload once those of the file are there. What is
        left of the head: the first bytes of the file.
        """
        while True:
            head = bytes(self._head)
            if not (self._boundary + b"\r\n").startswith(head[: len(self._boundary) + 2]):
                raise Problem(400, "the form cannot be read")
            fields, gap, rest = head.partition(b"\r\n\r\n")
            name, file = _NAME.search(fields), _FILE.search(fields)
            value, ended, after = rest.partition(b"\r\n" + self._boundary)
            if gap and file is not None:
                self._open(file[1], self._length - self.received + len(rest) - len(self._end))
                self._head.clear()
                return rest
            if not gap or not ended:
                if len(head) > LONGEST:
                    raise Problem(413, "the form is too large")
                return b""
            if name is not None and name[1].decode("ascii", "replace").startswith(_OPTION):
                text = value.decode("utf-8", "replace").strip()
                if text:
                    self._options[name[1].decode("ascii", "replace").removeprefix(_OPTION)] = text
            self._head = bytearray(self._boundary + after)

    def _open(self, file: bytes, size: int) -> None:
        name = file.decode("utf-8", "replace")
        if not name or size <= 0:
            raise Problem(422, "choose a file first")
        self._upload = self._uploads.begin(safe_name(name), size, options=self._options)

    def _take(self, data: bytes) -> None:
        assert self._upload is not None
        room = self._upload.bytes - self._written - len(self._pending)
        self._pending += data[:room]
        self._tail += data[room:][: len(self._end) + 1]
        if len(self._pending) >= PIECE and self._later is not None and not self.busy:
            self.busy = True
            self._later(self._store_and_wake)

    def _store_and_wake(self) -> None:
        try:
            self._store()
        finally:
            self.busy = False
            self._wake()

    def _store(self) -> None:
        """Store what is pending, piece by piece."""
        with self._lock:
            while self._pending and self.problem is None and self._upload is not None:
                piece = bytes(self._pending[:PIECE])
                del self._pending[:PIECE]
                try:
                    self._uploads.piece(self._upload.id, self._written, piece)
                    self._written += len(piece)
                except Problem as problem:
                    self.problem = problem


Forms = Callable[[Environ, Later, Callable[[], None]], FormUpload | None]
"""Who takes the body of a request as it comes, None for nobody. Of its environment without the body; how to
run something in another thread; what to call when more is wanted.
"""


def read_upload(uploads: Receiver, environ: Environ, limit: int) -> FormUpload:
    """The upload form of a request, however its body comes. Problem when it is not to be read."""
    body = environ["wsgi.input"]
    if isinstance(body, FormUpload):
        return body
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not 0 <= length <= limit:
        raise Problem(413, f"at most {limit} bytes can be sent at once")
    form = FormUpload(uploads, environ.get("CONTENT_TYPE", ""), length)
    form.append(body.read(length))
    return form
