"""`trainer export`: a film becomes a reel.

The film is decoded once, in order, and cut into stretches (`films/stretches.py`). Each is dithered on its
own, here or by a worker. They join the reel in film order, each in one transaction. So the rows do not depend
on the workers, a reel that is still being made holds whole stretches, and an export that was killed goes on
after the last of them.
"""

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from player.reel import FrameInfo, Reel, ReelWriter
from trainer.cores import ahead
from trainer.dithers.ditherer import Ditherer
from trainer.dithers.eye import Dither, Frame
from trainer.errors import OptionError
from trainer.export.task import DitherSpec, Task
from trainer.export.workers import Dithered, Pool, Processes, Threads
from trainer.films.film import Film
from trainer.films.selection import Selected
from trainer.films.stretches import Stretch, redraw_plan, stretches

Report = Callable[[int, FrameInfo], None]
"""Called for each frame that is added, with how many the reel now has and what it says of this one."""

_log = logging.getLogger(__name__)


def _silent(done: int, info: FrameInfo) -> None:
    """Default callback: does nothing."""


@dataclass(frozen=True)
class Workers:
    """Who dithers: `number` workers of this machine, or the cluster of a scheduler. OptionError.

    `memory`, in bytes, bounds what the stretches in flight take on this machine: the images of those that a
    worker has or will get, with their copies, and the dithers of those that wait for their turn in the reel.
    One stretch is always in flight, even if it is larger. Not covered: the stretch that is just being cut, a
    ditherer's own arrays, the decoder and the programs themselves. One worker alone needs no such room:
    frames pass through it one by one, with a few made ahead where there is PLENTY.
    """

    number: int = 1
    cluster: str | None = None
    memory: int = 2**30

    def __post_init__(self) -> None:
        if self.number < 1:
            raise OptionError(f"--workers {self.number}: choose 1 or more")
        if self.cluster is not None and self.number > 1:
            raise OptionError(
                "--workers and --cluster do not go together: a cluster has its own workers; leave one out"
            )

    def pool(self, task: Task, spec: DitherSpec) -> Pool | None:
        """The workers, to be closed; None for one worker, which needs no pool. OptionError, TrainerError."""
        if self.cluster is not None:
            from trainer.export.cluster import Cluster

            return Cluster(spec, self.cluster)
        if self.number == 1:
            return None
        return (Threads if task.shares_device() else Processes)(spec, self.number)


ALONE = Workers()
PLENTY = 2**29
"""Bytes of `Workers.memory` from which on frames are made ahead without counting."""


@dataclass(frozen=True)
class Summary:
    """What an export came to.

    frames: in the reel, `there_before` of them from earlier runs. redraws: in its plan. flips: the share of
    the pixels that flips per frame, redraws left out, in the frames that were added. was_complete: there was
    nothing left to do. interlaced, damaged: how many of the film's frames that were read were deinterlaced,
    and damaged.
    """

    frames: int
    there_before: int
    redraws: int
    flips: float = 0.0
    was_complete: bool = False
    interlaced: int = 0
    damaged: int = 0


def export(
    task: Task, reel: Path, *, overwrite: bool = False, workers: Workers = ALONE, report: Report = _silent
) -> Summary:
    """Write the task's frames, dithered, to the reel.

    Goes on with an interrupted export of the same task, and does nothing to a complete reel. Raises
    OptionError, FilmError, TrainerError and player.reel.ReelError; a new reel that got no frame at all is not
    left behind.
    """
    if reel.is_dir():
        raise OptionError(f"{reel} is a directory; name the file to write, for example film.reel")
    width, height = task.tones.size
    is_new = overwrite or not reel.exists()  # and not another export's that is under way
    with Film(task.film, task.stream) as film:
        description = task.description(film)
        with ReelWriter(reel, description, width, height, overwrite=overwrite) as writer:
            before = writer.frames
            if writer.complete:
                return Summary(before, before, _redraws(reel), was_complete=True)
            recording = _Recording(writer, report)
            try:
                _record(task, film, workers, writer.last_info, recording)
                writer.finish()
            except BaseException:
                if recording.stored == 0 and is_new:
                    writer.close()
                    with suppress(OSError):
                        reel.unlink()
                raise
            flips = recording.flips / max(1, recording.followers) / (width * height)
    return Summary(
        writer.frames, before, _redraws(reel), flips, interlaced=film.interlaced, damaged=film.damaged
    )


def _redraws(reel: Path) -> int:
    with Reel(reel) as made:
        return len(made.redraws or ())


class FrameLabel(NamedTuple):
    """A frame without its picture: its number and time in the film, and whether a cut lies before it."""

    number: int
    time_ms: int
    cut: bool

    @classmethod
    def of(cls, selected: Selected) -> "FrameLabel":
        """The label of a frame."""
        return cls(selected.number, selected.time_ms, selected.cut)


class _Recording:
    """Adds frames to the reel, in film order.

    stored: how many frames are safe. followers: how many of the frames added begin no stretch; flips: their
    flips.
    """

    def __init__(self, writer: ReelWriter, report: Report) -> None:
        self._writer, self._report = writer, report
        self.stored = writer.frames
        self.flips = self.followers = 0

    def add(self, label: FrameLabel, dither: Dither, begins: bool) -> None:
        """Add a frame; `begins`: a stretch begins at it."""
        info = self._writer.append(dither, label.time_ms, label.number, label.cut, begins)
        if not begins:
            self.flips += info.flips
            self.followers += 1
        self._report(info.number + 1, info)

    def store(self) -> None:
        """Make the frames added so far safe, when a stretch is whole."""
        self._writer.commit()
        self.stored = self._writer.frames


