"""The command line as a whole: its help, what it loads, and how the process of a command ends."""

import os
import subprocess
import sys

import pytest

from trainer import __main__
from trainer.__main__ import COMMANDS
from trainer.dithers.table import AUTO


@pytest.mark.parametrize(("code", "with_jax"), [(130, True), (130, False), (0, True), (2, True)])
def test_after_ctrl_c_it_does_not_wait_for_jax(monkeypatch, code, with_jax):
    """Which crashes where it was interrupted while it compiled."""
    ends = []
    monkeypatch.setattr(__main__, "main", lambda: code)
    monkeypatch.setattr(os, "_exit", ends.append)
    if not with_jax:
        monkeypatch.delitem(sys.modules, "jax", raising=False)
    else:
        monkeypatch.setitem(sys.modules, "jax", object())
    with pytest.raises(SystemExit) as ended:
        __main__.program()
    assert ended.value.code == code
    assert ends == ([130] if code == 130 and with_jax else [])


HEAVY = ["matplotlib", "jax", "flax", "optax", "cv2", "numba", "PIL", "dask"]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_quick_and_says_how_to_go_on(command):
    """It loads no library that takes long to import."""
    program = (
        "import sys, trainer.__main__\n"
        "try: trainer.__main__.main(sys.argv[1:])\n"
        f"finally: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    words = [sys.executable, "-c", program, *([command] if command else []), "--help"]
    result = subprocess.run(words, capture_output=True, text=True)
    assert result.returncode == 0
    assert result.stderr.strip() == "[]"
    if command:
        assert f"usage: trainer {command}" in result.stdout
        assert "example: trainer" in result.stdout
    else:
        for name, summary in COMMANDS.items():
            assert name in result.stdout
            assert summary.split()[0] in result.stdout


@pytest.mark.parametrize("words", [[], ["paint"], ["evaluate"], ["evaluate", "film.mp4", "--loud"]])
def test_a_wrong_command_line_is_one_line_that_leads_to_the_help(capsys, words):
    with pytest.raises(SystemExit) as ended:
        __main__.main(words)
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "--help" in said.err


@pytest.mark.parametrize(
    ("words", "name", "dial"),
    [
        ([], AUTO, None),
        (["--dither", "search"], "search", None),
        (["--dither", "search:.3"], "search", 0.3),
        (["--dither", "search", "--dial", "0.4"], "search", 0.4),
    ],
)
def test_one_dither_and_its_dial_can_be_named_together(words, name, dial):
    args = __main__.parser("export").parse_args(["export", "film.mp4", "film.reel", *words])
    assert (args.dither, args.dial) == (name, dial)


def test_a_dial_that_is_no_number_is_one_line(capsys):
    with pytest.raises(SystemExit) as ended:
        __main__.main(["export", "film.mp4", "film.reel", "--dither", "search:calm"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "'search:calm' is not a number" in said
    assert said.count("\n") == 1
