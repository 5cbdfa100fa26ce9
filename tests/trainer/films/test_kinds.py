"""Kinds of films that came out wrong once. What is right is known from how each is made here."""

import json
import logging
import random
from fractions import Fraction
from itertools import pairwise, product

import av
import numpy as np
import pytest
from av.stream import Disposition

from player.reel import Reel
from tests.trainer.made_films import (
    SIZE,
    change,
    encode,
    luma_frame,
    make_film,
    numbered,
    numbered_luma,
    read_number,
    with_matrix,
    with_pts,
)
from trainer.__main__ import main
from trainer.errors import FilmError, OptionError
from trainer.films.container import LONGEST_TITLE
from trainer.films.decoder import Decoder
from trainer.films.film import Film
from trainer.films.luma import CURVES
from trainer.films.selection import Selection
from trainer.films.times import FrameNumber
from trainer.films.tones import Tones, find_bars

COUNT = 50


def numbered_frames(count=COUNT, first=0):
    return [luma_frame(numbered_luma(first + n)) for n in range(count)]


def flat(luma, count=10, size=(160, 120)):
    return [luma_frame(np.full(size[::-1], luma, np.uint8)) for _ in range(count)]


def read(path, **options):
    with Film(path, **options) as film:
        return film, list(film.frames())


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        ("libsvtav1", "mp4"), ("libsvtav1", "webm"), ("libx264", "mkv"), ("libx265", "mp4"), ("mpeg4", "avi"),
        ("libvpx-vp9", "webm"), ("mpeg2video", "ts"), ("prores_ks", "mov"),
    ],
)  # fmt: skip
def test_codecs(tmp_path, codec, suffix):
    options = {"log-level": "none"} if codec == "libx265" else {}
    frames = numbered_frames()
    if codec == "prores_ks":
        frames = [frame.reformat(format="yuv422p10le") for frame in frames]
    film, found = read(encode(tmp_path / f"a.{suffix}", frames, codec=codec, options=options))
    assert [read_number(frame.image) for frame in found] == list(range(COUNT))
    assert [frame.time_ms for frame in found] == [40 * n for n in range(COUNT)]
    assert film.damaged == 0


def test_luma_is_the_films_own_spread_to_the_full_range(tmp_path):
    codes = np.tile(np.arange(256, dtype=np.uint8), (16, 1))
    _, [limited] = read(encode(tmp_path / "limited.mkv", [luma_frame(codes)], codec="ffv1"))
    expected = np.clip(np.round((codes.astype(float) - 16) * 255 / 219), 0, 255)
    np.testing.assert_array_equal(limited.image, expected)
    _, [full] = read(encode(tmp_path / "full.mkv", [luma_frame(codes)], codec="ffv1", color_range=2))
    np.testing.assert_array_equal(full.image, codes)
    _, [grey] = read(encode(tmp_path / "grey.mkv", [luma_frame(codes, "gray")], codec="ffv1"))
    np.testing.assert_array_equal(grey.image, codes)


def ten_bits():
    return np.tile(np.arange(1024, dtype=np.uint16), (16, 1))


def test_ten_bits_are_used_in_full(tmp_path):
    _, [frame] = read(encode(tmp_path / "a.mkv", [luma_frame(ten_bits(), "yuv420p10le")], codec="ffv1"))
    expected = np.clip(np.round((ten_bits().astype(float) - 64) * 255 / 876), 0, 255)
    np.testing.assert_array_equal(frame.image, expected)


