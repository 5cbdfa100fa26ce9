"""The installer's --check on made-up machines: what it finds, and what it tells people to do."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from player.config.settings import Config
from player.reel import ReelWriter
from player.service.lock import locked
from player.setup import check
from player.setup.__main__ import main
from player.setup.check import DROP_IN, Machine, buttons, findings, kind, panel, reels, remote

ROOT = Path(__file__).parents[3]
INFO = """\
            panel: 1448 x 1072
         firmware: SWv_0.2
              LUT: M641
               A2: waveform 4
             VCOM: -1.53 V, set and read back
"""
RUNNING = "ActiveState=active\nSubState=running\nResult=success\nUnitFileState=enabled\nNRestarts=0\n"


@pytest.fixture(autouse=True)
def program(tmp_path):
    """It is installed, on a Pi."""
    (tmp_path / "opt/longtake/current").mkdir(parents=True)
    write(tmp_path, check.MODEL, "Raspberry Pi 4 Model B Rev 1.4\0")


@pytest.fixture
def machine(tmp_path):
    """machine(programs, modules): a Pi whose programs answer with (code, text); all modules are there."""

    def make(programs=None, missing=()):
        asked = []

        def run(words):
            asked.append(list(words))
            for start, answer in (programs or {}).items():
                if " ".join(words).startswith(start):
                    return answer
            return 127, ""

        made = Machine(tmp_path, run, lambda name: name not in missing)
        return made, asked

    return make


def only(found):
    (finding,) = list(found)
    return finding


def write(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_spi_is_there(machine, tmp_path):
    write(tmp_path, "dev/spidev0.0", "")
    assert only(check.spi(machine()[0], 0, 0)).good
    assert only(check.spi(machine()[0], 1, 0)).good is False


@pytest.mark.parametrize(
    ("text", "is_on"),
    [
        ("dtparam=spi=on\n", True),
        ("dtparam=audio=on\ndtparam=i2c_arm=on,spi=on\n", True),
        ("  dtparam=spi  # on\n", True),
        ("#dtparam=spi=on\n", False),
        ("dtparam=spi=off\n", False),
        ("dtparam=audio=on\n", False),
        ("dtoverlay=spi1-1cs\n", False),
    ],
)
@pytest.mark.parametrize("place", ["boot/firmware/config.txt", "boot/config.txt"])
def test_spi_that_is_off_is_told_from_one_that_wants_a_restart(machine, tmp_path, text, is_on, place):
    write(tmp_path, place, text)
    found = only(check.spi(machine()[0], 0, 0))
    assert found.good is False
    assert ("reboot" in found.fix and "raspi-config" not in found.fix) == is_on
    assert ("raspi-config nonint do_spi 0" in found.fix) == (not is_on)


PASSWD = "root:x:0:0::/root:/bin/sh\nlongtake:x:995:995::/var/lib/longtake:/usr/sbin/nologin\n"


def test_the_user_and_its_groups(machine, tmp_path):
    made, _ = machine()
    assert "no user longtake" in only(check.groups(made)).what
    write(tmp_path, "etc/passwd", PASSWD)
    write(tmp_path, "etc/group", "longtake:x:995:\nspi:x:997:pi,longtake\ngpio:x:996:pi\n")
    found = only(check.groups(made))
    assert (found.good, found.fix) == (False, "sudo usermod -aG gpio longtake")
    write(tmp_path, "etc/group", "longtake:x:995:\nspi:x:997:pi,longtake\ngpio:x:996:longtake\n")
    assert only(check.groups(made)).good


def test_a_device_that_is_closed_to_the_user(machine, tmp_path):
    device = tmp_path / "dev/spidev0.0"
    write(tmp_path, "dev/spidev0.0", "")
    write(tmp_path, "etc/passwd", PASSWD)
    spi = device.stat().st_gid
    write(tmp_path, "etc/group", f"spi:x:{spi}:longtake\ngpio:x:{spi + 1}:longtake\n")
    device.chmod(0o660)
    assert only(check.groups(machine()[0])).good
    device.chmod(0o640)
    assert [finding.good for finding in check.groups(machine()[0])] == [True, False]


@pytest.mark.parametrize(
    ("bits", "good"), [("0x0\n", True), ("50005\n", False), ("0x10000", False), ("2", True)]
)
def test_a_weak_supply_is_noticed(machine, tmp_path, bits, good):
    write(tmp_path, check.THROTTLED, bits)
    assert only(check.supply(machine()[0])).good is good


def test_without_the_firmware_s_word_nothing_is_said_of_the_supply(machine):
    assert list(check.supply(machine()[0])) == []


def test_a_full_disk(machine, monkeypatch):
    assert only(check.space(machine()[0])).good
    monkeypatch.setattr(check, "FREE_BYTES", 10**18)
    assert only(check.space(machine()[0])).good is False


@pytest.mark.parametrize(
    ("said", "goods"),
    [
        (RUNNING, [True, True]),
        (RUNNING.replace("=enabled", "=disabled"), [False, True]),
        (RUNNING.replace("=active", "=failed").replace("success", "exit-code"), [True, False]),
        (RUNNING.replace("=active", "=activating"), [True, None]),
        (RUNNING.replace("=active", "=inactive"), [True, None]),
    ],
)
def test_the_service(machine, said, goods):
    made, _ = machine({"systemctl show": (0, said)})
    assert [finding.good for finding in check.service(made)] == goods


def test_the_service_on_a_timer_need_not_run(machine):
    idle = RUNNING.replace("=active", "=inactive").replace("=enabled", "=disabled")
    made, _ = machine({"systemctl show": (0, idle), "systemctl is-enabled longtake.timer": (0, "enabled\n")})
    found = only(check.service(made))
    assert (found.good, found.what) == (True, "longtake.timer starts at boot")


def test_without_systemd_the_service_is_unknown(machine):
    assert only(check.service(machine()[0])).good is None


def test_vcom():
    assert only(kind(Config())).good is False
    assert "longtake-setup --vcom" in only(kind(Config())).fix
    assert "-1.53 V" in only(kind(Config(vcom=-1.53))).what
    assert only(kind(Config(simulated="/glass"))).good
    assert only(kind(Config(panel="waveshare-7.5-v2", glass="old"))).what == (
        "the panel is set to waveshare-7.5-v2, with old glass"
    )
    assert only(kind(Config(panel="omni:omni_epd.mock"))).what == "the panel is set to omni:omni_epd.mock"


def test_films(tmp_path):
    films = tmp_path / "films"
    config = Config(films=str(films))
    assert only(reels(config)).good is False, "the player would end"
    waiting = replace(config, wait_for_films=True)
    assert only(reels(waiting)) == (None, "there is no film yet", f"copy a reel to {films}")
    films.mkdir()
    assert "copy one there" in only(reels(config)).fix
    assert "send one from the web page, or" in only(reels(replace(waiting, remote="network"))).fix
    assert only(reels(replace(waiting, films=None))).good is False
    with ReelWriter(films / "a.reel", {}, 8, 8) as writer:
        writer.append(np.zeros((8, 8), np.uint8), 0, 0, True)
    (films / "b.reel").write_text("no reel")
    first, second = reels(config)
    assert first.good
    assert "1 frames of 8x8; its export was not finished" in first.what
    assert second.good is False
    assert "b.reel" in second.fix
    first, _ = reels(replace(config, panel="waveshare-7.5-v2"))
    assert first.good is False
    assert "does not fit waveshare-7.5-v2" in first.what
    assert first.fix == "export it with --size 800x480"


def test_buttons_on_pins_of_the_panel():
    assert list(buttons(Config())) == []
    assert only(buttons(Config(button_next=5))).what == "buttons: next on GPIO 5"
    assert "GPIO 17" in only(buttons(Config(button_next=17))).fix


def test_the_web_page_needs_its_drop_in(machine, tmp_path):
    made, _ = machine()
    assert only(remote(made, Config())).good is None
    assert only(remote(made, Config(remote="network"))).good is False
    write(tmp_path, DROP_IN, "")
    assert only(remote(made, Config(remote="network"))).good


def test_the_panel_is_asked_with_the_settings(machine):
    made, asked = machine({"python -m driver info": (0, INFO)})
    found = panel(made, Config(vcom=-1.53, spi_bus=1, spi_slow_hz=500_000))
    assert found.good
    assert "panel: 1448 x 1072; firmware: SWv_0.2; LUT: M641; VCOM: -1.53 V" in found.what
    (words,) = asked
    assert {"--vcom=-1.53", "--spi-bus=1", "--spi-slow-hz=500000"} <= set(words)
    from driver.__main__ import parse

    assert parse(words[3:]).vcom == -1.53


def test_a_panel_without_vcom_is_asked_too(machine):
    made, asked = machine({"python -m driver info": (0, "panel: 800 x 480\nhigh voltage: came up\n")})
    found = panel(made, Config(panel="waveshare-7.5-v2", glass="old", power_pin=4))
    assert "panel: 800 x 480; high voltage: came up" in found.what
    from driver.__main__ import panel_settings, parse

    panel(made, Config(panel="omni:omni_epd.mock"))
    assert asked.pop() == ["python", "-m", "driver", "info", "--panel=omni:omni_epd.mock"]
    settings = panel_settings(parse(asked[0][3:]))
    assert (settings.panel, settings.glass, settings.power_pin) == ("waveshare-7.5-v2", "old", 4)


def test_a_panel_that_does_not_answer(machine):
    line = "the controller's answer is all FFFF: check that the HAT sits on all pins"
    made, _ = machine({"python -m driver info": (2, f"driver: {line}\n")})
    found = panel(made, Config(vcom=-1.53))
    assert (found.good, found.fix) == (False, line)


def test_a_panel_in_use_is_left_alone(machine, tmp_path):
    write(tmp_path, "dev/spidev0.0", "")
    made, asked = machine({"python": (0, INFO)})
    with locked(tmp_path / "dev/spidev0.0"):
        assert panel(made, Config(vcom=-1.53)).good is None
    assert asked == []


def test_all_of_it_with_a_good_set_up(machine, tmp_path):
    write(tmp_path, "etc/longtake/player.toml", f'vcom = -1.53\nfilms = "{tmp_path}/films"')
    made, _ = machine({"systemctl": (0, RUNNING), "python": (0, INFO)}, missing=["spidev"])
    found = list(findings(made, tmp_path / "etc/longtake/player.toml"))
    wrong = [finding.what for finding in found if finding.good is False]
    assert wrong == [
        "missing for Python: spidev",
        "SPI: there is neither /dev/spidev0.0 nor /boot/firmware/config.txt",
        "there is no user longtake",
        "there is no film",
    ]
    assert all(finding.fix for finding in found if finding.good is not True)


def test_on_a_pc_it_says_so_once_and_nothing_of_what_only_a_pi_has(machine, tmp_path):
    (tmp_path / check.MODEL).unlink()
    file = tmp_path / "etc/longtake/player.toml"
    write(tmp_path, "etc/longtake/player.toml", "button_next = 17\n")
    made, asked = machine({"systemctl": (0, RUNNING)}, missing=["spidev", "RPi.GPIO"])
    told = " ".join(f"{finding.what} {finding.fix}" for finding in findings(made, file))
    assert told.count("this is no Raspberry Pi") == 1
    assert not [word for word in ("spidev", "GPIO", "SPI", "VCOM", "raspi-config") if word in told]
    assert not [words for words in asked if "driver" in words]
    write(tmp_path, "etc/longtake/player.toml", f'simulated = "{tmp_path}/glass"\n')
    told = " ".join(finding.what for finding in findings(made, file))
    assert "no Raspberry Pi" not in told
    assert "the panel is simulated" in told
    write(tmp_path, "etc/longtake/player.toml", "vcom = -1.53\n")
    write(tmp_path, "dev/spidev0.0", "")  # another board
    assert "missing for Python: spidev, RPi.GPIO" in [finding.what for finding in findings(made, file)]


def test_without_numpy_the_check_says_what_is_missing(tmp_path):
    write(tmp_path, "etc/longtake/player.toml", f'vcom = -1.53\nfilms = "{tmp_path}/films"\nbutton_next = 5')
    program = (
        "import sys; from pathlib import Path; sys.modules['numpy'] = None; "
        "from player.setup.__main__ import _check; sys.exit(_check(Path(sys.argv[1]), True))"
    )
    words = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (1, "")
    assert "NO missing for Python: numpy" in done.stdout
    assert "buttons: next on GPIO 5" in done.stdout


def test_a_wrong_configuration_does_not_end_the_check(machine, tmp_path):
    write(tmp_path, "player.toml", "intervall = 3")
    first, *rest = findings(machine()[0], tmp_path / "player.toml")
    assert first.good is False
    assert "did you mean interval?" in first.fix
    assert len(rest) > 3


def test_the_command(tmp_path, capsys):
    assert main(["check", "--root", str(tmp_path)]) == 1
    assert "NO the player is not installed here" in capsys.readouterr().out
    write(tmp_path, "etc/longtake/player.toml", "vcom = 3")
    assert main(["check", "--root", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "NO the configuration cannot be used\n      " in out
    assert out.splitlines()[-1].endswith("to fix")


def test_try_set_and_get(tmp_path, capsys):
    file = tmp_path / "player.toml"
    file.write_text("# vcom = -1.53\ninterval = 60\n")
    assert main(["try", "vcom", "-1.2"]) == 0
    assert main(["try", "vcom", "-12"]) == 2
    capsys.readouterr()
    for words in (["try", "vcom", "-1,53"], ["set", "vcom", "-1.53V", "--config", str(file)]):
        assert main(words) == 2
        assert "write -1.53, with a point and without a unit" in capsys.readouterr().err
    assert main(["set", "vcom", "-2.05", "--config", str(file)]) == 0
    assert file.read_text() == "vcom = -2.05\ninterval = 60\n"
    capsys.readouterr()
    assert main(["get", "vcom", "--config", str(file)]) == 0
    assert json.loads(capsys.readouterr().out) == -2.05
    assert main(["set", "vcom", "-2", "--config", str(tmp_path / "no.toml")]) == 2
    assert "run the installer first" in capsys.readouterr().err


def test_where_the_web_page_is(tmp_path, capsys):
    file = tmp_path / "player.toml"
    file.write_text(f'remote = "network"\nstate = "{tmp_path}/progress.json"\n')
    assert main(["link", "--config", str(file)]) == 0
    out = capsys.readouterr().out
    token = (tmp_path / "remote-token").read_text().strip()
    assert f":8080/login#{token}" in out


def test_the_libraries_of_the_web_page_are_asked_for_where_it_is_on(machine, tmp_path):
    for setting, missing in (("off", []), ("network", ["missing for Python: waitress"])):
        write(tmp_path, "player.toml", f'remote = "{setting}"\n')
        found = list(findings(machine(missing=("waitress",))[0], tmp_path / "player.toml"))
        assert [finding.what for finding in found if "for Python" in finding.what] == missing


def test_after_an_uninstall_only_the_settings_are_there(machine, tmp_path, program):
    write(tmp_path, "etc/longtake/player.toml", "vcom = -1.53\n")
    (tmp_path / "opt/longtake/current").rmdir()
    found = only(findings(machine()[0], tmp_path / "etc/longtake/player.toml"))
    assert found.good is False
    assert "the program is not installed here, only its settings are" in found.what
    assert "sudo systemd/install" in found.fix


def test_below_another_root_nothing_is_said_of_this_machine(machine, tmp_path, make_film, make_reel):
    made, asked = machine({"systemctl": (0, RUNNING), "python": (0, INFO)}, missing=["spidev"])
    write(tmp_path, "etc/longtake/player.toml", 'vcom = -1.53\nfilms = "/var/lib/longtake/films"\n')
    (tmp_path / "var/lib/longtake/films").mkdir(parents=True)
    make_reel(make_film(3), "var/lib/longtake/films/a.reel")
    found = list(findings(made._replace(is_here=False), tmp_path / "etc/longtake/player.toml"))
    assert asked == []
    assert not [finding for finding in found if finding.good is False]
    assert any(
        finding.what.startswith(f"a film: {tmp_path}/var/lib/longtake/films/a.reel") for finding in found
    )
    assert any("only files are looked at" in finding.what for finding in found)


def test_a_check_that_nobody_reads_to_its_end_is_no_traceback(tmp_path):
    write(tmp_path, "etc/longtake/player.toml", "vcom = -1.53\n")
    words = [sys.executable, "-m", "player.setup", "check", "--root", str(tmp_path)]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141
