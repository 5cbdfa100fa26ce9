"""16-bit words over a Wire: preambles, the dummy word, HRDY before every window, data cut to fit bufsiz.

Nothing here knows a command or a register; controller.py does. Every chip-select window begins with one
preamble word, and before each window comes a bounded wait for HRDY. Most significant byte first.
"""

from collections.abc import Callable

from driver.errors import BusyTimeout, SettingsError
from driver.it8951.wire import LARGEST_WINDOW, Wire
from driver.pi import RAISE_BUFSIZ

COMMAND = b"\x60\x00"
WRITE = b"\x00\x00"
READ = b"\x10\x00"
DUMMY = b"\x00\x00"

POLL_SECONDS = 0.0005


class Words:
    """Commands, arguments, data and answers over a wire.

    bufsiz          bytes in the longest chip-select window, preamble included
    ready_timeout   seconds HRDY may stay low; then BusyTimeout
    clock, sleep    a monotonic clock, and how to wait; seconds
    """

    def __init__(
        self,
        wire: Wire,
        *,
        bufsiz: int,
        ready_timeout: float,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._wire = wire
        self._ready_timeout = ready_timeout
        self._clock = clock
        self._sleep = sleep
        # Even, so that no word is torn between two windows.
        self._chunk = (min(bufsiz, LARGEST_WINDOW) - len(WRITE)) // 2 * 2
        if self._chunk < 2:
            raise SettingsError(
                f"a transfer of {bufsiz} bytes (bufsiz) has no room for one word of data: {RAISE_BUFSIZ}"
            )

    def reset(self) -> None:
        """Pulse RST and wait until the controller is up."""
        self._wire.reset()
        self._wait_ready()

    def command(self, code: int, *arguments: int) -> None:
        """Send one command word, then every argument in a window of its own."""
        self._exchange(COMMAND + code.to_bytes(2, "big"))
        for argument in arguments:
            self._exchange(WRITE + argument.to_bytes(2, "big"))

    def read(self, count: int) -> list[int]:
        """Read `count` words of the answer to the last command, each 0..65535."""
        answer = self._exchange(READ + DUMMY + bytes(2 * count))[4:]
        return [int.from_bytes(answer[i : i + 2], "big") for i in range(0, 2 * count, 2)]

    def write(self, data: memoryview) -> None:
        """Write image data, an even number of bytes, in as few windows as bufsiz allows.

        Chip select rises between the windows; the controller goes on where the last one stopped.
        """
        for start in range(0, len(data), self._chunk):
            self._exchange(WRITE + bytes(data[start : start + self._chunk]))

    def _exchange(self, tx: bytes) -> bytes:
        self._wait_ready()
        return self._wire.exchange(tx)

    def _wait_ready(self) -> None:
        """Return when HRDY is high; BusyTimeout once it has been low for ready_timeout seconds."""
        if self._wire.ready():
            return
        start = self._clock()
        while not self._wire.ready():
            waited = self._clock() - start
            if waited >= self._ready_timeout:
                raise BusyTimeout(
                    f"the controller stayed busy (HRDY low) for {waited:.1f} s: check that the HAT sits on "
                    "all pins, has 5 V and its switch stands at SPI; then start again, which resets it"
                )
            self._sleep(POLL_SECONDS)
