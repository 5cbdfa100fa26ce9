"""What a running player does about each request."""

from dataclasses import asdict
from typing import Any

from player.config.settings import KEYS, checked
from player.config.sources import (
    Effective,
    changed,
    keep_changes,
    settable,
)
from player.errors import ConfigError, FileError, PlayerError, ReelError
from player.playback.dependencies import Outcome
from player.playback.reels import number_of
from player.playback.requests import (
    Kind,
    Request,
)
from player.playback.running import Running
from player.times import parse_place

ADDRESS_STANDS = 60.0  # seconds
_PLAYLIST = {"reels", "films", "order", "seed"}
_NEEDS_FILM = {Kind.NEXT, Kind.BACK, Kind.GO_TO}


def answer(running: Running, request: Request) -> Outcome | None:
    """Carry a request out; the outcome when it ends the run. What is not possible is only said in the log."""
    showing = running.showing
    if request.kind in _NEEDS_FILM and running.missing:
        running.around.log(f"{request.kind.value}: there is no film: {running.missing}")
        return None
    match request.kind:
        case Kind.STOP:
            return "stopped"
        case Kind.RELOAD:
            return _reload(running)
        case Kind.SET:
            return _set(running, dict(request.value))  # type: ignore[arg-type]
        case Kind.PAUSE | Kind.RESUME:
            _pause(running, request.kind is Kind.PAUSE)
        case Kind.NEXT:
            # The one on the glass may not be drawn again yet, or one asked for may not be drawn at all.
            if running.timing.stands_until is not None or running.asked:
                showing.reels.number += running.config.step
            running.ask("next")
        case Kind.BACK:
            _back(running)
        case Kind.GO_TO | Kind.CHOOSE:
            _go(running, request)
        case Kind.REDRAW | Kind.CLEAN:
            _redraw(running, request.kind is Kind.CLEAN)
        case Kind.ADDRESS:
            _address(running)
    return None


def _pause(running: Running, paused: bool) -> None:
    timing = running.timing
    if timing.paused == paused:
        return
    timing.paused = paused
    if not paused:
        timing.keep_to_interval()
    running.showing.save()
    running.around.log("paused" if paused else "resumed")


def _go(running: Running, request: Request) -> None:
    """To a place in the reel, or to another reel."""
    showing = running.showing
    try:
        if request.kind is Kind.GO_TO:
            showing.reels.number = number_of(showing.reels.reel, request.value)  # type: ignore[arg-type]
        else:
            showing.choose(request.value)  # type: ignore[arg-type]
            running.missing = ""
    except PlayerError as error:
        running.around.log(f"{request.kind.value}: {error}")
    else:
        running.ask("exact")


def _back(running: Running) -> None:
    try:
        found = running.showing.back(pending=bool(running.asked))
    except ReelError as error:  # out of reach: the next frame that is due says what becomes of it
        running.around.log(f"back: {error}")
        return
    if found:
        running.ask("exact")
    else:
        running.around.log("back: there is no frame before this one that can be shown")


def _redraw(running: Running, clean: bool) -> None:
    running.address_until = None
    if running.showing.stands is not None:
        running.showing.repeat("asked for", clean)
    elif not running.missing:  # nothing is drawn yet, in quiet hours: the first picture is a redraw
        running.asked = "exact"


def _address(running: Running) -> None:
    """Show the address of the web page for a while."""
    from player.pictures.cards import address_card  # only where a card is drawn

    address, showing = running.around.address(), running.showing
    if address is None:
        running.around.log("address: there is no web page; set remote in the configuration")
        return
    showing.show_over(
        address_card(showing.screen.size, address.url, address.qr), "the address of the web page"
    )
    running.address_until = running.around.clock() + ADDRESS_STANDS


def _set(running: Running, values: dict[str, Any]) -> Outcome | None:
    """Change settings until further notice, and keep them."""
    effective, log = running.effective, running.around.log
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
            log(f"{error}; what was set holds until the player ends")
    return apply(running, changed(effective, values), "set")


def _reload(running: Running) -> Outcome | None:
    """Read the configuration again."""
    try:
        effective = running.around.reload()
    except PlayerError as error:
        running.around.log(f"the configuration stays as it was: {error}")
        return None
    for note in effective.notes:
        running.around.log(note)
    return apply(running, effective, "configuration read again; changed")


def apply(running: Running, effective: Effective, what: str) -> Outcome | None:
    """Go on with these settings; "reopen" when that takes a panel opened anew."""
    old, new, showing = asdict(running.config), effective.config, running.showing
    names = [name for name, value in asdict(new).items() if value != old[name]]
    if any(KEYS[name].panel or name == "state" for name in names):
        return "reopen"
    running.effective = effective
    running.timing.configure(new)
    showing.configure(new)
    if _PLAYLIST & set(names) and not running.missing:
        _look(running)
    if "step" in names and showing.at is not None:
        showing.reels.number = showing.at + new.step
    if "caption" in names and showing.at is not None:
        running.address_until = None
        showing.refresh()
    if running.over and names:
        running.over, running.timing.due = False, running.around.clock()
    running.plan()
    if {"interval", "finish_by", "quiet", "quiet_days", "step"} & set(names) and not running.asked:
        running.timing.keep_to_interval()
        showing.save()
    running.around.log(f"{what}: {', '.join(names) or 'nothing'}")
    if names:
        running.around.applied(new)
    return None


def _look(running: Running) -> None:
    """Find the reels that the settings name now; the first one begins if the one shown is not there."""
    showing = running.showing
    try:
        showing.reels.look(running.config)
        if not showing.is_in_playlist(showing.reels.reel.path):
            showing.reels.go_to(parse_place(running.config.start or "0", "start"))
            running.ask("exact")
    except ReelError as error:
        running.around.log(str(error))
