"""Opening a panel: every setting reaches the driver, and the panel sleeps and is closed whatever happens."""

from dataclasses import replace

import pytest

import driver.panel
import driver.simulator
from driver.errors import BusyTimeout
from driver.panel import PanelSettings
from player import panels
from player.config import Config
from player.errors import ConfigError, PanelError

REAL = Config(vcom=-1.53)


class FakePanel:
    def __init__(self):
        self.events = []
        self.fails = False

    def sleep(self):
        self.events.append("sleep")
        if self.fails:
            raise BusyTimeout("HRDY stayed low")

    def close(self):
        self.events.append("close")


@pytest.fixture
def panel(monkeypatch):
    panel = FakePanel()

    def open_panel(settings):
        panel.settings = settings
        return panel

    monkeypatch.setattr(driver.panel, "open_panel", open_panel)
    return panel


def test_at_the_end_the_panel_sleeps_and_is_closed(panel):
    with panels.opened(REAL, (64, 48)) as (opened, glass):
        assert opened is panel
        assert glass is None
        assert panel.events == []
    assert panel.events == ["sleep", "close"]


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, ConfigError])
def test_after_any_error_too_and_the_error_stays(panel, error, fails):
    panel.fails = fails

    def run():
        with panels.opened(REAL, (64, 48)):
            raise error

    with pytest.raises(error):
        run()
    assert panel.events == ["sleep", "close"]


def test_the_drivers_errors_come_out_as_the_players(panel):
    def run(error=None):
        with panels.opened(REAL, (64, 48)):
            if error:
                raise error

    with pytest.raises(PanelError, match=r"^HRDY stuck$"):
        run(BusyTimeout("HRDY stuck"))
    panel.fails = True
    with pytest.raises(PanelError, match=r"^HRDY stayed low$"):
        run()
    assert panel.events == ["sleep", "close"] * 2


def test_every_setting_reaches_the_driver(panel):
    with panels.opened(REAL, (64, 48)):
        assert panel.settings == PanelSettings(vcom=-1.53), "the defaults of player and driver are the same"
    changed = {
        "vcom": (-2.0, "vcom"),
        "vcom_tolerance": (0.05, "vcom_tolerance"),
        "spi_bus": (1, "bus"),
        "spi_device": (2, "device"),
        "reset_pin": (5, "reset_pin"),
        "ready_pin": (6, "ready_pin"),
        "spi_hz": (2_000_000, "write_hz"),
        "spi_slow_hz": (500_000, "slow_hz"),
        "bits": (4, "bits_per_pixel"),
        "a2_mode": (6, "a2_mode"),
        "rotate": (180, "rotate"),
        "mirror": (True, "mirror"),
        "rest": ("standby", "rest"),
        "enhanced_driving": (True, "enhanced_driving"),
        "ready_timeout": (9.0, "ready_timeout"),
        "display_timeout": (20.0, "display_timeout"),
    }
    for name, (value, there) in changed.items():
        with panels.opened(replace(REAL, **{name: value}), (64, 48)):
            assert panel.settings == replace(PanelSettings(vcom=-1.53), **{there: value})
    with panels.opened(replace(REAL, columns=1448), (64, 48)):
        assert panel.settings.all_columns
    known = {there for _, there in changed.values()} | {"all_columns"}
    assert set(PanelSettings.__dataclass_fields__) - known == {"bufsiz"}, "read from the kernel"


def test_without_vcom_a_real_panel_is_not_opened(panel):
    with (
        pytest.raises(ConfigError, match="printed on the panel's flex cable"),
        panels.opened(Config(), (64, 48)),
    ):
        pass
    assert panel.events == []


def test_the_simulated_panel_has_the_size_of_the_reel_and_needs_no_vcom(tmp_path):
    with panels.opened(Config(simulated=str(tmp_path)), (64, 48)) as (panel, glass):
        assert panel.size == (64, 48)
        assert glass is not None
        assert glass().shape == (48, 64)
    too_large = panels.opened(Config(simulated=str(tmp_path)), (16384, 16384))
    with pytest.raises(PanelError, match="does not fit"), too_large:
        pass
