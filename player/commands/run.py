"""`player run`: puts the parts together and shows.

The parts start in this order and stop in the reverse one: signals, systemd's socket, the lock on the panel,
web page and buttons, the panel, the playback.

`--once` shows the next frame at once, puts the panel to sleep and ends; it is for a timer and a battery. The
timer decides when it runs. Quiet hours and a pause hold all the same, and then the panel is not even woken. A
controller that loses its power between two runs may show anything on the glass, so every run is a redraw.
With `keeps_power`, or a panel that is told at each update what is on the glass, partial updates go on from
run to run, judged against the dither of the last redraw, which the place on disk names.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

from player import panel as panels
from player.commands.options import given
from player.config.settings import Config
from player.config.sources import Effective, load, settable, state_path
from player.errors import PlayerError, ReelError, Stopped
from player.files import make_directory
from player.pictures.png import glass_pictures, save_glass
from player.playback.dependencies import Address, Dependencies, Outcome
from player.playback.loop import Playback
from player.playback.reels import arranged, expand, number_of
from player.playback.requests import Inbox, Kind, Request
from player.playback.status import StatusBoard
from player.progress import Progress, ProgressStore, ShelfStore
from player.reel import Reel
from player.schedule.quiet import Quiet, system_local
from player.service.lock import locked
from player.service.notify import Notifier
from player.service.process import LogTail, say, signals
from player.times import Place, parse_place

_OF_SERVICES = (
    "remote",
    "button_",
    "films",
    "mqtt",
    "inbox",
    "profile",
    "upload_limit",
    "free_space",
    "state",
    "simulated",
    "spi_bus",
)

Log = Callable[[str], None]


def run(arguments: argparse.Namespace) -> int:
    """Show until the end or a signal: SIGTERM ends with 0, SIGINT with 130; SIGHUP rereads the settings."""
    with closing(Inbox()) as inbox, signals(inbox) as interrupts:
        source = Source(arguments)
        with suppress(Stopped):
            if arguments.once:
                _once(source, inbox, arguments.resume)
            else:
                _keep_showing(source, inbox, arguments.resume)
        return 130 if interrupts else 0


class Source:
    """Reads the configuration whenever it is asked; `jump`: where --start says to begin, else None."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._flags, self._file = given(arguments), arguments.config
        start = self._flags.get("start")
        self.jump = None if start is None else parse_place(start, "--start")
        self._last: Effective | None = None

    def read(self) -> Effective:
        """The settings now in force. ConfigError in one line."""
        self._last = load(self._flags, os.environ, self._file)
        return self._last

    def settable(self) -> dict[str, str | None]:
        """For each key that may be changed at run time: None, or the reason why it cannot be changed now."""
        return settable(self._last if self._last is not None else self.read())


def _once(source: Source, inbox: Inbox, resume: bool) -> None:
    """Show one frame."""
    effective = source.read()
    # Only a player that goes on running can wait for films or, after the last frame, for requests.
    config = replace(effective.config, wait_for_films=False)
    with only_player(config):
        store = ProgressStore(state_path(config, os.environ), say)
        kept = store.load()
        if resume:
            kept = replace(kept, paused=False)
        if kept.paused:
            say("paused; resume on the web page or by a button of a running player, or with --resume")
            return
        if Quiet(config.quiet, config.quiet_days, system_local).at(time.time()):
            say("quiet hours: nothing is shown")
            return
        open_reel = _opener(inbox)
        first = first_look(config, kept, source.jump, open_reel)
        known = source.jump is None and kept.frame is not None and kept.showing is None
        # A simulated panel is a new one in every run.
        attach = panels.remembers(config) and known and config.simulated is None
        size = simulated_size(effective, first)
        with panels.opened(config, size, say, attach=attach) as (panel, glass, attached):
            deps = Dependencies(
                open_reel=open_reel,
                store=store,
                inbox=inbox,
                log=say,
                reload=source.read,
                seen=glass_pictures(config.simulated, glass, first.several),
                wall=time.time,
                shelf=ShelfStore(store.path.with_name("shelf.json"), say),
            )
            playback = Playback(effective._replace(config=config), panel, deps)
            playback.run(kept, source.jump, 1, once=True, attached=attached)


