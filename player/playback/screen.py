"""The panel and what stands on it: draws dithers by the redraw rule and gets over a panel that was reset."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from player.errors import PanelReset
from player.playback.dependencies import Panel
from player.redraw import Decision, RedrawRule, RedrawState

Dither = NDArray[np.uint8]


class Screen:
    """`shown`: the dither on the glass, None while that may hold anything; `redrawn`: that of the last
    redraw; `net`: share of the pixels that differ from it, as the rule counts them. `clock` in seconds.
    """

    def __init__(self, panel: Panel, rule: RedrawRule, clock: Callable[[], float]) -> None:
        self.rule = rule
        self.state = RedrawState()
        self.shown: Dither | None = None
        self.redrawn: Dither | None = None
        self.net = 0.0
        self._panel, self._clock = panel, clock
        self._awake = True

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of a dither, pixels."""
        return self._panel.size

    def take_over(self, shown: Dither, redrawn: Dither, frames: int, age: float) -> None:
        """Go on from a glass that shows `shown` since an earlier process; `frames` and `age` (seconds) since
        the last redraw.
        """
        first = Decision("redraw", 0, 0, slice(0, 0), "")
        self.state = RedrawState().after(first, redrawn, self._clock() - age)
        self.state = self.state.after(first._replace(action="partial"), shown, 0.0)._replace(frames=frames)
        self.shown, self.redrawn = shown, redrawn

    def decide(self, dither: Dither, redraw: str = "") -> Decision:
        """What to do with a dither, uint8[H, W]; `redraw`: in any case a redraw, and why."""
        decision = self.rule.decide(self.state, dither, self._clock())
        if redraw and decision.action != "redraw":
            decision = decision._replace(action="redraw", rows=slice(0, dither.shape[0]), why=redraw)
        return decision

    def draw(self, dither: Dither, decision: Decision, waveform: str) -> Decision:
        """Carry a decision out; what was done, a redraw where the panel was reset meanwhile."""
        if decision.action == "redraw":
            decision = self._redraw(dither, decision)
        elif decision.action == "partial":
            self._awake = True
            try:
                self._panel.show(dither, decision.rows, self.shown)
            except PanelReset:
                decision = self._redraw(dither, decision._replace(action="redraw", why="the panel was reset"))
        return self._stands(dither, decision)

    def clean(self, dither: Dither) -> Decision:
        """INIT, then the dither by a redraw."""
        self._awake = True
        decision = self.decide(dither, "cleaned")
        try:
            self._panel.clear()
        except PanelReset:
            decision = decision._replace(why="the panel was reset, and is not cleaned")
        return self._stands(dither, self._redraw(dither, decision))

    def sleep(self) -> None:
        """Put the panel to sleep, if it is awake."""
        if self._awake:
            self._panel.sleep()
            self._awake = False

    def _redraw(self, dither: Dither, decision: Decision) -> Decision:
        """A second reset is for whoever started the player: it would be a loop."""
        self._awake = True
        try:
            self._panel.redraw(dither)
        except PanelReset:
            self._panel.redraw(dither)
            return decision._replace(why="the panel was reset")
        return decision

    def _stands(self, dither: Dither, decision: Decision) -> Decision:
        self.state = self.state.after(decision, dither, self._clock())
        self.shown = dither
        if decision.action == "redraw":
            self.redrawn = dither
        self.net = 0.0 if decision.action == "redraw" else decision.net / dither.size
        return decision
