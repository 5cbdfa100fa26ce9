"""Partial update or redraw? Pure: no panel, no clock of its own.

    rule, state = RedrawRule(), RedrawState()
    decision = rule.decide(state, dither, now)
    ... do what decision.action says ...
    state = state.after(decision, dither, now)

The pixels that differ from the dither of the last redraw are counted (the net change, not a sum of flips: a
pixel that came back has no ghost). More than `threshold` of the panel and at least `cooldown` frames after
the last redraw: redraw. Also at the start, when the glass may hold anything, and once a day. Otherwise a
partial update, and nothing at all when no pixel changed, as even then a pass would leave flat areas patchy.
The rule is the original player's (100,000 of 1,552,256 pixels, 20 frames).
"""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from player.config.settings import Config
from player.reel import packing

DAY = 24 * 3600.0


class Decision(NamedTuple):
    """What to do with a dither. `flips`: pixels that differ from the shown one (0 when none is known to be
    shown); `net`: what the rule counted; `rows`: from the first to after the last row that has to be drawn;
    `why`: in words, for the log.
    """

    action: Literal["nothing", "partial", "redraw"]
    flips: int
    net: int
    rows: slice
    why: str


class RedrawState(NamedTuple):
    """What the rule remembers: the dither on the glass and that of the last redraw, both packed, None when
    the glass may hold anything; frames since that redraw; when it was (seconds, on the clock of `now`).
    """

    shown: packing.Bits | None = None
    redrawn: packing.Bits | None = None
    frames: int = 0
    redrawn_at: float = 0.0

    def after(self, decision: Decision, dither: NDArray[np.uint8], now: float) -> "RedrawState":
        """The state once the decision has been carried out. `dither` uint8[H, W], `now` in seconds."""
        packed = packing.pack(dither)
        if decision.action == "redraw":
            return RedrawState(packed, packed, 0, now)
        return self._replace(shown=packed, frames=self.frames + 1)


class RedrawRule(NamedTuple):
    """The rule's numbers: `threshold` share of the panel, 0..1; `cooldown` frames; `daily` seconds;
    `darkened_only`: count only the pixels that went from white to black, the ones that ghost.
    """

    threshold: float = 0.064
    cooldown: int = 20
    daily: float = DAY
    darkened_only: bool = False

    def decide(self, state: RedrawState, dither: NDArray[np.uint8], now: float) -> Decision:
        """What to do with `dither`, uint8[H, W] of the size of the ones before; `now` in seconds,
        monotonic.
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
        if net > self.threshold * dither.size and state.frames + 1 >= self.cooldown:
            return Decision("redraw", flips, net, slice(0, height), "net change")
        if not flips:
            return Decision("nothing", 0, net, slice(0, 0), "unchanged")
        rows = np.flatnonzero(changed.any(axis=1))
        return Decision("partial", flips, net, slice(int(rows[0]), int(rows[-1]) + 1), "changed")


def redraw_rule(config: Config) -> RedrawRule:
    """The rule with the numbers of the settings."""
    return RedrawRule(config.threshold, config.cooldown, darkened_only=config.darkened_only)
