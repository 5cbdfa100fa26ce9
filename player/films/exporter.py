"""The exporter: makes reels of the queue's films, one at a time, by `trainer export` in a process of its own.

A reel grows in a part file, which no playlist lists. As soon as its first stretch is stored, a link with the
reel's name leads to it, so the player can show it; in the end the part file takes that name. Whatever is
killed at whatever moment, the next exporter goes on where the reel ends.
"""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from player.errors import FileError, PlayerError, ReelError
from player.files import make_directory, sync_directory, why, write_whole
from player.films.kinds import kind_of
from player.films.options import flags, stills
from player.films.orders import (
    CALIBRATION,
    Answer,
    Orders,
    calibrate_command,
    carry_out,
    in_words,
    preview_command,
)
from player.films.queue import Job, Queue
from player.profile import Profile, read_profile
from player.reel import Reel

SETTLED = 5.0
"""Seconds for which a file that was dropped must not change: it may still be on its way."""
SIDE_FILES = (".srt", ".vtt", ".ass", ".ssa", ".sub", ".idx", ".nfo")
"""What lies beside films and is left alone."""

SMALL = 1_000_000_000
"""Bytes of memory: a machine with less exports in as little as it can."""

_NEEDS = ("av", "cv2", "rich", "trainer")
_PART = ".export-{}.part"
_LOOK = 1.0  # seconds from look to look at the trainer
_TELL = 15.0  # seconds from report to report
_STOP = 20.0  # seconds for the trainer to end
_ALONE = 120.0  # seconds to wait for the trainer of an exporter that was killed
_SMALLEST = 250_000_000  # bytes for --memory
_ROOT = Path(__file__).parents[2]  # of the packages: the trainer's process runs the same code as this one

Log = Callable[[str], None]


class Interrupted(Exception):
    """The exporter was asked to end."""


def missing() -> list[str]:
    """The modules that an export needs and that are not installed."""
    return [name for name in _NEEDS if find_spec(name) is None]


