"""The conversation with a UC8179: start, both pictures, refresh, power. Every wait is bounded.

The numbers are those of the vendor's samples and of several published drivers for the 7.5 inch V2 and the
5.83 inch V2, except for the waveform of old glass, which is our own.

The controller compares two pictures, OLD and NEW, and drives each pixel by one of four waveforms: for black
that stays (KK), black to white (KW), white to black (WK), white that stays (WW). It loses both in deep sleep,
and it can neither be read nor asked. So every update starts with a reset, sends everything, and ends with the
high voltage off; no update depends on the one before.
"""

from collections.abc import Callable

from driver.errors import BusyTimeout, DisplayTimeout, WiringError
from driver.uc8179.settings import PanelSettings
from driver.uc8179.wire import Wire

PANEL_SETTING, POWER_SETTING, POWER_OFF, POWER_ON, BOOSTER, DEEP_SLEEP = 0x00, 0x01, 0x02, 0x04, 0x06, 0x07
OLD, REFRESH, NEW, DUAL_SPI = 0x10, 0x12, 0x13, 0x15
LUT_VCOM, LUT_WW, LUT_KW, LUT_WK, LUT_KK, LUT_BORDER = 0x20, 0x21, 0x22, 0x23, 0x24, 0x25
TEMPERATURE_SENSOR, VCOM_AND_DATA, TCON, RESOLUTION, VCOM_DC = 0x41, 0x50, 0x60, 0x61, 0x82
CASCADE, POWER_SAVING, FORCED_TEMPERATURE = 0xE0, 0xE3, 0xE5

WAVEFORMS_OF_THE_GLASS, OUR_WAVEFORMS = 0x1F, 0x3F
"""PANEL_SETTING: black and white, waveforms from the glass's own memory or from registers."""
KEEP_BORDER, FLOATING_BORDER, OUR_BORDER, BEFORE_SLEEP = b"\x29\x07", b"\xa9\x07", b"\x39\x07", b"\xf7"
"""VCOM_AND_DATA: in the first three, 1 is white in both pictures."""
SENSOR, FORCED = b"\x00", b"\x02"
FAST, PARTIAL = b"\x5a", b"\x6e"
"""FORCED_TEMPERATURE: 90 and 110 degrees choose the waveforms that the makers of new glass have put there."""
OUR_VCOM = b"\x26"
"""-2.0 V (-0.1 V less 0.05 V a step). A waveform in registers brings no VCOM of its own."""
SLEEP_CODE = b"\xa5"

TO_BLACK, TO_WHITE = 0b01, 0b10
"""Two bits in a waveform: the source at +15 V, at -15 V."""
LUT_BYTES = 42

SEEN_BUSY = 0.1
"""Seconds within which BUSY must go low after power-on or refresh; power-on, the shortest, takes .13."""
POLL_SECONDS = 0.01


def partial_waveforms(frames: int) -> dict[int, bytes]:
    """Waveforms of a partial update for glass that has none of its own: command -> 42 bytes. Not measured.

    A pixel that changes is first driven for `frames` frames (20 ms each) the way that it shows already,
    which cannot be seen, and then as long the other way. So each change ends with as much charge in as out,
    whatever comes before or after it, and direct current does not wear the glass. What stays is not driven.
    """
    first_black = TO_BLACK << 6 | TO_WHITE << 4
    first_white = TO_WHITE << 6 | TO_BLACK << 4
    levels = {LUT_VCOM: 0, LUT_WW: 0, LUT_KW: first_black, LUT_WK: first_white, LUT_KK: 0, LUT_BORDER: 0}
    return {
        command: bytes([level, frames, frames, 0, 0, 1]).ljust(LUT_BYTES, b"\0")
        for command, level in levels.items()
    }


