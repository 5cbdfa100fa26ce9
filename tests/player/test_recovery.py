"""The panel that recovers from faults: what it does and says, on panels and a clock of the test."""

import numpy as np
import pytest

from driver.errors import BusyTimeout, DitherError, WiringError
from player.errors import PanelError, PanelReset
from player.panel import PAUSE, RecoveringPanel

DITHER = np.ones((4, 8), np.uint8)
ROWS = slice(0, 4)


class World:
    """`plan`: whether the next calls work, in order; later ones do. `events` has the calls of the n-th panel
    as "n call".
    """

    def __init__(self):
        self.plan, self.events, self.lines = [], [], []
        self.now, self.panels = 0.0, 0
        self.starts = []  # whether the next starts work

    def reopen(self):
        self.events.append("start")
        if self.starts and not self.starts.pop(0):
            raise WiringError("all 0000: check the wires")
        self.panels += 1
        return OnePanel(self, self.panels)

    def panel(self, limit=3):
        return RecoveringPanel(
            OnePanel(self, 0), self.reopen, limit=limit, log=self.lines.append, clock=lambda: self.now,
            wait=self.pause, alive=lambda: self.events.append("alive"),
        )  # fmt: skip

    def pause(self, seconds):
        self.events.append(f"pause {seconds:g}")
        self.now += seconds


class OnePanel:
    size, partial = (8, 4), True

    def __init__(self, world, number):
        self.world, self.number = world, number
        for name in ("show", "redraw", "clear", "sleep", "shut_down", "close"):
            setattr(self, name, self.call(name))

    def call(self, name):
        def act(*arguments):
            self.world.events.append(f"{self.number} {name}")
            if name != "close" and self.world.plan and not self.world.plan.pop(0):
                raise BusyTimeout("HRDY low: check the HAT")

        return act


@pytest.fixture
def world():
    return World()


def test_calls_go_through(world):
    panel = world.panel()
    assert panel.size == (8, 4)
    panel.redraw(DITHER)
    panel.show(DITHER, ROWS, DITHER)
    panel.sleep()
    panel.clear()
    panel.shut_down()
    panel.close()
    calls = [event for event in world.events if event != "alive"]
    assert calls == ["0 redraw", "0 show", "0 sleep", "0 clear", "0 shut_down", "0 close"]
    assert world.events.count("alive") == 4
    assert world.lines == []


def test_a_fault_costs_a_reset_and_one_redraw(world):
    panel = world.panel()
    panel.redraw(DITHER)
    world.plan, world.events = [False], []
    with pytest.raises(PanelReset, match="HRDY low: check the HAT; the panel was reset"):
        panel.show(DITHER, ROWS, DITHER)
    assert world.events == ["0 show", "alive", "0 close", "start", "alive"]
    assert world.lines == [
        "the panel failed: HRDY low: check the HAT; resetting it (1 of at most 3 within an hour)",
        "the panel answers again after the reset",
    ]
    with pytest.raises(PanelReset, match="has to be drawn as a whole"):
        panel.show(DITHER, ROWS, DITHER)
    panel.redraw(DITHER)
    panel.show(DITHER, ROWS, DITHER)
    assert world.events.count("start") == 1
    assert [event for event in world.events if event.startswith("1")] == ["1 redraw", "1 show"]


@pytest.mark.parametrize("call", ["redraw", "clear"])
def test_other_draws_recover_too(world, call):
    panel = world.panel()
    world.plan = [False]
    arguments = (DITHER,) if call == "redraw" else ()
    with pytest.raises(PanelReset):
        getattr(panel, call)(*arguments)
    getattr(panel, call)(*arguments)
    panel.show(DITHER, ROWS, DITHER)
    assert world.panels == 1


def test_a_fault_on_the_way_to_sleep_is_got_over_here_and_the_next_frame_redrawn(world):
    panel = world.panel()
    panel.redraw(DITHER)
    world.plan = [False]
    panel.sleep()
    assert world.events[-2:] == ["1 sleep", "alive"]
    with pytest.raises(PanelReset):
        panel.show(DITHER, ROWS, DITHER)


def test_never_more_than_the_limit_within_an_hour(world):
    panel = world.panel(limit=2)
    for now, works in ((0, True), (1800, True), (3599, False), (3601, True), (5000, False), (5500, True)):
        world.now, world.plan = now, [False]
        with pytest.raises(PanelReset if works else PanelError) as caught:
            panel.redraw(DITHER)
        assert isinstance(caught.value, PanelReset) == works
        if not works:
            assert str(caught.value) == (
                "HRDY low: check the HAT; it was reset 2 times within an hour, which did not help"
            )


def test_a_start_that_fails_is_tried_again_up_to_the_limit(world):
    panel = world.panel()
    world.plan, world.starts = [False], [False, False, True]
    with pytest.raises(PanelReset):
        panel.redraw(DITHER)
    assert world.now == 2 * PAUSE
    assert world.events.count("start") == 3
    assert "resetting it (2 of at most 3 within an hour)" in world.lines[1]
    assert "all 0000" in world.lines[1]


def test_a_panel_that_does_not_start_again_is_given_up_once(world):
    panel = world.panel()
    world.plan, world.starts = [False], [False] * 3
    with pytest.raises(PanelError, match=r"all 0000.*which did not help"):
        panel.redraw(DITHER)
    assert world.events.count("start") == 3
    events = list(world.events)
    with pytest.raises(PanelError, match="given up"):
        panel.redraw(DITHER)
    panel.shut_down()
    panel.close()
    assert world.events == events


def test_recoveries_0_resets_nothing(world):
    panel = world.panel(limit=0)
    world.plan = [False]
    with pytest.raises(PanelError, match="recoveries is 0"):
        panel.redraw(DITHER)
    panel.shut_down()
    panel.close()
    assert world.events == ["0 redraw", "alive", "0 shut_down", "0 close"]


def test_what_a_reset_cannot_cure_is_not_reset(world):
    panel = world.panel()

    def refuse(dither):
        raise DitherError("a dither of 9x4 does not fit the panel")

    panel._panel.redraw = refuse
    with pytest.raises(PanelError, match="does not fit"):
        panel.redraw(DITHER)
    assert "start" not in world.events


def test_a_panel_that_cannot_be_put_to_sleep_can_be_closed_all_the_same(world):
    panel = world.panel()
    world.plan = [False]
    with pytest.raises(PanelError, match="HRDY low"):
        panel.shut_down()
    panel.close()
    assert world.events == ["0 shut_down", "0 close"]
