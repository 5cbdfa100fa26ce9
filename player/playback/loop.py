"""The loop: waits for what comes next or for a request, carries it out, and keeps the place.

Everything it touches is handed in: settings, panel and dependencies. It starts with a redraw, because the
glass may show anything. A damaged frame is reported and skipped to the next key frame. Errors of the panel
end the loop, and so do those of the reels unless `wait_for_films` is set: the place is kept, and a restart
goes on from it.

With `wait_for_films` a card on the panel says that films are missing, and they are looked for until they are
there: a directory may not be mounted, a stick pulled out, a reel deleted or damaged. When the reel is back,
the film goes on at its place. A mount that comes and goes makes no panel flash: the card is drawn at most
once in ten minutes, and a reel that opens but shows nothing is tried again only after as long.
"""

from typing import TYPE_CHECKING

from player.config.sources import Effective
from player.errors import BadFrame, NoSuchFrame, ReelError, Stopped
from player.playback.dependencies import Dependencies, Outcome
from player.playback.handlers import Handlers
from player.playback.reels import Reels
from player.playback.screen import Screen
from player.playback.state import NEVER, Action, Next, State, next_action, status_of
from player.progress import Progress
from player.schedule.due import Schedule, after_restart
from player.schedule.quiet import Quiet
from player.times import Place, local, span

if TYPE_CHECKING:
    from player.panel import Panel

SLEEP_AFTER = 3.0  # seconds: the panel sleeps when nothing is due for longer
LONGEST_WAIT = 60.0  # seconds: then wall clock and time zone are looked at again
CLOCK_SET = 2.0  # seconds by which the clocks may part before the wall clock counts as set
POLL = 10.0  # seconds from look to look while films are missing
PATIENCE = 60.0  # seconds before a reel that is gone is given up for another one
SELDOM = 600.0  # seconds from card to card, and from try to try where nothing can be shown


