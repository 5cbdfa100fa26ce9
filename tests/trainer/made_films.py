"""Little films for the tests: every frame shows its number in blocks that survive any coder.

Also hands-on changes to the files: an mp4 is taken apart into its boxes (ISO/IEC 14496-12), an avi and a
Matroska file are changed in place.
"""

import struct
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

BITS = 10
BLOCK = 16
SIZE = (BITS * BLOCK, 6 * BLOCK)
"""Width and height of the pictures: 160 x 96."""


def numbered(number: int) -> NDArray[np.uint8]:
    """A picture, uint8[96, 160, 3], that shows `number` in ten bits, and below it their opposites."""
    bits = np.array([number >> i & 1 for i in range(BITS)], np.uint8)
    rows = np.vstack([bits, bits, bits, 1 - bits, 1 - bits, 1 - bits])
    luma = 32 + 192 * np.kron(rows, np.ones((BLOCK, BLOCK), np.uint8))
    return np.repeat(luma[:, :, None], 3, axis=2).astype(np.uint8)


def read_number(image: NDArray[np.uint8]) -> int:
    """The number that a picture of `numbered` shows; fails if its two halves disagree."""
    blocks = cv2.resize(image, (BITS, 6), interpolation=cv2.INTER_AREA) > 128
    assert (blocks[:3] == blocks[0]).all()
    assert (blocks[3:] == ~blocks[0]).all(), "the picture is not a numbered one"
    return sum(int(bit) << i for i, bit in enumerate(blocks[0]))


def make_film(
    path: Path, codec: str = "mp4v", pictures: Iterable[NDArray[np.uint8]] | int = 60, rate: float = 25
) -> Path:
    """Write a film of numbered pictures 0, 1, 2 ... or of the given ones, uint8[h, w, 3]; return its path."""
    if isinstance(pictures, int):
        pictures = (numbered(i) for i in range(pictures))
    writer = None
    for picture in pictures:
        if writer is None:
            height, width = picture.shape[:2]
            code = cv2.VideoWriter.fourcc(*codec)
            writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, rate, (width, height))
            assert writer.isOpened(), f"no coder for {codec} in {path.suffix}"
        writer.write(picture)
    assert writer is not None
    writer.release()
    return path


def change(path: Path, edit: Callable[[bytes], bytes], name: str = "changed") -> Path:
    """A copy of a file beside it, with its bytes edited."""
    changed = path.with_name(name + path.suffix)
    changed.write_bytes(edit(path.read_bytes()))
    return changed