def _keep_showing(source: Source, inbox: Inbox, resume: bool) -> None:
    """Show until the end, and tell systemd about it."""
    tail = LogTail()

    def log(line: str) -> None:
        say(line)
        tail(line)

    with closing(Notifier(os.environ, log)) as notifier:
        if resume:
            inbox.post(Request(Kind.RESUME))
        try:
            _Showing(source, inbox, notifier, tail, log).run()
            notifier.ready()  # if the film was over before: to systemd an end without it is a failure
        finally:
            notifier.stopping()


class _Showing:
    """Opens the panel and shows, again and again while a change of the settings needs the panel anew."""

    def __init__(self, source: Source, inbox: Inbox, notifier: Notifier, tail: LogTail, log: Log) -> None:
        self._source, self._inbox, self._notifier, self._log = source, inbox, notifier, log
        self._board = StatusBoard()
        self._open_reel = _opener(inbox)
        self._services = Services(self._board, inbox, source.settable, tail, log)
        self._feed = Feed(notifier.alive, self._services.alive, log)

    def run(self) -> None:
        """Show until the end. PlayerError."""
        jump, shown = self._source.jump, 0
        outcome: Outcome = "reopen"
        with ExitStack() as lock, closing(self._services):
            while outcome == "reopen":
                effective = self._source.read()
                lock.close()
                lock.enter_context(only_player(effective.config))
                self._services.start(effective.config)
                left = None if effective.config.count is None else max(effective.config.count - shown, 1)
                more, outcome = self._show(effective, jump, left)
                jump, shown = None, shown + more
                if outcome == "reopen":
                    self._log("configuration read again; the panel is opened anew")

    def _show(self, effective: Effective, jump: Place | None, count: int | None) -> tuple[int, Outcome]:
        """One run on one open panel: how many frames were shown, and why it ended."""
        config, notifier = effective.config, self._notifier
        store = ProgressStore(state_path(config, os.environ), self._log)
        kept = store.load()
        first = first_look(config, kept, jump, self._open_reel)
        notifier.allow(panels.longest_call(config))
        size = simulated_size(effective, first)
        with panels.opened(config, size, self._log, alive=self._feed) as (panel, glass, _):
            save_picture = glass_pictures(config.simulated, glass, first.several)

            def seen(reel: Path, number: int) -> None:
                save_picture(reel, number)
                notifier.status(f"{reel.stem}: frame {number + 1}")

            def charted() -> None:
                if glass is not None and config.simulated is not None:
                    save_glass(Path(config.simulated) / "chart.png", glass())

            deps = Dependencies(
                open_reel=self._open_reel,
                store=store,
                inbox=self._inbox,
                log=self._log,
                reload=self._reload,
                seen=seen,
                charted=charted,
                applied=self._services.apply,
                ready=notifier.ready,
                alive=self._feed,
                heartbeat=notifier.heartbeat,
                clock=time.monotonic,
                wall=time.time,
                board=self._board,
                shelf=ShelfStore(store.path.with_name("shelf.json"), self._log),
                address=self._services.address,
            )
            playback = Playback(effective, panel, deps)
            outcome = playback.run(kept, jump, count)
            return playback.shown, outcome

    def _reload(self) -> Effective:
        self._notifier.reloading()
        try:
            return self._source.read()
        finally:
            self._notifier.reloaded()


@contextmanager
def only_player(config: Config) -> Iterator[None]:
    """Hold the lock on the configured panel. Locked when another player has it."""
    if config.simulated is not None:
        make_directory(Path(config.simulated))
    with locked(panels.device(config)):
        yield


class First(NamedTuple):
    """`size`: (width, height) of the reel that comes first; `several`: whether it is one of several."""

    size: tuple[int, int]
    several: bool


def first_look(
    config: Config, kept: Progress, jump: Place | None, open_reel: Callable[[Path], Reel] = Reel
) -> First:
    """What comes first. ReelError when it cannot be opened or does not reach `jump`.

    So a wrong path or a wrong file ends the player before the panel is touched. With `wait_for_films` that is
    left to the playback.
    """
    try:
        paths = arranged(expand(config.reels, config.films), config.order, config.seed, kept.round)
        going_on = jump is None and kept.reel is not None and Path(kept.reel) in paths
        with open_reel(Path(kept.reel) if going_on and kept.reel is not None else paths[0]) as reel:
            if jump is not None:
                number_of(reel, jump)
            return First((reel.width, reel.height), len(paths) > 1)
    except ReelError:
        if not config.wait_for_films:
            raise
        return First(panels.USUAL_SIZE, True)


