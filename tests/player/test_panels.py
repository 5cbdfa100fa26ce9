"""Opening a panel: every setting reaches the driver, and the panel sleeps and is closed whatever happens."""

from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

import driver.it8951.panel
from driver.errors import (
    AccessError,
    BusyTimeout,
    DisplayTimeout,
    DitherError,
    MissingModuleError,
    SettingsError,
    StateError,
    VcomError,
    WiringError,
)
from driver.it8951.panel import PanelSettings
from driver.panel import PANELS, PanelType
from driver.simulator.it8951 import SimulatedWire
from player import panel as panels
from player.config.settings import CONTROLLERS, KEYS, Config, controller
from player.errors import ConfigError, PanelError, PanelFault, PanelReset

REAL = Config(vcom=-1.53)
DITHER = np.ones((48, 64), np.uint8)


class FakePanel:
    """The driver's panel; `faults` are raised by the next calls, in order."""

    size, partial = (64, 48), True

    def __init__(self):
        self.events, self.faults, self.attach = [], [], None

    def call(self, name):
        self.events.append(name)
        if self.faults and (fault := self.faults.pop(0)):
            raise fault

    def redraw(self, dither):
        self.call("redraw")

    def show(self, dither, rows, shown):
        assert shown is DITHER
        self.call("show")

    def clear(self):
        self.call("clear")

    def sleep(self):
        self.call("sleep")

    def shut_down(self):
        self.call("shut_down")

    def close(self):
        self.events.append("close")


@pytest.fixture
def panel(monkeypatch):
    panel = FakePanel()

    def open_panel(settings, *, attach=False):
        panel.settings, panel.attach = settings, attach
        panel.call("attach" if attach else "open")
        return panel

    monkeypatch.setattr(driver.it8951.panel, "open_panel", open_panel)
    return panel


@pytest.fixture
def open_(panel):
    lines = []

    @contextmanager
    def open_(config=REAL, **more):
        with panels.opened(config, (64, 48), lines.append, wait=lambda seconds: None, **more) as found:
            yield found

    open_.lines = lines
    return open_


def test_at_the_end_the_panel_sleeps_and_is_closed(panel, open_):
    with open_() as (opened, glass, attached):
        assert opened.size == (64, 48)
        assert glass is None
        assert not attached
        opened.redraw(DITHER)
        opened.show(DITHER, slice(0, 48), DITHER)
        opened.sleep()
        opened.clear()
    assert panel.events == ["open", "redraw", "show", "sleep", "clear", "shut_down", "close"]


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, ConfigError])
def test_after_any_error_too_and_the_error_stays(panel, open_, error, fails):
    def run():
        with open_():
            panel.faults = [BusyTimeout("HRDY")] if fails else []
            raise error

    with pytest.raises(error):
        run()
    assert panel.events == ["open", "shut_down", "close"]


def test_the_drivers_errors_come_out_as_the_players(panel, open_):
    def run(error):
        with open_() as (opened, *_):
            panel.faults = [error]
            opened.redraw(DITHER)

    for fault in (BusyTimeout, DisplayTimeout, WiringError, VcomError, AccessError, OSError):
        with pytest.raises(PanelReset, match=r"^as it is; the panel was reset$") as caught:
            run(fault("as it is"))
        assert isinstance(caught.value.__cause__, PanelFault)
    for error in (DitherError, SettingsError, StateError, MissingModuleError):
        panel.events.clear()
        with pytest.raises(PanelError, match=r"^as it is$") as caught:
            run(error("as it is"))
        assert not isinstance(caught.value, PanelReset | PanelFault)
        assert panel.events == ["open", "redraw", "shut_down", "close"]


def test_a_panel_that_does_not_fall_asleep_at_the_end_is_said(panel, open_):
    def run():
        with open_():
            panel.faults = [BusyTimeout("HRDY stayed low")]

    with pytest.raises(PanelError, match=r"^HRDY stayed low$"):
        run()
    assert panel.events == ["open", "shut_down", "close"]


def test_a_panel_that_does_not_start_is_not_reset_again_and_again(panel, open_):
    panel.faults = [WiringError("all 0000: check the HAT")] * 9
    with pytest.raises(PanelError, match=r"^all 0000: check the HAT$"), open_():
        pass
    assert panel.events == ["open"]


def test_recoveries_are_those_of_the_settings(panel, open_):
    with open_(replace(REAL, recoveries=1)) as (opened, *_):
        panel.faults = [BusyTimeout("HRDY"), None, BusyTimeout("HRDY again")]
        with pytest.raises(PanelReset):
            opened.redraw(DITHER)
        with pytest.raises(PanelError, match="HRDY again; it was reset once within an hour"):
            opened.redraw(DITHER)
    assert panel.events == ["open", "redraw", "close", "open", "redraw", "shut_down", "close"]


def test_a_panel_is_attached_to_or_else_reset(panel, open_):
    with open_(attach=True) as (_, _, attached):
        assert attached
    assert panel.events == ["attach", "shut_down", "close"]
    panel.events.clear()
    panel.faults = [VcomError("another VCOM")]
    with open_(attach=True) as (_, _, attached):
        assert not attached
    assert panel.events == ["attach", "open", "shut_down", "close"]
    assert open_.lines == ["the panel does not go on from where it was: another VCOM; resetting it"]


