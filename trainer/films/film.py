"""A film on disk: what its header says, and its frames one after another in constant memory.

Any film that FFmpeg decodes. Frame numbers are exact (see `decoder.py`): frame n is the n-th decoded frame,
wherever the iteration starts. Times are the container's own timestamps, rising, in ms since the first frame,
so they hold for a variable frame rate too. Errors: FilmError, one line.
"""

import logging
import re
import weakref
from collections.abc import Generator, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from trainer.errors import FilmError, OptionError
from trainer.films.decoder import Decoder
from trainer.films.landing import NEAR, Known
from trainer.films.times import FilmTime, FrameNumber, Place, format_time

Item = TypeVar("Item")

BEGINNING = FrameNumber(0)

# With up to this many frames for each image of a sample, reading them all in order is no slower than seeking.
_READ_THROUGH = 100

_log = logging.getLogger(__name__)


class FilmFrame(NamedTuple):
    """One frame of the film: its number from 0, its time in ms, its luma, uint8[height, width], and how many
    times as wide as high its pixels are. A film's shape may change midway.
    """

    number: int
    time_ms: int
    image: npt.NDArray[np.uint8]
    pixel_aspect: float = 1.0


class Film:
    """A film, opened for reading; a context manager that closes every iteration still under way.

    width, height: of the upright picture in its own pixels (rotation in the header is applied). pixel_aspect:
    width over height of one pixel. rate: frames per second by the header. frames_announced, duration_ms: by
    the header; hints that may be wrong, or None. name, size: file name and size in bytes, by which a resumed
    export recognises its film.
    """

    def __init__(self, path: str | Path, stream: int | None = None) -> None:
        self.path = Path(path)
        self.wanted_stream = stream
        _check_file(path)
        decoder = Decoder(self.path, stream)
        try:
            if not decoder.grab():
                raise FilmError(f"{self.path}: not one frame can be decoded; does the film play elsewhere?")
            self.height, self.width = decoder.image().shape
            self.stream, self.streams = decoder.stream, decoder.streams
            self.codec = decoder.codec
            self.pixel_aspect = decoder.pixel_aspect
            self.orientation = decoder.orientation
            self.transfer = decoder.transfer
            began = decoder.seconds
            self._began_s = began
            self.offset_ms = 0 if began is None else round(1000 * (began - decoder.origin_s))
            self.title = decoder.title
            zero = decoder.origin_s if began is None else began
            self.chapters = [
                (max(0, round(1000 * (start - zero))), title) for start, title in decoder.chapters()
            ]
            if decoder.is_picture and not decoder.grab():
                raise FilmError(f"{self.path} is a single picture, not a film")
        finally:
            decoder.release()
        self.name = self.path.name
        self.size = self.path.stat().st_size
        self.rate = decoder.rate
        self.frames_announced = decoder.announced
        self.duration_ms = (
            None if decoder.announced is None else round(decoder.announced / decoder.rate * 1000)
        )
        self.interlaced = self.damaged = 0
        self._has_warned = False
        self._iterations: weakref.WeakSet[Generator[FilmFrame, None, None]] = weakref.WeakSet()

    def __enter__(self) -> "Film":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every iteration still under way and free its decoder."""
        for iteration in list(self._iterations):
            with suppress(ValueError):  # it is running in the thread of `ahead`, which closes it
                iteration.close()

    def frames(
        self,
        start: Place = BEGINNING,
        end: Place | None = None,
        every: int = 1,
        resume: int = 0,
        resume_ms: int | None = None,
    ) -> Generator[FilmFrame, None, None]:
        """Every `every`-th frame, from the first one at or after `start` up to but not including `end` (None:
        all); of these only the ones from frame number `resume` on. With `resume_ms`, its time, that frame
        must be one of them, and is reached sooner.

        Enters the film at a key frame where that gives exact numbers, else at its beginning. FilmError if no
        frame lies between `start` and `end`. Warns if frames were damaged or the film ends early.
        """
        if every < 1:
            raise OptionError(f"every {every}: the step between frames is 1 or more")
        if _is_empty(start, end):
            raise OptionError(f"the end, {end}, does not lie after the start, {start}")
        known = None if resume_ms is None else Known(resume, resume_ms)
        iteration = self._iterate(start, end, every, resume, known)
        self._iterations.add(iteration)
        return iteration

    def _iterate(
        self, start: Place, end: Place | None, every: int, resume: int, known: Known | None
    ) -> Generator[FilmFrame, None, None]:
        decoder = self._decoder_near(start if known is None else known)
        # Frames are given `every` apart, so any of them tells which the others are.
        first = None if known is None else known.number
        missing = 0
        try:
            while decoder.grab():
                if end is not None and end.reached(decoder.number, decoder.time_ms):
                    break
                if first is None and start.reached(decoder.number, decoder.time_ms):
                    first = decoder.number
                if decoder.number < resume or first is None:
                    continue
                if (decoder.number - first) % every == 0:
                    yield FilmFrame(decoder.number, decoder.time_ms, decoder.image(), decoder.pixel_aspect)
            else:
                missing = decoder.missing()
        finally:
            self.interlaced = max(self.interlaced, decoder.interlaced)
            self.damaged = max(self.damaged, decoder.damaged)
            decoder.release()
            self._warn(decoder, missing)
        if first is None:
            read = f"it was read up to frame {decoder.number} at {format_time(decoder.time_ms)}"
            raise FilmError(
                f"{self.path}: no frame lies from {start} to {end or 'the end of the film'}; {read}"
            )

    def _decoder_near(self, target: Place | Known) -> Decoder:
        """A decoder that reaches a place soon, or begins at the beginning."""
        decoder = Decoder(self.path, self.wanted_stream)
        far = target.ms if isinstance(target, FilmTime) else target.number > NEAR
        if far and self._began_s is not None:
            try:
                landed = decoder.land(target, self._began_s)
            except BaseException:
                decoder.release()
                raise
            if not landed:
                decoder.release()
                decoder = Decoder(self.path, self.wanted_stream)
        return decoder

    def _warn(self, decoder: Decoder, missing: int) -> None:
        """Say once, in one line, what was damaged, and that the film ended early."""
        read = decoder.number + 1
        told = []
        if decoder.damaged:
            told.append(f"{decoder.damaged} picture{'s were' if decoder.damaged > 1 else ' was'} damaged")
        if missing:
            announced = self.frames_announced or read + missing
            told.append(
                f"{read} frames could be read of the {announced} that its header announces: it is damaged, "
                "cut off, or its header is wrong"
            )
        if told and not self._has_warned:
            self._has_warned = True
            _log.warning("%s: %s", self.path, "; ".join(told))

    def estimate(self, start: Place = BEGINNING, end: Place | None = None, every: int = 1) -> int | None:
        """About how many frames `frames(start, end, every)` will yield, for a progress bar; None: unknown."""
        last = self.frames_announced if end is None else self.about(end)
        if last is None:
            return None
        if self.frames_announced is not None:
            last = min(last, self.frames_announced)
        return max(1, -(-(last - self.about(start)) // every))

    def about(self, place: Place) -> int:
        """The frame number of a place, at the nominal rate."""
        return place.number if isinstance(place, FrameNumber) else round(place.ms / 1000 * self.rate)

    def sample(
        self, count: int, start: Place = BEGINNING, end: Place | None = None
    ) -> list[npt.NDArray[np.uint8]]:
        """About `count` images spread evenly over a range, for film statistics (`tones.py`); the same ones
        every time.

        In a long film it seeks, which is quick and only roughly right. It reads through a film that is short,
        of unknown length, or not as long as its header says.
        """
        total = self.estimate(start, end) or 0
        if total > _READ_THROUGH * count:
            images = self._seek_images(self.about(start), total, count)
        elif total > count:
            images = _thin((frame.image for frame in self.frames(start, end, total // count)), count)
        else:
            images = []
        if len(images) < count:
            images = _thin((frame.image for frame in self.frames(start, end)), count)
        return images

    def _seek_images(self, first: int, total: int, count: int) -> list[npt.NDArray[np.uint8]]:
        """Images at the middles of `count` equal parts of the `total` frames from `first` on; fewer if
        seeking fails.
        """
        decoder = Decoder(self.path, self.wanted_stream)
        try:
            numbers = [first + total * (2 * i + 1) // (2 * count) for i in range(count)]
            return [decoder.image() for number in numbers if decoder.jump(number)]
        finally:
            decoder.release()


def _thin(items: Iterable[Item], count: int) -> list[Item]:
    """Between `count` and 2 * `count` - 1 items, evenly spread (all, if there are fewer), of a stream of any
    length.
    """
    kept: list[Item] = []
    step = 1
    for i, item in enumerate(items):
        if i % step == 0:
            kept.append(item)
            if len(kept) == 2 * count:
                kept = kept[::2]
                step *= 2
    return kept


def _is_empty(start: Place, end: Place | None) -> bool:
    """Whether a range is empty for certain: both ends are of one kind, and the end is not after the start."""
    if isinstance(start, FrameNumber):
        return isinstance(end, FrameNumber) and end.number <= start.number
    return isinstance(end, FilmTime) and end.ms <= start.ms


def _check_file(path: str | Path) -> None:
    """FilmError if it cannot be a film."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", str(path)) and not Path(path).exists():
        raise FilmError(f"{path} is an address on the network; download the film and name the file")
    path = Path(path)
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError as error:
        raise FilmError(f"{path}: this name is not UTF-8; rename the film") from error
    if path.is_dir():
        raise FilmError(f"{path} is a directory; name the film file in it")
    if not path.exists():
        raise FilmError(f"{path}: there is no such file; check the film's path")
    if not path.is_file():
        raise FilmError(f"{path} is not an ordinary file; copy the film to disk first")
    try:
        with path.open("rb") as film:
            start = film.read(1)
    except OSError as error:
        raise FilmError(f"{path} cannot be read: {error.strerror}") from error
    if not start:
        raise FilmError(f"{path} is empty; copy the film again")
