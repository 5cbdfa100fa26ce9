"""What FFmpeg's filters do with decoded frames: deinterlace them, and tell their pixels' aspect."""

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import av
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as NoMore


class Picture(NamedTuple):
    """A decoded frame, with its time by the container in seconds, if it has one."""

    frame: av.VideoFrame
    seconds: Fraction | None


class Bwdif:
    """FFmpeg's deinterlacer bwdif: one frame for each, one frame later, and progressive ones as they are."""

    def __init__(self, frame: av.VideoFrame, base: Fraction, before: Picture | None) -> None:
        self.shape = shape_of(frame)
        self._graph = av.filter.Graph()
        source = self._graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=base
        )
        bwdif = self._graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
        self._graph.link_nodes(source, bwdif, self._graph.add("buffersink")).configure()
        self._times: deque[Fraction | None] = deque()
        self._surplus = 0  # frames to come that were given already
        if before is not None:
            self._surplus = 1
            list(self.put(before))

    def put(self, picture: Picture) -> Iterator[Picture]:
        """Take a frame; give what is ready."""
        self._times.append(picture.seconds)
        self._graph.vpush(picture.frame)
        yield from self._ready()

    def end(self) -> Iterator[Picture]:
        """Give what is left."""
        self._graph.vpush(None)
        yield from self._ready()

    def _ready(self) -> Iterator[Picture]:
        while self._times:
            try:
                frame = self._graph.vpull()
            except (NothingYet, NoMore):
                return
            seconds = self._times.popleft()
            if self._surplus:
                self._surplus -= 1
            else:
                yield Picture(frame, seconds)


class Aspects:
    """How many times as wide as high a frame's pixels are. PyAV does not tell; a filter's expression does."""

    def __init__(self) -> None:
        self._shape: tuple[int, int, str] | None = None
        self._graph = av.filter.Graph()

    def of(self, frame: av.VideoFrame) -> float:
        """By the frame itself; 1.0 where it does not say."""
        if self._shape != shape_of(frame):
            self._shape, self._graph = shape_of(frame), av.filter.Graph()
            source = self._graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)
            )
            crop = self._graph.add("crop", f"{min(16, frame.width)}:{min(16, frame.height)}")
            scale = self._graph.add("scale", "w='round(1000*sar)':h=16:eval=frame")
            self._graph.link_nodes(source, crop, scale, self._graph.add("buffersink")).configure()
        self._graph.vpush(frame)
        return self._graph.vpull().width / 1000


def shape_of(frame: av.VideoFrame) -> tuple[int, int, str]:
    """Width, height and pixel format."""
    return frame.width, frame.height, frame.format.name
