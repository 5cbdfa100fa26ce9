"""What the routes work with: the player's board and inbox, the library, uploads, and films on their way."""

import itertools
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from player.config.settings import DEFAULTS, KEYS, Config
from player.films.options import OPTIONS, usual
from player.films.orders import Answer, Orders, State, preview_name
from player.films.queue import Job, Queue
from player.panel import USUAL_SIZE, known_size
from player.playback.requests import Inbox, Kind, Request
from player.playback.status import StatusBoard
from player.service.process import LogTail
from player.web.calibration import Calibration
from player.web.computers import Computers
from player.web.exchange import Problem, retry_after
from player.web.guard import Bucket, Guard
from player.web.images import Pictures
from player.web.library import Library, Listed
from player.web.uploads import Uploads, free_bytes, queue_problems

Settable = Callable[[], Mapping[str, str | None]]
"""The settings that can be changed at run time; each with None, or with the reason why not now."""


class Remote:
    """Everything the routes work with. `films`: the directory for uploads, None when none is set; `urls`:
    where the page is found now; `clock`: monotonic seconds; `wall`: Unix seconds; `sleep` takes seconds;
    `free` tells the bytes free in a directory; `profile`: where that of the panel is kept.
    """

    def __init__(
        self,
        config: Config,
        board: StatusBoard,
        inbox: Inbox,
        settable: Settable,
        films: Path | None,
        log_tail: LogTail,
        guard: Guard,
        log: Callable[[str], None],
        urls: Callable[[], list[str]],
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        free: Callable[[Path], int] = free_bytes,
        profile: Path | None = None,
    ) -> None:
        self.board, self.inbox, self.settable, self.log_tail = board, inbox, settable, log_tail
        self.guard, self.urls, self.wall, self.sleep, self.free = guard, urls, wall, sleep, free
        self.config = config
        self.pace = Bucket(20, 5.0, clock)
        # A page outlives the player, whose numbers begin anew: so they begin at the time of its start.
        self._numbers = itertools.count(max(board.latest().snapshot.handled, int(wall() * 1000)) + 1)
        self.pictures, self.library = Pictures(board, profile), Library(board, films)
        limit, keep = int(config.upload_limit * 1e6), int(config.free_space * 1e6)
        self.queue = None if config.inbox is None else Queue(Path(config.inbox))
        self.uploads = Uploads(films, limit, keep, self._panel_size, clock, free, log, self.queue)
        queue = None if films is None else self.queue
        self.profile = profile
        self.computers = Computers(
            self.queue, films, self._made_for, profile, self._options, self.preview, clock
        )
        self.calibration = Calibration(queue, profile, self._panel_size, keep, clock, free, log)

    def post(self, kind: Kind, value: Any) -> int:
        """Post a request; returns its number, which the status names when it was carried out. Problem when
        there are too many.
        """
        if not self.pace.take():
            raise Problem(429, "too much at once; wait a moment", retry_after(self.pace.wait()))
        number = next(self._numbers)
        self.inbox.post(Request(kind, value, number))
        return number

    def status(self) -> dict[str, Any]:
        """What the player shows and does, for JSON."""
        snapshot = self.board.latest().snapshot
        picture = self.pictures.panel()
        shelf, undo = snapshot.shelf, snapshot.shelf.undo
        told = {name: value for name, value in vars(snapshot).items() if name != "shelf"}
        return {
            **told,
            "queue": list(shelf.queue),
            "undo": None if undo is None else {"reel": undo.reel, "frame": undo.frame},
            "playlist": list(snapshot.playlist),
            "settings": dict(snapshot.settings),
            "name": None if snapshot.reel is None else Path(snapshot.reel).name,
            "picture": None if picture is None else picture.tag,
            "now": self.wall(),
            "version": _version(),
        }

    def place(self, reel: Listed) -> int:
        """The frame of a reel that comes next when it is shown."""
        snapshot = self.board.latest().snapshot
        if reel.path == snapshot.reel:
            return max(snapshot.frames - snapshot.left, 0)
        created, frame = snapshot.shelf.places.get(reel.path, ("", 0))
        return frame if created == reel.created else 0

    def arranged(self) -> list[Listed]:
        """The library: first what is on, then the queue, then the others in their order."""
        snapshot = self.board.latest().snapshot
        first = [snapshot.reel, *snapshot.shelf.queue]
        return sorted(
            self.library.all(), key=lambda reel: first.index(reel.path) if reel.path in first else len(first)
        )

    def told(self, reel: Listed) -> dict[str, Any]:
        """A reel of the library, for JSON."""
        left_out = ("tag", "created", "chapters")
        told = {name: value for name, value in vars(reel).items() if name not in left_out}
        shown = reel.path == self.board.latest().snapshot.reel
        return {**told, "shown": shown, "place": self.place(reel), "deletable": self.library.is_own(reel)}

    def settings(self) -> list[dict[str, Any]]:
        """Every setting that can be changed here: its meaning, range, value and default, and `pinned`: why it
        cannot be changed now, None when it can.
        """
        values, described = self.board.latest().snapshot.settings, []
        for name, pinned in self.settable().items():
            key = KEYS[name]
            described.append(
                {
                    "key": name,
                    **{part: getattr(key, part) for part in ("help", "kind", "unit", "low", "high")},
                    "choices": list(key.choices),
                    "range": key.range(),
                    "value": values.get(name),
                    "default": DEFAULTS[name],
                    "pinned": pinned,
                }
            )
        return described

    def jobs(self) -> list[Job]:
        """The films that are to become reels, in order; none without a queue. Problem."""
        if self.queue is None:
            return []
        with queue_problems():
            return self.queue.jobs()

    def job(self, id: str) -> Job:
        """The film with this id. Problem."""
        with queue_problems():
            return self._queue.job(id)

    def playable_jobs(self) -> int:
        """How many of them can be shown already: another number, another library."""
        return sum(job.reel is not None for job in self.jobs())

    def move_job(self, id: str, place: int) -> None:
        """Give a film another place, from 0, among those that are to become reels. Problem, as below."""
        with queue_problems():
            self._queue.move(id, place)

    def change_job(self, id: str, options: Mapping[str, str]) -> Job:
        """Give a film that waits, or has failed, other options."""
        with queue_problems():
            return self._queue.change(id, options)

    def again_job(self, id: str) -> Job:
        """Try a film again that has failed, or let one begin."""
        with queue_problems():
            return self._queue.release(id)

    def remove_job(self, id: str) -> None:
        """Stop, and remove the film if it was sent here."""
        with queue_problems():
            self._queue.remove(id)

    def preview(self, job: Job) -> tuple[str, State]:
        """The name of the preview of a film with its options, and how far it is."""
        if self.queue is None:
            return "", "none"
        film = (job.by, str(job.film)) if job.is_elsewhere else _stamp(job.film)
        name = preview_name(film, _stamp(self.profile), sorted(self._options(job).items()))
        return name, Orders(self.queue).state(name)

    def order_preview(self, id: str) -> None:
        """Ask for a preview of a film that waits."""
        with queue_problems():
            job = self._queue.job(id)
            if job.state in ("exporting", "done"):
                raise Problem(409, "there are previews only of films that wait")
            name, state = self.preview(job)
            if state == "none" or (isinstance(state, Answer) and state.error):
                by = {"by": job.by} if job.is_elsewhere else {}
                Orders(self._queue).ask(name, {"job": id, "options": self._options(job), **by})

    def preview_picture(self, name: str) -> bytes:
        """The PNG of a preview. Problem where there is none."""
        try:
            return Orders(self._queue).path(name, ".png").read_bytes()
        except OSError:
            raise Problem(404, "this preview is not there any more") from None

    def _options(self, job: Job) -> dict[str, str]:
        """The options that decide how its reel looks: of the settings, and its own."""
        settings = self.board.latest().snapshot.settings
        by_settings = usual(str(settings.get("dial") or ""), str(settings.get("flashes") or "usual"))
        looks = {name: text for name, text in job.options.items() if not OPTIONS[name].for_player}
        return {**by_settings, **looks}

    @property
    def _queue(self) -> Queue:
        if self.queue is None:
            raise Problem(404, "this film does not wait any more")
        return self.queue

    def space(self) -> int | None:
        """Bytes that can be sent until the disk of the films is full; None while there is no such disk."""
        if self.uploads.films is None:
            return None
        try:
            return max(self.free(self.uploads.films) - self.uploads.keep, 0)
        except OSError:
            return None

    def _made_for(self) -> tuple[int, int]:
        """The size of the panel that reels are made for."""
        return known_size(self.config) or self._panel_size() or USUAL_SIZE

    def _panel_size(self) -> tuple[int, int] | None:
        dither = self.board.latest().dither
        return None if dither is None else (dither.shape[1], dither.shape[0])


def _stamp(path: Path | None) -> tuple[object, ...]:
    """What changes with a file."""
    try:
        status = path.stat() if path is not None else None
    except OSError:
        status = None
    return (str(path),) if status is None else (str(path), status.st_size, status.st_mtime_ns)


def _version() -> str:
    try:
        return version("longtake")
    except PackageNotFoundError:  # run from a source tree that was not installed
        return "unknown"
