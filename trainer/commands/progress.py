"""A progress bar on stderr with an estimate of the time left; silent where stderr is no terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def progress_bar(title: str, total: int | None, shown: bool = True) -> Iterator[Callable[[int, str], None]]:
    """Yields `advance(done, note)`; `total` is an estimate and may be unknown or exceeded; not `shown`:
    silent at a terminal too.
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
