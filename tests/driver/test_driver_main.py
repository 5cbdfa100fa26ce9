"""`python -m driver`: what it prints, writes and returns, on the simulator."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from driver.__main__ import COMMANDS, main, panel_settings, parse
from driver.it8951.panel import PanelSettings
from driver.recording import read_recording

SIMULATED = ["--simulated", "--simulated-size", "424x300"]


def glass_after(tmp_path: Path, *arguments: str) -> np.ndarray:
    assert main([*arguments, *SIMULATED, "--save-glass", str(tmp_path / "glass.png")]) == 0
    with Image.open(tmp_path / "glass.png") as image:
        return np.asarray(image)


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", *SIMULATED, "--vcom", "-2.06"]) == 0
    said = capsys.readouterr().out
    for line in (
        "424 x 300",
        "LUT: M641",
        "A2: waveform 4",
        "VCOM: -2.06 V",
        "temperature: 25 C",
        "416 of 424 with 1 bit",
    ):
        assert line in said


def test_clear(tmp_path: Path) -> None:
    assert (glass_after(tmp_path, "clear") == 224).all()


def test_pattern(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    glass = glass_after(tmp_path, "pattern")
    assert not (glass[0, :416] >= 128).any(), "the line at the upper edge"
    assert (glass[:, 416:] == 224).all(), "columns that one bit per pixel does not reach"
    assert (glass == 48).sum() > 500, "ghosts of the partial updates"
    assert "3." in capsys.readouterr().out
    glass = glass_after(tmp_path, "pattern", "--bits", "4", "--waveform", "A2")
    assert not (glass[:, -1] >= 128).any(), "the line at the right edge"
    assert (glass == 64).sum() > 500


def test_chart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "glass.png"
    assert main(["chart", "--simulated", "--simulated-size", "648x480", "--save-glass", str(path)]) == 0
    with Image.open(path) as image:
        assert (np.asarray(image) == 48).sum() > 1000, "ghosts of the partial updates"
    assert "trainer calibrate" in capsys.readouterr().out
    assert main(["chart", *SIMULATED]) == 2
    assert "648x480 is the least" in capsys.readouterr().err


@pytest.mark.parametrize("glass", ["new", "old"])
def test_the_other_controller(glass: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    panel = ["--panel", "waveshare-7.5-v2", "--simulated", "--glass", glass]
    picture, recording = tmp_path / "glass.png", tmp_path / "panel.jsonl"
    assert main(["pattern", *panel, "--save-glass", str(picture), "--record", str(recording)]) == 0
    assert "A flash here: --glass old" in capsys.readouterr().out
    with Image.open(picture) as image:
        seen = np.asarray(image)
    assert seen.shape == (480, 800)
    assert not (seen[0] >= 128).any(), "the line at the upper edge"
    assert (seen == 48).sum() > 500, "ghosts of the partial updates"
    commands = [event.sent.hex() for event in read_recording(recording) if event.command]
    assert (commands.count("12"), commands[-1]) == (3, "07")
    assert ("22" in commands) == (glass == "old")
    assert main(["record", str(recording), *panel, "--compare", str(recording)]) == 0
    assert "4. After sleep" in capsys.readouterr().out


def test_record_and_compare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = (str(tmp_path / name) for name in ("first", "second", "third"))
    assert main(["record", first, *SIMULATED]) == 0
    sent = [event.sent.hex() for event in read_recording(Path(first))]
    assert sent.count("60000003") == 2, "sleeps in between and at the end"
    assert main(["record", second, *SIMULATED, "--compare", first]) == 0
    assert f"Same conversation as in {first}." in capsys.readouterr().out
    assert main(["record", third, *SIMULATED, "--vcom", "-2.0", "--compare", first]) == 0
    said = capsys.readouterr().out
    assert f"Differences to {first}:" in said
    assert "000007d0 here, 000005dc there" in said
    assert main(["record", third, *SIMULATED, "--bits", "4", "--compare", first]) == 0
    assert said.count("event") <= 20
    assert "and more" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["info", "clear", "pattern"])
def test_every_command_records(command: str, tmp_path: Path) -> None:
    assert main([command, *SIMULATED, "--record", str(tmp_path / "panel.jsonl")]) == 0
    events = read_recording(tmp_path / "panel.jsonl")
    assert events[0].is_reset
    assert events[-1].sent.hex() == "60000003"
    displays = sum(event.sent.hex() == "60000034" for event in events)
    assert displays == {"info": 0, "clear": 1, "pattern": 3}[command]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["info"], "--vcom is missing.*flex cable"),
        (["info", "--simulated", "--vcom", "1.53"], "outside -3.0..-0.5"),
        (["info", "--panel", "waveshare-7.5-v2", "--vcom", "-1.5"], "--vcom is no setting of waveshare-7.5"),
        (["info", "--simulated", "--dc-pin", "5"], "--dc-pin is no setting of waveshare-6-hd: leave it out"),
        (
            ["info", "--panel", "waveshare-7.5-v2", "--simulated", "--simulated-size", "64x48"],
            "--simulated-size is not for waveshare-7.5-v2",
        ),
        (["info", "--vcom", "-1.53", "--save-glass", "x.png"], "--save-glass needs --simulated"),
        (["info", "--simulated", "--rotate", "90"], "rotate is 90: give one of 0, 180"),
        (["info", "--simulated", "--rest", "off"], "rest is 'off': give one of sleep, standby, run"),
        (["pattern", "--simulated", "--record", "/nowhere/x"], "cannot write the recording /nowhere/x"),
        (["record", "x", "--simulated", "--compare", "/nowhere/x"], "cannot read the recording /nowhere/x"),
        (
            ["clear", "--simulated", "--save-glass", "/nowhere/x.png"],
            "cannot save the glass as /nowhere/x.png",
        ),
        (["clear", "--simulated", "--save-glass", "/tmp/x.nothing"], "cannot save the glass.*ends in .png"),
        (["pattern", "--simulated", "--waveform", "GC16"], "waveform is 'GC16': give one of DU, A2"),
        (["info", "--simulated", "--columns", "1447"], "columns is '1447': give one of aligned, whole"),
        (["info", "--simulated", "--columns", "1448"], "columns is 1448, which is now called whole"),
        (["info", "--simulated", "--spi-slow-hz", "9"], "spi_slow_hz 9 is outside 100000..24000000 Hz"),
        (
            ["info", "--panel", "omni:x", "--simulated"],
            "cannot be simulated: try the panel omni:omni_epd.mock",
        ),
        (["info", "--panel", "omni:waveshare_epd.it8951"], "driver of its own here: give waveshare-6-hd"),
        (["info", "--panel", "omni:x", "--rotate", "90"], "rotate is 90: give one of 0, 180"),
        (["info", "--panel", "omni:x", "--vcom", "-1.5"], "--vcom is no setting of omni:x: leave it out"),
        (["record", "x", "--panel", "omni:x"], "what omni-epd says to a panel cannot be recorded"),
        (["info", "--simulated", "--bufsiz", "2"], "bufsiz, .* is 2 bytes, outside 64.*cmdline.txt"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert re.match(f"driver: .*{message}", said)
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "arguments are required: COMMAND"),
        (["paint"], "invalid choice: 'paint'"),
        (["record"], "arguments are required: FILE"),
        (["info", "--vcom", "low"], "--vcom: 'low' is no number: write -1.53, for example"),
        (["info", "--vcom", "-1,53"], "--vcom: '-1,53' is no number: write -1.53, with a point and no unit"),
        (["info", "--vcom=\N{MINUS SIGN}2V"], "write -2.0, with a point"),
        (["info", "--simulated-size", "big"], "--simulated-size: invalid size value: 'big'"),
        (["info", "--bright"], "unrecognized arguments: --bright"),
        (["info", "--panel", "lcd"], "'lcd' is no panel: give one of waveshare-6-hd, waveshare-7.5-v2"),
        (["info", "--panel", "omni:"], "'omni:' is no panel"),
        (["info", "--slow-hz", "9"], "unrecognized arguments: --slow-hz 9"),
    ],
)
def test_options_that_do_not_exist(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("driver: ")
    assert message in said
    assert said.count("\n") == 1


def test_control_c_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("driver.it8951.panel.open_on", interrupted)
    assert main(["info", "--simulated"]) == 130
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert COMMANDS[command][1:] in said
    for field in fields(PanelSettings):
        assert "--" + field.name.replace("_", "-") in said
    assert "printed on the panel's flex cable" in said
    if command == "clear":
        assert "before the panel is stored" in said


def test_every_setting_has_an_option() -> None:
    given = {
        "vcom": -1.53,
        "vcom_tolerance": 0.02,
        "waveform": "A2",
        "spi_bus": 1,
        "spi_device": 2,
        "reset_pin": 3,
        "ready_pin": 4,
        "spi_hz": 5_000_000,
        "spi_slow_hz": 600_000,
        "bufsiz": 700,
        "bits": 4,
        "columns": "whole",
        "start_passes": 2,
        "a2_mode": 7,
        "rotate": 180,
        "mirror": True,
        "rest": "standby",
        "enhanced_driving": True,
        "ready_timeout": 8.0,
        "display_timeout": 9.0,
    }
    assert set(given) == {field.name for field in fields(PanelSettings)}
    flags = []
    for name, value in given.items():
        flags += ["--" + name.replace("_", "-")] + ([] if value is True else [str(value)])
    assert panel_settings(parse(["info", *flags])) == PanelSettings(**given)


def test_as_a_module() -> None:
    """The way a person starts it; without a Raspberry Pi the real panel is one line and 2."""
    done = subprocess.run(
        [sys.executable, "-m", "driver", "info", "--vcom", "-1.53", "--spi-bus", "99"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("driver: ")
    assert done.stderr.count("\n") == 1