def srgb(light):
    return 255 * (1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(
    ("trc", "name", "signals"),
    [
        # PQ signals of BT.2100: 10, 20 and 10,000 cd/m2. HLG: 1/12 and 1/4 of the scene's light.
        (16, "PQ", {0.29970: srgb(10 / 203), 0.35701: srgb(20 / 203), 1.0: 255}),
        (18, "HLG", {0.25: srgb(1000 * (1 / 48) ** 1.2 / 203), 1.0: 255}),
    ],
)
def test_high_dynamic_range_keeps_shadows_as_they_are_and_highlights_apart(tmp_path, trc, name, signals):
    path = tmp_path / "a.mkv"
    encode(path, [luma_frame(ten_bits(), "yuv420p10le")], codec="ffv1", color_trc=trc)
    film, [frame] = read(path)
    assert film.transfer == name
    curve = frame.image[0].astype(int)
    assert (curve[:65] == 0).all()
    assert (np.diff(curve) >= 0).all()
    for signal, expected in signals.items():
        assert curve[round(64 + 876 * signal)] == pytest.approx(expected, abs=1)
    if name == "PQ":
        nits = [203, 400, 1000, 2000, 4000, 10_000]
        highlights = [curve[round(64 + 876 * s)] for s in (0.5807, 0.6525, 0.7518, 0.8274, 0.9026, 1.0)]
        assert all(b > a for a, b in pairwise(highlights)), dict(zip(nits, highlights, strict=True))


def box(left):
    """A white box on grey, at a place across."""
    picture = np.full((96, 160), 90, np.uint8)
    picture[16:80, left : left + 40] = 200
    return picture


def woven(number):
    """A frame whose upper field is the later one: the box moves by 8 pixels from field to field."""
    frame = box(4 + 16 * (number % 6))
    frame[::2] = box(12 + 16 * (number % 6))[::2]
    return frame


def interlaced(path, count=12):
    options = {"flags": "+ilme+ildct", "b": "20M"}
    return encode(path, [luma_frame(woven(n)) for n in range(count)], codec="mpeg2video", options=options)


def combing(image):
    """How much the rows go to and fro, in grey levels."""
    rows = image.astype(int)
    return np.abs(rows[1:-1] - (rows[:-2] + rows[2:]) / 2).mean()


@pytest.mark.parametrize("suffix", ["mpg", "ts", "mkv"])
def test_interlaced_films_are_deinterlaced_one_frame_for_each_picture(tmp_path, suffix):
    film, found = read(interlaced(tmp_path / f"a.{suffix}"))
    assert len(found) == 12
    assert [frame.time_ms for frame in found] == [40 * n for n in range(12)]
    assert film.interlaced == 12
    for number, frame in enumerate(found):
        first = (box(4 + 16 * (number % 6)).astype(float) - 16) * 255 / 219
        assert combing(frame.image) < 0.2 * combing(woven(number))
        assert np.abs(frame.image - first).mean() < 3  # the box where the earlier field has it


def test_progressive_frames_of_a_mixed_film_stay_as_they_are(tmp_path):
    plain = tmp_path / "plain.m2v"
    encode(plain, [luma_frame(box(10 + n)) for n in range(12)], codec="mpeg2video", format="mpeg2video")
    options = {"flags": "+ilme+ildct", "b": "20M"}
    combed = tmp_path / "combed.m2v"
    encode(combed, [luma_frame(woven(n)) for n in range(12)], codec="mpeg2video", options=options,
           format="mpeg2video")  # fmt: skip
    mixed = tmp_path / "mixed.m2v"
    mixed.write_bytes(plain.read_bytes() + combed.read_bytes() + plain.read_bytes())
    film, found = read(mixed)
    _, alone = read(plain)
    assert len(found) == 36
    assert film.interlaced == 12
    for part in (found[:12], found[24:]):
        for frame, same in zip(part, alone, strict=True):
            np.testing.assert_array_equal(frame.image, same.image)
    assert max(combing(frame.image) for frame in found) < 0.2 * combing(woven(0))


MATRICES = [(a, 0, 0, d) for a, d in product((1, -1), repeat=2)] + [
    (0, b, c, 0) for b, c in product((1, -1), repeat=2)
]


@pytest.mark.parametrize("matrix", MATRICES)
def test_rotations_and_mirrorings(tmp_path, matrix):
    plain = make_film(tmp_path / "plain.mp4", "mp4v", 3)
    _, (_, stored, _) = read(plain)
    film, (_, turned, _) = read(change(plain, lambda data: with_matrix(data, *matrix)))
    a, b, c, d = matrix
    width, height = SIZE
    expected = np.zeros((width, height) if b else (height, width), np.uint8)
    for y, x in product(range(0, height, 5), range(0, width, 7)):
        across, down = a * x + c * y, b * x + d * y
        across += (width - 1) * (a < 0) + (height - 1) * (c < 0)
        down += (width - 1) * (b < 0) + (height - 1) * (d < 0)
        assert turned.image[down, across] == stored.image[y, x]
    assert turned.image.shape == expected.shape
    assert (film.height, film.width) == expected.shape


def test_which_of_several_streams(tmp_path):
    small, large = flat(16), flat(235, size=(640, 480))
    default, none = Disposition.default, Disposition(0)
    marked = encode(tmp_path / "marked.mkv", large, small, disposition=[none, default])
    assert read(marked)[1][0].image.shape == (120, 160)
    film, found = read(marked, stream=0)
    assert film.stream == 0
    assert found[0].image.shape == (480, 640)
    unmarked = encode(tmp_path / "unmarked.mkv", small, large, disposition=[none, none])
    assert read(unmarked)[1][0].image.shape == (480, 640)
    covered = [Disposition.attached_pic, none]
    photo = [frame.reformat(format="yuvj420p") for frame in large[:1]]
    still = encode(tmp_path / "still.mp4", photo, small, codec=["mjpeg", "libx264"], disposition=covered)
    assert read(still)[1][0].image.shape == (120, 160)
    for wrong in (2, -1):
        with pytest.raises(OptionError, match=r"2 video streams: 0 \(h264, 640x480\), 1 \(h264, 160x120\)"):
            Film(marked, stream=wrong)


def test_sound_with_a_cover_is_no_film(tmp_path):
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as song:
        sound = song.add_stream("aac", rate=8000, layout="mono")
        cover = song.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 160, 120, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), "fltp", "mono")
        silence.rate = 8000
        song.mux(cover.encode(luma_frame(np.full((120, 160), 99, np.uint8), "yuvj420p")))
        song.mux(cover.encode(None))
        song.mux(sound.encode(silence))
        song.mux(sound.encode(None))
    with pytest.raises(FilmError, match="single picture or sound with a cover, not a film"):
        Film(path)


