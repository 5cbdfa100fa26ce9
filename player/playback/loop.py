"""The loop: shows the frames of the reels when they are due, answers requests, and keeps the place.

Everything it touches is handed in: settings, panel and surroundings. It starts with a redraw, because the
glass may hold anything. A damaged frame is reported and skipped to the next key frame. Errors of the panel
end the loop, and so do those of the reels unless `wait_for_films` is set: the place is kept, and a restart
goes on from it.
"""

from player.config.sources import Effective
from player.errors import NoSuchFrame, ReelError
from player.playback import (
    handlers as answers,
)
from player.playback import (
    status as report,
)
from player.playback.dependencies import (
    Outcome,
    Panel,
    Surroundings,
)
from player.playback.running import Running
from player.playback.waiting import Films
from player.progress import Progress
from player.redraw import DAY
from player.schedule import due as schedule
from player.times import Place, local, span

__all__ = ["Outcome", "Panel", "Playback", "Surroundings"]

SLEEP_AFTER = 3.0  # seconds: the panel sleeps when nothing is due for longer
LONGEST_WAIT = 60.0  # seconds: then the wall clock and the time zone are looked at again
_FOR_EVER = float("inf")


class Playback:
    """One run on an open panel. `shown` counts the frames of this run."""

    def __init__(self, effective: Effective, panel: Panel, around: Surroundings) -> None:
        self._around = around
        self._running = Running(effective, panel, around)
        self._films = Films(self._running)
        self._was_quiet = False
        self._is_ready = False

    @property
    def shown(self) -> int:
        """Frames shown in this run."""
        return self._running.showing.shown

    def run(
        self,
        kept: Progress,
        jump: Place | None = None,
        count: int | None = None,
        *,
        once: bool = False,
        attached: bool = False,
    ) -> Outcome:
        """Show frames until the end, `count` frames or a STOP, or until a change needs the panel opened anew.

        `kept`: the place an earlier run came to; `jump`: begin there instead; `once`: show the next frame now
        and end where it takes waiting; `attached`: the glass shows what `kept` says, so partial updates go
        on. Raises PlayerError and what the panel raises.
        """
        running, inbox = self._running, self._around.inbox
        running.showing.progress, running.timing.paused = kept, kept.paused
        for note in running.effective.notes:
            self._around.log(note)
        if kept.paused:
            self._around.log("paused in an earlier run; resume on the web page, by a button or with --resume")
        try:
            self._begin(jump, once, attached)
            while not self._is_over():
                report.publish(running)
                left = self._left()
                if left > SLEEP_AFTER:
                    running.showing.screen.sleep()
                bounds = [LONGEST_WAIT, left, self._around.heartbeat or LONGEST_WAIT]
                request = inbox.wait(0.0 if once else min(bounds))
                self._around.alive()
                if request is not None:
                    outcome = answers.answer(running, request)
                    if outcome is not None:
                        return outcome
                elif once and left > 0:
                    return "ended"
                else:
                    self._turn()
                self._say_ready()
                if count is not None and self.shown >= count:
                    return "ended"
            return "ended"
        finally:
            report.publish(running)
            running.showing.reels.close()

    def _begin(self, jump: Place | None, once: bool, attached: bool) -> None:
        """Choose the frame to start with: where the player was, unless it is told otherwise."""
        running = self._running
        try:
            on_glass = self._films.enter(jump)
        except NoSuchFrame:
            raise
        except ReelError as error:
            self._films.lose(error)
            return
        known = attached and on_glass and running.showing.take_over()
        kept = running.showing.progress
        interval = kept.interval if running.config.finish_by else running.config.interval
        wait = schedule.after_restart(kept.next_due, interval, self._around.wall())
        self._go_on(on_glass, 0.0 if once else wait, known)
        running.plan(strict=not running.config.wait_for_films)

    def _go_on(self, on_glass: bool, wait: float, known: bool) -> None:
        """After a reel was opened. `on_glass`: frame `number` was on the glass, `known`: it still is; the
        next one is due in `wait` seconds.
        """
        running, now = self._running, self._around.clock()
        timing, reels = running.timing, running.showing.reels
        timing.due, timing.stands_until = now, None
        if not on_glass:
            return
        if known:
            reels.number += running.config.step
            timing.due = now + wait
            timing.up = timing.due - timing.interval
        elif timing.paused or (wait > 0 and not reels.is_last(running.config)):
            timing.stands_until = now + wait  # it is drawn again, as the glass may hold anything
        else:
            reels.number += running.config.step

    def _is_over(self) -> bool:
        """Whether the film is over and nobody waits for requests. Raises ReelError."""
        running = self._running
        reels, config = running.showing.reels, running.config
        if config.wait_for_films or running.asked:
            return False
        if running.over:
            return True
        return reels.is_open and reels.is_over(config) and not reels.turn(config, self.shown)

    def _left(self) -> float:
        """Seconds until something is to be done, but for the look at clock and zone; 0 or less: now."""
        running, now = self._running, self._around.clock()
        if running.address_until is not None:
            return running.address_until - now
        if running.missing:
            return min(self._films.look_at - now, self._care_left(now))
        if running.asked:
            return 0.0
        if running.timing.is_quiet():
            return running.timing.quiet_left()
        if running.over or self._holds():
            return self._care_left(now)
        return min(running.timing.due - now, self._care_left(now))

    def _holds(self) -> bool:
        """Whether a pause keeps the frame that stands on the glass."""
        showing = self._running.showing
        return self._running.timing.paused and showing.stands is not None and not showing.is_card

    def _care_left(self, now: float) -> float:
        """Seconds until what stands has to be redrawn for the panel's sake: a day after the last redraw, if
        no frame comes up soon, which would be redrawn then.
        """
        running = self._running
        screen = running.showing.screen
        waits = running.over or running.missing or self._holds() or running.timing.due - now > DAY / 24
        if running.showing.stands is None or screen.shown is None or not waits:
            return _FOR_EVER
        return screen.state.redrawn_at + screen.rule.daily - now

    def _turn(self) -> None:
        """Do what is due now."""
        running, now = self._running, self._around.clock()
        showing, timing = running.showing, running.timing
        self._look_at_clock()
        if running.address_until is not None:
            if now >= running.address_until:
                running.address_until = None
                if showing.stands is not None:
                    showing.repeat("after the address")
            return
        if running.missing:
            if now >= self._films.look_at:
                self._look()
        elif running.over and showing.reels.has_grown(running.config):
            running.over, timing.due = False, now
        elif running.asked or not (timing.is_quiet() or running.over or self._holds() or now < timing.due):
            self._show(now)
            return
        if self._care_left(now) <= 0 and not timing.is_quiet():
            showing.repeat("daily")

    def _show(self, now: float) -> None:
        """Show the frame that comes next, or pass it over; a card after the last."""
        running = self._running
        showing, timing = running.showing, running.timing
        if not (running.asked or timing.paused) and now >= (timing.stands_until or _FOR_EVER):
            timing.stands_until = None  # quiet hours have taken its time: the next one instead
            showing.reels.number += running.config.step
        try:
            if showing.reels.number >= showing.reels.reel.frames:
                if not showing.reels.turn(running.config, showing.shown):
                    self._end()
                    return
                running.plan()
            if showing.show(exact=running.asked == "exact"):
                running.asked = ""
                running.plan()
                if timing.interval != running.config.interval and timing.up is not None:
                    timing.keep_to_interval()
        except ReelError as error:
            self._films.lose(error)

    def _look(self) -> None:
        """Look for films that are missing."""
        on_glass = self._films.look()
        if on_glass is not None:
            known = on_glass and self._running.showing.at is not None
            self._go_on(on_glass, 0.0, known)
            self._running.plan()

    def _end(self) -> None:
        """The showing is over. Where requests are waited for, a card says so."""
        running = self._running
        showing, running.over, running.asked = running.showing, True, ""
        if not running.config.wait_for_films:
            return
        from player.pictures.cards import end_card  # only where a card is drawn

        card = end_card(showing.screen.size, showing.reels.title)
        if showing.stands is None or not (showing.stands == card).all():
            showing.show_card(card, "the end of the film")

    def _look_at_clock(self) -> None:
        """Notice a wall clock that was set, and where quiet hours begin and end."""
        timing, log = self._running.timing, self._around.log
        step = timing.was_set()
        if step:
            way = "on" if step > 0 else "back"
            log(f"the clock was set {way} by {span(abs(step))}; no frame moves")
            self._running.plan()
            if self._running.config.finish_by:
                timing.keep_to_interval()
        if (quiet := timing.is_quiet()) != self._was_quiet:
            ends = timing.quiet.ends(self._around.wall())
            until = "for ever" if ends is None else f"until {local(ends)}"
            log(f"quiet {until}" if quiet else "quiet hours are over")
            timing.due = max(timing.due, self._around.clock())  # the schedule begins anew in the morning
        self._was_quiet = quiet

    def _say_ready(self) -> None:
        """Once: the first picture stands, or there is none to be drawn for now."""
        running = self._running
        waits = running.missing or running.timing.is_quiet()
        if not self._is_ready and (running.showing.stands is not None or waits):
            self._is_ready = True
            self._around.ready()
