"""Frames are dithered into a reel, and parts of a film each into one of its own.

Three stages overlap, the first two in threads of their own: decode and tone; dither; compress and write.
"""

from collections.abc import Callable, Generator
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from player.reel import FrameInfo, ReelWriter
from trainer.dithers.ditherer import Ditherer
from trainer.export.folder import (
    Folder,
    part_description,
)
from trainer.export.task import Task
from trainer.films.decoder import ahead
from trainer.films.film import Film
from trainer.films.walk import (
    Selected,
    Walk,
)


def make(
    writer: ReelWriter,
    frames: Generator[Selected, None, None],
    ditherer: Ditherer,
    report: Callable[[FrameInfo], None],
) -> None:
    """Dither the frames in closed loop after the last dither of the reel, and add them.

    Stopped by Ctrl-C it stores every frame that is done.
    """
    try:
        with closing(ahead(_dithered(ahead(frames), ditherer, writer.last))) as dithered:
            for frame, shown in dithered:
                report(writer.append(shown, frame.time_ms, frame.number, frame.cut))
    except KeyboardInterrupt:
        writer.commit()
        raise


def make_parts(
    task: Task,
    ditherer: Ditherer,
    folder: Folder,
    claim: Callable[[], int | None],
    *,
    made: Callable[[FrameInfo], None] = lambda info: None,
    finished: Callable[[], None] = lambda: None,
) -> None:
    """Make the parts whose numbers `claim` gives, ever higher ones, in one pass over the film: until it gives
    None or the film ends. `made` is called for each frame, `finished` for each part.

    `ditherer` is the task's. A part that was begun before goes on. OptionError, FilmError, TrainerError,
    ReelError.
    """
    with Film(task.film) as film, closing(Walk(task.selection, film, task.tones)) as walk:
        description, (width, height) = task.description(film), task.tones.size
        while walk.following is not None and (number := claim()) is not None:
            after = folder.newest(number)
            if after is None and not walk.find(number):
                continue
            own, path = part_description(description, number), folder.unfinished(number)
            with ReelWriter(path, own, width, height, alone=True) as writer:
                make(writer, walk.part(after), ditherer, made)
                writer.finish()
            folder.finish(number, walk.following)
            finished()


def _dithered(
    selected: Generator[Selected, None, None], ditherer: Ditherer, shown: NDArray[np.uint8] | None
) -> Generator[tuple[Selected, NDArray[np.uint8]], None, None]:
    """Each frame with its dither, the one before it being what is shown."""
    with closing(selected):
        for frame in selected:
            shown = frame.dithered(ditherer, shown)
            yield frame, shown
