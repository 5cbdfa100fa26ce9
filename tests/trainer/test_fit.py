"""`trainer fit`: it learns, it can be cut off and resumed to the same losses, it stops where it is lost."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from tests.trainer.made_films import make_film
from trainer.__main__ import main
from trainer.bursts import LENGTH
from trainer.errors import OptionError, TrainerError
from trainer.fit import PATIENCE, Metrics, Settings, check, rates
from trainer.weights import load

TINY = [
    *("--channels", "4", "--patch", "16", "--batch", "2", "--bursts", "2"),
    *("--sweeps", "0", "--seed", "5", "--rate", ".01"),
]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    noise = np.random.default_rng(0).integers(0, 256, (LENGTH, 96, 160, 1)).repeat(3, 3).astype(np.uint8)
    return str(make_film(tmp_path_factory.mktemp("films") / "noise.avi", "FFV1", noise))


@pytest.fixture(scope="module")
def whole(film, tmp_path_factory):
    """A run of 300 updates that was never cut off."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    assert main(["fit", film, "--out", str(out), "--steps", "300", *TINY]) == 0
    return out


def rows(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def timeless(run):
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows(run)]


def test_a_fit_lowers_the_energy(whole):
    found = rows(whole)
    assert [row["step"] for row in found] == list(range(50, 301, 50))
    energies = [row["energy"] for row in found]
    assert np.mean(energies[-2:]) < 0.6 * energies[0]


def test_the_weights_say_how_they_were_made(whole):
    weights = load(whole)
    assert weights.about["settings"]["seed"] == 5
    assert weights.about["films"][0][0] == "noise.avi"
    assert weights.about["updates"] == 300
    assert weights.size.channels == 4
    logits = weights.generator()(jnp.zeros((1, 8, 8, 7)))
    assert np.isfinite(logits).all()


def test_a_fit_that_was_cut_off_is_resumed_to_the_same_losses(film, whole, tmp_path, monkeypatch):
    """Cut off after the first report: what follows equals the run that was never cut off."""
    from trainer.commands import fit

    out = tmp_path / "cut"
    monkeypatch.setattr(fit, "CHECKPOINT_SECONDS", -1.0)
    calls = []

    def interrupted(step, metrics):
        calls.append(step)
        if step == 100:
            raise KeyboardInterrupt

    monkeypatch.setattr(fit, "check", interrupted)
    arguments = ["fit", film, "--out", str(out), "--steps", "300", *TINY]
    assert main(arguments) == 130
    assert [row["step"] for row in rows(out)] == [50, 100]
    monkeypatch.undo()
    assert main([*arguments, "--resume"]) == 0
    assert timeless(out) == timeless(whole)
    for name, array in load(whole).arrays.items():
        np.testing.assert_array_equal(load(out).arrays[name], array)


def test_a_run_is_not_overwritten_or_resumed_by_another_command(film, whole, capsys):
    assert main(["fit", film, "--out", str(whole), *TINY]) == 2
    assert "--resume" in capsys.readouterr().err
    assert main(["fit", film, "--out", str(whole), "--steps", "300", *TINY, "--rate", ".02", "--resume"]) == 2
    error = capsys.readouterr().err
    assert "another settings" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--steps", "1", "--minutes", "1"], "two budgets"),
        (["--minutes", "0"], "--minutes"),
        (["--patch", "30"], "--patch 30"),
        (["--rate", "2"], "--rate 2"),
        (["--channels", "0"], "channels"),
        (["--seed", "-1"], "--seed"),
        (["--resume"], "leave --resume out"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_one_line(film, tmp_path, capsys, options, words):
    assert main(["fit", film, "--out", str(tmp_path / "run"), *options]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()


HEALTHY = Metrics(loss=-0.5, energy=0.1, white=0.5, tone=0.5, flips=0.08, unsure=0.01)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"loss": float("nan")}, "no longer a number"),
        ({"white": 1.0}, "all white"),
        ({"white": 0.0}, "all black"),
        ({"flips": 0.0}, "copy of the one before"),
    ],
)
def test_a_collapse_is_named(change, words):
    check(PATIENCE + 1, HEALTHY)
    with pytest.raises(TrainerError, match=words):
        check(PATIENCE + 1, HEALTHY._replace(**change))


def test_a_dark_film_is_no_collapse():
    check(PATIENCE + 1, HEALTHY._replace(white=0.0, tone=0.01))


def test_rates_rise_then_fall():
    settings = Settings(rate=0.01)
    np.testing.assert_allclose(rates(settings, 0, np.zeros(2)), [0.0001, 0.0002], rtol=1e-5)
    np.testing.assert_allclose(rates(settings, 500, np.array([0, 0.5, 1])), [0.01, 0.0051, 0.0002], rtol=1e-5)


def test_settings_out_of_range_are_refused():
    with pytest.raises(OptionError, match="--patch 18"):
        Settings(patch=18)
