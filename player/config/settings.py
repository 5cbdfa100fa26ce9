"""What can be set: the one table of settings, and the checks of values against it.

The flags of the command line, the configuration file and its example, the documentation, the web form and
OpenAPI are all made from the table. `sources` says where values come from.

Every error is a ConfigError of one line: where the value stands, what it is, what it must be.
"""

import dataclasses
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from player.errors import ConfigError
from player.schedule.finish import parse_moment
from player.schedule.quiet import parse_days, parse_hours
from player.times import parse_place

Kind = Literal["number", "integer", "switch", "text", "paths"]


@dataclass(frozen=True)
class Key:
    """What is known of a setting besides its name and default.

    `low` and `high` are allowed values themselves. `panel`: a change opens the panel anew. `live`: it may be
    changed while the player runs. `empty`: an empty text is allowed. `prefix`: a text
    that begins with it is allowed besides `choices`. `renamed`: values that have a new name,
    old text -> new. `metavar`: what --help calls the value. `example`: a value to show where there is no
    default. `check` raises ConfigError for a text that cannot be read; it takes the text and where it stands.
    """

    kind: Kind
    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[Any, ...] = ()
    panel: bool = False
    live: bool = False
    empty: bool = False
    prefix: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)
    metavar: str = ""
    example: Any = None
    check: Callable[[str, str], object] | None = None

    def takes(self, text: str) -> bool:
        """Whether a text is one of the choices, where there are any."""
        named = bool(self.prefix) and text.startswith(self.prefix) and text != self.prefix
        return not self.choices or text in self.choices or named

    def range(self) -> str:
        """The values allowed, in words; empty when every text is."""
        if self.choices:
            named = [f"{self.prefix}NAME"] if self.prefix else []
            return " or ".join([*map(str, self.choices), *named])
        if self.kind == "switch":
            return "true or false"
        if self.low is None or self.high is None:
            return ""
        return f"{self.low:.12g} to {self.high:.12g} {self.unit}".rstrip()


def _key(default: Any, kind: Kind, help: str, **more: Any) -> Any:
    return dataclasses.field(default=default, metadata={"key": Key(kind, help, **more)})


def _text(default: str | None, metavar: str, help: str, **more: Any) -> Any:
    return _key(default, "text", help, metavar=metavar, **more)


def _choice(default: str | int, choices: tuple[Any, ...], help: str, **more: Any) -> Any:
    kind: Kind = "integer" if isinstance(default, int) else "text"
    return _key(default, kind, help, choices=choices, **more)


def _switch(help: str, **more: Any) -> Any:
    return _key(False, "switch", help, **more)


def _number(default: float | None, help: str, unit: str, low: float, high: float, **more: Any) -> Any:
    return _key(default, "number", help, unit=unit, low=low, high=high, **more)


def _integer(default: int | None, help: str, unit: str, low: float, high: float, **more: Any) -> Any:
    return _key(default, "integer", help, unit=unit, low=low, high=high, **more)


def _pin(default: int, help: str) -> Any:
    return _integer(default, f"GPIO (BCM number) of {help}", "", 0, 53, panel=True, metavar="PIN")


def _button(help: str, example: int) -> Any:
    help = f"GPIO (BCM number) of a button to ground {help}"
    return _integer(None, help, "", 2, 27, panel=True, metavar="PIN", example=example)


def _check_caption(text: str, where: str) -> None:
    from player.pictures.caption import parse_caption  # not at the top: it takes numpy

    parse_caption(text, where)


CONTROLLERS = {"waveshare-6-hd": "IT8951", "waveshare-7.5-v2": "UC8179", "waveshare-5.83-v2": "UC8179"}
"""Every panel of the driver's table, by name. Only an IT8951 has a VCOM to set."""
OMNI = "omni:"
"""What the names of panels begin with that omni-epd drives."""


def controller(panel: str) -> str:
    """The controller of a panel, by its name: IT8951, UC8179, or OMNI for whatever omni-epd drives."""
    return "OMNI" if panel.startswith(OMNI) else CONTROLLERS[panel]


