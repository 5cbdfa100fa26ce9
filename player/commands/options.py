"""The command line: its options come from the table of settings, its errors are one line."""

import argparse
import re
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from player.config.settings import DEFAULTS, KEYS
from player.errors import PlayerError
from player.films.options import OPTIONS, YES


class UsageError(PlayerError, ValueError):
    """The command line has an unknown option, or one is missing."""


class Parser(argparse.ArgumentParser):
    """Raises UsageError instead of printing the usage and exiting.

    Takes everything that begins with a minus and a digit for a value, not for an option, so that `--vcom
    -1,53` is an error that names the repair.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")


def _parser() -> Parser:
    top = Parser(
        prog="player",
        allow_abbrev=False,
        description="Shows a film on an e-ink panel, one frame every few minutes.",
        epilog="A plain integer is a frame, the first is 1; 12.5s, 4:05 and 1:02:03 are times of the film. "
        "Make reels with `trainer export FILM REEL`.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = _command(commands, "run", "show a reel, on the panel or on a simulated one")
    _settings(run, KEYS)
    run.add_argument(
        "--resume", action="store_true", help="resume after a pause, which holds even after a restart"
    )
    run.add_argument(
        "--once",
        action="store_true",
        help="show the next frame now, whatever the interval, put the panel to sleep and end: for a timer "
        "that wakes a device on a battery (see --keeps-power)",
    )

    info = _command(commands, "info", "what a reel holds, how long it takes to show and how often it flashes")
    _reel(info)
    info.add_argument(
        "--all",
        action="store_true",
        help="in a reel without a redraw plan, count the redraws of all frames, not just of the first 2,000",
    )
    _settings(info, ["interval", "threshold", "cooldown", "longest_stretch", "darkened_only"])
    _json(info)

    check = _command(commands, "check", "read and verify every frame of a reel; exit code 1 if any is bad")
    _reel(check)
    _json(check)

    frames = _command(
        commands, "frames", "write the frames of a reel as 1-bit PNG files named by their number"
    )
    _reel(frames)
    frames.add_argument("directory", metavar="DIR", help="where to write frame-000001.png and so on")
    frames.add_argument("--start", metavar="FRAME|TIME", default="1", help="the first frame (default 1)")
    frames.add_argument(
        "--end", metavar="FRAME|TIME", help="the frame after the last one (default: the end of the reel)"
    )

    add = _command(commands, "add", "put films into the queue of films that become reels")
    add.add_argument("film", metavar="FILM", nargs="+", help="mp4, mkv, webm, avi, mov, ts, ...")
    for name, option in OPTIONS.items():
        usual = "; ".join(filter(None, (option.help, " or ".join(option.choices) or option.must)))
        if option.switch:
            add.add_argument(
                _flag(name), dest=f"option_{name}", action="store_const", const=YES, help=option.label.lower()
            )
        else:
            add.add_argument(_flag(name), dest=f"option_{name}", metavar=name.upper(), help=usual)
    _settings(add, ["inbox"])

    films = _command(commands, "films", "the films that become reels: how far they are, in their order")
    films.add_argument(
        "--move", nargs=2, metavar=("ID", "PLACE"), help="give a film another place; the first is 1"
    )
    films.add_argument("--remove", metavar="ID", help="remove a film, and what was made of it so far")
    films.add_argument("--retry", metavar="ID", help="let a film that has failed try again")
    _settings(films, ["inbox"])
    _json(films)

    export = _command(
        commands,
        "export",
        "turn the films of the queue into reels, one after the other; end when none is left, with exit code "
        "3 if one has failed",
    )
    export.add_argument(
        "--size", metavar="WxH", help="the panel's pixels (default: those of the panel in the settings)"
    )
    _settings(export, ["inbox", "films", "free_space", "panel"])

    status = _command(commands, "status", "what the player shows, since when, and what comes next")
    _settings(status, ["state", "simulated", "inbox"])
    _json(status)

    chart = _command(commands, "chart", "show the chart that `trainer calibrate` reads from a photograph")
    _settings(chart, ["state", *(name for name, key in KEYS.items() if key.panel)])

    config = _command(
        commands, "config", "print the settings in force, with their meaning, as a configuration file"
    )
    _settings(config, KEYS)
    _json(config)
    config.add_argument(
        "--example", action="store_true", help="print a commented example, the file of the service"
    )
    config.add_argument("--table", action="store_true", help="print every setting in a Markdown table")
    return top


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The parsed command line: `command`, and only the settings that were given. UsageError in one line."""
    options, rest = _parser().parse_known_args(arguments)
    if rest:
        import difflib

        flags = [*map(_flag, KEYS), "--json", "--config", "--end"]
        known = rest[0].split("=")[0] in flags  # of another command
        nearest = [] if known else difflib.get_close_matches(rest[0], flags, n=1)
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
    parser.add_argument("--json", action="store_true", help="print JSON")


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _settings(parser: argparse.ArgumentParser, names: Iterable[str]) -> None:
    """Options for these settings, and for the file that may hold them all."""
    suppressed: Any = argparse.SUPPRESS
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="TOML file of settings (default: longtake/player.toml in ~/.config or /etc, where there is one)",
    )
    for name in names:
        key, default = KEYS[name], DEFAULTS[name]
        if key.kind == "paths":
            parser.add_argument(name, nargs="*", metavar=key.metavar, default=suppressed, help=key.help)
            continue
        switch = key.kind == "switch"
        notes = [] if switch or key.choices or not key.range() else [key.range()]
        if not switch and default not in (None, ""):
            notes.append(f"default {default:g}" if isinstance(default, float) else f"default {default}")
        help = (key.help + (f" ({'; '.join(notes)})" if notes else "")).replace("%", "%%")
        if switch:
            action = argparse.BooleanOptionalAction
            parser.add_argument(_flag(name), dest=name, action=action, default=suppressed, help=help)
        else:
            parser.add_argument(_flag(name), dest=name, metavar=_metavar(name), default=suppressed, help=help)


def _metavar(name: str) -> str:
    key = KEYS[name]
    unit = key.unit.upper() if key.unit.isalpha() else "N"
    return key.metavar or "|".join(map(str, key.choices)) or unit
