"""The command line: its options come from the table of keys, its errors are one line."""

import argparse
import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from player.config.settings import (
    KEYS,
    Config,
)
from player.errors import PlayerError

_DEFAULTS = {field.name: field.default for field in dataclasses.fields(Config)}
_PLACES = {"state": "FILE", "simulated": "DIR", "start": "FRAME|TIME"}


class UsageError(PlayerError, ValueError):
    """The command line has no such option, or one is missing."""


class Parser(argparse.ArgumentParser):
    """Raises UsageError instead of printing the usage and leaving."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")


def _parser() -> Parser:
    top = Parser(
        prog="player",
        allow_abbrev=False,
        description="Shows a film on an e-ink panel, one frame every few minutes.",
        epilog="A plain integer is a frame number; 12.5s, 4:05 and 1:02:03 are times of the film. "
        "Make reels with `trainer export FILM REEL`.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = _command(commands, "run", "show a reel, on the panel or on a simulated one")
    run.add_argument("reels", nargs="*", metavar="REEL", default=argparse.SUPPRESS, help=KEYS["reels"].help)
    _config_file(run)
    _keys(run, [name for name in KEYS if name != "reels"])
    run.add_argument("--resume", action="store_true", help="go on after a pause, which holds over restarts")
    run.add_argument(
        "--once",
        action="store_true",
        help="show the next frame now, whatever the interval, put the panel to sleep and end: for a timer "
        "that wakes a device on a battery (see --keeps-power)",
    )

    info = _command(commands, "info", "what a reel holds, how long it takes to show and how often it flashes")
    _reel(info)
    info.add_argument(
        "--all", action="store_true", help="count the redraws of all frames, not the first 2,000"
    )
    _config_file(info)
    _keys(info, ["interval", "threshold", "cooldown", "darkened_only"])
    _json(info)

    check = _command(
        commands, "check", "read every frame of a reel and verify it; exit code 1 when it is bad"
    )
    _reel(check)
    _json(check)

    frames = _command(commands, "frames", "write the frames of a reel as 1-bit PNG files named by number")
    _reel(frames)
    frames.add_argument("directory", metavar="DIR", help="where to write frame-000000.png and so on")
    frames.add_argument("--start", metavar="FRAME|TIME", default="0", help="the first one (default 0)")
    frames.add_argument("--end", metavar="FRAME|TIME", help="the one after the last (default: all)")

    status = _command(commands, "status", "what the player shows, since when, and what comes next")
    _config_file(status)
    _keys(status, ["state", "simulated"])
    _json(status)

    config = _command(
        commands, "config", "the settings in force, with their meaning, as a configuration file"
    )
    config.add_argument(
        "reels", nargs="*", metavar="REEL", default=argparse.SUPPRESS, help=KEYS["reels"].help
    )
    _config_file(config)
    _keys(config, [name for name in KEYS if name != "reels"])
    _json(config)
    config.add_argument("--example", action="store_true", help="instead: a commented file, as the service's")
    config.add_argument("--table", action="store_true", help="instead: every key in a Markdown table")
    return top


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line, parsed: `command` and only the settings that were given. UsageError in one line."""
    options, rest = _parser().parse_known_args(arguments)
    if rest:
        import difflib

        flags = ["--" + name.replace("_", "-") for name in KEYS] + ["--json", "--config", "--end"]
        nearest = difflib.get_close_matches(rest[0], flags, n=1)
        hint = f"did you mean {nearest[0]}? See" if nearest else "see"
        raise UsageError(f"{rest[0]} is no option here; {hint} `player {options.command} --help`")
    return options


def given(arguments: argparse.Namespace) -> dict[str, Any]:
    """The settings among the options of a command line, by key."""
    return {
        name: value for name, value in vars(arguments).items() if name in KEYS and value not in (None, [])
    }


def _command(commands: Any, name: str, what: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=what, description=what[0].upper() + what[1:] + ".", allow_abbrev=False
    )
    return command


def _reel(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reel", metavar="REEL", help="a file made by `trainer export`")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")


def _config_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="TOML file of settings (default: longtake/player.toml in ~/.config or /etc, where there is one)",
    )


def _keys(parser: argparse.ArgumentParser, names: Iterable[str]) -> None:
    for name in names:
        key = KEYS[name]
        flag = "--" + name.replace("_", "-")
        default = "" if _DEFAULTS[name] is None or key.kind == "switch" else f"default {_DEFAULTS[name]}"
        notes = "; ".join(filter(None, ("" if key.kind == "switch" else key.range(), default)))
        help = (key.help + (f" ({notes})" if notes else "")).replace("%", "%%")
        if key.kind == "switch":
            parser.add_argument(
                flag, dest=name, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=help
            )
        else:
            meta = _PLACES.get(name) or "|".join(map(str, key.choices)) or key.unit.upper() or "N"
            parser.add_argument(flag, dest=name, metavar=meta, default=argparse.SUPPRESS, help=help)