def test_what_cannot_be_decoded_is_named(tmp_path):
    avi = make_film(tmp_path / "a.avi", "MJPG", 3)
    with pytest.raises(FilmError, match=r"cannot decode the codec ZZZZ; convert the film to H.264 first"):
        Film(change(avi, lambda data: data.replace(b"MJPG", b"ZZZZ")))


@pytest.mark.parametrize("address", ["https://example.com/a.mp4", "rtsp://10.0.0.1/a", "ftp://a/b.mkv"])
def test_an_address_is_one_line(address):
    with pytest.raises(FilmError, match="is an address on the network; download the film"):
        Film(address)


def ts(path, **options):
    return encode(path, numbered_frames(), codec="mpeg2video", options={"bf": "0"}, **options)


@pytest.mark.parametrize(
    ("wrong", "by_s"),
    [(0, 3600), (1, 3600), (20, 3600), (COUNT - 1, 3600), (1, -1), (20, -1), (COUNT - 1, -1)],
)
def test_a_wrong_timestamp_spoils_one_frame(tmp_path, wrong, by_s):
    path = change(ts(tmp_path / "a.ts"), lambda data: with_pts(
        data, lambda n, pts: max(0, pts + 90_000 * by_s) if n == wrong else pts))  # fmt: skip
    _, found = read(path)
    assert [read_number(frame.image) for frame in found] == list(range(COUNT))
    times = np.array([frame.time_ms for frame in found])
    expected = 40 * np.arange(COUNT)
    others = np.arange(COUNT) != wrong
    assert (np.diff(times) > 0).all()
    if wrong == COUNT - 1 and by_s > 0:  # nothing tells that it is wrong
        others[-1] = False
    np.testing.assert_array_equal(times[others], expected[others])


def test_joined_recordings_go_on_after_the_clock_jumps_back(tmp_path):
    path = change(ts(tmp_path / "a.ts"), lambda data: with_pts(
        data, lambda n, pts: pts if n < 30 else pts - 30 * 3600))  # fmt: skip
    assert [frame.time_ms for frame in read(path)[1]] == [40 * n for n in range(COUNT)]


def test_the_first_frame_is_zero_wherever_the_clock_starts(tmp_path):
    film, found = read(encode(tmp_path / "a.mkv", numbered_frames(), start=250))
    assert [frame.time_ms for frame in found] == [40 * n for n in range(COUNT)]
    assert film.offset_ms == 0  # the container's clock starts with it


def late(path):
    """A film whose sound begins at 0 and whose pictures begin 2 s later."""
    with av.open(str(path), "w") as film:
        sound = film.add_stream("pcm_s16le" if path.suffix == ".mkv" else "aac", rate=8000, layout="mono")
        video = film.add_stream("libx264", rate=25)
        video.width, video.height = SIZE
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 32_000), np.int16), "s16", "mono")
        silence.rate, silence.pts = 8000, 0
        film.mux(sound.encode(silence))
        film.mux(sound.encode(None))
        for n, frame in enumerate(numbered_frames()):
            frame.pts, frame.time_base = 50 + n, video.codec_context.time_base
            film.mux(video.encode(frame))
        film.mux(video.encode(None))
    return path


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_pictures_that_begin_after_the_sound(tmp_path, suffix, caplog):
    film, found = read(late(tmp_path / f"a.{suffix}"))
    assert [frame.time_ms for frame in found] == [40 * n for n in range(COUNT)]
    assert film.offset_ms == pytest.approx(2000, abs=1)
    assert film.frames_announced == COUNT
    assert not warnings(caplog)


