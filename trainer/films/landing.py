"""Where to enter a film so that a frame far inside is reached soon, and still has its exact number.

The packets of the stream are read without being decoded; their timestamps, in order, are those of the frames.
That holds only where nothing is amiss, so everything is checked: containers that index their key frames, a
timestamp for each packet and none twice, an order of frames that the codec can have made, packets whose
headers parse. In any doubt there is no landing, and the film is read from its beginning. The decoder checks
once more: from the key frame up to the frame itself it must yield just the frames that are expected.

When an export is resumed, the number and time of its last frame are known, and damage before it does not
matter.
"""

from bisect import bisect_left, bisect_right
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from trainer.films.times import FilmTime, FrameNumber, Place

NEAR = 250
"""A frame up to this number is reached from the beginning."""
_CONTAINERS = ("mov", "matroska")
# Filters that parse all headers of a packet, and fail if they cannot be right.
_PARSERS = {
    "h264": "h264_metadata", "hevc": "hevc_metadata", "vp9": "vp9_metadata", "libvpx-vp9": "vp9_metadata",
    "av1": "av1_metadata", "libdav1d": "av1_metadata", "libaom-av1": "av1_metadata",
    "mpeg2video": "mpeg2_metadata",
}  # fmt: skip
# By how many places a frame can be shown later or sooner than it is decoded.
_REORDERED = {"h264": 16, "hevc": 16, "mpeg2video": 1, "mpeg4": 2}
_CHUNK = 64


class Known(NamedTuple):
    """A frame of which number and time are known."""

    number: int
    time_ms: int


@dataclass(frozen=True)
class Landing:
    """The frame `number`. Timestamps are in units of the stream: `order` of the frames, of which the one at
    `place` is meant; `keys` of the key frames up to it; `seek`, where to enter the container.
    """

    number: int
    place: int
    order: tuple[int, ...]
    keys: frozenset[int]
    seek: int


def landing(
    container: InputContainer, stream: VideoStream, began: Fraction, target: Place | Known
) -> Landing | None:
    """Where to enter for a place, or for a frame that is known; None: read from the beginning.

    The container must be at its beginning, and is left anywhere. began: when the first frame is shown, in
    seconds of the container's timestamps.
    """
    name, codec, base = container.format.name, stream.codec_context.name, stream.time_base
    if not any(one in name for one in _CONTAINERS) or base is None:
        return None
    if not isinstance(target, Known) and codec not in _PARSERS:
        return None
    with suppress(FFmpegError, ValueError):
        packets = _read(container, stream, began, target)
        if packets is None:
            return None
        order = sorted(one.pts for one in packets)
        ranks = {pts: rank for rank, pts in enumerate(order)}
        most = _REORDERED.get(codec, 0)
        if len(ranks) < len(order) or order[0] != began / base:
            return None
        if any(abs(ranks[one.pts] - n) > most for n, one in enumerate(packets)):
            return None
        times = [round(1000 * (pts * base - began)) for pts in order]
        place = _place(times, target)
        if place is None:
            return None
        before = [one for one in packets if one.is_key and one.pts < order[place]]
        if not before:
            return None
        key = max(before, key=lambda one: one.pts)
        number = target.number if isinstance(target, Known) else place
        # Matroska's index holds times of display, that of mp4 times of decoding.
        seek = key.pts if key.dts is None or "matroska" in name else key.dts
        return Landing(number, place, tuple(order), frozenset(one.pts for one in before), seek)
    return None


class _Packet(NamedTuple):
    pts: int
    dts: int | None
    is_key: bool


def _read(
    container: InputContainer, stream: VideoStream, began: Fraction, target: Place | Known
) -> list[_Packet] | None:
    """The packets of all frames up to the target's and somewhat more; None if one of them is odd."""
    base = stream.time_base
    assert base is not None
    parser = None
    if not isinstance(target, Known):
        parser = BitStreamFilterContext(_PARSERS[stream.codec_context.name], stream)
    found: list[_Packet] = []
    latest: int | None = None  # timestamp of the target
    if not isinstance(target, FrameNumber):
        ms = target.ms if isinstance(target, FilmTime) else target.time_ms
        latest = round((began + Fraction(ms, 1000)) / base) + 1
    for packet in container.demux(stream):
        if packet.size == 0:
            continue
        if packet.pts is None or packet.is_corrupt:
            return None
        one, is_shown = _Packet(packet.pts, packet.dts, packet.is_keyframe), not packet.is_discard
        if parser is not None:
            parser.filter(packet)  # empties it; raises FFmpegError
        if not is_shown:
            continue
        found.append(one)
        if len(found) % _CHUNK == 0:
            if isinstance(target, FrameNumber) and len(found) > target.number + _CHUNK:
                latest = sorted(one.pts for one in found)[target.number]
            decoded = found[-_CHUNK].dts
            if latest is not None and decoded is not None and decoded > latest:
                break
    return found


def _place(times: list[int], target: Place | Known) -> int | None:
    """Where the target is among the times in ms; None if it is not there."""
    if isinstance(target, FrameNumber):
        return target.number if NEAR < target.number < len(times) else None
    if isinstance(target, FilmTime):
        place = bisect_left(times, target.ms)
        return place if NEAR < place < len(times) else None
    place = bisect_left(times, target.time_ms)
    alone = bisect_right(times, target.time_ms) == place + 1
    return place if alone and times[place] == target.time_ms and place > NEAR else None
