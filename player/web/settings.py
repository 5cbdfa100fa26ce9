"""The settings that can be changed here, described: for the API, its document, and the form of the page."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from player.config.settings import (
    KEYS,
    Config,
)

_DEFAULTS = {field.name: field.default for field in dataclasses.fields(Config)}


def described(values: Mapping[str, Any], settable: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """One description for each key: its meaning, kind, unit, range, value and default, and `pinned`: why it
    cannot be changed, None when it can.
    """
    found = []
    for name, pinned in settable.items():
        key = KEYS[name]
        found.append(
            {
                "key": name,
                "help": key.help,
                "kind": key.kind,
                "unit": key.unit,
                "low": key.low,
                "high": key.high,
                "choices": list(key.choices),
                "range": key.range(),
                "value": values.get(name),
                "default": _DEFAULTS[name],
                "pinned": pinned,
            }
        )
    return found


def schema(name: str) -> dict[str, Any]:
    """The JSON schema of a key's value."""
    key = KEYS[name]
    found: dict[str, Any] = {"description": key.help}
    found["type"] = {"switch": "boolean", "text": "string"}.get(key.kind, key.kind)
    if key.choices:
        found["enum"] = list(key.choices)
    elif key.low is not None and key.high is not None:
        found |= {"minimum": key.low, "maximum": key.high}
    return found


def text_of(value: Any) -> str:
    """A value as a person writes it into a form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.12g}" if isinstance(value, float) else "" if value is None else str(value)


def changed_texts(given: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, str]:
    """Of the texts that a form sends, those that differ from the values in force."""
    return {name: text.strip() for name, text in given.items() if text.strip() != text_of(values.get(name))}
