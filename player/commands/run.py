"""`player run`: puts the parts together, turns signals into requests, and shows.

Started in this order, and stopped in the reverse one: signals, systemd's socket, the lock on the panel, web
page and buttons, the panel, the playback.
"""

import argparse
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from types import FrameType

from player import panels
from player.commands.options import given
from player.loop.board import Board
from player.loop.inbox import Inbox
from player.loop.requests import Kind, Request
from player.loop.surroundings import Outcome, Surroundings
from player.playback import Playback
from player.progress import ProgressStore
from player.reel import Reel
from player.service.assembly import Log, Services, first_look, glass_pictures, only_player
from player.service.log_tail import LogTail
from player.service.notify import Notifier
from player.settings.sources import Effective, load, settable, state_path
from player.times import Place, parse_place


def run(arguments: argparse.Namespace) -> int:
    """Show until the end or a signal: SIGTERM ends with 0, SIGINT with 130; SIGHUP rereads the settings."""
    if arguments.once:
        from player.commands.once import once

        return once(arguments)
    tail = LogTail()

    def log(line: str) -> None:
        say(line)
        tail(line)

    with (
        closing(Inbox()) as inbox,
        listening(inbox) as interrupts,
        closing(Notifier(os.environ, log)) as notifier,
    ):
        if arguments.resume:
            inbox.post(Request(Kind.RESUME))
        try:
            _run(Source(arguments), inbox, notifier, tail, log)
            notifier.ready()  # where the film was over before: an end without it is a failure to systemd
        finally:
            notifier.stopping()
        return 130 if interrupts else 0


def _run(source: "Source", inbox: Inbox, notifier: Notifier, tail: LogTail, log: Log) -> None:
    """Open the panel and show, anew whenever a change of the settings needs that."""
    board, jump, shown = Board(), source.jump, 0
    outcome: Outcome = "reopen"
    services = Services(board, inbox, source.settable, tail, log)
    with ExitStack() as lock, closing(services):
        while outcome == "reopen":
            effective = source.read()
            lock.close()
            lock.enter_context(only_player(effective.config))
            services.start(effective.config)
            left = None if effective.config.count is None else max(effective.config.count - shown, 1)
            more, outcome = _show(effective, jump, left, source, services, board, inbox, notifier, log)
            jump, shown = None, shown + more
            if outcome == "reopen":
                log("configuration read again; the panel is opened anew")


def _show(
    effective: Effective,
    jump: Place | None,
    count: int | None,
    source: "Source",
    services: Services,
    board: Board,
    inbox: Inbox,
    notifier: Notifier,
    log: Log,
) -> tuple[int, Outcome]:
    """One run on one open panel: frames shown, and how it came to its end."""
    config = effective.config
    store = ProgressStore(state_path(config, os.environ), log)
    kept = store.load()
    first = first_look(config, kept, jump)
    notifier.allow(panels.longest_call(config))

    def reload() -> Effective:
        notifier.reloading()
        try:
            return source.read()
        finally:
            notifier.reloaded()

    with panels.opened(config, first.size, log, alive=notifier.alive) as (panel, glass, _):
        save_picture = glass_pictures(config, glass, first.several)

        def seen(reel: Path, number: int) -> None:
            save_picture(reel, number)
            notifier.status(f"{reel.stem}: frame {number}")

        around = Surroundings(
            open_reel=Reel,
            store=store,
            inbox=inbox,
            log=log,
            reload=reload,
            seen=seen,
            applied=services.apply,
            ready=notifier.ready,
            alive=notifier.alive,
            heartbeat=notifier.heartbeat,
            clock=time.monotonic,
            wall=time.time,
            board=board,
            address=services.address,
        )
        playback = Playback(effective, panel, around)
        outcome = playback.run(kept, jump, count)
        return playback.shown, outcome


class Source:
    """The configuration, read whenever it is asked for; `jump`: where --start says to begin, else None."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._flags, self._file = given(arguments), arguments.config
        start = self._flags.get("start")
        self.jump = None if start is None else parse_place(start, "--start")
        self._last: Effective | None = None

    def read(self) -> Effective:
        """What is in force now. ConfigError in one line."""
        self._last = load(self._flags, os.environ, self._file)
        return self._last

    def settable(self) -> dict[str, str | None]:
        """The keys that may be changed at run time, by what was read last: None, or why it cannot be."""
        return settable(self._last if self._last is not None else self.read())


@contextmanager
def listening(inbox: Inbox) -> Iterator[list[int]]:
    """Signals as requests; the list holds SIGINT once it has come. A second Ctrl-C ends at once."""
    interrupts: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            interrupts.append(number)
            signal.signal(signal.SIGINT, signal.default_int_handler)
        inbox.post(Request(Kind.STOP))

    def reload(number: int, frame: FrameType | None) -> None:
        inbox.post(Request(Kind.RELOAD))

    handlers = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: reload}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    wakeup = signal.set_wakeup_fd(inbox.wakeup, warn_on_full_buffer=False)
    try:
        yield interrupts
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)


def say(line: str) -> None:
    """A line for the journal. Where nobody reads any more (a closed terminal) the film goes on."""
    with suppress(OSError):
        print(line, flush=True)