def test_an_edit_list_leaves_out_frames_without_a_word_of_damage(tmp_path, caplog):
    """A copy from a place between two key frames: the frames before it are there and marked as not shown."""
    whole = encode(tmp_path / "whole.mp4", numbered_frames(), options={"g": "25", "bf": "2"})
    cut = tmp_path / "cut.mp4"
    with av.open(str(whole)) as source, av.open(str(cut), "w", options={"avoid_negative_ts": "0"}) as film:
        video = film.add_stream_from_template(source.streams.video[0])
        shift = 10 * 512
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, video
                film.mux(packet)
    film, found = read(cut)
    assert [read_number(frame.image) for frame in found] == list(range(10, COUNT))
    assert [frame.time_ms for frame in found] == [40 * n for n in range(COUNT - 10)]
    assert film.damaged == 0
    assert not warnings(caplog)


def test_frames_after_a_long_hole_are_found(tmp_path, caplog):
    whole = make_film(tmp_path / "whole.avi", "MJPG", (numbered(n % 1000) for n in range(3000)))

    def zero(data):
        places, at = [], data.index(b"movi") + 4
        while data[at : at + 4] == b"00dc":
            places.append(at)
            size = int.from_bytes(data[at + 4 : at + 8], "little")
            at += 8 + size + size % 2
        start, end = places[500], places[1700]
        return data[:start] + bytes(end - start) + data[end:]

    _, found = read(change(whole, zero))
    assert [read_number(frame.image) for frame in found] == [
        n % 1000 for n in [*range(500), *range(1700, 3000)]
    ]
    [warning] = warnings(caplog)
    assert "1800 frames could be read of the 3000" in warning


def test_damaged_pictures_are_counted_and_said(tmp_path, caplog):
    whole = encode(tmp_path / "whole.mp4", numbered_frames(200), options={"g": "25"})

    def spoil(data):
        changed, dice = bytearray(data), random.Random(3)
        start, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
        third = (end - start) // 3
        for _ in range(60):
            changed[dice.randrange(start + third, end - third)] = dice.randrange(256)
        return bytes(changed)

    film, found = read(change(whole, spoil))
    assert 180 < len(found) <= 200
    assert film.damaged > 0
    [warning] = warnings(caplog)
    assert f"{film.damaged} pictures were damaged" in warning
    list(film.frames())
    assert len(warnings(caplog)) == 1  # said once


@pytest.mark.parametrize("bad", [30, 57, 58, 59])
@pytest.mark.parametrize("threads", [1, 16])
def test_a_lost_picture_near_the_end_takes_no_other_with_it(tmp_path, monkeypatch, bad, threads):
    path = encode(tmp_path / "a.mp4", numbered_frames(60), options={"g": "60", "bf": "0", "qp": "10"})
    with av.open(str(path)) as film:
        packets = [(packet.pos, packet.size) for packet in film.demux(video=0) if packet.size]
    start, size = packets[bad]

    class Threaded(Decoder):
        def __init__(self, *args):
            super().__init__(*args)
            self._stream.codec_context.thread_count = threads

    monkeypatch.setattr("trainer.films.film.Decoder", Threaded)
    film, found = read(change(path, lambda data: data[:start] + bytes(size) + data[start + size :]))
    assert [round(frame.time_ms / 40) for frame in found] == [n for n in range(60) if n != bad]
    assert film.damaged >= 1


def test_a_shape_that_changes_midway(tmp_path):
    parts = [
        encode(tmp_path / f"{n}.264", flat(100 + n, size=size), format="h264")
        for n, size in enumerate([(160, 120), (320, 160), (160, 120)])
    ]
    whole = tmp_path / "whole.264"
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    film, found = read(whole)
    assert [frame.image.shape for frame in found] == [(120, 160)] * 10 + [(160, 320)] * 10 + [(120, 160)] * 10
    images = film.sample(30)
    assert len(images) >= 20
    assert find_bars(images) == (0, 0)
    tones = Tones(size=(80, 40), fit="letterbox")
    with Film(whole) as again:
        frames = [selected.frame for selected in Selection().frames(again, tones)]
    # 4:3, then 2:1, then 4:3 again: the first and last have bars at their sides.
    assert [bool((frame[:, 0] == 0).all()) for frame in frames] == [True] * 10 + [False] * 10 + [True] * 10


