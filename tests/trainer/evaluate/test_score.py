"""Ditherers over the stretches of a film, and what is reported of them, against dithers made here."""

import json
import math
import weakref
from itertools import count, pairwise

import numpy as np
import pytest

from tests.trainer.evaluate.evaluate_cases import (
    COUNT,
    CUT,
    HEIGHT,
    REDRAWS,
    WIDTH,
    divided,
    drifting,
    select,
)
from tests.trainer.made_films import make_film
from trainer.dithers.diffusion import FloydSteinberg, Hysteresis
from trainer.dithers.ditherer import FrameByFrame
from trainer.dithers.eye import EYES, hvs_psnr
from trainer.errors import OptionError
from trainer.evaluate.metrics import AGES, definitions, figures, median_figures
from trainer.evaluate.report import FilmReport, Report, seconds_per_frame
from trainer.evaluate.score import Comparison, evaluate
from trainer.evaluate.texture import texture
from trainer.films.cuts import cuts_by_z_score
from trainer.films.film import Film
from trainer.films.plan import Plan
from trainer.films.selection import Selection
from trainer.films.stretches import Stretch, stretches
from trainer.films.tones import Tones


def inside():
    """The frames that are not redrawn."""
    return [number for number in range(1, COUNT) if number not in REDRAWS]


def net_of(dithers):
    """Pixels of each dither that differ from the last redrawn one."""
    net, redrawn = [], None
    for number, dither in enumerate(dithers):
        redrawn = dither if number in (0, *REDRAWS) else redrawn
        net.append(int((dither != redrawn).sum()))
    return net


@pytest.fixture(scope="module")
def evaluation():
    return evaluate(divided(drifting()), {"fs": FloydSteinberg(), "calm": Hysteresis(0.8)})


@pytest.fixture(scope="module")
def separately():
    """The frames, and by label the dithers of a loop that is closed inside each stretch."""
    frames, made = list(drifting()), {}
    for label, ditherer in {"fs": FloydSteinberg(), "calm": Hysteresis(0.8)}.items():
        made[label] = []
        for number, selected in enumerate(frames):
            before = None if number in (0, *REDRAWS) else made[label][-1]
            made[label].append(ditherer.dither(selected.frame, before))
    return frames, made


@pytest.mark.parametrize("label", ["fs", "calm"])
def test_every_frame_has_the_figures_of_its_dither_in_the_closed_loop_of_its_stretch(
    evaluation, separately, label
):
    frames, dithers = separately
    trace = evaluation.dithers[label].trace
    for eye in EYES:
        direct = [
            hvs_psnr(selected.frame, dither, eye)
            for selected, dither in zip(frames, dithers[label], strict=True)
        ]
        assert list(trace.psnr[eye]) == pytest.approx(direct, abs=1e-3)
    pairs = {number + 1: pair for number, pair in enumerate(pairwise(dithers[label]))}
    for number in (0, *REDRAWS):
        assert math.isnan(trace.flips[number])
        assert math.isnan(trace.darkened[number])
    for number in inside():
        before, now = pairs[number]
        assert trace.flips[number] == pytest.approx(np.mean(before != now))
        assert trace.darkened[number] == pytest.approx(np.mean(before > now))


def test_redraws_are_those_of_the_plan_and_begin_the_net_change_anew(evaluation, separately):
    _, dithers = separately
    assert evaluation.redraws == list(REDRAWS)
    for label, made in dithers.items():
        trace, summary = evaluation.dithers[label].trace, evaluation.dithers[label].summary
        assert [round(share * WIDTH * HEIGHT) for share in trace.net] == net_of(made)
        assert summary.net == pytest.approx(np.mean(net_of(made)) / (WIDTH * HEIGHT))
        flips = [trace.flips[number] for number in inside()]
        assert summary.change.flips == pytest.approx(np.mean(flips))


def test_the_film_itself_is_recorded(evaluation, separately):
    frames, _ = separately
    assert list(evaluation.numbers) == [selected.number for selected in frames]
    assert list(evaluation.times_ms) == [selected.time_ms for selected in frames]
    assert evaluation.cuts == [CUT]
    assert math.isnan(evaluation.difference[0])
    direct = [np.abs(b.frame - a.frame).mean() for a, b in pairwise(frames)]
    assert list(evaluation.difference[1:]) == pytest.approx(direct, rel=1e-5)
    assert evaluation.cuts_by_z_score() == (np.flatnonzero(cuts_by_z_score(np.array(direct))) + 1).tolist()
    assert CUT in evaluation.cuts_by_z_score()


class Alternating(FrameByFrame):
    """White on black, black on white; notes what it was given."""

    def __init__(self, first):
        self.first, self.given = first, []

    def dither(self, frame, shown):
        self.given.append(None if shown is None else int(shown.mean()))
        return np.full(frame.shape, self.first, np.uint8) if shown is None else 1 - shown


def test_each_ditherer_sees_its_own_dither_and_only_that_of_its_stretch():
    a, b = Alternating(0), Alternating(1)
    evaluate(divided(drifting(5), [3]), {"a": a, "b": b})
    assert a.given == [None, 0, 1, None, 0]
    assert b.given == [None, 1, 0, None, 1]


def ahead(frames):
    """A ditherer that needs the whole stretch before it makes its first dither: the mean of all, inverted."""
    frames = list(frames)
    mean = np.mean(frames, axis=0)
    yield from ((frame < mean).astype(np.uint8) for frame in frames)


@pytest.mark.parametrize("together", [False, True])
def test_a_ditherer_may_look_ahead_beside_one_that_does_not(separately, together):
    frames, dithers = separately
    moments = list(Comparison(divided(frames), {"ahead": ahead, "calm": Hysteresis(0.8)}, together=together))
    assert [moment.index for moment in moments if moment.redraw] == [0, *REDRAWS]
    for stretch in divided(zip(moments, strict=True)):
        expected = ahead(moment.selected.frame for (moment,) in stretch.frames)
        for (moment,), dither in zip(stretch.frames, expected, strict=True):
            np.testing.assert_array_equal(moment.shown["ahead"].dither, dither)
            np.testing.assert_array_equal(moment.shown["calm"].dither, dithers["calm"][moment.index])


@pytest.mark.parametrize("made", [4, 6])
def test_a_dither_too_few_or_too_many_is_noticed(made):
    def wrong(frames):
        return iter([np.zeros((HEIGHT, WIDTH), np.uint8)] * made)

    with pytest.raises(ValueError, match="zip"):
        evaluate(divided(drifting(5)), {"wrong": wrong})


def test_no_picture_is_kept_but_those_of_one_stretch():
    alive = weakref.WeakValueDictionary()
    most = 0

    def watched():
        nonlocal most
        for selected in drifting(70, 0):
            alive[selected.number] = selected.image
            most = max(most, len(alive))
            yield selected

    evaluate(stretches(watched(), Plan(longest=10)), {"fs": FloydSteinberg(), "calm": Hysteresis(0.8)})
    assert most <= 10 + 2


def test_toned_frames_do_not_pile_up(monkeypatch):
    alive = weakref.WeakValueDictionary()
    most = 0
    numbers, tone = count(), Tones.__call__

    def watched(self, image, pixel_aspect=1.0):
        nonlocal most
        frame = tone(self, image, pixel_aspect)
        alive[next(numbers)] = frame
        most = max(most, len(alive))
        return frame

    monkeypatch.setattr(Tones, "__call__", watched)
    evaluate(divided(drifting(30)), {"fs": FloydSteinberg(), "calm": Hysteresis(0.8)})
    # The last two that were looked at, one with each ditherer, and those being made.
    assert 0 < most <= 6


def test_the_clock_runs_for_the_ditherer_alone(monkeypatch):
    """Not while the film is read, nor while frames get their tones."""
    now = 0.0
    tone = Tones.__call__

    def slowly_toned(self, image, pixel_aspect=1.0):
        nonlocal now
        now += 1000
        return tone(self, image, pixel_aspect)

    class Slow(FrameByFrame):
        def dither(self, frame, shown):
            nonlocal now
            now += 5 if shown is None else 2
            return np.zeros(frame.shape, np.uint8)

    def passing():
        nonlocal now
        for stretch in divided(drifting(4)):
            now += 100
            yield stretch

    monkeypatch.setattr(Tones, "__call__", slowly_toned)
    film = evaluate(passing(), {"slow": Slow()}, clock=lambda: now)
    assert list(film.dithers["slow"].trace.seconds) == [5, 2, 2, 2]
    assert seconds_per_frame(film.dithers["slow"].trace) == {"first": 5, "median": 2, "mean": 2}


def test_progress_is_reported_frame_by_frame():
    done = []
    evaluate(divided(drifting(3), [1]), {"fs": FloydSteinberg()}, report=done.append)
    assert done == [1, 2, 3]


def test_what_cannot_be_evaluated_is_refused():
    with pytest.raises(OptionError, match="--skip-black"):
        evaluate(iter(()), {"fs": FloydSteinberg()})
    with pytest.raises(ValueError, match="no ditherer"):
        evaluate(divided(drifting()), {})
    small = [Stretch((select(0, 0, np.zeros((30, 64))),))]
    with pytest.raises(ValueError, match="smaller than the window"):
        evaluate(small, {"fs": FloydSteinberg()})


def test_a_ditherers_error_is_not_swallowed():
    def broken(frames):
        raise RuntimeError("no dots left")

    with pytest.raises(RuntimeError, match="no dots left"):
        evaluate(divided(drifting()), {"fs": FloydSteinberg(), "broken": broken})


def test_every_figure_is_defined(evaluation):
    assert set(definitions()) == set(figures(evaluation.dithers["fs"].summary))
    assert not any("{" in text for text in definitions().values())


def test_the_figures_are_the_summary(evaluation):
    summary = evaluation.dithers["calm"].summary
    found = figures(summary)
    assert found["flips_share"] == summary.change.flips
    assert found["overhead_ratio"] == summary.change.overhead
    assert found["net_highest_share"] == summary.highest_net
    for eye in EYES:
        assert found[f"psnr_s{eye}_db"] == summary.psnr[eye]
        assert found[f"flip_efficiency_s{eye}_ratio"] == summary.change.efficiency[eye]
        psnr = evaluation.dithers["calm"].trace.psnr[eye]
        mean = np.mean([psnr[number] for number in (0, *REDRAWS)])
        assert found[f"psnr_s{eye}_frame_1_db"] == pytest.approx(mean)
        for age in AGES[1:]:  # no stretch is that long
            assert found[f"psnr_s{eye}_frame_{age}_db"] is None


def test_the_median_leaves_out_what_a_film_lacks():
    films = [
        {"a": 1.0, "b": None, "c": None},
        {"a": 5.0, "b": 2.0, "c": None},
        {"a": 2.0, "b": 4.0, "c": None},
    ]
    assert median_figures(films) == {"a": 2.0, "b": 3.0, "c": None}


@pytest.fixture(scope="module")
def report(tmp_path_factory, evaluation):
    film = Film(make_film(tmp_path_factory.mktemp("film") / "a.mp4", pictures=3))
    other = evaluate(divided(drifting(20, 5), [5]), {"fs": FloydSteinberg(), "calm": Hysteresis(0.8)})
    tones = Tones((WIDTH, HEIGHT))
    films = [FilmReport(film, Selection(), tones, which) for which in (evaluation, other)]
    dithers = {"fs": ("floyd-steinberg", None), "calm": ("hysteresis", 0.8)}
    textures = {"fs": [texture(FloydSteinberg(), 0.25)], "calm": [texture(Hysteresis(0.8), 0.0)]}
    return Report(dithers, textures, films, Plan())


def test_the_report_is_json_frame_by_frame(report, separately):
    _, dithers = separately
    found = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    film = found["films"][0]
    assert (film["film"], film["frames"], film["cut_film_frames"]) == ("a.mp4", COUNT, [10 + 2 * CUT])
    assert film["per_frame"]["film_frame"][-1] == 10 + 2 * (COUNT - 1)
    assert film["per_frame"]["difference_tone"][0] is None
    calm = film["dithers"]["calm"]
    flips = [None, *(int((a != b).sum()) for a, b in pairwise(dithers["calm"]))]
    flips = [None if number in REDRAWS else flips[number] for number in range(COUNT)]
    assert calm["per_frame"]["flips_pixels"] == flips
    assert calm["per_frame"]["net_pixels"] == net_of(dithers["calm"])
    assert film["redraw_film_frames"] == [10 + 2 * number for number in REDRAWS]
    for lists in (film["per_frame"], calm["per_frame"]):
        assert {len(values) for values in lists.values()} == {COUNT}
    mean = np.mean([flips[number] for number in inside()])
    assert calm["figures"]["flips_share"] == pytest.approx(mean / (WIDTH * HEIGHT))


def test_the_report_says_what_it_was_made_with(report):
    found = report.as_dict()
    assert found["settings"]["size_px"] == [WIDTH, HEIGHT]
    assert found["settings"]["stretch_frames"] == 240
    assert found["settings"]["dither_options"] == {}
    assert [(one["label"], one["name"], one["dial"]) for one in found["dithers"]] == [
        ("fs", "floyd-steinberg", None), ("calm", "hysteresis", 0.8),
    ]  # fmt: skip
    assert found["dithers"][0]["texture"][0]["leak_ratio"] == report.textures["fs"][0].leak
    assert found["dithers"][1]["texture"][0]["leak_ratio"] is None
    assert found["machine"]["versions"]["numpy"] == np.__version__


def test_the_median_over_films_is_in_the_report_from_two_on(report):
    found = report.as_dict()
    shares = [film["dithers"]["fs"]["figures"]["flips_share"] for film in found["films"]]
    assert found["median_over_films"]["fs"]["flips_share"] == pytest.approx(np.mean(shares))
    alone = Report(report.dithers, report.textures, report.films[:1], report.plan)
    assert alone.as_dict()["median_over_films"] is None
