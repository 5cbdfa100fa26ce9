"""Nothing, partial update or redraw? By the reel's plan or by a rule. Pure: no panel, no clock of its own.

    rule, state = RedrawRule(), RedrawState()
    decision = rule.decide(state, dither, now)
    ... do what decision.action says ...
    state = state.after(decision, dither, now)

The rule counts the pixels that differ from the dither of the last redraw (the net change, not a sum of flips,
since a pixel that came back leaves no ghost). It redraws when they are more than `threshold` of the panel and
the last redraw was at least `cooldown` frames ago. Where a plan holds, the plan decides instead. In both
cases there is a redraw at the start, when the glass may show anything, a day after the last one, and when
`longest` frames have passed since it. Everything else is a partial update, or nothing when no pixel changed,
because even an idle pass leaves flat areas patchy. On a panel that has no partial update every change is a
redraw. The numbers are those of the original player (100,000 of 1,552,256 pixels, 20 frames).
"""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from player.config.settings import Config
from player.reel import packing

DAY = 24 * 3600.0


class Decision(NamedTuple):
    """What to do with a dither. `flips`: pixels that differ from the dither on the glass (0 when that is not
    known); `net`: what the rule counted; `rows`: the rows to draw, from the first to after the last; `why`:
    the reason in words, for the log.
    """

    action: Literal["nothing", "partial", "redraw"]
    flips: int
    net: int
    rows: slice
    why: str


class RedrawState(NamedTuple):
    """What the rule remembers: the dither on the glass and the one of the last redraw, both packed, or None
    when the glass may show anything; the frames since that redraw, and its time (seconds, the clock of
    `now`).
    """

    shown: packing.Bits | None = None
    redrawn: packing.Bits | None = None
    frames: int = 0
    redrawn_at: float = 0.0

    def after(self, decision: Decision, dither: NDArray[np.uint8], now: float) -> "RedrawState":
        """The state after the decision was carried out. `dither` uint8[H, W], `now` in seconds."""
        packed = packing.pack(dither)
        if decision.action == "redraw":
            return RedrawState(packed, packed, 0, now)
        return self._replace(shown=packed, frames=self.frames + 1)


class RedrawRule(NamedTuple):
    """The rule's numbers: `threshold`, a share of the panel, 0..1; `cooldown` in frames; `daily` in seconds;
    `darkened_only`: count only the pixels that went from white to black, as only those leave ghosts;
    `longest`: the most frames from one redraw to the next, 0 for no limit; `partial`: whether the panel has a
    partial update.
    """

    threshold: float = 0.064
    cooldown: int = 20
    daily: float = DAY
    darkened_only: bool = False
    longest: int = 0
    partial: bool = True

    def decide(
        self, state: RedrawState, dither: NDArray[np.uint8], now: float, planned: bool | None = None
    ) -> Decision:
        """What to do with `dither`, uint8[H, W] of the same size as before; `now` in monotonic seconds.

        `planned`: whether the plan redraws here; None when no plan holds, and the rule decides.
        """
        height = dither.shape[0]
        if state.shown is None or state.redrawn is None:
            return Decision("redraw", 0, 0, slice(0, height), "start")
        packed = packing.pack(dither)
        changed = packed ^ state.shown
        flips = packing.ones(changed)
        drift = packed ^ state.redrawn
        net = packing.ones(drift & state.redrawn if self.darkened_only else drift)
        if now - state.redrawn_at >= self.daily:
            return Decision("redraw", flips, net, slice(0, height), "daily")
        if flips and not self.partial:
            return Decision("redraw", flips, net, slice(0, height), "no partial update")
        if not self.partial:
            return Decision("nothing", 0, net, slice(0, 0), "unchanged")
        if flips and self.longest and state.frames + 1 >= self.longest:
            return Decision("redraw", flips, net, slice(0, height), "longest stretch")
        if planned:
            return Decision("redraw", flips, net, slice(0, height), "planned")
        due = net > self.threshold * dither.size and state.frames + 1 >= self.cooldown
        if planned is None and due:
            return Decision("redraw", flips, net, slice(0, height), "net change")
        if not flips:
            return Decision("nothing", 0, net, slice(0, 0), "unchanged")
        rows = np.flatnonzero(changed.any(axis=1))
        return Decision("partial", flips, net, slice(int(rows[0]), int(rows[-1]) + 1), "changed")


def redraw_rule(config: Config, partial: bool = True) -> RedrawRule:
    """The rule with the numbers from the settings; `partial` as the panel says."""
    return RedrawRule(
        config.threshold,
        config.cooldown,
        darkened_only=config.darkened_only,
        longest=config.longest_stretch,
        partial=partial,
    )
