"""Where settings come from: a TOML file, over it the changes made at run time, over these the environment
(LONGTAKE_INTERVAL=60), over that the flags.

The file is the one named by --config or LONGTAKE_CONFIG, otherwise the first of
$XDG_CONFIG_HOME/longtake/player.toml (~/.config when unset) and /etc/longtake/player.toml that exists. An
unknown key is an error everywhere.

Changes made while the player runs are kept over restarts in changes.json, beside the file that keeps the
player's place. Deleting that file brings the configuration back.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from player.config.settings import KEYS, SETTABLE, Config, checked, from_text, wrong
from player.errors import ConfigError, FileError
from player.files import make_directory, why, write_whole

PREFIX = "LONGTAKE_"


class Effective(NamedTuple):
    """The settings in force, the file that was read (or None), and the origin of each value: "default", the
    path of the file or of the changes, or the name of a variable or an option. `changes`: the file for
    changes made at run time, None when there is no place for one; `notes`: a line on each thing in it that
    cannot be used.
    """

    config: Config
    file: Path | None
    origin: dict[str, str]
    changes: Path | None = None
    notes: tuple[str, ...] = ()


def load(flags: Mapping[str, Any], environment: Mapping[str, str], file: str | None = None) -> Effective:
    """The effective settings. `flags`: only those given, key -> text (bool for switches, list for reels).

    ConfigError for the first thing that is wrong.
    """
    path = _file(file, environment)
    values: dict[str, Any] = {}
    origin = dict.fromkeys(KEYS, "default")
    if path is not None:
        for name, value in _read(path).items():
            values[name], origin[name] = value, str(path)
    pinned = {**_of_environment(environment), **_of_flags(flags)}  # name -> (value, origin)
    place = None
    try:
        told = Config(**{**values, **{name: value for name, (value, _) in pinned.items()}})
        place = changes_file(state_path(told, environment))
    except ConfigError:
        pass  # for a command that keeps no place; `player run` reports it itself
    changed, notes = ({}, []) if place is None else read_changes(place)
    for name, value in changed.items():
        values[name], origin[name] = value, str(place)
    for name, (value, where) in pinned.items():
        values[name], origin[name] = value, where
    if values.get("simulated") is not None and "interval" not in values:
        values["interval"], origin["interval"] = 0.0, f"{origin['simulated']}: full speed"
    return Effective(Config(**values), path, origin, place, tuple(notes))


def settable(effective: Effective) -> dict[str, str | None]:
    """For each key that may be changed at run time: None, or the reason why it cannot be changed now."""
    found: dict[str, str | None] = {}
    for name in SETTABLE:
        origin, reason = effective.origin[name], None
        if origin.startswith(PREFIX):
            reason = f"{name} is set by {origin} in the player's environment; remove it there first"
        elif origin.startswith("--"):
            reason = f"{name} is set by the option {origin} of the running player; start it without it"
        elif name == "interval" and effective.config.finish_by:
            reason = f"finish_by {effective.config.finish_by} chooses the interval; remove that setting first"
        found[name] = reason
    return found


def lock(locks: Mapping[str, str | None], name: str, together: Collection[str]) -> str | None:
    """Why `name` cannot be changed now, of what `settable` says; `together`: the keys that are changed with
    it, as an interval may be when `finish_by` is taken away.
    """
    return None if name == "interval" and "finish_by" in together else locks[name]


def changed(effective: Effective, values: Mapping[str, Any]) -> Effective:
    """The settings after `values` (checked, by key) have been changed at run time."""
    return effective._replace(
        config=replace(effective.config, **values),
        origin={**effective.origin, **dict.fromkeys(values, str(effective.changes))},
    )


def changes_file(state: Path) -> Path:
    """The file for changes when the player's place is in the file `state`."""
    return state.parent / "changes.json"


def read_changes(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The changes in the file, key -> checked value, and a line on each thing in it that cannot be used.

    Those things are left out: the player must start even where this file is damaged.
    """
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}, []
    except OSError as error:
        return {}, [f"{path}: cannot be read: {why(error)}; settings changed at run time do not apply"]
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return {}, [f"{path}: holds no settings; settings changed at run time do not apply"]
    changes, notes = {}, []
    for name, value in found.items():
        try:
            if name not in SETTABLE:
                raise ConfigError(f"{path}: {name} cannot be set at run time")
            changes[name] = checked(name, value, f"{path}: {name}")
        except ConfigError as error:
            notes.append(f"{error}; left out")
    return changes, notes


def keep_changes(path: Path, changes: Mapping[str, Any]) -> None:
    """Add these changes to the ones in the file. FileError when they cannot be kept."""
    merged = {**read_changes(path)[0], **changes}
    try:
        data = json.dumps(merged, indent=1, allow_nan=False).encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise FileError(f"{path}: cannot hold {changes!r}: {error}") from None
    make_directory(path.parent)
    write_whole(path, data, private=True)


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
    import tomllib  # only when there is a file: the player should start quickly

    try:
        text = path.read_text(encoding="utf-8")
        found = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {why(error)}; check the path of the configuration"
        ) from None
    except tomllib.TOMLDecodeError as error:
        _find_wrong_number(path, text)
        raise ConfigError(f"{path}: is not TOML: {' '.join(str(error).split())}") from None
    except UnicodeDecodeError as error:
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


def _find_wrong_number(path: Path, text: str) -> None:
    """ConfigError for the first number that TOML cannot read because of its comma or its unit."""
    for line, content in enumerate(text.splitlines(), 1):
        found = re.match(r"\s*(\w+)\s*=\s*([-+]?\d[\w.,]*(?: *[A-Za-z]+)?)\s*(?:#|$)", content)
        if found and found[1] in KEYS and KEYS[found[1]].kind == "number":
            try:
                float(found[2])
            except ValueError:
                raise wrong(found[1], found[2], f"{path}, line {line}: {found[1]}") from None


def _line(text: str, name: str) -> int:
    """The line of the file, from 1, on which a top-level key or table stands."""
    stands = re.compile(r"\s*\[*\s*[\"']?" + re.escape(name) + r"[\"']?\s*[=.\]]")
    for number, line in enumerate(text.splitlines(), 1):
        if stands.match(line):
            return number
    return 1


def _nearest(name: str) -> str | None:
    import difflib

    found = difflib.get_close_matches(name.replace("-", "_").lower(), KEYS, n=1, cutoff=0.5)
    return found[0] if found else None


def profile_path(config: Config, environment: Mapping[str, str]) -> Path:
    """Where the panel profile is kept; there may be none. ConfigError as `state_path`."""
    if config.profile is not None:
        return Path(config.profile)
    return state_path(config, environment).with_name("panel.toml")


def state_path(config: Config, environment: Mapping[str, str]) -> Path:
    """The file in which the player keeps its place. ConfigError when nothing says where."""
    if config.state is not None:
        return Path(config.state)
    if config.simulated is not None:
        return Path(config.simulated) / "progress.json"
    if directories := environment.get("STATE_DIRECTORY"):  # systemd: a list, separated by colons
        return Path(directories.split(":")[0]) / "progress.json"
    if home := environment.get("XDG_STATE_HOME"):
        return Path(home) / "longtake" / "progress.json"
    if home := environment.get("HOME"):
        return Path(home) / ".local" / "state" / "longtake" / "progress.json"
    raise ConfigError("there is no place to keep the player's progress: give --state FILE, or set HOME")
