"""`trainer evaluate` from a film file to table, JSON and chart."""

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.trainer.made_films import make_film
from trainer.__main__ import main
from trainer.dithers.diffusion import Hysteresis
from trainer.dithers.eye import hvs_psnr
from trainer.dithers.table import DEFAULT
from trainer.films.film import Film
from trainer.films.plan import Plan
from trainer.films.selection import Selection
from trainer.films.stretches import stretches
from trainer.films.tones import Tones

SIZE = (80, 60)
SHELL = [sys.executable, "-m", "trainer", "evaluate"]


def picture(number):
    """A disc that wanders over a ramp."""
    ramp = np.tile(np.linspace(30, 220, 160, dtype=np.uint8), (96, 1))
    cv2.circle(ramp, (20 + 3 * number, 48), 14, 250, -1)
    return np.repeat(ramp[:, :, None], 3, axis=2)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return make_film(tmp_path_factory.mktemp("film") / "disc.mp4", pictures=(picture(n) for n in range(30)))


def evaluate(film, *words):
    return main(["evaluate", str(film), "--size", "80x60", *map(str, words)])


def without_machine(path):
    report = json.loads(path.read_text())
    assert report.pop("machine")["seconds_per_frame"][0].keys() == report["films"][0]["dithers"].keys()
    return report


def test_json_has_the_figures_of_dithers_made_here(film, tmp_path):
    path = tmp_path / "report.json"
    words = ["--dither", "hysteresis:.3", "--dither", "floyd-steinberg", "--start", "2", "--stretch", "12"]
    assert evaluate(film, *words, "--ghost", "0", "--json", path) == 0
    report = without_machine(path)
    [of_film] = report["films"]
    found = of_film["dithers"]
    assert list(found) == ["hysteresis:0.3", "floyd-steinberg"]
    assert report["settings"]["stretch_frames"] == 12
    assert of_film["redraw_film_frames"] == [14, 26]

    tones = Tones(SIZE)
    selected = [chosen for chosen in Selection().frames(Film(film), tones) if chosen.number >= 2]
    assert len(selected) == 28
    dithers = [
        dither
        for stretch in stretches(selected, Plan(longest=12))
        for dither in stretch.dithers(Hysteresis(0.3))
    ]
    psnr = [hvs_psnr(chosen.frame, dither, 6000) for chosen, dither in zip(selected, dithers, strict=True)]
    hysteresis = found["hysteresis:0.3"]
    assert hysteresis["figures"]["psnr_s6000_db"] == pytest.approx(np.mean(psnr), abs=1e-3)
    flips = [None, *(int((a != b).sum()) for a, b in pairwise(dithers))]
    flips = [None if number % 12 == 0 else flips[number] for number in range(28)]
    assert sum(number or 0 for number in flips) > 0
    assert hysteresis["per_frame"]["flips_pixels"] == flips
    net = [int((dither != dithers[number - number % 12]).sum()) for number, dither in enumerate(dithers)]
    assert hysteresis["per_frame"]["net_pixels"] == net


def test_the_dithers_own_options_are_in_the_report(film, tmp_path):
    path = tmp_path / "report.json"
    words = ["--dither", "search", "--engine", "sequential", "--count", "2"]
    assert evaluate(film, *words, "--json", path) == 0
    assert without_machine(path)["settings"]["dither_options"] == {"engine": "sequential"}


def test_the_same_film_gives_the_same_report_and_chart(film, tmp_path):
    results = []
    for name in ("a", "b"):
        chart, report = tmp_path / f"{name}.png", tmp_path / f"{name}.json"
        assert evaluate(film, "--json", report, "--plot", chart, "--count", "6") == 0
        results.append((without_machine(report), chart.read_bytes()))
    assert results[0] == results[1]
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "a.json", "b.png", "b.json"}
    with Image.open(tmp_path / "a.png") as chart:
        assert chart.format == "PNG"
        assert min(chart.size) > 500
        assert len(np.unique(np.asarray(chart.convert("L")))) > 20


