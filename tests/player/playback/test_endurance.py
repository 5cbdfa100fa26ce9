"""The simulated year of benchmarks/year.py, short and with faults close together."""

import importlib
import os
import tempfile
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
FRAMES = 250
MEAN_FRAMES = 25  # between two faults of a kind: about ten of each kind


@pytest.fixture
def year(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("year")


@pytest.fixture
def disk(tmp_path):
    """In memory where that can be: thousands of fsyncs wait for nothing there."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as directory:
        yield Path(directory)


def test_it_ends_on_the_right_frame_whatever_goes_wrong(year, disk):
    """Every frame in its turn and rightly on the glass, the panel asleep at every wait: see `year.World`."""
    world = year.World(disk, FRAMES, 3, dict.fromkeys(year.MEAN_FRAMES, MEAN_FRAMES))
    files = []
    year.live(world, lambda: files.append(len(os.listdir("/proc/self/fd"))))
    assert world.last == FRAMES - 1
    assert not world.unseen.any()
    assert set(year.MEAN_FRAMES) <= set(world.happened), "every kind of fault has happened"
    assert world.wire.asleep
    assert max(files) <= files[0] + 4
    assert files[-1] <= files[0] + 4
    assert world.most_in_an_hour <= 12, "no redraw after redraw, with nine faults an hour"
    days = world.clock() / year.DAY
    assert world.writes / days < 2.2 * year.DAY / year.INTERVAL, "two small writes a frame"
    assert world.bytes / world.writes < 1000
    assert len(list(world.state.parent.iterdir())) <= 2, "the place, and what a kill left of a write"


@pytest.mark.parametrize("fault", ["a frame twice", "a frame left out", "another picture", "no sleep"])
def test_the_year_notices_what_is_wrong(year, tmp_path, monkeypatch, fault):
    world = year.World(tmp_path, 40, 1, {})
    seen, glass = world.seen, type(world.wire).glass

    def lie(reel, number):
        seen(reel, number + {"a frame twice": -1, "a frame left out": 1}.get(fault, 0) * (number == 20))

    world.seen = lie
    if fault == "another picture":
        monkeypatch.setattr(type(world.wire), "glass", property(lambda wire: 255 - glass.fget(wire)))
    if fault == "no sleep":
        monkeypatch.setattr("player.panel.RecoveringPanel.sleep", lambda panel: None)
    with pytest.raises(year.Wrong):
        year.live(world)