class Playback:
    """One run on an open panel."""

    def __init__(self, effective: Effective, panel: "Panel", deps: Dependencies) -> None:
        now, config = deps.clock(), effective.config
        self.deps = deps
        self.state = State(
            effective,
            Quiet(config.quiet, config.quiet_days, deps.local),
            Reels(panel.size, deps.open_reel, deps.log, deps.shelf),
            Schedule(now, config.interval),
            deps.wall() - now,
            handled=deps.board.latest().snapshot.handled,
        )
        self.screen = Screen(self.state, panel, deps)
        self._handlers = Handlers(self.state, self.screen, deps)

    @property
    def shown(self) -> int:
        """Frames shown in this run."""
        return self.state.shown

    def next(self) -> Next:
        """What comes next and when, unless a request comes before."""
        return next_action(self.state, self.deps.clock(), self.deps.wall())

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

        `kept`: the place an earlier run came to; `jump`: begin there instead; `once`: show the next frame
        now, and end where that takes waiting; `attached`: the glass shows what `kept` says, so partial
        updates go on. Raises PlayerError and what the panel raises.
        """
        state, deps = self.state, self.deps
        state.progress, state.paused = kept, kept.paused
        for note in state.effective.notes:
            deps.log(note)
        if kept.paused:
            deps.log("paused in an earlier run; resume on the web page, by a button or with --resume")
        try:
            self._begin(jump, once, attached)
            while not self._is_over():
                self._publish()
                left = self.next().when - deps.clock()
                if left > SLEEP_AFTER:
                    self.screen.sleep()
                longest = min(LONGEST_WAIT, deps.heartbeat or LONGEST_WAIT)
                request = deps.inbox.wait(0.0 if once else min(left, longest))
                deps.alive()
                if request is not None:
                    outcome = self._handlers.handle(request)
                    if outcome is not None:
                        return outcome
                elif once and left > 0:
                    return "ended"
                else:
                    self._look_at_clock()
                    when, what = self.next()
                    if when <= deps.clock():
                        self._do(what)
                self._say_ready()
                if count is not None and self.shown >= count:
                    return "ended"
            return "ended"
        except Stopped:
            return "stopped"
        finally:
            self._publish()
            state.reels.close()

    # The start and the end.

    def _begin(self, jump: Place | None, once: bool, attached: bool) -> None:
        """Choose the frame to start with: where the player was, unless told otherwise."""
        state = self.state
        state.jump = jump
        on_glass = self._enter(others=False)
        if on_glass is None:
            return
        known = attached and on_glass and self.screen.take_over()
        interval = state.progress.interval if state.config.finish_by else state.config.interval
        wait = after_restart(state.progress.next_due, interval, self.deps.wall())
        self._go_on(on_glass, 0.0 if once else wait, known)
        state.choose_interval(self.deps, strict=not state.config.wait_for_films)

    def _enter(self, others: bool) -> bool | None:
        """Open the reel to begin with: None when films are missing, else as `Reels.enter`."""
        state = self.state
        try:
            on_glass = state.reels.enter(state.config, state.progress, state.jump, others)
        except ReelError as error:
            self._lose(error)
            return None
        state.jump = None
        return on_glass

    def _go_on(self, on_glass: bool, wait: float, known: bool) -> None:
        """After a reel was opened. `on_glass`: its frame `number` was on the glass, `known`: it still is; the
        next one is due in `wait` seconds.
        """
        state, now = self.state, self.deps.clock()
        state.schedule = state.schedule.at_once(now)
        if not on_glass:
            return
        if known:
            state.reels.number += state.config.step
            due = now + wait
            state.schedule = state.schedule._replace(due=due, up=due - state.schedule.interval)
        elif state.paused or (wait > 0 and not state.reels.is_last(state.config)):
            # It is drawn again, as the glass may show anything.
            state.schedule = state.schedule._replace(until=now + wait)
        else:
            state.reels.number += state.config.step

    def _is_over(self) -> bool:
        """Whether the film is over and nobody waits for requests. Raises ReelError."""
        state, reels, config = self.state, self.state.reels, self.state.config
        if config.wait_for_films or state.asked:
            return False
        if state.over:
            return True
        return reels.is_open and reels.is_over(config) and not reels.turn(config, state.shown)

    def _publish(self) -> None:
        """Tell the web page how things are."""
        glass, deps = self.state.glass, self.deps
        deps.board.publish(status_of(self.state, deps.clock(), deps.wall()), glass.shown, glass.redrawn)

    def _say_ready(self) -> None:
        """Once: the first picture stands, or none is to be drawn for now."""
        state = self.state
        waits = state.missing or state.quiet.at(self.deps.wall())
        if not state.is_ready and (state.picture is not None or waits):
            state.is_ready = True
            self.deps.ready()

    def _look_at_clock(self) -> None:
        """Notice when the wall clock was set, and where quiet hours begin and end."""
        state, deps, now, wall = self.state, self.deps, self.deps.clock(), self.deps.wall()
        step = wall - now - state.clock_offset
        if abs(step) >= CLOCK_SET:
            state.clock_offset += step
            way = "forward" if step > 0 else "back"
            deps.log(f"the clock was set {way} by {span(abs(step))}; frames come as before")
            state.choose_interval(deps)
            if state.config.finish_by:
                state.schedule = state.schedule.keep_to_interval(now)
        if (quiet := state.quiet.at(wall)) != state.was_quiet:
            ends = state.quiet.ends(wall)
            until = "for ever" if ends is None else f"until {local(ends)}"
            deps.log(f"quiet {until}" if quiet else "quiet hours are over")
            # The grid of the interval starts anew in the morning.
            state.schedule = state.schedule._replace(due=max(state.schedule.due, now))
        state.was_quiet = quiet

    # What is done when it is due.

    def _do(self, what: Action) -> None:
        match what:
            case Action.SHOW:
                self._show()
            case Action.REDRAW:
                self.screen.repeat("daily")
            case Action.RESTORE:
                self.state.brief_until = None
                if self.state.picture is not None:
                    self.screen.repeat("the film after a card")
            case Action.LOOK:
                self._look()

    def _show(self) -> None:
        """Show the frame that comes next, or pass it over; after the last one, the end."""
        state, reels, config = self.state, self.state.reels, self.state.config
        now = self.deps.clock()
        if not (state.asked or state.paused) and now >= (state.schedule.until or NEVER):
            # Quiet hours have taken the time of the frame that was to be drawn again: the next one instead.
            state.schedule = state.schedule._replace(until=None)
            reels.number += config.step
        try:
            reels.take_in_more()
            if reels.number >= reels.reel.frames:
                if not reels.turn(config, state.shown):
                    self._end()
                    return
                state.choose_interval(self.deps)
            try:
                dither, info = self.screen.frame(reels.number)
            except BadFrame as error:
                reels.pass_over(error)
                state.schedule = state.schedule._replace(until=None)
                return
            if state.asked != "exact" and reels.skips_black(config):
                reels.number += config.step
                return
            self.screen.show(dither, info)
            state.asked = ""
            state.choose_interval(self.deps)
            if state.schedule.interval != config.interval:
                state.schedule = state.schedule.keep_to_interval(now)
        except ReelError as error:
            self._lose(error)

    def _end(self) -> None:
        """The showing is over. Where requests are waited for, a card says so."""
        state = self.state
        state.over, state.asked, state.look_at = True, "", self.deps.clock() + LONGEST_WAIT
        if not state.config.wait_for_films or not state.reels.reel.complete:  # its export may go on
            return
        from player.pictures.cards import end_card  # only where a card is drawn

        card = end_card(self.screen.size, state.reels.title)
        if state.picture is None or not (state.picture.dither == card).all():
            self.screen.show_card(card, "the end of the film")

    def _lose(self, error: ReelError) -> None:
        """Films are missing, or still are. Raises the error where they are not waited for, and where a frame
        was asked for that the reel does not have: waiting does not bring it.
        """
        state, now = self.state, self.deps.clock()
        if isinstance(error, NoSuchFrame) or not state.config.wait_for_films:
            raise error
        state.look_at = now + POLL
        if not state.missing:
            fruitless = state.shown == state.shown_when_lost
            state.shown_when_lost, state.lost_at = state.shown, now
            state.look_at = now + (SELDOM if fruitless else 0.0)
            state.reels.close()
            state.asked = state.jumped = ""
        if str(error) != state.missing:
            self.deps.log(f"{error}; waiting for films")
        state.missing = str(error)

    def _look(self) -> None:
        """Look for films: the missing ones, or those that have come since the last one was over."""
        state, now = self.state, self.deps.clock()
        if not state.missing:
            state.look_at = now + LONGEST_WAIT
            if state.reels.has_grown(state.config):
                state.over = False
                state.schedule = state.schedule._replace(due=now)
            return
        on_glass = self._enter(others=now - state.lost_at >= PATIENCE)
        if on_glass is None:
            self._show_no_film(now)
            return
        self.deps.log("films found; going on")
        state.missing = ""
        self._go_on(on_glass, 0.0, known=on_glass and state.at is not None)
        state.choose_interval(self.deps)

    def _show_no_film(self, now: float) -> None:
        """A card that says that films are missing; none in quiet hours, and one in ten minutes."""
        state, config = self.state, self.state.config
        if state.quiet.at(self.deps.wall()):
            return
        stands = PATIENCE if state.is_card else SELDOM
        if state.card_at is not None and now - state.card_at < stands:
            return
        if state.reels.can_open_any():  # patience: the one that was shown may come back
            return
        from player.pictures.cards import no_film_card  # only where a card is drawn

        where = ", ".join([*config.reels, *([config.films] if config.films else [])])
        address = self.deps.address()
        url = None if address is None else address.url
        # Only before the first film: later a code that signs in would stand in the room for days.
        qr = None if address is None or state.progress.reel is not None else address.qr
        card = no_film_card(self.screen.size, where or "no place at all", url, qr)
        state.card_at = now
        if state.picture is None or not (state.picture.dither == card).all():  # the address may have changed
            self.screen.show_card(card, "no film is found")
