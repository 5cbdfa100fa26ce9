"""What commands show: progress on stderr, or on stdout for a program; tables on stdout.

Stdout may be a closed pipe, or full.
"""

import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from trainer.errors import TrainerError

PLAIN_WIDTH = 200
"""Columns where stdout is no terminal: enough that no line is folded."""


@contextmanager
def progress_bar(title: str, total: int | None, shown: bool = True) -> Iterator[Callable[[int, str], None]]:
    """Yields `advance(done, note)`. The bar shows the time left; it is silent unless stderr is a terminal.

    `total` is an estimate: it may be unknown, and `done` may exceed it. Not `shown`: always silent.
    """
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=Console(file=sys.stderr),
        transient=True,
        disable=not (shown and sys.stderr.isatty()),
    )
    with bar:
        task = bar.add_task(title, total=total, note="")

        def advance(done: int, note: str) -> None:
            known = total if total is None else max(total, done)
            bar.update(task, completed=done, total=known, note=note)

        yield advance


def progress_lines(total: int | None) -> Callable[[int, str], None]:
    """`advance(done, note)` for a program that reads stdout: a JSON object in a line, once a second at most,
    with `done` and `of`, which is null while unknown. TrainerError when nobody reads any more.
    """
    told = -math.inf

    def advance(done: int, note: str) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told < 1:
            return
        told = now
        of = None if total is None else max(total, done)
        try:
            print(json.dumps({"done": done, "of": of}), flush=True)
        except OSError:
            _discard_stdout()
            raise TrainerError("stopped, as nobody reads its progress any more") from None

    return advance


def counted(number: int, thing: str) -> str:
    """`1 frame`, `2 frames`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def table_console() -> Console:
    """A console whose captured text has no line folded where stdout is no terminal."""
    return Console(
        highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH
    )


def grid(heads: Sequence[str], to_the_left: Sequence[str] = ()) -> Table:
    """An empty table with a column for each head. Columns hold numbers, except those `to_the_left`."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for head in heads:
        table.add_column(head, justify="left" if head in to_the_left else "right", no_wrap=True)
    return table


def dithers_grid(heads: Sequence[str]) -> Table:
    """An empty table: the dithers' labels, then a column for each head."""
    return grid(["\ndither", *heads], ["\ndither"])


def print_out(text: Callable[[], str]) -> None:
    """Write what `text()` returns; quiet where the reader has gone (`| head`), else TrainerError in one line.

    `text` is called here because rich, which may make it, touches stdout as well.
    """
    try:
        sys.stdout.write(text())
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
    except OSError as error:
        _discard_stdout()
        reason = (error.strerror or str(error)).lower()
        raise TrainerError(
            f"the output cannot be written: {reason}; free space or send it elsewhere"
        ) from None


def _discard_stdout() -> None:
    """Send what Python still buffers for stdout nowhere, or it would fail once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
