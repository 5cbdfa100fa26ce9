"""`player run`: puts the parts together, turns signals into requests, and shows.

Started in this order, and stopped in the reverse one: signals, systemd's socket, the lock on the panel, web
page and buttons, the panel, the playback.
"""

import argparse
import os
import time
from contextlib import ExitStack, closing
from pathlib import Path

from player import panel as panels
from player.commands.process import listening, say
from player.commands.source import Source
from player.config.sources import (
    Effective,
    state_path,
)
from player.playback.dependencies import (
    Dependencies,
    Outcome,
)
from player.playback.loop import Playback
from player.playback.requests import (
    Inbox,
    Kind,
    Request,
)
from player.playback.status import StatusBoard
from player.progress import ProgressStore
from player.reel import Reel
from player.service.assembly import Log, Services, first_look, glass_pictures, only_player
from player.service.log_tail import LogTail
from player.service.notify import Notifier
from player.times import Place


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


def _run(source: Source, inbox: Inbox, notifier: Notifier, tail: LogTail, log: Log) -> None:
    """Open the panel and show, anew whenever a change of the settings needs that."""
    board, jump, shown = StatusBoard(), source.jump, 0
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
    source: Source,
    services: Services,
    board: StatusBoard,
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

        around = Dependencies(
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
