"""A worker process: it passes over the film, and makes those parts on its way that no other has claimed.

It does so once, or in several threads that share an accelerator (`lanes.py`), each with a pass of its own. It
talks with the process that started it over a connection: `Wants` for the number of a part, which it is sent;
`Made` for every frame, `Finished` for every part, `Warned`, and at its end `Ended`, `Failed` (what a user can
cause, one line) or `Crashed` (an error of the program, its trace). If it is sent None it ends after the frame
that it is at, and keeps what is done. It dies with the process that started it, however that ends. Ctrl-C is
that process's business.
"""

import logging
import os
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread, get_ident

import cv2

from player.errors import PlayerError
from player.reel import FrameInfo
from trainer import cores
from trainer.errors import TrainerError
from trainer.export.folder import Folder
from trainer.export.lanes import in_lanes
from trainer.export.making import make_parts
from trainer.export.task import Task


@dataclass(frozen=True)
class Orders:
    """What every worker is told: what to make, parts of which reel, how many workers there are, and how many
    threads of each make parts.
    """

    task: Task
    reel: Path
    workers: int
    lanes: int = 1

    @classmethod
    def of(cls, task: Task, reel: Path, workers: int) -> "Orders":
        """Orders for so many workers: processes, or threads of one if their dither runs on an accelerator."""
        shared = workers > 1 and task.shares_device()
        return cls(task, reel, 1, workers) if shared else cls(task, reel, workers)


@dataclass(frozen=True)
class Wants:
    """It has no part to make."""


@dataclass(frozen=True)
class Made:
    """A frame more lies in a part."""

    info: FrameInfo


@dataclass(frozen=True)
class Finished:
    """A part is whole."""


@dataclass(frozen=True)
class Warned:
    """Something that the user should know."""

    text: str


@dataclass(frozen=True)
class Ended:
    """There is no more to do."""


@dataclass(frozen=True)
class Failed:
    """Something that a user can cause went wrong."""

    line: str


@dataclass(frozen=True)
class Crashed:
    """Something else went wrong."""

    trace: str


Message = Wants | Made | Finished | Warned | Ended | Failed | Crashed


def work(orders: Orders, connection: Connection) -> None:
    """Make parts until the film ends."""
    line = _Line(connection)
    Thread(target=line.heed, daemon=True).start()
    logging.basicConfig(handlers=[_Warnings(line)], level=logging.WARNING)
    cores.share(orders.workers * orders.lanes)
    cv2.setNumThreads(cores.usable())
    message: Message = Ended()
    try:
        task, ditherer, folder = orders.task, orders.task.ditherer(), Folder(orders.reel)
        in_lanes(
            lambda: make_parts(
                task, ditherer, folder, line.ask, made=line.tell_of_frame, finished=line.tell_of_part
            ),
            orders.lanes,
            line.stop,
        )
    except (TrainerError, PlayerError) as error:
        message = Failed(str(error))
    except KeyboardInterrupt:
        pass
    except Exception:
        message = Crashed(traceback.format_exc())
    line.say(message)


class _Line:
    """The way to and from the process that started this one; any thread may use it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._speaking = Lock()
        self._numbers: SimpleQueue[int | None] = SimpleQueue()
        self._with_frames: set[int] = set()  # threads that have frames which are not stored yet
        self._stopped = Event()

    def say(self, message: Message) -> None:
        """Send a message."""
        with self._speaking:
            self._connection.send(message)

    def ask(self) -> int | None:
        """The number of the next part to make, None where there is none."""
        self.say(Wants())
        number = self._numbers.get()
        if number is None:
            self._numbers.put(None)  # for other threads
        return number

    def tell_of_frame(self, info: FrameInfo) -> None:
        """Tell of a frame that was made; after it is the time to stop."""
        self._with_frames.add(get_ident())
        self.say(Made(info))
        if self._stopped.is_set():
            raise KeyboardInterrupt

    def tell_of_part(self) -> None:
        """Tell of a part that is whole."""
        self._with_frames.discard(get_ident())
        self.say(Finished())

    def stop(self) -> None:
        """Have every thread end after the frame that it is at."""
        self._stopped.set()
        self._numbers.put(None)

    def heed(self) -> None:
        """Pass on the numbers that are sent, stop when told to, and die when there is nobody left to tell."""
        while True:
            try:
                number = self._connection.recv()
            except (EOFError, OSError):
                os._exit(1)
            if number is not None:
                self._numbers.put(number)
                continue
            self.stop()
            if not self._with_frames:  # all may be on a long way to their next parts
                os._exit(0)


class _Warnings(logging.Handler):
    """Warnings go to the process that started this one, which tells the user of each once."""

    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line = line

    def emit(self, record: logging.LogRecord) -> None:
        self._line.say(Warned(record.getMessage()))
