"""The metrics of a film, against values worked out by hand and what must hold of any film."""

import dataclasses
import json
import math
from itertools import pairwise

import numpy as np
import pytest

from trainer.dithers.diffusion import FloydSteinberg
from trainer.dithers.eye import EYES, hvs_psnr, psf, see
from trainer.dithers.mask import Mask
from trainer.evaluate.metrics import Scores, change

SHAPE = (40, 50)


def flat(tone, shape=SHAPE):
    return np.full(shape, tone, np.float32)


def black(shape=SHAPE):
    return np.zeros(shape, np.uint8)


def scored(frames, dithers, redraws=()):
    """The records and the summary of a film."""
    scores = Scores()
    records = [
        scores.add(see(frame), dither, number in redraws)
        for number, (frame, dither) in enumerate(zip(frames, dithers, strict=True))
    ]
    return records, scores.summary()


def noise_film(length, shape=(64, 80), seed=5):
    random = np.random.default_rng(seed)
    frames = [random.random(shape, dtype=np.float32) for _ in range(length)]
    return frames, [(random.random(shape) < frame).astype(np.uint8) for frame in frames]


def test_flips_by_direction_by_hand():
    """Of 2000 pixels three go black and five go white: 8, 3 and 5 in 2000."""
    before, after = black(), black()
    before[10, 10:13] = 1
    after[20, 10:15] = 1
    records, summary = scored([flat(0), flat(0)], [before, after])
    step = records[1].change
    assert records[0].change is None
    assert (step.flips, step.darkened, step.lightened) == (8 / 2000, 3 / 2000, 5 / 2000)
    assert summary.change == step


def test_swapping_the_two_dithers_swaps_the_directions():
    (frame_a, frame_b), (a, b) = noise_film(2)
    _, forth = scored([frame_a, frame_b], [a, b])
    _, back = scored([frame_b, frame_a], [b, a])
    assert forth.change.flips == back.change.flips
    assert forth.change.darkened == back.change.lightened
    assert forth.change.lightened == back.change.darkened


def test_the_tone_change_of_a_uniform_step_is_the_step():
    """Blurring moves a step of .25 about but loses none of it, not even past the edges of the frame."""
    records, _ = scored([flat(0.5), flat(0.25)], [black(), black()])
    assert records[1].change.difference == pytest.approx(0.25)
    assert records[1].change.tone_change == pytest.approx(0.25, rel=1e-5)


def test_the_overhead_by_hand():
    """A quarter of the tone goes; half of the pixels flip: twice as many as were needed."""
    half = black()
    half[:, ::2] = 1
    records, _ = scored([flat(0.5), flat(0.25)], [half, black()])
    assert records[1].change.overhead == pytest.approx(0.5 / 0.25, rel=1e-5)


def test_the_tone_change_is_that_of_the_eye_that_sees_more():
    """+1 beside -1 far from the edges: what is left is sum |h(x) - h(x - 1)|, more of it for the near eye."""
    frame, after = flat(0.0, (80, 90)), flat(0.0, (80, 90))
    frame[40, 40], after[40, 41] = 1, 1
    left = {}
    for distance in EYES:
        h = np.pad(psf(distance), ((0, 0), (0, 1)))
        left[distance] = np.abs(h - np.roll(h, 1, axis=1)).sum() / 7200
    records, _ = scored([frame, after], [black((80, 90))] * 2)
    assert left[2000] > left[6000]
    assert records[1].change.tone_change == pytest.approx(left[2000], rel=1e-4)
    assert records[1].change.difference == pytest.approx(2 / 7200)


def test_one_flip_is_seen_whole_and_a_move_only_in_part():
    """A lone flip keeps its weight in any blur; of a dot that moves one pixel, two flips, less is left."""
    one, moved = black(), black()
    one[20, 20], moved[20, 21] = 1, 1
    records, _ = scored([flat(0)] * 3, [black(), one, moved])
    for distance in EYES:
        assert records[1].change.efficiency[distance] == pytest.approx(1, rel=1e-5)
        h = np.pad(psf(distance), ((0, 0), (0, 1)))
        left = np.abs(h - np.roll(h, 1, axis=1)).sum()
        assert records[2].change.efficiency[distance] == pytest.approx(left / 2, rel=1e-4)
    assert records[2].change.efficiency[6000] < records[2].change.efficiency[2000] < 1


def test_a_flip_in_the_corner_is_seen_whole():
    corner = black()
    corner[0, 0] = 1
    records, _ = scored([flat(0)] * 2, [black(), corner])
    assert records[1].change.efficiency[6000] == pytest.approx(1, rel=1e-5)


def test_no_flip_is_seen_more_than_whole():
    """A blur makes no change larger: mean |h * (b_t - b_t-1)| <= flips, so efficiency is at most 1."""
    records, _ = scored(*noise_film(4))
    for record in records[1:]:
        assert all(0 < efficiency <= 1 for efficiency in record.change.efficiency.values())


def test_what_cannot_be_measured_is_none():
    records, summary = scored([flat(0.5)] * 2, [black()] * 2)
    assert records[1].change.overhead is None
    assert records[1].change.efficiency == {2000: None, 6000: None}
    assert list(summary.staleness) == [1]


def test_the_film_of_one_frame_has_no_change():
    _, summary = scored([flat(0.5)], [black()])
    assert summary.frames == 1
    assert summary.change is None
    assert summary.psnr[6000] == pytest.approx(20 * math.log10(2), abs=1e-3)


def test_a_film_of_no_frame_has_no_summary():
    with pytest.raises(ValueError, match="no frame"):
        Scores().summary()


