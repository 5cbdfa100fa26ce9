"""Panels through omni-epd: on a stand-in with the documented interface, and on its mock where installed."""

import importlib.util
import sys
import threading
import types

import numpy as np
import pytest
from PIL import Image

from driver import omni
from driver.__main__ import main
from driver.errors import AccessError, DitherError, DriverError, MissingModuleError, SettingsError, StateError

W, H = 48, 32
EMPTY = slice(0, 0)


class ConfigurationError(Exception):
    pass


class Display:
    """A VirtualEPD: what its documentation promises, and a list of what was called."""

    modes_available = ("bw", "red")
    width, height = W, H

    def __init__(self, world, name, config):
        self.world, self.name = world, name
        self.mode = config.get("EPD", {}).get("mode", self.modes_available[-1])
        world.calls.append(f"load {name} {self.mode}")

    def _call(self, name):
        self.world.calls.append(name)
        if self.world.error is not None:
            raise self.world.error
        self.world.held.wait(10)

    def prepare(self):
        self._call("prepare")

    def display(self, image):
        assert isinstance(image, Image.Image)
        self._call("display")
        self.world.picture = np.asarray(image)

    def clear(self):
        self._call("clear")

    def sleep(self):
        self._call("sleep")

    def close(self):
        self._call("close")


class Grey(Display):
    modes_available = ("gray4",)


class World:
    def __init__(self):
        self.calls, self.error, self.picture = [], None, None
        self.held = threading.Event()
        self.held.set()

    def supported(self):
        return ["shop.panel", "shop.grey"]

    def load(self, name, config=None):
        display = {"shop.panel": Display, "shop.grey": Grey}[name](self, name, config or {})
        if display.mode not in display.modes_available:
            raise ConfigurationError(display.mode)
        return display


@pytest.fixture
def world(monkeypatch):
    world = World()
    factory, errors = types.ModuleType("omni_epd.displayfactory"), types.ModuleType("omni_epd.errors")
    factory.list_supported_displays, factory.load_display_driver = world.supported, world.load
    errors.EPDConfigurationError = ConfigurationError
    monkeypatch.setitem(sys.modules, "omni_epd", types.ModuleType("omni_epd"))
    monkeypatch.setitem(sys.modules, "omni_epd.displayfactory", factory)
    monkeypatch.setitem(sys.modules, "omni_epd.errors", errors)
    return world


def opened(name="shop.panel", **more):
    return omni.open_panel(omni.PanelSettings(panel=f"omni:{name}", **more))


def random_dither(seed=0):
    return np.random.default_rng(seed).integers(0, 2, (H, W), np.uint8)


def test_each_change_is_a_whole_picture_in_black_and_white(world):
    panel = opened()
    assert (panel.size, panel.partial) == ((W, H), False)
    first, second = random_dither(1), random_dither(2)
    panel.redraw(first)
    np.testing.assert_array_equal(world.picture, np.repeat(first[:, :, None] * 255, 3, axis=2))
    panel.show(second, EMPTY, first)
    panel.show(second, slice(3, 4), first)
    np.testing.assert_array_equal(world.picture[:, :, 0], second * 255)
    panel.sleep()
    panel.sleep()
    panel.clear()
    panel.shut_down()
    panel.close()
    panel.close()
    assert world.calls == [
        *["load shop.panel bw", "prepare", "display", "prepare", "display", "sleep"],
        *["prepare", "clear", "sleep", "close"],
    ]


@pytest.mark.parametrize(
    ("settings", "turned"),
    [
        ({"rotate": 180}, lambda dither: dither[::-1, ::-1]),
        ({"mirror": True}, lambda dither: dither[:, ::-1]),
        ({"rotate": 180, "mirror": True}, lambda dither: dither[::-1]),
    ],
)
def test_which_way_it_stands(world, settings, turned):
    opened(**settings).redraw(random_dither())
    np.testing.assert_array_equal(world.picture[:, :, 0], turned(random_dither()) * 255)


