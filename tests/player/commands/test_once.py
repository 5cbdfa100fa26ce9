"""`player run --once`: a frame a run, with and without power in between, on a panel that outlives them."""

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from fault_world import HEIGHT, WIDTH, FaultyWire, frames

import driver.it8951.panel
import driver.uc8179.panel
from driver.simulator.uc8179 import SimulatedWire
from player.__main__ import main
from player.progress import ProgressStore, read

FRAMES = 6


class Battery:
    """A real panel, as far as the player knows: a wire where SPI would be."""

    def __init__(self, tmp_path, monkeypatch, capsys):
        self.wire = FaultyWire()
        self.state = tmp_path / "state" / "progress.json"
        self.capsys = capsys
        self.opened = 0
        self.wire.close = lambda: None
        monkeypatch.setattr(driver.it8951.panel, "SpiWire", self.open)
        monkeypatch.setattr(driver.it8951.panel.time, "sleep", self.wire.sleep)
        monkeypatch.setattr(driver.it8951.panel.time, "monotonic", self.wire.clock)

    def open(self, settings):
        self.opened += 1
        return self.wire

    def wake(self, reel, *options):
        """One run: exit code, its lines, its error, and the waveforms it drew with (1 DU, 2 GC16)."""
        self.capsys.readouterr()
        before = len(self.wire.updates())
        arguments = ["run", str(reel), "--once", "--vcom", "-1.5", "--state", str(self.state)]
        code = main([*arguments, *map(str, options)])
        out, error = self.capsys.readouterr()
        return code, out.splitlines(), error, self.wire.updates()[before:]


@pytest.fixture
def battery(tmp_path, monkeypatch, capsys):
    return Battery(tmp_path, monkeypatch, capsys)


@pytest.fixture
def dithers(make_film):
    return make_film(FRAMES, flips=0.01, width=WIDTH, height=HEIGHT)


@pytest.fixture
def reel(make_reel, dithers):
    return make_reel(dithers)


def shows(battery, dither):
    return (battery.wire.shown() == dither).all()


def test_every_run_shows_the_next_frame_by_a_redraw_and_sleeps(battery, reel, dithers):
    for number, dither in enumerate(dithers):
        code, lines, error, updates = battery.wake(reel, "--interval", 1000)
        assert (code, error) == (0, "")
        assert frames(lines) == [(number, "redraw")]
        assert updates == [2]
        assert shows(battery, dither)
        assert battery.wire.asleep
        battery.wire.power_cut()
    kept = read(battery.state)
    assert (kept.frame, kept.showing, kept.redraws) == (FRAMES - 1, None, FRAMES)


def test_with_power_the_partial_updates_go_on(battery, reel, dithers):
    resets = []
    for number, dither in enumerate(dithers):
        code, lines, error, updates = battery.wake(reel, "--keeps-power")
        assert (code, error) == (0, "")
        assert frames(lines) == [(number, "partial update" if number else "redraw")]
        assert updates == [1 if number else 2]
        assert shows(battery, dither)
        assert battery.wire.asleep
        resets.append(battery.wire.resets)
    assert resets == [1] * FRAMES, "a reset would lose the image memory"


def test_the_redraw_rule_counts_over_the_runs(battery, make_reel, make_film):
    """As in one run without a pause: the same frames are redrawn."""
    reel = make_reel(make_film(20, flips=0.03, width=WIDTH, height=HEIGHT))
    rule = ["--cooldown", 4, "--threshold", 0.05]
    done = [frames(battery.wake(reel, "--keeps-power", *rule)[1])[0] for _ in range(20)]
    battery.capsys.readouterr()
    sim = battery.state.parent / "sim"
    assert main(["run", str(reel), "--simulated", str(sim), *map(str, rule)]) == 0
    assert done == frames(battery.capsys.readouterr()[0].splitlines())
    assert 3 <= sum(what == "redraw" for _, what in done) <= 6


def test_a_day_after_the_last_redraw_comes_one(battery, reel):
    battery.wake(reel, "--keeps-power")
    battery.wake(reel, "--keeps-power")
    store = ProgressStore(battery.state, print)
    store.save(replace(store.load(), redrawn_at=store.load().redrawn_at - 25 * 3600))
    _, lines, _, updates = battery.wake(reel, "--keeps-power")
    assert updates == [2]
    assert "redraw (daily)" in lines[0]


@pytest.mark.parametrize("caption", ["", "frame"])
def test_what_is_not_known_to_be_on_the_glass_is_redrawn(battery, reel, make_reel, make_film, caption):
    """After a run that died while it drew; another reel at the same path; another caption."""
    options = ["--keeps-power", *(["--caption", caption] if caption else [])]
    battery.wake(reel, *options)
    store = ProgressStore(battery.state, print)
    store.save(replace(store.load(), showing=1))
    assert battery.wake(reel, *options)[3] == [2]
    assert battery.wake(reel, *options)[3] == [1]
    other = ["--keeps-power", *([] if caption else ["--caption", "frame"])]
    assert battery.wake(reel, *other)[3] == [2]
    assert battery.wake(reel, *other)[3] == [1]
    make_reel(make_film(FRAMES, seed=9, width=WIDTH, height=HEIGHT), "other.reel").replace(reel)
    assert battery.wake(reel, *other)[3] == [2]


