"""The engine that suits a machine, and that an export keeps to one."""

import os

import pytest

from player.reel import Reel
from tests.trainer.made_films import make_film
from trainer.__main__ import main
from trainer.dithers import engines
from trainer.dithers import table as dithers
from trainer.dithers.engines import ENGINES, engine_of, has_accelerator
from trainer.dithers.table import DITHERS
from trainer.errors import OptionError

CASES = [([], "gpu", "sequential"), (["cuda"], "cpu", "sequential"), (["cuda"], "gpu", "parallel")]


@pytest.fixture
def machine(monkeypatch):
    """A function that gives this machine other plugins and another backend of JAX."""

    def make(plugins, backend):
        monkeypatch.setattr(engines, "entry_points", lambda group: plugins)
        monkeypatch.setattr(engines, "find_spec", lambda name: None)
        monkeypatch.setattr("jax.default_backend", lambda: backend)

    return make


@pytest.mark.parametrize(("plugins", "backend", "engine"), CASES)
def test_the_engine_is_chosen_by_the_accelerator(machine, plugins, backend, engine):
    machine(plugins, backend)
    assert engine_of(None) == engine
    assert [engine_of(name) for name in ENGINES] == list(ENGINES)


def test_asking_for_an_accelerator_does_not_take_its_memory(machine, monkeypatch):
    monkeypatch.delenv("XLA_PYTHON_CLIENT_PREALLOCATE", raising=False)
    machine(["cuda"], "gpu")
    assert has_accelerator()
    assert os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"


@pytest.mark.parametrize("name", [name for name in DITHERS if "engine" in DITHERS[name].settings])
def test_an_unknown_engine_is_refused(name):
    with pytest.raises(OptionError, match="choose sequential or parallel"):
        dithers.check(name, engine="quantum")
    with pytest.raises(OptionError, match="choose sequential or parallel"):
        dithers.make(name, engine="quantum")


def test_a_dither_without_engines_has_none():
    assert dithers.engine("mask") is None
    with pytest.raises(OptionError, match="leave --engine out"):
        dithers.check("mask", engine="parallel")


def test_an_export_is_not_resumed_by_another_engine(tmp_path, capsys):
    film, reel = make_film(tmp_path / "film.avi", "FFV1", 3), tmp_path / "film.reel"
    arguments = ["export", str(film), str(reel), "--size", "50x37", "--dither", "search"]
    assert main(arguments) == 0
    with Reel(reel) as found:
        assert found.meta["engine"] == "sequential"
    capsys.readouterr()
    assert main([*arguments, "--engine", "parallel"]) == 2
    assert "engine is sequential there and parallel now" in capsys.readouterr().err
    assert main([*arguments, "--engine", "sequential"]) == 0
