"""Every fault that the simulator can show, and those of disk, films and clock, under `player run`."""

import errno
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from fault_world import HEIGHT, WIDTH, Died, Machine, frames

from player import files
from player.pictures import png
from player.playback import loop as playback
from player.progress import read
from player.reel import reader

ROOT = Path(__file__).parents[3]
FRAMES = 8


@pytest.fixture
def dithers(make_film):
    return make_film(FRAMES, flips=0.03, width=WIDTH, height=HEIGHT)


@pytest.fixture
def reel(make_reel, dithers):
    return make_reel(dithers)


@pytest.fixture
def machine(tmp_path, monkeypatch, capsys):
    return Machine(tmp_path, monkeypatch, capsys)


@pytest.fixture
def check_end(machine, dithers):
    """check_end(lines): every frame was shown once, the last one stands, and the panel sleeps."""

    def check(lines, *, first=0):
        assert [number for number, _ in frames(lines)] == list(range(first, FRAMES))
        assert (machine.wire.shown() == dithers[-1]).all()
        assert machine.wire.asleep
        kept = read(machine.sim / "progress.json")
        assert (kept.frame, kept.showing) == (FRAMES - 1, None)

    return check


def one_line(error):
    assert error.startswith("player: ")
    assert error.count("\n") == 1
    return error


# The controller.


def hrdy(wire):
    wire.faults.hrdy_stuck = True


def engine(wire):
    wire.faults.lut_stuck = True


def transfer(wire):
    wire.faults.spi_error_after = 150


@pytest.mark.parametrize("fault", [hrdy, engine, transfer])
@pytest.mark.parametrize("when", [0, 1, 4])
def test_a_fault_that_a_reset_cures_costs_one_redraw(machine, reel, check_end, fault, when):
    machine.wire.faults.reset_cures = True
    machine.wire.at = {when: fault}
    code, lines, error = machine.player(reel)
    assert (code, error) == (0, "")
    check_end(lines)
    assert machine.wire.resets == 2, "at the start, and once"
    assert sum("resetting it (1 of at most 3 within an hour)" in line for line in lines) == 1
    redrawn = [number for number, done in frames(lines) if done == "redraw"]
    assert len(redrawn) == 2 or (when == 0 and redrawn == [0])
    assert machine.wire.updates().count(2) <= 3


@pytest.mark.parametrize("fault", [hrdy, engine])
def test_a_fault_that_stays_ends_the_player_with_one_line_and_the_place(machine, reel, check_end, fault):
    machine.wire.at = {3: fault}
    code, lines, error = machine.player(reel)
    assert code == 2
    assert "check" in one_line(error), "a hint"
    assert machine.wire.resets <= 1 + 2 * 3 + 1, "the start, three attempts, and the way to sleep"
    assert machine.wire.updates().count(2) <= 3
    if fault is engine:
        assert machine.wire.asleep, "it hears SLEEP though it says it is busy"
    kept = read(machine.sim / "progress.json")
    assert (kept.frame, kept.showing) == (2, 3)
    machine.wire.faults.hrdy_stuck = machine.wire.faults.lut_stuck = False
    code, lines, error = machine.player(reel)
    assert (code, error) == (0, "")
    check_end(lines, first=3)


def test_faults_that_come_back_are_not_followed_by_redraw_after_redraw(machine, reel):
    """A controller that hangs at every second update: three resets, then the end."""
    machine.wire.faults.reset_cures = True
    machine.wire.at = dict.fromkeys(range(1, 40, 2), hrdy)
    code, lines, error = machine.player(reel)
    assert code == 2
    one_line(error)
    assert machine.wire.updates().count(2) <= 1 + 3 + 1
    assert sum("resetting it" in line for line in lines) <= 3


@pytest.mark.parametrize(
    ("info", "said"), [("zeros", "all 0000"), ("ones", "all FFFF"), ("garbage", "garbage")]
)
def test_garbage_for_device_info(machine, reel, info, said):
    """At the start, and after a reset in the middle."""
    machine.wire.faults.info = info
    code, _, error = machine.player(reel)
    assert code == 2
    assert said in one_line(error)
    assert machine.wire.updates() == []
    assert machine.wire.asleep
    machine.wire.faults.info = "true"
    machine.wire.faults.reset_cures = True

    def both(wire):
        wire.faults.info = info
        wire.faults.hrdy_stuck = True

    machine.wire.at = {2: both}
    code, _, error = machine.player(reel)
    assert code == 2
    assert said in one_line(error)
    assert machine.wire.asleep
    assert read(machine.sim / "progress.json").showing == 2


def test_a_wrong_vcom_draws_nothing(machine, reel, check_end):
    machine.wire.faults.vcom_readback = 2800
    code, _, error = machine.player(reel)
    assert code == 2
    assert "VCOM of -2.800 V after -1.500 V" in one_line(error)
    assert machine.wire.updates() == []
    assert machine.wire.asleep
    machine.wire.faults.vcom_readback = None
    assert machine.player(reel)[0] == 0


