"""--panel, --size, --tone and --ghost: what is known of the panel reaches tones and levels."""

import argparse
from dataclasses import replace

import pytest

from driver.panel import PANELS
from player.errors import PlayerError
from tests.player.test_profile import PROFILE
from tests.trainer.made_films import make_film
from trainer.__main__ import main
from trainer.commands.dithers import PANEL_DIALS, add_ghost_options, for_panel, levels
from trainer.commands.film import add_film_options, open_film
from trainer.dithers.levels import ASSUMED, Levels
from trainer.errors import OptionError


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return make_film(tmp_path_factory.mktemp("film") / "f.avi", "MJPG", 2)


@pytest.fixture
def read(film, tmp_path):
    """read(*words) -> (tones, levels); PROFILE in the words stands for the file of a profile."""
    path = tmp_path / "panel.toml"
    path.write_text(PROFILE.as_toml())

    def run(*words):
        parser = argparse.ArgumentParser()
        add_ghost_options(parser)
        add_film_options(parser)
        args = parser.parse_args([str(path) if word == "PROFILE" else word for word in words])
        args.film = str(film)
        opened, _, tones = open_film(args)
        opened.close()
        return tones, levels(args)

    return run


def test_a_coarse_panel_has_a_dial_of_its_own(tmp_path):
    assert PANEL_DIALS.keys() <= PANELS.keys()
    coarse = PANEL_DIALS["waveshare-7.5-v2"]
    profile = tmp_path / "panel.toml"
    profile.write_text(replace(PROFILE, panel="waveshare-7.5-v2").as_toml())
    chosen = {"search": ("search", None), "search:0.3": ("search", 0.3), "mask": ("mask", None)}
    for panel, dial in (("waveshare-6-hd", None), ("waveshare-7.5-v2", coarse), (str(profile), coarse)):
        found = for_panel(argparse.Namespace(panel=panel, size=None), chosen)
        assert found == {**chosen, "search": ("search", dial)}


def test_without_a_profile_nothing_is_known_but_the_size(read):
    tones, found = read()
    assert (tones.size, tones.tone, tones.mixing, found) == ((1448, 1072), "srgb", (), ASSUMED)
    assert read("--panel", "waveshare-6-hd", "--size", "640x480")[0].size == (640, 480)
    assert read("--tone", "paper")[0].paper_contrast == 17


def test_a_profile_sets_size_tones_and_ghosts(read):
    tones, found = read("--panel", "PROFILE")
    assert (tones.size, tones.tone, tones.mixing) == ((1448, 1072), "paper", PROFILE.tones)
    assert tones.paper_contrast == 15
    assert found == Levels(0.0831, 0.99, 0.004)


def test_what_is_asked_for_goes_before_the_profile(read):
    tones, found = read("--panel", "PROFILE", "--tone", "linear", "--ghost", "0.05", "--size", "1448x1072")
    assert (tones.size, tones.tone, tones.mixing) == (PROFILE.size, "linear", PROFILE.tones)
    assert found == Levels(0.05, 0.99, 0.0)
    assert read("--panel", "PROFILE", "--ghost-white", "0")[1] == Levels(0.0831, 1.0, 0.004)


@pytest.mark.parametrize(
    "words",
    [["export", "FILM", "a.reel"], ["preview", "FILM", "--out", "a.html"], ["evaluate", "FILM"]],
    ids=lambda words: words[0],
)
def test_a_profile_of_another_size_is_refused(film, tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "panel.toml").write_text(PROFILE.as_toml())
    words = [str(film) if word == "FILM" else word for word in words]
    assert main([*words, "--panel", "panel.toml", "--size", "96x72"]) == 2
    error = capsys.readouterr().err
    assert "is of a panel of 1448x1072 and --size is 96x72; leave --size out" in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["panel.toml"]


@pytest.mark.parametrize("panel", ["waveshare-60-hd", "no/such/panel.toml", "{film}"])
def test_what_is_no_panel_is_one_line(read, film, panel):
    with pytest.raises((OptionError, PlayerError), match=r"panel|calibrate") as error:
        read("--panel", panel.format(film=film))
    assert "\n" not in str(error.value)
