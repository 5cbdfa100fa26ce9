"""Where settings come from: a TOML file, above it what was changed at run time (`changes`), above it the
environment (LONGTAKE_INTERVAL=60), above it the flags.

The file is the one named by --config or LONGTAKE_CONFIG, else the first of
$XDG_CONFIG_HOME/longtake/player.toml (~/.config when unset) and /etc/longtake/player.toml that exists. A
key that does not exist is an error everywhere.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from player.config import changes
from player.config.settings import (
    KEYS,
    Config,
)
from player.config.values import (
    checked,
    from_text,
)
from player.errors import ConfigError
from player.files import why

PREFIX = "LONGTAKE_"


class Effective(NamedTuple):
    """The settings in force, the file that was read (or None), and where each value comes from: "default",
    the path of the file or of the changes, the name of a variable or of an option. `changes`: the file for
    what is changed at run time, None when there is no place for one; `notes`: a line on everything in it that
    is of no use.
    """

    config: Config
    file: Path | None
    origin: dict[str, str]
    changes: Path | None = None
    notes: tuple[str, ...] = ()


def load(flags: Mapping[str, Any], environment: Mapping[str, str], file: str | None = None) -> Effective:
    """The effective settings. `flags`: key -> text (bool for switches, list of text for reels), only those
    given.

    ConfigError for the first thing that is wrong.
    """
    path = _file(file, environment)
    values: dict[str, Any] = {}
    origin = dict.fromkeys(KEYS, "default")
    if path is not None:
        for name, value in _read(path).items():
            values[name], origin[name] = value, str(path)
    pinned = {**_of_environment(environment), **_of_flags(flags)}  # name -> (value, origin)
    place = _changes_file(
        Config(**{**values, **{name: value for name, (value, _) in pinned.items()}}), environment
    )
    changed, notes = ({}, []) if place is None else changes.read(place)
    for name, value in changed.items():
        values[name], origin[name] = value, str(place)
    for name, (value, where) in pinned.items():
        values[name], origin[name] = value, where
    if values.get("simulated") is not None and "interval" not in values:
        values["interval"], origin["interval"] = 0.0, f"{origin['simulated']}: full speed"
    return Effective(Config(**values), path, origin, place, tuple(notes))


def settable(effective: Effective) -> dict[str, str | None]:
    """The keys that may be changed at run time: None, or why it cannot be done now."""
    found: dict[str, str | None] = {}
    for name in changes.SETTABLE:
        origin, reason = effective.origin[name], None
        if origin.startswith(PREFIX):
            reason = f"{name} is set by {origin} in the player's environment; take it out there first"
        elif origin.startswith("--"):
            reason = f"{name} is set by the option {origin} of the running player; start it without that"
        elif name == "interval" and effective.config.finish_by is not None:
            reason = f"finish_by {effective.config.finish_by} chooses the interval; take it out there first"
        found[name] = reason
    return found


def changed(effective: Effective, values: Mapping[str, Any]) -> Effective:
    """The settings after `values` (checked, by key) were changed at run time."""
    return effective._replace(
        config=replace(effective.config, **values),
        origin={**effective.origin, **dict.fromkeys(values, str(effective.changes))},
    )


def _of_environment(environment: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    found = {}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(PREFIX) or variable == "LONGTAKE_CONFIG":
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in KEYS:
            nearest = _nearest(name)
            hint = (
                f"did you mean {PREFIX}{nearest.upper()}" if nearest else "see `player config` for the keys"
            )
            raise ConfigError(f"environment: {variable} is no setting; {hint}, or unset it")
        found[name] = from_text(name, text, f"environment: {variable}"), variable
    return found


def _of_flags(flags: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
    found = {}
    for name, value in flags.items():
        option = "REEL" if name == "reels" else "--" + name.replace("_", "-")
        set_ = from_text if isinstance(value, str) else checked
        found[name] = set_(name, value, option), option
    return found


def _changes_file(config: Config, environment: Mapping[str, str]) -> Path | None:
    try:
        return changes.beside(state_path(config, environment))
    except ConfigError:  # for a command that keeps no place; `player run` says it itself
        return None


def _file(given: str | None, environment: Mapping[str, str]) -> Path | None:
    if named := given or environment.get("LONGTAKE_CONFIG"):
        return Path(named)
    homes = [Path("/etc")]
    if home := environment.get("XDG_CONFIG_HOME"):
        homes.insert(0, Path(home))
    elif home := environment.get("HOME"):
        homes.insert(0, Path(home) / ".config")
    for directory in homes:
        path = directory / "longtake" / "player.toml"
        if path.is_file():
            return path
    return None


def _read(path: Path) -> dict[str, Any]:
    import tomllib  # only where there is a file: the player should start quickly

    try:
        text = path.read_text(encoding="utf-8")
        found = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {why(error)}; check the path of the configuration"
        ) from None
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError
        raise ConfigError(f"{path}: is not TOML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise ConfigError(f"{path}: is nested too deeply; see `player config` for the keys") from None
    values = {}
    for name, value in found.items():
        where = f"{path}, line {_line(text, name)}: {name}"
        if name not in KEYS:
            nearest = _nearest(name)
            hint = f"did you mean {nearest}?" if nearest else "see `player config` for the keys"
            raise ConfigError(f"{where} is no setting; {hint}")
        values[name] = checked(name, value, where)
    return values


def _line(text: str, name: str) -> int:
    """The line of the file on which a top-level key or table stands, from 1."""
    stands = re.compile(r"\s*\[*\s*[\"']?" + re.escape(name) + r"[\"']?\s*[=.\]]")
    for number, line in enumerate(text.splitlines(), 1):
        if stands.match(line):
            return number
    return 1


def _nearest(name: str) -> str | None:
    import difflib

    found = difflib.get_close_matches(name.replace("-", "_").lower(), KEYS, n=1, cutoff=0.5)
    return found[0] if found else None


def state_path(config: Config, environment: Mapping[str, str]) -> Path:
    """Where the player keeps its place. ConfigError when nothing says where."""
    if config.state is not None:
        return Path(config.state)
    if config.simulated is not None:
        return Path(config.simulated) / "progress.json"
    if directories := environment.get("STATE_DIRECTORY"):  # systemd: a list, parted by colons
        return Path(directories.split(":")[0]) / "progress.json"
    if home := environment.get("XDG_STATE_HOME"):
        return Path(home) / "longtake" / "progress.json"
    if home := environment.get("HOME"):
        return Path(home) / ".local" / "state" / "longtake" / "progress.json"
    raise ConfigError("there is no place to keep the player's progress: give --state FILE, or set HOME")
