"""The Python side of systemd/install: `python -m player.setup check|panels|try|set|get|link`.

check [--root DIR]               run every check of the set-up; exit code 1 when something is wrong
panels                           print every panel and its controller
try KEY VALUE                    check a value
set KEY VALUE --config FILE      change one setting in the file; comments and all other lines stay as they are
get KEY --config FILE            print one setting in force, as JSON
link --config FILE               print the addresses of the web page, with its token
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from player.commands.options import Parser
from player.config.settings import CONTROLLERS, KEYS, Config, from_text
from player.config.sources import load, state_path
from player.errors import ConfigError, PlayerError
from player.files import why, write_whole

if TYPE_CHECKING:
    from player.setup.check import Finding

PATIENCE = 60.0  # seconds; the longest that a check's program may run
_COMMANDS = {
    "try": "check a value",
    "set": "change one setting in the file",
    "get": "print one setting in force, as JSON",
    "link": "print the addresses of the web page, with its token",
}
MARKS = {True: "ok ", False: "NO ", None: "-- "}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Errors are one line on stderr, exit code 2."""
    try:
        options = _parser().parse_args(arguments)
        match options.command:
            case "check":
                return _check(options.root, options.root.resolve() == Path("/"))
            case "panels":
                print(*map(" ".join, CONTROLLERS.items()), sep="\n")
            case "try":
                from_text(options.key, options.value, options.key)
            case "set":
                _set(options.config, options.key, options.value)
            case "get":
                print(json.dumps(getattr(load({}, {}, str(options.config)).config, options.key)))
            case _:
                _link(load({}, {}, str(options.config)).config)
        return 0
    except PlayerError as error:
        print("install:", " ".join(str(error).splitlines()), file=sys.stderr)
        return 2
    except BrokenPipeError:  # `longtake-setup --check | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # discard what is still buffered
        return 141


def _parser() -> Parser:
    parser = Parser(prog="python -m player.setup", description="The Python side of systemd/install.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)
    check = commands.add_parser("check", help="run every check of the set-up")
    check.add_argument("--root", type=Path, default=Path("/"), help="directory to use as /")
    commands.add_parser("panels", help="print every panel and its controller")
    for name, what in _COMMANDS.items():
        command = commands.add_parser(name, help=what)
        if name != "link":
            command.add_argument("key", choices=list(KEYS))
        if name in ("try", "set"):
            command.add_argument("value")
        if name != "try":
            command.add_argument("--config", type=Path, required=True, help="the configuration")
    return parser


def _check(root: Path, is_here: bool) -> int:
    from player.setup.check import Machine, findings  # `try` and `set` run before numpy is installed

    found = list(
        _printed(findings(Machine(root, _run, _has_module, is_here), root / "etc/longtake/player.toml"))
    )
    wrong = sum(finding.good is False for finding in found)
    print(f"{wrong} to fix" if wrong else "all is well")
    return 1 if wrong else 0


def _printed(found: "Iterable[Finding]") -> "Iterable[Finding]":
    """Print each finding as soon as it is known."""
    for finding in found:
        print(MARKS[finding.good] + finding.what, flush=True)
        if finding.fix:
            print("      " + finding.fix, flush=True)
        yield finding


def _set(file: Path, key: str, value: str) -> None:
    file = file.resolve()  # a link stays a link
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = why(error) if isinstance(error, OSError) else "not UTF-8"
        raise ConfigError(f"{file}: cannot be read: {reason}; run the installer first") from None
    changed = with_setting(text, key, value, str(file))
    if changed != text:
        write_whole(file, changed.encode())


def with_setting(text: str, name: str, value: str, where: str) -> str:
    """`text`, a TOML file, with key `name` set to `value` (as text, checked). Every other line stays.

    The setting goes on its own line, otherwise on the line where it stands as a comment, otherwise at the
    end. ConfigError, beginning with `where`, when that cannot be done.
    """
    new = from_text(name, value, f"{where}: {name}")
    new = list(new) if isinstance(new, tuple) else new
    line = f"{name} = {json.dumps(new, ensure_ascii=False)}"
    lines = text.splitlines()
    places = [
        number
        for pattern in (rf"\s*{re.escape(name)}\s*=", rf"#\s*{re.escape(name)}\s*=")
        for number, old in enumerate(lines)
        if re.match(pattern, old)
    ]
    if places:
        lines[places[0]] = line
    else:
        lines.append(line)
    changed = "\n".join(lines) + "\n"
    try:
        before, after = tomllib.loads(text), tomllib.loads(changed)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: is not TOML: {' '.join(str(error).split())}; fix it by hand") from None
    if after != {**before, name: new}:
        raise ConfigError(f"{where}: {name} cannot be set there; write the line by hand: {line}")
    return changed


def _link(config: Config) -> None:
    from player.web.addresses import address_of, link
    from player.web.tokens import kept_token

    for number, url in enumerate(address_of(config)):
        if config.remote == "network":
            url = link(url, kept_token(config.remote_token, state_path(config, {}).parent))
        print("the web page, with its token:" if number == 0 else "or:", url)


def _run(words: Sequence[str]) -> tuple[int, str]:
    """See Machine.run. `python` is this interpreter."""
    program = [sys.executable, "-P"] if words[0] == "python" else [words[0]]
    try:
        done = subprocess.run(
            [*program, *words[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=PATIENCE,
        )
    except FileNotFoundError:
        return 127, ""
    except subprocess.TimeoutExpired:
        return 124, f"no answer within {PATIENCE:.0f} s"
    return done.returncode, done.stdout


def _has_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:  # of the package around it
        return False


if __name__ == "__main__":
    sys.exit(main())