@pytest.mark.parametrize(("codec", "form"), [("mpeg2video", "mpeg2video"), ("libx264", "h264")])
def test_a_pixel_aspect_that_changes_midway(tmp_path, codec, form):
    """As in broadcasts that switch between 4:3 and 16:9."""
    parts = []
    for n, ratio in enumerate([Fraction(1), Fraction(2), Fraction(1)]):
        part = tmp_path / str(n)
        encode(part, numbered_frames(20, 20 * n), codec=codec, format=form, sample_aspect_ratio=ratio)
        parts.append(part.read_bytes())
    whole = tmp_path / f"whole.{form}"
    whole.write_bytes(b"".join(parts))
    _, found = read(whole)
    ratios = {}
    for frame in found:
        ratios.setdefault(read_number(frame.image) // 20, set()).add(round(frame.pixel_aspect, 1))
    assert len(found) == 60
    first, second, third = (ratios[n] for n in range(3))
    assert first == third
    assert len(first) == len(second) == 1
    if codec == "libx264":
        assert (first, second) == ({1.0}, {2.0})
    else:
        assert max(first) < min(second)


def export_to(tmp_path, film, *words):
    reel = tmp_path / "a.reel"
    words = ["export", str(film), str(reel), "--size", "96x72", "--dither", "hysteresis", *words]
    assert main([*words, "--overwrite"]) == 0
    with Reel(reel) as made:
        return made.meta


def test_title_and_chapters_go_into_the_reel(tmp_path, capsys):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as film:
        film.metadata["title"] = "Big\nFilm " + "x" * 300
        chapters = [
            {"id": n, "start": 400 * n, "end": 400 * n + 400, "time_base": Fraction(1, 1000),
             "metadata": {"title": f"Part {n}"}} for n in range(3)
        ]  # fmt: skip
        film.set_chapters(chapters)
        video = film.add_stream("libx264", rate=25)
        video.width, video.height = SIZE
        for frame in [*numbered_frames(30), None]:
            film.mux(video.encode(frame))
    meta = export_to(tmp_path, path)
    assert meta["title"].startswith("Big Film xxx")
    assert len(meta["title"]) <= LONGEST_TITLE
    assert json.loads(meta["chapters"]) == [{"time_ms": 400 * n, "title": f"Part {n}"} for n in range(3)]
    assert export_to(tmp_path, path, "--title", "Mine")["title"] == "Mine"
    plain = encode(tmp_path / "plain.mp4", numbered_frames(5))
    assert not {"title", "chapters", "film_curve"} & export_to(tmp_path, plain).keys()


def test_an_export_says_what_was_decided_in_at_most_three_more_lines(tmp_path, capsys):
    meta = export_to(tmp_path, interlaced(tmp_path / "a.mpg"), "--levels", "0.1,0.9")
    assert meta["film_stream"] == "0"
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  film: video stream 0, mpeg2video of 160x96 pixels, standard dynamic range",
        "  pictures: 12 pictures deinterlaced",
        "  frames: cropped to 96x72, levels 0.1 to 0.9",
    ]
    two = encode(tmp_path / "two.mkv", flat(16), flat(235), color_trc=16)
    meta = export_to(tmp_path, two, "--stream", "1")
    assert meta["film_stream"] == "1"
    assert meta["film_curve"] == CURVES["PQ"]
    [line] = [line for line in capsys.readouterr().out.splitlines() if "film:" in line]
    assert "video stream 1 of 2, counted from 0" in line
    assert CURVES["PQ"] in line
    assert main(["export", str(two), str(tmp_path / "b.reel"), "--stream", "7"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("trainer: --stream 7: ")
    assert error.count("\n") == 1


def test_numbers_are_the_same_from_any_start(tmp_path):
    for name, options in (("open.ts", {"bf": "2"}), ("closed.mp4", {"bf": "0", "g": "10"})):
        codec = "mpeg2video" if name.endswith("ts") else "mpeg4"
        film = Film(encode(tmp_path / name, numbered_frames(), codec=codec, options=options))
        for start in (0, 7, 25, 49):
            numbers = [(one.number, read_number(one.image)) for one in film.frames(FrameNumber(start))]
            assert numbers == [(n, n) for n in range(start, COUNT)]
