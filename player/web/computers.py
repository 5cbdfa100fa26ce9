"""Computers of the house that export films for the player (`trainer serve`): what they have, take and tell.

A computer that has nothing to do says every few seconds that it is there, and which films it has. It is
given the jobs that it may take: those of its own films that somebody asked for, and films that were sent
here, which it reads in pieces. Its reel comes by the upload, like every other. Of its own films it makes the
previews, too, and sends them.
"""

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from player.errors import FileError, PlayerError, ReelError
from player.files import write_whole
from player.films.kinds import kind_of
from player.films.options import OPTIONS
from player.films.orders import Answer, Orders, State
from player.films.queue import Job, Queue
from player.profile import read_profile
from player.reel import Reel
from player.web.exchange import Field, Problem
from player.web.uploads import PIECE, REEL_NAME, queue_problems

MOST = 8  # computers
MOST_FILMS, LONGEST_FILM = 2000, 300
"""Films of a computer, and characters of a film's place in its library."""
MOST_SENT = 20  # films sent here that a computer is told of at once
LARGEST_PREVIEW = 1 << 20  # bytes
SILENT = 120.0  # seconds after which a computer is no longer there

COMPUTER = Field("by", "string", "a name of a computer: A-Z a-z 0-9 . _ -", pattern=r"^[A-Za-z0-9._-]{1,40}$")
WHY_NOT = Field("error", "string", "why not, in 1 to 400 characters", pattern=r"^\S.*$", longest=400)
REPORT = (
    COMPUTER,
    Field("done", "integer", optional=True),
    Field("of", "integer", optional=True),
    Field("seconds_left", "integer", optional=True),
    Field("error", "string", longest=400, optional=True),
    replace(REEL_NAME, name="reel", optional=True),
)
"""What a computer tells of a job: an error means that it failed, a reel (its name) that it is done."""


@dataclass(frozen=True)
class Computer:
    """`films`: places in its library. `at`: when it was heard, monotonic seconds."""

    films: tuple[str, ...]
    at: float


