"""The queue of films that are to become reels: one file, which two processes share.

The player adds, moves and removes; the exporter takes. The file is written whole, under a lock, so it
survives power cuts and no change is lost. Readers need no lock.
"""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from player.errors import FileError, PlayerError
from player.files import make_directory, why, write_whole
from player.films.options import checked

State = Literal["waiting", "exporting", "done", "failed"]
STATES: tuple[State, ...] = get_args(State)
MOST = 200
"""Jobs in a queue; those that are done are forgotten first."""
DONE = 20
"""Jobs that are done and still listed."""
CLAIM = 600.0
"""Seconds without a word from another computer after which its job waits again."""
GRACE = 40.0
"""Seconds for which a new film is left to other computers, where one has been there lately."""
LATELY = 900.0
"""Seconds."""

_LOCK_WAIT = 10.0  # seconds
_LONGEST = 4_000_000  # bytes of the file


class NoSuchJob(PlayerError, KeyError):
    """The queue has no job with this id (any more)."""

    def __str__(self) -> str:
        return str(self.args[0])


class NotNow(PlayerError, ValueError):
    """The job is in a state in which this cannot be asked."""


@dataclass(frozen=True)
class Job:
    """A film that becomes a reel. `id`; `name` for people; `film`: absolute path, or the place in the library
    of the computer `by`.

    `done` of `of` frames, 0 while unknown; `seconds_left`: None while unknown. `reel`: the file's name in the
    directory of reels as soon as it can be shown, at first unfinished. `error`: why it failed, in one line.
    `options`: see `options.OPTIONS`. `held`: it waits until `release`. `by`: the computer that exports it,
    or is to, empty for this one; `heard`: when somebody last said something about it, Unix seconds. `played`:
    the player was asked to show it, and is not asked again.
    """

    id: str
    name: str
    film: Path
    state: State = "waiting"
    done: int = 0
    of: int = 0
    seconds_left: float | None = None
    reel: str | None = None
    error: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    held: bool = False
    by: str = ""
    heard: float = 0.0
    played: bool = False

    @property
    def is_elsewhere(self) -> bool:
        """Whether its film lies on the computer `by`, which alone can export it."""
        return not self.film.is_absolute()

    @property
    def waits(self) -> bool:
        """Whether it waits for whoever comes first."""
        return self.state == "waiting" and not self.held and not self.by

    def is_for(self, by: str) -> bool:
        """Whether the computer `by` may export it, or does. What this machine has begun, it ends."""
        if self.state == "exporting" or self.is_elsewhere:
            return self.by == by and not self.held and self.state in ("waiting", "exporting")
        return self.waits and not self.done and self.reel is None

    @property
    def percent(self) -> float | None:
        """How much is done; None while unknown."""
        if self.state == "done":
            return 100.0
        return min(100 * self.done / self.of, 100.0) if self.of else None


class Queue:
    """The queue of the films in `folder`, the inbox: a film dropped there joins it (`exporter`), others are
    added from wherever they are. Every method may be called by any process or thread, and raises FileError
    when the folder cannot be read or written.
    """

    def __init__(self, folder: Path, wall: Callable[[], float] = time.time) -> None:
        self.folder = folder.absolute()
        self.inside = self.folder / ".queue"
        self._file, self._lock, self._wall = self.inside / "jobs.json", self.inside / "lock", wall
        self._computer = self.inside / "computer"
        self.todo = self.inside / "todo"
        """Exists while there may be work; systemd starts the exporter for it."""

    def jobs(self) -> list[Job]:
        """All jobs, in the order in which they are exported."""
        try:
            with self._file.open("rb") as file:
                data = file.read(_LONGEST + 1)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise FileError(f"{self._file}: cannot be read: {why(error)}; check its permissions") from None
        try:
            return [_job(found) for found in json.loads(data)]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise FileError(
                f"{self._file}: holds no queue of films; remove it, and add the films again"
            ) from None

    def job(self, id: str) -> Job:
        """The job with this id. NoSuchJob."""
        return _find(self.jobs(), id)

    def add(
        self, film: Path, options: Mapping[str, str] | None = None, held: bool = False, by: str = ""
    ) -> Job:
        """Add a film at the end. One that waits here already gets the new options instead. `by`: the computer
        in whose library it lies, at `film`.

        ConfigError for options; NotNow when the film is being exported, or the queue is full.
        """
        film, good = film if by else film.absolute(), checked(options or {})
        held = held or "wait" in good
        with self._changing() as jobs:
            same = (job for job in jobs if job.film == film and job.state != "done")
            there = next((job for job in same if not by or job.by == by), None)
            if there is not None:
                if there.state == "exporting":
                    raise NotNow(f"{film.name} is being exported")
                job = _waiting(there, good, held)
                jobs[jobs.index(there)] = job
                return job
            _forget(jobs)
            if len(jobs) >= MOST:
                raise NotNow(f"the queue is full: {MOST} films wait; remove some")
            job = Job(
                secrets.token_hex(4), _name(film, good), film,
                options=good, held=held, by=by, heard=self._wall(),
            )  # fmt: skip
            jobs.append(job)
            return job

    def change(self, id: str, options: Mapping[str, str]) -> Job:
        """Give a job that waits or has failed these options instead of its own; then it begins anew.

        ConfigError, NoSuchJob, NotNow.
        """
        good = checked(options)

        def change(job: Job) -> Job:
            return _waiting(job, good, "wait" in good or (job.held and "wait" not in job.options))

        return self._change(id, change, "waiting", "failed")

    def release(self, id: str) -> Job:
        """Let a held job begin, and one that has failed try again where it was. NoSuchJob, NotNow."""

        def begin(job: Job) -> Job:
            options = {name: text for name, text in job.options.items() if name != "wait"}
            return replace(_back(job), held=False, error=None, options=options)

        return self._change(id, begin, "waiting", "failed")

    def move(self, id: str, place: int) -> None:
        """Give a job another place, counted from 0 among all jobs. NoSuchJob."""
        with self._changing() as jobs:
            job = _find(jobs, id)
            jobs.remove(job)
            jobs.insert(max(place, 0), job)

    def remove(self, id: str) -> None:
        """Remove a job; its export stops soon, and what it made is deleted. So is the film, if it was sent or
        dropped here. A reel that is done stays. NoSuchJob.
        """
        with self._changing() as jobs:
            job = _find(jobs, id)
            jobs.remove(job)
            self.discard(job)

    def discard(self, job: Job) -> None:
        """Delete the job's film, if it is in the inbox. FileError."""
        if self.is_inside(job.film):
            try:
                job.film.unlink(missing_ok=True)
            except OSError as error:
                raise FileError(f"{job.film}: cannot be removed: {why(error)}") from None

    def is_inside(self, film: Path) -> bool:
        """Whether a film lies in the inbox."""
        return film.parent == self.folder

    # For whoever exports.

    def take(self) -> Job | None:
        """The job to export now on this machine: the one that was begun, else the first that waits. One that
        is new is left to another computer for a while, if one has been there lately.
        """
        with self._changing() as jobs:
            _give_up(jobs, self._wall())
            mine = [job for job in jobs if job.state == "exporting" and not job.by]
            waiting = [job for job in jobs if job.waits and not self._is_left(job)]
            if not mine and not waiting:
                return None
            return _put(jobs, replace((mine or waiting)[0], state="exporting", error=None))

    def computer_here(self) -> None:
        """A computer is there and has time."""
        with suppress(OSError):
            if not self._is_near(LATELY / 3):  # not at each of its words: cards wear out
                self.inside.mkdir(parents=True, exist_ok=True)
                self._computer.touch()
                os.utime(self._computer, (self._wall(), self._wall()))

    def _is_near(self, seconds: float) -> bool:
        try:
            return abs(self._wall() - self._computer.stat().st_mtime) < seconds
        except OSError:
            return False

    def _is_left(self, job: Job) -> bool:
        """Whether a job that waits is left to other computers."""
        return job.is_for("") and abs(self._wall() - job.heard) < GRACE and self._is_near(LATELY)

    def claim(self, id: str, by: str) -> Job:
        """Export a job on the computer `by`, where it waits for that. NoSuchJob; NotNow."""
        with self._changing() as jobs:
            _give_up(jobs, self._wall())
            job = _find(jobs, id)
            if not job.is_for(by):
                other = job.by or "the player"
                what = (
                    f"is being exported by {other}" if job.state == "exporting" else f"does not wait for {by}"
                )
                raise NotNow(f"{job.name} {what}")
            return _put(jobs, replace(job, state="exporting", by=by, heard=self._wall(), error=None))

    def report(self, id: str, **what: Any) -> Job:
        """Write down how far a job is: `done`, `of`, `seconds_left`, `reel`, `error`, `state` or `played`.

        NoSuchJob.
        """
        with self._changing() as jobs:
            job = _put(jobs, replace(_find(jobs, id), heard=self._wall(), **what))
            _forget(jobs)
            return job

    def give_up(self) -> None:
        """Jobs of other computers that have long said nothing wait again."""
        now = self._wall()
        if any(_is_given_up(job, now) for job in self.jobs()):
            with self._changing() as jobs:
                _give_up(jobs, now)

    def _change(self, id: str, change: Callable[[Job], Job], *states: State) -> Job:
        with self._changing() as jobs:
            job = _find(jobs, id)
            if job.state not in states:
                raise NotNow(f"{job.name} is {'being exported' if job.state == 'exporting' else 'done'}")
            return _put(jobs, replace(change(job), heard=self._wall()))

    @contextmanager
    def _changing(self) -> Iterator[list[Job]]:
        """The jobs; what the block leaves of them is stored, unless it raises or changes nothing."""
        make_directory(self.inside)
        with self._locked():
            jobs = self.jobs()
            before = list(jobs)
            yield jobs
            if jobs == before:
                return
            data = json.dumps([{**asdict(job), "film": str(job.film)} for job in jobs], indent=1)
            write_whole(self._file, data.encode(errors="surrogateescape") + b"\n")
            # Whoever may write to the folder may change the queue: the service, and people of its group.
            with suppress(OSError):
                self._file.chmod(0o660)
            if any(job.waits for job in jobs):
                with suppress(OSError):
                    self.todo.touch()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            lock = os.open(self._lock, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o664)
        except OSError as error:
            raise FileError(f"{self._lock}: cannot be opened: {why(error)}; check its permissions") from None
        try:
            end = time.monotonic() + _LOCK_WAIT
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    if time.monotonic() > end:
                        raise FileError(f"{self._lock}: another program holds it; try again") from None
                    time.sleep(0.02)
            yield
        finally:
            os.close(lock)


