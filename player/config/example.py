"""The example configuration and the table of settings, both made from the table of keys; pure.

`player config --example` prints `toml()`, which is systemd/player.toml, and `player config --table` prints
`markdown()`, which is the table in docs/configuration.md. A test compares them.
"""

import dataclasses
import json
import textwrap
from collections.abc import Mapping
from typing import Any

from player.config.settings import (
    KEYS,
    Config,
    Key,
)

STATE = "/var/lib/longtake"

APPLIANCE: Mapping[str, Any] = {
    "films": f"{STATE}/films",
    "state": f"{STATE}/progress.json",
    "wait_for_films": True,
}
"""What the service is told that is not the default."""

EXAMPLES: Mapping[str, Any] = {
    "reels": [f"{STATE}/films/one.reel", "/mnt/stick"],
    "vcom": -1.53,
    "start": "1:02:03",
    "finish_by": "2027-12-31",
    "quiet": "22:00-07:00",
    "quiet_days": "sat,sun",
    "count": 100,
    "simulated": "/tmp/glass",
    "caption": "title,time",
    "remote_token": "/etc/longtake/remote-token",
    "remote_names": "film.example",
    "button_next": 5,
    "button_back": 6,
    "button_pause": 13,
    "button_redraw": 19,
    "a2_mode": 6,
}
"""For keys without a default: what a value looks like."""

_ANY = {"paths": "paths", "text": "text"}  # for keys without a range
_FIRST = ("vcom", "reels", "interval", "end")  # what most people set stands above the rest

_HEAD = """\
The settings of the player, as `player config --example` prints them. A line that begins with # and a key
shows the default, or an example where there is none: take the # away and change the value. What is wrong is
refused with its line, and an unknown key too. After a change: sudo systemctl reload longtake"""


def toml() -> str:
    """Every key with its help, unit, range and default, as comments; what the appliance needs is set."""
    lines = _comment(_HEAD)
    for name, key in _ordered():
        default = _default(name)
        given = "none" if default in (None, "", ()) else _value(default)
        notes = "; ".join(filter(None, (key.range(), f"default {given}")))
        lines += ["", *_comment(f"{key.help} ({notes})")]
        if name in APPLIANCE:
            lines.append(f"{name} = {_value(APPLIANCE[name])}")
        else:
            lines.append(f"# {name} = {_value(EXAMPLES.get(name, default))}")
    return "\n".join(lines) + "\n"


def markdown() -> str:
    """A table: key, meaning, what is allowed, default."""
    lines = ["| key | meaning | allowed | default |", "| --- | --- | --- | --- |"]
    for name, key in _ordered():
        default = _default(name)
        shown = "none" if default in (None, "", ()) else f"`{_value(default)}`"
        cells = (f"`{name}`", key.help, key.range() or _ANY[key.kind], shown)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _ordered() -> list[tuple[str, Key]]:
    return sorted(KEYS.items(), key=lambda item: item[0] not in _FIRST)


def _default(name: str) -> Any:
    return next(field.default for field in dataclasses.fields(Config) if field.name == name)


def _value(value: Any) -> str:
    """A value as TOML; JSON's texts, lists, numbers and switches are TOML too."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False)


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()), 100, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )
