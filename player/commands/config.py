"""`player config`: the settings in force, and the example file and the table that are made from the settings.

`player config --example` prints `example()`, which is systemd/player.toml, and `player config --table` prints
`table()`, which is in docs/configuration.md. A test compares them.
"""

import argparse
import dataclasses
import json
import os
import textwrap
from collections.abc import Mapping
from typing import Any

from player.commands.options import given
from player.config.settings import DEFAULTS, KEYS, Key
from player.config.sources import load

STATE = "/var/lib/longtake"

APPLIANCE: Mapping[str, Any] = {
    "films": f"{STATE}/films",
    "inbox": f"{STATE}/inbox",
    "state": f"{STATE}/progress.json",
    "wait_for_films": True,
}
"""What the service sets that is not the default."""

_ANY = {"paths": "paths", "text": "text"}  # for keys without a range
_FIRST = ("panel", "vcom", "reels", "interval", "end")  # what most people set comes first

_HEAD = """\
The settings of the player, as `player config --example` prints them. A line that begins with # and a key
shows the default, or an example where there is no default: remove the # and change the value. A wrong
value or an unknown key is refused, and the message names its line. After a change: sudo systemctl reload
longtake"""


def config(arguments: argparse.Namespace) -> int:
    """Print the settings in force: as TOML with their meaning, range and origin, or as JSON."""
    if arguments.example or arguments.table:
        print(example() if arguments.example else table(), end="")
        return 0
    effective = load(given(arguments), os.environ, arguments.config)
    values = dataclasses.asdict(effective.config)
    if arguments.json:
        print(json.dumps(values, indent=1))
        return 0
    print(f"# settings of the player; file: {effective.file or 'none'}")
    for note in effective.notes:
        print(f"# {note}")
    for name, key in KEYS.items():
        note = f" ({key.range()})" if key.range() else ""
        print(f"\n# {key.help}{note}")
        value = values[name]
        if value in (None, ()):
            print(f"# {name} =")
        else:
            print(f"{name} = {_toml(value)}  # {effective.origin[name]}")
    return 0


def example() -> str:
    """Every key with its help, range and default as comments; what the appliance needs is set."""
    lines = _comment(_HEAD)
    for name, key in _ordered():
        default = DEFAULTS[name]
        notes = "; ".join(filter(None, (key.range(), f"default {_shown(default) or 'none'}")))
        lines += ["", *_comment(f"{key.help} ({notes})")]
        if name in APPLIANCE:
            lines.append(f"{name} = {_toml(APPLIANCE[name])}")
        else:
            lines.append(f"# {name} = {_toml(default if key.example is None else key.example)}")
    return "\n".join(lines) + "\n"


def table() -> str:
    """A Markdown table: key, meaning, what is allowed, default."""
    lines = ["| key | meaning | allowed | default |", "| --- | --- | --- | --- |"]
    for name, key in _ordered():
        shown = _shown(DEFAULTS[name])
        cells = (f"`{name}`", key.help, key.range() or _ANY[key.kind], f"`{shown}`" if shown else "none")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _ordered() -> list[tuple[str, Key]]:
    return sorted(KEYS.items(), key=lambda item: item[0] not in _FIRST)


def _shown(default: Any) -> str:
    """A default as TOML; empty when there is none. Whole numbers have no decimals."""
    if default in (None, "", ()):
        return ""
    return _toml(int(default) if isinstance(default, float) and default.is_integer() else default)


def _toml(value: Any) -> str:
    """A value as TOML, which reads JSON's texts, lists, numbers and switches."""
    return json.dumps(value, ensure_ascii=False)


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()), 100, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )
