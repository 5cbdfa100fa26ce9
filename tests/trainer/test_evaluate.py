"""The closed loops of `trainer evaluate` and what they report, against dithers made and measured here."""

import json
import math
import weakref
from itertools import pairwise

import numpy as np
import pytest

from player.redraw import RedrawRule, RedrawState
from tests.trainer.made_films import make_film
from trainer.dithers.diffusion import (
    FloydSteinberg,
    Hysteresis,
)
from trainer.dithers.eye import (
    EYES,
    hvs_psnr,
)
from trainer.errors import OptionError
from trainer.evaluate.evaluate import evaluate
from trainer.evaluate.figures import (
    definitions,
    figures,
    median_figures,
)
from trainer.evaluate.metrics import AGES
from trainer.evaluate.report import (
    FilmReport,
    Report,
    seconds_per_frame,
)
from trainer.evaluate.texture import texture
from trainer.films.cuts import cuts_by_z_score
from trainer.films.film import Film
from trainer.films.selection import (
    Selected,
    Selection,
)
from trainer.films.tones import Tones

HEIGHT, WIDTH = 48, 64
COUNT, CUT = 70, 45


def drifting(count=COUNT, cut=CUT):
    """A wave that drifts to the right; from `cut` on another one."""
    x = np.arange(WIDTH, dtype=np.float32)
    y = np.arange(HEIGHT, dtype=np.float32)[:, None]
    for number in range(count):
        angle = (x + 0.7 * number + y / 3) / 9 if number < cut else (y + 0.4 * number - x / 5) / 5
        frame = (0.5 + 0.45 * np.sin(angle)).astype(np.float32)
        yield Selected(10 + 2 * number, 80 * number, number == cut, frame)


def dithered(ditherer, frames):
    shown = None
    for selected in frames:
        shown = ditherer.dither(selected.frame, shown)
        yield shown


def simulated(dithers, rule, interval):
    """What the player would do: the frames it redraws after the first, and the net change it counts."""
    state, redraws, net = RedrawState(), [], []
    for number, dither in enumerate(dithers):
        decision = rule.decide(state, dither, number * interval)
        state = state.after(decision, dither, number * interval)
        net.append(decision.net)
        if decision.action == "redraw" and number:
            redraws.append(number)
    return redraws, net


@pytest.fixture(scope="module")
def evaluation():
    return evaluate(drifting(), {"fs": FloydSteinberg(), "calm": Hysteresis(0.8)})


@pytest.fixture(scope="module")
def separately():
    frames = list(drifting())
    ditherers = {"fs": FloydSteinberg(), "calm": Hysteresis(0.8)}
    return frames, {label: list(dithered(ditherer, frames)) for label, ditherer in ditherers.items()}


@pytest.mark.parametrize("label", ["fs", "calm"])
def test_every_frame_has_the_figures_of_the_dither_in_its_own_closed_loop(evaluation, separately, label):
    frames, dithers = separately
    trace = evaluation.dithers[label].trace
    for eye in EYES:
        direct = [
            hvs_psnr(selected.frame, dither, eye)
            for selected, dither in zip(frames, dithers[label], strict=True)
        ]
        assert list(trace.psnr[eye]) == pytest.approx(direct, abs=1e-3)
    pairs = list(pairwise(dithers[label]))
    assert math.isnan(trace.flips[0])
    assert list(trace.flips[1:]) == pytest.approx([np.mean(a != b) for a, b in pairs])
    assert list(trace.darkened[1:]) == pytest.approx([np.mean(a > b) for a, b in pairs])


@pytest.mark.parametrize(
    ("rule", "interval"),
    [
        (RedrawRule(), 200),
        (RedrawRule(0.2, 3), 200),
        (RedrawRule(darkened_only=True), 2000),
        (RedrawRule(1), 0),
        (RedrawRule(1), 3600),
    ],
)
def test_the_redraws_are_those_of_the_player(separately, rule, interval):
    _, dithers = separately
    film = evaluate(drifting(), {"calm": Hysteresis(0.8)}, rule=rule, interval=interval)
    redraws, net = simulated(dithers["calm"], rule, interval)
    trace, summary = film.dithers["calm"].trace, film.dithers["calm"].summary
    assert trace.redraws == redraws
    assert [round(share * WIDTH * HEIGHT) for share in trace.net] == net
    assert summary.redraws == len(redraws)
    assert summary.net == pytest.approx(np.mean(net) / (WIDTH * HEIGHT))


def test_the_film_itself_is_recorded(evaluation, separately):
    frames, _ = separately
    assert list(evaluation.numbers) == [selected.number for selected in frames]
    assert list(evaluation.times_ms) == [selected.time_ms for selected in frames]
    assert evaluation.cuts == [CUT]
    direct = [np.abs(b.frame - a.frame).mean() for a, b in pairwise(frames)]
    assert list(evaluation.difference[1:]) == pytest.approx(direct, rel=1e-5)
    assert evaluation.cuts_by_z_score() == (np.flatnonzero(cuts_by_z_score(np.array(direct))) + 1).tolist()
    assert CUT in evaluation.cuts_by_z_score()


def test_each_ditherer_sees_its_own_dither_and_only_that():
    class Alternating:
        """White on black, black on white; notes what it was given."""

        def __init__(self, first):
            self.first, self.given = first, []

        def __call__(self, frame, previous):
            self.given.append(previous)
            return np.full(frame.shape, self.first, np.uint8) if previous is None else 1 - previous

    a, b = Alternating(0), Alternating(1)
    evaluate(drifting(5), {"a": a, "b": b})
    assert [None if given is None else int(given.mean()) for given in a.given] == [None, 0, 1, 0, 1]
    assert [None if given is None else int(given.mean()) for given in b.given] == [None, 1, 0, 1, 0]


