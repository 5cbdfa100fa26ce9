"""The example configuration and the table of settings are what the program prints."""

import re
import tomllib
from pathlib import Path

import pytest

from player.__main__ import main
from player.commands.config import APPLIANCE, example, table
from player.config.settings import KEYS, Config
from player.config.sources import load

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "systemd" / "player.toml"
EXAMPLES = {name: key.example for name, key in KEYS.items() if key.example is not None}


def test_the_installed_file_is_what_the_player_prints(capsys):
    assert main(["config", "--example"]) == 0
    printed = capsys.readouterr().out
    assert printed == EXAMPLE.read_text(), "run: player config --example > systemd/player.toml"


def test_the_guide_holds_the_table_that_the_player_prints(capsys):
    assert main(["config", "--table"]) == 0
    printed = capsys.readouterr().out
    guide = (ROOT / "docs" / "configuration.md").read_text()
    assert printed in guide, "put what `player config --table` prints into docs/configuration.md"
    assert guide.count("| `interval` |") == 1


def test_the_installed_file_sets_what_the_service_needs_and_nothing_else():
    effective = load({}, {}, str(EXAMPLE))
    from_file = {name for name, origin in effective.origin.items() if origin == str(EXAMPLE)}
    assert from_file == set(APPLIANCE)
    assert effective.config.wait_for_films
    assert effective.config.vcom is None  # only a person can read it


def test_every_line_can_be_taken_in(tmp_path):
    """Without its #, each line of the example is a setting that is allowed."""
    plain = re.sub(r"^# (\w+ = )", r"\1", example(), flags=re.MULTILINE)
    assert set(tomllib.loads(plain)) == set(KEYS)
    file = tmp_path / "player.toml"
    file.write_text(plain)
    effective = load({}, {}, str(file))
    for name, value in {**EXAMPLES, **APPLIANCE}.items():
        found = getattr(effective.config, name)
        assert (list(found) if isinstance(found, tuple) else found) == value
    for name in set(KEYS) - set(EXAMPLES) - set(APPLIANCE):
        assert getattr(effective.config, name) == getattr(Config(), name)


@pytest.mark.parametrize("text", [example(), table()], ids=["example", "table"])
def test_every_key_stands_there_with_its_meaning_range_and_default(text):
    words = re.sub(r"\s+(?:# )?", " ", text.replace("\\|", "|"))
    for name, key in KEYS.items():
        assert name in words
        assert key.help in words
        assert key.range() in words
    assert "0.064" in text


def test_a_key_without_a_default_has_an_example():
    for name in KEYS:
        if getattr(Config(), name) in (None, "", ()):
            assert name in EXAMPLES or name in APPLIANCE
        else:
            assert name not in EXAMPLES
