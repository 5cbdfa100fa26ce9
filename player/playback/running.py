"""What the loop, the answers to requests and the wait for films share while a player runs."""

from dataclasses import dataclass, field
from typing import Literal

from player.config.settings import Config
from player.config.sources import Effective
from player.errors import ConfigError
from player.playback.dependencies import (
    Panel,
    Surroundings,
)
from player.playback.showing import Showing
from player.schedule.timing import Timing


@dataclass
class Running:
    """`asked`: a frame is wanted at once, whatever the hour; "exact": the one named, even a black one.
    `over`: the last frame is past, and requests are waited for. `missing`: why there is no film, empty when
    there is one. `address_until`: until when (on the clock) the card with the address stands.
    """

    effective: Effective
    panel: Panel
    around: Surroundings
    asked: Literal["", "next", "exact"] = ""
    over: bool = False
    missing: str = ""
    address_until: float | None = None
    timing: Timing = field(init=False)
    showing: Showing = field(init=False)
    _said: str = ""

    def __post_init__(self) -> None:
        around = self.around
        self.timing = Timing(self.config, around.clock, around.wall, around.local)
        self.showing = Showing(self.config, self.panel, around, self.timing)

    @property
    def config(self) -> Config:
        """The settings in force."""
        return self.effective.config

    @property
    def url(self) -> str | None:
        """Of the web page, None where there is none."""
        address = self.around.address()
        return None if address is None else address.url

    def ask(self, what: Literal["next", "exact"]) -> None:
        """Show a frame at once; the interval begins anew with it."""
        self.asked, self.over, self.address_until = what, False, None
        self.timing.due, self.timing.stands_until = self.around.clock(), None

    def plan(self, strict: bool = False) -> None:
        """Choose the interval anew from the frames that are left. `strict`: ConfigError when `finish_by`
        cannot be kept; else that is said, once, and the interval of the settings holds.
        """
        reels = self.showing.reels
        left = reels.frames_left(self.config) if reels.is_open and self.config.finish_by else 0
        try:
            self.timing.plan(left if self.timing.up is not None else left - 1)
        except ConfigError as error:
            if strict:
                raise
            if str(error) != self._said:
                self.around.log(f"{error}; until then a frame comes every {self.timing.interval:g} seconds")
            self._said = str(error)
