"""Subtitles by their own grammar, and those inside films: nothing is lost without a word."""

import logging
from fractions import Fraction

import av
import pytest

from player.reel import Reel
from tests.trainer.films.test_kinds import late, numbered_frames
from tests.trainer.made_films import SIZE, encode
from trainer.__main__ import main
from trainer.errors import OptionError
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.subtitles import Run, Subtitle, SubtitleRenderer, Subtitles, read_subtitles, subtitles_in
from trainer.films.tones import Tones


def read(tmp_path, text, name="a.srt", rate=25.0):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return said(read_subtitles(path, rate))


def said(subtitles):
    return [
        (one.start_ms, one.end_ms, "|".join("".join(run.text for run in line) for line in one.lines))
        for one in subtitles.all
    ]


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:01.000 --> 00:02.000\nHello <00:01.500>world\n", [(1000, 2000, "Hello world")]),
        (
            "00:01.000 --> 00:02.000\nHello\n\nNOTE by nobody\n\n00:03.000 --> 00:03.500\nBye\n",
            [(1000, 2000, "Hello"), (3000, 3500, "Bye")],
        ),
        (
            "intro\n00:01.000 --> 00:02.000\nfirst\n\noutro\n00:02.000 --> 00:03.000\nsecond\n",
            [(1000, 2000, "first"), (2000, 3000, "second")],
        ),
        (
            "STYLE\n::cue { color: red }\n\nREGION\nid:a\n\nNOTE\nof two\nlines\n\n"
            "1:00:01.000 --> 1:00:02.000 align:start line:0 region:a\n"
            "<v Bob><c.loud>Hey</c> <b>you</b></v>\n",
            [(3_601_000, 3_602_000, "Hey you")],
        ),
        (
            "00:01.000 --> 00:02.000\n1 &lt; 2 &amp; <3 {braces} &nbsp;\n42\n",
            [(1000, 2000, "1 < 2 & <3 {braces} \xa0|42")],
        ),
        (
            "7\n00:01.000 --> 00:02.000\na\n\n\n\n8\n00:03,000 --> 00:04,000\nb",
            [(1000, 2000, "a"), (3000, 4000, "b")],
        ),
        ("NOTE\n\n00:01.000 --> 00:02.000\nNOTE this is said\n", [(1000, 2000, "NOTE this is said")]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("head", ["WEBVTT\n\n", "\ufeffWEBVTT - with words\nKind: captions\n\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_webvtt(tmp_path, head, text, expected, end, caplog):
    path = tmp_path / "a.vtt"
    path.write_bytes((head + text).replace("\n", end).encode())
    assert said(read_subtitles(path, 25)) == expected
    assert not warnings(caplog)


def test_webvtt_italics(tmp_path):
    path = tmp_path / "a.vtt"
    path.write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nNot <i>so\nfast</i>, <i.x>you</i>")
    [subtitle] = read_subtitles(path, 25).all
    assert subtitle.lines == (
        (Run("Not "), Run("so", True)),
        (Run("fast", True), Run(", "), Run("you", True)),
    )


@pytest.mark.parametrize(
    ("text", "rate", "expected"),
    [
        ("{1}{1}12.5\n{25}{50}one\n", 25, [(2000, 4000, "one")]),
        ("{1}{1}23,976\n{23976}{47952}one|two\n", 25, [(1_000_000, 2_000_000, "one|two")]),
        ("{25}{50}one\n{50}{75}12.5\n", 25, [(1000, 2000, "one"), (2000, 3000, "12.5")]),
    ],
)
def test_microdvd_has_a_rate_of_its_own(tmp_path, text, rate, expected, caplog):
    assert read(tmp_path, text, "a.sub", rate) == expected
    assert not warnings(caplog)


def test_microdvd_lines_that_cannot_be_kept_are_named(tmp_path, caplog):
    assert read(tmp_path, "{25}{50}one\n{60}{}open\n{80}{70}back\n{90}{99}two\n", "a.sub") == [
        (1000, 2000, "one"), (3600, 3960, "two")
    ]  # fmt: skip
    [warning] = warnings(caplog)
    assert "the times in lines 2, 3 cannot be used; those subtitles are left out" in warning


@pytest.mark.parametrize(
    ("timing", "expected"),
    [
        ("00:00:01 --> 00:00:02", (1000, 2000)),
        ("00:00:01.5 --> 00:00:02.25", (1500, 2250)),
        ("0:0:1,000-->0:0:2,000", (1000, 2000)),
        ("00:01,000 --> 00:02,000", (1000, 2000)),
        ("00:00:01:500 --> 00:00:02:500", (1500, 2500)),
        ("00:00:01,123456 --> 00:00:02,9", (1123, 2900)),
        ("00: 00: 01,000 --> 00 :00 :02,000", (1000, 2000)),
        ("00:00:01,000 --> 00:00:02,000 X1:40 X2:600 Y1:20 Y2:50", (1000, 2000)),
        ("\t 00:00:01,000  -->  00:00:02,000\t", (1000, 2000)),
        ("100:00:01,000 --> 100:00:02,000", None),
        ("00:00:0x,000 --> 00:00:02,000", None),
        ("00:00:03,000 --> 00:00:02,000", None),
        ("00:00:61,000 --> 00:01:02,000", None),
    ],
)
def test_subrip_with_odd_times_is_kept_or_named(tmp_path, timing, expected, caplog):
    text = f"1\n{timing}\nOdd\n\n2\n00:00:02,500 --> 00:00:03,500\nKept\n42\n"
    found = read(tmp_path, text)
    odd = [] if expected is None else [(*expected, "Odd")]
    assert found == [*odd, (2500, 3500, "Kept|42")]
    if expected is None:
        [warning] = warnings(caplog)
        assert "a.srt: the times in line 2 cannot be used; that subtitle is left out" in warning
    else:
        assert not warnings(caplog)


def test_an_arrow_in_the_text_and_blank_lines_in_it(tmp_path, caplog):
    text = "1\n00:00:01,000 --> 00:00:02,000\nA --> B\n\nstill A\n\n2\n00:00:03,000 --> 00:00:04,000\nC\n"
    assert read(tmp_path, text) == [(1000, 2000, "A --> B|still A"), (3000, 4000, "C")]
    assert not warnings(caplog)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.sub", b"\0\0\1\xba" + bytes(40), "VobSub"),
        ("a.idx", b"# VobSub index file, v7\n", "VobSub"),
        ("a.sup", b"PG\0\0\1\2" + bytes(40), "PGS"),
    ],
)
def test_pictures_are_refused_with_the_way_out(tmp_path, name, data, kind):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(OptionError, match=rf"are pictures \({kind}\); turn them into text first"):
        read_subtitles(path, 25)


def with_subtitles(path, *streams):
    """A film with subtitle streams, each (codec, language, (start ms, end ms, text) ...)."""
    with av.open(str(path), "w") as film:
        video = film.add_stream("libx264", rate=25)
        video.width, video.height = SIZE
        made = []
        for codec, language, *cues in streams:
            stream = film.add_stream(codec)
            stream.metadata["language"] = language
            if codec != "dvdsub":
                stream.codec_context.subtitle_header = b"[Script Info]\nScriptType: v4.00+\n\n[Events]\n"
            made.append((stream, cues))
        for frame in [*numbered_frames(), None]:
            film.mux(video.encode(frame))
        for stream, cues in made:
            for start, end, text in cues:
                packet = av.Packet(text.encode())
                packet.stream, packet.time_base = stream, Fraction(1, 1000)
                packet.pts = packet.dts = start
                packet.duration = end - start
                film.mux(packet)
    return path


GERMAN = ("subrip", "ger", (200, 400, "<i>Hallo</i> da"), (800, 1200, "zwei\nZeilen"))
ENGLISH = ("subrip", "eng", (200, 400, "Hello"))


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return with_subtitles(tmp_path_factory.mktemp("two") / "two.mkv", GERMAN, ENGLISH)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (None, [(200, 400, "Hallo da"), (800, 1200, "zwei|Zeilen")]),
        ("de", [(200, 400, "Hallo da"), (800, 1200, "zwei|Zeilen")]),
        ("deu", [(200, 400, "Hallo da"), (800, 1200, "zwei|Zeilen")]),
        ("en-GB", [(200, 400, "Hello")]),
        ("1", [(200, 400, "Hello")]),
    ],
)
def test_texts_inside_the_film(two, wanted, expected):
    subtitles = subtitles_in(two, wanted)
    assert said(subtitles) == expected
    if wanted is None:
        assert subtitles.all[0].lines == ((Run("Hallo", True), Run(" da")),)


