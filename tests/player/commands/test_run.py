"""`player run` as a process on the simulated panel: what it shows, signals, kill -9, and what it needs."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from player.progress import read

ROOT = Path(__file__).parents[3]


@pytest.fixture
def start(tmp_path):
    """start("run", ...) -> a process; stopped at the end of the test if it still runs."""
    processes = []
    ours = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}

    def run(*arguments, environment=None, program=("-m", "player")):
        process = subprocess.Popen(
            [sys.executable, *program, *map(str, arguments)],
            cwd=tmp_path,
            env={**ours, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.stdout.close()
        process.wait()


def finish(process):
    out, _ = process.communicate(timeout=60)
    return process.returncode, out


def until(process, text):
    """The lines up to the first that holds `text`."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError("".join(lines))


def dither_on(picture):
    """What a picture of the glass shows: ghosts and whites are above the middle, blacks below."""
    with Image.open(picture) as image:
        assert image.mode == "L"
        return (np.asarray(image) >= 128).astype(np.uint8)


def test_the_glass_shows_every_dither(start, tmp_path, make_film, make_reel):
    """Through driver and simulated controller, and read back from the picture of the glass."""
    dithers = make_film(25, flips=0.03, width=64, height=48)
    path = make_reel(dithers)
    process = start("run", path, "--simulated", tmp_path / "sim", "--interval", 0, "--cooldown", 5)
    code, out = finish(process)
    assert code == 0, out
    assert len(re.findall(r"^frame \d+ of 25 .*: redraw", out, re.M)) > 1
    pictures = sorted((tmp_path / "sim").glob("*.png"))
    assert [picture.name for picture in pictures] == [f"glass-{number:06}.png" for number in range(1, 26)]
    for picture, dither in zip(pictures, dithers, strict=True):
        assert (dither_on(picture) == dither).all()
    code, out = finish(start("status", "--simulated", tmp_path / "sim", "--json"))
    told = json.loads(out)
    assert (told["reel"], told["frame"], told["frames"]) == (str(path), 24, 25)


def test_several_reels_and_a_part_of_them(start, tmp_path, make_film, make_reel):
    for name in ("b.reel", "a.reel"):
        make_reel(make_film(3, width=64, height=48), name)
    sim = tmp_path / "sim"
    code, out = finish(
        start("run", tmp_path, "--simulated", sim, "--interval", 0, "--end", "next", "--count", 5)
    )
    assert code == 0, out
    assert sorted(str(picture.relative_to(sim)) for picture in sim.rglob("*.png")) == [
        *("a/glass-000001.png", "a/glass-000002.png", "a/glass-000003.png"),
        *("b/glass-000001.png", "b/glass-000002.png"),
    ]  # fmt: skip


def test_settings_reach_the_panel(start, tmp_path, make_film, make_reel):
    dithers = make_film(2, width=64, height=48)
    sim = tmp_path / "sim"
    options = ["--rotate", 180, "--mirror", "--bits", 4]
    code, out = finish(start("run", make_reel(dithers), "--simulated", sim, "--interval", 0, *options))
    assert code == 0, out
    assert (dither_on(sim / "glass-000002.png") == dithers[1][::-1]).all()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_a_long_wait_within_a_second(start, tmp_path, make_film, make_reel, number, code):
    path = make_reel(make_film(3, width=64, height=48))
    process = start("run", path, "--simulated", tmp_path / "sim", "--interval", 1000)
    until(process, "frame 1 of 3")
    begun = time.monotonic()
    process.send_signal(number)
    assert process.wait(timeout=10) == code
    assert time.monotonic() - begun < 1
    assert "Traceback" not in process.stdout.read()
    kept = read(tmp_path / "sim" / "progress.json")
    assert (kept.frame, kept.showing) == (0, None)


def test_sighup_reads_the_settings_again_without_a_redraw(start, tmp_path, make_film, make_reel):
    settings = tmp_path / "player.toml"
    path = make_reel(make_film(4, width=64, height=48))
    settings.write_text("interval = 1000")
    process = start("run", path, "--simulated", tmp_path / "sim", "--config", settings)
    until(process, "frame 1 of 4")
    settings.write_text("intervall = 1")
    process.send_signal(signal.SIGHUP)
    assert "the configuration stays as it was" in until(process, "did you mean interval?")[-1]
    settings.write_text("interval = 0")
    process.send_signal(signal.SIGHUP)
    code, out = finish(process)
    assert code == 0
    assert out.startswith("configuration read again; changed: interval\n")
    assert [line.split()[1] for line in out.splitlines()[1:4]] == ["2", "3", "4"]
    assert "redraw (" not in out


