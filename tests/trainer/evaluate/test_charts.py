"""The charts of `trainer evaluate --plot`."""

import re
from io import BytesIO
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from tests.trainer.evaluate.evaluate_cases import CUT, HEIGHT, REDRAWS, WIDTH, divided, drifting, select
from tests.trainer.made_films import make_film
from trainer.dithers.diffusion import FloydSteinberg, Hysteresis
from trainer.errors import OptionError
from trainer.evaluate.charts import (
    KINDS,
    Series,
    draw,
    draw_difference,
    draw_front,
    draw_redraws,
    kind_of,
    label_front,
)
from trainer.evaluate.report import FilmReport, Report
from trainer.evaluate.score import evaluate
from trainer.films.film import Film
from trainer.films.plan import Plan
from trainer.films.selection import Selection
from trainer.films.tones import Tones

DITHERS = {
    "floyd-steinberg": ("floyd-steinberg", None),
    "hysteresis:1": ("hysteresis", 1.0),
    "hysteresis:0": ("hysteresis", 0.0),
    "hysteresis": ("hysteresis", None),
}


def report_of(film, *frames):
    ditherers = {
        "floyd-steinberg": FloydSteinberg(),
        "hysteresis:1": Hysteresis(1),
        "hysteresis:0": Hysteresis(0),
        "hysteresis": Hysteresis(),
    }
    films = [
        FilmReport(film, Selection(), Tones((WIDTH, HEIGHT)), evaluate(divided(some), ditherers))
        for some in frames
    ]
    return Report(DITHERS, {label: [] for label in DITHERS}, films, Plan())


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return Film(make_film(tmp_path_factory.mktemp("film") / "wave.mp4", pictures=3))


@pytest.fixture(scope="module")
def report(film):
    return report_of(film, drifting(), drifting(40))


def texts_of(report):
    """The texts on the page, which Matplotlib leaves as comments in an SVG."""
    return re.findall(r"<!-- (.*?) -->", draw(report, ".svg").decode())


@pytest.mark.parametrize("kind", KINDS)
def test_a_chart_is_the_same_every_time_and_of_its_kind(report, kind):
    page = draw(report, kind)
    assert page == draw(report, kind)
    assert page.startswith({".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[kind])


def test_the_page_grows_with_the_films(report):
    def height(films):
        part = Report(report.dithers, report.textures, films, report.plan)
        with Image.open(BytesIO(draw(part, ".png"))) as page:
            return page.height

    assert height(report.films) - height(report.films[:1]) > 200


def test_the_chart_names_everything_directly(report):
    texts = texts_of(report)
    for text in ("hysteresis", "floyd-steinberg", "0", "1", "default"):
        assert texts.count(text) >= 2, text  # on both fronts
    assert texts.count("wave.mp4") == 2
    assert any("median of 2 films" in text for text in texts)
    assert texts.count("redraws") == 2
    for film in report.films:
        assert f"{len(film.evaluation.redraws)}" in texts


def test_a_film_in_which_nothing_flips_has_an_empty_front(film):
    grey = [select(number, 40 * number, np.zeros((HEIGHT, WIDTH))) for number in range(5)]
    texts = texts_of(report_of(film, grey))
    assert texts.count("not one pixel flips") == 2


def test_one_frame_can_be_drawn(film):
    assert draw(report_of(film, drifting(1)), ".png").startswith(b"\x89PNG")


def drawn(series):
    figure = Figure(figsize=(3, 2.5), dpi=200)
    renderer = FigureCanvasAgg(figure).get_renderer()
    axes = figure.add_axes((0.1, 0.1, 0.85, 0.8))
    draw_front(axes, series, "title")
    label_front(axes, series, renderer)
    return axes, renderer


SERIES = [
    Series("search", "#0072B2", "D", {0.0: (2.8, 52.6), 0.5: (1.9, 51.1), 1.0: (1.8, 48.8)}, None),
    Series("hysteresis", "#D55E00", "o", {0.25: (4.9, 46.2), 0.75: (2.1, 44.3)}, (2.6, 45.4)),
    Series("mask", "#009E73", "v", {}, (2.1, 42.3)),
]


def test_the_points_of_a_dither_are_joined_in_the_dials_order_and_the_default_is_not():
    axes, _ = drawn(SERIES)
    assert axes.get_xscale() == "log"
    joined = [line.get_xydata().tolist() for line in axes.lines if line.get_linestyle() == "-"]
    assert joined == [[[2.8, 52.6], [1.9, 51.1], [1.8, 48.8]], [[4.9, 46.2], [2.1, 44.3]], []]
    alone = [line.get_xydata().tolist() for line in axes.lines if line.get_linestyle() == "None"]
    assert [2.6, 45.4] in alone[1]
    assert alone[2] == [[2.1, 42.3]]


def test_labels_cover_neither_each_other_nor_a_point():
    axes, renderer = drawn(SERIES)
    assert [text.get_text() for text in axes.texts] == [
        "search", "hysteresis", "mask", "0", "0.5", "1", "0.25", "0.75", "default",
    ]  # fmt: skip
    boxes = [text.get_window_extent(renderer) for text in axes.texts]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    points = [point for one in SERIES for point in one.everywhere]
    for point in axes.transData.transform(points):
        assert not any(box.contains(*point) for box in boxes)
    assert all(axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1 for box in boxes)


@pytest.mark.parametrize("name", ["chart.jpg", "chart", "png"])
def test_another_kind_of_chart_is_refused(name):
    with pytest.raises(OptionError, match=re.escape(".png, .svg or .pdf")):
        kind_of(Path(name))


def test_the_kind_may_be_in_capitals():
    assert kind_of(Path("A.SVG")) == ".svg"


def test_triangles_stand_at_the_cuts_and_strokes_at_the_redraws(report):
    evaluation = report.films[0].evaluation
    above, below = Figure().subplots(2)
    draw_difference(above, "wave.mp4", evaluation)
    draw_redraws(below, evaluation)
    curve, triangles = above.lines
    assert list(curve.get_xdata()) == list(evaluation.numbers[1:])
    assert list(curve.get_ydata()) == pytest.approx([100 * value for value in evaluation.difference[1:]])
    assert CUT in evaluation.cuts_by_z_score()
    assert list(triangles.get_xdata()) == [
        evaluation.numbers[index] for index in evaluation.cuts_by_z_score()
    ]
    [strokes] = below.collections
    assert list(strokes.get_positions()) == [evaluation.numbers[number] for number in REDRAWS]
    assert [text.get_text() for text in below.texts] == ["2"]
