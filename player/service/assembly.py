"""The parts around a playback: what is looked at before the panel is touched, the pictures of a simulated
glass, and the services that run beside it (web page, buttons), which hand it requests.

A service is loaded only when it is configured: the device may lack its libraries, and memory is short.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from player import panel as panels
from player.config.settings import Config
from player.config.sources import state_path
from player.errors import PlayerError, ReelError
from player.files import make_directory
from player.pictures import png
from player.playback.dependencies import Address
from player.playback.reels import (
    arranged,
    expand,
    number_of,
)
from player.playback.requests import Inbox
from player.playback.status import StatusBoard
from player.progress import Progress
from player.reel import Reel
from player.service.lock import locked
from player.service.log_tail import LogTail
from player.times import Place

USUAL_SIZE = 1448, 1072  # of a simulated panel while there is no film
_OF_SERVICES = ("remote", "button_", "films", "upload_limit", "free_space", "state", "simulated", "spi_bus")

Log = Callable[[str], None]


@contextmanager
def only_player(config: Config) -> Iterator[None]:
    """Hold the lock on the panel of the configuration. Locked when another player has it."""
    if config.simulated is not None:
        make_directory(Path(config.simulated))
    with locked(panels.device(config)):
        yield


class First(NamedTuple):
    """`size`: (width, height) of the reel that comes first; `several`: whether it is one of several."""

    size: tuple[int, int]
    several: bool


def first_look(config: Config, kept: Progress, jump: Place | None) -> First:
    """What comes first. ReelError when it cannot be opened or does not reach `jump`, so that a wrong path or
    a wrong file ends the player before the panel is touched; with `wait_for_films` that is left to the
    playback.
    """
    try:
        paths = arranged(expand(config.reels, config.films), config.order, config.seed, kept.round)
        going_on = jump is None and kept.reel is not None and Path(kept.reel) in paths
        with Reel(Path(kept.reel) if going_on and kept.reel is not None else paths[0]) as reel:
            if jump is not None:
                number_of(reel, jump)
            return First((reel.width, reel.height), len(paths) > 1)
    except ReelError:
        if not config.wait_for_films:
            raise
        return First(USUAL_SIZE, True)


def glass_pictures(
    config: Config, glass: Callable[[], NDArray[np.uint8]] | None, several: bool
) -> Callable[[Path, int], None]:
    """A function of (reel, number) that writes a picture of the simulated glass, if it is simulated; with
    `several` reels into a directory for each.
    """
    if glass is None or config.simulated is None:
        return lambda reel, number: None
    directory = Path(config.simulated)

    def save(reel: Path, number: int) -> None:
        place = directory / reel.stem if several else directory
        make_directory(place)
        png.save_glass(place / f"glass-{number:06}.png", glass())

    return save


class Services:
    """Web page and buttons, as configured.

    `settable`: the keys that may be changed at run time, see settings.sources. ConfigError in one line from
    `start` where a library is missing, a port or a pin is in use.
    """

    def __init__(
        self,
        board: StatusBoard,
        inbox: Inbox,
        settable: Callable[[], dict[str, str | None]],
        tail: LogTail,
        log: Log,
    ) -> None:
        self._board, self._inbox, self._settable = board, inbox, settable
        self._tail, self._log = tail, log
        self._running = ExitStack()
        self._started_with: dict[str, Any] | None = None
        self._card: Callable[[], Any] | None = None

    def start(self, config: Config) -> None:
        """Start them, or start them anew if a setting that they take has changed."""
        settings = _of_services(config)
        if settings == self._started_with:
            return
        self.close()
        try:
            self._start_page(config)
            self._start_buttons(config)
        except BaseException:
            self.close()
            raise
        self._started_with = settings

    def apply(self, config: Config) -> None:
        """Like `start`, in a running player: what cannot be is said, and the film goes on without."""
        try:
            self.start(config)
        except PlayerError as error:
            self._log(f"{error}; web page and buttons are off until then")

    def address(self) -> Address | None:
        """Of the web page now, None where there is none."""
        if self._card is None:
            return None
        card = self._card()
        return Address(card.url, card.qr)

    def close(self) -> None:
        """Stop them."""
        self._running.close()
        self._started_with = self._card = None

    def _start_page(self, config: Config) -> None:
        if config.remote == "off":
            return
        from player.web.service import serving

        films = None if config.films is None else Path(config.films)
        beside = state_path(config, os.environ).parent
        page = self._running.enter_context(
            serving(config, self._board, self._inbox, self._settable, films, self._tail, beside, self._log)
        )
        self._card = None if page is None else page.card

    def _start_buttons(self, config: Config) -> None:
        pins = (config.button_next, config.button_back, config.button_pause, config.button_redraw)
        if config.simulated is not None or not any(pin is not None for pin in pins):
            return
        from player.service.buttons import button_pins, listening

        def paused() -> bool:
            return self._board.latest().snapshot.paused

        self._running.enter_context(
            listening(button_pins(config), panels.button_inputs, self._inbox.post, paused, self._log)
        )


def _of_services(config: Config) -> dict[str, Any]:
    """The settings that the services take when they start, and none that they ask for later."""
    return {name: value for name, value in asdict(config).items() if name.startswith(_OF_SERVICES)}
