"""`trainer export`: a film becomes a reel.

A film is dithered in parts (`frames/parts.py`), each in closed loop: every frame sees the dither before it,
as it will really be shown. One process makes part after part in the reel itself; several workers, of one host
or of several, make them in a folder beside it, from where they are joined in film order. Either way every row
of the reel is the same. An export that was cut short goes on after the last frame of the reel and of every
part. Whatever decides a dither (the dither before it, the levels, every option) is in the reel, so the frames
that follow are the same as if it had never stopped.
"""

from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from player.reel import Reel, ReelWriter
from trainer.errors import OptionError
from trainer.export.assembling import (
    Assembly,
    Report,
    Tally,
)
from trainer.export.crew import Crew
from trainer.export.folder import Folder
from trainer.export.task import Task
from trainer.export.worker import (
    Made,
    Orders,
)
from trainer.films.film import Film
from trainer.films.parts import cell_of

__all__ = ["Share", "Summary", "Task", "export", "export_share"]


def _silent(done: int, info: object) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class Summary:
    """What an export came to: frames there are, those of them that were there before, flips per frame
    (share) of those that were added to the reel, whether there was nothing left to do.
    """

    frames: int
    there_before: int
    flips: float = 0.0
    was_complete: bool = False


@dataclass(frozen=True)
class Share:
    """Host `host` of `hosts`, from 1: the parts host - 1, host - 1 + hosts, and so on. OptionError."""

    host: int
    hosts: int

    def __post_init__(self) -> None:
        if not 1 <= self.host <= self.hosts:
            raise OptionError(f"--host {self.host}/{self.hosts}: write 1/{max(1, self.hosts)} for the first")

    def has(self, number: int) -> bool:
        """Whether that part is in the share."""
        return number % self.hosts == self.host - 1


def export(
    task: Task, reel: Path, *, overwrite: bool = False, workers: int = 1, report: Report = _silent
) -> Summary:
    """Write the task's frames, dithered, to the reel; `workers`: so many processes, or one for each part if
    those are fewer; `report` is called for each frame.

    Goes on with an interrupted export of the same task, joins parts that hosts have made (`export_share`),
    and does nothing to a complete reel. Raises OptionError, FilmError, TrainerError and
    player.reel.ReelError; a new reel that got no frame at all is not left behind.
    """
    _check(reel, workers)
    width, height = task.tones.size
    folder = Folder(reel)
    is_new = overwrite or not reel.exists()  # and not another export's that is under way
    with Film(task.film) as film:
        workers, description = _useful(workers, task, film), task.description(film)
        with ReelWriter(reel, description, width, height, overwrite=overwrite) as writer:
            if overwrite or writer.complete:
                folder.clear()
            if writer.complete:
                return Summary(writer.frames, writer.frames, was_complete=True)
            before = writer.frames
            try:
                last = writer.last_info.film_frame if writer.last_info else -1
                there_before = before + folder.check(description, last)
                tally = Tally(there_before, report)
                assembly = Assembly(task, film, writer, folder, tally)
                if workers == 1:
                    assembly.alone()
                else:
                    assembly.together(workers)
                writer.finish()
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    writer.commit()
                if writer.frames == 0 and is_new:
                    writer.close()
                    with suppress(OSError):
                        reel.unlink()
                folder.clear_if_empty()
                raise
            added = writer.frames - max(before, 1)
            flips = tally.flips / added / (width * height) if added > 0 else 0.0
    folder.clear()
    return Summary(writer.frames, there_before, flips)


def export_share(
    task: Task, reel: Path, share: Share, *, workers: int = 1, report: Report = _silent
) -> Summary:
    """Make one host's share of the parts of a reel, for `export` to join; the summary is about them alone.

    Goes on with what is there. Raises what `export` does.
    """
    _check(reel, workers)
    folder = Folder(reel)
    with Film(task.film) as film:
        workers, description = _useful(workers, task, film), task.description(film)
    if reel.exists():
        with Reel(reel) as there:
            raise OptionError(
                f"{reel} {'is complete' if there.complete else 'is begun'} already, and hosts make the parts "
                "of a new one; leave --host out to go on with it, or remove it"
            )
    folder.make()
    try:
        folder.check(description)
        done = folder.whole()
        before = folder.count(share.has)
        tally = Tally(before, report)
        numbers = (number for number in count(share.host - 1, share.hosts) if number not in done)
        with Crew(Orders.of(task, reel, workers), numbers) as crew:
            for message in crew.messages():
                if isinstance(message, Made):
                    tally.made(message.info)
    finally:
        folder.clear_if_empty()
    return Summary(tally.frames, before, was_complete=tally.frames == before)


def _check(reel: Path, workers: int) -> None:
    if reel.is_dir():
        raise OptionError(f"{reel} is a directory; name the file to write, for example film.reel")
    if workers < 1:
        raise OptionError(f"--workers {workers}: choose 1 or more")


def _useful(workers: int, task: Task, film: Film) -> int:
    """Of so many workers, those that there may be a part for."""
    expected = task.selection.estimate(film)
    return workers if expected is None else min(workers, 1 + cell_of(expected))
