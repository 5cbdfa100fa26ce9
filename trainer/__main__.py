"""The command line of the workstation: `trainer export` and the other commands.

Only the module of the command that was named is imported. A user's error ends in one line on stderr and exit
code 2.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from player.errors import PlayerError
from trainer.errors import TrainerError

COMMANDS = {
    "fit": "train the generator on films",
    "export": "turn a film into a reel that `player` shows",
    "calibrate": "measure a panel by a photograph of its chart",
    "serve": "export films of this computer for a player of the house",
    "evaluate": "measure dithers on films: quality, flips, texture",
    "preview": "see dithers side by side: a page, an animation, a contact sheet",
    "sweep": "train many generators at once with different settings, and compare them",
    "bench": "measure this machine: training, and exports with each dither",
}
"""What each command does; it is `trainer.commands.NAME`."""

AFTER_CTRL_C = {
    "export": "the same command goes on from there",
    "serve": "the same command goes on from there",
    "fit": "the same command with --resume goes on from the last checkpoint, if there is one",
    "sweep": "the weights so far, if any, are in its folder; to sweep again, name another --out",
}
"""What to do after Ctrl-C, where something was written and the interrupt itself does not say it."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line that leads to the help, without printing all of the usage."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(2, f"{self.prog}: {message}; see `{self.prog} --help`\n")


def parser(command: str) -> argparse.ArgumentParser:
    """All commands; only the named one with its options."""
    top = _Parser(prog="trainer", description="Turn a film into a reel: dithers that change few pixels.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    for name, summary in COMMANDS.items():
        added = commands.add_parser(name, help=summary)
        if name == command:
            import_module(f"trainer.commands.{name}").add_options(added)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 2 for a user's error, 130 for Ctrl-C."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    command = next((word for word in arguments if not word.startswith("-")), "")
    args = parser(command).parse_args(arguments)
    args.command_line = arguments
    logging.basicConfig(format="trainer: %(message)s", level=logging.WARNING)
    try:
        return int(import_module(f"trainer.commands.{args.command}").run(args))
    except (TrainerError, PlayerError) as error:
        print(f"trainer: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interrupt:
        usual = f"stopped; {AFTER_CTRL_C.get(args.command, 'nothing was written')}"
        print(f"trainer: {str(interrupt) or usual}", file=sys.stderr)
        return 130


def program() -> None:
    """The command and the end of its process.

    After Ctrl-C it ends at once: JAX, interrupted while it compiles, crashes when the interpreter shuts down.
    """
    code = main()
    if code == 130 and "jax" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    program()
