"""The conversation with an IT8951: start, VCOM, load, display, power states. Every wait is bounded.

The numbers are those of the vendor's samples and several published drivers. Loads and displays wait for the
display engine themselves, so no order of calls can change the pixel format or the image memory during an
update. Errors are those of driver/errors.py.
"""

from collections.abc import Callable
from typing import NamedTuple

from driver.errors import DisplayTimeout, StateError, VcomError
from driver.it8951.device_info import WORDS, DeviceInfo, parse
from driver.it8951.transport import Words

SYS_RUN, STANDBY, SLEEP = 0x0001, 0x0002, 0x0003
REG_RD, REG_WR = 0x0010, 0x0011
LD_IMG_AREA, LD_IMG_END = 0x0021, 0x0022
DPY_AREA = 0x0034
VCOM = 0x0039
TEMPERATURE = 0x0040
GET_DEV_INFO = 0x0302

I80CPCR = 0x0004
DRIVING_STRENGTH = 0x0038
LISAR_LOW, LISAR_HIGH = 0x0208, 0x020A
UP1SR_HIGH = 0x113A
LUTAFSR = 0x1224
IMAGE_PITCH = 0x124C
BGVR = 0x1250

PACKED = 0x0001
ENHANCED_DRIVING = 0x0602
USE_PITCH, ONE_BIT = 1 << 1, 1 << 2
BLACK_AND_WHITE = 0x00F0
"""BGVR: draw a 0 bit as black 0x00, a 1 bit as white 0xF0."""

GET_VCOM, SET_VCOM = 0, 1
"""Sub-arguments of VCOM. Never 2, which probably stores to flash."""
GET_TEMPERATURE = 0

LITTLE, BIG = 0, 1
FOUR_BITS, EIGHT_BITS = 2, 3
"""Codes of LD_IMG_AREA's first argument, endian << 8 | bits << 4 | rotation."""

POLL_SECONDS = 0.01
BEGIN_SECONDS = 0.25
"""By then an update has begun; nobody has published how long it takes, and drivers ask at once."""


class Area(NamedTuple):
    """A rectangle of the glass or of the image memory."""

    x: int
    y: int
    width: int
    height: int