def test_tables_name_every_dither_of_every_film_and_fit_80_columns(film, capsys):
    dithers = ["--dither", "floyd-steinberg", "--dither", "hysteresis", "--dither", "hysteresis:0.25"]
    assert (
        main(
            ["evaluate", str(film), str(film), "--size", "80x60", "--count", "4", "--stretch", "2", *dithers]
        )
        == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) < 80
    assert sum(line == "disc.mp4: 4 frames at 80x60, 0 cuts, 1 redraw (250 in 1,000)" for line in lines) == 2
    assert "median of 2 films" in lines
    for label in ("floyd-steinberg", "hysteresis", "hysteresis:0.25"):
        # Two tables for each film and for the median, and the texture.
        assert sum(line.split(" ")[0] == label for line in lines) == 7


def test_the_first_table_holds_the_figures(film, capsys, tmp_path):
    path = tmp_path / "report.json"
    assert evaluate(film, "--dither", "hysteresis", "--json", path) == 0
    figures = without_machine(path)["films"][0]["dithers"]["hysteresis"]["figures"]
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("hysteresis "))
    shown = [float(text) for text in row.split()[1:]]
    keys = ("psnr_s6000_db", "psnr_s6000_worst_db", "psnr_s2000_db", "flips_share", "darkened_share")
    factors = (1, 1, 1, 100, 100)
    assert shown[:5] == pytest.approx(
        [figures[key] * f for key, f in zip(keys, factors, strict=True)], abs=0.006
    )


def test_json_on_stdout_stands_alone(film, capsys):
    assert evaluate(film, "--count", "2", "--json", "-") == 0
    report = json.loads(capsys.readouterr().out)
    assert [one["label"] for one in report["dithers"]] == ["floyd-steinberg", DEFAULT]


def test_from_a_shell_the_table_is_plain_text(film):
    result = subprocess.run(
        [*SHELL, film, "--size", "80x60", "--count", "3"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stderr == ""
    assert "\x1b" not in result.stdout
    assert "floyd-steinberg" in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--dither", "floyd"], "there is no dither"),
        (["--dither", "floyd-steinberg:.5"], "no dial"),
        (["--dither", "hysteresis:2"], "out of range"),
        (["--dither", "hysteresis:.5", "--dither", "hysteresis:0.50"], "hysteresis:0.5 is given twice"),
        (["--plot", "chart.jpg"], r".png, .svg or .pdf"),
        (["--plot", "/nowhere/chart.png"], "no directory /nowhere"),
        (["--json", "/"], "is a directory"),
        (["--size", "80x30"], "31x31 is the smallest"),
        (["--stretch", "0"], "--stretch 0"),
        (["--start", "1:00"], "no frame"),
    ],
)
def test_a_users_error_is_one_line(film, capsys, words, said):
    assert evaluate(film, *words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("trainer: ")
    assert captured.err.count("\n") == 1
    assert said in captured.err


def test_a_wrong_film_is_named_before_any_is_scored(film, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("trainer.evaluate.score.evaluate", None)
    assert main(["evaluate", str(film), str(tmp_path / "none.mp4"), "--size", "80x60"]) == 2
    assert "none.mp4: there is no such file" in capsys.readouterr().err


def test_a_film_is_not_replaced_by_its_report(film, capsys):
    before = film.read_bytes()
    assert evaluate(film, "--json", film) == 2
    assert "is the film itself" in capsys.readouterr().err
    assert film.read_bytes() == before


def test_ctrl_c_is_quiet_and_leaves_nothing_behind(film, tmp_path, capsys, monkeypatch):
    def interrupted(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("trainer.evaluate.score.evaluate", interrupted)
    assert evaluate(film, "--json", tmp_path / "report.json") == 130
    assert capsys.readouterr().err == "trainer: stopped; nothing was written\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
@pytest.mark.parametrize("words", [[], ["--json", "-"]])
def test_a_full_disk_behind_stdout_is_one_line(film, tmp_path, words):
    chart = tmp_path / "chart.svg"
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [*SHELL, film, "--size", "80x60", "--count", "2", "--plot", chart, *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert result.returncode == 2
    assert result.stderr.startswith("trainer: the output cannot be written: no space")
    assert result.stderr.count("\n") == 1
    assert chart.exists()
