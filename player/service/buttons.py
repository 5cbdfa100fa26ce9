"""Buttons on GPIO pins: each press becomes a request to the player.

The pins are polled, because edge detection is broken on kernels from 6.6 on: every POLL seconds, and every
QUICK seconds while one of them is about to change. A button counts as pressed once it is down in SAMPLES
polls in a row: contacts bounce for less than that, and sparks on a long wire are shorter still. It counts
again only after it was up for as long, so holding it down is one press, and a button that is down from the
start (a wire to ground) is none. A press of POLL + QUICK is always seen.

Polling takes 0.2 % of one core of a PC (`python benchmarks/buttons.py`); it was not measured on a Pi Zero.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from player.config.settings import Config, controller
from player.errors import ConfigError, PanelError
from player.playback.requests import Kind, Request

POLL, QUICK = 0.04, 0.01
"""Seconds from poll to poll."""
SAMPLES = 2
"""Polls that a button must be down, or up, to be believed."""

ACTIONS = ("next", "back", "pause", "redraw")
"""What buttons can ask for. The settings `button_next` and so on name their pins."""
_PINS_OF_SPI = {
    0: {7: "CE1", 8: "CE0", 9: "MISO", 10: "MOSI", 11: "SCLK"},
    1: {16: "CE2", 17: "CE1", 18: "CE0", 19: "MISO", 20: "MOSI", 21: "SCLK"},
}


def button_pins(config: Config) -> dict[str, int]:
    """The configured pins (BCM numbers) by action; none for a simulated panel, as the machine may have no
    pins.

    ConfigError when one of them has another use.
    """
    taken = {pin: f"SPI ({name})" for pin, name in _PINS_OF_SPI.get(config.spi_bus, {}).items()}
    taken |= {config.reset_pin: "the panel (reset_pin)", config.ready_pin: "the panel (ready_pin)"}
    if controller(config.panel) != "IT8951":
        taken |= {config.dc_pin: "the panel (dc_pin)", config.power_pin: "the panel (power_pin)"}
    pins: dict[str, int] = {}
    given = (config.button_next, config.button_back, config.button_pause, config.button_redraw)
    for action, pin in zip(ACTIONS, given, strict=True):
        if pin is None:
            continue
        if pin in taken:
            raise ConfigError(f"button_{action} is GPIO {pin}, which {taken[pin]} uses; choose another pin")
        taken[pin] = f"button_{action}"
        pins[action] = pin
    return pins if config.simulated is None else {}


class Debounce:
    """One button: samples in, presses out."""

    def __init__(self, samples: int = SAMPLES) -> None:
        self._samples = samples
        self._down = True  # until it is seen up
        self._different = 0

    @property
    def settled(self) -> bool:
        """Whether the last sample equals the state before."""
        return self._different == 0

    def pressed(self, down: bool) -> bool:
        """Whether this sample completes a press."""
        self._different = self._different + 1 if down != self._down else 0
        if self._different < self._samples:
            return False
        self._down, self._different = down, 0
        return down


class Buttons:
    """Several buttons: `actions`, of ACTIONS, in the order in which they are sampled."""

    def __init__(self, actions: Sequence[str]) -> None:
        self._buttons = {action: Debounce() for action in actions}

    @property
    def settled(self) -> bool:
        """Whether none of them is about to change."""
        return all(button.settled for button in self._buttons.values())

    def sample(self, down: Sequence[bool], paused: Callable[[], bool]) -> list[Request]:
        """The requests of one sample. `down`: which buttons are down; `paused`: whether the player is."""
        presses = [
            action
            for (action, button), is_down in zip(self._buttons.items(), down, strict=True)
            if button.pressed(is_down)
        ]
        return [Request(_kind(action, paused)) for action in presses]


def _kind(action: str, paused: Callable[[], bool]) -> Kind:
    if action == "pause":
        return Kind.RESUME if paused() else Kind.PAUSE
    return {"next": Kind.NEXT, "back": Kind.BACK, "redraw": Kind.REDRAW}[action]


@contextmanager
def listening(
    pins: Mapping[str, int],
    open_inputs: Callable[[Sequence[int]], Callable[[], Sequence[bool]]],
    post: Callable[[Request], None],
    paused: Callable[[], bool],
    log: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Post a request for each press, from a thread, while the body runs.

    `pins`: by action (`button_pins`); without any nothing is done. `open_inputs` turns pins into a function
    that tells which are down; it may raise PanelError. If the pins fail later, that is logged once, and the
    film goes on without buttons.
    """
    if not pins:
        yield
        return
    read = open_inputs(list(pins.values()))
    buttons = Buttons(list(pins))
    over = threading.Event()

    def watch() -> None:
        try:
            while not over.is_set():
                for request in buttons.sample(read(), paused):
                    log(f"button: {request.kind.value}")
                    post(request)
                sleep(POLL if buttons.settled else QUICK)  # waiting on the event would cost twice as much
        except PanelError as error:
            log(f"the buttons are not read any more: {error}")

    thread = threading.Thread(target=watch, name="buttons", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(1)