class Controller:
    """One IT8951 behind `words`.

    vcom             volts, negative; vcom_tolerance: how many volts the value read back may differ
    display_timeout  seconds one update may take; then DisplayTimeout
    state            "off" until start(), then "run", "standby" or "sleep"
    """

    def __init__(
        self,
        words: Words,
        *,
        vcom: float,
        vcom_tolerance: float,
        enhanced_driving: bool,
        display_timeout: float,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._words = words
        self._vcom = round(-1000 * vcom)
        self._vcom_tolerance = round(1000 * vcom_tolerance)
        self._enhanced_driving = enhanced_driving
        self._display_timeout = display_timeout
        self._clock = clock
        self._sleep = sleep
        self.state = "off"
        self._woken = False  # until an update has begun
        self._info: DeviceInfo | None = None

    @property
    def info(self) -> DeviceInfo:
        """What the controller said of itself at the start."""
        if self._info is None:
            raise StateError("the controller was not started: call start() first")
        return self._info

    def start(self) -> DeviceInfo:
        """RST, SYS_RUN, device info, set-up. Also recovers from any error: RST undoes every state."""
        self.state = "off"
        self._woken = False
        self._words.reset()
        return self._take_over()

    def attach(self) -> DeviceInfo:
        """Like start(), but without RST, for a controller that an earlier process left asleep and powered:
        it keeps its image memory and what it knows of the glass.
        """
        self.state = "off"
        info = self._take_over()
        self._woken = True
        return info

    def _take_over(self) -> DeviceInfo:
        self._words.command(SYS_RUN)
        self._words.command(GET_DEV_INFO)
        self._info = parse(self._words.read(WORDS))
        self._set_up()
        return self._info

    def reset_and_sleep(self) -> None:
        """RST, then SLEEP: lowest power even where sleep() fails. After RST no update is running that SLEEP
        would have to wait for. Afterwards only start() works.
        """
        self.state = "off"
        self._words.reset()
        self._words.command(SYS_RUN)
        self._words.command(SLEEP)

    def wake(self) -> None:
        """SYS_RUN and set-up again; does nothing while the controller runs.

        Image memory survives SLEEP and STANDBY. Nobody knows whether registers and VCOM do, so they are set
        again.
        """
        if self.state == "off":
            raise StateError("the controller was not started: call start() first")
        if self.state != "run":
            self._words.command(SYS_RUN)
            self._set_up()
            self._woken = True

    def _set_up(self) -> None:
        """Registers and VCOM, after a start and after a wake; only success makes the state "run"."""
        self.write_register(I80CPCR, PACKED)
        self._words.command(VCOM, SET_VCOM, self._vcom)
        answer = self._read_vcom()
        if abs(answer - self._vcom) > self._vcom_tolerance:
            raise VcomError(
                f"the controller reports a VCOM of {-answer / 1000:.3f} V after {-self._vcom / 1000:.3f} V "
                "was set: check the wiring and lower spi_slow_hz before anything is drawn"
            )
        if self._enhanced_driving:
            self.write_register(DRIVING_STRENGTH, ENHANCED_DRIVING)
        self.state = "run"

    def vcom(self) -> float:
        """The VCOM in force, volts."""
        self._need_run()
        return -self._read_vcom() / 1000

    def _read_vcom(self) -> int:
        """Millivolts, without the sign."""
        self._words.command(VCOM, GET_VCOM)
        return self._words.read(1)[0]

    def temperature(self) -> int:
        """Degrees Celsius at the controller, which chooses its waveforms by it."""
        self._need_run()
        self._words.command(TEMPERATURE, GET_TEMPERATURE)
        return int.from_bytes(self._words.read(1)[0].to_bytes(2, "big"), "big", signed=True)

    def load(self, area: Area, endian: int, bits: int, data: memoryview) -> None:
        """Write `data`, packed as `endian` and `bits` say, to `area` of the image memory; draw nothing."""
        self._need_run()
        self.wait_idle()
        address = self.info.address
        self.write_register(LISAR_HIGH, address >> 16)
        self.write_register(LISAR_LOW, address & 0xFFFF)
        self._words.command(LD_IMG_AREA, endian << 8 | bits << 4, *area)
        self._words.write(data)
        self._words.command(LD_IMG_END)

    def display(self, area: Area, mode: int, *, one_bit: bool = False, pitch: int | None = None) -> None:
        """Draw `area` of the image memory on the glass by waveform number `mode`, and wait until it is done.

        one_bit  the memory holds one bit per pixel
        pitch    bytes from row to row of the memory; None: the panel's width, as 8-bit loads leave it
        """
        self._need_run()
        self.wait_idle()
        if pitch is not None:
            self.write_register(IMAGE_PITCH, pitch // 4)
        self._set_format((ONE_BIT if one_bit else 0) | (USE_PITCH if pitch is not None else 0))
        if one_bit:
            self.write_register(BGVR, BLACK_AND_WHITE)
        self._words.command(DPY_AREA, *area, mode)
        if self._woken:
            self._wait_begin()
        self.wait_idle()
        self._set_format(0)

    def _set_format(self, bits: int) -> None:
        """Set the two format bits of UP1SR to `bits` and leave the others alone."""
        before = self.read_register(UP1SR_HIGH)
        after = before & ~(ONE_BIT | USE_PITCH) | bits
        if after != before:
            self.write_register(UP1SR_HIGH, after)

    def wait_idle(self) -> None:
        """Return when the display engine is idle; DisplayTimeout after display_timeout seconds."""
        start = self._clock()
        while engines := self.read_register(LUTAFSR):
            waited = self._clock() - start
            if waited >= self._display_timeout:
                raise DisplayTimeout(
                    f"an update did not end within {waited:.1f} s (LUTAFSR {engines:04X}): start again, "
                    "which resets the controller, and check its 5 V supply"
                )
            self._sleep(POLL_SECONDS)

    def _wait_begin(self) -> None:
        """Return when the display engine is at work. There are boards that draw nothing after SYS_RUN until
        they are reset; then DisplayTimeout.
        """
        start = self._clock()
        while not self.read_register(LUTAFSR):
            if self._clock() - start >= BEGIN_SECONDS:
                raise DisplayTimeout(
                    "the controller drew nothing after it woke (LUTAFSR never busy): start again, which "
                    "resets it; if it comes back, set rest to standby or run"
                )
            self._sleep(POLL_SECONDS)
        self._woken = False

    def sleep(self) -> None:
        """Lowest power; the controller then hears only SYS_RUN."""
        self._rest(SLEEP, "sleep")

    def standby(self) -> None:
        """Less power than running, and quick to wake."""
        self._rest(STANDBY, "standby")

    def _rest(self, command: int, state: str) -> None:
        """Wake up first where the controller rests in another state; let an update end first."""
        if self.state != state:
            self.wake()
            self.wait_idle()
            self._words.command(command)
            self.state = state

    def read_register(self, address: int) -> int:
        """Read one 16-bit register."""
        self._words.command(REG_RD, address)
        return self._words.read(1)[0]

    def write_register(self, address: int, value: int) -> None:
        """Write one 16-bit register."""
        self._words.command(REG_WR, address, value)

    def _need_run(self) -> None:
        if self.state != "run":
            raise StateError(f"the controller is in state {self.state!r}: call wake() or start() first")
