"""`player run`: puts the parts together, turns signals into requests, and shows."""

import argparse
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import FrameType

from player import panels, pictures
from player.config import Config
from player.config_sources import load, state_path
from player.files import make_directory
from player.inbox import Inbox, Request
from player.options import given
from player.playback import Outcome, Playback, Surroundings
from player.playlist import expand
from player.progress import ProgressStore
from player.reel import Reel
from player.reels import number_of
from player.times import Place, parse_place


def run(arguments: argparse.Namespace) -> int:
    """Show until the end or a signal: SIGTERM ends with 0, SIGINT with 130; SIGHUP rereads the settings."""
    flags = given(arguments)

    def settings() -> tuple[Config, Sequence[Path]]:
        config = load(flags, os.environ, arguments.config).config
        return config, expand(config.reels)

    jump = parse_place(flags["start"], "--start") if "start" in flags else None
    shown = 0
    with closing(Inbox()) as inbox, _listening(inbox) as interrupts:
        while True:
            config, paths = settings()
            left = None if config.count is None else max(config.count - shown, 1)
            more, outcome = _show(config, paths, inbox, settings, jump, left)
            if outcome != "reopen":
                return 130 if interrupts else 0
            _log("configuration read again; the panel is opened anew")
            jump, shown = None, shown + more


def _show(
    config: Config,
    paths: Sequence[Path],
    inbox: Inbox,
    settings: Callable[[], tuple[Config, Sequence[Path]]],
    jump: Place | None,
    count: int | None,
) -> tuple[int, Outcome]:
    """One run on one open panel: frames shown, and how it came to its end."""
    store = ProgressStore(state_path(config, os.environ), _log)
    kept = store.load()
    going_on = jump is None and kept.reel is not None and Path(kept.reel) in paths
    first = Path(kept.reel) if going_on and kept.reel is not None else paths[0]
    with Reel(first) as reel:  # before the panel is touched: a wrong path or a wrong file ends here
        size = reel.width, reel.height
        if jump is not None:
            number_of(reel, jump)
    with panels.opened(config, size) as (panel, glass):

        def seen(reel: Path, number: int) -> None:
            if glass is not None:
                directory = Path(config.simulated or "") / (reel.stem if len(paths) > 1 else "")
                make_directory(directory)
                pictures.save_glass(directory / f"glass-{number:06}.png", glass())

        around = Surroundings(Reel, store, inbox, time.monotonic, time.time, _log, seen, settings)
        playback = Playback(config, paths, panel, around)
        outcome = playback.run(kept, jump, count)
        return playback.shown, outcome


@contextmanager
def _listening(inbox: Inbox) -> Iterator[list[int]]:
    """Signals as requests; the list holds SIGINT once it has come. A second Ctrl-C ends at once."""
    interrupts: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            interrupts.append(number)
            signal.signal(signal.SIGINT, signal.default_int_handler)
        inbox.post(Request.STOP)

    def reload(number: int, frame: FrameType | None) -> None:
        inbox.post(Request.RELOAD)

    handlers = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: reload}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    wakeup = signal.set_wakeup_fd(inbox.wakeup, warn_on_full_buffer=False)
    try:
        yield interrupts
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)


def _log(line: str) -> None:
    """A line for the journal. Where nobody reads any more (a closed terminal) the film goes on."""
    with suppress(OSError):
        print(line, flush=True)
