"""A reel is put together: alone, or with workers that make its parts at the same time."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import count

from player.reel import FrameInfo, ReelWriter
from trainer.errors import TrainerError
from trainer.export.crew import Crew
from trainer.export.folder import Folder
from trainer.export.joining import Joiner
from trainer.export.making import make
from trainer.export.task import Task
from trainer.export.worker import (
    Finished,
    Made,
    Orders,
)
from trainer.films.film import Film
from trainer.films.walk import Walk

Report = Callable[[int, FrameInfo], None]
"""Called for every frame that is made, with how many there are by now and what its reel says of it."""


@dataclass
class Tally:
    """How many frames there are, made now or before, in the reel or in parts, and the flips in the reel."""

    frames: int
    report: Report
    flips: int = 0

    def made(self, info: FrameInfo) -> None:
        """Count a frame that was made."""
        self.frames += 1
        self.report(self.frames, info)

    def added(self, info: FrameInfo) -> None:
        """Count the flips of a frame that came into the reel."""
        self.flips += info.flips


class Assembly:
    """The reel of a task, whose `writer` is open, and the folder with its parts. OptionError, FilmError,
    TrainerError and ReelError; what is done is kept.
    """

    def __init__(self, task: Task, film: Film, writer: ReelWriter, folder: Folder, tally: Tally) -> None:
        self._task, self._film, self._writer, self._folder = task, film, writer, folder
        self._tally = tally
        self._joiner = Joiner(writer, folder, tally.added)

    def alone(self) -> None:
        """Make and join all that is missing, in this process."""
        self._make_while(lambda: True)

    def together(self, workers: int) -> None:
        """Have workers make what is missing, and join it as it comes.

        The part that the reel was left in by a process alone, which cannot be shared, is made here first.
        """
        if self._joiner.within:
            self._make_while(lambda: self._joiner.within)
        self._joiner.join()
        if self._joiner.following is None:
            return
        self._folder.make()
        done = self._folder.whole()
        numbers = (number for number in count(self._joiner.following) if number not in done)
        with Crew(Orders.of(self._task, self._writer.path, workers), numbers) as crew:
            for message in crew.messages():
                if isinstance(message, Made):
                    self._tally.made(message.info)
                elif isinstance(message, Finished):
                    self._joiner.join(meanwhile=crew.listen)
                    if self._joiner.following is None:
                        return
        if self._writer.frames:
            raise self._lost()

    def _make_while(self, goes_on: Callable[[], bool]) -> None:
        """Make part after part in the reel itself, but for those that only need to be joined."""
        ditherer, joiner = self._task.ditherer(), self._joiner
        with closing(Walk(self._task.selection, self._film, self._task.tones)) as walk:
            while goes_on():
                joiner.join(unfinished=True)
                after = None
                if joiner.within:
                    assert self._writer.last_info is not None
                    after = self._writer.last_info.film_frame
                elif joiner.following is None:
                    return
                elif not walk.find(joiner.following):
                    if self._writer.frames:
                        raise self._lost()
                    return  # every frame of the film is black and left out
                make(self._writer, walk.part(after), ditherer, self._made)
                joiner.made(walk.following)

    def _made(self, info: FrameInfo) -> None:
        """A frame was made in the reel itself."""
        self._tally.added(info)
        self._tally.made(info)

    def _lost(self) -> TrainerError:
        return TrainerError(
            f"part {self._joiner.following} is not found in the film; has the film changed? Export it with "
            "--overwrite"
        )
