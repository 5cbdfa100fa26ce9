"""SpiWire: the real code over stand-ins for spidev and RPi.GPIO, both wired to the simulated controller."""

import numpy as np
import pytest

from driver.errors import AccessError
from driver.simulator.uc8179 import SimulatedWire
from driver.uc8179.panel import PanelSettings, SpiWire, open_on


class Pins:
    """As much of RPi.GPIO as the driver may use, wired to a simulated controller: PWR, RST, DC, BUSY."""

    BCM, OUT, IN, LOW, HIGH, PUD_DOWN = 11, 0, 1, 0, 1, 21

    def __init__(self, wire: SimulatedWire, settings: PanelSettings) -> None:
        self.wire, self.settings = wire, settings
        wire.power = False
        self.levels: dict[int, int] = {}
        self.pulled: dict[int, int] = {}

    def setwarnings(self, on: bool) -> None:
        assert on is False

    def setmode(self, mode: int) -> None:
        assert mode == self.BCM

    def setup(self, pin: int, direction: int, initial: int | None = None, pull_up_down: int | None = None):
        if direction == self.IN:
            self.pulled[pin] = pull_up_down
        else:
            self.levels[pin] = self.LOW
            self.output(pin, initial)

    def input(self, pin: int) -> int:
        assert self.pulled == {self.settings.ready_pin: self.PUD_DOWN}
        assert pin == self.settings.ready_pin
        return int(self.wire.ready())

    def output(self, pin: int, level: int) -> None:
        before, self.levels[pin] = self.levels[pin], level
        if pin == self.settings.power_pin:
            self.wire.power = level == self.HIGH
        elif pin == self.settings.dc_pin:
            self.wire.dc = level
        else:
            assert pin == self.settings.reset_pin
            if before == self.LOW and level == self.HIGH:
                self.wire.reset()


class Spi:
    """The spidev module with one device; writebytes2 cuts at bufsiz, and chip select rises in between."""

    def __init__(self, wire: SimulatedWire, error: OSError | None = None) -> None:
        self.wire, self.error, self.opened, self.closed, self.longest = wire, error, None, 0, 0

    def SpiDev(self) -> "Spi":
        return self

    def open(self, bus: int, device: int) -> None:
        if self.error:
            raise self.error
        self.opened = bus, device

    def writebytes2(self, data: bytes) -> None:
        if self.error:
            raise self.error
        self.longest = max(self.longest, len(data))
        for start in range(0, len(data), 4096):
            self.wire.write(data[start : start + 4096])

    def close(self) -> None:
        self.closed += 1


def test_a_panel_over_it():
    """The whole way from a dither over the pins to the glass."""
    settings = PanelSettings(spi_bus=1, spi_hz=2_000_000, dc_pin=5, power_pin=6, reset_pin=7, ready_pin=8)
    simulated = SimulatedWire(strict=True)
    pins, spi = Pins(simulated, settings), Spi(simulated)
    wire = SpiWire(settings, spidev=spi, gpio=pins, sleep=simulated.sleep)
    panel = open_on(wire, settings, simulated.clock, simulated.sleep)
    first, second = np.random.default_rng(3).integers(0, 2, (2, 480, 800), np.uint8)
    panel.redraw(first)
    panel.show(second, slice(0, 480), first)
    np.testing.assert_array_equal(simulated.glass >= 128, second == 1)
    panel.shut_down()
    wire.close()
    wire.close()
    assert (spi.opened, spi.mode, spi.max_speed_hz, spi.closed) == ((1, 0), 0, 2_000_000, 1)
    assert spi.longest == 4096
    assert (pins.levels[6], pins.levels[7]) == (1, 1), "PWR and RST stay high, or the panel might wake"


def test_errors_name_the_fix():
    settings, simulated = PanelSettings(), SimulatedWire()
    pins = Pins(simulated, settings)
    with pytest.raises(AccessError, match="enable SPI"):
        SpiWire(settings, spidev=Spi(simulated, FileNotFoundError()), gpio=pins)
    spi = Spi(simulated)
    wire = SpiWire(settings, spidev=spi, gpio=pins, sleep=simulated.sleep)
    spi.error = OSError("EIO")
    with pytest.raises(AccessError, match=r"transfer failed \(EIO\): lower spi_hz"):
        wire.send(b"\x00", command=True)
    pins.setmode = lambda mode: (_ for _ in ()).throw(RuntimeError("no access"))
    with pytest.raises(AccessError, match=r"cannot use pins 17, 24, 25 and 18 \(no access\).*gpio"):
        SpiWire(settings, spidev=spi, gpio=pins)