def _job(found: Mapping[str, Any]) -> Job:
    """A job from the file. Fields that are not known are left out; KeyError, TypeError, ValueError."""
    known = {name.name for name in fields(Job)}
    job = Job(**{name: value for name, value in found.items() if name in known})
    if job.state not in STATES or not isinstance(job.id, str):
        raise ValueError("no job")
    return replace(job, film=Path(job.film), options=dict(job.options))


def _find(jobs: list[Job], id: str) -> Job:
    for job in jobs:
        if job.id == id:
            return job
    raise NoSuchJob(f"there is no film {id[:20]!r} in the queue; see `player films`")


def _put(jobs: list[Job], job: Job) -> Job:
    jobs[[other.id for other in jobs].index(job.id)] = job
    return job


def _is_given_up(job: Job, now: float) -> bool:
    return job.state == "exporting" and bool(job.by) and abs(now - job.heard) > CLAIM


def _give_up(jobs: list[Job], now: float) -> None:
    for job in jobs:
        if _is_given_up(job, now):
            _put(jobs, replace(_back(job), seconds_left=None))


def _back(job: Job) -> Job:
    """The job waiting again: for the computer that has its film, else for whoever comes first."""
    if job.is_elsewhere:
        return replace(job, state="waiting")
    return replace(job, state="waiting", by="", done=0 if job.by else job.done)


def _waiting(job: Job, options: dict[str, str], held: bool) -> Job:
    """The job as if it had just been added. What was exported with other options is of no use."""
    fresh = Job(
        job.id,
        _name(job.film, options),
        job.film,
        options=options,
        held=held,
        by=job.by if job.is_elsewhere else "",
    )
    return replace(fresh, done=job.done, of=job.of, reel=job.reel) if options == job.options else fresh


def _forget(jobs: list[Job]) -> None:
    """Forget those that were done first."""
    done = [job for job in jobs if job.state == "done"]
    for job in done[: max(len(done) - DONE, 0)]:
        jobs.remove(job)


def _name(film: Path, options: Mapping[str, str]) -> str:
    text = options.get("title") or film.stem
    return "".join(letter if letter.isprintable() else "?" for letter in text)