def simulated_size(effective: Effective, first: First) -> tuple[int, int]:
    """(width, height) of a simulated panel: those of the reel, unless an option names the panel."""
    named = effective.origin["panel"].startswith("--") and not effective.config.panel.startswith(panels.OMNI)
    return (panels.known_size(effective.config) or panels.USUAL_SIZE) if named else first.size


class Feed:
    """Feeds systemd's watchdog with `alive` while all that runs beside the loop is well (`well`). When
    something there hangs, systemd starts the player anew after a while, and the film goes on at its place.
    """

    def __init__(self, alive: Callable[[], None], well: Callable[[], bool], log: Log) -> None:
        self._alive, self._well, self._log = alive, well, log
        self._was_well = True

    def __call__(self) -> None:
        well = self._well()
        if well:
            self._alive()
        if well != self._was_well:
            self._log(
                "the web page answers again"
                if well
                else "the web page does not answer; systemd starts the player anew if that stays so"
            )
        self._was_well = well


def _opener(inbox: Inbox) -> Callable[[Path], Reel]:
    """Opens reels whose reading ends, with Stopped, once a STOP is in."""
    return lambda path: Reel(path, inbox.check)


class Services:
    """Web page and buttons, which run beside the playback and post it requests.

    Each is imported only when it is configured: the device may lack its libraries, and memory is short.
    `settable`: see settings.sources. `start` raises ConfigError in one line when a library is missing or a
    port or a pin is in use.
    """

    def __init__(
        self,
        board: StatusBoard,
        inbox: Inbox,
        settable: Callable[[], dict[str, str | None]],
        tail: LogTail,
        log: Log,
    ) -> None:
        self._board, self._inbox, self._settable = board, inbox, settable
        self._tail, self._log = tail, log
        self._running = ExitStack()
        self._started_with: dict[str, Any] | None = None
        self._card: Callable[[], Any] | None = None
        self._checks: list[Callable[[], bool]] = []

    def alive(self) -> bool:
        """Whether all that runs does its work. Cheap: the loop asks."""
        return all(check() for check in self._checks)

    def start(self, config: Config) -> None:
        """Start them, or restart them if a setting that they read at their start has changed."""
        settings = {name: value for name, value in asdict(config).items() if name.startswith(_OF_SERVICES)}
        if settings == self._started_with:
            return
        self.close()
        try:
            self._start_page(config)
            self._start_buttons(config)
            self._start_watch(config)
            self._start_mqtt(config)
        except BaseException:
            self.close()
            raise
        self._started_with = settings

    def apply(self, config: Config) -> None:
        """Like `start`, in a running player: an error is logged, and the film goes on without them."""
        try:
            self.start(config)
        except PlayerError as error:
            self._log(f"{error}; web page and buttons are off until then")

    def address(self) -> Address | None:
        """The address of the web page, None when there is no page."""
        if self._card is None:
            return None
        card = self._card()
        return Address(card.url, card.qr)

    def close(self) -> None:
        """Stop them."""
        self._running.close()
        self._started_with = self._card = None
        self._checks = []

    def _start_page(self, config: Config) -> None:
        if config.remote == "off":
            return
        from player.web.service import serving

        films = None if config.films is None else Path(config.films)
        beside = state_path(config, os.environ).parent
        page = self._running.enter_context(
            serving(config, self._board, self._inbox, self._settable, films, self._tail, beside, self._log)
        )
        self._card = None if page is None else page.card
        if page is not None:
            self._checks.append(page.alive)

    def _start_watch(self, config: Config) -> None:
        if config.inbox is None or config.films is None:
            return
        from player.films.watch import watching

        folders = Path(config.inbox), Path(config.films)
        self._running.enter_context(watching(*folders, self._board, self._inbox, self._log))

    def _start_mqtt(self, config: Config) -> None:
        if config.mqtt is None:
            return
        from player.mqtt import speaking

        beside = state_path(config, os.environ).parent
        self._running.enter_context(speaking(config, self._board, self._inbox, beside, self._log))

    def _start_buttons(self, config: Config) -> None:
        pins = (config.button_next, config.button_back, config.button_pause, config.button_redraw)
        if config.simulated is not None or not any(pin is not None for pin in pins):
            return
        from player.service.buttons import button_pins, listening

        def paused() -> bool:
            return self._board.latest().snapshot.paused

        self._running.enter_context(
            listening(button_pins(config), panels.button_inputs, self._inbox.post, paused, self._log)
        )
