"""What benchmarks share: their command lines, and the machine that a figure was measured on."""

import argparse
import os
import platform
import sys
from collections.abc import Callable
from importlib.metadata import version

from player.errors import PlayerError
from trainer.errors import TrainerError


def usage(text: str) -> argparse.ArgumentParser:
    """A parser without options whose help is that text, a benchmark's docstring."""
    return argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)


def begin(main: Callable[[], object]) -> None:
    """Run `main` and exit: 2 and one line for a user's error, 130 for Ctrl-C, else with its result."""
    try:
        sys.exit(main())
    except (TrainerError, PlayerError) as error:
        print(f"{sys.argv[0]}: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def machine(*packages: str) -> str:
    """The machine and the versions: `2 cores, Intel ..., Python 3.11.7, numpy 2.4.0, ...`"""
    from trainer.machine import describe

    versions = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)]
    return f"{os.cpu_count()} cores, {describe()['processor']}, {', '.join(versions)}"
