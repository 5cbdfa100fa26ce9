"""Frames far inside a film: reached soon, and with the number that reading from the beginning gives."""

import random

import numpy as np
import pytest

from tests.trainer.made_films import change, encode, luma_frame, numbered_luma, read_number, with_durations
from trainer.films.decoder import Decoder
from trainer.films.film import Film
from trainer.films.landing import NEAR
from trainer.films.selection import Selection
from trainer.films.times import FilmTime, FrameNumber
from trainer.films.tones import Tones

COUNT = 700


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("far")


@pytest.fixture
def packets(monkeypatch):
    """How many packets went to the decoder."""
    counted = [0]
    taken = Decoder._taken

    def count(self, context, packet):
        counted[0] += 1
        return taken(self, context, packet)

    monkeypatch.setattr(Decoder, "_taken", count)
    return counted


def film(folder, name, codec, **options):
    path = folder / name
    if not path.exists():
        frames = [luma_frame(numbered_luma(n)) for n in range(COUNT)]
        encode(path, frames, codec=codec, options=options)
    return path


# Closed and open groups, frames stored out of order, hidden ones (VP9's alternate references).
QUICK = [
    ("plain.mp4", "libx264", {"g": "50", "bf": "0"}),
    ("reordered.mp4", "libx264", {"g": "50", "bf": "3"}),
    ("open.mkv", "libx264", {"g": "50", "bf": "3", "x264-params": "open-gop=1"}),
    ("hevc.mkv", "libx265", {"g": "50", "x265-params": "log-level=none"}),
    ("hidden.webm", "libvpx-vp9", {"g": "60", "auto-alt-ref": "1", "lag-in-frames": "16", "cpu-used": "8"}),
    ("av1.mp4", "libsvtav1", {"g": "60", "preset": "7", "crf": "20"}),
]
SLOW = [
    ("counted.mkv", "mpeg4", {"g": "50", "bf": "2"}),
    ("stream.ts", "mpeg2video", {"g": "15", "bf": "2"}),
    ("packed.avi", "mpeg4", {"g": "50", "bf": "2"}),
]


@pytest.mark.parametrize(("name", "codec", "options"), [*QUICK, *SLOW])
def test_the_numbers_are_those_from_the_beginning(folder, packets, name, codec, options):
    with Film(film(folder, name, codec, **options)) as opened:
        whole = {one.number: one for one in opened.frames()}
        assert [read_number(one.image) for one in whole.values()] == list(range(COUNT))
        for start in (NEAR + 1, 401, 449, 450, 451, 680, 699, FilmTime(18_000), FilmTime(18_001)):
            packets[0] = 0
            place = FrameNumber(start) if isinstance(start, int) else start
            found = list(opened.frames(place, every=7))
            first = start if isinstance(start, int) else -(-start.ms // 40)
            assert [one.number for one in found] == list(range(first, COUNT, 7))
            for one in found:
                assert one.time_ms == whole[one.number].time_ms
                np.testing.assert_array_equal(one.image, whole[one.number].image)
            if (name, codec, options) in QUICK:
                assert packets[0] < COUNT - first + 140


@pytest.mark.parametrize(("name", "codec", "options"), [*QUICK, *SLOW])
def test_resuming_is_quick_wherever_frames_can_be_entered(folder, packets, name, codec, options):
    tones = Tones(size=(80, 48))
    selection = Selection(FilmTime(1000), every=3)
    with Film(film(folder, name, codec, **options)) as opened:
        whole = list(selection.frames(opened, tones))
        for done in (100, 180, 224):
            last = whole[done - 1]
            packets[0] = 0
            rest = list(selection.frames(opened, tones, last.number, done, last.time_ms))
            assert [(one.number, one.time_ms, one.cut) for one in rest] == [
                (one.number, one.time_ms, one.cut) for one in whole[done:]
            ]
            for ours, theirs in zip(rest, whole[done:], strict=True):
                np.testing.assert_array_equal(ours.image, theirs.image)
            if name not in ("stream.ts", "packed.avi"):
                assert packets[0] < COUNT - last.number + 140


def damaged(folder, seed):
    """Some bytes of the middle third are others, so that a few pictures are lost."""
    dice = random.Random(seed)

    def spoil(data):
        changed = bytearray(data)
        start, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
        third = (end - start) // 3
        for _ in range(60):
            changed[dice.randrange(start + third, end - third)] = dice.randrange(256)
        return bytes(changed)

    return change(film(folder, *QUICK[0][:2], **QUICK[0][2]), spoil, f"damaged{seed}")


@pytest.mark.parametrize("seed", range(4))
def test_damage_moves_no_number(folder, seed):
    """Times tell frames apart; FFmpeg's threads patch damaged pictures in another way each time."""
    with Film(damaged(folder, seed)) as opened:
        times = {one.number: one.time_ms for one in opened.frames()}
        assert opened.damaged
        assert len(times) < COUNT
        last = max(times)
        for start in (NEAR + 1, 400, 600, last - 1):
            found = list(opened.frames(FrameNumber(start), every=11))
            assert [one.number for one in found] == list(range(start, last + 1, 11))
            assert all(one.time_ms == times[one.number] for one in found)
        found = list(opened.frames(FrameNumber(0), None, 1, 600, times[600]))
        assert {one.number: one.time_ms for one in found} == {n: times[n] for n in range(600, last + 1)}


def test_a_variable_rate(folder):
    dice = random.Random(5)
    durations = [dice.randrange(200, 900) for _ in range(COUNT)]
    path = change(film(folder, *QUICK[0][:2], **QUICK[0][2]), lambda data: with_durations(data, durations))
    with Film(path) as opened:
        whole = {one.number: one for one in opened.frames()}
        for number in (300, 511, max(whole)):
            one = next(opened.frames(FilmTime(whole[number].time_ms)))
            assert (one.number, one.time_ms) == (number, whole[number].time_ms)
            after = next(opened.frames(FilmTime(whole[number - 1].time_ms + 1)))
            assert after.number == number
