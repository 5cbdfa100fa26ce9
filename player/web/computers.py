"""Computers of the house that export films for the player (`trainer serve`): what they have, take and tell.

A computer says every few seconds that it is there, and which films it has. It is given the jobs that it may
take: those of its own films that somebody asked for. Its reel comes by the upload, like every other.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from player.config.settings import Config
from player.films.queue import Job, Queue
from player.panel import known_size
from player.web.exchange import Field, Problem, check_fields, read_json
from player.web.uploads import queue_problems

if TYPE_CHECKING:
    from bottle import Bottle, HTTPResponse

MOST = 8  # computers
MOST_FILMS, LONGEST_FILM = 2000, 300
"""Films of a computer, and characters of a film's place in its library."""
SILENT = 120.0  # seconds after which a computer is no longer there
USUAL_SIZE = 1448, 1072

COMPUTER = Field("by", "string", "a name of a computer: A-Z a-z 0-9 . _ -", pattern=r"^[A-Za-z0-9._-]{1,40}$")
REPORT = (
    COMPUTER,
    Field("done", "integer", optional=True),
    Field("of", "integer", optional=True),
    Field("seconds_left", "integer", optional=True),
    Field("error", "string", longest=400, optional=True),
    Field("reel", "string", longest=100, optional=True),
)
"""What a computer tells of a job: an error means that it failed, a reel (its name) that it is done."""


@dataclass(frozen=True)
class Computer:
    """`films`: places in its library. `at`: when it was heard, monotonic seconds."""

    films: tuple[str, ...]
    at: float


class Computers:
    """Those that are there now. Thread-safe. `clock`: monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._known: dict[str, Computer] = {}

    def hear(self, name: str, films: list[str]) -> None:
        """A computer is there, with these films. Problem when too many are."""
        with self._lock:
            self._forget()
            if name not in self._known and len(self._known) >= MOST:
                raise Problem(409, f"{MOST} computers are enough")
            self._known[name] = Computer(tuple(films), self._clock())

    def all(self) -> dict[str, Computer]:
        """By name."""
        with self._lock:
            self._forget()
            return dict(sorted(self._known.items()))

    def silent(self, computer: Computer) -> int:
        """Seconds since it was heard."""
        return max(int(self._clock() - computer.at), 0)

    def _forget(self) -> None:
        end = self._clock() - SILENT
        self._known = {name: one for name, one in self._known.items() if one.at >= end}


def mount(
    app: "Bottle",
    computers: Computers,
    queue: Queue | None,
    config: Config,
    answer: "Callable[[dict[str, Any]], HTTPResponse]",
    told: Callable[[Job], dict[str, Any]],
) -> None:
    """Add the routes to the application. `told`: a job for JSON."""
    from bottle import request  # not at the top: a player without the page has no bottle

    def the_queue() -> Queue:
        if queue is None:
            raise Problem(409, "films need a directory: set inbox in the configuration")
        return queue

    @app.get("/api/computers")
    def list_computers() -> "HTTPResponse":
        return answer(
            {
                "computers": [
                    {"name": name, "films": list(one.films), "seconds": computers.silent(one)}
                    for name, one in computers.all().items()
                ]
            }
        )

    @app.post("/api/computers")
    def here() -> "HTTPResponse":
        given = read_json(request.environ)
        films = given.pop("films", None)
        check_fields(given, (COMPUTER,))
        if not isinstance(films, list) or len(films) > MOST_FILMS or not all(map(_is_place, films)):
            raise Problem(422, f"films must be at most {MOST_FILMS} places of films in a library")
        computers.hear(given["by"], films)
        with queue_problems():
            jobs = [] if queue is None else queue.jobs()
        mine = [job for job in jobs if job.by == given["by"] and job.state in ("waiting", "exporting")]
        size = known_size(config) or USUAL_SIZE
        return answer({"size": list(size), "jobs": [_wanted(job) for job in mine if not job.held]})

    @app.post("/api/computers/want")
    def want() -> "HTTPResponse":
        given = read_json(request.environ)
        options, film = given.pop("options", {}), given.pop("film", None)
        check_fields(given, (COMPUTER,))
        computer = computers.all().get(given["by"])
        if computer is None or film not in computer.films:
            raise Problem(404, "no computer that is there now has this film")
        if not isinstance(options, dict) or not all(isinstance(text, str) for text in options.values()):
            raise Problem(422, "options must be an object of texts")
        with queue_problems():
            return answer(told(the_queue().add(Path(film), options, by=given["by"])))

    @app.post("/api/jobs/<id>/claim")
    def claim(id: str) -> "HTTPResponse":
        given = read_json(request.environ)
        check_fields(given, (COMPUTER,))
        with queue_problems():
            return answer(told(the_queue().claim(id, given["by"])))

    @app.post("/api/jobs/<id>/report")
    def report(id: str) -> "HTTPResponse":
        given = read_json(request.environ)
        check_fields(given, REPORT)
        by = given.pop("by")
        with queue_problems():
            job = the_queue().job(id)
            if job.by != by or job.state != "exporting":
                raise Problem(409, f"{job.name} is not exported by {by}")
            if "error" in given:
                given |= {"state": "failed", "error": " ".join(given["error"].split())}
            elif "reel" in given:
                given |= {"state": "done", "seconds_left": 0}
            return answer(told(the_queue().report(id, **given)))


def _is_place(film: Any) -> bool:
    """Whether this is a place in a library: relative, and nowhere above it."""
    if not isinstance(film, str) or not 0 < len(film) <= LONGEST_FILM or not film.isprintable():
        return False
    path = PurePosixPath(film)
    return not path.is_absolute() and ".." not in path.parts


def _wanted(job: Job) -> dict[str, Any]:
    return {"id": job.id, "film": job.film.as_posix(), "state": job.state, "options": dict(job.options)}
