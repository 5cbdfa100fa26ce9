"""What can be set: one table of keys, each with its unit, range, default and a sentence of help.

`player config`, the options of `player run` and the documentation are made from it. `settings.values` checks
values against it, `settings.sources` says where they come from.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["number", "integer", "switch", "text", "paths"]


@dataclass(frozen=True)
class Key:
    """What is known of a key besides its name and default. `low` and `high` are allowed values themselves;
    a change of a key with `panel` opens the panel anew.
    """

    kind: Kind
    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[Any, ...] = ()
    panel: bool = False

    def range(self) -> str:
        """The values allowed, in words; empty when every text is."""
        if self.choices:
            return " or ".join(str(choice) for choice in self.choices)
        if self.kind == "switch":
            return "true or false"
        if self.low is None or self.high is None:
            return ""
        return f"{self.low:.12g} to {self.high:.12g} {self.unit}".rstrip()


def _key(default: Any, kind: Kind, help: str, unit: str = "", **more: Any) -> Any:
    return dataclasses.field(default=default, metadata={"key": Key(kind, help, unit, **more)})


def _panel(default: Any, kind: Kind, help: str, unit: str = "", **more: Any) -> Any:
    return _key(default, kind, help, unit, panel=True, **more)


@dataclass(frozen=True)
class Config:
    """The settings of a player. None (for `reels` an empty tuple) means: not given."""

    reels: tuple[str, ...] = _key((), "paths", "reels to show, or directories of *.reel, in name order")
    interval: float = _key(
        200.0,
        "number",
        "time from one frame to the next; 0 is full speed, the default with --simulated",
        "seconds",
        low=0,
        high=604800,
    )
    end: str = _key(
        "stop",
        "text",
        "after a reel's last frame: stop, show the next reel, or loop over all for ever",
        choices=("stop", "next", "loop"),
    )
    start: str | None = _key(
        None,
        "text",
        "frame number or time (12.5s, 4:05, 1:02:03) at which a new reel begins; --start goes there now",
    )
    order: str = _key(
        "name",
        "text",
        "several reels one after another by name (as listed), or each once in a round by chance (shuffle)",
        choices=("name", "shuffle"),
    )
    seed: int = _key(0, "integer", "another number is another order by chance", low=0, high=1e9)
    step: int = _key(
        1, "integer", "show every so many frames; 2 is every second one", "frames", low=1, high=1e6
    )
    finish_by: str | None = _key(
        None,
        "text",
        "choose the interval so that the last frame is up by then: a date (its end), or date and time, as "
        "2027-01-31 or '2027-01-31 20:15', by the local clock",
    )
    quiet: str = _key(
        "",
        "text",
        "hours without any update, by the local clock, as 22:00-07:00; several parted by commas; empty: none",
    )
    quiet_days: str = _key(
        "", "text", "whole days without any update, as sat,sun (mon,tue,wed,thu,fri,sat,sun); empty: none"
    )
    skip_black: bool = _key(
        False,
        "switch",
        "pass over frames of which 99.5 % or more is black, but never the last one",
    )
    wait_for_films: bool = _key(
        False,
        "switch",
        "for a service: where no film is found, or it is over, a card on the panel says so and the player "
        "waits; else it ends",
    )
    count: int | None = _key(None, "integer", "stop after this many frames", "frames", low=1, high=1e9)
    state: str | None = _key(
        None,
        "text",
        "file that keeps the player's place; else progress.json in $STATE_DIRECTORY, in the directory of "
        "--simulated, or in $XDG_STATE_HOME/longtake",
    )
    simulated: str | None = _panel(
        None, "text", "show on a simulated panel and write pictures of its glass into this directory"
    )
    threshold: float = _key(
        0.064, "number", "share of pixels changed since the last redraw that asks for a redraw", low=0, high=1
    )
    cooldown: int = _key(20, "integer", "at least this far from redraw to redraw", "frames", low=0, high=1e6)
    darkened_only: bool = _key(False, "switch", "count only pixels gone from white to black, as they ghost")
    caption: str = _key(
        "",
        "text",
        "a strip at the bottom edge that tells some of title, time, frame and percent, as in title,time; "
        "empty: none",
    )
    waveform: str = _panel(
        "DU", "text", "how partial updates are driven; A2 is quicker and ghosts more", choices=("DU", "A2")
    )
    remote: str = _key(
        "off",
        "text",
        "the web page: off, for this machine alone (loopback), or for the house network, with a token",
        choices=("off", "loopback", "network"),
    )
    remote_port: int = _key(8080, "integer", "TCP port of the web page", low=1, high=65535)
    remote_token: str | None = _key(
        None,
        "text",
        "file with the token that the web page asks for; else remote-token beside the player's progress, "
        "made when it is missing. When it is given, loopback asks for it too",
    )
    remote_names: str | None = _key(
        None,
        "text",
        "more names under which browsers may reach the web page, parted by commas; this machine's own name "
        "and addresses always work",
    )
    films: str | None = _key(None, "text", "directory for uploaded reels; its reels are shown too")
    upload_limit: float = _key(
        4000.0, "number", "largest reel that the web page takes", "MB", low=1, high=1e6
    )
    free_space: float = _key(
        500.0, "number", "free space that an upload leaves on the disk", "MB", low=0, high=1e6
    )
    vcom: float | None = _panel(
        None,
        "number",
        "the panel's voltage as printed on its flex cable, for example -1.53; a real panel needs it",
        "volts",
        low=-3.0,
        high=-0.5,
    )
    rotate: int = _panel(0, "integer", "turn the picture", "degrees", choices=(0, 180))
    mirror: bool = _panel(False, "switch", "exchange left and right")
    bits: int = _panel(
        1, "integer", "bits per pixel on the wire; 4 for firmware that stays white at 1", choices=(1, 4)
    )
    columns: int = _panel(
        1440, "integer", "columns driven at 1 bit per pixel; 1448 is untested on glass", choices=(1440, 1448)
    )
    rest: str = _panel(
        "sleep", "text", "what the controller does between frames", choices=("sleep", "standby", "run")
    )
    spi_hz: int = _panel(
        12_000_000, "integer", "SPI clock of pictures; lower it if they come torn", "Hz", low=1e5, high=24e6
    )
    spi_slow_hz: int = _panel(
        1_000_000, "integer", "SPI clock of commands and reads", "Hz", low=1e5, high=24e6
    )
    spi_bus: int = _panel(0, "integer", "N of /dev/spidevN.M", low=0, high=9)
    spi_device: int = _panel(0, "integer", "M of /dev/spidevN.M", low=0, high=9)
    reset_pin: int = _panel(17, "integer", "GPIO (BCM) of RST", low=0, high=53)
    ready_pin: int = _panel(24, "integer", "GPIO (BCM) of HRDY", low=0, high=53)
    button_next: int | None = _panel(
        None,
        "integer",
        "GPIO (BCM) of a button to ground for the next frame; no button is read with --simulated",
        low=2,
        high=27,
    )
    button_back: int | None = _panel(
        None, "integer", "GPIO (BCM) of a button to ground for the frame before", low=2, high=27
    )
    button_pause: int | None = _panel(
        None, "integer", "GPIO (BCM) of a button to ground that pauses and resumes", low=2, high=27
    )
    button_redraw: int | None = _panel(
        None, "integer", "GPIO (BCM) of a button to ground for a redraw", low=2, high=27
    )
    a2_mode: int | None = _panel(
        None,
        "integer",
        "number of the A2 waveform; else by the controller's name of its table",
        low=0,
        high=7,
    )
    vcom_tolerance: float = _panel(
        0.01, "number", "how far the voltage read back may be from vcom", "volts", low=0, high=0.1
    )
    enhanced_driving: bool = _panel(False, "switch", "stronger drivers, only for a panel that stays blurred")
    ready_timeout: float = _panel(
        5.0, "number", "longest wait for a ready controller", "seconds", low=0.1, high=600
    )
    display_timeout: float = _panel(
        15.0, "number", "longest wait for an update to finish", "seconds", low=0.1, high=600
    )
    recoveries: int = _panel(
        3,
        "integer",
        "a panel that fails is reset and redrawn at most this often",
        "times an hour",
        low=0,
        high=10,
    )
    keeps_power: bool = _key(
        False,
        "switch",
        "with --once: the controller keeps its power between runs, so that partial updates go on; else every "
        "run is a redraw",
    )


KEYS: dict[str, Key] = {field.name: field.metadata["key"] for field in dataclasses.fields(Config)}
