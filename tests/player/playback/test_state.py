"""What comes next and when: a pure function of the state and the clocks."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playback_world import effective

from player.config.settings import Config
from player.playback.reels import Reels
from player.playback.state import NEVER, Action, Glass, Next, Picture, State, next_action
from player.redraw import DAY, RedrawState
from player.schedule.due import Schedule
from player.schedule.quiet import Quiet

DITHER = np.zeros((2, 8), np.uint8)
CARD = Picture(DITHER)
FRAME = Picture(DITHER, Path("/film.reel"), "", 3, 120)
NIGHT = 2 * 3600.0  # Unix time, within the quiet hours below
NOON = 12 * 3600.0
NOW = 1000.0


@pytest.fixture
def make_state():
    """make_state(**fields): a frame stands since a minute, the next one is due in a minute."""

    def make(quiet="22:00-07:00", redrawn_at=NOW, **fields):
        glass = Glass(DITHER, DITHER, 0.0, RedrawState(redrawn_at=redrawn_at))
        given = {"picture": FRAME, "glass": glass, "schedule": Schedule(NOW + 60, 120.0, NOW - 60), **fields}
        reels = Reels((8, 2), lambda path: None, lambda line: None)
        return State(effective(Config()), Quiet(quiet, "", time.gmtime), reels, clock_offset=0.0, **given)

    return make


@pytest.mark.parametrize(
    ("fields", "wall", "expected"),
    [
        ({}, NOON, (NOW + 60, Action.SHOW)),
        ({"asked": "next"}, NOON, (NOW, Action.SHOW)),
        ({"asked": "exact", "paused": True}, NIGHT, (NOW, Action.SHOW)),
        ({}, NIGHT, (NOW + 5 * 3600, Action.NOTHING)),
        ({"picture": None}, NIGHT, (NOW + 5 * 3600, Action.NOTHING)),
        ({"paused": True}, NOON, (NOW + DAY, Action.REDRAW)),
        ({"paused": True, "picture": None}, NOON, (NOW + 60, Action.SHOW)),
        ({"paused": True, "picture": CARD}, NOON, (NOW + 60, Action.SHOW)),
        ({"brief_until": NOW + 30, "missing": "gone"}, NIGHT, (NOW + 30, Action.RESTORE)),
        ({"missing": "gone", "look_at": NOW + 10}, NOON, (NOW + 10, Action.LOOK)),
        ({"over": True, "look_at": NOW + 50}, NOON, (NOW + 50, Action.LOOK)),
        ({"over": True, "look_at": NOW + 50}, NIGHT, (NOW + 50, Action.LOOK)),
    ],
)
def test_what_comes_next(make_state, fields, wall, expected):
    assert next_action(make_state(**fields), NOW, wall) == expected


@pytest.mark.parametrize("stays", [{"paused": True}, {"over": True}, {"missing": "gone"}])
def test_what_stands_for_a_day_is_redrawn_but_not_in_quiet_hours(make_state, stays):
    state = make_state(look_at=NOW + 10, redrawn_at=NOW - DAY - 5, **stays)
    assert next_action(state, NOW, NOON) == (NOW, Action.REDRAW)
    at_night = next_action(state, NOW, NIGHT)
    assert at_night.what is not Action.REDRAW
    assert at_night.when > NOW, "and the loop is not kept busy meanwhile"


def test_a_frame_that_comes_soon_after_takes_the_daily_redraw_over(make_state):
    state = make_state(redrawn_at=NOW - DAY + 100)
    for due, expected in ((NOW + 3000, Action.SHOW), (NOW + 4000, Action.REDRAW)):
        state.schedule = Schedule(due, 120.0, NOW - 60)
        assert next_action(state, NOW, NOON).what is expected
    state.picture = None
    assert next_action(state, NOW, NOON) == (NOW + 4000, Action.SHOW)


def test_quiet_for_ever_is_never(make_state):
    state = make_state(quiet="00:00-12:00,12:00-24:00")
    assert next_action(state, NOW, NOON) == Next(NEVER, Action.NOTHING)
    assert state.next_due(NOW, NOON) is None


def test_nothing_changes_by_asking(make_state):
    state = make_state()
    before = replace(state)
    next_action(state, NOW, NOON)
    assert state == before