Boxes = list[tuple[bytes, "bytes | Boxes"]]
_CONTAINERS = {b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl"}


def parse_mp4(data: bytes) -> Boxes:
    """The boxes of an mp4 as (kind, content); the content of a container is a list of boxes again."""
    boxes: Boxes = []
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        assert size >= 8
        content = data[at + 8 : at + size]
        boxes.append((kind, parse_mp4(content) if kind in _CONTAINERS else content))
        at += size
    return boxes


def write_mp4(boxes: Boxes) -> bytes:
    """The inverse of `parse_mp4`."""
    parts = []
    for kind, content in boxes:
        raw = content if isinstance(content, bytes) else write_mp4(content)
        parts.append(struct.pack(">I4s", 8 + len(raw), kind) + raw)
    return b"".join(parts)


def edit_box(boxes: Boxes, path: str, edit: Callable[[bytes], bytes]) -> Boxes:
    """The boxes with the content of the one at `path` ("moov/trak/tkhd") edited."""
    head, _, rest = path.partition("/")
    found = [kind for kind, _ in boxes if kind == head.encode()]
    assert found, f"no box {head}"
    edited: Boxes = []
    for kind, content in boxes:
        if kind == head.encode():
            content = edit_box(content, rest, edit) if not isinstance(content, bytes) else edit(content)
        edited.append((kind, content))
    return edited


def with_durations(data: bytes, durations: list[int]) -> bytes:
    """An mp4 whose frames last so many ticks of its clock each (box stts): a variable frame rate."""
    table = struct.pack(">II", 0, len(durations)) + b"".join(struct.pack(">II", 1, d) for d in durations)
    return write_mp4(edit_box(parse_mp4(data), "moov/trak/mdia/minf/stbl/stts", lambda _: table))


def with_pixel_aspect(data: bytes, across: int, down: int) -> bytes:
    """An mp4 whose pixels are across : down (box pasp at the end of the sample entry in stsd)."""

    def add(stsd: bytes) -> bytes:
        pasp = struct.pack(">I4sII", 16, b"pasp", across, down)
        size = struct.unpack_from(">I", stsd, 8)[0]
        entry = stsd[8 : 8 + size].replace(b"pasp", b"free")  # the writer's own, if it wrote one
        return stsd[:8] + struct.pack(">I", size + 16) + entry[4:] + pasp + stsd[8 + size :]

    return write_mp4(edit_box(parse_mp4(data), "moov/trak/mdia/minf/stbl/stsd", add))


def with_rotation(data: bytes) -> bytes:
    """An mp4 to be shown turned by 90 degrees clockwise, as phones write it (the matrix in box tkhd)."""

    def turn(tkhd: bytes) -> bytes:
        one = 1 << 16
        matrix = struct.pack(">9i", 0, one, 0, -one, 0, 0, SIZE[1] * one, 0, 1 << 30)
        return tkhd[:40] + matrix + tkhd[76:]

    return write_mp4(edit_box(parse_mp4(data), "moov/trak/tkhd", turn))


def with_index_first(data: bytes) -> bytes:
    """An mp4 with its index (moov) before its frames, so that a cut-off tail leaves it readable."""
    boxes = parse_mp4(data)
    moov = next(box for box in boxes if box[0] == b"moov")
    others = [box for box in boxes if box[0] != b"moov"]
    shift = len(write_mp4([moov]))

    def move(stco: bytes) -> bytes:
        count = struct.unpack_from(">I", stco, 4)[0]
        offsets = struct.unpack_from(f">{count}I", stco, 8)
        return stco[:8] + struct.pack(f">{count}I", *(offset + shift for offset in offsets))

    [moov] = edit_box([moov], "moov/trak/mdia/minf/stbl/stco", move)
    return write_mp4([others[0], moov, *others[1:]])


def with_announced(data: bytes, count: int) -> bytes:
    """An avi whose headers announce `count` frames (avih.dwTotalFrames and strh.dwLength)."""
    changed = bytearray(data)
    for tag, offset in ((b"avih", 16), (b"strh", 32)):
        struct.pack_into("<I", changed, data.index(tag) + 8 + offset, count)
    return bytes(changed)


def with_half_height(data: bytes) -> bytes:
    """A Matroska film of `SIZE` to be shown at half its height: its pixels are twice as wide as high.

    DisplayHeight (id 0x54BA) takes the place of DisplayUnit (0x54B2), which the writer sets to 4, "unknown";
    both are id, length 1, value. The width to show it at is then the width of the film (RFC 9559).
    """
    unknown_unit = b"\x54\xb2\x81\x04"
    assert data.count(unknown_unit) == 1
    return data.replace(unknown_unit, b"\x54\xba\x81" + bytes([SIZE[1] // 2]))


def luma_frame(codes: NDArray[np.uint8] | NDArray[np.uint16], pix_fmt: str = "yuv420p") -> av.VideoFrame:
    """A grey frame with just these codes in its luma plane, [h, w]."""
    height, width = codes.shape
    frame = av.VideoFrame(width, height, pix_fmt)
    grey = 128 << 8 * (codes.itemsize - 1) >> (6 if "10" in pix_fmt else 0)
    for number, plane in enumerate(frame.planes):
        rows = np.frombuffer(plane, codes.dtype).reshape(plane.height, -1)
        rows[:] = grey
        if number == 0:
            rows[:, :width] = codes
    return frame


def numbered_luma(number: int) -> NDArray[np.uint8]:
    """The luma plane of `numbered`, limited range."""
    return (16 + numbered(number)[:, :, 0] * (219 / 255)).round().astype(np.uint8)


def encode(
    path: Path,
    *streams: Iterable[av.VideoFrame],
    codec: str | list[str] = "libx264",
    rate: int = 25,
    start: int = 0,
    options: dict[str, str] | None = None,
    format: str | None = None,
    metadata: dict[str, str] | None = None,
    **context: Any,
) -> Path:
    """Write a film with one or more video streams through PyAV; return its path.

    start: the number of the frame's time that the first one gets. context: attributes of the coder, each one
    value for all streams; `disposition` and `times` are lists with an item for each stream: what it is marked
    as, and its pts as a function of the frame's number.
    """
    dispositions = context.pop("disposition", None)
    times = context.pop("times", None)
    with av.open(str(path), "w", format=format, options={}) as film:
        film.metadata.update(metadata or {})
        made = []
        for number, frames in enumerate(streams):
            frames = list(frames)
            coder = codec if isinstance(codec, str) else codec[number]
            stream = film.add_stream(coder, rate=rate, options=options or {})
            stream.width, stream.height = frames[0].width, frames[0].height
            stream.pix_fmt = frames[0].format.name
            for name, value in context.items():
                setattr(stream.codec_context, name, value)
            if dispositions:
                stream.disposition = dispositions[number]
            made.append((stream, frames))
        for number, (stream, frames) in enumerate(made):
            for n, frame in enumerate(frames):
                frame.pts = start + n if times is None else times[number](n)
                frame.time_base = Fraction(1, rate)
                film.mux(stream.encode(frame))
            film.mux(stream.encode(None))
    return path


def with_matrix(data: bytes, a: int, b: int, c: int, d: int) -> bytes:
    """An mp4 of `SIZE` with another display matrix, of whole numbers: a point (x, y) goes to
    (a x + c y, b x + d y), moved so that the picture begins at 0.
    """

    def turn(tkhd: bytes) -> bytes:
        one = 1 << 16
        width, height = SIZE
        x = one * (width * (a < 0) + height * (c < 0))
        y = one * (width * (b < 0) + height * (d < 0))
        return (
            tkhd[:40]
            + struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, x, y, 1 << 30)
            + tkhd[76:]
        )

    return write_mp4(edit_box(parse_mp4(data), "moov/trak/tkhd", turn))


def with_pts(data: bytes, edit: Callable[[int, int], int]) -> bytes:
    """An MPEG-TS whose n-th PES with a time has the pts (90 kHz) `edit(n, pts)`; a dts stays."""
    changed = bytearray(data)
    count = 0
    for at in range(0, len(data), 188):
        begins, control = data[at + 1] & 0x40, data[at + 3] >> 4 & 3
        payload = at + 4 + (1 + data[at + 4] if control & 2 else 0)
        if not (begins and control & 1 and data[payload : payload + 3] == b"\0\0\1"):
            continue
        if data[payload + 3] & 0xF0 != 0xE0 or not data[payload + 7] & 0x80:
            continue
        field = data[payload + 9 : payload + 14]
        pts = (field[0] >> 1 & 7) << 30 | field[1] << 22 | field[2] >> 1 << 15 | field[3] << 7 | field[4] >> 1
        pts = edit(count, pts)
        count += 1
        changed[payload + 9 : payload + 14] = bytes(
            [field[0] & 0xF0 | pts >> 29 & 0xE | 1, pts >> 22 & 255, pts >> 14 & 254 | 1, pts >> 7 & 255,
             pts << 1 & 254 | 1]
        )  # fmt: skip
    return bytes(changed)