def test_the_means_over_a_film():
    frames, dithers = noise_film(5)
    records, summary = scored(frames, dithers)
    for distance in EYES:
        psnr = [hvs_psnr(frame, dither, distance) for frame, dither in zip(frames, dithers, strict=True)]
        assert [record.psnr[distance] for record in records] == pytest.approx(psnr, abs=1e-3)
        assert summary.psnr[distance] == pytest.approx(np.mean(psnr), abs=1e-3)
    steps = [record.change for record in records[1:]]
    flips = [(before != after).mean() for before, after in pairwise(dithers)]
    assert summary.change.flips == pytest.approx(np.mean(flips))
    assert summary.change.difference == pytest.approx(np.mean([step.difference for step in steps]))
    assert summary.net == pytest.approx(np.mean([record.net for record in records]))


def test_still_frames_do_not_weigh_in_overhead_and_efficiency():
    (first, second), (a, b) = noise_film(2)
    records, moving = scored([first, second], [a, b])
    _, mostly_still = scored([first, second, second, second], [a, b, b, b])
    assert mostly_still.change.flips == pytest.approx(moving.change.flips / 3)
    assert mostly_still.change.overhead == pytest.approx(records[1].change.overhead)
    assert mostly_still.change.efficiency == pytest.approx(records[1].change.efficiency)


def test_the_net_change_by_hand():
    """Of 2000 pixels 100 go white, then 50 others, then the 100 back: 5, 7.5 and 2.5 % off the first."""
    first, second, third, fourth = (black() for _ in range(4))
    second[:2] = third[:3] = fourth[2] = 1
    records, summary = scored([flat(0.5)] * 4, [first, second, third, fourth])
    assert [record.net for record in records] == [0, 0.05, 0.075, 0.025]
    assert [record.change.flips for record in records[1:]] == [0.05, 0.025, 0.05]
    assert summary.highest_net == 0.075
    assert summary.net == pytest.approx(0.0375)


def test_the_net_change_begins_anew_at_a_redraw():
    first, second, third, fourth = (black() for _ in range(4))
    second[:2] = third[:3] = fourth[2] = 1
    records, summary = scored([flat(0.5)] * 4, [first, second, third, fourth], redraws=(2,))
    assert [record.net for record in records] == [0, 0.05, 0, 0.05]
    assert summary.highest_net == 0.05


def test_a_redraw_costs_no_flips():
    """Every frame inverts the one before; the flips of the redraws at 3 and 6 are free."""
    dithers = [black() + number % 2 for number in range(8)]
    dithers[7] = dithers[6]
    records, summary = scored([flat(0.5)] * 8, dithers, redraws=(3, 6))
    assert [record.change is None for record in records] == [number in (0, 3, 6) for number in range(8)]
    assert [record.change.flips for record in records if record.change] == [1, 1, 1, 1, 0]
    assert summary.change.flips == pytest.approx(4 / 5)


def test_what_the_panel_does_follows_the_plan():
    dithers = [black(), black(), black() + 1, black() + 1, black() + 1]
    records, _ = scored([flat(0.5)] * 5, dithers, redraws=(4,))
    assert [record.action for record in records] == ["redraw", "nothing", "partial", "nothing", "redraw"]


def test_staleness_is_read_at_the_1st_the_60th_and_the_120th_frame_of_a_stretch():
    """A black dither of a film that brightens by a thousandth a frame: frame n is n / 1000 off."""
    frames = [flat(number / 1000) for number in range(1, 251)]
    _, summary = scored(frames, [black()] * 250)
    assert {age: scores[6000] for age, scores in summary.staleness.items()} == pytest.approx(
        {age: -20 * math.log10(age / 1000) for age in (1, 60, 120)}, abs=1e-3
    )


def test_staleness_is_the_mean_over_the_stretches_that_are_long_enough():
    frames = [flat(number / 1000) for number in range(1, 251)]
    _, summary = scored(frames, [black()] * 250, redraws=(100, 150))
    decibels = {1: (1, 101, 151), 60: (60, 210)}
    assert {age: scores[6000] for age, scores in summary.staleness.items()} == pytest.approx(
        {age: np.mean([-20 * math.log10(n / 1000) for n in at]) for age, at in decibels.items()}, abs=1e-3
    )


def test_a_mask_flips_as_much_as_the_tone_differs_and_an_independent_dither_far_more():
    y, x = np.indices((256, 320), dtype=np.float32)
    frames = [(0.5 + 0.4 * np.sin((x + 2 * number) / 23) * np.sin(y / 31)) for number in range(3)]
    frames = [frame.astype(np.float32) for frame in frames]
    _, mask = scored(frames, [Mask().dither(frame, None) for frame in frames])
    _, independent = scored(frames, [FloydSteinberg().dither(frame, None) for frame in frames])
    assert mask.change.flips == pytest.approx(mask.change.difference, rel=0.05)
    assert independent.change.overhead > 10 * mask.change.overhead
    assert independent.change.efficiency[6000] < mask.change.efficiency[6000]
    assert independent.psnr[6000] > mask.psnr[6000]


def test_records_and_summary_travel_as_json():
    records, summary = scored(*noise_film(2))
    for part in (*records, summary):
        json.dumps(dataclasses.asdict(part), allow_nan=False)
    assert dataclasses.asdict(summary)["change"]["overhead"] == summary.change.overhead


def test_frames_of_another_size_are_refused():
    scores = Scores()
    scores.add(see(flat(0.5)), black(), False)
    with pytest.raises(ValueError, match="one size"):
        scores.add(see(flat(0.5, (50, 40))), black((50, 40)), False)
    with pytest.raises(ValueError, match="one size"):
        change(see(flat(0)), see(black()), see(flat(0)), see(black((50, 40))))
