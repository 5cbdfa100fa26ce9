"""What a file is, by its first bytes: a film, a reel, or neither."""

from pathlib import Path
from typing import Literal

from player.errors import FileError
from player.files import why
from player.reel.format import APPLICATION_ID

HEAD = 600
"""How many of a file's first bytes `kind` wants; fewer are all of the file."""

_BEGINNINGS = (
    b"\x1a\x45\xdf\xa3",  # Matroska, WebM
    b"\x00\x00\x01\xba",  # MPEG program stream: VOB, mpg
    b"\x00\x00\x01\xb3",  # MPEG video
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF, WMV
    b"FLV\x01",
    b"OggS",
    b".RMF",  # RealMedia
    b"YUV4MPEG2 ",
    b"\x06\x0e\x2b\x34\x02\x05\x01\x01",  # MXF
)
_ATOMS = (b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")  # of QuickTime files without ftyp
_NOT_FILMS = (b"M4A ", b"M4B ", b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1", b"crx ")
_PACKETS = ((0, 188), (4, 192))  # MPEG transport stream; as Blu-ray discs hold it: (first, length)
_SYNC = 0x47


Kind = Literal["film", "reel"] | None


def kind_of(path: Path) -> Kind:
    """What the file at `path` is. FileError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return kind(file.read(HEAD))
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {why(error)}; check the path and its permissions") from None


def kind(head: bytes) -> Kind:
    """What a file with these first bytes is; None: neither. Pure. A film may still turn out to be broken.

    A container that FFmpeg reads counts as a film: mp4, mov, mkv, webm, avi, ts, m2ts, mpg, vob, wmv, flv,
    ogv, rm, mxf, y4m.
    """
    if head.startswith(b"SQLite format 3\0"):
        return "reel" if int.from_bytes(head[68:72]) == APPLICATION_ID else None
    if head.startswith(_BEGINNINGS):
        return "film"
    if head[4:8] == b"ftyp":
        return None if head[8:12] in _NOT_FILMS else "film"
    if head[4:8] in _ATOMS:
        return "film"
    if head[:4] == b"RIFF":
        return "film" if head[8:12] == b"AVI " else None
    for first, length in _PACKETS:
        places = range(first, len(head), length)
        if len(places) >= 3 and all(head[place] == _SYNC for place in places):
            return "film"
    return None
