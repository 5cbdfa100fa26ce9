"""systemd/install, below a directory and as a dry run: without root, without a network, on any Linux."""

import os
import pty
import re
import shutil
import subprocess
import tempfile
import textwrap
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parent.parent.parent
NOBODY = 65534


@pytest.fixture(scope="module")
def checkout():
    """A copy of what is installed, in a place that every user can read, unlike pytest's."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        for name in ("driver", "player", "systemd", "trainer"):
            shutil.copytree(ROOT / name, Path(directory) / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", directory)
        yield Path(directory)


@pytest.fixture
def root(tmp_path):
    directory = tmp_path / "root"
    directory.mkdir()
    return directory


def install(checkout, *words, path=None, **more):
    environment = {"PATH": path or os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [checkout / "systemd" / "install", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment,
        timeout=100,
        **more,
    )


def good(result):
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def settings(root):
    return tomllib.loads((root / "etc/longtake/player.toml").read_text())


def tree(directory):
    return {
        str(path.relative_to(directory)): path.read_bytes() if path.is_file() else None
        for path in directory.rglob("*")
    }


def test_what_is_installed_runs_from_where_it_was_put(checkout, root, tmp_path):
    good(install(checkout, "--root", root, "--vcom", "-1.53"))
    program = root / "opt/longtake/current/bin/python"
    config = root / "etc/longtake/player.toml"
    result = subprocess.run(
        [program, "-P", "-m", "player", "config", "--json", "--config", config],
        capture_output=True, text=True, check=True, cwd=tmp_path, env={},
    )  # fmt: skip
    assert '"vcom": -1.53' in result.stdout
    result = subprocess.run(
        [program, "-P", "-c", "import player.times; print(player.times.__file__)"],
        capture_output=True, text=True, check=True, cwd=checkout, env={},
    )  # fmt: skip
    assert result.stdout.startswith(str(root.resolve() / "opt/longtake"))
    assert list((root / "opt/longtake/current/src/player").rglob("*.pyc"))
    result = subprocess.run(
        [program, "-P", "-c", "from importlib.metadata import version; print(version('longtake'))"],
        capture_output=True, text=True, check=True, cwd=tmp_path, env={},
    )  # fmt: skip
    assert result.stdout.strip() == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for unit in ("longtake.service", "longtake-once.service", "longtake.timer", "longtake-again.timer"):
        copied = root / "usr/local/lib/systemd/system" / unit
        assert copied.read_bytes() == (ROOT / "systemd" / unit).read_bytes()
    assert (root / "usr/local/bin/player").readlink() == Path("/opt/longtake/current/bin/player")
    assert not list(root.rglob("*.new"))


def test_again_changes_nothing_but_the_program_and_keeps_the_settings(checkout, root):
    good(install(checkout, "--root", root, "--vcom=-1.53"))
    config = root / "etc/longtake/player.toml"
    config.write_text(config.read_text() + "interval = 60\n")
    before = tree(root)
    first = (root / "opt/longtake/current").readlink()
    # From its own copy, as longtake-setup.
    good(install((root / "opt/longtake/current/src").resolve(), "--root", root))
    after = tree(root)
    assert (root / "opt/longtake/current").readlink() != first

    def others(found):
        return {name: data for name, data in found.items() if not name.startswith("opt/longtake/")}

    assert others(before) == others(after)
    assert settings(root)["interval"] == 60
    assert settings(root)["vcom"] == -1.53


def test_a_program_that_does_not_run_replaces_nothing(checkout, root, tmp_path):
    good(install(checkout, "--root", root))
    broken = tmp_path / "broken"
    shutil.copytree(checkout, broken)
    (broken / "player" / "commands" / "options.py").write_text("raise RuntimeError")
    first = (root / "opt/longtake/current").readlink()
    result = install(broken, "--root", root)
    assert result.returncode == 2
    assert "the one in use stays" in result.stderr
    assert (root / "opt/longtake/current").readlink() == first
    assert install(root / "opt/longtake/current/src", "--root", root).returncode == 0


def test_what_turns_films_into_reels_is_installed_where_it_is_asked_for_and_stays(checkout, root):
    trainer = root / "opt/longtake/current/src/trainer"
    good(install(checkout, "--root", root))
    assert not trainer.exists()
    good(install(checkout, "--root", root, "--export"))
    good(install(checkout, "--root", root))
    assert trainer.exists()
    assert settings(root)["inbox"] == "/var/lib/longtake/inbox"
    program = root / "opt/longtake/current/bin/python"
    ran = subprocess.run([program, "-P", "-c", "import trainer.__main__"], capture_output=True, env={})
    assert ran.returncode == 0, ran.stderr


def test_an_older_configuration_gets_an_inbox(checkout, root):
    good(install(checkout, "--root", root))
    config = root / "etc/longtake/player.toml"
    config.write_text('films = "/films"\n')
    good(install(checkout, "--root", root, "--export"))
    assert settings(root) == {"films": "/films", "inbox": "/var/lib/longtake/inbox"}


def test_a_broker_needs_the_network_too(checkout, root):
    drop_in = root / "etc/systemd/system/longtake.service.d/remote.conf"
    good(install(checkout, "--root", root))
    config = root / "etc/longtake/player.toml"
    config.write_text(config.read_text() + 'mqtt = "broker.local"\n')
    good(install(checkout, "--root", root))
    assert drop_in.exists()
    assert not (root / "etc/avahi").exists()


def test_the_house_is_told_of_the_page_while_it_is_open(checkout, root):
    told = root / "etc/avahi/services/longtake.service"
    good(install(checkout, "--root", root))
    assert not told.exists()
    config = root / "etc/longtake/player.toml"
    config.write_text(config.read_text() + "remote_port = 8181\n")
    good(install(checkout, "--root", root, "--remote"))
    group = ElementTree.parse(told).getroot()
    assert [one.findtext("type") for one in group.iter("service")] == ["_longtake._tcp", "_http._tcp"]
    assert {one.findtext("port") for one in group.iter("service")} == {"8181"}
    config.write_text(config.read_text().replace('remote = "network"', 'remote = "off"'))
    good(install(checkout, "--root", root))
    assert not told.exists()


def test_the_web_page_may_use_the_network_while_the_setting_says_so(checkout, root):
    drop_in = root / "etc/systemd/system/longtake.service.d/remote.conf"
    good(install(checkout, "--root", root))
    assert not drop_in.exists()
    good(install(checkout, "--root", root, "--remote"))
    assert settings(root)["remote"] == "network"
    assert "PrivateNetwork=no" in drop_in.read_text()
    config = root / "etc/longtake/player.toml"
    config.write_text(config.read_text().replace('remote = "network"', 'remote = "off"'))
    good(install(checkout, "--root", root))
    assert not drop_in.exists()


def test_after_an_upgrade_of_python_the_program_is_built_anew(checkout, root):
    good(install(checkout, "--root", root, "--remote"))
    current = (root / "opt/longtake/current").resolve()
    (current / "lib").rename(current / "lib-of-another-python")
    result = install(current / "src", "--root", root, "--check")
    assert "the web page is on" in result.stdout
    good(install(current / "src", "--root", root))
    assert settings(root)["remote"] == "network"
    assert (root / "etc/systemd/system/longtake.service.d/remote.conf").exists()
    assert (root / "opt/longtake/current").resolve() != current


def test_settings_that_cannot_be_read_leave_the_web_page_as_it_is(checkout, root):
    good(install(checkout, "--root", root, "--remote"))
    config = root / "etc/longtake/player.toml"
    config.write_text(config.read_text() + "intervall = 3\n")
    good(install(checkout, "--root", root))
    assert (root / "etc/systemd/system/longtake.service.d/remote.conf").exists()


def test_uninstalled_only_the_films_the_settings_and_the_place_are_left(checkout, root):
    good(install(checkout, "--root", root, "--remote"))
    films = root / "var/lib/longtake/films"
    films.mkdir(parents=True)
    (films / "a.reel").write_bytes(b"a film")
    (films.parent / "progress.json").write_text("{}")
    out = good(install(root / "opt/longtake/current/src", "--root", root, "--uninstall"))
    assert "Kept" in out
    assert {name for name, data in tree(root).items() if data is not None} == {
        "etc/longtake/player.toml",
        "var/lib/longtake/films/a.reel",
        "var/lib/longtake/progress.json",
    }


def test_after_an_uninstall_the_check_says_just_that(checkout, root):
    good(install(checkout, "--root", root, "--vcom=-1.53"))
    good(install(checkout, "--root", root, "--uninstall"))
    result = install(checkout, "--root", root, "--check")
    assert result.returncode == 1
    assert "NO the program is not installed here, only its settings are" in result.stdout
    assert result.stdout.splitlines()[-1] == "1 to fix"


def test_a_dry_run_of_an_uninstall_removes_nothing_and_does_not_say_so(checkout, root):
    good(install(checkout, "--root", root))
    before = tree(root)
    out = good(install(checkout, "--root", root, "--uninstall", "--dry-run"))
    assert tree(root) == before
    assert "Nothing was removed" in out
    assert "\nremoved" not in out
    assert f"would run: rm -rf {root.resolve()}/opt/longtake" in out


def test_below_another_root_nothing_is_said_of_this_machine(checkout, root):
    out = good(install(checkout, "--root", root, "--dry-run"))
    assert "apt-get" not in out
    assert "board" not in out
    good(install(checkout, "--root", root, "--vcom=-1.53"))
    out = install(checkout, "--root", root, "--check").stdout
    assert "only files are looked at" in out
    for word in ("the service", "SPI", "the user", "missing for Python"):
        assert word not in out.replace("users, service and panel", "")
    out = good(install(checkout, "--root", root, "--uninstall"))
    assert "userdel" not in out
    assert "rm -r /var/lib" not in out


@pytest.mark.parametrize(
    ("code", "journal", "line"),
    [
        (
            1,
            "frame 1\nplayer: films is not a directory; make it\n",
            "does not start: films is not a directory; make it",
        ),
        (1, "", "does not start: it ended at once"),
        (124, "player: old\n", "no picture within 90 s; it may still come"),
        (0, "player: old\n", None),
    ],
)
def test_why_the_service_does_not_start_is_said_at_once(checkout, tmp_path, code, journal, line):
    stub(tmp_path / "stubs", "systemctl", f"exit {code}")
    stub(tmp_path / "stubs", "journalctl", f"printf '{journal}'")
    script = (
        'problem() { echo "problem: $*"; }; run() { "$@"; }; dry=; . "$1/systemd/install.d/system.sh"; start'
    )
    out = subprocess.run(
        ["sh", "-euc", script, "sh", checkout], capture_output=True, text=True, check=True,
        env={"PATH": f"{tmp_path / 'stubs'}:{os.environ['PATH']}"},
    ).stdout  # fmt: skip
    assert (line in out) if line else out == ""
    assert out.count("\n") == (1 if line else 0)


@pytest.mark.parametrize(("has", "line"), [("true", "VCOM is not set"), ("false", "SPI is not on yet")])
def test_only_a_panel_that_has_a_vcom_waits_for_it(checkout, has, line):
    script = (
        'run() { :; }; booted() { :; }; say() { echo "$*"; }; dry=; export=; setting() { echo null; }; '
        f'has_vcom() {{ {has}; }}; . "$1/systemd/install.d/system.sh"; frame_by_frame() {{ false; }}; service'
    )
    out = subprocess.run(
        ["sh", "-euc", script, "sh", checkout], capture_output=True, text=True, check=True
    ).stdout
    assert out == f"service: not started, because {line}\n"


def test_another_program_of_the_same_name_is_left_alone(checkout, root):
    other = root / "usr/local/bin/player"
    other.parent.mkdir(parents=True)
    other.write_text("mine")
    result = install(checkout, "--root", root)
    assert result.returncode == 1
    assert "another program" in result.stdout
    assert other.read_text() == "mine"
    good(install(checkout, "--root", root, "--uninstall"))
    assert other.read_text() == "mine"


def answering(checkout, root, answers):
    """The installer at a terminal on which `answers` are typed."""
    terminal, inside = pty.openpty()
    os.write(terminal, answers)
    try:
        return subprocess.run(
            [checkout / "systemd" / "install", "--root", root],
            stdin=inside, capture_output=True, text=True, timeout=100,
        )  # fmt: skip
    finally:
        os.close(terminal)
        os.close(inside)


def test_a_person_is_asked_for_the_vcom_until_it_can_be_right(checkout, root):
    result = answering(checkout, root, b"\n1.53\n-1.53\n")
    out = good(result)
    assert out.count("VCOM of your panel") == 2
    assert "vcom is 1.53; it must be a number -3 to -0.5 volts" in result.stderr
    assert settings(root)["vcom"] == -1.53
    assert settings(root)["panel"] == "waveshare-6-hd"
    assert "Which panel" not in good(answering(checkout, root, b"2\n")), "it is known by now"


def test_a_person_chooses_a_panel_without_vcom(checkout, root):
    result = answering(checkout, root, b"lcd\n99\n2\n")
    out = good(result)
    assert " 2 waveshare-7.5-v2 UC8179\n" in out
    assert "panel is 'lcd'; it must be waveshare-6-hd or" in result.stderr
    assert "VCOM" not in out
    assert settings(root)["panel"] == "waveshare-7.5-v2"
    assert "Which panel" not in good(answering(checkout, root, b"1\n"))
    assert "waveshare-7.5-v2 has no VCOM to set" in install(checkout, "--root", root, "--vcom=-1.5").stderr


def test_panel_and_vcom_may_be_named(checkout, root):
    good(install(checkout, "--root", root, "--panel", "waveshare-5.83-v2"))
    assert settings(root)["panel"] == "waveshare-5.83-v2"
    good(install(checkout, "--root", root, "--panel=waveshare-6-hd", "--vcom=-1.5"))
    assert (settings(root)["panel"], settings(root)["vcom"]) == ("waveshare-6-hd", -1.5)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--vcom", "1.53"], "vcom is 1.53; it must be a number -3 to -0.5 volts"),
        (["--vcom", "much"], "vcom is 'much'"),
        (["--vcom", "-1,53"], "write -1.53"),
        (["--vcom=-1.53V"], "write -1.53"),
        (["--vcom", "1,53"], "write -1.53"),
        (["--vcom"], "--vcom needs a value"),
        (["--panel", "lcd"], "panel is 'lcd'; it must be waveshare-6-hd or"),
        (["--panel", "waveshare-7.5-v2", "--vcom", "-1.5"], "waveshare-7.5-v2 has no VCOM to set"),
        (["--wizard"], "--wizard is no option"),
        (["--root", "/nonexistent"], "is not a directory"),
    ],
)
def test_a_wrong_call_is_one_line_and_changes_nothing(checkout, root, words, line):
    if "--root" not in words:
        words = ["--root", root, *words]
    result = install(checkout, *words)
    assert result.returncode == 2
    assert line in result.stderr
    assert result.stderr.count("\n") == 1
    assert not tree(root)


def test_without_root_it_refuses_in_one_line(checkout):
    result = install(checkout, user=NOBODY) if os.geteuid() == 0 else install(checkout)
    assert result.returncode == 2
    assert result.stderr.startswith("install: this changes the system: sudo ")
    assert result.stderr.count("\n") == 1


def stub(directory, name, text):
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_text(f"#!/bin/sh\n{text}\n")
    (directory / name).chmod(0o755)


@pytest.fixture
def board(root, tmp_path):
    """board(model, kernel, installed=..., offered=...): a machine for a dry run; gives the PATH."""

    def make(model, kernel, installed="", offered="python3-rpi.gpio python3-rpi-lgpio"):
        (root / "proc/device-tree").mkdir(parents=True)
        (root / "proc/device-tree/model").write_bytes(model.encode() + b"\0")
        (root / "etc").mkdir()
        (root / "etc/os-release").write_text("VERSION_CODENAME=bookworm\n")
        stubs = tmp_path / "stubs"
        stub(stubs, "uname", f"echo {kernel}")
        stub(stubs, "apt-get", "exit 99")
        stub(stubs, "dpkg-query", f'case " {installed} " in *" $4 "*) printf installed ;; *) exit 1 ;; esac')
        stub(
            stubs,
            "apt-cache",
            f'case " {offered} " in *" $2 "*) echo "  Candidate: 9" ;; *) echo "  Candidate: (none)" ;; esac',
        )
        stub(stubs, "dpkg", "exit 0")  # --compare-versions 9 ge ...
        return f"{stubs}:{os.environ['PATH']}"

    return make


@pytest.mark.parametrize(
    ("model", "kernel", "installed", "offered", "expected"),
    [
        ("Raspberry Pi 5 Model B Rev 1.0", "6.1.0", "python3-rpi.gpio", "both", "python3-rpi-lgpio"),
        ("Raspberry Pi Compute Module 5", "6.12.1", "", "both", "python3-rpi-lgpio"),
        ("Raspberry Pi Zero Rev 1.3", "6.1.21+", "", "both", "python3-rpi.gpio"),
        ("Raspberry Pi Zero W", "6.6.31+rpt-rpi-v6", "", "both", "python3-rpi-lgpio"),
        ("Raspberry Pi 4 Model B", "6.12.25", "python3-rpi.gpio", "both", "python3-rpi.gpio"),
        ("Raspberry Pi 4 Model B", "5.10.103-v7+", "python3-rpi-lgpio", "both", "python3-rpi-lgpio"),
        ("Raspberry Pi 3 Model B", "7.0.1", "", "python3-rpi.gpio", "python3-rpi.gpio"),
        ("Raspberry Pi 5 Model B", "6.12.1", "", "python3-rpi.gpio", "PyPI"),
    ],
)
def test_the_library_for_the_pins_follows_the_board(
    checkout, root, board, model, kernel, installed, offered, expected
):
    if offered == "both":
        offered = "python3-rpi.gpio python3-rpi-lgpio"
    path = board(model, kernel, installed, f"python3-numpy python3-pil {offered}")
    before = tree(root)
    out = good(install(checkout, "--root", root, "--dry-run", path=path))
    assert tree(root) == before
    library = "python3-rpi-lgpio" if expected == "PyPI" else expected
    assert f"pins by {library}" in out
    (apt,) = [line for line in out.splitlines() if "apt-get install" in line]
    assert (library in apt.split()) == (expected != "PyPI" and library != installed)
    assert ("would take from PyPI, as Debian does not have it: rpi-lgpio" in out) == (expected == "PyPI")


def test_what_is_no_raspberry_pi_gets_no_library_for_pins(checkout, root, board):
    out = good(install(checkout, "--root", root, "--dry-run", path=board("", "6.12.1")))
    assert "not a Raspberry Pi (bookworm)" in out
    assert "GPIO" not in out
    assert "gpio" not in out


def test_a_dry_run_names_everything_and_does_nothing(checkout, root, board):
    everything = "python3-rpi-lgpio python3-bottle python3-segno python3-waitress"
    path = board("Raspberry Pi 5", "6.12.1", offered=everything)
    before = tree(root)
    out = good(install(checkout, "--root", root, "--dry-run", "--remote", "--vcom", "-2.1", path=path))
    assert tree(root) == before
    # apt goes on after a power cut only when dpkg has.
    assert 0 < out.index("dpkg --configure -a") < out.index("apt-get install")
    for package in ("python3-venv", "python3-numpy", "python3-pil", "python3-spidev", *everything.split()):
        assert package in out
    assert "PyPI" not in out
    for line in (
        "would build: ", "longtake.service", "longtake.timer", "60-longtake.rules", "player.toml",
        "set vcom -2.1", "set remote network", "remote.conf",
    ):  # fmt: skip
        assert line in out


def test_a_dry_run_on_a_debian_without_systemd_finds_nothing_to_fix(checkout, board, tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    for program in Path("/usr/bin").iterdir():
        if program.name != "systemctl":
            (programs / program.name).symlink_to(program)
    stubs, _, _ = board("", "6.12.1").partition(":")
    out = good(install(checkout, "--dry-run", path=f"{stubs}:{programs}"))
    assert "systemd python3-venv" in out  # it would be installed
    assert "To fix" not in out


def test_debian_s_libraries_for_the_web_page_may_be_too_old(checkout, root, board, tmp_path):
    path = board(
        "Raspberry Pi 4", "6.1.1", offered="python3-rpi.gpio python3-bottle python3-segno python3-waitress"
    )
    stub(tmp_path / "stubs", "dpkg", '[ "$4" = 0 ]')
    out = good(install(checkout, "--root", root, "--dry-run", "--remote", path=path))
    assert "from PyPI, as Debian does not have it: bottle>=" in out
    assert "python3-bottle" not in out


@pytest.mark.parametrize("extra", ["remote", "mqtt", "export"])
def test_the_libraries_are_those_of_the_extra(extra):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {library.split(",")[0] for library in extras[extra]}
    lines = re.findall(r"need ([a-z].*:\d.*)", (ROOT / "systemd/install.d/packages.sh").read_text())
    found = [set(line.replace(":", ">=").split()) for line in lines]
    # Pillow is the player's own, and OpenCV is taken from PyPI.
    assert wanted - {"pillow>=10.1", "opencv-python-headless>=4.11"} in found


def test_the_script_is_clean(checkout):
    for part in ("install", *(path.relative_to(checkout / "systemd") for path in checkout.rglob("*.sh"))):
        subprocess.run(["sh", "-n", checkout / "systemd" / part], check=True)
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("needs shellcheck")
    words = [shellcheck, "--external-sources", "systemd/install"]
    result = subprocess.run(words, capture_output=True, text=True, cwd=checkout)
    assert result.stdout == ""


def test_the_card_that_installs_itself_tries_until_it_has_succeeded(checkout, root, tmp_path):
    """docs/cloud-init.yaml: its script, run at each boot, installs a release as `git archive` makes it."""
    script = textwrap.dedent((ROOT / "docs/cloud-init.yaml").read_text().split("content: |\n")[1])
    (words,) = re.findall(r"systemd/install (--.*) </dev/null", script)
    boot, put, log = tmp_path / "boot", tmp_path / "put", tmp_path / "log"
    stub(boot / "longtake/systemd", "install", f'echo "$@" >>{log}; [ -e {tmp_path}/network ]')
    subprocess.run(["tar", "-czf", "longtake.tar.gz", "longtake"], cwd=boot, check=True)
    for path, other in {"/boot/firmware /boot": boot, "/usr/local/src": put, "/var/log": tmp_path}.items():
        script = script.replace(path, str(other))
    stub(tmp_path / "stubs", "shutdown", f"echo restart >>{log}")
    environment = {"PATH": f"{tmp_path / 'stubs'}:{os.environ['PATH']}"}

    def start():
        return subprocess.run(["sh", "-c", script], env=environment, timeout=60).returncode

    assert start() == 1
    (tmp_path / "network").touch()
    assert start() == start() == 0
    assert log.read_text().splitlines() == [words, words, "restart"]
    good(install(checkout, "--root", root, *words.split()))


def test_the_help_tells_every_option(checkout):
    text = (checkout / "systemd" / "install").read_text()
    out = good(install(checkout, "--help"))
    for option in ("--panel", "--vcom", "--remote", "--check", "--uninstall", "--dry-run", "--root"):
        assert option in out
        assert f"{option})" in text or f"{option} |" in text
