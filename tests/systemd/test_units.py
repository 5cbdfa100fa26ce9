"""The unit files: clean, sandboxed, and in agreement with the program they start."""

import configparser
import ipaddress
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from player.commands.config import APPLIANCE
from player.commands.options import parse
from player.films.queue import Queue
from player.service import notify

SYSTEMD = Path(__file__).parent.parent.parent / "systemd"
UNITS = sorted(path.name for path in SYSTEMD.iterdir() if path.suffix in (".service", ".timer", ".path"))
SERVICES = [name for name in UNITS if name.endswith(".service")]
PROGRAM = "/opt/longtake/current/bin/python"
LARGEST_EXPOSURE = 1.5

analyzes = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


def settings(name):
    """Section and key -> every value given, in order."""
    found = {}
    section = ""
    for line in (SYSTEMD / name).read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault((section, key), []).append(value)
    return found


@pytest.fixture
def laid_out(tmp_path):
    """The units as systemd finds them, on a machine where their program exists."""
    for name in UNITS:
        (tmp_path / name).write_text((SYSTEMD / name).read_text().replace(PROGRAM, sys.executable))
    return tmp_path


def with_remote(directory):
    (directory / "longtake.service.d").mkdir()
    shutil.copy(SYSTEMD / "remote.conf", directory / "longtake.service.d" / "remote.conf")


def analyze(directory, *words):
    # The colon: the system's own units too, such as basic.target.
    environment = {
        **os.environ,
        "SYSTEMD_UNIT_PATH": f"{directory}:",
        "SYSTEMD_COLORS": "0",
        "COLUMNS": "300",
    }
    return subprocess.run(
        ["systemd-analyze", *words],
        capture_output=True,
        text=True,
        cwd=directory,
        env=environment,
        timeout=60,
    )


@analyzes
@pytest.mark.parametrize("remote", [False, True])
def test_systemd_finds_nothing_to_say_of_the_units(laid_out, remote):
    if remote:
        with_remote(laid_out)
    result = analyze(laid_out, "verify", *(f"./{name}" for name in UNITS))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@analyzes
def test_the_drop_in_for_a_battery_is_clean_too(laid_out):
    (laid_out / "longtake-once.service.d").mkdir()
    shutil.copy(SYSTEMD / "battery.conf", laid_out / "longtake-once.service.d" / "battery.conf")
    result = analyze(laid_out, "verify", "./longtake-once.service")
    assert (result.returncode, result.stderr) == (0, "")
    (laid_out / "longtake-once.service.d" / "battery.conf").write_text("[Unit]\nSuccessAction=nap\n")
    assert "nap" in analyze(laid_out, "verify", "./longtake-once.service").stderr


@analyzes
def test_systemd_would_say_it(laid_out):
    """The test above can fail."""
    unit = laid_out / "longtake.service"
    unit.write_text(unit.read_text().replace("WatchdogSec=180", "WatchdogSecs=180"))
    assert "WatchdogSecs" in analyze(laid_out, "verify", "./longtake.service").stderr


def exposure(directory, name):
    result = analyze(directory, "security", "--offline=true", f"./{name}")
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", result.stdout)
    assert found, result.stderr
    return float(found[1])


@analyzes
@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_in_a_sandbox(laid_out, name):
    assert exposure(laid_out, name) <= LARGEST_EXPOSURE


@analyzes
def test_the_player_stays_in_its_sandbox_with_the_web_page(laid_out):
    alone = exposure(laid_out, "longtake.service")
    with_remote(laid_out)
    assert alone < exposure(laid_out, "longtake.service") <= LARGEST_EXPOSURE


@pytest.mark.parametrize("name", ["longtake.service", "longtake-once.service"])
def test_the_services_call_a_command_that_exists(name):
    found = settings(name)
    (command,) = found["Service", "ExecStart"]
    program, *words = shlex.split(command)
    assert (program, words[:3]) == (PROGRAM, ["-P", "-m", "player"])
    options = parse(words[3:])
    assert options.config == "/etc/longtake/player.toml"
    assert getattr(options, "once", False) is (name == "longtake-once.service")


def test_the_exporter_is_started_by_what_the_queue_says():
    found = settings("longtake-export.path")
    inbox = APPLIANCE["inbox"]
    assert found["Path", "PathExists"] == [str(Queue(Path(inbox)).todo)]
    assert found["Path", "PathChanged"] == [inbox]
    (command,) = settings("longtake-export.service")["Service", "ExecStart"]
    assert parse(shlex.split(command)[4:]).config == "/etc/longtake/player.toml"
    made = (SYSTEMD / "tmpfiles.conf").read_text()
    for folder in (inbox, str(Queue(Path(inbox)).inside)):
        assert f"d {folder} 2775 longtake longtake\n" in made


