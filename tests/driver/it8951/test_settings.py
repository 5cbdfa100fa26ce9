"""Settings are checked when they are made."""

from dataclasses import FrozenInstanceError

import pytest

from driver.errors import DriverError, SettingsError
from driver.it8951.settings import PanelSettings


def test_vcom_has_no_default() -> None:
    with pytest.raises(TypeError, match="vcom"):
        PanelSettings()


@pytest.mark.parametrize("vcom", [-0.5, -1.53, -3.0, -3])
def test_vcom_in_bounds(vcom: float) -> None:
    assert PanelSettings(vcom=vcom).vcom == vcom


@pytest.mark.parametrize(
    "vcom", [-0.49, -3.01, 0.0, 1.53, 1530, -1530, float("nan"), float("-inf"), None, "-1.5"]
)
def test_vcom_out_of_bounds(vcom: float) -> None:
    with pytest.raises(SettingsError, match="flex cable"):
        PanelSettings(vcom=vcom)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vcom_tolerance", -0.01),
        ("vcom_tolerance", 0.2),
        ("spi_hz", 25_000_000),
        ("spi_hz", 0),
        ("spi_slow_hz", 99),
        ("bufsiz", 2),
        ("columns", 1448),
        ("columns", "all"),
        ("start_passes", 3),
        ("waveform", "GC16"),
        ("waveform", "INIT"),
        ("waveform", "du"),
        ("waveform", ""),
        ("bits", 2),
        ("a2_mode", 8),
        ("rotate", 90),
        ("rest", "off"),
        ("ready_timeout", 0),
        ("ready_timeout", float("inf")),
        ("display_timeout", float("nan")),
    ],
)
def test_out_of_range(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        PanelSettings(vcom=-1.5, **{name: value})
    assert isinstance(caught.value, DriverError)
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)


def test_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        PanelSettings(vcom=-1.5).vcom = -2.0


def test_a_real_panel_needs_its_vcom_and_a_simulated_one_does_not() -> None:
    for values in ({}, {"vcom": None, "bits": 4}):
        with pytest.raises(SettingsError, match=r"--vcom is missing.*flex cable.*--vcom -1\.53.*--simulated"):
            PanelSettings.of(values)
    assert PanelSettings.of({"vcom": -2.0, "bits": 4}, simulated=True) == PanelSettings(vcom=-2.0, bits=4)
    assert PanelSettings.of({"vcom": None}, simulated=True).vcom == -1.5


def test_settings_of_others_are_ignored() -> None:
    assert PanelSettings.of({"vcom": -1.5, "interval": 200.0}) == PanelSettings(vcom=-1.5)


@pytest.mark.parametrize("bufsiz", [0, 63, (1 << 20) + 1])
def test_an_error_about_bufsiz_says_what_the_user_can_do(bufsiz: int) -> None:
    with pytest.raises(SettingsError, match=rf"{bufsiz} bytes.*add spidev\.bufsiz=65536 to /boot"):
        PanelSettings(vcom=-1.5, bufsiz=bufsiz)
