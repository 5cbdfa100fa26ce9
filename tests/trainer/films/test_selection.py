"""The frame stream: which frames are given, that a resumed one goes on with the same, and when it ends."""

import threading
import time
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.trainer.made_films import make_film
from trainer.errors import FilmError, OptionError
from trainer.films.film import Film
from trainer.films.selection import Selection
from trainer.films.subtitles import Run, Subtitle, SubtitleRenderer, Subtitles
from trainer.films.times import FilmTime, FrameNumber
from trainer.films.tones import Tones

TONES = Tones(size=(96, 72))
BLACK = np.zeros((96, 160, 3), np.uint8)
COUNT = 40

# At 40 ms a frame: one that comes and goes between two of every third frame, one over black, one on for long.
SAID = (
    Subtitle(490, 510, ((Run("missed"),),)),
    Subtitle(1250, 1290, ((Run("in the dark"),),)),
    Subtitle(1400, 9000, ((Run("long"),),)),
)
WORDS = Subtitles("made.srt", "0" * 64, SAID)


def picture(number: int) -> np.ndarray:
    """A bright disc that wanders over a ramp; from frame 20 on another shot, frames 30 to 33 are black."""
    if 30 <= number < 34:
        return BLACK
    ramp = np.tile(np.linspace(40, 200, 160, dtype=np.uint8), (96, 1))
    if number >= 20:
        ramp = 255 - ramp[:, ::-1] // 3
    cv2.circle(ramp, (20 + 3 * number, 48), 14, 250 if number < 20 else 10, -1)
    return np.repeat(ramp[:, :, None], 3, axis=2)


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return make_film(tmp_path_factory.mktemp("film") / "disc.avi", "MJPG", [picture(n) for n in range(COUNT)])


def frames(path, selection, **resume):
    with Film(path) as film:
        return list(selection.frames(film, TONES, **resume))


def numbers(path, selection, **resume):
    return [selected.number for selected in frames(path, selection, **resume)]


def test_the_frames_and_their_cuts(path):
    found = frames(path, Selection())
    assert [selected.number for selected in found] == list(range(COUNT))
    assert [selected.time_ms for selected in found] == [40 * number for number in range(COUNT)]
    assert [selected.number for selected in found if selected.cut] == [20, 30, 34]
    for selected in found:
        assert selected.frame.shape == (72, 96)
        assert selected.frame.dtype == np.float32
        assert selected.thumbnail.shape == (18, 24)
        np.testing.assert_array_equal(selected.frame, TONES(selected.image))


def test_which_frames(path):
    assert numbers(path, Selection(FrameNumber(5), FilmTime(1000), every=4)) == [5, 9, 13, 17, 21]
    assert numbers(path, Selection(FilmTime(120), count=3)) == [3, 4, 5]
    assert numbers(path, Selection(FrameNumber(28), skip_black=True, count=4)) == [28, 29, 34, 35]
    assert numbers(path, Selection(FrameNumber(30), FrameNumber(34), skip_black=True)) == []
    assert numbers(path, Selection(count=10_000)) == list(range(COUNT))


@pytest.mark.parametrize("wrong", [{"every": 0}, {"count": 0}])
def test_a_selection_of_nothing_is_refused(wrong):
    with pytest.raises(OptionError, match="1"):
        Selection(**wrong)


def test_no_frame_in_the_range(path):
    with pytest.raises(FilmError, match="no frame lies from 50"):
        frames(path, Selection(FrameNumber(50)))


def test_words_over_black_are_no_black_frame(path):
    shown = numbers(path, Selection(FrameNumber(28), skip_black=True, subtitles=SubtitleRenderer(WORDS)))
    assert shown == [28, 29, 32, 34, 35, 36, 37, 38, 39]


@pytest.mark.parametrize(
    ("every", "count", "skip_black", "said"),
    [*product([1, 2, 3], [None, 9, 31], [False, True], [False, True])],
)
def test_a_resumed_stream_goes_on_with_the_same_frames(path, every, count, skip_black, said):
    renderer = SubtitleRenderer(WORDS) if said else None
    selection = Selection(FrameNumber(3), None, every, count, skip_black, renderer)
    whole = frames(path, selection)
    assert whole
    for done, last in enumerate(whole, 1):
        rest = frames(path, selection, after=last.number, done=done)
        assert [(one.number, one.time_ms, one.cut) for one in rest] == [
            (one.number, one.time_ms, one.cut) for one in whole[done:]
        ]
        for ours, theirs in zip(rest, whole[done:], strict=True):
            np.testing.assert_array_equal(ours.image, theirs.image)
            assert (ours.letters is None) == (theirs.letters is None)
            if ours.letters is not None:
                np.testing.assert_array_equal(ours.letters.all, theirs.letters.all)
                np.testing.assert_array_equal(ours.letters.white, theirs.letters.white)


def test_a_frame_that_is_black_but_for_its_words_tells_of_the_cut_after_it(tmp_path):
    """Also if the stream is resumed at that very frame and cannot know that words were missed before it."""
    pictures = [picture(n) for n in range(10)] + [BLACK] * 4
    film = make_film(tmp_path / "dark.avi", "MJPG", [*pictures, *(255 - one for one in pictures)])
    words = Subtitles("made.srt", "0" * 64, (Subtitle(410, 450, ((Run("missed"),),)),))
    selection = Selection(every=4, skip_black=True, subtitles=SubtitleRenderer(words))
    whole = [(selected.number, selected.cut) for selected in frames(film, selection)]
    assert whole[3:5] == [(12, True), (16, True)]
    for done, (after, _) in enumerate(whole, 1):
        rest = frames(film, selection, after=after, done=done)
        assert [(selected.number, selected.cut) for selected in rest] == whole[done:]


def test_the_stream_is_decoded_ahead_and_ends_with_its_closing(path):
    before = threading.active_count()
    with Film(path) as film:
        stream = Selection().frames(film, TONES)
        assert next(stream).number == 0
        assert threading.active_count() == before + 1
        stream.close()
        assert threading.active_count() == before
        assert list(stream) == []


def test_a_film_that_is_closed_ends_the_stream(path):
    before = threading.active_count()
    with Film(path) as film:
        stream = Selection().frames(film, TONES)
        next(stream)
    stream.close()
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_the_settings_as_plain_values():
    assert Selection(FilmTime(4500), FrameNumber(9), 2, 3, True).as_dict() == {
        "start": "4.5s", "end": "9", "every": 2, "count": 3, "skip_black": True
    }  # fmt: skip
    assert Selection(subtitles=SubtitleRenderer(WORDS)).as_dict()["subtitles"].startswith("made.srt 0000")
