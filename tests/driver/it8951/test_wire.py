"""SpiWire: the real code over a stand-in for spidev and RPi.GPIO, both wired to the simulated controller."""

import errno
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from panel_fakes import UNUSED, FakeGpio, FakeSpidev

from driver.errors import AccessError, BusyTimeout, DriverError, MissingModuleError, SettingsError
from driver.it8951.panel import PanelSettings, open_on
from driver.it8951.wire import SpiWire
from driver.simulator.it8951 import SimulatedWire

SETTINGS = PanelSettings(vcom=-1.5, bufsiz=4096)


def fakes(
    panel_settings: PanelSettings = SETTINGS, bufsiz: int = 4096
) -> tuple[SpiWire, SimulatedWire, FakeSpidev, FakeGpio]:
    simulated = SimulatedWire(1448, 1072, strict=True)
    spidev = FakeSpidev(simulated, bufsiz)
    gpio = FakeGpio(simulated, panel_settings.reset_pin, panel_settings.ready_pin)
    return SpiWire(panel_settings, spidev=spidev, gpio=gpio, sleep=simulated.sleep), simulated, spidev, gpio


@pytest.mark.parametrize("changes", [{}, {"bits": 4}, {"columns": "whole"}, {"bufsiz": 8192}])
def test_a_panel_over_it(changes: dict) -> None:
    """The whole way from a dither through SpiWire to the glass."""
    panel_settings = replace(SETTINGS, **changes)
    wire, simulated, spidev, _ = fakes(panel_settings, panel_settings.bufsiz)
    panel = open_on(wire, panel_settings, simulated.clock, simulated.sleep)
    dither = np.random.default_rng(3).integers(0, 2, (1072, 1448), np.uint8)
    panel.redraw(dither)
    dither[100:900] ^= 1
    panel.show(dither, slice(100, 900), UNUSED)
    panel.sleep()
    reached = panel.format.columns
    np.testing.assert_array_equal((simulated.glass >= 128)[:, :reached], dither[:, :reached])
    assert (simulated.glass[:, reached:] == 224).all()
    # Image data goes as it is, at the fast clock; all the rest by xfer2 at the slow one.
    for name, length, speed in spidev.transfers:
        assert length <= panel_settings.bufsiz
        assert (name, speed) == (("writebytes2", 12_000_000) if length > 64 else ("xfer2", 1_000_000))
    assert max(length for _, length, _ in spidev.transfers) == panel_settings.bufsiz


def test_what_is_opened() -> None:
    wire, _, spidev, gpio = fakes(
        replace(SETTINGS, spi_bus=1, spi_device=1, reset_pin=5, ready_pin=6, spi_hz=8_000_000)
    )
    assert spidev.opened == (1, 1)
    assert (spidev.mode, spidev.max_speed_hz) == (0, 8_000_000)
    assert gpio.directions == {5: gpio.OUT, 6: gpio.IN}
    assert wire.ready()


def test_reset_is_high_low_high() -> None:
    wire, simulated, _, gpio = fakes()
    wire.reset()
    assert gpio.levels == [1, 1, 0, 1]
    assert simulated.clock() >= 0.41
    assert not wire.ready(), "the controller boots"


def test_ready_follows_the_pin() -> None:
    wire, simulated, _, _ = fakes()
    assert wire.ready()
    simulated.faults.hrdy_stuck = True
    assert not wire.ready()
    with pytest.raises(BusyTimeout):
        open_on(wire, SETTINGS, simulated.clock, simulated.sleep)


def test_a_read_is_full_duplex_whatever_its_length() -> None:
    wire, simulated, spidev, _ = fakes()
    simulated.exchange(bytes.fromhex("60000302"))
    simulated.sleep(1)
    long = wire.exchange(bytes.fromhex("1000") + bytes(200))
    assert long[4:8] == bytes.fromhex("05a80430")
    assert spidev.transfers == [("xfer2", 202, 1_000_000)]


def test_the_answer_is_as_long_as_the_question() -> None:
    wire, simulated, spidev, _ = fakes()
    for window in ("60000011", "00000004", "00000001", "60000021", "00000030", "00000000", "00000000"):
        assert len(wire.exchange(bytes.fromhex(window))) == 4
        simulated.sleep(1)
    for window in ("000000b4", "00000002"):
        assert len(wire.exchange(bytes.fromhex(window))) == 4
        simulated.sleep(1)
    assert len(wire.exchange(bytes(362))) == 362
    assert spidev.transfers[-1][0] == "writebytes2"


def test_a_window_never_grows_over_bufsiz() -> None:
    """py-spidev would cut it in two, and chip select would rise in the middle."""
    wire, _, spidev, _ = fakes()
    with pytest.raises(SettingsError, match=r"4098 bytes.*4096"):
        wire.exchange(bytes(4098))
    assert spidev.transfers == []
    wire, _, _, _ = fakes(replace(SETTINGS, bufsiz=1 << 20))
    with pytest.raises(SettingsError, match="65536 bytes"):
        wire.exchange(bytes(65536))


