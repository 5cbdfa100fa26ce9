"""Buttons: one press is one request, whatever the contacts do, and pins that have another use are refused."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from player.config.settings import Config
from player.errors import ConfigError, PanelError
from player.playback.requests import Kind, Request
from player.service.buttons import POLL, QUICK, SAMPLES, Buttons, Debounce, button_pins, listening


def presses(samples):
    """At which of the samples ("_" up, "#" down) a press is complete."""
    button = Debounce()
    return [number for number, sample in enumerate(samples) if button.pressed(sample == "#")]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ("____####____", [5]),
        ("____#_______", []),  # a spark
        ("___#_#_###_#_#____", [8]),  # bouncing when it closes and when it opens
        ("___####_####____", [4]),  # a short loss of contact while it is held
        ("___####__####____", [4, 10]),
        ("##############", []),  # a wire to ground
        ("####__####", [7]),
        ("#_#_#_#_", []),
        ("", []),
    ],
)
def test_one_press_is_one_request(samples, expected):
    assert presses(samples) == expected


@given(st.lists(st.booleans(), max_size=60))
def test_there_are_no_two_presses_without_a_release_between(samples):
    """And every press ends with SAMPLES samples down, after SAMPLES up somewhere since the one before."""
    button, seen = Debounce(), []
    for down in samples:
        seen.append(down)
        if button.pressed(down):
            assert seen[-SAMPLES:] == [True] * SAMPLES
            runs = "".join("#" if one else "_" for one in seen)
            assert "_" * SAMPLES in runs
            seen = []


def test_each_button_asks_for_its_own_and_pause_for_the_other_state():
    buttons = Buttons(["next", "back", "pause", "redraw"])
    paused = False

    def press(*down):
        asked = []
        for sample in ((False,) * 4, (False,) * 4, down, down):
            asked += buttons.sample(sample, lambda: paused)
        return [request.kind for request in asked]

    assert press(True, False, False, False) == [Kind.NEXT]
    assert press(False, True, False, False) == [Kind.BACK]
    assert press(False, False, False, True) == [Kind.REDRAW]
    assert press(False, False, True, False) == [Kind.PAUSE]
    paused = True
    assert press(False, False, True, False) == [Kind.RESUME]
    assert press(True, False, False, True) == [Kind.NEXT, Kind.REDRAW]
    assert press(False, False, False, False) == []


def test_the_pins_that_are_given():
    assert button_pins(Config()) == {}
    config = Config(button_redraw=19, button_next=5)
    assert button_pins(config) == {"next": 5, "redraw": 19}
    assert list(button_pins(config)) == ["next", "redraw"]
    assert button_pins(replace(config, simulated="glass")) == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"button_next": 17}, r"button_next is GPIO 17, which the panel \(reset_pin\) uses"),
        ({"button_back": 24}, r"button_back is GPIO 24, which the panel \(ready_pin\) uses"),
        ({"button_back": 5, "ready_pin": 5}, r"button_back is GPIO 5, which the panel \(ready_pin\) uses"),
        ({"button_pause": 10}, r"button_pause is GPIO 10, which SPI \(MOSI\) uses"),
        ({"button_pause": 20, "spi_bus": 1}, r"button_pause is GPIO 20, which SPI \(MOSI\) uses"),
        ({"button_next": 6, "button_redraw": 6}, "button_redraw is GPIO 6, which button_next uses"),
    ],
)
def test_a_pin_with_another_use_is_refused(changes, message):
    with pytest.raises(ConfigError, match=f"^{message}; choose another pin$"):
        button_pins(replace(Config(), **changes))


class Pins:
    """Pins that are down as `script` says, poll after poll, then up; or that fail."""

    def __init__(self, script=(), error=None):
        self.script, self.error, self.opened, self.polls = list(script), error, None, 0

    def open(self, pins):
        self.opened = list(pins)

        def down():
            self.polls += 1
            if self.script:
                return self.script.pop(0)
            if self.error:
                raise self.error
            return (False,) * len(self.opened)

        return down


def until(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.001)


def quickly(seconds):
    time.sleep(seconds / 50)


UP, NEXT = (False, False), (True, False)


def test_what_is_pressed_is_posted_and_logged_until_the_end():
    pins, posted, log = Pins([UP] * 3 + [NEXT] * 5 + [UP] * 3 + [NEXT] * 2), [], []
    with listening({"next": 5, "back": 6}, pins.open, posted.append, bool, log.append, sleep=quickly):
        until(lambda: len(posted) == 2 and not pins.script)
    assert pins.opened == [5, 6]
    assert posted == [Request(Kind.NEXT)] * 2
    assert log == ["button: next"] * 2
    polls = pins.polls
    time.sleep(0.01)
    assert pins.polls == polls, "nobody polls any more"


def test_while_a_button_is_about_to_change_the_polls_are_quick():
    """So a press of POLL + QUICK is seen, and whatever is shorter than QUICK at most once."""
    pins, posted, waits = Pins([UP] * 3 + [NEXT] * 3 + [UP] * 3), [], []

    def sleep(seconds):
        waits.append(seconds)
        quickly(seconds)

    with listening({"next": 5, "back": 6}, pins.open, posted.append, bool, print, sleep=sleep):
        until(lambda: not pins.script)
    assert waits[:9] == [QUICK, POLL, POLL] * 3
    assert len(posted) == 1


def test_pins_that_fail_are_said_once_and_end_nothing_else():
    pins, log = Pins([UP], PanelError("the buttons cannot be read")), []
    with listening({"next": 5, "back": 6}, pins.open, print, bool, log.append, sleep=quickly):
        until(lambda: log)
    assert log == ["the buttons are not read any more: the buttons cannot be read"]


def test_without_a_button_no_pin_is_touched():
    pins = Pins()
    with listening({}, pins.open, print, bool, print):
        pass
    assert pins.opened is None


def test_pins_that_cannot_be_had_end_the_start():
    def fail(pins):
        raise PanelError("cannot use the pins")

    with pytest.raises(PanelError, match="cannot use"), listening({"next": 5}, fail, print, bool, print):
        pass
