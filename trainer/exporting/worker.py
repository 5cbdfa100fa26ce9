"""A worker process: it passes over the film once, and makes those parts on its way that no other has claimed.

It talks with the process that started it over a connection: `Wants` for the number of a part, which it is
sent; `Made` for every frame, `Finished` for every part, `Warned`, and at its end `Ended`, `Failed` (what a
user can cause, one line) or `Crashed` (an error of the program, its trace). If it is sent None it stops as by
Ctrl-C, and keeps what is done. It dies with the process that started it, however that ends. Ctrl-C itself is
that process's business.
"""

import _thread
import logging
import os
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import cv2

from player.errors import PlayerError
from player.reel import FrameInfo, ReelWriter
from trainer import cores
from trainer.dithers import Ditherer
from trainer.errors import TrainerError
from trainer.exporting.folder import Folder, part_description
from trainer.exporting.making import make
from trainer.exporting.task import Task
from trainer.films import Film
from trainer.walk import Walk


@dataclass(frozen=True)
class Orders:
    """What every worker is told: what to make, parts of which reel, how many workers there are."""

    task: Task
    reel: Path
    workers: int


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

    number: int


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
    numbers: SimpleQueue[int | None] = SimpleQueue()
    Thread(target=_heed, args=(connection, numbers), daemon=True).start()
    logging.basicConfig(handlers=[_Sender(connection)], level=logging.WARNING)
    cores.share(orders.workers)
    cv2.setNumThreads(cores.usable())
    message: Message = Ended()
    try:
        _make_parts(orders, numbers, connection.send)
    except (TrainerError, PlayerError) as error:
        message = Failed(str(error))
    except KeyboardInterrupt:
        pass
    except Exception:
        message = Crashed(traceback.format_exc())
    connection.send(message)


def _make_parts(orders: Orders, numbers: "SimpleQueue[int | None]", send: Callable[[Message], None]) -> None:
    folder, task = Folder(orders.reel), orders.task
    ditherer = task.ditherer()
    with Film(task.film) as film, closing(Walk(task.selection, film, task.tones)) as walk:
        description = task.description(film)
        while walk.following is not None:
            send(Wants())
            number = numbers.get()
            if number is None:
                return
            if _make_part(task, part_description(description, number), number, folder, walk, ditherer, send):
                folder.finish(number, walk.following)
                send(Finished(number))


def _make_part(
    task: Task,
    description: dict[str, str],
    number: int,
    folder: Folder,
    walk: Walk,
    ditherer: Ditherer,
    send: Callable[[Message], None],
) -> bool:
    """Make what is missing of a part; whether there is such a part."""
    after = folder.newest(number)
    if after is None and not walk.find(number):
        return False
    path, (width, height) = folder.unfinished(number), task.tones.size
    with ReelWriter(path, description, width, height, alone=True) as writer:
        make(writer, walk.part(after), ditherer, lambda info: send(Made(info)))
        writer.finish()
    return True


def _heed(connection: Connection, numbers: "SimpleQueue[int | None]") -> None:
    """Pass on the numbers that are sent, stop when told to, and die when there is nobody left to tell."""
    while True:
        try:
            number = connection.recv()
        except (EOFError, OSError):
            os._exit(1)
        numbers.put(number)
        if number is None:
            _thread.interrupt_main()


class _Sender(logging.Handler):
    """Warnings go to the process that started this one, which tells the user of each once."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    def emit(self, record: logging.LogRecord) -> None:
        self._connection.send(Warned(record.getMessage()))