def test_every_setting_reaches_the_driver(panel, open_):
    with open_():
        assert panel.settings == PanelSettings(vcom=-1.53), "the defaults of player and driver are the same"
    changed = {
        "vcom": -2.0,
        "vcom_tolerance": 0.05,
        "waveform": "A2",
        "a2_mode": 6,
        "bits": 4,
        "columns": "whole",
        "start_passes": 2,
        "rotate": 180,
        "mirror": True,
        "rest": "standby",
        "enhanced_driving": True,
        "spi_hz": 2_000_000,
        "spi_slow_hz": 500_000,
        "spi_bus": 1,
        "spi_device": 2,
        "reset_pin": 5,
        "ready_pin": 6,
        "ready_timeout": 9.0,
        "display_timeout": 20.0,
    }
    for name, value in changed.items():
        with open_(replace(REAL, **{name: value})):
            assert panel.settings == replace(PanelSettings(vcom=-1.53), **{name: value})
        assert KEYS[name].panel, "a change of it opens the panel anew"
    assert set(PanelSettings.__dataclass_fields__) - set(changed) == {"bufsiz"}, "read from the kernel"


def test_a_setting_that_the_driver_refuses_is_an_error_of_the_settings(panel, open_):
    with pytest.raises(ConfigError, match=r"^spi_hz 1 is outside"), open_(replace(REAL, spi_hz=1)):
        pass
    assert panel.events == []


def test_without_vcom_a_real_panel_is_not_opened(panel, open_):
    with pytest.raises(ConfigError, match="printed on the panel's flex cable"), open_(Config()):
        pass
    assert panel.events == []


def test_the_simulated_panel_has_the_size_of_the_reel_and_needs_no_vcom(tmp_path):
    config = Config(simulated=str(tmp_path))
    with panels.opened(config, (64, 48), print) as (panel, glass, _):
        assert panel.size == (64, 48)
        assert glass is not None
        assert glass().shape == (48, 64)
    too_large = panels.opened(config, (16384, 16384), print)
    with pytest.raises(PanelError, match="does not fit"), too_large:
        pass


def test_what_is_locked():
    assert panels.device(Config(vcom=-1.5, spi_bus=1, spi_device=2)) == Path("/dev/spidev1.2")
    assert panels.device(Config(simulated="sim")) == Path("sim")


def test_the_time_a_call_may_take_follows_the_timeouts():
    assert panels.longest_call(Config()) == 45
    assert panels.longest_call(Config(display_timeout=100.0, ready_timeout=10.0)) == 230


def test_a_panel_without_partial_updates_is_named_in_the_log(panel, open_, monkeypatch):
    monkeypatch.setattr(FakePanel, "partial", False)
    with open_() as (opened, _, _):
        assert opened.partial is False
    assert open_.lines == ["this panel has no partial update: it flashes at every frame"]


def test_a_panel_of_omni_epd():
    config = Config(panel="omni:omni_epd.mock")
    assert panels.longest_call(config) == 120, "its libraries take their own time"
    assert panels.remembers(config), "its picture stays, whatever power it has"
    assert controller(config.panel) == "OMNI"
    with (
        pytest.raises(ConfigError, match="cannot be simulated"),
        panels.opened(replace(config, simulated="sim"), (64, 48), print),
    ):
        pass


def test_a_board_that_draws_nothing_after_a_wake_is_reset(monkeypatch):
    wire = SimulatedWire(64, 48, strict=True)
    wire.faults.idle_after_wake = True
    monkeypatch.setattr(PanelType, "simulated_wire", lambda *arguments, **options: wire)
    lines, black = [], np.zeros((48, 64), np.uint8)
    with panels.opened(Config(simulated="sim"), (64, 48), lines.append) as (opened, glass, _):
        opened.redraw(DITHER)
        opened.sleep()
        with pytest.raises(PanelReset, match="drew nothing after it woke"):
            opened.show(black, slice(0, 48), DITHER)
        opened.redraw(black)
        assert (glass() == 32).all()
    assert [line.partition(":")[0] for line in lines] == [
        "the panel failed",
        "the panel answers again after the reset",
    ]


def test_the_size_of_a_panel_that_cannot_be_asked_is_known():
    assert panels.known_size(Config(panel="waveshare-7.5-v2")) == (800, 480)
    assert panels.known_size(Config(panel="waveshare-6-hd")) is None
    assert panels.known_size(Config(panel="omni:omni_epd.mock")) is None


def test_the_settings_know_every_panel():
    assert {name: panel.controller for name, panel in PANELS.items()} == CONTROLLERS


@pytest.mark.parametrize("name", PANELS)
def test_every_setting_of_every_panel_is_one_of_the_player(name):
    ours = {field.name for field in fields(PANELS[name].module().PanelSettings)}
    assert ours - {"bufsiz"} <= set(KEYS)