def test_no_picture_is_kept_but_the_last():
    alive = weakref.WeakValueDictionary()
    most = 0

    def watched():
        nonlocal most
        for selected in drifting(30):
            alive[selected.number] = selected.frame
            most = max(most, len(alive))
            yield selected

    evaluate(watched(), {"fs": FloydSteinberg(), "calm": Hysteresis(0.8)})
    assert most <= 4


def test_the_clock_runs_for_the_ditherer_alone():
    now = 0.0

    def slow(frame, previous):
        nonlocal now
        now += 5 if previous is None else 2
        return np.zeros(frame.shape, np.uint8)

    def passing():
        nonlocal now
        for selected in drifting(4):
            now += 100
            yield selected

    film = evaluate(passing(), {"slow": slow}, clock=lambda: now)
    assert list(film.dithers["slow"].trace.seconds) == [5, 2, 2, 2]
    assert seconds_per_frame(film.dithers["slow"].trace) == {"first": 5, "median": 2, "mean": 2}


def test_progress_is_reported_frame_by_frame():
    done = []
    evaluate(drifting(3), {"fs": FloydSteinberg()}, report=done.append)
    assert done == [1, 2, 3]


def test_what_cannot_be_evaluated_is_refused():
    with pytest.raises(OptionError, match="--skip-black"):
        evaluate(iter(()), {"fs": FloydSteinberg()})
    with pytest.raises(ValueError, match="no ditherer"):
        evaluate(drifting(), {})
    small = [Selected(0, 0, False, np.zeros((30, 64), np.float32))]
    with pytest.raises(ValueError, match="smaller than the window"):
        evaluate(small, {"fs": FloydSteinberg()})


def test_a_ditherers_error_is_not_swallowed():
    def broken(frame, previous):
        raise RuntimeError("no dots left")

    with pytest.raises(RuntimeError, match="no dots left"):
        evaluate(drifting(), {"fs": FloydSteinberg(), "broken": broken})


def test_every_figure_is_defined(evaluation):
    assert set(definitions()) == set(figures(evaluation.dithers["fs"].summary))
    assert not any("{" in text for text in definitions().values())


def test_the_figures_are_the_summary(evaluation):
    summary = evaluation.dithers["calm"].summary
    found = figures(summary)
    assert found["flips_share"] == summary.change.flips
    assert found["overhead_ratio"] == summary.change.overhead
    assert found["net_highest_share"] == summary.highest_net
    assert found["redraws"] == summary.redraws
    for eye in EYES:
        assert found[f"psnr_s{eye}_db"] == summary.psnr[eye]
        assert found[f"flip_efficiency_s{eye}_ratio"] == summary.change.efficiency[eye]
        assert found[f"psnr_s{eye}_after_cut_db"] == evaluation.dithers["calm"].trace.psnr[eye][CUT]
        for age in AGES:
            in_the_film = age <= COUNT
            expected = evaluation.dithers["calm"].trace.psnr[eye][age - 1] if in_the_film else None
            assert found[f"psnr_s{eye}_frame_{age}_db"] == expected


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
    other = evaluate(drifting(20, 5), {"fs": FloydSteinberg(), "calm": Hysteresis(0.8)})
    tones = Tones((WIDTH, HEIGHT))
    films = [FilmReport(film, Selection(), tones, which) for which in (evaluation, other)]
    dithers = {"fs": ("floyd-steinberg", None), "calm": ("hysteresis", 0.8)}
    textures = {"fs": [texture(FloydSteinberg(), 0.25)], "calm": [texture(Hysteresis(0.8), 0.0)]}
    return Report(dithers, textures, films, RedrawRule(), 200.0)


def test_the_report_is_json_frame_by_frame(report, separately):
    _, dithers = separately
    found = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    film = found["films"][0]
    assert (film["film"], film["frames"], film["cut_film_frames"]) == ("a.mp4", COUNT, [10 + 2 * CUT])
    assert film["per_frame"]["film_frame"][-1] == 10 + 2 * (COUNT - 1)
    assert film["per_frame"]["difference_tone"][0] is None
    calm = film["dithers"]["calm"]
    flips = [int((a != b).sum()) for a, b in pairwise(dithers["calm"])]
    assert calm["per_frame"]["flips_pixels"] == [None, *flips]
    redraws, net = simulated(dithers["calm"], RedrawRule(), 200)
    assert calm["per_frame"]["net_pixels"] == net
    assert calm["redraw_film_frames"] == [10 + 2 * number for number in redraws]
    for lists in (film["per_frame"], calm["per_frame"]):
        assert {len(values) for values in lists.values()} == {COUNT}
    assert calm["figures"]["flips_share"] == pytest.approx(np.mean(flips) / (WIDTH * HEIGHT))


def test_the_report_says_what_it_was_made_with(report):
    found = report.as_dict()
    assert found["settings"]["size_px"] == [WIDTH, HEIGHT]
    assert found["settings"]["redraw_rule"] == {
        "threshold_share": 0.064, "cooldown_frames": 20, "daily_s": 86400, "darkened_only": False,
    }  # fmt: skip
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
    alone = Report(report.dithers, report.textures, report.films[:1], report.rule, report.interval)
    assert alone.as_dict()["median_over_films"] is None
