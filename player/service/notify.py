"""Tells systemd the state of the player (sd_notify): ready, what it does, alive, reloading, stopping.

Datagrams of lines go to the socket in $NOTIFY_SOCKET, see sd_notify(3). Without one nothing is sent, and the
player runs all the same. The loop feeds the watchdog, also after every call to the panel; no thread does, so
a player that hangs is not kept alive. It does so only while the web page does its work (`commands.run.Feed`).

The unit needs WatchdogSec=180. Between two feedings lies at most half of that by plan, or one call to the
panel. With the default timeouts a call fails after 45 seconds (two waits of 15 for the display engine, three
of 5 for the controller). Where the configured timeouts allow longer calls, systemd is asked for more time.
"""

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

SEND_TIMEOUT = 1.0  # seconds; the film must not stop when systemd does not read


class Notifier:
    """`environment` holds NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID as systemd sets them. `clock`:
    monotonic seconds.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._socket = _connected(environment.get("NOTIFY_SOCKET", ""), log)
        self._watchdog = _watchdog(environment) if self._socket is not None else None
        self._fed = -float("inf")
        self._ready = False
        self._status = ""

    @property
    def heartbeat(self) -> float | None:
        """The most seconds from one `alive` to the next, None when systemd does not watch."""
        return None if self._watchdog is None else self._watchdog / 2

    def allow(self, seconds: float) -> None:
        """Make systemd wait longer if one call may take `seconds`."""
        if self._watchdog is not None and 2 * seconds > self._watchdog:
            self._watchdog = 2 * seconds
            self._send(f"WATCHDOG_USEC={round(self._watchdog * 1e6)}")

    def alive(self) -> None:
        """Feed the watchdog. May be called any number of times."""
        now = self._clock()
        if self._watchdog is not None and now - self._fed >= min(self._watchdog / 10, 10):
            self._fed = now
            self._send("WATCHDOG=1")

    def ready(self) -> None:
        """The first picture is on the glass."""
        if not self._ready:
            self._ready = True
            self._send("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        text = " ".join(text.split())
        if text != self._status:
            self._status = text
            self._send(f"STATUS={text}")

    def reloading(self) -> None:
        """The configuration is being read again. `reloaded` must follow."""
        if self._ready:
            self._send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def reloaded(self) -> None:
        """It has been read."""
        if self._ready:
            self._send("READY=1")

    def stopping(self) -> None:
        """The player is stopping."""
        self._send("STOPPING=1")

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, lines: str) -> None:
        if self._socket is None:
            return
        with suppress(OSError):  # a lost line matters less than the film
            self._socket.send(lines.encode(errors="replace"))  # a file name need not be valid text


def _connected(address: str, log: Callable[[str], None]) -> socket.socket | None:
    """A socket to `address`: a path, or after an @ a name in the abstract namespace."""
    if not address.startswith(("/", "@")):
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    connection.settimeout(SEND_TIMEOUT)
    try:
        connection.connect("\0" + address[1:] if address.startswith("@") else address)
    except OSError as error:
        connection.close()
        log(f"systemd cannot be told the state of the player: NOTIFY_SOCKET {address}: {error.strerror}")
        return None
    return connection


def _watchdog(environment: Mapping[str, str]) -> float | None:
    """Seconds within which systemd expects a sign of life of this process, None when it does not watch it."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    with suppress(ValueError):
        microseconds = int(environment.get("WATCHDOG_USEC", ""))
        if microseconds > 0:
            return microseconds / 1e6
    return None
