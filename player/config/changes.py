"""The changes file: settings that were changed while the player ran, kept over restarts.

changes.json, beside the file that keeps the player's place. Deleting it brings back the configuration.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from player.config.values import checked
from player.errors import ConfigError, FileError
from player.files import make_directory, why, write_whole

SETTABLE = (
    "interval",
    "threshold",
    "cooldown",
    "darkened_only",
    "quiet",
    "quiet_days",
    "step",
    "order",
    "end",
    "caption",
)
"""The keys that may be changed while the player runs."""


def beside(state: Path) -> Path:
    """Where the changes are kept when the player's place is in the file `state`."""
    return state.parent / "changes.json"


def read(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The changes in the file, key -> checked value, and a line on everything in it that is of no use.

    What cannot be used is left out: the player must start even where this file is damaged.
    """
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}, []
    except OSError as error:
        return {}, [f"{path}: cannot be read: {why(error)}; what was set at run time does not hold"]
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return {}, [f"{path}: holds no settings; what was set at run time does not hold"]
    changes, notes = {}, []
    for name, value in found.items():
        try:
            if name not in SETTABLE:
                raise ConfigError(f"{path}: {name} is nothing that can be set at run time")
            changes[name] = checked(name, value, f"{path}: {name}")
        except ConfigError as error:
            notes.append(f"{error}; left out")
    return changes, notes


def add(path: Path, changes: Mapping[str, Any]) -> None:
    """Keep these changes beside the ones of before. FileError when they cannot be kept."""
    merged = {**read(path)[0], **changes}
    try:
        data = json.dumps(merged, indent=1, allow_nan=False).encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise FileError(f"{path}: cannot hold {changes!r}: {error}") from None
    make_directory(path.parent)
    write_whole(path, data)