def test_a_panel_that_does_not_go_on_is_reset_and_redrawn(battery, reel, dithers):
    battery.wake(reel, "--keeps-power")
    battery.wire.faults.hrdy_stuck = battery.wire.faults.reset_cures = True
    code, lines, _, updates = battery.wake(reel, "--keeps-power")
    assert code == 0
    assert "does not go on from where it was" in lines[0]
    assert updates == [2]
    assert shows(battery, dithers[1])
    assert battery.wire.asleep


def test_after_the_last_frame_nothing_is_drawn_and_loop_begins_anew(battery, reel, dithers):
    for _ in dithers:
        battery.wake(reel)
    code, lines, error, updates = battery.wake(reel)
    assert (code, error, updates) == (0, "", [])
    assert "all 6 frames have been shown" in lines[0]
    assert battery.wire.asleep
    code, _, error, updates = battery.wake(reel, "--wait-for-films")
    assert (code, error, updates) == (0, "", []), "a card would flash at every run"
    code, lines, error, updates = battery.wake(reel, "--end", "loop")
    assert (code, frames(lines)) == (0, [(0, "redraw")])


def test_a_pause_and_quiet_hours_hold_and_the_panel_is_not_woken(battery, reel, monkeypatch):
    battery.wake(reel)
    opened = battery.opened
    store = ProgressStore(battery.state, print)
    store.save(replace(store.load(), paused=True))
    code, lines, error, updates = battery.wake(reel)
    assert (code, error, updates) == (0, "", [])
    assert lines[0].startswith("paused")
    store.save(replace(store.load(), paused=False))
    monkeypatch.setattr(time, "time", lambda: 1.7e9)  # in no time zone 23:59
    _, lines, _, updates = battery.wake(reel, "--quiet", "00:00-23:59")
    assert (lines, updates) == (["quiet hours: nothing is shown"], [])
    assert battery.opened == opened
    assert frames(battery.wake(reel)[1]) == [(1, "redraw")]


def test_start_goes_there(battery, reel, dithers):
    battery.wake(reel, "--keeps-power")
    _, lines, _, updates = battery.wake(reel, "--keeps-power", "--start", 5)
    assert frames(lines) == [(4, "redraw")]
    assert updates == [2]


def test_a_missing_film_is_one_line_and_the_panel_is_left_alone(battery, tmp_path):
    code, _, error, _ = battery.wake(tmp_path / "gone.reel", "--wait-for-films")
    assert code == 2
    assert error.count("\n") == 1
    assert "no such file" in error
    assert battery.opened == 0


def test_a_panel_that_is_told_what_is_on_the_glass_needs_no_power_between_runs(
    tmp_path, monkeypatch, capsys, make_film, make_reel
):
    wire = SimulatedWire(strict=True)
    monkeypatch.setattr(wire, "close", lambda: None)
    monkeypatch.setattr(driver.uc8179.panel, "SpiWire", lambda settings: wire)
    monkeypatch.setattr(driver.uc8179.panel, "time", SimpleNamespace(sleep=wire.sleep, monotonic=wire.clock))
    dithers = make_film(5, flips=0.01, width=800, height=480)
    reel, state = make_reel(dithers), str(tmp_path / "state")
    done = []
    for options in ((), (), (), ("--rotate", "180"), ("--rotate", "180")):
        wire.power_cut()
        assert (
            main(["run", str(reel), "--once", "--panel", "waveshare-7.5-v2", "--state", state, *options]) == 0
        )
        done += frames(capsys.readouterr().out.splitlines())
        shown = (wire.glass >= 128)[:: -1 if options else 1, :: -1 if options else 1]
        assert (shown == dithers[len(done) - 1]).all()
        assert wire.log[-1].name == "DSLP"
    assert done == list(enumerate(["redraw", "partial update", "partial update", "redraw", "partial update"]))


def test_a_panel_that_is_named_is_that_panel(tmp_path, capsys, make_film, make_reel):
    """Simulated ones are as large as the reel, but not when they are told which they are."""
    reel = str(make_reel(make_film(2, width=80, height=48)))
    for number, (panel, code) in enumerate(
        {(): 0, ("--panel", "waveshare-6-hd"): 2, ("--panel", "waveshare-7.5-v2"): 2}.items()
    ):
        state = str(tmp_path / f"state-{number}")
        simulated = ("--simulated", str(tmp_path / f"glass-{number}"))
        assert main(["run", reel, "--count", "1", "--state", state, *simulated, *panel]) == code
        assert code == 0 or "and the panel" in capsys.readouterr().err