class Controller:
    """One UC8179 behind `wire`. clock and sleep are in seconds; the clock never goes back.

    state: "off" at first and where a call was cut short, then "on", or "asleep" after deep_sleep()
    """

    def __init__(
        self,
        wire: Wire,
        settings: PanelSettings,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._wire = wire
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self.state = "off"

    def start(self) -> None:
        """Reset, and switch the high voltage on and off: draws nothing, and shows that the wires are right.

        Also recovers from any error. WiringError, BusyTimeout.
        """
        self._begin()
        self._power_on()
        self._power_off()
        self.state = "on"

    def redraw(self, old: bytes, new: bytes, *, slow: bool) -> None:
        """Full refresh to `new`: rows of packed pixels, the leftmost in the highest bit, 1 is white.

        `slow`: by the waveform for the sensor's temperature, else by the fast one, which old glass lacks.
        """
        self._begin()
        if slow or self._settings.glass == "old":
            self._send(CASCADE, SENSOR)
            self._send(TEMPERATURE_SENSOR, b"\x00")
        else:
            self._send(CASCADE, FORCED)
            self._send(FORCED_TEMPERATURE, FAST)
        self._refresh(old, new)

    def update(self, old: bytes, new: bytes) -> None:
        """Drive, without a flash, the pixels in which `new` differs from `old`, which the glass must show."""
        self._begin()
        if self._settings.glass == "old":
            self._send(PANEL_SETTING, bytes([OUR_WAVEFORMS]))
            self._send(VCOM_DC, OUR_VCOM)
            self._send(VCOM_AND_DATA, OUR_BORDER)
            for command, waveform in partial_waveforms(self._settings.partial_frames).items():
                self._send(command, waveform)
        else:
            self._send(CASCADE, FORCED)
            self._send(FORCED_TEMPERATURE, PARTIAL)
            self._send(VCOM_AND_DATA, FLOATING_BORDER)
        self._refresh(old, new)

    def deep_sleep(self) -> None:
        """Lowest power; only a reset ends it. The glass keeps its picture."""
        if self.state == "on":
            self._sleep_deeply()
        elif self.state == "off":
            self.reset_and_sleep()

    def reset_and_sleep(self) -> None:
        """Deep sleep after a reset, which ends an update and switches the high voltage off."""
        self.state = "off"
        self._wire.reset()
        self._wait_ready(self._settings.ready_timeout)
        self._sleep_deeply()

    def _sleep_deeply(self) -> None:
        self._send(VCOM_AND_DATA, BEFORE_SLEEP)
        self._power_off()
        self._send(DEEP_SLEEP, SLEEP_CODE)
        self.state = "asleep"

    def _begin(self) -> None:
        """Reset and set up."""
        self.state = "off"
        self._wire.reset()
        self._wait_ready(self._settings.ready_timeout)
        self._send(PANEL_SETTING, bytes([WAVEFORMS_OF_THE_GLASS]))
        width, height = self._settings.size
        new, wide = self._settings.glass == "new", self._settings.panel == "waveshare-7.5-v2"
        booster = b"\x17\x17\x38\x17" if self._settings.enhanced_driving else b"\x17\x17\x28\x17"
        if wide or not new:  # the new 5.83 inch glass knows its own
            self._send(POWER_SETTING, b"\x07\x07\x3f\x3f\x09" if new else b"\x07\x07\x3f\x3f")
        if wide or self._settings.enhanced_driving:
            self._send(BOOSTER, booster)
        self._send(RESOLUTION, width.to_bytes(2, "big") + height.to_bytes(2, "big"))
        self._send(DUAL_SPI, b"\x00")
        self._send(VCOM_AND_DATA, KEEP_BORDER)
        self._send(TCON, b"\x22")
        if wide and new:
            self._send(POWER_SAVING, b"\x22")

    def _refresh(self, old: bytes, new: bytes) -> None:
        self._send(OLD, old)
        self._send(NEW, new)
        self._power_on()
        self._send(REFRESH)
        self._wait_busy_and_ready(
            self._settings.display_timeout,
            DisplayTimeout,
            "an update did not end",
            "an update did not begin",
        )
        self._power_off()
        self.state = "on"

    def _power_on(self) -> None:
        self._send(POWER_ON)
        self._wait_busy_and_ready(
            self._settings.ready_timeout,
            BusyTimeout,
            "the panel's high voltage did not come up",
            "the panel does not answer",
        )

    def _power_off(self) -> None:
        self._send(POWER_OFF)
        self._sleep(POLL_SECONDS)
        self._wait_ready(self._settings.ready_timeout)

    def _send(self, command: int, data: bytes = b"") -> None:
        """A command, then its data in windows of at most bufsiz bytes."""
        self._wire.send(bytes([command]), command=True)
        longest = min(self._settings.bufsiz, 4096)
        for start in range(0, len(data), longest):
            self._wire.send(data[start : start + longest], command=False)

    def _wait_ready(self, timeout: float) -> None:
        """Return when BUSY is high; BusyTimeout after `timeout` seconds."""
        start = self._clock()
        while not self._wire.ready():
            waited = self._clock() - start
            if waited >= timeout:
                raise BusyTimeout(
                    f"the controller stayed busy (BUSY low) for {waited:.1f} s: check that the HAT sits on "
                    "all pins, PWR included, and the panel's cable; then start again, which resets it"
                )
            self._sleep(POLL_SECONDS)

    def _wait_busy_and_ready(
        self, timeout: float, error: type[BusyTimeout | DisplayTimeout], late: str, never: str
    ) -> None:
        """Return when BUSY has been low and is high. `error` with `late` when it stays low for too long,
        WiringError with `never` when it never goes low.
        """
        start, seen = self._clock(), False
        while True:
            self._sleep(POLL_SECONDS)
            waited = self._clock() - start
            ready = self._wire.ready()
            seen = seen or not ready
            if ready and seen:
                return
            if not seen and waited >= SEEN_BUSY:
                raise WiringError(
                    f"{never} (BUSY never went low): check the wires DC and BUSY, the HAT's switch for the "
                    "interface (4-line SPI) and the panel's cable"
                )
            if waited >= timeout:
                raise error(
                    f"{late} within {waited:.1f} s (BUSY low): start again, which resets the controller, and "
                    "check the supply and the panel's cable"
                )