def test_sighup_opens_the_panel_anew_when_it_must(start, tmp_path, make_film, make_reel):
    settings = tmp_path / "player.toml"
    dithers = make_film(200, width=64, height=48)
    settings.write_text("interval = 0.1")
    options = ["--simulated", tmp_path / "sim", "--config", settings, "--start", 2]
    process = start("run", make_reel(dithers), *options)
    until(process, "frame 4 of 200")
    settings.write_text("interval = 1000\nmirror = true")
    process.send_signal(signal.SIGHUP)
    until(process, "configuration read again; the panel is opened anew")
    line = process.stdout.readline()
    assert "redraw (start)" in line
    number = int(line.split()[1]) - 1
    assert number >= 3, "--start is for the start"
    assert (dither_on(tmp_path / "sim" / f"glass-{number + 1:06}.png") == dithers[number][:, ::-1]).all()


def test_kill_9_again_and_again(start, tmp_path, make_film, make_reel):
    """At random instants, also while the player starts: the log of every run goes on with the same or the
    next frame, the place never goes back, and no lock stays behind.
    """
    rng = random.Random(4)
    path = make_reel(make_film(400, flips=0.02, width=64, height=48))
    place = tmp_path / "sim" / "progress.json"
    shown, kills = -1, 0
    for attempt in range(10):
        process = start("run", path, "--simulated", tmp_path / "sim", "--interval", 0.001)
        first = process.stdout.readline() if attempt % 3 or shown < 0 else ""
        time.sleep(rng.uniform(0, 0.15 if first else 0.5))
        process.send_signal(signal.SIGKILL)
        out = first + process.communicate()[0]
        assert "Traceback" not in out
        assert "another player" not in out
        if process.returncode != -signal.SIGKILL:
            break
        kills += 1
        numbers = [int(number) - 1 for number in re.findall(r"^frame (\d+) of 400 .*last redraw$", out, re.M)]
        for number in numbers:
            assert number in (shown, shown + 1)
            shown = number
        kept = read(place)
        assert kept.frame is not None
        assert kept.frame >= shown
        assert kept.showing in (None, kept.frame, kept.frame + 1)
        on_glass = kept.frame if kept.showing is None else kept.showing
        assert on_glass - shown <= 1, "shown and not yet in the log: one frame at most"
        shown = kept.frame
    assert kills >= 7
    assert shown > kills / 2