def machine_memory() -> int:
    """The memory of this machine in bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def usual_dither() -> str:
    """`hysteresis`, or its like for machines that are small or have no numba."""
    return "raster" if machine_memory() < SMALL or find_spec("numba") is None else "hysteresis"


def trainer_command(
    film: Path,
    reel: Path,
    size: tuple[int, int],
    job: Job,
    more: list[str],
    usual: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """`trainer export` for a job, its panel of `size` (width, height), and `more` options. `usual`: options
    of jobs that do not say otherwise.
    """
    options = {"dither": usual_dither(), **usual, **job.options}
    width, height = size
    program = [sys.executable, "-P", "-m", "trainer", "export", "--progress", f"--size={width}x{height}"]
    return [*program, *more, *flags(options), "--", str(film), str(reel)]


@dataclass
class Exporter:
    """`films`: the directory of reels. `size`: (width, height) of the panel. `keep`: bytes that must stay
    free on the disk. `profile`: where that of the panel is kept, and `panel`: its name. `command` makes the
    trainer's command line. `stopped` says whether to end. `clock`:
    monotonic seconds; `free` tells the bytes free in a directory.
    """

    queue: Queue
    films: Path
    size: tuple[int, int]
    keep: int
    log: Log
    stopped: Callable[[], bool] = lambda: False
    command: Callable[[Path, Path, tuple[int, int], Job, list[str]], list[str]] = trainer_command
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    free: Callable[[Path], int] = lambda path: os.statvfs(path).f_bavail * os.statvfs(path).f_frsize
    profile: Path | None = None
    panel: str = ""
    failed: int = 0
    """Films that have failed, or were refused, since it was made."""
    _seen: dict[Path, tuple[int, int, float]] = field(default_factory=dict)
    _held: int = -1

    def run(self) -> None:
        """Export until nothing is left to do. FileError, also for another exporter at work; Interrupted."""
        make_directory(self.queue.inside)
        make_directory(self.films)
        with self._alone():
            self._work()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the exporter's lock. The trainer's process holds it too: one that outlives a killed exporter
        ends soon, as nobody reads its progress, and until then the next one waits.
        """
        path = self.queue.inside / "exporter"
        try:
            self._held = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o664)
        except OSError as error:
            raise FileError(f"{path}: cannot be opened: {why(error)}; check its permissions") from None
        try:
            end = self.clock() + _ALONE
            while True:
                try:
                    fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    if self.clock() > end:
                        raise FileError(f"{path}: another exporter is at work; stop it first") from None
                self._pause(_LOOK)
            yield
        finally:
            os.close(self._held)

    def _work(self) -> None:
        while True:
            with suppress(OSError):
                self.queue.todo.unlink(missing_ok=True)
            arriving = self.join()
            self.tidy()
            self.carry_out()
            job = self.queue.take()
            if job is not None:
                with suppress(OSError):  # a power cut must find it
                    self.queue.todo.touch()
                self.export(job)
            elif arriving:
                self._pause(_LOOK)
            elif any(job.waits for job in self.queue.jobs()):  # left to another computer for a while
                with suppress(OSError):
                    self.queue.todo.touch()
                self._pause(_LOOK)
            elif not self.queue.todo.exists():
                return
            else:  # somebody has just added a film
                self._pause(_LOOK)

    # The inbox.

    def join(self) -> bool:
        """Add the films that were dropped into the inbox; whether some are still on their way."""
        known = {job.film for job in self.queue.jobs()}
        arriving, now = False, self.clock()
        try:
            found = sorted(
                path for path in self.queue.folder.iterdir() if path.name[0] != "." and path.is_file()
            )
        except OSError as error:
            raise FileError(f"{self.queue.folder}: cannot be read: {why(error)}") from None
        for path in found:
            if path in known or path.suffix.lower() in SIDE_FILES:
                continue
            with suppress(OSError):  # it may be gone again
                status = path.stat()
                seen = self._seen.get(path)
                if seen is None or seen[:2] != (status.st_size, status.st_mtime_ns):
                    self._seen[path] = status.st_size, status.st_mtime_ns, now
                    arriving = True
                elif now - seen[2] < SETTLED:
                    arriving = True
                else:
                    self._take_in(path)
        self._seen = {path: seen for path, seen in self._seen.items() if path in found}
        return arriving

    def _take_in(self, path: Path) -> None:
        what = kind_of(path)
        if what == "reel":
            try:
                with Reel(path):
                    pass
                path.rename(self._unused(path.stem))
                self.log(f"{path.name}: is a reel; moved to {self.films}")
                return
            except (ReelError, OSError) as error:
                self._refuse(path, str(error).removeprefix(f"{path}: "))
        elif what is None:
            self._refuse(path, "is neither a film nor a reel; remove it, or send another file")
        else:
            self.queue.add(path)
            self.log(f"{path.name}: joins the queue")

    def _refuse(self, path: Path, why_not: str) -> None:
        job = self.queue.add(path, held=True)
        self.failed += 1
        self.queue.report(job.id, state="failed", error=f"{path.name} {why_not}")
        self.log(f"{path.name} {why_not}")

    def tidy(self) -> None:
        """Remove what is left of jobs that are no longer there."""
        ids = {job.id for job in self.queue.jobs() if job.state != "done"}
        with suppress(OSError):
            for part in self.films.glob(_PART.format("*") + "*"):
                if part.name.split(".")[1].removeprefix("export-") not in ids:
                    part.unlink(missing_ok=True)
            for path in self.films.glob("*.reel"):  # links to what is gone now
                if path.is_symlink() and path.readlink().name.startswith(".export-") and not path.exists():
                    path.unlink(missing_ok=True)

    # One job.

    def export(self, job: Job) -> None:
        """Export a job to its end, or until it is removed or fails. Interrupted."""
        part = self.films / _PART.format(job.id)
        if job.reel and not part.exists() and _is_whole(self.films / job.reel):
            self._finish(job, part)  # killed after the last step but one
            return
        if not job.done:
            _delete(part)
        self.log(f"{job.name}: export {'goes on' if job.done else 'begins'}")
        try:
            if kind_of(job.film) != "film":
                raise FileError(f"{job.film.name} is no film; remove it, or send another file")
            self._check_space()
            more = [*self._memory(), *self._panel(job, part)]
            with _Trainer(self.command(job.film, part, self.size, job, more), self._held) as trainer:
                if not self._watch(job, part, trainer):
                    self.log(f"{job.name}: removed from the queue; its export ends")
                    return
                if trainer.code:
                    why_not = trainer.error().removeprefix(f"{part}: ")
                    raise PlayerError(why_not.replace("run the same command again", "let it try again"))
            self._finish(self.queue.job(job.id), part)
        except Interrupted:
            raise
        except PlayerError as error:
            self.failed += 1
            self.log(f"{job.name}: export failed: {error}")
            with suppress(PlayerError):  # it may have been removed; a full disk must not end the exporter
                self.queue.report(job.id, state="failed", error=str(error), seconds_left=None)

    def _watch(self, job: Job, part: Path, trainer: "_Trainer") -> bool:
        """Wait for the trainer; False when the job was taken away. Interrupted, FileError."""
        began = told = self.clock()
        first: int | None = None
        while trainer.running(_LOOK):
            if self.stopped():
                raise Interrupted
            self.carry_out()
            now = self.clock()
            try:
                current = self.queue.job(job.id)
            except PlayerError:
                return False
            if current.state != "exporting" or current.by:
                return False
            if current.reel is not None and not os.path.lexists(self.films / current.reel):
                self.queue.remove(job.id)  # its reel was deleted while it grew
                return False
            self._check_space()
            changed: dict[str, Any] = {}
            if current.reel is None and (name := self._publish(current, part)):
                changed["reel"] = name
            if trainer.done:
                first = trainer.done if first is None else first
                if now - told >= _TELL or not current.done or changed:
                    told = now
                    rate = (trainer.done - first) / (now - began) if now > began else 0
                    left = (trainer.of - trainer.done) / rate if trainer.of and rate else None
                    changed |= {"done": trainer.done, "of": trainer.of, "seconds_left": left}
            if changed:
                with suppress(PlayerError):  # what cannot be told now is told later
                    self.queue.report(job.id, **changed)
        return True

    def _publish(self, job: Job, part: Path) -> str | None:
        """Give the growing reel its name, once its first stretch is stored; None: not yet."""
        try:
            with Reel(part) as reel:
                if not reel.frames:
                    return None
        except ReelError:
            return None
        link = self._unused(job.name)
        try:
            link.symlink_to(part.name)
        except OSError:  # a file system without links: it is shown when it is whole
            return None
        self.log(f"{job.name}: can be shown as {link.name} while it is made")
        return link.name

    def _finish(self, job: Job, part: Path) -> None:
        """Give the whole reel its name. FileError."""
        reel = self.films / job.reel if job.reel else self._unused(job.name)
        frames = 0
        try:
            part.with_name(part.name + ".toml").unlink(missing_ok=True)
            if part.exists():
                if reel.name != job.reel:
                    job = self.queue.report(job.id, reel=reel.name)
                part.replace(reel)
                sync_directory(self.films)
            with Reel(reel) as made:
                frames = made.frames
        except OSError as error:
            raise FileError(f"{reel}: cannot be written: {why(error)}") from None
        self.queue.report(job.id, state="done", done=frames, of=frames, seconds_left=0.0)
        with suppress(FileError):
            self.queue.discard(job)
        self.log(f"{job.name}: {reel.name} is complete, {frames} frames")

    def _unused(self, name: str) -> Path:
        """A path for a reel of this name that is not in use."""
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-_")[:80] or "film"
        for number in range(1, 10_000):
            path = self.films / (f"{stem}.reel" if number == 1 else f"{stem}-{number}.reel")
            if not os.path.lexists(path):
                return path
        raise FileError(f"{self.films}: holds too many reels called {stem}; remove some")

    def _memory(self) -> list[str]:
        return [f"--memory={max(machine_memory() // 4, _SMALLEST) // 1_000_000}M"]

    def _panel(self, job: Job, part: Path) -> list[str]:
        """The panel's profile, as it was when the export began: a reel is made for one panel."""
        kept = part.with_name(part.name + ".toml")
        if not job.done:
            kept.unlink(missing_ok=True)
            if (profile := self._known()) is not None:
                write_whole(kept, profile.as_toml().encode())
        return [f"--panel={kept}"] if kept.exists() else []

    def _known(self) -> Profile | None:
        """The panel's profile, if there is one that fits."""
        if self.profile is None or not self.profile.exists():
            return None
        try:
            profile = read_profile(self.profile)
        except PlayerError as error:
            self.log(f"{error}; exports do without it")
            return None
        if profile.size != self.size:
            self.log(f"{self.profile}: is of a panel of another size; exports do without it")
            return None
        return profile

    # What the page asks for besides.

    def carry_out(self) -> None:
        """Carry out the orders that wait. Interrupted."""
        orders = Orders(self.queue)
        while (found := orders.next()) is not None:
            name, order = found
            try:
                answer = carry_out(self._ordered(orders, name, order), self.stopped)
            except PlayerError as error:
                answer = Answer(str(error))
            if answer is None:
                raise Interrupted
            answer = Answer(in_words(answer.error, orders.folder), answer.words)
            self.log(f"{name}: {answer.error or 'done'}")
            try:
                orders.answer(name, answer)
            except FileError as error:
                self.log(str(error))
                orders.forget(name)

    def _ordered(self, orders: Orders, name: str, order: Mapping[str, Any]) -> list[str]:
        """The command that an order stands for. PlayerError."""
        photographs = sorted(orders.folder.glob("photograph-*"))
        if name == CALIBRATION and photographs:
            return calibrate_command(photographs, orders.path(name, ".toml"), self.panel)
        wanted, options = order.get("job"), order.get("options")
        if not isinstance(wanted, str) or not isinstance(options, dict):
            raise FileError("this is no order; ask again")
        job = self.queue.job(wanted)
        if kind_of(job.film) != "film":
            raise FileError(f"{job.film.name} is no film; remove it, or send another file")
        more = [f"--panel={self.profile}"] if self._known() is not None else []
        more += stills({str(name): str(text) for name, text in options.items()}, usual_dither())
        return preview_command(job.film, orders.path(name, ".png"), self.size, more)

    def _check_space(self) -> None:
        free = self.free(self.films)
        if free < self.keep:
            raise FileError(
                f"the disk is full: {free / 1e6:,.0f} MB are free, and {self.keep / 1e6:,.0f} MB stay free "
                "(free_space); remove reels or films, then let it try again"
            )

    def _pause(self, seconds: float) -> None:
        self.sleep(seconds)
        if self.stopped():
            raise Interrupted


