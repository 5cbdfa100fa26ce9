"""How fast an export is here, and where its time goes.

Twice over the same frames, in closed loop. First stage by stage, one after the other in one thread, so that
each has seconds of its own; then the export itself, in which the stages overlap.

decode    the film's next frame, as luma
tone      scale and tone it, and compare it with the one before for a cut
dither    what the ditherer takes
compress  pack the dither, compare it with the one before, and deflate what changed
write     the reel's transaction, spread over its frames

A first frame, which compiles and has nothing shown before it, stands for itself.
"""

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from player.reel import FrameInfo, ReelWriter
from trainer.bench.timing import (
    FILM_FRAMES,
    LEAST,
    Clock,
)
from trainer.dithers.ditherer import Ditherer
from trainer.errors import FilmError
from trainer.export.export import (
    Task,
    export,
)
from trainer.films.cuts import is_cut
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.times import Place
from trainer.films.tones import Tones

STAGES = ("decode", "tone", "dither", "compress", "write")


@dataclass(frozen=True)
class Stages:
    """Of one ditherer: median seconds per frame by stage, over so many frames; seconds of the first frame's
    dither; and the mean share of the pixels that flip.
    """

    seconds: dict[str, float]
    frames: int
    first: float
    flips: float

    @property
    def dithers_per_second(self) -> float:
        """Frames per second of the dithering alone."""
        return 1 / self.seconds["dither"]


@dataclass(frozen=True)
class Exported:
    """The stages, and frames per second of the export itself, over so many frames."""

    stages: Stages
    frames_per_second: float
    frames: int

    @property
    def film_seconds(self) -> float:
        """What a film of `FILM_FRAMES` frames would take."""
        return FILM_FRAMES / self.frames_per_second


@dataclass(frozen=True)
class Source:
    """What is exported: a film from a place on, and its tones."""

    film: Film
    start: Place
    tones: Tones


def stages(
    source: Source, ditherer: Ditherer, reel: Path, seconds: float, clock: Clock = time.perf_counter
) -> Stages:
    """Measure each stage for about so long, or up to the film's end. FilmError if that comes too soon."""
    film, tones = source.film, source.tones
    spent: dict[str, list[float]] = {name: [] for name in STAGES[:-1]}
    image = shown = None
    flips = 0

    with (
        ReelWriter(reel, {}, *tones.size) as writer,
        closing(film.frames(source.start)) as frames,
    ):
        begun = clock()
        while True:
            marks = [clock()]
            found = next(frames, None)
            if found is None:
                break
            marks.append(clock())
            frame = tones(found.image, film.pixel_aspect)
            cut = image is not None and is_cut(image, found.image)
            marks.append(clock())
            shown = ditherer(frame, shown)
            marks.append(clock())
            info = writer.append(shown, found.time_ms, found.number, cut)
            marks.append(clock())
            for times, before, after in zip(spent.values(), marks, marks[1:], strict=False):
                times.append(after - before)
            image, flips = found.image, flips + info.flips
            if writer.frames == 1:
                begun = clock()  # the first frame is none of the measurement
            elif writer.frames > LEAST and clock() - begun >= seconds:
                break
        if writer.frames <= LEAST:
            raise FilmError(
                f"{film.path}: {writer.frames} frames lie from {source.start} on; "
                f"measure where there are {LEAST + 1} or more"
            )
        before = clock()
        writer.commit()
        writing = (clock() - before) / writer.frames
        count = writer.frames - 1
    return Stages(
        {**{name: median(times[1:]) for name, times in spent.items()}, "write": writing},
        count,
        spent["dither"][0],
        flips / count / (tones.size[0] * tones.size[1]),
    )


def exported(
    source: Source,
    measured: Stages,
    reel: Path,
    seconds: float,
    *,
    dither: str,
    dial: float | None = None,
    settings: Mapping[str, Any] | None = None,
    clock: Clock = time.perf_counter,
) -> Exported:
    """Export about so many seconds' worth of frames, as `measured` has them, and see how fast it was.

    From the first frame on: what comes before it is done once in an export.
    """
    slowest = max(measured.seconds.values())
    count = max(LEAST, min(measured.frames, round(seconds / slowest))) + 1
    done: list[float] = []

    def report(frames: int, info: FrameInfo) -> None:
        done.append(clock())

    selection = Selection(source.start, count=count)
    export(Task(source.film.path, selection, source.tones, dither, dial, settings or {}), reel, report=report)
    frames = len(done) - 1
    return Exported(measured, frames / (done[-1] - done[0]), frames)