def test_what_is_not_there_is_answered_with_what_is(two, tmp_path):
    for wanted in ("fr", "7"):
        with pytest.raises(OptionError) as caught:
            subtitles_in(two, wanted)
        assert "two.mkv has the subtitles 0 (ger, " in str(caught.value)
        assert "1 (eng, " in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(OptionError, match=r"plain.mp4 has no subtitles inside; name"):
        subtitles_in(encode(tmp_path / "plain.mp4", numbered_frames(3)), None)


def test_pictures_inside_the_film_are_refused_unless_there_is_text(tmp_path):
    pictures = with_subtitles(tmp_path / "a.mkv", ("dvdsub", "eng", (200, 400, "x" * 20)))
    with pytest.raises(
        OptionError, match=r"they are pictures; a.mkv has the subtitles 0 \(eng, pictures\); turn"
    ):
        subtitles_in(pictures, None)
    both = with_subtitles(tmp_path / "b.mkv", ("dvdsub", "eng", (200, 400, "x" * 20)), ENGLISH)
    assert said(subtitles_in(both, "en")) == [(200, 400, "Hello")]


def test_the_command_takes_those_of_the_film(two, tmp_path, capsys):
    reel = tmp_path / "a.reel"
    words = ["export", str(two), str(reel), "--size", "160x120", "--dither", "hysteresis"]
    assert main([*words, "--subtitles", "film:de"]) == 0
    with Reel(reel) as made:
        assert made.meta["subtitles"].startswith("two.mkv subtitles 0 ")
    capsys.readouterr()
    assert main([*words, "--subtitles", "film:fr", "--overwrite"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_subtitles_follow_the_containers_clock(tmp_path, suffix):
    """The pictures begin 2 s after the sound; the subtitle stands from 3 to 4 s."""
    cue = Subtitle(3000, 4000, ((Run("now"),),))
    renderer = SubtitleRenderer(Subtitles("made.srt", "0" * 64, (cue,)))
    with Film(late(tmp_path / f"a.{suffix}")) as film:
        frames = list(Selection(subtitles=renderer).frames(film, Tones(size=(160, 120))))
    assert [one.number for one in frames if one.letters is not None] == list(range(25, 50))
