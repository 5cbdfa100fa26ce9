"""What a running player does about each request."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from player.config.settings import KEYS, checked
from player.config.sources import Effective, changed, keep_changes, lock, settable
from player.errors import ConfigError, FileError, PlayerError, ReelError
from player.files import why
from player.playback.dependencies import Dependencies, Outcome
from player.playback.reels import number_of
from player.playback.requests import Kind, Request
from player.playback.screen import Screen
from player.playback.state import State
from player.progress import LONGEST_TITLE, MOST, Undo, newest
from player.schedule.quiet import Quiet

ADDRESS_STANDS, CHART_STANDS = 60.0, 600.0  # seconds
_PLAYLIST = {"reels", "films", "order", "seed"}
_TIMES = {"interval", "finish_by", "quiet", "quiet_days", "step"}
_NOT_KEPT = "it is in force, but only until the player ends, as it could not be written to the disk"
_NEEDS_FILM = {Kind.NEXT, Kind.BACK, Kind.GO_TO}


class Handlers:
    """Carry requests out on the state and the screen of a playback."""

    def __init__(self, state: State, screen: Screen, deps: Dependencies) -> None:
        self._state, self._screen, self._deps = state, screen, deps

    def handle(self, request: Request) -> Outcome | None:
        """Carry a request out; the outcome when it ends the run. What is not possible is said in the log."""
        if request.number:
            self._state.refused = ""
        try:
            return self._carry_out(request)
        finally:
            self._state.handled = max(self._state.handled, request.number)

    def _refuse(self, why: str) -> None:
        self._state.refused = why
        self._deps.log(why)

    def _carry_out(self, request: Request) -> Outcome | None:
        state = self._state
        if request.kind in _NEEDS_FILM and state.missing:
            self._refuse(f"{request.kind.value}: there is no film: {state.missing}")
            return None
        match request.kind:
            case Kind.STOP:
                return "stopped"
            case Kind.RELOAD:
                return self._reload()
            case Kind.SET:
                return self._set(dict(request.value))  # type: ignore[arg-type]
            case Kind.PAUSE | Kind.RESUME:
                self._pause(request.kind is Kind.PAUSE)
            case Kind.NEXT:
                # The frame on the glass may not be drawn again yet, or one asked for may not be drawn at all.
                if state.schedule.until is not None or state.asked:
                    state.reels.number += state.config.step
                state.ask(self._deps.clock(), "next")
            case Kind.BACK:
                self._back()
            case Kind.GO_TO | Kind.CHOOSE:
                self._go(request)
            case Kind.UNDO:
                self._undo()
            case Kind.PLAY_NEXT | Kind.QUEUE | Kind.UNQUEUE:
                self._queue(request.kind, str(request.value))
            case Kind.RENAME:
                self._rename(**dict(request.value))  # type: ignore[arg-type]
            case Kind.DELETE:
                self._delete(request.value)  # type: ignore[arg-type]
            case Kind.REDRAW | Kind.CLEAN:
                self._redraw(request.kind is Kind.CLEAN)
            case Kind.ADDRESS:
                self._address()
            case Kind.CHART:
                self._chart()
        return None

    def _pause(self, paused: bool) -> None:
        state = self._state
        if state.paused == paused:
            return
        state.paused = paused
        if not paused:
            state.schedule = state.schedule.keep_to_interval(self._deps.clock())
        self._screen.save()
        self._deps.log("paused" if paused else "resumed")

    def _go(self, request: Request) -> None:
        """To a place in the reel, or to another reel."""
        state, here = self._state, self._here()
        try:
            if request.kind is Kind.GO_TO:
                state.reels.number = number_of(state.reels.reel, request.value)  # type: ignore[arg-type]
            else:
                state.reels.choose(state.config, request.value)  # type: ignore[arg-type]
                state.missing = ""
        except PlayerError as error:
            self._refuse(f"{request.kind.value}: {error}")
        else:
            state.reels.shelf.change(undo=here)
            state.ask(self._deps.clock(), "exact", "jump" if request.kind is Kind.GO_TO else "another reel")

    def _here(self) -> Undo | None:
        """The frame that stands, to come back to."""
        state = self._state
        if not state.reels.is_open:
            return None
        frame = state.reels.number if state.at is None else state.at
        return Undo(str(state.reels.reel.path), frame, self._deps.wall())

    def _undo(self) -> None:
        """Back to where the last jump led away from; that is a jump, too."""
        state, here, undo = self._state, self._here(), self._state.reels.shelf.now.undo
        if undo is None:
            self._refuse("undo: there is no jump to undo")
            return
        another = here is None or undo.reel != here.reel
        try:
            if another:
                state.reels.choose(state.config, Path(undo.reel))
                state.missing = ""
        except PlayerError as error:
            self._refuse(f"undo: {error}")
            return
        state.reels.number = min(undo.frame, state.reels.reel.frames - 1)
        state.reels.shelf.change(undo=here)
        state.ask(self._deps.clock(), "exact", "another reel" if another else "jump")

    def _queue(self, kind: Kind, reel: str) -> None:
        state, shelf = self._state, self._state.reels.shelf
        others = tuple(other for other in shelf.now.queue if other != reel)
        queue = {Kind.PLAY_NEXT: (reel, *others), Kind.QUEUE: (*others, reel)}.get(kind, others)
        shelf.change(queue=queue[:MOST])
        self._deps.log(f"{kind.value}: {reel}")
        if state.over and queue:  # the last film is over: the next one need not be waited for
            state.over = False
            state.schedule = state.schedule._replace(due=self._deps.clock())
        state.choose_interval(self._deps)

    def _rename(self, reel: Path, title: str) -> None:
        state, shelf = self._state, self._state.reels.shelf
        names = {other: name for other, name in shelf.now.names.items() if other != str(reel)}
        if title:
            names[str(reel)] = title[:LONGEST_TITLE]
        shelf.change(names=newest(names))
        self._deps.log(f"{reel}: is called {title or 'as before'}")
        if state.at is not None and state.reels.reel.path == reel and "title" in state.config.caption:
            state.brief_until = None
            self._screen.refresh()

    def _delete(self, path: Path) -> None:
        """Remove the file of a reel; only where reels are sent to, as the others are somebody else's."""
        state, now = self._state, self._deps.clock()
        films = state.config.films
        if films is None or path.parent != Path(films).absolute():
            self._refuse(f"delete: {path} does not lie in films, so it is not deleted here")
            return
        if not state.config.wait_for_films and state.reels.is_open and path == state.reels.reel.path:
            self._refuse(f"delete: {path} is being shown; show another film first")
            return
        try:
            begun = state.reels.delete(state.config, path)
        except OSError as error:
            self._refuse(f"delete: {path} cannot be removed: {why(error)}")
            return
        except ReelError as error:
            state.missing, state.asked = str(error), ""
            state.look_at, state.lost_at = now, float("-inf")
            begun = False
        self._deps.log(f"{path}: deleted")
        if begun:
            state.ask(now, "exact", "another reel")
        state.choose_interval(self._deps)

    def _back(self) -> None:
        """To the frame before the one on the glass, or before the one that is asked for."""
        state = self._state
        number: int | None = state.reels.number
        if state.at is not None and not state.asked:
            number = state.at
        elif state.is_card or state.picture is None:
            number = state.progress.frame
        try:
            before = state.reels.before(number, state.config)
        except ReelError as error:  # out of reach: the next frame that is due says what becomes of it
            self._refuse(f"back: {error}")
            return
        if before is None:
            self._refuse("back: no frame before this one can be shown")
            return
        state.reels.number = before
        state.ask(self._deps.clock(), "exact")

    def _redraw(self, clean: bool) -> None:
        state = self._state
        state.brief_until = None
        if state.picture is not None:
            self._screen.repeat("cleaned" if clean else "asked for", clear=clean)
        elif not state.missing:  # nothing is drawn yet, in quiet hours: the first picture is a redraw
            state.asked = "exact"

    def _address(self) -> None:
        """Show the address of the web page for a while."""
        from player.pictures.cards import address_card  # only where a card is drawn

        address = self._deps.address()
        if address is None:
            self._refuse("address: there is no web page; set remote in the configuration")
            return
        card = address_card(self._screen.size, address.url, address.qr)
        self._screen.show_briefly(card, "the address of the web page")
        self._state.brief_until = self._deps.clock() + ADDRESS_STANDS

    def _chart(self) -> None:
        """Show the chart for a while; then the picture comes back."""
        try:
            self._screen.show_chart()
        except ConfigError as error:
            self._refuse(f"chart: {error}")
        else:
            self._state.brief_until = self._deps.clock() + CHART_STANDS

    def _set(self, values: dict[str, Any]) -> Outcome | None:
        """Change settings until further notice, and keep them."""
        effective, log = self._state.effective, self._deps.log
        locks = settable(effective)
        for name in values:
            why_not = lock(locks, name, values) if name in locks else f"{name} cannot be set while it runs"
            if why_not is not None:
                self._refuse(f"set: {why_not}")
                return None
        try:
            values = {name: checked(name, value, f"set: {name}") for name, value in values.items()}
        except ConfigError as error:
            self._refuse(str(error))
            return None
        if effective.changes is not None:
            try:
                keep_changes(effective.changes, values)
            except FileError as error:
                log(f"{error}; the change lasts until the player ends")
                self._state.refused = f"set: {_NOT_KEPT}"
        return self._apply(changed(effective, values), "set")

    def _reload(self) -> Outcome | None:
        """Read the configuration again."""
        try:
            effective = self._deps.reload()
        except PlayerError as error:
            self._deps.log(f"the configuration stays as it was: {error}")
            return None
        for note in effective.notes:
            self._deps.log(note)
        return self._apply(effective, "configuration read again; changed")

    def _apply(self, effective: Effective, what: str) -> Outcome | None:
        """Go on with these settings; "reopen" when that takes a panel opened anew."""
        state, deps, old, new = self._state, self._deps, asdict(self._state.config), effective.config
        names = {name for name, value in asdict(new).items() if value != old[name]}
        if any(KEYS[name].panel or name == "state" for name in names):
            return "reopen"
        state.effective = effective
        state.quiet = Quiet(new.quiet, new.quiet_days, deps.local)
        if _PLAYLIST & names and not state.missing:
            try:
                if state.reels.follow(new):
                    state.ask(deps.clock(), "exact", "another reel")
            except ReelError as error:
                deps.log(str(error))
        if "step" in names and state.at is not None:
            state.reels.number = state.at + new.step
        if "caption" in names and state.at is not None:
            state.brief_until = None
            self._screen.refresh()
        if state.over and names:
            state.over = False
            state.schedule = state.schedule._replace(due=deps.clock())
        state.choose_interval(self._deps)
        if _TIMES & names and not state.asked:
            state.schedule = state.schedule.keep_to_interval(deps.clock())
            self._screen.save()
        deps.log(f"{what}: {', '.join(name for name in old if name in names) or 'nothing'}")
        if names:
            deps.applied(new)
        return None
