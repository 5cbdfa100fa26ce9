"""Stretches: where they begin, that they can be sent to another process, and what their dithers are."""

import pickle
from itertools import pairwise

import numpy as np
import pytest

from trainer.dithers.levels import ASSUMED, CLEAN, Levels
from trainer.dithers.table import make
from trainer.errors import OptionError
from trainer.films.plan import SHORTEST, USUAL, Plan
from trainer.films.selection import Selected
from trainer.films.stretches import Stretch, redraw_plan, stretches
from trainer.films.subtitles import Letters
from trainer.films.tones import Tones

TONES = Tones(size=(64, 48))


def flat(tone, cut=False):
    """A frame of one luma, 0 to 255, or of a whole image."""
    return Selected(0, 0, cut, np.broadcast_to(np.uint8(tone), (48, 64)), TONES)


def scene(count=12):
    """A disc that drifts over a ramp, with letters in the last half."""
    y, x = np.mgrid[:48, :64]
    frames = []
    for number in range(count):
        disc = np.hypot(y - 24, x - 16 - 2 * number) < 9
        image = np.where(disc, 230, 40 + 2 * x).astype(np.uint8)
        white = (y > 36) & (y < 42) & (x // 4 % 2 == 0)
        letters = Letters(white, (y > 34) & (y < 44)) if number >= count // 2 else None
        frames.append(Selected(number, 40 * number, False, image, TONES, letters=letters))
    return tuple(frames)


def lengths(frames, longest=USUAL.longest, **plan):
    return [len(stretch.frames) for stretch in stretches(frames, Plan(longest=longest, **plan))]


def test_nothing_gives_no_stretch():
    assert lengths([]) == []


def test_a_stretch_begins_at_every_cut():
    frames = [flat(100, number in (0, 3, 4)) for number in range(6)]
    assert lengths(frames) == [3, 1, 2]


def test_all_frames_are_in_a_stretch_in_order():
    frames = [flat(100, number % 7 == 3) for number in range(300)]
    divided = [selected for stretch in stretches(frames, Plan(longest=5)) for selected in stretch.frames]
    assert all(ours is theirs for ours, theirs in zip(divided, frames, strict=True))


def test_the_plan_says_where_they_begin():
    frames = [flat(100, number % 7 == 3) for number in range(30)]
    begun = [number for number, (_, begins) in enumerate(redraw_plan(frames, Plan(longest=5))) if begins]
    assert begun == [0, 3, 8, 10, 15, 17, 22, 24, 29]
    assert [selected for selected, _ in redraw_plan(frames, Plan(longest=5))] == frames


@pytest.mark.parametrize("longest", [1, 7, 19, 120])
def test_no_stretch_is_longer_than_the_longest(longest):
    assert lengths([flat(100)] * 250, longest) == [longest] * (250 // longest) + [250 % longest] * (
        250 % longest > 0
    )


def test_a_stretch_ends_where_an_uncertain_ghost_would_show():
    """The tones fall by a grey level at every second frame: .03 * 34 / 255 is the limit of .004."""
    falling = [flat(200 - number // 2) for number in range(220)]
    assert lengths(falling) == [68, 68, 68, 16]
    assert lengths(falling, limit=USUAL.limit / 2) == [34, 34, 34, 34, 34, 34, 16]
    assert lengths(falling, levels=ASSUMED._replace(spread=0.06)) == [34, 34, 34, 34, 34, 34, 16]
    assert lengths(falling, levels=Levels(0.083)) == [220], "a known ghost is made up for"
    rising = [flat(20 + number // 2) for number in range(220)]
    assert lengths(rising) == [220], "only darkened pixels have an uncertain ghost"


def test_a_stretch_ends_where_black_can_no_longer_be_black():
    """After half of the picture went from white to black, a known ghost of .02 shows .02 there."""
    half = np.full((48, 64), 255, np.uint8)
    half[:, :32] = 0
    went_dark = [flat(255)] * 10 + [Selected(0, 0, False, half, TONES)] * 60
    known = Levels(0.02)
    assert lengths(went_dark, levels=known, limit=0.014) == [SHORTEST, 50]
    assert lengths(went_dark, levels=known, limit=0.0142) == [70]
    assert lengths(went_dark, levels=CLEAN, limit=0) == [70]
    white = [flat(255 - selected.image) for selected in went_dark]
    assert lengths(white, levels=Levels(0, 0.98), limit=0.014) == [SHORTEST, 50]


def test_it_does_not_end_there_at_once():
    jump = [flat(200)] * 2 + [flat(20)] * 60
    assert lengths(jump) == [SHORTEST, 42]
    assert lengths(jump, longest=SHORTEST - 1) == [19, 19, 19, 5]
    there_and_back = [flat(200)] * 2 + [flat(20)] * (SHORTEST - 2) + [flat(200)] * 30
    assert lengths(there_and_back) == [SHORTEST + 30]


def test_letters_begin_no_stretch():
    everything = Letters(np.ones((48, 64), bool), np.ones((48, 64), bool))
    image = np.zeros((48, 64), np.uint8)
    said = [
        Selected(0, 0, False, image, TONES, letters=everything if number > 30 else None)
        for number in range(60)
    ]
    assert lengths(said) == [60]


def test_a_longest_stretch_of_less_than_a_frame_is_refused():
    with pytest.raises(OptionError, match="--stretch 0: a stretch is 1 frame or longer"):
        Plan(longest=0)


def test_frames_are_asked_for_one_after_another():
    """So that memory holds one stretch, and a stretch is dithered while the film is still read."""
    taken = []

    def frames():
        for number in range(10):
            taken.append(number)
            yield flat(100, cut=number in (0, 4))

    divided = stretches(frames())
    assert taken == []
    assert len(next(divided).frames) == 4
    assert taken == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("floyd-steinberg", {}),
        ("hysteresis", {}),
        ("mask", {}),
    ],
)
def test_its_dithers_are_those_of_the_closed_loop_begun_anew(name, settings):
    """Letters are put back behind the loop: a ditherer sees them only in its frames."""
    stretch = Stretch(scene())
    expected, shown, ditherer = [], None, make(name, **settings)
    for selected in stretch.frames:
        shown = ditherer.dither(selected.frame, shown)
        expected.append(selected.lettered(shown))
    for _ in range(2):  # nothing of one stretch is left in the ditherer for the next
        found = list(stretch.dithers(ditherer))
        np.testing.assert_array_equal(found, expected)
    assert {dither.dtype for dither in found} == {np.dtype(np.uint8)}


@pytest.mark.parametrize("name", ["hysteresis", "search"])
def test_letters_are_crisp_and_what_is_around_them_moves(name):
    stretch = Stretch(scene())
    dithers = list(stretch.dithers(make(name)))
    for selected, dither in zip(stretch.frames, dithers, strict=True):
        if selected.letters is not None:
            letters = selected.letters
            np.testing.assert_array_equal(dither[letters.all], letters.white[letters.all])
            np.testing.assert_array_equal(selected.frame[letters.all], letters.white[letters.all])
    assert all((one != other).any() for one, other in pairwise(dithers))


def test_it_can_be_sent_to_another_process():
    stretch = Stretch(scene())
    there = pickle.loads(pickle.dumps(stretch))
    assert [(one.number, one.time_ms, one.cut) for one in there.frames] == [
        (one.number, one.time_ms, one.cut) for one in stretch.frames
    ]
    for ours, theirs in zip(stretch.frames, there.frames, strict=True):
        np.testing.assert_array_equal(ours.frame, theirs.frame)
    np.testing.assert_array_equal(
        list(stretch.dithers(make("hysteresis"))), list(there.dithers(make("hysteresis")))
    )


def test_a_ditherer_that_loses_a_frame_is_found_out():
    with pytest.raises(ValueError, match="shorter"):
        list(Stretch(scene(3)).dithers(lambda frames: iter([np.zeros((48, 64), np.uint8)])))
