"""The command line of a benchmark: its docstring is its help, and what a user can cause is one line."""

import argparse
import sys
from collections.abc import Callable

from player.errors import PlayerError
from trainer.errors import TrainerError


def usage(text: str) -> argparse.ArgumentParser:
    """An empty parser whose help is that text."""
    return argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)


def begin(main: Callable[[], object]) -> None:
    """Run `main` and exit: 2 and a line for an error of the user's, 130 for Ctrl-C, else with its result."""
    try:
        sys.exit(main())
    except (TrainerError, PlayerError) as error:
        print(f"{sys.argv[0]}: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