def _check_dial(text: str, where: str) -> None:
    if not re.fullmatch(r"0(\.\d{1,9})?|1(\.0{1,9})?", text, re.ASCII):
        raise ConfigError(f"{where} is {text!r}; it must be a number from 0 to 1, such as 0.5")


_STATE = "/var/lib/longtake"  # of the installed service
_NO_PLAN = "where no redraw plan applies"


@dataclass(frozen=True)
class Config:
    """The settings of a player. None (for `reels` an empty tuple) means: not given."""

    reels: tuple[str, ...] = _key(
        (),
        "paths",
        "reels to show, or directories of *.reel files, which are shown in the order of their names",
        metavar="REEL",
        example=[f"{_STATE}/films/one.reel", "/mnt/stick"],
    )
    interval: float = _number(
        200.0,
        "time from one frame to the next; 0 is full speed, the default with --simulated",
        "seconds",
        0,
        604800,
        live=True,
    )
    threshold: float = _number(
        0.064,
        f"{_NO_PLAN}: redraw when this share of the pixels has changed since the last redraw",
        "",
        0,
        1,
        live=True,
        metavar="SHARE",
    )
    cooldown: int = _integer(
        20, f"{_NO_PLAN}: the fewest frames from one redraw to the next", "frames", 0, 1e6, live=True
    )
    longest_stretch: int = _integer(
        0,
        "the most frames from one redraw to the next, also where a redraw plan applies; 0 sets no limit",
        "frames",
        0,
        1e6,
        live=True,
    )
    darkened_only: bool = _switch(
        f"{_NO_PLAN}: count only pixels that went from white to black, as only they leave ghosts", live=True
    )
    quiet: str = _text(
        "",
        "HOURS",
        "hours without any update, by the local clock, such as 22:00-07:00; separate several by commas",
        live=True,
        empty=True,
        check=parse_hours,
        example="22:00-07:00",
    )
    quiet_days: str = _text(
        "",
        "DAYS",
        "whole days without any update, such as sat,sun (of mon,tue,wed,thu,fri,sat,sun)",
        live=True,
        empty=True,
        check=parse_days,
        example="sat,sun",
    )
    step: int = _integer(1, "show every Nth frame; 2 is every second one", "frames", 1, 1e6, live=True)
    order: str = _choice(
        "name",
        ("name", "shuffle"),
        "the order of several reels: by name (as listed), or shuffled, each once in a round",
        live=True,
    )
    end: str = _choice(
        "stop",
        ("stop", "next", "loop"),
        "after the last frame of a reel: stop, go on with the next reel, or loop over all reels for ever",
        live=True,
    )
    caption: str = _text(
        "",
        "PARTS",
        "a strip at the bottom edge that shows some of title, time, frame and percent, such as title,time",
        live=True,
        empty=True,
        check=_check_caption,
        example="title,time",
    )
    seed: int = _integer(0, "another number gives another shuffled order", "", 0, 1e9)
    start: str | None = _text(
        None,
        "FRAME|TIME",
        "frame, the first is 1, or time (12.5s, 4:05, 1:02:03) where a new reel begins; --start jumps there",
        check=parse_place,
        example="1:02:03",
    )
    finish_by: str | None = _text(
        None,
        "DATE",
        "choose the interval so that the last frame is shown by then: a date (its end), or a date and time, "
        "such as 2027-01-31 or '2027-01-31 20:15', by the local clock",
        live=True,
        empty=True,
        check=parse_moment,
        example="2027-12-31",
    )
    skip_black: bool = _switch(
        "skip frames of which 99.5 % or more is black, except the last frame of the film"
    )
    wait_for_films: bool = _switch(
        "for a service: when no film is found, or the film is over, show a card that says so and wait, "
        "instead of ending"
    )
    count: int | None = _integer(None, "stop after this many frames", "frames", 1, 1e9, example=100)
    state: str | None = _text(
        None,
        "FILE",
        "file in which the player keeps its place; otherwise progress.json in $STATE_DIRECTORY, in the "
        "directory of --simulated, or in $XDG_STATE_HOME/longtake",
    )
    simulated: str | None = _text(
        None,
        "DIR",
        "show on a simulated panel, and write pictures of its glass into this directory",
        panel=True,
        example="/tmp/glass",
    )
    waveform: str = _choice(
        "DU", ("DU", "A2"), "IT8951: waveform of partial updates; A2 is quicker and ghosts more", panel=True
    )
    remote: str = _choice(
        "off",
        ("off", "loopback", "network"),
        "the web page: off, for this machine only (loopback), or for the home network, with a token",
    )
    remote_port: int = _integer(8080, "TCP port of the web page", "", 1, 65535, metavar="PORT")
    remote_token: str | None = _text(
        None,
        "FILE",
        "file with the token that the web page asks for; otherwise remote-token beside the player's "
        "progress, made when it is missing. If this is set, loopback asks for the token too",
        example="/etc/longtake/remote-token",
    )
    remote_names: str | None = _text(
        None,
        "NAMES",
        "further names under which browsers may reach the web page, separated by commas; this machine's own "
        "name and addresses always work",
        example="film.example",
    )
    mqtt: str | None = _text(
        None,
        "HOST",
        "MQTT broker that hears what the player does, for Home Assistant, which finds the player there",
        example="homeassistant.local",
    )
    mqtt_port: int = _integer(1883, "TCP port of the broker; 8883 is usual with mqtt_tls", "", 1, 65535)
    mqtt_user: str | None = _text(None, "NAME", "user name at the broker", example="longtake")
    mqtt_password: str | None = _text(
        None,
        "FILE",
        "file with the password for mqtt_user, which only the player should be able to read",
        example="/etc/longtake/mqtt-password",
    )
    mqtt_tls: bool = _switch("speak TLS with the broker, and check its certificate and name")
    mqtt_ca: str | None = _text(
        None,
        "FILE",
        "certificate of the authority that signed the broker's; otherwise those that this machine trusts",
        example="/etc/longtake/mqtt-ca.pem",
    )
    films: str | None = _text(
        None, "DIR", "directory for uploaded reels, which are shown together with the others"
    )
    inbox: str | None = _text(
        None,
        "DIR",
        "directory for films that are to become reels: whatever is sent or copied there is exported into "
        "the directory of `films`",
    )
    dial: str = _text(
        "",
        "DIAL",
        "how calm films become on their way to reels: 0 is liveliest, 1 is calmest; otherwise what suits the "
        "panel",
        live=True,
        empty=True,
        check=_check_dial,
        example="0.5",
    )
    flashes: str = _choice(
        "usual",
        ("usual", "rare", "often"),
        "how often films that become reels may make the panel flash",
        live=True,
    )
    profile: str | None = _text(
        None,
        "FILE",
        "panel profile made by `trainer calibrate`, for films that become reels; otherwise panel.toml beside "
        "the player's progress, if it is there",
        example="/var/lib/longtake/panel.toml",
    )
    upload_limit: float = _number(4000.0, "largest reel or film that the web page accepts", "MB", 1, 1e6)
    free_space: float = _number(500.0, "free space that an upload must leave on the disk", "MB", 0, 1e6)
    panel: str = _choice(
        "waveshare-6-hd",
        tuple(CONTROLLERS),
        "the panel; waveshare-6-hd stands for every one with an IT8951, and omni:NAME for any that omni-epd "
        "drives, with a flash at every frame. Settings of one controller begin with its name, IT8951 or "
        "UC8179",
        panel=True,
        prefix=OMNI,
    )
    glass: str = _choice(
        "new",
        ("new", "old"),
        "UC8179: old for glass made before September 2023; try it if partial updates flash",
        panel=True,
    )
    vcom: float | None = _number(
        None,
        "IT8951: the panel's voltage as printed on its flex cable, for example -1.53; a real panel needs it",
        "volts",
        -3.0,
        -0.5,
        panel=True,
        example=-1.53,
    )
    rotate: int = _choice(
        0, (0, 180), "turn the picture by this many degrees", unit="degrees", panel=True, live=True
    )
    mirror: bool = _switch("swap left and right", panel=True)
    bits: int = _choice(
        1, (1, 4), "IT8951: bits per pixel on the wire; 4 for firmware that stays white at 1", panel=True
    )
    columns: str = _choice(
        "aligned",
        ("aligned", "whole"),
        "IT8951: columns driven at 1 bit per pixel: aligned, as the firmware asks for, which leaves 8 of "
        "1448 white; or whole, untested on glass",
        panel=True,
        renamed={"1440": "aligned", "1448": "whole"},
    )
    start_passes: int = _choice(
        1, (1, 2), "IT8951: redraws of the first picture, 2 where one does not clean it", panel=True
    )
    rest: str = _choice(
        "sleep", ("sleep", "standby", "run"), "IT8951: what the controller does between frames", panel=True
    )
    spi_hz: int | None = _integer(
        None,
        "SPI clock for pictures; lower it if they arrive torn (otherwise 12 MHz, of a UC8179 4 MHz)",
        "Hz",
        1e5,
        24e6,
        panel=True,
        example=2_000_000,
    )
    spi_slow_hz: int = _integer(
        1_000_000, "IT8951: SPI clock for commands and reads", "Hz", 1e5, 24e6, panel=True
    )
    spi_bus: int = _integer(0, "N of /dev/spidevN.M", "", 0, 9, panel=True)
    spi_device: int = _integer(0, "M of /dev/spidevN.M", "", 0, 9, panel=True, metavar="M")
    reset_pin: int = _pin(17, "RST")
    ready_pin: int = _pin(24, "HRDY or BUSY")
    dc_pin: int = _pin(25, "DC (UC8179)")
    power_pin: int = _pin(18, "PWR (UC8179)")
    button_next: int | None = _button("for the next frame; no button is read with --simulated", 5)
    button_back: int | None = _button("for the frame before", 6)
    button_pause: int | None = _button("that pauses and resumes", 13)
    button_redraw: int | None = _button("for a redraw", 19)
    a2_mode: int | None = _integer(
        None,
        "IT8951: number of the A2 waveform; otherwise found by the name of the controller's waveform table",
        "",
        0,
        7,
        panel=True,
        example=6,
    )
    vcom_tolerance: float = _number(
        0.01, "IT8951: how far the voltage that is read back may be from vcom", "volts", 0, 0.1, panel=True
    )
    enhanced_driving: bool = _switch("stronger drivers, only for a panel that stays blurred", panel=True)
    slow_redraw: bool = _switch(
        "UC8179: redraw by the slow waveform (4 s), which follows the temperature; for rooms below 15 C",
        panel=True,
    )
    partial_frames: int = _integer(
        20,
        "UC8179, old glass: length of each half of a partial update; more is blacker",
        "frames of 20 ms",
        5,
        60,
        panel=True,
    )
    ready_timeout: float = _number(
        5.0, "longest wait for the controller to be ready", "seconds", 0.1, 600, panel=True
    )
    display_timeout: float = _number(
        15.0, "longest wait for an update to finish", "seconds", 0.1, 600, panel=True
    )
    recoveries: int = _integer(
        3, "how often a failing panel is reset and redrawn", "times an hour", 0, 10, panel=True
    )
    keeps_power: bool = _switch(
        "IT8951, with --once: the controller keeps its power between runs, so partial updates continue from "
        "one run to the next; otherwise every run is a redraw. Not with dtparam=strict_gpiod, which lets RST "
        "float between runs"
    )