# Power.


@pytest.mark.parametrize("after", [0, 30, 150, 500, 900])
def test_power_cut_inside_a_transfer(machine, reel, check_end, after):
    def cut(wire):
        wire.faults.power_cut_after = after

    machine.wire.at = {3: cut}
    with pytest.raises(Died):
        machine.player(reel)
    kept = read(machine.sim / "progress.json")
    assert 3 <= (kept.frame if kept.showing is None else kept.showing) <= 4
    machine.wire.dead = False
    code, lines, error = machine.player(reel)
    assert (code, error) == (0, "")
    shown = [number for number, _ in frames(lines)]
    assert shown[0] in (3, 4)
    check_end(lines, first=shown[0])


@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize("nth", range(0, 12, 2))
def test_power_cut_inside_a_write_of_the_place(machine, reel, check_end, monkeypatch, nth, half):
    """Before the rename with half of the file written, and right after it."""
    count = iter(range(1000))
    replace = Path.replace

    def cut(path, target):
        if Path(target).name == "progress.json" and next(count) == nth:
            if half:
                path.write_bytes(path.read_bytes()[:20])
            else:
                replace(path, target)
            machine.wire.dead = True
            raise Died
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", cut)
    with pytest.raises(Died):
        machine.player(reel)
    machine.wire.dead = False
    on_glass = nth // 2 - (nth % 2 == 0)  # confirmed before the cut
    code, lines, error = machine.player(reel)
    assert (code, error) == (0, "")
    shown = [number for number, _ in frames(lines)]
    assert shown[0] in (max(on_glass, 0), on_glass + 1)
    check_end(lines, first=shown[0])


# Files.


def spoil(reel, *numbers):
    with sqlite3.connect(reel) as database:
        for number in numbers:
            database.execute("UPDATE frames SET payload = zeroblob(10) WHERE number = ?", (number,))
    database.close()


def test_a_corrupt_frame_in_the_middle_is_passed_over(machine, make_reel, dithers):
    reel = make_reel(dithers, cuts=(6,))
    spoil(reel, 4)
    code, lines, error = machine.player(reel)
    assert (code, error) == (0, "")
    assert [number for number, _ in frames(lines)] == [0, 1, 2, 3, 6, 7]
    assert sum("frame 5 is damaged" in line and "go on at frame 7" in line for line in lines) == 1
    assert machine.wire.asleep


