"""Puts pictures on the panel and keeps the place in the film on disk.

Knows nothing of when: the loop calls it. The intent is on disk before the panel is touched and its result
afterwards, so each frame costs at most two small writes, and nothing is written while nothing happens.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zlib import crc32

from player.errors import BadFrame, PanelReset, ReelError
from player.pictures import caption
from player.playback.dependencies import Dependencies
from player.playback.state import Dither, Glass, Picture, State
from player.redraw import Decision, RedrawState, redraw_rule
from player.reel import FrameInfo, Reel, packing
from player.times import film_time

if TYPE_CHECKING:
    from player.panel import Panel


class Screen:
    """Draws on `panel` what `state` comes to, and notes it there.

    PanelError from the panel ends the run. PanelReset says that it was opened anew and may show anything.
    """

    def __init__(self, state: State, panel: "Panel", deps: Dependencies) -> None:
        self._state, self._panel, self._deps = state, panel, deps

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of a dither, pixels."""
        return self._panel.size

    def frame(self, number: int) -> tuple[Dither, FrameInfo]:
        """A frame of the open reel with its caption, uint8[H, W], and what the reel says of it. BadFrame,
        ReelError.
        """
        reels = self._state.reels
        dither, info = reels.reel.dither(number), reels.reel.info(number)
        if parts := caption.parse_caption(self._state.config.caption, "caption"):
            percent = 100 * (number + 1) / reels.reel.frames
            text = caption.caption_text(parts, reels.title, info.time_ms, percent, number + 1)
            dither = caption.strip(dither, text)
        return dither, info

    def take_over(self) -> bool:
        """Go on with partial updates from the glass of an earlier process; False when it is not known."""
        state, kept, now = self._state, self._state.progress, self._deps.clock()
        if kept.frame is None or kept.redrawn is None or kept.redrawn_at is None:
            return False
        try:
            (shown, info), (redrawn, _) = self.frame(kept.frame), self.frame(kept.redrawn)
        except (BadFrame, IndexError):
            return False
        packed = packing.pack(shown)
        if self._fingerprint(packed) != kept.picture:
            return False
        redrawn_at = now - max(self._deps.wall() - kept.redrawn_at, 0.0)
        rule = RedrawState(packed, packing.pack(redrawn), kept.since_redraw, redrawn_at)
        state.glass = Glass(shown, redrawn, 0.0, rule)
        state.picture = self._picture(shown, info)
        return True

    def show(self, dither: Dither, info: FrameInfo) -> None:
        """Show a frame of the open reel; the one that is a step after it comes next."""
        state, deps, number = self._state, self._deps, info.number
        reel, again = state.reels.reel, state.schedule.until is not None
        now = deps.clock()
        decision = self._decide_frame(dither, number)
        if decision.action != "nothing":
            same = state.progress.reel == str(reel.path)
            self.save(**self._here(), frame=state.progress.frame if same else None, showing=number)
        decision = self._draw(dither, decision)
        state.picture, state.jumped = self._picture(dither, info), ""
        deps.seen(reel.path, number)
        state.schedule = state.schedule.shown(now)
        state.shown += not again
        self._keep(decision, state.progress.shown_at if again else deps.wall())
        state.reels.arrived()
        deps.log(_line(number, reel, info.time_ms, decision))
        state.reels.number = number + state.config.step

    def refresh(self) -> None:
        """The frame that stands once more, with the caption that is set now."""
        state = self._state
        assert state.picture is not None
        assert state.at is not None
        try:
            dither, _ = self.frame(state.at)
        except (BadFrame, ReelError):  # its turn is over anyway
            return
        decision = self._draw(dither, self._decide_frame(dither, state.at))
        state.picture = state.picture._replace(dither=dither)
        self._keep(decision, state.progress.shown_at)

    def show_card(self, card: Dither, why: str) -> None:
        """A card instead of the film, by a redraw; the place in the film stays."""
        decision = self._draw(card, self._decide(card, why))
        self._state.picture = Picture(card)
        self._keep(decision, self._state.progress.shown_at)
        self._deps.log(f"a card on the panel: {why}")

    def show_briefly(self, card: Dither, why: str) -> None:
        """A card over the picture, by a redraw; `repeat` brings the picture back."""
        self._draw(card, self._decide(card, why))
        self.save(picture=None, redraws=self._state.progress.redraws + 1)
        self._deps.log(f"a card on the panel: {why}")

    def show_chart(self) -> None:
        """The chart for `trainer calibrate` over the picture; `repeat` brings the picture back. ConfigError
        for a panel that is too small.
        """
        from player.panel import draw_chart  # only where it is drawn

        state = self._state
        state.awake = True
        drawn = draw_chart(self._panel)
        decision = self._decide(drawn.redrawn, "the chart")
        now = self._deps.clock()
        state.glass = state.glass.after(decision, drawn.redrawn, now)._replace(shown=drawn.final)
        self.save(picture=None, redraws=state.progress.redraws + 1)
        self._deps.charted()
        self._deps.log("the chart is on the panel")

    def repeat(self, why: str, clear: bool = False) -> None:
        """Redraw what should be on the glass; with `clear` after the panel's strongest erase."""
        picture = self._state.picture
        assert picture is not None
        decision = self._decide(picture.dither, why)
        if clear:
            self._state.awake = True
            try:
                self._panel.clear()
            except PanelReset:
                decision = decision._replace(why="the panel was reset, and is not cleaned")
        decision = self._draw(picture.dither, decision)
        self._keep(decision, self._state.progress.shown_at)
        self._deps.log(f"redraw ({decision.why})")

    def sleep(self) -> None:
        """Put the panel to sleep, if it is awake."""
        if self._state.awake:
            self._panel.sleep()
            self._state.awake = False

    def save(self, **changes: Any) -> None:
        """Keep the place on disk, with these changes to it."""
        state, deps = self._state, self._deps
        now: dict[str, Any] = {
            "interval": state.schedule.interval,
            "next_due": state.next_due(deps.clock(), deps.wall()),
            "paused": state.paused,
            "chosen_over": state.reels.chosen_over,
        }
        state.progress = replace(state.progress, **{**now, **changes})
        deps.store.save(state.progress)

    def _decide_frame(self, dither: Dither, number: int) -> Decision:
        """What to do with a frame of the open reel: what its plan or the rule says, where it follows from the
        picture on the glass; else a redraw.
        """
        state, reels = self._state, self._state.reels
        picture, at = state.picture, state.at
        if state.is_card or state.glass.shown is not (None if picture is None else picture.dither):
            return self._decide(dither, "the film after a card")
        if state.jumped or (at is None and reels.reel.redraws is not None):
            return self._decide(dither, state.jumped or "another reel")
        return self._decide(dither, planned=None if at is None else reels.planned(at, number))

    def _decide(self, dither: Dither, redraw: str = "", planned: bool | None = None) -> Decision:
        """What to do with a dither, uint8[H, W]. `redraw`: in any case a redraw, and why; `planned`: see
        `RedrawRule.decide`.
        """
        rule = redraw_rule(self._state.config, self._panel.partial)
        decision = rule.decide(self._state.glass.redraw_state, dither, self._deps.clock(), planned)
        if redraw and decision.why != "start":
            decision = decision._replace(action="redraw", rows=slice(0, dither.shape[0]), why=redraw)
        return decision

    def _draw(self, dither: Dither, decision: Decision) -> Decision:
        """Carry a decision out; what was done: a redraw where the panel was reset meanwhile."""
        state = self._state
        if decision.action != "nothing":
            state.awake = True
        if decision.action == "partial":
            assert state.glass.shown is not None
            try:
                self._panel.show(dither, decision.rows, state.glass.shown)
            except PanelReset:
                decision = decision._replace(action="redraw", why="the panel was reset")
        if decision.action == "redraw":
            decision = self._redraw(dither, decision)
        state.glass = state.glass.after(decision, dither, self._deps.clock())
        return decision

    def _redraw(self, dither: Dither, decision: Decision) -> Decision:
        """Redraw, and again where the panel was reset. A second reset ends the run: it would be a loop."""
        try:
            self._panel.redraw(dither)
        except PanelReset:
            self._panel.redraw(dither)
            return decision._replace(why="the panel was reset")
        return decision

    def _picture(self, dither: Dither, info: FrameInfo) -> Picture:
        reels = self._state.reels
        return Picture(dither, reels.reel.path, reels.created, info.number, info.time_ms)

    def _here(self) -> dict[str, Any]:
        """The open reel, as the place names it. Only together with a frame of it."""
        reels, reel = self._state.reels, self._state.reels.reel
        place = {"reel": str(reel.path), "created": reels.created, "frames": reel.frames}
        return {**place, "round": reels.round}

    def _fingerprint(self, packed: packing.Bits) -> int:
        """A number for a packed dither as it lies on this panel: another one when the panel or the way it is
        turned is changed, as the glass then shows something else.
        """
        config = self._state.config
        return crc32(f"{config.panel} {config.rotate} {config.mirror}".encode(), packing.crc(packed))

    def _keep(self, decision: Decision, shown_at: float | None) -> None:
        """Note on disk what stands now, and the place in the film."""
        state = self._state
        redraw, at, rule = decision.action == "redraw", state.at, state.glass.redraw_state
        changes: dict[str, Any] = {"since_redraw": rule.frames}
        if redraw:
            changes |= {"redrawn": at, "redrawn_at": self._deps.wall()}
            changes["redraws"] = state.progress.redraws + 1
        if at is not None:
            if not redraw and state.progress.reel != str(state.reels.reel.path):
                changes["redrawn"] = None  # it was a frame of the reel before
            changes |= {**self._here(), "frame": at, "showing": None, "shown_at": shown_at}
        picture = None if at is None or rule.shown is None else self._fingerprint(rule.shown)
        self.save(picture=picture, **changes)


def _line(number: int, reel: Reel, time_ms: int, decision: Decision) -> str:
    """What the log says of a frame."""
    pixels = reel.width * reel.height
    what = {"nothing": "nothing changed", "partial": "partial update", "redraw": f"redraw ({decision.why})"}
    return (
        f"frame {number + 1} of {reel.frames} ({film_time(time_ms)}): {what[decision.action]}, "
        f"{decision.flips / pixels:.2%} flips, {decision.net / pixels:.2%} since the last redraw"
    )