KEYS: dict[str, Key] = {field.name: field.metadata["key"] for field in dataclasses.fields(Config)}
DEFAULTS: dict[str, Any] = {field.name: field.default for field in dataclasses.fields(Config)}
SETTABLE = tuple(name for name, key in KEYS.items() if key.live)
"""The settings that may be changed while the player runs."""

_SWITCHES = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_LIKE_A_NUMBER = re.compile(r"([-+\N{MINUS SIGN}]?)\s*(\d{1,9})(?:[.,](\d{1,9}))?\s*[A-Za-z]{0,9}")


def checked(name: str, value: Any, where: str) -> Any:
    """`value` as `Config` holds it under `name`. `where` it stands begins the message of the ConfigError."""
    key = KEYS[name]
    match key.kind:
        case "paths":
            texts = [value] if isinstance(value, str) else value
            if isinstance(texts, list | tuple) and texts and all(map(_is_text, texts)):
                return tuple(texts)
            raise ConfigError(f"{where} is {_written(value)}; it must be a path or a list of paths")
        case "switch":
            if isinstance(value, bool):
                return value
            raise wrong(name, value, where)
        case "text":
            if key.check is parse_moment and isinstance(value, date):  # TOML has dates of its own
                value = str(value)
            if value == "" and key.empty:
                return value
            if not _is_text(value) or not key.takes(value):
                raise wrong(name, value, where)
            if key.check is not None:
                key.check(value, where)
            return value
    kinds = int if key.kind == "integer" else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise wrong(name, value, where)
    if isinstance(value, float) and not math.isfinite(value):
        raise wrong(name, value, where)
    if key.choices and value not in key.choices:
        raise wrong(name, value, where)
    if key.low is not None and key.high is not None and not key.low <= value <= key.high:
        raise wrong(name, value, where)
    return float(value) if key.kind == "number" else value


