"""What may be asked of an export: ONE table. The page's form, `player add` and the exporter are made from it.

Values are texts. An option that is not given is left to `trainer export`, or to the settings of the player.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from player.errors import ConfigError
from player.times import parse_place

YES = "yes"
"""The value of a switch that is on; off, it is not given."""
STILLS = 3
"""Frames of a preview."""
PLACE = "a frame number from 1 (1200) or a time (12.5s, 4:05, 1:02:03)"


@dataclass(frozen=True)
class Option:
    """`label` and `help`: for people. `choices`: the values allowed, the usual one first; else `must` says
    what a value must be, and `check` raises ValueError for one that is not. `switch`: its only value is YES.
    `expert`: not for everybody. `for_player`: `trainer export` does not know it.
    """

    name: str
    label: str
    help: str
    must: str = ""
    choices: tuple[str, ...] = ()
    check: Callable[[str], object] | None = None
    switch: bool = False
    expert: bool = False
    example: str = ""
    for_player: bool = False

    @property
    def flag(self) -> str | None:
        """The option of `trainer export`; None: it is for the player."""
        return None if self.for_player else "--" + self.name.replace("_", "-")

    @property
    def is_number(self) -> bool:
        return self.must.startswith("a number")

    def checked(self, text: str) -> str:
        """`text`, trimmed. ConfigError in one line."""
        text = text.strip()
        if self.is_number and re.fullmatch(r"-?\d+,\d+", text, re.ASCII):  # a decimal comma
            text = text.replace(",", ".")
        allowed = (YES,) if self.switch else self.choices
        good = not allowed or text in allowed
        if good and self.check is not None:
            try:
                self.check(text)
            except ValueError:
                good = False
        if not good:
            must = self.must or " or ".join(allowed)
            raise ConfigError(f"{self.name} is {text[:80]!r}; it must be {must}")
        return text


def _number(low: float, high: float) -> Callable[[str], object]:
    def check(text: str) -> None:
        if not re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", text, re.ASCII) or not low <= float(text) <= high:
            raise ValueError

    return check


def _matches(pattern: str) -> Callable[[str], object]:
    def check(text: str) -> None:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError

    return check


def _title(text: str) -> None:
    if not (0 < len(text) <= 200 and text.isprintable()):
        raise ValueError


def _levels(text: str) -> None:
    if text == "auto":
        return
    black, white = (float(part) for part in text.split(","))
    if not 0 <= black < white <= 1:
        raise ValueError


def _place(text: str) -> None:
    parse_place(text, "")


OPTIONS: dict[str, Option] = {
    option.name: option
    for option in (
        Option("title", "Title", "what the player calls the film", "1 to 200 characters", check=_title),
        Option(
            "subtitles",
            "Subtitles",
            "burn in those inside the film: film, film:de for a language, film:1 for the second of them",
            "film, film:LANGUAGE or film:NUMBER",
            check=_matches(r"film(:[A-Za-z0-9-]{1,20})?"),
            example="film:de",
        ),
        Option("start", "From", "first frame", PLACE, check=_place, example="1:30"),
        Option("end", "To", "stop before this frame", PLACE, check=_place, example="1:32:10"),
        Option(
            "fit",
            "Fit",
            "crop fills the panel, letterbox shows the whole picture, stretch distorts it",
            choices=("crop", "letterbox", "stretch"),
        ),
        Option(
            "levels",
            "Levels",
            "tones from 0 to 1 that become black and white; auto finds them, for dark films",
            "auto, or two tones like 0.1,0.8",
            check=_levels,
            example="auto",
        ),
        Option(
            "dial",
            "Liveliness",
            "the price of a change: 0 is liveliest, 1 is calmest",
            "a number from 0 to 1",
            check=_number(0, 1),
            example="0.5",
        ),
        Option(
            "flashes",
            "Flashes",
            "how often the panel redraws itself with a flash",
            choices=("usual", "rare", "often"),
        ),
        Option(
            "play",
            "Play",
            "now: as soon as its first frames are done; when free: unless another film is playing",
            choices=("when free", "now"),
            for_player=True,
        ),
        Option("wait", "Wait until I have seen a preview", "", switch=True, for_player=True),
        Option("trim_bars", "Cut off black bars", "that are part of the film", switch=True),
        Option("skip_black", "Leave out black frames", "", switch=True),
        Option(
            "dither",
            "Dither",
            "search: the best picture; hysteresis: ten times as fast; raster: the same for small computers",
            choices=("hysteresis", "search", "raster"),
            expert=True,
        ),
        Option(
            "every",
            "Every Nth frame",
            "leave out the frames between",
            "a whole number from 1 to 1000",
            check=_matches(r"[1-9]\d{0,2}|1000"),
            expert=True,
            example="2",
        ),
        Option(
            "brightness",
            "Brightness",
            "from -1, black, to 1, white; 0 leaves it",
            "a number from -1 to 1",
            check=_number(-1, 1),
            expert=True,
            example="0",
        ),
        Option(
            "contrast",
            "Contrast",
            "from 0.1 to 10; 1 leaves it",
            "a number from 0.1 to 10",
            check=_number(0.1, 10),
            expert=True,
            example="1",
        ),
        Option(
            "gamma",
            "Mid-tones",
            "from 0.1 to 10; above 1 lifts them",
            "a number from 0.1 to 10",
            check=_number(0.1, 10),
            expert=True,
            example="1",
        ),
    )
}


def usual(dial: str, flashes: str) -> dict[str, str]:
    """The options of films that do not say otherwise, by the player's settings of these names."""
    return {**({"dial": dial} if dial else {}), **({"flashes": flashes} if flashes != "usual" else {})}


def checked(given: Mapping[str, str]) -> dict[str, str]:
    """The options in the order of the table. ConfigError for a name or a value that is not allowed."""
    for name in given:
        if name not in OPTIONS:
            raise ConfigError(f"{name[:80]!r} is no option of an export; known are {', '.join(OPTIONS)}")
    return {name: option.checked(given[name]) for name, option in OPTIONS.items() if name in given}


def flags(options: Mapping[str, str]) -> list[str]:
    """The options as `trainer export` takes them, one word each: a value cannot become an option."""
    found = []
    for name, value in options.items():
        option = OPTIONS[name]
        if option.check is _place and value.isdecimal():  # the trainer counts from 0
            value = str(int(value) - 1)
        if option.flag is not None:
            found.append(option.flag if option.switch else f"{option.flag}={value}")
    return found


def stills(options: Mapping[str, str], dither: str) -> list[str]:
    """The options of an export as `trainer preview` takes them for STILLS frames. `dither`: the usual one.

    ConfigError, as `checked`.
    """
    given = checked(options)
    dither, dial = given.pop("dither", dither), given.pop("dial", "")
    given.pop("title", None)
    return [
        f"--stills={STILLS}",
        f"--dither={dither}:{dial}" if dial else f"--dither={dither}",
        *flags(given),
    ]