class Systemd:
    """The service manager's end of the socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(20)

    def until(self, last):
        """The datagrams up to the first that begins with `last`, without the status."""
        heard = []
        while not heard or not heard[-1].startswith(last):
            heard.append(self.socket.recv(4096).decode())
        return [line for line in heard if not line.startswith("STATUS")]


def test_systemd_hears_of_the_first_picture_of_a_reload_and_of_the_end(start, tmp_path, make_film, make_reel):
    systemd = Systemd(tmp_path / "notify")
    settings = tmp_path / "player.toml"
    settings.write_text("interval = 1000")
    path = make_reel(make_film(3, width=64, height=48))
    process = start(
        *("run", path, "--simulated", tmp_path / "sim", "--config", settings),
        environment={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"},
    )
    heard = systemd.until("READY")
    assert read(tmp_path / "sim" / "progress.json").frame == 0, "the picture stands"
    assert set(heard) == {"WATCHDOG=1", "READY=1", "WATCHDOG_USEC=90000000"}
    settings.write_text("interval = 900")
    process.send_signal(signal.SIGHUP)
    assert systemd.until("RELOADING")[-1].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert systemd.until("READY")[-1] == "READY=1"
    process.send_signal(signal.SIGTERM)
    assert systemd.until("STOPPING")[-1] == "STOPPING=1"
    assert process.wait(timeout=20) == 0
    systemd.socket.close()


IMPATIENT = """
import sys
from player import panel as panels
from player.__main__ import main
panels.longest_call = lambda config: 0.1  # else systemd would be asked for more time than this test has
sys.exit(main(sys.argv[1:]))
"""


def test_the_watchdog_is_fed_in_a_long_wait(start, tmp_path, make_film, make_reel):
    systemd = Systemd(tmp_path / "notify")
    start(
        *("run", make_reel(make_film(3)), "--simulated", tmp_path / "sim", "--interval", 1000),
        environment={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "600000"},
        program=("-c", IMPATIENT),
    )
    systemd.until("READY")
    begun = time.monotonic()
    for _ in range(4):
        assert systemd.until("WATCHDOG") == ["WATCHDOG=1"]
    assert 0.5 < time.monotonic() - begun < 10
    systemd.socket.close()


def test_without_the_libraries_of_the_web_page_one_line_says_what_to_install(tmp_path, make_film, make_reel):
    program = (
        "import sys\n"
        "sys.modules['waitress'] = sys.modules['bottle'] = sys.modules['segno'] = None\n"
        "from player.__main__ import main\n"
        "sys.exit(main(['run', sys.argv[1], '--simulated', sys.argv[2], '--remote', 'loopback']))"
    )
    path = make_reel(make_film(1))
    result = subprocess.run(
        [sys.executable, "-c", program, path, tmp_path / "sim"], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "longtake[remote]" in result.stderr
    assert not list((tmp_path / "sim").glob("*.png"))


def test_the_web_page_is_up_while_the_film_plays_and_moves_it(start, tmp_path, make_film, make_reel):
    """Only that the parts are joined; the page has tests of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = make_reel(make_film(5, width=64, height=48))
    options = ["--interval", 1000, "--remote", "loopback", "--remote-port", port]
    process = start("run", path, "--simulated", tmp_path / "sim", *options)
    until(process, "frame 1 of 5")
    url = f"http://127.0.0.1:{port}/api/"
    end = time.monotonic() + 10  # the page hears of the frame just after the log
    state = {"frame": None}
    while state["frame"] is None and time.monotonic() < end:
        state = json.load(urllib.request.urlopen(url + "status", timeout=10))
    assert state["frame"] == 0
    post = urllib.request.Request(url + "next", method="POST", headers={"Content-Type": "application/json"})
    urllib.request.urlopen(post, timeout=10).close()
    until(process, "frame 2 of 5")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url + "status", timeout=5)


ALONE = """
import importlib.abc, sys, sysconfig
allowed = {"numpy", "PIL", "player", "driver", "__main__", *sys.stdlib_module_names}
class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] not in allowed and not name.startswith("_"):
            raise ImportError(f"{name} is not on the device")
sys.meta_path.insert(0, Blocked())
try:
    import hypothesis
except ImportError:
    pass
else:
    sys.exit("nothing is blocked")
from player.__main__ import main
for arguments in (["run", sys.argv[1], "--simulated", sys.argv[2], "--interval", "0"], ["check", sys.argv[1]],
                  ["info", sys.argv[1]], ["frames", sys.argv[1], sys.argv[2]], ["config"],
                  ["status", "--simulated", sys.argv[2]]):
    if main(arguments):
        sys.exit(" ".join(arguments))
"""


def test_the_player_runs_on_the_standard_library_numpy_and_pillow_alone(tmp_path, make_film, make_reel):
    path = make_reel(make_film(3, width=64, height=48))
    result = subprocess.run(
        [sys.executable, "-c", ALONE, path, tmp_path / "sim"], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "sim" / "glass-000003.png").exists()


def test_pillow_and_the_simulator_are_not_loaded_for_a_panel(tmp_path, make_film, make_reel):
    """They cost memory on a small device. Opening fails here for want of SPI, in one line."""
    path = make_reel(make_film(1))
    program = (
        "import sys\nfrom player.__main__ import main\n"
        "code = main(['run', sys.argv[1], '--vcom', '-1.5', '--state', sys.argv[2]])\n"
        "heavy = ('PIL', 'driver.simulator.it8951', 'json.tool')\n"
        "print(code, [name for name in heavy if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, path, tmp_path / "state"], cwd=ROOT, capture_output=True, text=True
    )
    assert result.stdout == "2 []\n"
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("player: ")
    assert not (tmp_path / "state").exists(), "nothing was shown"


@pytest.mark.parametrize("command", ["info", "check"])
def test_an_output_that_cannot_be_written_is_one_line(tmp_path, make_film, make_reel, command):
    path = make_reel(make_film(1))
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "player", command, path],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert result.returncode == 2
    assert result.stderr == "player: cannot write the output: No space left on device\n"
