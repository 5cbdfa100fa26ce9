"""One pass over a film through PyAV (FFmpeg's libraries), in order.

Frame n is the n-th frame that comes out of the decoder, counted from 0. Three stages, each a generator:
packets become frames; interlaced frames are deinterlaced; frames get their times.

Damage never ends a film: what cannot be decoded is passed over and counted, and so is what the decoder had to
patch up. Frames that the container's edit list leaves out are not frames of the film.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.error import EOFError as NoMore
from av.error import FFmpegError
from av.error import OSError as ReadError
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from trainer.errors import FilmError
from trainer.films.container import (
    LONGEST_CHAPTER,
    LONGEST_TITLE,
    MOST_CHAPTERS,
    choose,
    may_be_picture,
    nominal_rate,
    open_container,
    origin_s,
    tidy,
)
from trainer.films.filters import Aspects, Bwdif, Picture, shape_of
from trainer.films.landing import Known, Landing, landing
from trainer.films.luma import Orientation, luma, orientation, transfer
from trainer.films.times import Place

# The film counts as ended after this many errors of the container in a row.
_ATTEMPTS = 1000
# Packets since a key frame, up to which the end of a film can be decoded once more.
_LONGEST_GROUP = 1000
# Containers whose header tells the film's length from what its writer knew, not from a guess by the bit rate.
_TELL_LENGTH = ("mov", "matroska", "avi", "flv", "asf")


class Decoder:
    """The frames of one video stream of a film in order. FilmError; OptionError if there is no such stream.

    stream: number among the film's video streams from 0; None takes the one marked as default, else the
    largest, but no cover.

    number, time_ms: of the frame grabbed last (-1 and 0 before the first). Times count from the film's first
    frame and rise. rate: frames per second by the header (25 if it says nothing useful). announced: the
    number of frames by the header, a hint that may be wrong, or None. damaged, interlaced: how many frames so
    far were damaged, and deinterlaced.
    """

    def __init__(self, path: Path, stream: int | None = None) -> None:
        self._path = path
        self._container = open_container(path)
        try:
            self._stream = choose(self._container, path, stream)
        except BaseException:
            self._container.close()
            raise
        self.stream = self._container.streams.video.index(self._stream)
        self.streams = len(self._container.streams.video)
        self._stream.codec_context.thread_type = "AUTO"
        self.number = -1
        self.time_ms = 0
        self._ratios: set[Fraction] = set()  # of pixels, that the decoder has told
        self._aspects = Aspects()
        self.damaged = self.interlaced = 0
        self._read_s = Fraction(0)  # up to where packets were read, from the container's start
        self._has_dts_only = self._container.format.name == "avi"
        self.rate = float(nominal_rate(self._stream))
        self._base = self._stream.time_base or Fraction(1, 1000)
        self._index = [one.is_discard for one in getattr(self._stream, "index_entries", ())]
        self.announced = self._announced()
        self._picture: Picture | None = None
        self._orientations: dict[int, Orientation] = {}
        self._first_s: Fraction | None = None
        self._timed = in_time(self._deinterlaced(self._packets()), 1 / self.rate)

    @property
    def origin_s(self) -> Fraction:
        """When the container's clock starts, in seconds of its timestamps."""
        return origin_s(self._container)

    @property
    def seconds(self) -> Fraction | None:
        """The container's own time of the last frame, in seconds of its timestamps."""
        return None if self._picture is None else self._picture.seconds

    @property
    def pixel_aspect(self) -> float:
        """Width over height of one pixel of `image()`; 1.0 where the film does not say."""
        ratio = self._stream.sample_aspect_ratio
        if not ratio or ratio <= 0:
            return 1.0
        # The container's word holds, unless it only repeats the film's own, which may change midway.
        if len(self._ratios) > 1 and ratio in self._ratios and self._picture is not None:
            measured = self._aspects.of(self._picture.frame)
            ratio = min(self._ratios, key=lambda one: abs(float(one) - measured))
        return float(1 / ratio if self.orientation.is_swapped else ratio)

    @property
    def orientation(self) -> Orientation:
        """How the last frame's pixels become upright."""
        if self._picture is None:
            return Orientation()
        frame = self._picture.frame
        # A frame whose side data was asked for is held by PyAV until Python collects cycles, perhaps hundreds
        # of frames later. So it is asked for once for each angle.
        angle = getattr(frame, "rotation", None)  # PyAV 14.0 has none
        if angle is None:
            return orientation(frame)
        if angle not in self._orientations:
            self._orientations[angle] = orientation(frame)
        return self._orientations[angle]

    @property
    def transfer(self) -> str:
        """`PQ`, `HLG` or `SDR`: the last frame's curve."""
        assert self._picture is not None
        # Before PyAV 16 only the stream tells.
        tag = getattr(self._picture.frame, "color_trc", self._stream.codec_context.color_trc)
        return transfer(int(tag))

    @property
    def codec(self) -> str:
        """The codec's name."""
        return str(self._stream.codec_context.name)

    @property
    def title(self) -> str:
        """The film's title by its metadata; may be empty."""
        return tidy(self._container.metadata.get("title", ""), LONGEST_TITLE)

    def chapters(self) -> list[tuple[Fraction, str]]:
        """When each chapter begins, in seconds of the container's timestamps, and its title, which may be
        empty; at most `MOST_CHAPTERS`.
        """
        found = [
            (one["start"] * one["time_base"], tidy(one["metadata"].get("title", ""), LONGEST_CHAPTER))
            for one in getattr(self._container, "chapters", list)()  # not before PyAV 15
            if one["time_base"]
        ]
        return sorted(found)[:MOST_CHAPTERS]

    @property
    def is_picture(self) -> bool:
        """Whether the file is of a kind that often holds a single picture."""
        return may_be_picture(self._container)

    def grab(self) -> bool:
        """Move to the next frame; False at the end of the film."""
        timed = next(self._timed, None)
        if timed is None:
            return False
        self._picture, self.time_ms = timed
        self.number += 1
        return True

    def image(self) -> NDArray[np.uint8]:
        """Luma of the last frame, uint8[h, w], upright, full range."""
        assert self._picture is not None
        return self.orientation.upright(luma(self._picture.frame, self.transfer))

    def land(self, target: Place | Known, began: Fraction) -> bool:
        """Go to just before a frame far inside, so that `grab` moves to it, with its exact number and time.

        To be called before the first `grab`; began: the first frame's `seconds`. False where it cannot be
        done for certain: then this decoder is of no use any more.
        """
        found = landing(self._container, self._stream, began, target)
        if found is None:
            return False
        self._timed.close()
        try:
            self._container.seek(found.seek, stream=self._stream)
        except FFmpegError:
            return False
        return self._enter(found, began)

    def _enter(self, found: Landing, began: Fraction) -> bool:
        """Decode from the key frame that the container was moved to up to the frame, checking each."""
        packets = self._packets()
        first = next(packets, None)
        if first is None or not first.is_keyframe or first.pts not in found.keys:
            return False
        self._first_s = first.pts * self._base  # frames before it need frames that were not decoded
        place = bisect_left(found.order, first.pts)
        pictures = self._deinterlaced(chain([first], packets))
        picture = None
        for expected in found.order[place : found.place + 1]:
            picture = next(pictures, None)
            # After damage the decoder patches with frames that are not here.
            if picture is None or picture.seconds != expected * self._base or self.damaged:
                return False
        assert picture is not None
        before_s = float(found.order[found.place - 1] * self._base) - float(began)
        step = 1 / self.rate
        self._timed = in_time(chain([picture], pictures), step, -float(began), before_s)
        self.number = found.number - 1
        if self._container.format.name.startswith("mov"):
            self._read_s += place * Fraction(step)
        return True

    def jump(self, number: int) -> bool:
        """Go to a frame near `number` by the nominal rate; False if there is none.

        For statistics only: `number` and `time_ms` mean nothing afterwards.
        """
        seconds = self.origin_s + Fraction(number / self.rate)
        self._timed.close()
        try:
            self._container.seek(int(seconds / self._base), stream=self._stream)
        except FFmpegError:
            return False
        wanted = seconds - Fraction(1 / self.rate) / 2
        for picture in self._deinterlaced(self._packets()):
            self._picture = picture
            if picture.seconds is None or picture.seconds >= wanted:
                return True
        return False

    def missing(self) -> int:
        """After the end: about how many frames the header announces that were not there; 0 if it may be wrong
        in the ordinary way, by 2 % or two seconds, or does not know.
        """
        expected = self._declared_s()
        if expected is None:
            return 0
        lost = float(expected - self._read_s)
        return round(lost * self.rate) if lost > min(0.02 * float(expected), 2) else 0

    def release(self) -> None:
        """Free the decoder and close the file."""
        self._timed.close()
        self._picture = None
        self._container.close()

    def _announced(self) -> int | None:
        if "mov" in self._container.format.name and self._index:
            return self._index.count(False)
        if 0 < self._stream.frames < 2**53:
            return self._stream.frames
        declared = self._stream_s() or Fraction(self._container.duration or 0, 1_000_000)
        if "matroska" in self._container.format.name:  # it is the end, not the length
            declared -= max(Fraction(0), (self._stream.start_time or 0) * self._base - self.origin_s)
        return round(declared * Fraction(self.rate)) or None if 0 < declared < 10**8 else None

    def _stream_s(self) -> Fraction | None:
        """The length of the video stream by the header, or in Matroska its end, in seconds."""
        if self._stream.duration:
            return self._stream.duration * self._base
        with suppress(KeyError, ValueError):
            hours, minutes, seconds = self._stream.metadata["DURATION"].split(":")
            length = 3600 * int(hours) + 60 * int(minutes) + Fraction(seconds)
            return length - max(Fraction(0), self.origin_s)
        return None

    def _declared_s(self) -> Fraction | None:
        """Up to when there should be packets, from the container's start; None where nobody knows."""
        name = self._container.format.name
        if not name.startswith(_TELL_LENGTH) and "matroska" not in name:
            return None
        if name.startswith("mov"):
            return Fraction(len(self._index)) / Fraction(self.rate) if self._index else None
        if name.startswith("avi"):
            return self._stream_s()
        return self._stream_s() or Fraction(self._container.duration or 0, 1_000_000) or None

    def _packets(self) -> Iterator[av.Packet]:
        """The stream's packets; errors of the container are passed over."""
        name = self._container.format.name
        counts = name.startswith("mov")
        # Other streams may go on when the video has ended, and tell that the file was not cut off.
        own = counts or name.startswith("avi") or self._stream_s() is not None
        step = 1 / Fraction(self.rate)
        failures = 0
        while failures < _ATTEMPTS:
            try:
                for packet in self._container.demux(*([self._stream] if own else [])):
                    if packet.size == 0:
                        continue  # the mark of the end; to the decoder it would be that as well
                    failures = 0
                    at = packet.pts if packet.pts is not None else packet.dts
                    if counts:
                        self._read_s += step
                    elif at is not None and packet.time_base:
                        length = packet.duration * packet.time_base if packet.duration else step
                        self._read_s = max(self._read_s, at * packet.time_base + length - self.origin_s)
                    if packet.stream_index == self._stream.index:
                        yield packet
                return
            except ReadError as error:
                raise FilmError(
                    f"{self._path} cannot be read on: {error.strerror or error}; check the disk"
                ) from None
            except FFmpegError:
                failures += 1

    def _decoded(self, packets: Iterable[av.Packet]) -> Iterator[Picture]:
        for picture in self._all_decoded(packets):
            if self._first_s is None or picture.seconds is None or picture.seconds >= self._first_s:
                yield picture

    def _all_decoded(self, packets: Iterable[av.Packet]) -> Iterator[Picture]:
        context = self._stream.codec_context
        group: list[av.Packet] = []  # from the last key frame on
        owed, last = 0, None  # frames that packets were sent for; time of the frame decoded last
        for packet in packets:
            if packet.is_keyframe:
                group = []
            if len(group) < _LONGEST_GROUP:
                group.append(packet)
            pictures, failed = self._taken(context, packet)
            owed += (not packet.is_discard) - failed - len(pictures)
            last = pictures[-1].seconds if pictures else last
            yield from pictures
        pictures, failed = self._taken(context, None)
        yield from pictures
        owed -= failed + len(pictures)
        last = pictures[-1].seconds if pictures else last
        if (failed or owed > 0) and last is not None and len(group) < _LONGEST_GROUP:
            yield from self._retried(group, last)

    def _retried(self, group: list[av.Packet], last: Fraction) -> Iterator[Picture]:
        """The frames after the `last` one, decoded anew from a key frame on.

        At the end the decoder's threads hold some frames; after an error in one of them PyAV drops the rest.
        """
        of = self._stream.codec_context
        context = cast(VideoCodecContext, av.CodecContext.create(of.codec.name, "r"))
        context.extradata, context.thread_type = of.extradata, "NONE"
        for packet in chain(group, [None]):
            for picture in self._taken(context, packet)[0]:
                if picture.seconds is not None and picture.seconds > last:
                    yield picture

    def _taken(self, context: VideoCodecContext, packet: av.Packet | None) -> tuple[list[Picture], bool]:
        """What a decoder gives back for a packet, or at the end for None, and whether it fails."""
        try:
            frames = context.decode(packet)
        except NoMore:
            return [], False
        except FFmpegError:
            self.damaged += 1
            return [], True
        ratio = context.sample_aspect_ratio
        if frames and ratio is not None and ratio > 0:
            self._ratios.add(ratio)
        pictures = []
        for frame in frames:
            self.damaged += frame.is_corrupt
            at = frame.dts if frame.pts is None and self._has_dts_only else frame.pts
            pictures.append(Picture(frame, None if at is None else at * self._base))
        return pictures, False

    def _deinterlaced(self, packets: Iterable[av.Packet]) -> Iterator[Picture]:
        """The frames, one for each, those that are flagged as interlaced after bwdif.

        The filter looks at the frames before and after. It joins at the first interlaced frame, and is begun
        anew where the shape changes.
        """
        bwdif: Bwdif | None = None
        before: Picture | None = None
        for picture in self._decoded(packets):
            shape = shape_of(picture.frame)
            if bwdif is not None and bwdif.shape != shape:
                yield from bwdif.end()
                bwdif = before = None
            self.interlaced += picture.frame.interlaced_frame
            if bwdif is None and picture.frame.interlaced_frame:
                same = before is not None and shape_of(before.frame) == shape
                with suppress(FFmpegError, ValueError):
                    bwdif = Bwdif(picture.frame, self._base, before if same else None)
            if bwdif is None:
                yield picture
            else:
                yield from bwdif.put(picture)
            before = picture
        if bwdif is not None:
            yield from bwdif.end()


