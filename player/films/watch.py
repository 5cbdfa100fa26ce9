"""What of the queue's films the running player shows, and when: as soon as a first stretch is done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from player.errors import PlayerError
from player.films.queue import Queue
from player.playback.requests import Inbox, Kind, Request
from player.playback.status import StatusBoard
from player.service.process import repeating

LOOK = 5.0  # seconds from look to look


class Watch:
    """Asks the player once for each reel that can be shown: to show it now, where its job says so, else after
    what plays and waits. While nothing plays the player finds it by itself, and is asked for the others.
    """

    def __init__(
        self,
        queue: Queue,
        films: Path,
        board: StatusBoard,
        post: Callable[[Request], None],
        log: Callable[[str], None],
    ) -> None:
        self._queue, self._films, self._board, self._post, self._log = (
            queue,
            films.absolute(),
            board,
            post,
            log,
        )
        self._problem = ""

    def look(self) -> None:
        """Look at the queue once. What fails is said in the log, once."""
        try:
            self._queue.give_up()
            for job in self._queue.jobs():
                if job.reel is None or job.played:
                    continue
                reel, playing = self._films / job.reel, self._board.latest().snapshot.reel
                if not reel.exists() or playing is None:
                    continue
                self._queue.report(job.id, played=True)
                if playing != str(reel):
                    self._post(Request(Kind.CHOOSE if job.options.get("play") == "now" else Kind.QUEUE, reel))
            self._problem = ""
        except PlayerError as error:
            if str(error) != self._problem:
                self._problem = str(error)
                self._log(f"films: {error}")


@contextmanager
def watching(
    folder: Path, films: Path, board: StatusBoard, inbox: Inbox, log: Callable[[str], None]
) -> Iterator[None]:
    """Watch the queue in `folder` in a daemon thread."""
    with repeating(Watch(Queue(folder), films, board, inbox.post, log).look, LOOK, "films"):
        yield
