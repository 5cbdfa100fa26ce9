"""Settings: one table, three sources above each other, and one line for everything that is wrong."""

import dataclasses
import json
import re
import tomllib

import pytest

from player.__main__ import main
from player.config.settings import KEYS, Config, checked
from player.config.sources import load, state_path
from player.errors import ConfigError


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "player.toml"
        path.write_text(text)
        return str(path)

    return write


def problem(flags=None, environment=None, file=None):
    with pytest.raises(ConfigError) as caught:
        load(flags or {}, environment or {}, file)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_a_word_everything_is_default():
    effective = load({}, {})
    assert effective.config == Config()
    assert effective.file is None
    assert set(effective.origin.values()) == {"default"}
    assert Config().interval == 200
    assert Config().vcom is None


def test_the_simulated_panel_runs_at_full_speed_unless_told_otherwise(file):
    assert load({"simulated": "/sim"}, {}).config.interval == 0
    assert load({"simulated": "/sim", "interval": "60"}, {}).config.interval == 60
    assert load({"simulated": "/sim"}, {}, file("interval = 90")).config.interval == 90


def test_flags_stand_above_the_environment_and_that_above_the_file(file):
    path = file('interval = 10\nthreshold = 0.5\ncooldown = 1\nreels = ["a.reel", "b.reel"]\n')
    environment = {"LONGTAKE_THRESHOLD": "0.25", "LONGTAKE_COOLDOWN": "2", "PATH": "/bin"}
    effective = load({"cooldown": "3"}, environment, path)
    config, read, origin = effective.config, effective.file, effective.origin
    assert (config.interval, config.threshold, config.cooldown) == (10.0, 0.25, 3)
    assert config.reels == ("a.reel", "b.reel")
    assert str(read) == path
    assert (origin["interval"], origin["threshold"], origin["cooldown"], origin["end"]) == (
        path, "LONGTAKE_THRESHOLD", "--cooldown", "default"
    )  # fmt: skip