def test_a_reel_that_cannot_be_read_from_the_middle_on(machine, make_reel, make_film):
    """The file is cut short while it plays: what can be shown is, and the player ends with a line."""
    reel = make_reel(make_film(60, flips=0.3, width=WIDTH, height=HEIGHT))
    size = reel.stat().st_size
    machine.wire.at = {5: lambda wire: os.truncate(reel, size // 2)}
    code, lines, error = machine.player(reel)
    numbers = [number for number, _ in frames(lines)]
    assert numbers == sorted(set(numbers))
    assert numbers[:6] == [0, 1, 2, 3, 4, 5]
    assert numbers[-1] < 59
    assert code == 0 or one_line(error)
    assert any("damaged" in line for line in lines) or "damaged" in error
    assert machine.wire.asleep
    code, lines, error = machine.player(reel)
    assert code == 2
    assert "is truncated" in one_line(error)


class Unplugged:
    """A connection to a reel on a stick that is pulled out at times: then its path is gone too."""

    def __init__(self, connection, path):
        self.connection, self.path = connection, path

    def execute(self, *arguments):
        if not self.path.exists():
            raise sqlite3.OperationalError("disk I/O error")
        return self.connection.execute(*arguments)

    def __getattr__(self, name):
        return getattr(self.connection, name)


def test_films_unmounted_and_back(machine, dithers, make_reel, check_end, monkeypatch, tmp_path):
    """A card meanwhile, no redraw in a loop, and the film goes on where it was."""
    films, away = tmp_path / "films", tmp_path / "away"
    films.mkdir()
    make_reel(dithers, "films/film.reel")
    connect = reader.connect
    monkeypatch.setattr(reader, "connect", lambda path, mode: Unplugged(connect(path, mode), path))
    monkeypatch.setattr(playback, "POLL", 0.02)
    monkeypatch.setattr(playback, "LONGEST_WAIT", 0.02)
    back = threading.Timer(0.5, lambda: away.rename(films))

    def unmount(wire):
        films.rename(away)
        back.start()

    machine.wire.at = {3: unmount}
    code, lines, error = machine.player(films, "--wait-for-films", "--count", FRAMES)
    back.join()
    assert sum("a card on the panel: no film is found" in line for line in lines) == 1
    assert machine.wire.updates().count(2) <= 4
    assert machine.wire.asleep
    assert (code, error) == (0, "")
    check_end(lines)
    assert sum("films found" in line for line in lines) == 1


def test_a_full_disk_does_not_end_the_film(machine, reel, check_end, monkeypatch):
    """Neither the first time nor later; once there is space again the place is kept again."""
    fsync, writes = os.fsync, []

    def fsync_or_full(descriptor):
        name = os.readlink(f"/proc/self/fd/{descriptor}")
        if "progress.json" in name:
            writes.append(name)
            if 4 <= len(writes) < 9:
                raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(files.os, "fsync", fsync_or_full)
    code, lines, error = machine.player(reel)
    assert (code, error) == (0, "")
    check_end(lines)
    said = [line for line in lines if "no space left" in line]
    assert len(said) == 1
    assert "a restart would go back" in said[0]
    assert [path.name for path in machine.sim.iterdir() if path.suffix == ".tmp"] == []


def test_a_disk_that_is_full_or_read_only_at_a_start_stops_no_film_that_ran_before(
    machine, reel, check_end, monkeypatch
):
    assert machine.player(reel, "--count", 3)[0] == 0
    with monkeypatch.context() as broken:
        broken.setattr(files.os, "fsync", lambda descriptor: read_only())
        broken.setattr(png, "save_glass", lambda path, glass: None)
        code, lines, error = machine.player(reel)
    assert (code, error) == (0, "")
    assert [number for number, _ in frames(lines)] == list(range(3, FRAMES))
    assert sum("read-only file system" in line and "restart would go back" in line for line in lines) == 1
    code, lines, error = machine.player(reel)
    assert (code, error) == (0, "")
    check_end(lines, first=3)


def read_only():
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


@pytest.mark.parametrize("error", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_a_place_that_can_never_be_kept_ends_before_the_glass_is_touched(machine, reel, monkeypatch, error):
    def refuse(path, mode="r", *rest, **more):
        if "progress" in path.name and "w" in mode:
            raise OSError(error, os.strerror(error))
        return open_(path, mode, *rest, **more)

    open_ = Path.open
    monkeypatch.setattr(Path, "open", refuse)
    code, _, said = machine.player(reel)
    assert code == 2
    assert os.strerror(error).lower() in one_line(said)
    assert machine.wire.updates() == []
    assert machine.wire.asleep


# Time.


@pytest.mark.parametrize("years", [-50, -20, 20, 60])
def test_a_clock_that_steps_by_years_moves_no_frame(machine, reel, check_end, monkeypatch, years):
    offset = [0.0]
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + offset[0])
    machine.wire.at = {3: lambda wire: offset.__setitem__(0, years * 365.25 * 86400)}
    code, lines, error = machine.player(reel, "--count", 5, "--interval", 0.01)
    assert (code, error) == (0, "")
    offset[0] *= -0.3
    begun = time.monotonic()
    code, more, error = machine.player(reel, "--interval", 0.01)
    assert (code, error) == (0, "")
    assert time.monotonic() - begun < 5
    numbers = [number for number, _ in frames(lines)]
    assert numbers == [0, 1, 2, 3, 4]
    assert any("the clock was set" in line for line in lines)
    shown = [number for number, _ in frames(more)]
    assert shown[0] in (4, 5)
    check_end(more, first=shown[0])


def test_a_time_zone_that_changes_moves_the_quiet_hours_and_no_frame(machine, reel, check_end, monkeypatch):
    """22:13 in Greenwich is 11:13 in Auckland: there it is quiet, until the zone is put back."""
    monkeypatch.setattr(time, "time", lambda: 1.7e9)
    monkeypatch.setattr(playback, "LONGEST_WAIT", 0.02)
    monkeypatch.setenv("TZ", "UTC0")
    back = threading.Timer(0.3, lambda: os.environ.__setitem__("TZ", "UTC0"))

    def fly(wire):
        os.environ["TZ"] = "NZDT-13"
        back.start()

    machine.wire.at = {3: fly}
    begun = time.monotonic()
    code, lines, error = machine.player(reel, "--quiet", "11:00-12:00", "--interval", 0.001)
    back.join()
    monkeypatch.undo()
    time.tzset()
    assert (code, error) == (0, "")
    assert time.monotonic() - begun > 0.3
    check_end(lines)
    assert sum(line.startswith("quiet until") for line in lines) == 1


# Two players.


def test_two_players_on_one_panel(tmp_path, reel):
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "player", "run", str(reel), "--simulated", str(tmp_path / "sim")]
    first = subprocess.Popen(
        [*command, "--interval", "1000"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        while "frame 1 of" not in first.stdout.readline():
            assert first.poll() is None
        second = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert second.returncode == 2
        assert f"another player (process {first.pid}) is using this panel" in one_line(second.stderr)
        assert "frame" not in second.stdout
        assert first.poll() is None
    finally:
        first.kill()
        first.communicate()
    third = subprocess.run(
        [*command, "--count", "1"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert third.returncode == 0, third.stderr
    assert json.loads((tmp_path / "sim" / "progress.json").read_text())["frame"] is not None
