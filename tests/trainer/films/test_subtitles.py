"""Subtitles: read from the files that people have, shown at their times, burnt in crisp, kept by exports."""

import argparse
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import features

from player.pictures.caption import strip
from player.reel import Reel, ReelError
from tests.trainer.made_films import make_film
from trainer.__main__ import main
from trainer.commands.film import add_film_options, open_film
from trainer.dithers.table import make
from trainer.errors import OptionError
from trainer.export.export import Task, export
from trainer.films.film import Film
from trainer.films.plan import USUAL, Plan
from trainer.films.selection import Selection
from trainer.films.stretches import Stretch
from trainer.films.subtitles import Run, Subtitle, SubtitleRenderer, Subtitles, Typeface, read_subtitles
from trainer.films.subtitles.rendering import draw
from trainer.films.subtitles.typesetting import width_of, wrap
from trainer.films.times import FrameNumber
from trainer.films.tones import Tones

SRT = """1
00:00:01,000 --> 00:00:02,000
- <i>Who's there?</i>
- Nobody &amp; <b>none</b>.

2
00:00:03,000 --> 00:00:04,500
Ça va, señor
"""
VTT = """WEBVTT

00:01.000 --> 00:02.000 line:0
<v Bob>- <i>Who's there?</i>
- Nobody &amp; none.

00:03.000 --> 00:04.500
Ça va, señor
"""
ASS = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, \
Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, \
MarginR, MarginV, Encoding
Style: Default,Arial,20,&H0,&H0,&H0,&H0,0,0,0,0,100,100,0,0,1,2,2,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,left out
Dialogue: 0,0:00:03.00,0:00:04.50,Default,,0,0,0,,{\\an8\\pos(1,2)}Ça va, señor{\\p1}m 0 0 l 9 9{\\p0}
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,- {\\i1}Who's there?{\\i0}\\N- Nobody & none.
"""
SUB = "{24}{48}- Who's there?|- Nobody & none.\n{72}{108}Ça va, señor\n"
FIRST = ((Run("- "), Run("Who's there?", True)), (Run("- Nobody & none."),))
SECOND = ((Run("Ça va, señor"),),)


def written(tmp_path, text, name="film.srt", encoding="utf-8") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def one(start, end, *texts):
    return Subtitle(start, end, tuple((Run(text),) for text in texts))


def subtitles(*all_):
    return Subtitles("made.srt", "0" * 64, tuple(all_))


def as_text(lines):
    return tuple("".join(run.text for run in line) for line in lines)


@pytest.mark.parametrize(
    ("text", "name"), [(SRT, "a.srt"), (VTT, "a.vtt"), (ASS, "a.ass"), (SRT.replace("\n", "\r\n"), "a.txt")]
)
def test_the_kinds_of_files_people_have(tmp_path, text, name):
    read = read_subtitles(written(tmp_path, text, name), 25)
    assert [(each.start_ms, each.end_ms) for each in read.all] == [(1000, 2000), (3000, 4500)]
    first, second = (each.lines for each in read.all)
    assert second == SECOND
    assert as_text(first) == as_text(FIRST)
    assert [run for line in first for run in line if run.italic] == [Run("Who's there?", True)]


def test_files_that_count_frames_follow_the_rate_of_the_film(tmp_path):
    read = read_subtitles(written(tmp_path, SUB, "a.sub"), 24)
    assert [(each.start_ms, each.end_ms) for each in read.all] == [(1000, 2000), (3000, 4500)]
    assert as_text(read.all[0].lines) == as_text(FIRST)


@pytest.mark.parametrize(
    ("encoding", "given"),
    [("utf-8", None), ("utf-8-sig", None), ("utf-16", None), ("windows-1252", "windows-1252")],
)
def test_encodings(tmp_path, encoding, given):
    read = read_subtitles(written(tmp_path, SRT, encoding=encoding), 25, given)
    assert read.all[1].lines == SECOND


def test_invisible_marks_are_left_out_and_accents_join_their_letters(tmp_path):
    text = SRT.replace("Ça va, señor", "\u200eC\u0327a va,\tsen\u0303or\u200b")
    assert read_subtitles(written(tmp_path, text), 25).all[1].lines == ((Run("Ça va, señor"),),)


@pytest.mark.parametrize(
    ("data", "encoding", "hint"),
    [
        (SRT.encode("latin-1"), None, "its text is not utf-8; name its encoding, as in --subtitles-encoding"),
        (SRT.encode("utf-16"), "utf-8", "its text is not utf-8"),
        (SRT.encode(), "klingon", "--subtitles-encoding klingon: there is no such encoding"),
        (b"", None, "no subtitles that can be read"),
        (b"The quick brown fox\n", None, "no subtitles that can be read"),
        (b"1\n00:00:01,000 --> 00:00:02,000\n\n", None, "holds no subtitle"),
        (b"1\n00:00:02,000 --> 00:00:01,000\nbackwards\n", None, "holds no subtitle"),
        (bytes(range(256)) * 9, None, "its text is not"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path, data, encoding, hint):
    path = tmp_path / "bad.srt"
    path.write_bytes(data)
    with pytest.raises(OptionError) as caught:
        read_subtitles(path, 25, encoding)
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_the_film_itself(tmp_path, monkeypatch):
    with pytest.raises(OptionError, match="no such file or directory; check the path"):
        read_subtitles(tmp_path / "no.srt", 25)
    monkeypatch.setattr("trainer.films.subtitles.reading.LARGEST", 10)
    with pytest.raises(OptionError, match="is it the film"):
        read_subtitles(written(tmp_path, SRT), 25)


@pytest.mark.parametrize(
    ("time", "before", "expected"),
    [
        (999, 900, ()),
        (1000, 900, ("a",)),
        (1999, 1500, ("a",)),
        (2000, 1999, ()),  # it was shown with the frame before
        (3000, 2500, ("b", "c")),  # two at once, in the order of their starts
        (3400, 3000, ("c",)),
        (6000, 500, ("c",)),  # of those that came and went, the last
        (6000, None, ()),  # nothing was missed before the first frame
        (7100, 500, ("d",)),  # the one that is on goes first
        (2500, 500, ("a",)),
        (2500, 1000, ()),  # it began with the frame before
    ],
)
def test_when_which_are_shown(time, before, expected):
    made = subtitles(one(1000, 2000, "a"), one(3000, 3400, "b"), one(3000, 4000, "c"), one(7000, 8000, "d"))
    assert as_text(made.at(time, before)) == expected


@pytest.mark.parametrize("step", [40, 400, 1000, 2000, 5000])
def test_no_subtitle_is_lost_in_the_gaps_of_a_slow_film_unless_others_need_its_frame(step):
    made = subtitles(*(one(700 + 6000 * n, 1100 + 6000 * n, str(n)) for n in range(30)))
    shown = [as_text(made.at(time, time - step if time else None)) for time in range(0, 200_000, step)]
    assert {text for texts in shown for text in texts} == {str(n) for n in range(30)}
    if step >= 400:
        assert sum(map(len, shown)) == 30, "each of them once"


SIZE = (724, 536)
FACE = Typeface()
LINES = ((Run("The quick "), Run("brown", True), Run(" fox")),)


def test_letters_are_white_with_a_black_outline_at_the_bottom_in_the_middle():
    letters = draw(LINES, FACE, SIZE)
    assert letters.white.shape == letters.all.shape == SIZE[::-1]
    assert (letters.all | ~letters.white).all()
    rows, columns = np.nonzero(letters.all)
    assert rows.max() < 0.97 * SIZE[1]
    assert rows.min() > 0.85 * SIZE[1]
    assert abs((columns.min() + columns.max()) / 2 - SIZE[0] / 2) < 4
    # Every pixel of a letter is 2 pixels or more from the outside of its outline.
    inside = cv2.erode(letters.all.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    assert (inside | ~letters.white).all()


def test_on_the_panel_of_the_design_they_are_read_from_a_metre():
    """Capitals of 3 mm at 300 ppi are 10 minutes of arc at a metre; strokes of 6 pixels half a millimetre."""
    white = draw(((Run("H"),),), FACE, (1448, 1072)).white
    rows, columns = np.nonzero(white)
    assert 34 <= rows.max() - rows.min() + 1 <= 40
    stem = white[rows.min() + 3, columns.min() : columns.max() + 1]
    assert stem[:6].all()


@pytest.mark.parametrize(
    "size", [(800, 480), (800, 600), (1024, 758), (1200, 825), (1448, 1072), (1872, 1404)]
)
def test_the_players_caption_covers_none_of_them(size):
    letters = draw(((Run("Ça, jqy"),),), FACE, size)
    captioned = strip(np.full(size[::-1], 2, np.uint8), "caption")
    assert not ((captioned != 2) & letters.all).any()


def test_long_lines_are_broken_evenly_and_stay_on_the_panel():
    words = "This is an unusually long subtitle in one line which has to be broken as no panel is so wide"
    letters = draw(((Run(words),),), FACE, SIZE)
    rows = letters.white.any(1)
    starts = np.flatnonzero(np.diff(rows.astype(int)) == 1)
    blocks = [letters.white[start : start + 14].any(0).nonzero()[0] for start in starts if rows[start + 10]]
    widths = [columns.max() - columns.min() for columns in blocks]
    assert len(widths) == 2
    assert min(widths) > 0.7 * max(widths)
    assert max(widths) < 0.91 * SIZE[0]


def test_lines_are_broken_at_blanks_and_the_last_is_no_orphan():
    fonts = FACE.sized(20)
    line = (Run("a line that is a little too "), Run("wide", True), Run("ly set"))
    lines = wrap(line, fonts, width_of(line, fonts) - 1)
    assert as_text(lines) == ("a line that is a", "little too widely set")
    assert max(width_of(one, fonts) for one in lines) < 0.7 * width_of(line, fonts)
    assert Run("wide", True) in lines[1]
    assert as_text(wrap((Run("W" * 30),), fonts, 200)) == ("W" * 9, "W" * 9, "W" * 9, "W" * 3)


@pytest.mark.parametrize("size", [(16, 12), (96, 72), (200, 150), (536, 724), (1872, 1404)])
@pytest.mark.parametrize("text", ["a", "W" * 300, "word " * 60, "…"])
def test_anything_can_be_drawn_anywhere(size, text):
    letters = draw(((Run(text),),) * 3, FACE, size)
    assert letters.all.shape == size[::-1]
    assert letters.white.any() or size[0] < 96


def test_italics_are_drawn_and_a_change_of_style_moves_no_word_apart():
    upright, italic = draw(((Run("film"),),), FACE, SIZE), draw(((Run("film", True),),), FACE, SIZE)
    assert (upright.white != italic.white).any()
    parts = draw(((Run("fi"), Run("lm")),), FACE, SIZE)
    np.testing.assert_array_equal(parts.white, upright.white)


def test_letters_that_the_font_lacks_are_refused_before_the_work():
    with pytest.raises(OptionError, match=r"DejaVuSans-Bold.ttf has no '七' \(at 2s\) and 1 more .*-font"):
        SubtitleRenderer(subtitles(one(1000, 2000, "seven"), one(2000, 3000, "七人")))
    SubtitleRenderer(subtitles(one(0, 1, "Ça va ♪ Łódź Привет Γειά “—” …")))
    with pytest.raises(OptionError, match="cannot be used"):
        Typeface(Path(__file__))
    with pytest.raises(OptionError, match="cannot be used"):
        Typeface(Path("/no/font.ttf"))


def test_right_to_left_needs_its_library(monkeypatch):
    hebrew = subtitles(one(0, 1, "שלום"))
    monkeypatch.setattr(features, "check", lambda name: False)
    with pytest.raises(OptionError, match="install libfribidi0"):
        SubtitleRenderer(hebrew)
    monkeypatch.setattr(features, "check", lambda name: True)
    SubtitleRenderer(hebrew)


@pytest.mark.parametrize("name", ["floyd-steinberg", "mask", "hysteresis", "search"])
def test_every_dither_leaves_the_letters_as_they_are_and_still_ones_do_not_flip(name, path):
    renderer = SubtitleRenderer(subtitles(one(0, 400, "Who?"), one(400, 900, "Nobody at all")))
    with Film(path) as film:
        frames = tuple(Selection(subtitles=renderer, count=20).frames(film, Tones(size=(192, 144))))
    dithers = list(Stretch(frames).dithers(make(name)))
    for frame, dither in zip(frames, dithers, strict=True):
        letters = frame.letters
        assert letters is not None
        assert dither.dtype == np.uint8
        np.testing.assert_array_equal(dither[letters.all], letters.white[letters.all])
        np.testing.assert_array_equal(frame.frame[letters.all], letters.white[letters.all])
    for before, after in pairwise(dithers):
        assert (after != before).any(), "the picture around them moves"
    assert sum(one.letters is not other.letters for one, other in pairwise(frames)) == 1


def picture(number):
    """A disc that wanders over a ramp, 25 a second."""
    ramp = np.tile(np.linspace(40, 200, 160, dtype=np.uint8), (96, 1))
    cv2.circle(ramp, (20 + 3 * number, 48), 14, 250, -1)
    return np.repeat(ramp[:, :, None], 3, axis=2)


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    pictures = [picture(n) for n in range(36)] + [np.zeros((96, 160, 3), np.uint8)] * 4
    return make_film(tmp_path_factory.mktemp("film") / "disc.avi", "MJPG", pictures)


def run(path, reel, selection, longest=USUAL.longest, **more):
    what = Task(path, selection, Tones(size=(192, 144)), "hysteresis", plan=Plan(longest=longest))
    return export(what, reel, **more)


def dithers_in(reel_path):
    with Reel(reel_path) as reel:
        return np.array([reel.dither(number) for number in range(reel.frames)])


def dithers_of(path, selection):
    with Film(path) as film:
        frames = tuple(selection.frames(film, Tones(size=(192, 144))))
    return list(Stretch(frames).dithers(make("hysteresis")))


SAID = subtitles(one(200, 300, "gone"), one(400, 900, "long"), one(1450, 1600, "in the dark"))


def test_they_are_shown_at_their_times_from_whatever_start(path):
    """Frame n of the film at 40 n ms; every 8th frame from the 5th on: 200, 520, 840, 1160, 1480 ms."""
    renderer = SubtitleRenderer(SAID)
    texts = {"gone": 200, "long": 500, "in the dark": 1500}
    letters = {text: renderer.letters(time, None, (192, 144)) for text, time in texts.items()}

    def shown_from(start):
        found = []
        for dither in dithers_of(path, Selection(FrameNumber(start), every=8, subtitles=renderer)):
            exact = [text for text, at in letters.items() if np.array_equal(dither[at.all], at.white[at.all])]
            found.append(exact[0] if exact else None)
        return found

    assert shown_from(5) == ["gone", "long", "long", None, "in the dark"]
    # 160, 480, 800, 1120, 1440: "gone" came and went before 480, where another is on.
    assert shown_from(4) == [None, "long", "long", None, None]


@pytest.mark.parametrize(
    ("longest", "stop_at", "kept"), [(1, 1, 1), (1, 2, 2), (2, 3, 2), (2, 5, 4), (1, 8, 8)]
)
def test_an_interrupted_export_resumes_with_the_same_subtitles(path, tmp_path, longest, stop_at, kept):
    """It keeps the stretches that are whole."""
    selection = Selection(every=4, skip_black=True, subtitles=SubtitleRenderer(SAID))
    run(path, tmp_path / "whole.reel", selection, longest)

    def stop(done, info):
        if info.number == stop_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(path, tmp_path / "cut.reel", selection, longest, report=stop)
    assert run(path, tmp_path / "cut.reel", selection, longest).there_before == kept
    np.testing.assert_array_equal(dithers_in(tmp_path / "cut.reel"), dithers_in(tmp_path / "whole.reel"))


def test_an_export_does_not_resume_with_other_subtitles(path, tmp_path):
    reel = tmp_path / "a.reel"
    run(path, reel, Selection(count=3, subtitles=SubtitleRenderer(SAID)))
    with Reel(reel) as there:
        assert re.fullmatch(r"made.srt 0{16} in DejaVuSans-Bold.ttf \w{16}", there.meta["subtitles"])
    other = Subtitles("made.srt", "1" * 64, SAID.all)
    for selection in (Selection(count=3), Selection(count=3, subtitles=SubtitleRenderer(other))):
        with pytest.raises(ReelError, match=r"holds another export \(subtitles is made.srt 0"):
            run(path, reel, selection)


def parsed(*words):
    parser = argparse.ArgumentParser()
    parser.add_argument("film")
    add_film_options(parser)
    return parser.parse_args([str(word) for word in words])


def test_the_options(path, tmp_path):
    srt = written(tmp_path, SRT, encoding="windows-1252")
    film, selection, _ = open_film(parsed(path, "--subtitles", srt, "--subtitles-encoding", "windows-1252"))
    film.close()
    assert selection.subtitles is not None
    assert selection.subtitles.subtitles.all[1].lines == SECOND
    film, selection, _ = open_film(parsed(path))
    film.close()
    assert selection.subtitles is None
    for option in ("--subtitles-encoding", "--subtitles-font"):
        with pytest.raises(OptionError, match="without --subtitles FILE"):
            open_film(parsed(path, option, "x"))


def test_the_command_shows_them_and_says_what_is_wrong_in_one_line(path, tmp_path, capsys):
    srt, reel = written(tmp_path, SRT.replace("00:00:01,000", "00:00:00,500")), tmp_path / "a.reel"
    words = ["export", str(path), str(reel), "--size", "192x144"]
    assert main([*words, "--subtitles", str(srt)]) == 0
    assert main([*words, "--subtitles", str(tmp_path / "no.srt")]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("trainer: --subtitles ")
    assert main(["evaluate", str(path), str(path), "--subtitles", str(srt)]) == 2
    assert "those of one film" in capsys.readouterr().err


def test_without_subtitles_nothing_of_them_is_loaded():
    program = "import sys, trainer.commands.export; print({'matplotlib', 'pysubs2'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
