"""What `trainer fit` begins with: the shipped weights, those of another run, or nothing."""

import json

import numpy as np
import pytest

from tests.trainer.made_films import make_film
from trainer.__main__ import main
from trainer.commands import fit
from trainer.commands.fit import choose
from trainer.dithers.generator.model import Size, create
from trainer.dithers.generator.weights import Weights, arrays_of, digest, load, save
from trainer.fit.data import LENGTH


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    noise = np.random.default_rng(0).integers(0, 256, (LENGTH, 48, 64, 1)).repeat(3, 3).astype(np.uint8)
    return str(make_film(tmp_path_factory.mktemp("films") / "noise.avi", "FFV1", noise))


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """The folder of a run of 4 channels."""
    folder = tmp_path_factory.mktemp("runs") / "other"
    folder.mkdir()
    save(folder / "weights.npz", Weights(arrays_of(create(Size(4, 1), 7)), Size(4, 1), {}))
    return folder


@pytest.fixture
def chosen(monkeypatch, other):
    """options -> what `trainer fit` would make of them."""

    def of(*options):
        found = []
        monkeypatch.setattr(fit, "run", lambda words: found.append(choose(words)) or 0)
        assert main(["fit", "film.mp4", "--out", "run", *map(str, options)]) == 0
        return found[0]

    return of


def test_a_network_of_the_shipped_size_goes_on_from_the_shipped_weights_at_a_tenth_of_the_rate(chosen):
    settings, _, beginning = chosen()
    assert (beginning.name, beginning.digest) == ("shipped", digest())
    assert settings.size == beginning.weights.size
    new, _, nothing = chosen("--from", "nothing")
    assert nothing.weights is None
    assert settings.rate == pytest.approx(new.rate / 10)
    assert chosen("--rate", ".002")[0].rate == 0.002


@pytest.mark.parametrize("options", [("--channels", 8), ("--objective", "v1"), ("--overfit", 3)])
def test_other_networks_and_one_frame_begin_with_nothing(chosen, options):
    settings, _, beginning = chosen(*options)
    assert (beginning.name, beginning.weights) == ("nothing", None)
    assert settings.rate == chosen(*options, "--from", "nothing")[0].rate


def test_a_fit_goes_on_from_the_weights_of_another_run(film, other, tmp_path, capsys):
    out = tmp_path / "run"
    small = ["--patch", "16", "--batch", "2", "--clips", "2", "--channels", "4", "--blocks", "1"]
    command = ["fit", film, "--out", str(out), *small, "--steps", "1", "--from", str(other)]
    assert main([*command, "--rate", "1e-9"]) == 0
    assert "from " + str(other) in capsys.readouterr().out
    made = load(out)
    for name, array in load(other).arrays.items():
        np.testing.assert_allclose(made.arrays[name], array, atol=1e-6)
    assert made.about["from"] == digest(other)
    assert str(tmp_path.parent) not in json.dumps(made.about)
    save(other / "weights.npz", Weights(arrays_of(create(Size(4, 1), 8)), Size(4, 1), {}))
    assert main([*command, "--rate", "1e-9", "--resume"]) == 2
    assert "another from" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--from", "{other}"], "channels 4, blocks 1"),
        (["--from", "shipped", "--channels", "8"], "--from nothing"),
        (["--from", "shipped", "--objective", "v2"], "of another network (channels 32"),
        (["--from", "{other}/none"], "there is no"),
    ],
)
def test_weights_that_do_not_fit_or_are_not_there_are_refused(film, other, tmp_path, capsys, options, words):
    options = [option.format(other=other) for option in options]
    assert main(["fit", film, "--out", str(tmp_path / "run"), *options]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()