def test_closes_what_it_opened_once() -> None:
    wire, _, spidev, gpio = fakes()
    wire.close()
    wire.close()
    assert spidev.closed == 1
    assert gpio.levels[-1] == gpio.HIGH, "RST stays high, or the panel would wake"


def test_what_did_not_open_is_not_closed() -> None:
    simulated = SimulatedWire(64, 32)
    spidev = FakeSpidev(simulated, open_error=errno.ENOENT)
    with pytest.raises(AccessError):
        SpiWire(SETTINGS, spidev=spidev, gpio=FakeGpio(simulated))
    assert spidev.closed == 0


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOENT, r"/dev/spidev0\.0 does not exist: enable SPI with sudo raspi-config"),
        (errno.EACCES, r"no permission for /dev/spidev0\.0: sudo usermod -aG spi,gpio"),
        (errno.EPERM, "no permission"),
        (errno.EBUSY, "EBUSY.*another program"),
    ],
)
def test_no_spi_device(number: int, message: str) -> None:
    simulated = SimulatedWire(64, 32)
    with pytest.raises(AccessError, match=message) as caught:
        SpiWire(SETTINGS, spidev=FakeSpidev(simulated, open_error=number), gpio=FakeGpio(simulated))
    assert isinstance(caught.value, DriverError)
    assert isinstance(caught.value, OSError)
    assert "\n" not in str(caught.value)


def test_a_mode_that_the_device_refuses_is_closed_again() -> None:
    class Stubborn(FakeSpidev):
        @property
        def mode(self) -> int:
            return 3

        @mode.setter
        def mode(self, value: int | None) -> None:
            if value is not None:
                raise OSError(errno.EINVAL, "EINVAL")

    simulated = SimulatedWire(64, 32)
    spidev = Stubborn(simulated)
    with pytest.raises(AccessError, match="cannot open"):
        SpiWire(SETTINGS, spidev=spidev, gpio=FakeGpio(simulated))
    assert spidev.closed == 1


def test_a_transfer_that_fails() -> None:
    wire, _, spidev, _ = fakes()
    spidev.transfer_error = errno.EIO
    for window in (bytes.fromhex("60000001"), bytes(4096)):
        with pytest.raises(AccessError, match=r"EIO.*spi_hz"):
            wire.exchange(window)


@pytest.mark.parametrize(
    "error", [RuntimeError("Cannot determine SOC peripheral base address"), OSError("no gpiochip")]
)
def test_pins_that_cannot_be_had(error: Exception) -> None:
    class NoGpio(FakeGpio):
        def setup(self, *_: object, **__: object) -> None:
            raise error

    simulated = SimulatedWire(64, 32)
    spidev = FakeSpidev(simulated)
    with pytest.raises(AccessError, match=r"pins 17 and 24.*usermod.*pi5") as caught:
        SpiWire(SETTINGS, spidev=spidev, gpio=NoGpio(simulated))
    assert "\n" not in str(caught.value)
    assert spidev.opened is None


@pytest.mark.parametrize("missing", ["spidev", "RPi.GPIO"])
def test_a_missing_module(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("spidev", "RPi", "RPi.GPIO"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, missing, None)  # the import machinery's sign for: cannot be imported
    expected = rf"{missing} is not installed: pip install 'longtake\[pi\]'"
    with pytest.raises(MissingModuleError, match=expected) as caught:
        SpiWire(SETTINGS)
    assert isinstance(caught.value, ImportError)
    assert "\n" not in str(caught.value)


def test_gpio_on_a_machine_that_is_no_pi(monkeypatch: pytest.MonkeyPatch) -> None:
    """RPi.GPIO raises a RuntimeError from its import there."""

    class Finder:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "RPi":
                raise RuntimeError("This module can only be run on a Raspberry Pi!")

    monkeypatch.delitem(sys.modules, "RPi", raising=False)
    monkeypatch.delitem(sys.modules, "RPi.GPIO", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(MissingModuleError, match=r"does not run on this machine.*pi5"):
        SpiWire(SETTINGS)


def test_nothing_is_imported_before_it_is_needed() -> None:
    for module in ("driver.it8951.panel", "driver.it8951.wire", "driver.pi"):
        assert not {"spidev", "RPi"} & set(vars(sys.modules[module]))


def test_bufsiz_of_the_kernel_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bufsiz").write_text("128\n")
    monkeypatch.setattr("driver.pi.BUFSIZ_FILE", tmp_path / "bufsiz")
    wire, _, _, _ = fakes(PanelSettings(vcom=-1.5))
    with pytest.raises(SettingsError, match=r"130 bytes.*spidev\.bufsiz=65536 to /boot/firmware/cmdline.txt"):
        wire.exchange(bytes(130))