def test_the_file_is_looked_for_where_files_of_settings_are(tmp_path):
    for home, environment in (
        (tmp_path / "x", {"XDG_CONFIG_HOME": str(tmp_path / "x"), "HOME": "/nowhere"}),
        (tmp_path / "h" / ".config", {"HOME": str(tmp_path / "h")}),
    ):
        (home / "longtake").mkdir(parents=True)
        (home / "longtake" / "player.toml").write_text("interval = 33")
        assert load({}, environment).config.interval == 33
    (tmp_path / "named.toml").write_text("interval = 44")
    environment["LONGTAKE_CONFIG"] = str(tmp_path / "named.toml")
    assert load({}, environment).config.interval == 44


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("intervall = 3", "line 1: intervall is no setting; did you mean interval?"),
        ("\n# c\ndarkened-only = true", "line 3: darkened-only is no setting; did you mean darkened_only?"),
        ("xyzzy = 3", "line 1: xyzzy is no setting; see `player config` for the keys"),
        ("[panels]\nvcom = -1.5", "line 1: panels is no setting; did you mean panel?"),
        ('panel = "lcd"', "line 1: panel is 'lcd'; it must be waveshare-6-hd or waveshare-7.5-v2 or"),
        ("interval = -1", "line 1: interval is -1; it must be a number 0 to 604800 seconds"),
        ('interval = "200"', "line 1: interval is '200'; it must be a number"),
        ("interval = nan", "line 1: interval is nan; it must be a number"),
        ("interval = true", "line 1: interval is True; it must be a number"),
        ("cooldown = 2.5", "line 1: cooldown is 2.5; it must be a whole number"),
        ("columns = 1441", "line 1: columns is 1441; it must be aligned or whole"),
        (
            "columns = 1448",
            'line 1: columns is 1448; it must be aligned or whole: write "whole", its new name',
        ),
        ('panel = "omni:"', "line 1: panel is 'omni:'; it must be waveshare-6-hd or"),
        ('panel = "lcd"', "or omni:NAME"),
        ("columns = 1440", ': write "aligned", its new name'),
        ('end = "never"', "line 1: end is 'never'; it must be stop or next or loop"),
        ('start = "noon"', "line 1: start: 'noon' is no place in a film"),
        ("mirror = 1", "line 1: mirror is 1; it must be true or false"),
        ("vcom = 1.53", "line 1: vcom is 1.53; it must be a number -3 to -0.5 volts: write -1.53, with a "),
        (
            "mirror = true\nvcom = -1,53 # V",
            "line 2: vcom is '-1,53'; it must be a number -3 to -0.5 volts: wr",
        ),
        (
            "vcom = -1.53V",
            "line 1: vcom is '-1.53V'; it must be a number -3 to -0.5 volts: write -1.53, with",
        ),
        (
            "vcom = -1.53 V",
            "line 1: vcom is '-1.53 V'; it must be a number -3 to -0.5 volts: write -1.53, with",
        ),
        ('vcom = "-1,53 V"', "line 1: vcom is '-1,53 V'; it must be a number -3 to -0.5 volts: write -1.53,"),
        ("interval = 2,5", "line 1: interval is '2,5'; it must be a number 0 to 604800 seconds: write 2.5,"),
        ("reels = [1]", "line 1: reels is [1]; it must be a path or a list of paths"),
        ('state = ""', "line 1: state is ''; it must be a text"),
        ("interval 3", "is not TOML"),
        ('quiet_days = "sat"\nquiet = "9"', "line 2: quiet is '9'; it must be hours as 22:00-07:00"),
        ('\nquiet_days = "sam"', "line 2: quiet_days is 'sam'; it must be days out of mon,tue,"),
        ('finish_by = "soon"', "line 1: finish_by is 'soon'; it must be a date, or date and time"),
        ("finish_by = 12:30:00", "line 1: finish_by is datetime.time(12, 30); it must be a text"),
        ('order = "random"', "line 1: order is 'random'; it must be name or shuffle"),
        ("step = 0", "line 1: step is 0; it must be a whole number 1 to 1000000 frames"),
        ("step = -2", "line 1: step is -2; it must be"),
        ("interval = " + "9" * 400, "line 1: interval is 999"),
        ("interval = 0x" + "f" * 9000, "line 1: interval is a number of thousands of digits; it must be"),
        (f'waveform = "{"x" * 9000}"', "...; it must be DU or A2"),
        ("interval = " + "[" * 5000 + "]" * 5000, "is nested too deeply"),
    ],
    ids=lambda text: text[:50],
)
def test_a_wrong_file_is_refused_with_its_line(file, text, line):
    path = file(text)
    assert problem(file=path).startswith(path)
    assert line in problem(file=path)


def test_dates_may_be_those_of_toml(file):
    for text, value in (
        ("2027-01-31", "2027-01-31"),
        ("2027-01-31 20:15:00", "2027-01-31 20:15:00"),
        ("2027-01-31T20:15:00Z", "2027-01-31 20:15:00+00:00"),
        ('"2027-01-31 20:15"', "2027-01-31 20:15"),
    ):
        assert load({}, {}, file(f"finish_by = {text}")).config.finish_by == value


def test_a_file_that_cannot_be_read_is_one_line(tmp_path):
    assert "cannot be read: no such file" in problem(file=str(tmp_path / "no.toml"))
    assert "is a directory" in problem(file=str(tmp_path))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert "is not TOML" in problem(file=str(tmp_path / "binary"))


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("LONGTAKE_INTERVAL", "soon", "environment: LONGTAKE_INTERVAL is 'soon'; it must be a number"),
        ("LONGTAKE_INTERVALL", "3", "LONGTAKE_INTERVALL is no setting; did you mean LONGTAKE_INTERVAL"),
        ("LONGTAKE_MIRROR", "maybe", "LONGTAKE_MIRROR is 'maybe'; it must be true or false"),
        ("LONGTAKE_COUNT", "0", "LONGTAKE_COUNT is 0; it must be a whole number 1 to"),
        ("LONGTAKE_INTERVAL", "inf", "LONGTAKE_INTERVAL is inf"),
    ],
)
def test_a_wrong_variable_is_one_line(variable, value, line):
    assert line in problem(environment={variable: value})