# So many frames are looked ahead at to tell a wrong timestamp.
_AHEAD = 4
_JUMP_S = 1.0


def in_time(
    pictures: Iterator[Picture], step: float, offset: float | None = None, last: float | None = None
) -> Generator[tuple[Picture, int], None, None]:
    """The frames with their times in whole ms since the first; step: the nominal distance in seconds.

    In the middle of a film: `offset` is what is added to timestamps, `last` the time of the frame before,
    both in seconds.

    Times rise. A frame without a timestamp, or whose timestamp disagrees with those around it, gets a time
    between its neighbours and spoils no other. Where the container's clock jumps back for good (recordings
    that were joined), the film goes on after the nominal distance; a jump ahead is a hole and stays.
    """
    window: deque[Picture] = deque()

    def timed() -> tuple[Picture, int]:
        nonlocal offset, last
        first, *others = window
        at = [None if one.seconds is None else float(one.seconds) for one in window]
        if last is None or offset is None:
            last = 0.0
            offset = -_beginning(at, step)
        else:
            times = [None if t is None else t + offset for t in at]
            later = [(n, t) for n, t in enumerate(times) if n and t is not None and t > last]
            own = times[0]
            nearest = min(later, key=lambda pair: pair[1], default=None)
            if own is not None and own > last and (nearest is None or nearest[1] > own):
                last = own
            elif nearest is not None:
                last += min(step, (nearest[1] - last) / (nearest[0] + 1))
            else:
                if own is not None and own < last - _JUMP_S and others:
                    offset += last + step - own
                last += step
        window.popleft()
        return first, round(1000 * last)

    for picture in pictures:
        window.append(picture)
        if len(window) > _AHEAD:
            yield timed()
    while window:
        yield timed()


def _beginning(at: list[float | None], step: float) -> float:
    """The time of the first of some frames, as most of them have it."""
    known = [(n, t) for n, t in enumerate(at) if t is not None]
    if not known:
        return 0.0
    number, time = max(known, key=lambda one: sum((one[0] < n) == (one[1] < t) for n, t in known))
    return time - number * step
