"""What the page asks the trainer for besides exports: a panel measured by photographs, a preview of a film.

The exporter does it, in its own process, sandbox and memory: the player's are too small for it, and pictures
and films are files from anywhere. Previews of a film that lies on a computer of the house are made there
(`computers`). An order is a file NAME.json in a folder of the queue; what comes of it are NAME.png, for a
calibration NAME.toml, and last NAME.answer, which says how it ended.
"""

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from player.errors import FileError, PlayerError
from player.files import make_directory, why, write_whole
from player.films.queue import Queue

CALIBRATION = "calibration"
"""The name of the order that measures the panel; all others are previews."""
PREVIEWS = 30
"""Previews that are kept."""
LONGEST = 300.0
"""Seconds that one may take."""
MEMORY = 2_000_000_000
"""Bytes of address space that it may take; the service of the exporter bounds what it really holds."""

_NEEDS = {"av", "cv2", "matplotlib", "rich", "scipy", "trainer"}
_LARGEST = 100_000  # bytes of an order or an answer
_GLANCE = 0.2  # seconds
_ROOT = Path(__file__).parents[2]  # of the packages: the trainer's process runs the same code as this one


def can_order() -> bool:
    """Whether what an order takes is installed here."""
    return all(find_spec(name) is not None for name in _NEEDS)


@dataclass(frozen=True)
class Answer:
    """How an order ended: `error` in one line, empty when it was carried out; `words`: what was printed."""

    error: str = ""
    words: tuple[str, ...] = ()


State = Literal["none", "asked"] | Answer


STATES = ("none", "asked", "done", "failed")


def in_a_word(state: State) -> str:
    """One of STATES."""
    return state if isinstance(state, str) else "failed" if state.error else "done"


class Orders:
    """The orders of a queue. The page asks, the exporter answers. FileError."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self.folder = queue.inside / "orders"

    def path(self, name: str, suffix: str) -> Path:
        """A file of an order."""
        return self.folder / f"{name}{suffix}"

    def ask(self, name: str, order: Mapping[str, Any]) -> None:
        """Ask, or ask anew; the exporter is started for it, unless it is for the computer `by`."""
        make_directory(self.folder)
        self._remove(name)
        write_whole(self.path(name, ".json"), json.dumps(order).encode())
        with suppress(OSError):
            self.path(name, ".json").chmod(0o660)
            if not order.get("by"):
                self._queue.todo.touch()

    def state(self, name: str) -> State:
        """How far an order is."""
        answer = _read(self.path(name, ".answer"))
        if answer is not None:
            words = answer.get("words")
            return Answer(
                str(answer.get("error", "")), tuple(map(str, words)) if isinstance(words, list) else ()
            )
        return "asked" if self.path(name, ".json").exists() else "none"

    def forget(self, name: str) -> None:
        """Remove an order and all that came of it."""
        self._remove(name)

    def _remove(self, name: str) -> None:
        for suffix in (".json", ".answer", ".png", ".toml"):
            with suppress(OSError):
                self.path(name, suffix).unlink(missing_ok=True)

    # For those who carry them out.

    def next(self) -> tuple[str, dict[str, Any]] | None:
        """The exporter's oldest order without an answer: its name, and what it asks for."""
        return next((found for found in self._open() if not found[1].get("by")), None)

    def of_computer(self, by: str, wanted: Container[str]) -> list[str]:
        """The names of the orders without an answer for the computer `by`; those that are not `wanted` any
        more are forgotten.
        """
        names = [name for name, order in self._open() if order.get("by") == by]
        for name in names:
            if name not in wanted:
                self._remove(name)
        return [name for name in names if name in wanted]

    def _open(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The orders without an answer, the oldest first."""
        with suppress(OSError):
            for path in sorted(self.folder.glob("*.json"), key=lambda path: path.stat().st_mtime):
                if not path.with_suffix(".answer").exists():
                    yield path.stem, _read(path) or {}

    def answer(self, name: str, answer: Answer) -> None:
        """Say how an order ended, and forget the oldest previews."""
        if not self.path(name, ".json").exists():
            return  # it is not wanted any more
        path = self.path(name, ".answer")
        write_whole(path, json.dumps({"error": answer.error, "words": answer.words}).encode())
        with suppress(OSError):
            path.chmod(0o660)
            previews = sorted(
                (path for path in self.folder.glob("*.answer") if path.stem != CALIBRATION),
                key=lambda path: path.stat().st_mtime,
            )
            for old in previews[:-PREVIEWS]:
                self._remove(old.stem)


def _read(path: Path) -> dict[str, Any] | None:
    """The object in a file; None where there is none."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def carry_out(
    command: list[str],
    stopped: Callable[[], bool],
    seconds: float = LONGEST,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer | None:
    """Run the trainer at the lowest priority, for so many seconds at most; None when `stopped`."""
    end = time.monotonic() + seconds
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": str(_ROOT), "OPENBLAS_NUM_THREADS": "1"},
                start_new_session=True,
            )
        except OSError as error:
            raise FileError(f"the trainer cannot be started: {why(error)}") from None
        try:
            _bound(process.pid)
            while process.poll() is None:
                if stopped():
                    return None
                if time.monotonic() > end:
                    return Answer(f"it took more than {seconds:.0f} seconds; use a computer for it")
                sleep(_GLANCE)
        finally:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.returncode < 0:
            return Answer("there is too little memory for it now; try again later, or use a computer for it")
        printed, complaints = (_lines(file) for file in (output, errors))
        if process.returncode:
            last = complaints[-1] if complaints else f"it ended with status {process.returncode}"
            return Answer(last.removeprefix("trainer: ")[:400])
        return Answer("", tuple(printed))


def _bound(pid: int) -> None:
    """What a new process may take. What a sandbox forbids is left.

    From outside: code between fork and exec may deadlock where this process has threads.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, 19)
    with suppress(OSError, ValueError):
        resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
    with suppress(OSError), open(f"/proc/{pid}/oom_score_adj", "w") as file:
        file.write("1000")  # before the export that may be under way


def _lines(file: Any) -> list[str]:
    file.seek(0)
    lines = file.read(_LARGEST).decode(errors="replace").replace("\r", "\n").split("\n")
    return [line.strip() for line in lines if line.strip()]


def calibrate_command(photographs: list[Path], out: Path, panel: str) -> list[str]:
    """`trainer calibrate`; `panel`: its name."""
    program = [sys.executable, "-P", "-m", "trainer", "calibrate", f"--out={out}"]
    named = [f"--panel={panel}"] if panel and not panel.startswith("omni:") else []
    return [*program, *named, "--", *map(str, photographs)]


def preview_name(*what: object) -> str:
    """The name of the order for a preview; another one for whatever decides how it looks."""
    return f"preview-{hashlib.blake2b(repr(what).encode(errors='replace'), digest_size=12).hexdigest()}"


def preview_command(film: Path, out: Path, size: tuple[int, int], more: list[str]) -> list[str]:
    """`trainer preview`."""
    program = [sys.executable, "-P", "-m", "trainer", "preview", f"--out={out}"]
    return [*program, f"--size={size[0]}x{size[1]}", *more, "--", str(film)]


def in_words(error: PlayerError | str, folder: Path) -> str:
    """An error without the path of the folder that people do not know."""
    return str(error).replace(f"{folder}/", "")
