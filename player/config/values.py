"""Values against the table of keys: from TOML, and from the text of the environment and the command line.

Every error is a ConfigError of one line: where the value stands, what it is, what it must be.
"""

import math
import os
from datetime import date
from typing import Any

from player.config.settings import (
    KEYS,
    Key,
)
from player.errors import ConfigError
from player.schedule.finish import parse_moment
from player.schedule.quiet import (
    parse_days,
    parse_hours,
)
from player.times import parse_place

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_MAY_BE_EMPTY = ("caption", "quiet", "quiet_days")


def checked(name: str, value: Any, where: str) -> Any:
    """`value` as `Config` holds it under `name`; `where` it stands begins the message of the ConfigError."""
    key = KEYS[name]
    if key.kind == "paths":
        texts = [value] if isinstance(value, str) else value
        if isinstance(texts, list | tuple) and texts and all(_is_path(text) for text in texts):
            return tuple(texts)
        raise ConfigError(f"{where} is {_written(value)}; it must be a path or a list of paths")
    if key.kind == "switch":
        if isinstance(value, bool):
            return value
        raise _wrong(where, value, key)
    if key.kind == "text":
        if name == "finish_by" and isinstance(value, date):  # TOML has dates of its own
            value = str(value)
        if value == "" and name in _MAY_BE_EMPTY:
            return value
        if not _is_path(value) or (key.choices and value not in key.choices):
            raise _wrong(where, value, key)
        if name == "caption":
            from player.pictures.caption import parse_caption  # not at the top: it takes numpy

            parse_caption(value, where)
        match name:
            case "start":
                parse_place(value, where)
            case "finish_by":
                parse_moment(value, where)
            case "quiet":
                parse_hours(value, where)
            case "quiet_days":
                parse_days(value, where)
        return value
    kinds = int if key.kind == "integer" else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise _wrong(where, value, key)
    if isinstance(value, float) and not math.isfinite(value):
        raise _wrong(where, value, key)
    if key.choices and value not in key.choices:
        raise _wrong(where, value, key)
    if key.low is not None and key.high is not None and not key.low <= value <= key.high:
        raise _wrong(where, value, key)
    return float(value) if key.kind == "number" else value


def from_text(name: str, text: str, where: str) -> Any:
    """Like `checked`, for text: numbers and switches are read from it, paths are parted at colons."""
    key = KEYS[name]
    if key.kind == "switch":
        return checked(name, _WORDS.get(text.strip().lower(), text), where)
    if key.kind == "paths":
        return checked(name, text.split(os.pathsep), where)
    if key.kind == "text":
        return checked(name, text, where)
    try:
        value = int(text) if key.kind == "integer" else float(text)
    except ValueError:
        raise _wrong(where, text, key) from None
    return checked(name, value, where)


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value


def _wrong(where: str, value: Any, key: Key) -> ConfigError:
    noun = {"integer": "a whole number", "number": "a number", "switch": "", "text": "a text"}[key.kind]
    must = " ".join(filter(None, ("" if key.choices else noun, key.range())))
    return ConfigError(f"{where} is {_written(value)}; it must be {must}")


def _written(value: Any) -> str:
    """A value for a message, shortened."""
    try:
        text = repr(value)
    except ValueError:  # TOML's 0xfff... may have more digits than Python writes
        return "a number of thousands of digits"
    return text if len(text) <= 100 else text[:97] + "..."
