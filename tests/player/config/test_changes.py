"""What is set at run time: where it is kept, what stands above it, and files that are damaged."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from player.__main__ import main
from player.config.settings import Config
from player.config.sources import changed, changes_file, keep_changes, load, read_changes, settable
from player.errors import FileError


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state" / "progress.json"


def keep(state, **values):
    keep_changes(changes_file(state), values)


def test_changes_stand_above_the_file_and_below_environment_and_flags(tmp_path, state):
    file = tmp_path / "player.toml"
    file.write_text(f'state = "{state}"\ninterval = 10\nthreshold = 0.1\ncooldown = 1\nstep = 2')
    keep(state, interval=20.0, threshold=0.2, cooldown=2, darkened_only=True)
    keep(state, interval=30.0, end="loop")
    effective = load({"cooldown": "4"}, {"LONGTAKE_THRESHOLD": "0.3"}, str(file))
    config, where = effective.config, str(state.with_name("changes.json"))
    assert (config.interval, config.threshold, config.cooldown, config.step) == (30.0, 0.3, 4, 2)
    assert config.darkened_only, "what was set before still holds"
    assert [effective.origin[key] for key in ("interval", "end", "threshold", "cooldown", "step")] == [
        where, where, "LONGTAKE_THRESHOLD", "--cooldown", str(file),
    ]  # fmt: skip
    assert str(effective.changes) == where
    assert effective.notes == ()


def test_the_command_names_the_origin(state, capsys):
    keep(state, interval=30.0)
    assert main(["config", "--state", str(state)]) == 0
    assert f"\ninterval = 30.0  # {state.with_name('changes.json')}\n" in capsys.readouterr().out


def test_a_change_holds_for_the_simulated_panel_too(tmp_path):
    keep(tmp_path / "progress.json", interval=30.0)
    assert load({"simulated": str(tmp_path)}, {}).config.interval == 30.0


def test_without_a_place_there_are_no_changes():
    effective = load({}, {})
    assert effective.changes is None
    assert effective.config == Config()


def test_what_environment_and_flags_set_cannot_be_changed():
    effective = load({"interval": "30", "state": "/x/y"}, {"LONGTAKE_QUIET": ""})
    found = settable(effective)
    assert " ".join(found) == (
        "interval threshold cooldown longest_stretch darkened_only quiet quiet_days step order end caption "
        "finish_by dial flashes rotate"
    )
    assert "--interval" in found["interval"]
    assert "LONGTAKE_QUIET" in found["quiet"]
    assert all(found[name] is None for name in set(found) - {"interval", "quiet"})
    assert "finish_by 2030-01-01 chooses" in settable(load({"finish_by": "2030-01-01"}, {}))["interval"]


def test_changed_settings_are_new_ones():
    before = load({"state": "/x/progress.json"}, {})
    after = changed(before, {"step": 5})
    assert (before.config.step, after.config.step) == (1, 5)
    assert (before.origin["step"], after.origin["step"]) == ("default", "/x/changes.json")


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (b"", "holds no settings; settings changed at run time do not apply"),
        (b"[]", "holds no settings"),
        (b"[" * 100_000, "holds no settings"),
        (b"\xff\xfe", "holds no settings"),
        (b'{"vcom": -2.0}', "vcom cannot be set at run time; left out"),
        (b'{"interval": -3}', "interval is -3; it must be a number 0 to 604800 seconds; left out"),
        (b'{"interval": 1e999}', "interval is inf; it must be a number"),
        (b'{"interval": ' + b"9" * 1000 + b"}", "it must be a number"),
        (b'{"quiet": "22"}', "it must be hours as 22:00-07:00"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_damaged_file_is_said_and_left_out(state, content, note):
    state.parent.mkdir()
    changes_file(state).write_bytes(content)
    effective = load({"state": str(state)}, {})
    assert effective.config == Config(state=str(state))
    assert len(effective.notes) == 1
    assert note in effective.notes[0]
    assert "\n" not in effective.notes[0]
    keep(state, step=3)
    assert json.loads(changes_file(state).read_bytes()) == {"step": 3}


def test_what_is_good_in_it_holds(state):
    state.parent.mkdir()
    changes_file(state).write_text('{"step": 3, "interval": "x"}')
    assert load({"state": str(state)}, {}).config.step == 3


def test_a_file_that_cannot_be_read_is_said(state):
    changes_file(state).mkdir(parents=True)
    assert "cannot be read: is a directory" in load({"state": str(state)}, {}).notes[0]
    with pytest.raises(FileError, match="cannot be written"):
        keep(state, step=3)


@given(st.binary(max_size=200) | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_content_crashes(tmp_path, content):
    path = tmp_path / "changes.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps({"interval": content}).encode())
    found, notes = read_changes(path)
    assert set(found) <= {"interval"}
    assert all("\n" not in note for note in notes)
