"""Stand-ins for the driver's tests: a clock, a busy wire, conversations in writing, spidev and RPi.GPIO."""

import errno

import numpy as np

from driver.recording import Event

UNUSED = np.empty((0, 0), np.uint8)
"""For `shown` of Panel.show, which an IT8951 does not look at."""


class FakeClock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


class BusyWire:
    """A wire whose HRDY is low until `ready_at`, by `clock`; `answers` holds the words of each read."""

    def __init__(
        self, clock: FakeClock, ready_at: float = 0.0, answers: list[list[int]] | None = None
    ) -> None:
        self.clock = clock
        self.ready_at = ready_at
        self.answers = answers if answers is not None else []
        self.windows: list[bytes] = []

    def exchange(self, tx: bytes) -> bytes:
        assert self.ready(), "a window while HRDY is low"
        self.windows.append(tx)
        if tx[:2] != b"\x10\x00":
            return bytes(len(tx))
        words = self.answers.pop(0)
        return bytes(4) + b"".join(word.to_bytes(2, "big") for word in words)

    def ready(self) -> bool:
        return self.clock() >= self.ready_at

    def reset(self) -> None:
        pass

    def close(self) -> None:
        pass


def script(text: str) -> list[Event]:
    """A conversation written by hand.

    `reset` is a pulse on RST. `A < B` is one window that sends A and is answered B. `[...]` is one window,
    blanks allowed. On any other line each group of hexadecimal digits is a window. `#` starts a comment.
    """
    events = []
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if line == "reset":
            events.append(Event(b""))
        elif "<" in line:
            sent, got = (bytes.fromhex(part) for part in line.split("<"))
            assert len(sent) == len(got), line
            events.append(Event(sent, got))
        elif line.startswith("["):
            events.append(Event(bytes.fromhex(line.strip("[]"))))
        else:
            events.extend(Event(bytes.fromhex(group)) for group in line.split())
    return events


class FakeGpio:
    """As much of RPi.GPIO as the driver may use, wired to a simulated controller."""

    BCM, OUT, IN, LOW, HIGH, PUD_DOWN = 11, 0, 1, 0, 1, 21

    def __init__(self, wire: object, reset_pin: int = 17, ready_pin: int = 24) -> None:
        self.wire = wire
        self.reset_pin, self.ready_pin = reset_pin, ready_pin
        self.directions: dict[int, int] = {}
        self.levels: list[int] = []
        self.mode: int | None = None

    def setwarnings(self, on: bool) -> None:
        assert on is False

    def setmode(self, mode: int) -> None:
        self.mode = mode

    def setup(
        self, pin: int, direction: int, initial: int | None = None, pull_up_down: int | None = None
    ) -> None:
        assert self.mode == self.BCM
        self.directions[pin] = direction
        if initial is not None:
            self.levels.append(initial)

    def input(self, pin: int) -> int:
        assert pin == self.ready_pin
        assert self.directions[pin] == self.IN
        return self.HIGH if self.wire.ready() else self.LOW

    def output(self, pin: int, level: int) -> None:
        assert pin == self.reset_pin
        assert self.directions[pin] == self.OUT
        if self.levels[-1] == self.LOW and level == self.HIGH:
            self.wire.reset()
        self.levels.append(level)


class FakeSpidev:
    """The spidev module with one device, wired to a simulated controller.

    xfer2 refuses more than bufsiz bytes and writebytes2 cuts them silently, with chip select rising in
    between, as py-spidev does (spidev_module.c).
    """

    def __init__(self, wire: object, bufsiz: int = 4096, open_error: int | None = None) -> None:
        self.wire = wire
        self.bufsiz = bufsiz
        self.open_error = open_error
        self.transfer_error: int | None = None
        self.opened: tuple[int, int] | None = None
        self.closed = 0
        self.mode: int | None = None
        self.max_speed_hz = 0
        self.transfers: list[tuple[str, int, int]] = []

    def SpiDev(self) -> "FakeSpidev":
        return self

    def open(self, bus: int, device: int) -> None:
        if self.open_error is not None:
            raise OSError(self.open_error, errno.errorcode[self.open_error])
        self.opened = (bus, device)

    def close(self) -> None:
        self.closed += 1

    def xfer2(self, values: list[int], speed_hz: int) -> list[int]:
        assert isinstance(values, list)
        if len(values) > self.bufsiz:
            raise OverflowError("Argument list size exceeds bufsiz")
        self._transfer("xfer2", len(values), speed_hz)
        return list(self.wire.exchange(bytes(values)))

    def writebytes2(self, data: bytes) -> None:
        assert isinstance(data, bytes)
        for start in range(0, len(data), self.bufsiz):
            part = data[start : start + self.bufsiz]
            self._transfer("writebytes2", len(part), self.max_speed_hz)
            self.wire.exchange(part)

    def _transfer(self, name: str, length: int, speed: int) -> None:
        if self.transfer_error is not None:
            raise OSError(self.transfer_error, errno.errorcode[self.transfer_error])
        self.transfers.append((name, length, speed))