@pytest.mark.parametrize("text", ["-1,53", "-1.53V", "1.53", "1,53", "\N{MINUS SIGN}1.53", "-1,53 volts"])
def test_a_voltage_written_as_people_do_is_refused_with_the_repair(text, capsys):
    for words in (["--vcom", text], [f"--vcom={text}"]):
        assert main(["config", *words]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert error.startswith("player: --vcom is ")
        repair = "write -1.53, with a point and without a unit or quotes; the minus belongs to it\n"
        assert error.endswith(repair)
    assert "write -1.53, with a point" in problem(environment={"LONGTAKE_VCOM": text})


@pytest.mark.parametrize(("name", "text"), [("vcom", "-12"), ("vcom", "soon"), ("interval", "-1")])
def test_no_repair_is_offered_where_none_is_clear(name, text):
    assert "write" not in problem({name: text})


def test_the_environment_knows_lists_and_switches():
    environment = {"LONGTAKE_REELS": "a.reel:b.reel", "LONGTAKE_MIRROR": "yes", "LONGTAKE_DARKENED_ONLY": "0"}
    config = load({}, environment).config
    assert (config.reels, config.mirror, config.darkened_only) == (("a.reel", "b.reel"), True, False)


def test_every_key_is_documented_and_its_default_allowed():
    for field in dataclasses.fields(Config):
        key = KEYS[field.name]
        assert len(key.help) > 5
        assert (key.low is None) == (key.high is None)
        if key.kind in ("number", "integer"):
            assert key.choices or key.low is not None, f"{field.name} has no range"
        if field.default not in (None, ()):
            assert checked(field.name, field.default, field.name) == field.default


def test_every_key_is_an_option_with_help(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["run", "--help"])
    assert caught.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for name, key in KEYS.items():
        assert ("--" + name.replace("_", "-") if name != "reels" else "REEL") in text
        assert key.help in text


def test_help_tells_what_a_value_is_and_no_empty_default(capsys):
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    text = capsys.readouterr().out
    assert "(default )" not in text
    values = dict(re.findall(r"^  --(\S+) (\S.*?)(?:\s{2}.*)?$", text, re.M))
    for flag, value in {
        "interval": "SECONDS", "quiet": "HOURS", "quiet-days": "DAYS", "finish-by": "DATE", "films": "DIR",
        "caption": "PARTS", "reset-pin": "PIN", "recoveries": "N", "end": "stop|next|loop", "vcom": "VOLTS",
    }.items():  # fmt: skip
        assert values[flag] == value


def test_what_config_prints_is_a_configuration(capsys, file):
    given = [
        "--interval",
        "12.5",
        "--vcom",
        "-1.53",
        "--mirror",
        "--start",
        "4:05",
        "a.reel",
        "--simulated",
        'a "b"',
    ]
    assert main(["config", *given]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^interval = 12.5  # --interval$", printed, re.M)
    assert re.search(r"^# count =$", printed, re.M)
    config = load({}, {}, file(printed)).config
    assert (config.interval, config.vcom, config.mirror, config.start) == (12.5, -1.53, True, "4:05")
    assert (config.reels, config.simulated) == (("a.reel",), 'a "b"')
    assert main(["config", *given, "--json"]) == 0
    as_json = json.loads(capsys.readouterr().out)
    assert as_json == json.loads(json.dumps(dataclasses.asdict(config)))
    assert set(tomllib.loads(printed)) == {name for name, value in as_json.items() if value not in (None, [])}


@pytest.mark.parametrize(
    ("flags", "environment", "expected"),
    [
        ({"state": "/s"}, {"STATE_DIRECTORY": "/d"}, "/s"),
        ({"simulated": "/sim"}, {"STATE_DIRECTORY": "/d"}, "/sim/progress.json"),
        ({}, {"STATE_DIRECTORY": "/d:/e", "HOME": "/h"}, "/d/progress.json"),
        ({}, {"XDG_STATE_HOME": "/x", "HOME": "/h"}, "/x/longtake/progress.json"),
        ({}, {"HOME": "/h"}, "/h/.local/state/longtake/progress.json"),
    ],
)
def test_where_the_place_is_kept(flags, environment, expected):
    assert str(state_path(load(flags, environment).config, environment)) == expected


def test_no_place_to_keep_the_place_is_one_line():
    with pytest.raises(ConfigError, match="give --state FILE"):
        state_path(Config(), {})