class Computers:
    """Those that are there now. `films`: the directory of reels; `size`: (width, height) of the panel;
    `profile`: where what was measured of it is kept; `options` tells those that decide how a job's reel
    looks, `preview` the name of its preview, and how far that is. `clock`: monotonic seconds. Thread-safe;
    raises Problem.
    """

    def __init__(
        self,
        queue: Queue | None,
        films: Path | None,
        size: Callable[[], tuple[int, int]],
        profile: Path | None,
        options: Callable[[Job], Mapping[str, str]],
        preview: Callable[[Job], tuple[str, State]],
        clock: Callable[[], float],
    ) -> None:
        self._queue, self._films, self._size, self._profile = queue, films, size, profile
        self._options, self._preview = options, preview
        self._clock, self._lock = clock, threading.Lock()
        self._known: dict[str, Computer] = {}

    def all(self) -> dict[str, Computer]:
        """By name."""
        with self._lock:
            self._forget()
            return dict(sorted(self._known.items()))

    def silent(self, computer: Computer) -> int:
        """Seconds since it was heard."""
        return max(int(self._clock() - computer.at), 0)

    def here(self, name: str, films: Any) -> dict[str, Any]:
        """A computer is there, with these films, and has time; what it may do, for JSON."""
        if not isinstance(films, list) or len(films) > MOST_FILMS or not all(map(_is_place, films)):
            raise Problem(422, f"films must be at most {MOST_FILMS} places of films in a library")
        with self._lock:
            self._forget()
            if name not in self._known and len(self._known) >= MOST:
                raise Problem(409, f"{MOST} computers are enough")
            self._known[name] = Computer(tuple(films), self._clock())
        jobs: list[Job] = []
        if self._queue is not None:
            with queue_problems():
                self._queue.computer_here()
                jobs = [job for job in self._queue.jobs() if job.is_for(name)]
        sent = [(job, size) for job in jobs if not job.is_elsewhere and (size := _size(job.film))]
        return {
            "size": list(self._size()),
            "panel": self._panel(),
            "jobs": [self._told(job, film=job.film.as_posix()) for job in jobs if job.is_elsewhere],
            "sent": [self._told(job, film=job.film.name, bytes=size) for job, size in sent[:MOST_SENT]],
        }

    def want(self, name: str, film: Any, options: Mapping[str, str]) -> Job:
        """Have a computer export a film of its own."""
        computer = self.all().get(name)
        if computer is None or film not in computer.films:
            raise Problem(404, "no computer that is there now has this film")
        with queue_problems():
            return self._the_queue().add(Path(film), options, by=name)

    def claim(self, id: str, name: str) -> Job:
        """A computer takes a job."""
        self._hear(name)
        with queue_problems():
            return self._the_queue().claim(id, name)

    def report(self, id: str, given: dict[str, Any]) -> Job:
        """A computer tells how far a job is: values of REPORT."""
        name = given.pop("by")
        self._hear(name)
        queue = self._the_queue()
        with queue_problems():
            job = queue.job(id)
            if job.by != name or job.state != "exporting":
                raise Problem(409, f"{job.name} is not exported by {name}")
            if "error" in given:
                given |= {"state": "failed", "error": " ".join(given["error"].split())}
            elif "reel" in given:
                frames = self._frames(given["reel"])
                given |= {"state": "done", "done": frames, "of": frames, "seconds_left": 0.0}
            job = queue.report(id, **given)
            if job.state == "done":
                queue.discard(job)
            return job

    def piece(self, id: str, offset: int, length: int) -> tuple[bytes, int]:
        """At most so many bytes of the film of a job, no more than PIECE, and the size of the film."""
        with queue_problems():
            job = self._the_queue().job(id)
        if job.is_elsewhere or not _size(job.film):
            raise Problem(404, f"the film of {job.name} is not here")
        try:
            with job.film.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(offset)
                data = file.read(min(length, PIECE)) if offset < size else b""
        except OSError as error:
            raise Problem(404, f"{job.film.name} cannot be read: {error.strerror}") from None
        if not data:
            raise Problem(416, f"the film has {size} bytes", {"Content-Range": f"bytes */{size}"})
        return data, size

    def previews(self, name: str) -> dict[str, Any]:
        """The previews that are wanted of films of this computer, for JSON."""
        self._hear(name)
        asked: dict[str, Job] = {}
        if self._queue is not None:
            with queue_problems():
                jobs = [job for job in self._queue.jobs() if job.is_elsewhere and job.by == name]
                named = {self._preview(job)[0]: job for job in jobs if job.state in ("waiting", "failed")}
                asked = {one: named[one] for one in Orders(self._queue).of_computer(name, named)}
        wanted = [
            {"name": one, "film": job.film.as_posix(), "options": dict(self._options(job))}
            for one, job in asked.items()
        ]
        return {"size": list(self._size()), "panel": self._panel(), "previews": wanted}

    def previewed(self, preview: str, png: bytes = b"", error: str = "") -> None:
        """A computer has made a preview, a PNG, or says why there is none."""
        orders = Orders(self._the_queue())
        if orders.state(preview) != "asked":
            raise Problem(404, "nobody waits for this preview any more")
        if not error and not png.startswith(b"\x89PNG\r\n\x1a\n"):
            raise Problem(422, "a preview must be a PNG")
        with queue_problems():
            if not error:
                write_whole(orders.path(preview, ".png"), png)
            orders.answer(preview, Answer(" ".join(error.split())))

    def _told(self, job: Job, **more: Any) -> dict[str, Any]:
        # A film that was sent becomes what the page says; of its own the computer makes the best that it can.
        usual = {} if job.is_elsewhere else {"dither": OPTIONS["dither"].choices[0]}
        return {"id": job.id, "state": job.state, "options": {**usual, **self._options(job)}, **more}

    def _panel(self) -> str:
        """The panel's profile in TOML, empty where there is none of this size."""
        if self._profile is not None and self._profile.exists():
            with suppress(PlayerError):
                profile = read_profile(self._profile)
                return profile.as_toml() if profile.size == self._size() else ""
        return ""

    def _frames(self, name: str) -> int:
        """The frames of a reel that was sent; Problem unless it is there and whole."""
        try:
            if self._films is None:
                raise Problem(409, "reels need a directory: set films in the configuration")
            with Reel(self._films / name) as reel:
                if reel.complete:
                    return reel.frames
        except ReelError:
            pass
        raise Problem(409, f"{name} has not come; send it first")

    def _the_queue(self) -> Queue:
        if self._queue is None:
            raise Problem(409, "films need a directory: set inbox in the configuration")
        return self._queue

    def _hear(self, name: str) -> None:
        """A computer has said something, and so it is there."""
        with self._lock:
            if name in self._known:
                self._known[name] = replace(self._known[name], at=self._clock())

    def _forget(self) -> None:
        end = self._clock() - SILENT
        self._known = {name: one for name, one in self._known.items() if one.at >= end}


def _is_place(film: Any) -> bool:
    """Whether this is a place in a library: relative, and nowhere above it."""
    if not isinstance(film, str) or not 0 < len(film) <= LONGEST_FILM or not film.isprintable():
        return False
    path = PurePosixPath(film)
    return not path.is_absolute() and ".." not in path.parts


def _size(film: Path) -> int:
    """The bytes of a film that can be read here; 0 for any other file."""
    with suppress(OSError, FileError):
        if kind_of(film) == "film":
            return film.stat().st_size
    return 0
