"""`trainer bench`: its arithmetic with made numbers, the made film, and the command on a small film."""

import json
from itertools import pairwise

import numpy as np
import pytest

from tests.trainer.made_films import make_film
from trainer.__main__ import main
from trainer.bench import (
    SHOT,
    STAGES,
    Exported,
    Source,
    Stages,
    Timing,
    Training,
    exported,
    in_turn,
    made_clips,
    operations,
    pictures,
    stages,
    write_film,
)
from trainer.commands.bench import in_words
from trainer.dithers.ditherer import FrameByFrame
from trainer.dithers.table import make
from trainer.errors import FilmError
from trainer.films.cuts import is_cut
from trainer.films.film import BEGINNING, Film
from trainer.films.tones import Tones
from trainer.fit.data import LENGTH
from trainer.fit.patches import FRAMES
from trainer.fit.settings import PRESETS, Settings


class Clock:
    """Stands still but for `pass_`."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def pass_(self, seconds):
        self.now += seconds


def test_works_take_turns_and_their_first_runs_stand_for_themselves():
    clock, order = Clock(), []
    first = iter([5.0] + [1.0] * 9)

    def quick():
        order.append("quick")
        clock.pass_(next(first))

    def slow():
        order.append("slow")
        clock.pass_(2.0)

    quicks, slows = in_turn([quick, slow], 10, clock)
    assert order == ["quick", "slow"] * 5
    assert quicks == Timing(5.0, (1.0,) * 4)
    assert slows == Timing(2.0, (2.0,) * 4)


def test_a_median_is_of_three_runs_at_least():
    clock = Clock()
    [timing] = in_turn([lambda: clock.pass_(60)], 0.001, clock)
    assert timing.each == (60, 60, 60)
    assert Timing(9, (1, 2, 7)).median == 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 seconds"),
        (40, "40 seconds"),
        (89, "89 seconds"),
        (90, "1.5 minutes"),
        (35 * 60, "35 minutes"),
        (7.4 * 3600, "7.4 hours"),
        (35.9 * 3600, "36 hours"),
        (3.14 * 86400, "3.1 days"),
        (9.96 * 86400, "10 days"),
        (1234.5 * 86400, "1,234 days"),
    ],
)
def test_long_times_in_words(seconds, words):
    assert in_words(seconds) == words


def test_training_figures_follow_from_the_timings():
    settings = Settings(batch=8, patch=64)
    timing, product = Timing(30, (2.0, 4.0, 3.0)), Timing(1, (0.5, 0.1, 0.2))
    trained = Training(settings, 6e9, 10, timing, 1000, product)
    assert trained.compiling == 30
    assert trained.seconds == pytest.approx(0.3)  # ten updates a call
    assert trained.patch_pixels_per_second == pytest.approx(8 * FRAMES * 64 * 64 / 0.3)
    assert trained.peak == pytest.approx(2e9 / 0.2)
    assert trained.share == pytest.approx(6e9 / 0.3 / 1e10)


def test_the_operations_of_a_product_are_counted_as_the_peak_counts_them():
    import jax.numpy as jnp

    matrix = jnp.ones((64, 64))
    assert operations(jnp.matmul, matrix, matrix) == pytest.approx(2 * 64**3, rel=0.01)


def test_the_time_for_a_film_follows_from_the_rate():
    measured = Stages(dict.fromkeys(STAGES, 0.25), 10, 1.0, 0.02)
    assert measured.dithers_per_second == 4
    assert Exported(measured, 2.0, 10).film_seconds == 80_000


def test_the_made_film_moves_and_cuts_and_is_always_the_same():
    film = list(pictures((96, 64), 2 * SHOT))
    assert len(film) == 2 * SHOT
    assert all(picture.shape == (64, 96) and picture.dtype == np.uint8 for picture in film)
    cuts = [number for number, pair in enumerate(pairwise(film), 1) if is_cut(*pair)]
    assert cuts == [SHOT]
    assert all((before != after).mean() > 0.2 for before, after in pairwise(film))
    assert film[0].std() > 30
    np.testing.assert_array_equal(film, list(pictures((96, 64), 2 * SHOT)))
    assert made_clips(2, 32).shape == (2, LENGTH, 32, 32)
    for size in ((1, 1), (3, 2)):
        assert next(pictures(size, 1)).shape == size[::-1]


def test_the_stages_add_up_to_the_time_on_the_clock(tmp_path):
    """With a clock that only the ditherer moves, all the time is its own."""
    write_film(tmp_path / "film.mp4", 12, (96, 64))
    clock, hysteresis = Clock(), make("hysteresis")

    class Slow(FrameByFrame):
        def dither(self, frame, shown):
            clock.pass_(7.0 if shown is None else 0.5)
            return hysteresis.dither(frame, shown)

    with Film(tmp_path / "film.mp4") as film:
        source = Source(film, BEGINNING, Tones(size=(48, 32)))
        measured = stages(source, Slow(), tmp_path / "stages.reel", 2.0, clock)
        assert measured.seconds == {"decode": 0, "tone": 0, "dither": 0.5, "compress": 0, "write": 0}
        assert (measured.first, measured.frames) == (7.0, 4)
        assert 0 < measured.flips < 0.5
        ticks = iter(range(100, 200, 10))
        got = exported(
            source,
            measured,
            tmp_path / "film.reel",
            2.0,
            dither="hysteresis",
            clock=lambda: next(ticks),
        )
    assert got.frames == 4
    assert got.frames_per_second == pytest.approx(0.1)


def test_a_film_of_too_few_frames_is_refused(tmp_path):
    make_film(tmp_path / "film.mp4", pictures=3)
    with Film(tmp_path / "film.mp4") as film, pytest.raises(FilmError, match="3 frames lie from 0 on"):
        stages(Source(film, BEGINNING, Tones(size=(8, 8))), make("mask"), tmp_path / "a.reel", 1)


@pytest.mark.usefixtures("quickly_compiled")
def test_the_command_measures_everything(tmp_path, capsys, monkeypatch):
    film, out = make_film(tmp_path / "film.mp4", pictures=8), tmp_path / "bench.json"
    small = {"channels": 4, "blocks": 1, "patch": 16, "batch": 2}
    monkeypatch.setitem(PRESETS, "cpu", (small, 1.0))
    words = ["bench", "--film", str(film), "--size", "64x48", "--seconds", "0.01", "--json", str(out)]
    assert main([*words, "--dither", "hysteresis:.3", "--dither", "search"]) == 0
    said = capsys.readouterr().out
    for part in ("patch-pixels per second", "% of a matrix product", "hysteresis:0.3", "search", "film.mp4"):
        assert part in said
    assert max(map(len, said.splitlines())) < 90

    report = json.loads(out.read_text())
    assert set(report["machine"]) >= {"processor", "cores", "python", "versions", "jax_devices", "longtake"}
    training = report["training"]
    assert training["patch_pixels_per_second"] == pytest.approx(
        2 * FRAMES * 16**2 / training["update_seconds"]
    )
    achieved = training["operations_per_update"] / training["update_seconds"]
    assert training["share_of_matmul"] == pytest.approx(achieved / training["matmul_operations_per_second"])
    # The products and sums of the first convolution, at half resolution in all frames of two patches.
    assert training["operations_per_update"] > 2 * 2 * FRAMES * 8**2 * 9 * 52 * 4
    assert 0 < training["share_of_matmul"] < 1
    assert training["settings"]["channels"] == 4
    assert list(report["dithers"]) == ["hysteresis:0.3", "search"]
    for figures in report["dithers"].values():
        assert list(figures["stages_seconds"]) == list(STAGES)
        assert all(seconds > 0 for seconds in figures["stages_seconds"].values())
        assert figures["film_seconds"] == pytest.approx(160_000 / figures["export_frames_per_second"])
        assert 3 <= figures["export_frames"] <= figures["stages_frames"] <= 7
    assert report["panel"] == [64, 48]
    for key in (*training, *report["dithers"]["search"]):
        assert key in report["definitions"] or key in NEED_NO_DEFINITION, key


NEED_NO_DEFINITION = {
    "preset",
    "settings",
    "compile_seconds",
    "updates_measured",
    "matmul_side",
    "stages_frames",
    "export_frames",
    "flips_share",
}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seconds", "0"], "--seconds 0: choose more than 0"),
        (["--seconds", "nan"], "--seconds nan"),
        (["--seconds", "1e9"], "up to 600"),
        (["--size", "9000x10"], "up to 4096"),
        (["--size", "0x10"], "1 pixel or more"),
        (["--size", "big"], "write width and height"),
        (["--start", "soon"], "no place in a film"),
        (["--dither", "best"], "there is no dither 'best'"),
        (["--dither", "mask:0.5"], "mask has no dial"),
        (["--dither", "mask", "--polish", "2"], "leave --polish out"),
        (["--film", "nowhere.mp4"], "there is no such file"),
        (["--json", "nowhere/bench.json"], "there is no directory"),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_line_before_anything_is(words, said, capsys, monkeypatch):
    def never(*arguments):
        raise AssertionError("it measures")

    monkeypatch.setattr("trainer.bench.training", never)
    assert main(["bench", *words]) == 2
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 1
