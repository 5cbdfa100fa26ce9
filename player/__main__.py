"""`player`: run, info, check, frames, add, films, export, status, chart, config.

A user's errors are one line, exit code 2.
"""

import io
import os
import sys
from collections.abc import Sequence

from player.errors import PlayerError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. A command's module is imported only when the command is used."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file name need not be valid text
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except PlayerError as error:
        print("player:", " ".join(str(error).splitlines()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except OSError as error:  # on output: every other error is a PlayerError
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # discard what is still buffered
        if isinstance(error, BrokenPipeError):  # `player info FILM.reel | head -1`
            return 141
        print(f"player: cannot write the output: {error.strerror}", file=sys.stderr)
        return 2


def _run(arguments: Sequence[str] | None) -> int:
    from player.commands.options import parse

    options = parse(arguments)
    match options.command:
        case "run":
            from player.commands.run import run

            return run(options)
        case "info":
            from player.commands.reels import info

            return info(options)
        case "check":
            from player.commands.reels import check

            return check(options)
        case "frames":
            from player.commands.reels import frames

            return frames(options)
        case "add":
            from player.commands.films import add

            return add(options)
        case "films":
            from player.commands.films import films

            return films(options)
        case "export":
            from player.commands.films import export

            return export(options)
        case "status":
            from player.commands.status import status

            return status(options)
        case "chart":
            from player.commands.chart import chart

            return chart(options)
        case _:
            from player.commands.config import config

            return config(options)


if __name__ == "__main__":
    sys.exit(main())
