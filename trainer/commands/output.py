"""Results on stdout, which may be a closed pipe or a full disk."""

import os
import sys
from collections.abc import Callable

from trainer.errors import TrainerError


def print_out(text: Callable[[], str]) -> None:
    """Write what `text()` returns; quiet where the reader has gone (`| head`), else TrainerError in one line.

    It is called here because rich, which may make it, touches stdout as well.
    """
    try:
        sys.stdout.write(text())
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go()
    except OSError as error:
        _let_go()
        reason = (error.strerror or str(error)).lower()
        raise TrainerError(
            f"the output cannot be written: {reason}; free space or send it elsewhere"
        ) from None


def _let_go() -> None:
    """What Python still holds for stdout goes nowhere, or it would fail once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