def test_a_panel_of_greys_has_no_mode_for_black_and_white(world):
    assert dict(omni.describe(opened("shop.grey")))["omni-epd"] == "shop.grey, mode gray4"
    assert world.calls == ["load shop.grey bw", "load shop.grey gray4"]


@pytest.mark.parametrize(
    ("raised", "error", "message"),
    [
        (OSError("no /dev/spidev0.0"), AccessError, r"display of shop.panel: OSError no /dev.*omni-epd-test"),
        (RuntimeError("GPIO"), AccessError, "RuntimeError GPIO"),
        (
            SystemExit(2),
            MissingModuleError,
            r"lacks the library of shop.panel.*pip install 'omni-epd @ git",
        ),
        (ImportError("No module named inky"), MissingModuleError, "No module named inky"),
    ],
)
def test_whatever_a_library_raises_is_an_error_of_the_driver(world, raised, error, message):
    panel = opened()
    world.error = raised
    with pytest.raises(DriverError, match=message.replace("display", "prepare")) as caught:
        panel.redraw(random_dither())
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)


def test_a_library_that_waits_for_ever_is_given_up_and_not_called_again(world, monkeypatch):
    monkeypatch.setattr(omni, "LONGEST_CALL", 0.05)
    panel = opened()
    world.held.clear()
    for call in (lambda: panel.redraw(random_dither()), panel.shut_down):
        with pytest.raises(StateError, match=r"is stuck.*start the program again"):
            call()
    panel.close()
    assert world.calls == ["load shop.panel bw", "prepare"]
    world.held.set()


def test_control_c_waits_until_the_panel_has_been_drawn(world, monkeypatch):
    panel, joins = opened(), []

    class Interrupted(threading.Thread):
        def join(self, timeout=None):
            joins.append(timeout)
            if len(joins) == 1:
                raise KeyboardInterrupt
            super().join(timeout)

    monkeypatch.setattr(omni.threading, "Thread", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        panel.display.call("display", Image.new("RGB", (W, H)))
    assert world.picture is not None
    panel.shut_down()
    assert joins == [120.0, 120.0]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("shop.pannel", r"has no panel 'shop.pannel', or.*; did you mean omni:shop.panel\?"),
        ("lcd", "omni-epd-test --list prints what it has"),
    ],
)
def test_a_name_that_omni_epd_does_not_know(world, name, message):
    with pytest.raises(SettingsError, match=message):
        opened(name)


def test_a_dither_of_another_size_is_refused_before_anything_is_drawn(world):
    panel = opened()
    for wrong in (np.ones((H, W + 8), np.uint8), np.full((H, W), 2, np.uint8)):
        with pytest.raises(DitherError):
            panel.redraw(wrong)
    assert world.calls == ["load shop.panel bw"]


def test_without_omni_epd(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "omni_epd", None)
    assert main(["info", "--panel", "omni:shop.panel"]) == 2
    said = capsys.readouterr().err
    assert "pip install 'omni-epd @ git" in said
    assert said.count("\n") == 1


def test_the_commands_work(world, capsys):
    for command in ("info", "clear", "pattern"):
        assert main([command, "--panel", "omni:shop.panel"]) == 0
    said = capsys.readouterr().out
    assert "partial updates: none: every change of the picture flashes" in said
    assert "inverted, with a flash, as this panel has no partial update" in said
    assert world.calls[-2:] == ["sleep", "close"]
    assert set(np.unique(world.picture)) == {0, 255}


@pytest.mark.skipif(importlib.util.find_spec("omni_epd") is None, reason="omni-epd is not installed")
def test_the_mock_of_omni_epd_draws_in_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    panel = omni.open_panel(omni.PanelSettings())
    width, height = panel.size
    dither = np.random.default_rng(1).integers(0, 2, (height, width), np.uint8)
    panel.redraw(dither)
    panel.sleep()
    panel.close()
    with Image.open("mock_output.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture.convert("L")), dither * 255)