def from_text(name: str, text: str, where: str) -> Any:
    """Like `checked`, for text: it is read as a number or a switch, and paths are separated by colons."""
    key = KEYS[name]
    match key.kind:
        case "switch":
            return checked(name, _SWITCHES.get(text.strip().lower(), text), where)
        case "paths":
            return checked(name, text.split(os.pathsep), where)
        case "text":
            return checked(name, text, where)
    try:
        value = int(text) if key.kind == "integer" else float(text)
    except ValueError:
        raise wrong(name, text, where) from None
    return checked(name, value, where)


def wrong(name: str, value: Any, where: str) -> ConfigError:
    """What is wrong with a value and what it must be, with the repair where that is clear."""
    key = KEYS[name]
    noun = {"integer": "a whole number", "number": "a number", "switch": "", "text": "a text"}[key.kind]
    must = " ".join(filter(None, ("" if key.choices else noun, key.range())))
    return ConfigError(f"{where} is {_written(value)}; it must be {must}{_repair(key, value)}")


def _repair(key: Key, value: Any) -> str:
    """`: write -1.53 ...` for -1,53 and -1.53V, and for 1.53 where only a negative number is allowed; the new
    name of a value that was renamed.
    """
    if name := key.renamed.get(_written(value).strip("'\" ")):
        return f': write "{name}", its new name'
    if key.kind != "number" or isinstance(value, bool) or key.low is None or key.high is None:
        return ""
    found = _LIKE_A_NUMBER.fullmatch(_written(value).strip("'\" "))
    if found is None:
        return ""
    sign, whole, decimals = found.groups()
    number = float(f"{whole}.{decimals or 0}")
    if key.high < 0 or sign in ("-", "\N{MINUS SIGN}"):
        number = -number
    if not key.low <= number <= key.high:
        return ""
    minus = "; the minus belongs to it" if key.high < 0 else ""
    return f": write {number:.12g}, with a point and without a unit or quotes{minus}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value


def _written(value: Any) -> str:
    """A value for a message, shortened."""
    try:
        text = repr(value)
    except ValueError:  # TOML's 0xfff... may have more digits than Python writes
        return "a number of thousands of digits"
    return text if len(text) <= 100 else text[:97] + "..."
