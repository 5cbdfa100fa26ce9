"""A film, a reel or neither, by the first bytes."""

import pytest

from player.errors import FileError
from player.films.kinds import HEAD, kind, kind_of


def packets(length, first=0):
    return b"".join(bytes(first) + b"\x47" + bytes(length - first - 1) for _ in range(5))[:HEAD]


@pytest.mark.parametrize(
    "head",
    [
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
        b"\0\0\0\x14ftypqt  \0\0\2\0qt  ",
        b"\0\0\1\0moov" + bytes(50),
        b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1f\x42\x86",
        b"RIFF\x10\0\0\0AVI LIST",
        b"\0\0\1\xba\x44\0\4\0",
        packets(188),
        packets(192, 4),
        b"YUV4MPEG2 W64 H48 F25:1",
        b"OggS\0\2",
    ],
)
def test_containers_of_films(head):
    assert kind(head) == "film"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"ftyp",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0\0\x10JFIF",
        b"\0\0\0\x18ftypheic",
        b"\0\0\0\x18ftypM4A ",
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"PK\3\4",
        b"%PDF-1.7",
        b"1\n00:00:01,000 --> 00:00:02,000\nHello\n",
        b"G" * 100,  # too short to be packets
        b"SQLite format 3\0" + bytes(100),
        b"ID3\4",
    ],
)
def test_neither(head):
    assert kind(head) is None


def test_a_reel(make_reel, make_film):
    assert kind_of(make_reel(make_film(2))) == "reel"


def test_a_file_that_cannot_be_read_is_one_line(tmp_path):
    with pytest.raises(FileError, match=r"no such file.*check the path"):
        kind_of(tmp_path / "gone.mp4")
