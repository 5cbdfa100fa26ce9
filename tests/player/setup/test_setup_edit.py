"""One setting changed in a file: everything else stays as a person wrote it."""

import tomllib

import pytest

from player.commands.config import example
from player.errors import ConfigError
from player.setup.__main__ import with_setting


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "vcom = -1.5\n"),
        ("# a\n\n# vcom = -2.0\n# b\n", "# a\n\nvcom = -1.5\n# b\n"),
        ("vcom=-2.0  # my panel\nmirror = true", "vcom = -1.5\nmirror = true\n"),
        ("# vcom = -2.0\nvcom = -1.9\n", "# vcom = -2.0\nvcom = -1.5\n"),
        ("vcom_tolerance = 0.02\n", "vcom_tolerance = 0.02\nvcom = -1.5\n"),
        ("# the vcom = of my panel\n", "# the vcom = of my panel\nvcom = -1.5\n"),
    ],
)
def test_the_line_is_replaced_taken_in_or_added(before, after):
    assert with_setting(before, "vcom", "-1.5", "file") == after


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [("remote", "network", "network"), ("mirror", "yes", True), ("reels", "/a:/b", ["/a", "/b"])],
)
def test_values_of_every_kind(name, value, read):
    assert tomllib.loads(with_setting(example(), name, value, "file"))[name] == read


@pytest.mark.parametrize(
    ("text", "value", "line"),
    [
        ("", "+1.5", "file: vcom is 1.5; it must be a number -3 to -0.5 volts"),
        ("interval =", "-1.5", "file: is not TOML: .*; fix it by hand"),
        (
            'end = """\n# vcom = 1\n"""',
            "-1.5",
            "file: vcom cannot be set there; write the line by hand: vcom = -1.5",
        ),
        ("[panel]\nvcom = -2.0", "-1.5", "file: vcom cannot be set there"),
    ],
)
def test_what_cannot_be_set_is_one_line(text, value, line):
    with pytest.raises(ConfigError, match=line):
        with_setting(text, "vcom", value, "file")
