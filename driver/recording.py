"""Recorded conversations: a wire that records, one that plays back, and how two recordings differ.

A recording is a text file of JSON lines, one per event:

    {"at": 0.0, "reset": true}
    {"at": 0.4123, "polls": 2, "sent": "60000010"}
    {"at": 0.4131, "polls": 1, "sent": "100000000000", "got": "0001"}
    {"at": 0.5200, "polls": 0, "command": "12"}

An event is a pulse on RST or one chip-select window. `at` is in seconds since the recording began, `polls`
says how often HRDY or BUSY was read before it, `sent` and `got` are hexadecimal; only reads have `got`, which
begins after the dummy word. `command` stands for `sent` where a UC8179's DC is low. The file is written as
FILE.part and renamed when the wire is closed, so a power cut leaves the conversation up to then.
"""

import errno
import json
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from driver.errors import RecordingError

if TYPE_CHECKING:  # mypy checks that each wire here is that of every controller
    from driver.it8951.wire import Wire as IT8951Wire
    from driver.uc8179.wire import Wire as UC8179Wire

READ = b"\x10\x00"
ANSWER = 4
"""Bytes into a read: nothing before them, during the preamble and the dummy word, means anything."""
ASK_ENGINE = (b"\x60\x00\x00\x10", b"\x00\x00\x12\x24")
"""The two windows that ask for register LUTAFSR; the read follows. How often depends on the glass."""


class Event(NamedTuple):
    """One window, or a reset (then `sent` and `got` are empty). `command`: with DC low."""

    sent: bytes
    got: bytes = b""
    at: float = 0.0
    polls: int = 0
    command: bool = False

    @property
    def is_reset(self) -> bool:
        """No window is empty."""
        return not self.sent


class RecordingWire:
    """Pass everything on to `wire`, an IT8951's or a UC8179's, and record it in `path`. clock is in seconds.

    RecordingError when the file cannot be written.
    """

    def __init__(self, wire: Any, path: Path, clock: Callable[[], float]) -> None:
        self._wire = wire
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._clock = clock
        self._begin = clock()
        self._polls = 0
        try:
            # Unbuffered: a program that is killed has written everything up to then.
            self._file = self._part.open("wb", buffering=0)
        except OSError as error:
            raise RecordingError(f"cannot write the recording {path}: {error.strerror}") from error

    def exchange(self, tx: bytes) -> bytes:
        """See Wire of the IT8951."""
        rx: bytes = self._wire.exchange(tx)
        self._write_window(sent=tx, **{"got": rx[ANSWER:]} if tx.startswith(READ) else {})
        return rx

    def send(self, tx: bytes, *, command: bool) -> None:
        """See Wire of the UC8179."""
        self._wire.send(tx, command=command)
        self._write_window(**{"command" if command else "sent": tx})

    def ready(self) -> bool:
        """See Wire."""
        self._polls += 1
        return bool(self._wire.ready())

    def reset(self) -> None:
        """See Wire."""
        self._write({"at": self._now(), "reset": True})
        self._wire.reset()

    def close(self) -> None:
        """Close the wire and give the recording its name."""
        self._wire.close()
        if self._file.closed:
            return
        try:
            os.fsync(self._file.fileno())
            self._part.replace(self._path)
        except OSError as error:
            raise RecordingError(f"cannot write the recording {self._path}: {error.strerror}") from error
        finally:
            self._file.close()

    def _now(self) -> float:
        return round(self._clock() - self._begin, 6)

    def _write_window(self, **bytes_of: bytes) -> None:
        event = {"at": self._now(), "polls": self._polls}
        self._polls = 0
        self._write(event | {name: data.hex() for name, data in bytes_of.items()})

    def _write(self, event: dict[str, Any]) -> None:
        """One line. After a failure the file is closed and keeps its .part name."""
        line = json.dumps(event).encode("ascii") + b"\n"
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._file.close()
            raise RecordingError(f"cannot write the recording {self._path}: {error.strerror}") from error


class PlaybackWire:
    """Answer as recorded. A window that differs from the recorded one is a RecordingError."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self.played = 0

    def exchange(self, tx: bytes) -> bytes:
        """See Wire of the IT8951."""
        event = self._take(Event(tx))
        return bytes(len(tx) - len(event.got)) + event.got

    def send(self, tx: bytes, *, command: bool) -> None:
        """See Wire of the UC8179."""
        self._take(Event(tx, command=command))

    def _take(self, said: Event) -> Event:
        event = self._next(_say(said))
        if (event.sent, event.command) != (said.sent, said.command):
            raise self._unexpected(_say(event), _say(said))
        return event

    def ready(self) -> bool:
        """Always."""
        return True

    def reset(self) -> None:
        """See Wire."""
        event = self._next("a reset")
        if not event.is_reset:
            raise self._unexpected(_say(event), "a reset")

    def close(self) -> None:
        """Nothing was opened."""

    def finish(self) -> None:
        """RecordingError when the recording goes on."""
        if self.played < len(self._events):
            raise self._unexpected(_say(self._events[self.played]), "the end")

    def _next(self, said: str) -> Event:
        if self.played == len(self._events):
            raise self._unexpected("the end", said)
        self.played += 1
        return self._events[self.played - 1]

    def _unexpected(self, recorded: str, said: str) -> RecordingError:
        return RecordingError(f"event {self.played}: the recording has {recorded}, now comes {said}")


def read_recording(path: Path) -> list[Event]:
    """Read the events of a recording. RecordingError names a line that is not one."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError as error:
        raise RecordingError(f"cannot read the recording {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecordingError(
            f"{path} is not a recording: make one with python -m driver record FILE"
        ) from error
    events = []
    for number, line in enumerate(lines, 1):
        try:
            event = json.loads(line)
            command = "command" in event
            sent = b"" if "reset" in event else bytes.fromhex(event["command" if command else "sent"])
            got = bytes.fromhex(event.get("got", ""))
            events.append(Event(sent, got, float(event["at"]), int(event.get("polls", 0)), command))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordingError(
                f"line {number} of {path} is not a recorded event: make one with python -m driver record FILE"
            ) from error
    return events


def differences(ours: Sequence[Event], theirs: Sequence[Event]) -> Iterator[str]:
    """One line for each event that was sent or answered differently; times and waits do not count."""
    pairs = zip_longest(_without_waits(ours), _without_waits(theirs))
    for number, (our, their) in enumerate(pairs, 1):
        left, right = _say(our), _say(their)
        if left != right:
            yield f"event {number}: {left} here, {right} there"


def _without_waits(events: Sequence[Event]) -> list[Event]:
    """The events, with only the last of several reads of LUTAFSR in a row."""

    def asks(i: int) -> bool:
        return tuple(event.sent for event in events[i : i + 2]) == ASK_ENGINE

    dropped = {i + k for i in range(len(events)) if asks(i) and asks(i + 3) for k in range(3)}
    return [event for i, event in enumerate(events) if i not in dropped]


def _say(event: Event | None) -> str:
    if event is None:
        return "the end"
    if event.is_reset:
        return "a reset"
    sent = "command " * event.command + event.sent.hex()
    if len(sent) > 100:
        sent = f"{sent[:60]}... ({len(event.sent)} bytes, CRC-32 {crc32(event.sent):08x})"
    return f"{sent} -> {event.got.hex()}" if event.got else sent


if TYPE_CHECKING:
    _it8951: list[type[IT8951Wire]] = [RecordingWire, PlaybackWire]
    _uc8179: list[type[UC8179Wire]] = [RecordingWire, PlaybackWire]