def test_the_exporter_lives_in_the_sandbox_of_the_player_but_for_what_it_needs():
    player, exporter = settings("longtake.service"), settings("longtake-export.service")
    lacks = {
        key[1]
        for key, value in player.items()
        if key[0] == "Service" and exporter.get(key) != value and key[1] not in ("DeviceAllow", "UMask")
    }
    assert lacks <= {
        "Type", "NotifyAccess", "ExecStart", "ExecReload", "TimeoutStartSec", "TimeoutStopSec", "WatchdogSec",
        "RestartSec", "SupplementaryGroups", "RuntimeDirectory", "WorkingDirectory", "SyslogIdentifier",
        "Environment", "Nice", "MemoryMax", "TasksMax", "MemoryDenyWriteExecute",
    }  # fmt: skip
    assert exporter["Service", "Nice"] == ["19"]
    # A boot on one slow core starves it of the processor for minutes.
    assert exporter["Service", "TimeoutStartSec"] == ["15min"]
    # A trainer that is killed for lack of memory must not take with it the exporter, which says so.
    assert exporter["Service", "OOMPolicy"] == ["continue"]


def test_both_players_live_in_the_same_sandbox():
    def sandbox(name):
        own = {
            "Type",
            "NotifyAccess",
            "ExecStart",
            "ExecReload",
            "TimeoutStartSec",
            "TimeoutStopSec",
            "WatchdogSec",
        }
        own |= {"Restart", "RestartSec", "Nice"}
        return {
            key: value for key, value in settings(name).items() if key[0] == "Service" and key[1] not in own
        }

    assert sandbox("longtake.service") == sandbox("longtake-once.service")


def test_the_player_starts_without_a_network():
    text = (SYSTEMD / "longtake.service").read_text()
    for line in text.splitlines():
        if not line.startswith("#"):
            assert "network" not in line.lower().replace("privatenetwork", "")
    found = settings("longtake.service")
    assert "time-sync.target" in " ".join(found["Unit", "After"])
    assert found["Unit", "Wants"] == ["longtake-again.timer"]
    assert ("Unit", "Requires") not in found


def test_only_the_drop_in_opens_the_network():
    found = settings("longtake.service")
    assert found["Service", "PrivateNetwork"] == ["yes"]
    assert found["Service", "RestrictAddressFamilies"] == ["AF_UNIX"]
    assert found["Service", "IPAddressDeny"] == ["any"]
    opened = settings("remote.conf")
    assert opened["Service", "PrivateNetwork"] == ["no"]
    for network in opened["Service", "IPAddressAllow"][0].split():
        assert network in ("localhost", "link-local") or ipaddress.ip_network(network).is_private


def test_the_watchdog_is_what_the_player_feeds():
    found = settings("longtake.service")
    (seconds,) = found["Service", "WatchdogSec"]
    assert f"WatchdogSec={seconds}" in notify.__doc__
    assert found["Service", "Type"] == ["notify"]


def test_a_failing_player_is_not_started_for_ever_in_quick_succession():
    found = settings("longtake.service")
    assert found["Service", "Restart"] == ["on-failure"]
    (interval,), (burst,) = found["Unit", "StartLimitIntervalSec"], found["Unit", "StartLimitBurst"]
    (pause,) = found["Service", "RestartSec"]
    # Were the limit never reached, the panel would flash at every start, for ever.
    assert int(burst) * int(pause) < 60 * int(interval.removesuffix("min"))
    assert int(burst) <= 10


def test_groups_that_the_service_needs_are_made_and_own_the_devices():
    (groups,) = settings("longtake.service")["Service", "SupplementaryGroups"]
    users = [
        line.split() for line in (SYSTEMD / "sysusers.conf").read_text().splitlines() if line[0] in "gum"
    ]
    rules = (SYSTEMD / "60-longtake.rules").read_text()
    for group in groups.split():
        assert ["g", group, "-"] in users
        assert ["m", "longtake", group] in users
        assert f'GROUP="{group}"' in rules
    assert any(line[:2] == ["u", "longtake"] for line in users)


@pytest.mark.parametrize("name", UNITS)
def test_every_unit_says_what_it_is_for(name):
    text = (SYSTEMD / name).read_text()
    assert text.startswith("# ")
    parser = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=("#",))
    parser.optionxform = str
    parser.read_string(text)
    assert len(parser["Unit"]["Description"]) > 10


@pytest.mark.parametrize("name", ["longtake.service", "longtake-once.service"])
def test_what_the_player_writes_is_nobody_else_s(name):
    assert settings(name)["Service", "UMask"] == ["0027"]