def _record(task: Task, film: Film, workers: Workers, last: FrameInfo | None, recording: _Recording) -> None:
    """Dither the frames that follow the `last` one of the reel, and add them."""
    spec = task.spec()
    after, done = (None, 0) if last is None else (last.film_frame, last.number + 1)
    after_ms = None if last is None else last.time_ms
    pool = workers.pool(task, spec)
    try:
        with closing(task.selection.frames(film, task.tones, after, done, after_ms)) as frames:
            if pool is None:
                depth = 4 if workers.memory >= PLENTY else 1
                _dither_here(spec, redraw_plan(frames, task.plan), recording, depth)
            else:
                _dither_in(pool, stretches(frames, task.plan), workers.memory, recording)
    finally:
        if pool is not None:
            pool.close()


class _Toned(NamedTuple):
    """A frame with its tones; `stretch` counts the stretches."""

    selected: Selected
    frame: Frame
    stretch: int


class _Row(NamedTuple):
    """A frame's dither; `begins`: a stretch begins at it."""

    label: FrameLabel
    dither: Dither
    begins: bool


def _dither_here(
    spec: DitherSpec, planned: Iterable[tuple[Selected, bool]], recording: _Recording, depth: int
) -> None:
    """Dither the frames in this process. Three stages overlap: decode and tone; dither; compress and store.
    Up to `depth` frames wait between two of them.

    Frames pass one by one: no stretch is ever held.
    """
    with closing(ahead(_dithered(ahead(_toned(planned), depth), spec.ditherer()), depth)) as rows:
        for row in rows:
            if row.begins:
                recording.store()
            recording.add(*row)
    recording.store()


def _toned(planned: Iterable[tuple[Selected, bool]]) -> Generator[_Toned, None, None]:
    stretch = 0
    for selected, begins in planned:
        stretch += begins
        yield _Toned(selected, selected.frame, stretch)


def _dithered(frames: Generator[_Toned, None, None], ditherer: Ditherer) -> Generator[_Row, None, None]:
    """The rows of many stretches. Frames are let go of as soon as they are dithered."""
    with closing(frames):
        for _, stretch in groupby(frames, attrgetter("stretch")):
            taken: deque[Selected] = deque()  # more than one where the ditherer looks ahead
            begins = True
            for dither in ditherer(_taken(stretch, taken)):
                selected = taken.popleft()
                yield _Row(FrameLabel.of(selected), selected.lettered(dither), begins)
                begins = False
            assert not taken, "the ditherer left frames out"


def _taken(stretch: Iterable[_Toned], taken: deque[Selected]) -> Iterator[Frame]:
    """The frames of a stretch; those that were asked for are noted in `taken`."""
    for toned in stretch:
        taken.append(toned.selected)
        yield toned.frame


class _Sent(NamedTuple):
    """A stretch in flight: its frames without their pictures, its size in bytes, its dithers to come."""

    labels: list[FrameLabel]
    size: int
    dithered: Future[Dithered]

    def memory(self) -> int:
        """How many bytes it takes now."""
        if not self.dithered.done():
            return self.size
        try:
            return self.dithered.result().packed.nbytes
        except Exception:
            return 0


def _dither_in(pool: Pool, cut: Iterable[Stretch], memory: int, recording: _Recording) -> None:
    """Dither stretches in a pool: as many at once as keep it busy and fit into `memory`, in bytes."""
    sent: deque[_Sent] = deque()
    warned: set[str] = set()

    def collect() -> None:
        """Wait for any stretch for up to a second, then add those whose turn it is."""
        if not sent[0].dithered.done():
            wait([one.dithered for one in sent if not one.dithered.done()], 1, FIRST_COMPLETED)
        while sent and sent[0].dithered.done():
            labels, _, dithered = sent.popleft()
            packed, warnings = pool.result(dithered)
            for label, bits in zip(labels, packed, strict=True):
                recording.add(label, np.unpackbits(bits, axis=1, count=width), label is labels[0])
            recording.store()
            for warning in set(warnings) - warned:
                warned.add(warning)
                _log.warning("%s", warning)
        for one in sent:
            if one.dithered.done():
                pool.result(one.dithered)  # an error ends the export before its turn
        pool.check()

    for stretch in cut:
        size = pool.copies * stretch_bytes(stretch)
        width = stretch.frames[0].tones.size[0]
        while sent and not (
            sum(not one.dithered.done() for one in sent) < pool.useful()
            and sum(one.memory() for one in sent) + size <= memory
        ):
            collect()
        labels = [FrameLabel.of(selected) for selected in stretch.frames]
        sent.append(_Sent(labels, size, pool.submit(stretch)))
        del stretch  # it would stay while the next one is cut
    while sent:
        collect()


def stretch_bytes(stretch: Stretch) -> int:
    """The bytes of a stretch: its images, and its letters, which several frames may share."""
    letters = {id(frame.letters): frame.letters for frame in stretch.frames if frame.letters is not None}
    masks = sum(one.white.nbytes + one.all.nbytes for one in letters.values())
    return masks + sum(frame.image.nbytes for frame in stretch.frames)