class _Trainer:
    """A running `trainer export`, which keeps the file `held` open. `done` of `of` frames, 0 while unknown;
    `code`: its exit status.
    """

    def __init__(self, command: list[str], held: int) -> None:
        self.done = self.of = 0
        self.code = 0
        self._rest = b""
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed by __exit__)
        environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
        if machine_memory() < SMALL:  # pictures go back to the system at once
            environment |= {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "100000"}
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=environment,
                pass_fds=(held,),
                start_new_session=True,  # Ctrl-C is for the exporter, which ends it
            )
        except OSError as error:
            raise FileError(f"the trainer cannot be started: {why(error)}") from None
        assert self._process.stdout is not None
        self._output = self._process.stdout
        os.set_blocking(self._output.fileno(), False)

    def running(self, seconds: float) -> bool:
        """Wait for at most `seconds`, and read its progress."""
        with suppress(subprocess.TimeoutExpired):
            self.code = self._process.wait(seconds)
        while data := self._output.read():
            *lines, self._rest = (self._rest + data).split(b"\n")
            self._rest = self._rest[-10_000:]
            for line in lines:
                self._heed(line)
        return self._process.returncode is None

    def _heed(self, line: bytes) -> None:
        with suppress(ValueError, KeyError, TypeError):
            if line.startswith(b"{"):
                told = json.loads(line)
                self.done, self.of = int(told["done"]), int(told["of"] or 0)

    def error(self) -> str:
        """Why it failed, in one line."""
        if self.code == -signal.SIGKILL:
            return "it was killed, perhaps for lack of memory; let another computer export it"
        self._errors.seek(max(self._errors.seek(0, os.SEEK_END) - 4000, 0))
        lines = self._errors.read().decode(errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), f"it ended with status {self.code}")
        return last.removeprefix("trainer: ")[:400]

    def __enter__(self) -> "_Trainer":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_STOP)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._output.close()
        self._errors.close()


def _is_whole(reel: Path) -> bool:
    """Whether a reel is complete, and not a link to one that is being made."""
    try:
        with Reel(reel) as found:
            return found.complete and not reel.is_symlink()
    except ReelError:
        return False


def _delete(part: Path) -> None:
    for name in (part.name, f"{part.name}-journal"):
        with suppress(OSError):
            part.with_name(name).unlink(missing_ok=True)
