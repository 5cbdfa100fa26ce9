"""What a running player does about each request."""

from dataclasses import asdict
from typing import Any

from player.config.settings import KEYS, checked
from player.config.sources import Effective, changed, keep_changes, settable
from player.errors import ConfigError, FileError, PlayerError, ReelError
from player.playback.dependencies import Dependencies, Outcome
from player.playback.reels import number_of
from player.playback.requests import Kind, Request
from player.playback.screen import Screen
from player.playback.state import State
from player.schedule.quiet import Quiet

ADDRESS_STANDS = 60.0  # seconds
_PLAYLIST = {"reels", "films", "order", "seed"}
_TIMES = {"interval", "finish_by", "quiet", "quiet_days", "step"}
_NEEDS_FILM = {Kind.NEXT, Kind.BACK, Kind.GO_TO}


class Handlers:
    """Carry requests out on the state and the screen of a playback."""

    def __init__(self, state: State, screen: Screen, deps: Dependencies) -> None:
        self._state, self._screen, self._deps = state, screen, deps

    def handle(self, request: Request) -> Outcome | None:
        """Carry a request out; the outcome when it ends the run. What is not possible is said in the log."""
        state = self._state
        if request.kind in _NEEDS_FILM and state.missing:
            self._deps.log(f"{request.kind.value}: there is no film: {state.missing}")
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
            case Kind.REDRAW | Kind.CLEAN:
                self._redraw(request.kind is Kind.CLEAN)
            case Kind.ADDRESS:
                self._address()
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
        state = self._state
        try:
            if request.kind is Kind.GO_TO:
                state.reels.number = number_of(state.reels.reel, request.value)  # type: ignore[arg-type]
            else:
                state.reels.choose(state.config, request.value)  # type: ignore[arg-type]
                state.missing = ""
        except PlayerError as error:
            self._deps.log(f"{request.kind.value}: {error}")
        else:
            state.ask(self._deps.clock(), "exact", "jump" if request.kind is Kind.GO_TO else "another reel")

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
            self._deps.log(f"back: {error}")
            return
        if before is None:
            self._deps.log("back: no frame before this one can be shown")
            return
        state.reels.number = before
        state.ask(self._deps.clock(), "exact")

    def _redraw(self, clean: bool) -> None:
        state = self._state
        state.address_until = None
        if state.picture is not None:
            self._screen.repeat("cleaned" if clean else "asked for", clear=clean)
        elif not state.missing:  # nothing is drawn yet, in quiet hours: the first picture is a redraw
            state.asked = "exact"

    def _address(self) -> None:
        """Show the address of the web page for a while."""
        from player.pictures.cards import address_card  # only where a card is drawn

        address = self._deps.address()
        if address is None:
            self._deps.log("address: there is no web page; set remote in the configuration")
            return
        card = address_card(self._screen.size, address.url, address.qr)
        self._screen.show_briefly(card, "the address of the web page")
        self._state.address_until = self._deps.clock() + ADDRESS_STANDS

    def _set(self, values: dict[str, Any]) -> Outcome | None:
        """Change settings until further notice, and keep them."""
        effective, log = self._state.effective, self._deps.log
        locks = settable(effective)
        for name in values:
            if name not in locks or locks[name] is not None:
                log(f"set: {locks.get(name, f'{name} cannot be set while the player runs')}")
                return None
        try:
            values = {name: checked(name, value, f"set: {name}") for name, value in values.items()}
        except ConfigError as error:
            log(str(error))
            return None
        if effective.changes is not None:
            try:
                keep_changes(effective.changes, values)
            except FileError as error:
                log(f"{error}; the change lasts until the player ends")
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
            state.address_until = None
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
