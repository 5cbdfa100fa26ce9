"""How many redraws will a showing have, and when? Runs the redraw rule over a reel, without a panel.

Whether a frame is redrawn depends on all frames since the last redraw, so they have to be read. A long
reel is judged by its beginning unless all of it is asked for: reading a film of 160,000 frames takes a
quarter of an hour on a workstation, and hours on a small Pi.
"""

from collections.abc import Callable
from typing import NamedTuple

from player.errors import BadFrame
from player.redraw import RedrawRule, RedrawState
from player.reel import Reel


class Forecast(NamedTuple):
    """`counted`: frames that were looked at, from the first; `redraws`: the numbers of those among them
    that will be redrawn, the one at the start first; `per_1000`: redraws in 1,000 frames, the one at the
    start left out, None when nothing was counted.
    """

    counted: int
    redraws: list[int]

    @property
    def per_1000(self) -> float | None:
        return 1000 * (len(self.redraws) - 1) / self.counted if self.redraws else None


def forecast(
    reel: Reel,
    rule: RedrawRule,
    interval: float,
    limit: int | None = None,
    step: Callable[[int], None] = lambda done: None,
) -> Forecast:
    """Show the first `limit` frames (None: all) in thought, one every `interval` seconds.

    Damaged frames are skipped to the next key frame, as the player does. `step` is told how many are done.
    """
    end = reel.frames if limit is None else min(limit, reel.frames)
    state, redraws, number, shown = RedrawState(), [], 0, 0
    while number < end:
        try:
            dither = reel.dither(number)
        except BadFrame as error:
            number = end if error.next_key is None else error.next_key
            continue
        now = shown * interval
        decision = rule.decide(state, dither, now)
        state = state.after(decision, dither, now)
        if decision.action == "redraw":
            redraws.append(number)
        number, shown = number + 1, shown + 1
        step(number)
    return Forecast(shown, redraws)
