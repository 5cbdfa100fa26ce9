"""The README and the help are true: what they name exists, and what exists is named."""

import re
import shlex
from pathlib import Path

import pytest

import driver.__main__
import player.__main__
import trainer.__main__
from trainer.dithers.table import DEFAULT, DITHERS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
MAINS = {"trainer": trainer.__main__.main, "player": player.__main__.main, "driver": driver.__main__.main}


def help_of(main, words, capsys):
    with pytest.raises(SystemExit) as exit:
        main([*words, "--help"])
    assert exit.value.code == 0
    return " ".join(capsys.readouterr().out.split())


def blocks():
    """Every line of the README's indented or fenced commands that calls one of the project's programs."""
    for line in README.splitlines():
        if match := re.match(r"    (?:\S*/)?(trainer|player|python\d? -m driver) (.+)", line):
            yield pytest.param(
                match[1].split()[-1], shlex.split(match[2], comments=True), id=line.strip()[:60]
            )


@pytest.mark.parametrize(("program", "words"), list(blocks()))
def test_every_option_in_a_command_of_the_readme_exists(program, words, capsys):
    text = help_of(MAINS[program], words[:1], capsys)
    for word in words:
        if word.startswith("--"):
            assert re.search(rf"{re.escape(word)}\b", text), f"{program} {words[0]} has no {word}"


def test_every_path_in_the_readme_exists():
    named = set(re.findall(r"\b(?:scripts|benchmarks|docs|driver|player|trainer|tests)/[\w./-]*\w", README))
    assert named
    for path in named:
        assert (ROOT / path).exists(), path


def test_every_dither_is_in_the_readme():
    for name in DITHERS:
        assert f"`{name}`" in README
    assert f"`{DEFAULT}` is the default" in README


def test_every_link_in_the_readme_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


@pytest.mark.parametrize(
    ("program", "command"),
    [
        *(
            ("trainer", name)
            for name in ("export", "calibrate", "evaluate", "preview", "fit", "sweep", "bench")
        ),
        *(("player", name) for name in ("run", "info", "check", "frames", "status", "chart", "config")),
        *(("driver", name) for name in ("info", "clear", "pattern", "chart", "record")),
    ],
)
def test_every_command_explains_itself(program, command, capsys):
    text = help_of(MAINS[program], [command], capsys)
    assert len(text) > 200
    assert command in README


MODULES = [path for name in MAINS for path in sorted((ROOT / name).rglob("*.py"))]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(path):
    assert path.read_text().lstrip().startswith('"""'), path
