"""Films: exact frame numbers from any start, true times, and one clear line for what is not a film."""

import gc
import logging
import os
import struct
import threading
import time
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.trainer.made_films import (
    SIZE,
    change,
    make_film,
    numbered,
    read_number,
    with_announced,
    with_durations,
    with_half_height,
    with_index_first,
    with_pixel_aspect,
    with_rotation,
)
from trainer.cores import ahead
from trainer.errors import FilmError, OptionError
from trainer.films.film import BEGINNING, Film
from trainer.films.times import FilmTime, FrameNumber

COUNT = 60

# Intra-only, predicted, and (MPEG-2 as OpenCV writes it) stored out of order; every container of the issue.
KINDS = [
    ("mp4", "mp4v"), ("mov", "mp4v"), ("mkv", "mp4v"), ("mkv", "FFV1"), ("avi", "MJPG"), ("avi", "XVID"),
    ("webm", "VP80"), ("webm", "VP90"), ("ts", "MPG2"), ("mpg", "MPG1"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="module")
def mp4(folder: Path) -> Path:
    return make_film(folder / "plain.mp4", "mp4v", COUNT)


@pytest.fixture(scope="module")
def avi(folder: Path) -> Path:
    return make_film(folder / "plain.avi", "MJPG", COUNT)


def numbers(film: Film, *args: object, **kwargs: object) -> list[int]:
    """The numbers of the frames of an iteration; checks that each picture shows its number."""
    found = []
    for frame in film.frames(*args, **kwargs):  # type: ignore[arg-type]
        assert read_number(frame.image) == frame.number
        found.append(frame.number)
    return found


@pytest.mark.parametrize(("suffix", "codec"), KINDS)
def test_every_container_gives_every_frame_its_number_and_time(folder: Path, suffix: str, codec: str) -> None:
    film = Film(make_film(folder / f"{codec}.{suffix}", codec, COUNT))
    frames = list(film.frames())
    assert [read_number(frame.image) for frame in frames] == list(range(COUNT))
    assert [frame.number for frame in frames] == list(range(COUNT))
    assert [frame.time_ms for frame in frames] == [40 * i for i in range(COUNT)]
    assert (film.width, film.height, film.pixel_aspect, film.rate) == (*SIZE, 1.0, 25.0)
    assert numbers(film, FrameNumber(17), FrameNumber(50), 7) == [17, 24, 31, 38, 45]


def test_range_by_frames_and_times(mp4: Path) -> None:
    film = Film(mp4)
    assert numbers(film, FrameNumber(57)) == [57, 58, 59]
    assert numbers(film, FilmTime(80), FilmTime(200)) == [2, 3, 4]  # the end is exclusive
    assert numbers(film, FilmTime(81), FilmTime(201)) == [3, 4, 5]
    assert numbers(film, FrameNumber(56), FilmTime(2320), 2) == [56]
    assert numbers(film, FilmTime(2200), FrameNumber(58)) == [55, 56, 57]
    assert numbers(film, every=COUNT) == [0]
    assert numbers(film, FrameNumber(50), FrameNumber(9999)) == list(range(50, 60))


def test_range_without_frames(mp4: Path) -> None:
    film = Film(mp4)
    with pytest.raises(
        FilmError, match=r"from 60 to the end of the film; it was read up to frame 59 at 2\.36s"
    ):
        next(film.frames(FrameNumber(60)))
    with pytest.raises(FilmError, match="no frame lies from 1:00 to 30"):
        next(film.frames(FilmTime(60_000), FrameNumber(30)))
    with pytest.raises(OptionError, match="does not lie after"):
        film.frames(FrameNumber(5), FrameNumber(5))
    with pytest.raises(OptionError, match="does not lie after"):
        film.frames(FilmTime(5), FilmTime(4))
    with pytest.raises(OptionError, match="every 0"):
        film.frames(every=0)


def test_variable_rate_keeps_the_real_times(mp4: Path) -> None:
    # The same sum as before, so that the mp4's edit list still covers the whole film.
    tick = 512
    durations = [tick] * COUNT
    for i in range(0, COUNT, 2):
        durations[i] += 300
        durations[i + 1] -= 300
    film = Film(change(mp4, lambda data: with_durations(data, durations), "variable"))
    frames = list(film.frames())
    assert [read_number(frame.image) for frame in frames] == list(range(COUNT))
    starts = [sum(durations[:i]) / (25 * tick) * 1000 for i in range(COUNT)]
    assert [frame.time_ms for frame in frames] == [round(start) for start in starts]
    # By the nominal rate, 400 ms would be frame 10 as well, but 430 ms frame 11 and not 11's real start at
    # 463.
    assert numbers(film, FilmTime(400), FilmTime(463)) == [10]


@pytest.mark.parametrize("count", [0, 5, COUNT - 2, COUNT - 1, COUNT + 1, 100_000])
def test_wrong_count_in_the_header_breaks_nothing(
    avi: Path, count: int, caplog: pytest.LogCaptureFixture
) -> None:
    film = Film(change(avi, lambda data: with_announced(data, count), f"count{count}"))
    assert film.frames_announced == (count or None)
    frames = list(film.frames())
    assert [read_number(frame.image) for frame in frames] == list(range(COUNT))
    assert [frame.time_ms for frame in frames] == [40 * i for i in range(COUNT)]
    assert numbers(film, FrameNumber(20), every=20) == [20, 40]
    assert len(film.sample(8)) >= 8
    warned = [record.getMessage() for record in caplog.records]
    if count == 100_000:
        assert "60 frames could be read of the 100000 that its header announces" in warned[0]
    else:
        assert not warned


def test_any_file_name(mp4: Path) -> None:
    odd = mp4.with_name("it's http: 100%d a 'film' äö")
    odd.write_bytes(mp4.read_bytes())
    assert Film(odd).name == odd.name
    assert numbers(Film(odd)) == list(range(COUNT))


@pytest.mark.parametrize(
    ("suffix", "codec"), [("mp4", "mp4v"), ("avi", "MJPG"), ("mkv", "mp4v"), ("webm", "VP80")]
)
def test_damaged_tail_ends_the_film_with_a_warning(
    folder: Path, suffix: str, codec: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = make_film(folder / f"whole.{suffix}", codec, COUNT)
    capfd.readouterr()

    def cut(data: bytes) -> bytes:
        data = with_index_first(data) if suffix == "mp4" else data
        return data[: len(data) * 6 // 10]

    frames = list(Film(change(whole, cut, "cut")).frames())
    assert 20 < len(frames) < 45
    # The last frame may be half there; those before it are whole.
    assert [read_number(frame.image) for frame in frames[:-1]] == list(range(len(frames) - 1))
    [warning] = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert f"{len(frames)} frames could be read of the 60" in warning
    assert "\n" not in warning
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("suffix", "codec"), [("mp4", "mp4v"), ("mp4", "MJPG"), ("avi", "MJPG"), ("mkv", "mp4v")]
)
def test_damage_in_the_middle_does_not_end_the_film(
    folder: Path, suffix: str, codec: str, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = make_film(folder / f"holed_{codec}.{suffix}", codec, 3 * COUNT)
    capfd.readouterr()

    def hole(data: bytes) -> bytes:
        start, length = len(data) * 3 // 10, len(data) // 10
        return data[:start] + bytes(length) + data[start + length :]

    film = Film(change(whole, hole, f"hole_{codec}"))
    frames = list(film.frames())
    assert [frame.number for frame in frames] == list(range(len(frames)))
    assert 2 * COUNT < len(frames) < 3 * COUNT
    assert read_number(frames[-1].image) == 3 * COUNT - 1
    again = [frame.image for frame in film.frames(FrameNumber(len(frames) - 3))]
    assert all((a == b.image).all() for a, b in zip(again, frames[-3:], strict=True))
    assert capfd.readouterr() == ("", "")


def test_no_film(folder: Path, mp4: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = folder / "text.mp4"
    text.write_text("not a film\n" * 100)
    empty = folder / "empty.mp4"
    empty.touch()
    picture = folder / "picture.png"
    Image.fromarray(numbered(3)).save(picture)
    photo = folder / "photo.mp4"
    Image.fromarray(numbered(3)).save(photo, "JPEG")
    sound = folder / "sound.wav"
    with wave.open(str(sound), "wb") as wav:
        wav.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
        wav.writeframes(bytes(16_000))
    covered = folder / "covered.mp3"
    covered.write_bytes(sound_with_cover(picture.read_bytes()))
    no_index = change(mp4, lambda data: data[: len(data) // 2], "no_index")
    junk = change(mp4, without_pictures, "junk")
    bytes_name = Path(os.fsdecode(bytes(folder) + b"/\xff.mp4"))
    bytes_name.write_bytes(mp4.read_bytes())
    capfd.readouterr()
    wrong = {
        folder: "is a directory",
        bytes_name: "not UTF-8; rename",
        folder / "missing.mp4": "no such file",
        Path("/dev/null"): "not an ordinary file",
        empty: "is empty",
        text: "no film that FFmpeg can open",
        sound: "no film that FFmpeg can open",
        no_index: "no film that FFmpeg can open",
        picture: "single picture",
        photo: "single picture",
        covered: "single picture",
        junk: "not one frame can be decoded",
    }
    for path, reason in wrong.items():
        with pytest.raises(FilmError, match=reason) as caught:
            Film(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def sound_with_cover(picture: bytes) -> bytes:
    """An mp3 of silence with a cover picture (ID3v2.3 APIC frame): to FFmpeg a film of one frame."""
    content = b"\0image/png\0\x03\0" + picture
    apic = b"APIC" + struct.pack(">I", len(content)) + b"\0\0" + content
    size = bytes(len(apic) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + apic + (b"\xff\xfb\x90\x64" + bytes(413)) * 20


def without_pictures(data: bytes) -> bytes:
    """An mp4 whose index is whole and whose frames are all zeros."""
    start = data.index(b"mdat") + 4
    length = struct.unpack_from(">I", data, start - 8)[0] - 8
    return data[:start] + bytes(length) + data[start + length :]


def test_animated_gif_and_single_frame_film_are_films(folder: Path) -> None:
    gif = folder / "moving.gif"
    pictures = [Image.fromarray(numbered(i)) for i in range(5)]
    pictures[0].save(gif, save_all=True, append_images=pictures[1:], duration=100)
    assert numbers(Film(gif)) == [0, 1, 2, 3, 4]
    assert numbers(Film(make_film(folder / "one.mp4", "mp4v", 1))) == [0]


def test_pixel_aspect(mp4: Path, folder: Path) -> None:
    wide = Film(change(mp4, lambda data: with_pixel_aspect(data, 16, 11), "wide"))
    assert wide.pixel_aspect == pytest.approx(16 / 11)
    assert (wide.width, wide.height) == SIZE
    assert numbers(wide) == list(range(COUNT))

    low = change(make_film(folder / "display.mkv", "FFV1", COUNT), with_half_height, "low")
    assert Film(low).pixel_aspect == pytest.approx(2.0)
    assert numbers(Film(low)) == list(range(COUNT))


def test_rotated_film_is_upright_and_so_is_its_pixel_aspect(mp4: Path) -> None:
    turned = Film(change(mp4, with_rotation, "turned"))
    assert (turned.width, turned.height) == SIZE[::-1]
    frame = next(turned.frames(FrameNumber(7)))
    assert frame.image.shape == SIZE
    assert read_number(np.rot90(frame.image)) == 7

    both = Film(change(mp4, lambda data: with_rotation(with_pixel_aspect(data, 16, 11)), "both"))
    assert both.pixel_aspect == pytest.approx(11 / 16)


def test_luma_is_pillows(folder: Path) -> None:
    rng = np.random.default_rng(1)
    picture = np.kron(rng.integers(0, 256, (6, 10, 3), np.uint8), np.ones((16, 16, 1), np.uint8))
    frame = next(Film(make_film(folder / "colours.avi", "\0\0\0\0", [picture] * 2)).frames())
    pillow = np.asarray(Image.fromarray(picture[:, :, ::-1]).convert("L"))
    inside = np.s_[4::16, 4::16]  # away from the edges, which the film's own chroma smears
    assert np.abs(frame.image[inside].astype(int) - pillow[inside]).max() <= 4
    assert np.ptp(frame.image) > 100


def test_sample_is_spread_over_the_range_and_repeatable(mp4: Path) -> None:
    film = Film(mp4)
    sample = [read_number(image) for image in film.sample(6)]
    assert sample == [0, 10, 20, 30, 40, 50]
    assert sample == [read_number(image) for image in film.sample(6)]
    part = [read_number(image) for image in film.sample(4, FrameNumber(20), FilmTime(1600))]
    assert 4 <= len(part) < 8
    assert part[0] == 20
    assert part[-1] < 40


def test_sample_of_a_long_film_seeks(folder: Path) -> None:
    film = Film(make_film(folder / "long.avi", "MJPG", 1000))
    found = [read_number(image) for image in film.sample(3)]
    assert len(found) == 3
    assert np.abs(np.array(found) - [166, 500, 833]).max() <= 2


def test_sample_of_unknown_length_is_thinned(avi: Path) -> None:
    film = Film(change(avi, lambda data: with_announced(data, 0), "unknown"))
    assert film.frames_announced is None
    assert film.duration_ms is None
    assert film.estimate() is None
    assert [read_number(image) for image in film.sample(5)] == [0, 8, 16, 24, 32, 40, 48, 56]


def test_estimate(mp4: Path) -> None:
    film = Film(mp4)
    assert film.duration_ms == 2400
    for start, end, every in (
        (BEGINNING, None, 1),
        (FrameNumber(7), None, 9),
        (FilmTime(400), FilmTime(1600), 7),
        (FrameNumber(59), FrameNumber(9999), 5),
    ):
        assert film.estimate(start, end, every) == len(list(film.frames(start, end, every)))


def test_closing_a_film_ends_its_iterations(mp4: Path) -> None:
    with Film(mp4) as film:
        first, second = film.frames(), film.frames(FrameNumber(5))
        assert next(first).number == 0
        assert next(second).number == 5  # independent of the first
    assert list(first) == []
    assert list(second) == []


def test_closing_a_film_in_the_middle_of_decoding_leaves_an_error_in_the_loop_alone(folder: Path) -> None:
    long = Film(make_film(folder / "busy.avi", "MJPG", 1000))

    def stop_inside() -> None:
        with long:
            frames = ahead(long.frames(every=999))
            next(frames)  # its thread is now busy for 998 frames
            raise KeyError("mine")

    before = threading.active_count()
    with pytest.raises(KeyError, match="mine"):
        stop_inside()
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        gc.collect()  # `ahead` closes when nothing refers to it any more
        time.sleep(0.01)
    assert threading.active_count() == before


def test_memory_does_not_grow_with_the_film(folder: Path) -> None:
    picture = np.zeros((240, 320, 3), np.uint8)
    film = Film(make_film(folder / "long_mem.avi", "MJPG", (picture + i % 200 for i in range(2000))))
    held = {}
    for frame in ahead(film.frames()):
        if frame.number in (500, 1999):
            held[frame.number] = resident_bytes()
    assert held[1999] - held[500] < 25_000_000  # the frames between them have 115 MB


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
