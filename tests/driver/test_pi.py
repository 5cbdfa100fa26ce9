"""Pins of buttons (pulled up, down at ground), errors of the GPIO module in one line, the kernel's bufsiz."""

import sys

import pytest

from driver.errors import AccessError, MissingModuleError
from driver.pi import Inputs, kernel_bufsiz


class Gpio:
    """The module RPi.GPIO as far as it may be used here; anything else is an AttributeError."""

    BCM, IN, PUD_UP = "BCM", "IN", "PUD_UP"

    def __init__(self, setup_error=None):
        self.calls, self.levels, self.setup_error, self.input_error = [], {}, setup_error, None

    def setwarnings(self, on):
        self.calls.append(("setwarnings", on))

    def setmode(self, mode):
        self.calls.append(("setmode", mode))

    def setup(self, pin, direction, pull_up_down):
        if self.setup_error:
            raise self.setup_error
        self.calls.append(("setup", pin, direction, pull_up_down))
        self.levels[pin] = 1

    def input(self, pin):
        if self.input_error:
            raise self.input_error
        return self.levels[pin]


def test_pins_are_pulled_up_and_ground_is_down():
    gpio = Gpio()
    inputs = Inputs([5, 6, 13], gpio=gpio)
    assert gpio.calls == [
        ("setwarnings", False),
        ("setmode", "BCM"),
        ("setup", 5, "IN", "PUD_UP"),
        ("setup", 6, "IN", "PUD_UP"),
        ("setup", 13, "IN", "PUD_UP"),
    ]
    assert inputs.down() == (False, False, False)
    gpio.levels[6] = 0
    assert inputs.down() == (False, True, False)


@pytest.mark.parametrize("error", [RuntimeError("No access to /dev/mem"), ValueError("bad"), OSError("busy")])
def test_a_pin_that_cannot_be_used_names_the_cure(error):
    with pytest.raises(AccessError, match=f"buttons, 5, 6 .*{error}.*usermod -aG gpio.*pi5"):
        Inputs([5, 6], gpio=Gpio(error))


def test_a_pin_that_cannot_be_read_any_more():
    gpio = Gpio()
    inputs = Inputs([5], gpio=gpio)
    gpio.input_error = RuntimeError("gone")
    with pytest.raises(AccessError, match=r"cannot be read \(gone\)"):
        inputs.down()


def test_without_the_module_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "RPi.GPIO", None)
    with pytest.raises(MissingModuleError, match=r"pip install 'longtake\[pi\]'"):
        Inputs([5])


@pytest.mark.parametrize(
    ("text", "value"), [("4096\n", 4096), ("65536\n", 65536), ("", 4096), ("many", 4096), (None, 4096)]
)
def test_kernel_bufsiz(text, value, tmp_path, monkeypatch):
    monkeypatch.setattr("driver.pi.BUFSIZ_FILE", tmp_path / "bufsiz")
    if text is not None:
        (tmp_path / "bufsiz").write_text(text)
    assert kernel_bufsiz() == value
