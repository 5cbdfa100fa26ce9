"""The redraw rule, against examples and against the rule written out pixel by pixel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from player.redraw import DAY, RedrawRule, RedrawState

H, W = 25, 40  # 1000 pixels
BLACK, WHITE = np.zeros((H, W), np.uint8), np.ones((H, W), np.uint8)


def with_pixels(dither, count, value):
    """The first `count` pixels set to a value."""
    changed = dither.copy()
    changed.flat[:count] = value
    return changed


def play(rule, dithers, seconds=200.0):
    """The decisions for a film of dithers, each carried out."""
    state, now, decisions = RedrawState(), 1000.0, []
    for dither in dithers:
        decision = rule.decide(state, dither, now)
        decisions.append(decision)
        state = state.after(decision, dither, now)
        now += seconds
    return decisions


def actions(rule, dithers, **more):
    return [decision.action for decision in play(rule, dithers, **more)]


def test_the_first_frame_is_redrawn_whole():
    (decision,) = play(RedrawRule(), [WHITE])
    assert decision == ("redraw", 0, 0, slice(0, H), "start")


def test_nothing_is_drawn_when_nothing_changed():
    assert play(RedrawRule(), [WHITE, WHITE.copy()])[1] == ("nothing", 0, 0, slice(0, 0), "unchanged")


def test_a_partial_update_covers_the_rows_that_changed():
    changed = WHITE.copy()
    changed[7, 3] = changed[12, 39] = 0
    assert play(RedrawRule(), [WHITE, changed])[1] == ("partial", 2, 2, slice(7, 13), "changed")


def test_the_share_must_be_exceeded_and_the_cooldown_be_over():
    rule = RedrawRule(threshold=0.064, cooldown=3)
    exactly, more = with_pixels(WHITE, 64, 0), with_pixels(WHITE, 65, 0)
    assert actions(rule, [WHITE, *[exactly] * 5]) == ["redraw", "partial", *["nothing"] * 4]
    assert actions(rule, [WHITE, *[more] * 5]) == [
        "redraw",
        "partial",
        "nothing",
        "redraw",
        "nothing",
        "nothing",
    ]
    assert actions(RedrawRule(cooldown=20), [WHITE, *[more] * 21])[19:] == ["nothing", "redraw", "nothing"]
    assert actions(RedrawRule(cooldown=0), [WHITE, more]) == ["redraw", "redraw"]


def test_the_count_is_net_against_the_last_redraw():
    """Pixels that come back are not counted, however often they flip; small steps add up."""
    rule = RedrawRule(threshold=0.1, cooldown=0)
    many = with_pixels(WHITE, 90, 0)
    assert set(actions(rule, [WHITE, *[many, WHITE] * 20])[1:]) == {"partial"}
    steps = [with_pixels(WHITE, 30 * n, 0) for n in range(8)]
    decisions = play(rule, steps)
    assert [d.action for d in decisions] == ["redraw", *["partial"] * 3, "redraw", *["partial"] * 3]
    assert [d.net for d in decisions] == [0, 30, 60, 90, 120, 30, 60, 90]
    assert [d.flips for d in decisions] == [0, *[30] * 7]


@pytest.mark.parametrize("planned", [None, False])
def test_the_longest_stretch_ends_in_a_redraw_of_a_frame_that_changes(planned):
    rule = RedrawRule(threshold=1, longest=3)
    frames = [WHITE, BLACK, WHITE, BLACK, BLACK, BLACK, BLACK, WHITE, BLACK]
    state, found = RedrawState(), []
    for dither in frames:
        decision = rule.decide(state, dither, 0.0, planned)
        state = state.after(decision, dither, 0.0)
        found.append((decision.action, decision.why))
    drawn, same, longest = ("partial", "changed"), ("nothing", "unchanged"), ("redraw", "longest stretch")
    assert found == [("redraw", "start"), drawn, drawn, longest, same, same, same, longest, drawn]


@pytest.mark.parametrize("planned", [None, False, True])
def test_without_a_partial_update_each_change_is_a_redraw_and_nothing_else_is_but_once_a_day(planned):
    rule = RedrawRule(partial=False, cooldown=20, threshold=1)
    state = RedrawState()
    for dither, now, expected in [
        (WHITE, 0.0, "start"),
        (with_pixels(WHITE, 1, 0), 1.0, "no partial update"),
        (with_pixels(WHITE, 1, 0), 2.0, "unchanged"),
        (BLACK, 3.0, "no partial update"),
        (BLACK, 3.0 + DAY, "daily"),
    ]:
        decision = rule.decide(state, dither, now, planned)
        assert (decision.why, decision.action == "redraw") == (expected, expected != "unchanged")
        state = state.after(decision, dither, now)


def test_darkened_only_counts_what_went_from_white_to_black():
    rule = RedrawRule(threshold=0.1, cooldown=0, darkened_only=True)
    assert actions(rule, [BLACK, with_pixels(BLACK, 500, 1)]) == ["redraw", "partial"]
    assert actions(rule, [WHITE, with_pixels(WHITE, 500, 0)]) == ["redraw", "redraw"]


def test_a_day_after_the_last_redraw_there_is_another_even_of_a_still_picture():
    assert actions(RedrawRule(), [WHITE] * 4, seconds=DAY / 2) == ["redraw", "nothing", "redraw", "nothing"]
    assert actions(RedrawRule(), [WHITE] * 3, seconds=DAY / 2 - 1) == ["redraw", "nothing", "nothing"]


def test_the_defaults_are_the_original_players():
    assert RedrawRule() == (0.064, 20, 24 * 3600, False, 0, True)
    assert RedrawRule().threshold * 1448 * 1072 == pytest.approx(100_000, rel=0.01)


def test_a_plan_decides_in_place_of_the_rule():
    rule = RedrawRule(threshold=0.1, cooldown=3)
    state = RedrawState().after(RedrawRule().decide(RedrawState(), WHITE, 0.0), WHITE, 0.0)
    few, all_black = with_pixels(WHITE, 1, 0), BLACK
    assert rule.decide(state, few, 200.0, planned=True) == ("redraw", 1, 1, slice(0, H), "planned")
    assert rule.decide(state, WHITE, 200.0, planned=True).action == "redraw"
    waited = state._replace(frames=10)
    assert rule.decide(waited, all_black, 200.0).why == "net change"
    assert rule.decide(waited, all_black, 200.0, planned=False) == (
        "partial", 1000, 1000, slice(0, H), "changed"
    )  # fmt: skip
    assert rule.decide(waited, WHITE, 200.0, planned=False).action == "nothing"


@pytest.mark.parametrize("planned", [None, True, False])
def test_the_start_and_the_day_after_the_last_redraw_are_redraws_whatever_the_plan_says(planned):
    decision = RedrawRule().decide(RedrawState(), WHITE, 0.0, planned)
    assert (decision.action, decision.why) == ("redraw", "start")
    state = RedrawState().after(decision, WHITE, 0.0)
    decision = RedrawRule().decide(state, WHITE, DAY, planned)
    assert (decision.action, decision.why) == ("redraw", "daily")


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 30),
    st.integers(0, 6),
    st.sampled_from([0.0, 0.01, 0.1, 0.3]),
    st.booleans(),
)
def test_the_rule_agrees_with_the_rule_written_out(seed, width, cooldown, threshold, darkened_only):
    rng = np.random.default_rng(seed)
    dithers = [rng.integers(0, 2, (6, width), dtype=np.uint8)]
    for share in rng.choice([0, 0, 0.02, 0.2], 25):
        dithers.append(dithers[-1] ^ (rng.random((6, width)) < share).astype(np.uint8))
    rule = RedrawRule(threshold, cooldown, 3000.0, darkened_only)
    decisions = play(rule, dithers, seconds=170.0)
    redrawn, redrawn_at = 0, 0
    for number, (dither, decision) in enumerate(zip(dithers, decisions, strict=True)):
        if number == 0:
            continue
        net = flips = 0
        rows = []
        for y in range(6):
            for x in range(width):
                flips += int(dither[y, x] != dithers[number - 1][y, x])
                was, now = dithers[redrawn][y, x], dither[y, x]
                net += int(was == 1 and now == 0 if darkened_only else was != now)
                if dither[y, x] != dithers[number - 1][y, x]:
                    rows.append(y)
        daily = 170 * (number - redrawn_at) >= 3000
        if daily or (net > threshold * 6 * width and number - redrawn >= cooldown):
            expected = "redraw"
            redrawn = redrawn_at = number
        else:
            expected = "partial" if flips else "nothing"
        assert (decision.action, decision.flips, decision.net) == (expected, flips, net)
        if expected == "partial":
            assert decision.rows == slice(min(rows), max(rows) + 1)
