"""`player run --once`: the next frame at once, then the panel to sleep and the end; for timer and battery.

When it runs is up to the timer; quiet hours and a pause hold all the same, and then the panel is not even
woken. A controller that loses its power between two runs may find anything on the glass, so every run is a
redraw; with `keeps_power` the partial updates go on from run to run, judged against the dither of the last
redraw, which the place on disk names.
"""

import argparse
import os
import time
from contextlib import closing
from dataclasses import replace

from player import panel as panels
from player.commands.process import listening, say
from player.commands.source import Source
from player.config.sources import (
    Effective,
    state_path,
)
from player.playback.dependencies import Dependencies
from player.playback.loop import Playback
from player.playback.requests import Inbox
from player.progress import ProgressStore
from player.reel import Reel
from player.schedule.quiet import (
    Quiet,
    system_local,
)
from player.service.assembly import first_look, glass_pictures, only_player


def once(arguments: argparse.Namespace) -> int:
    """Show one frame. SIGTERM ends with 0, SIGINT with 130, both with the panel asleep."""
    source = Source(arguments)
    with closing(Inbox()) as inbox, listening(inbox) as interrupts:
        effective = source.read()
        # Waiting for films or, after the last frame, for requests is for a player that goes on running.
        config = replace(effective.config, wait_for_films=False)
        with only_player(config):
            _show(source, effective._replace(config=config), inbox, arguments.resume)
        return 130 if interrupts else 0


def _show(source: Source, effective: Effective, inbox: Inbox, resume: bool) -> None:
    config = effective.config
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
    first = first_look(config, kept, source.jump)
    known = source.jump is None and kept.frame is not None and kept.showing is None
    # A simulated panel is a new one in every run.
    attach = config.keeps_power and known and config.simulated is None
    with panels.opened(config, first.size, say, attach=attach) as (panel, glass, attached):
        around = Dependencies(
            open_reel=Reel,
            store=store,
            inbox=inbox,
            log=say,
            reload=source.read,
            seen=glass_pictures(config, glass, first.several),
            wall=time.time,
        )
        Playback(effective, panel, around).run(kept, source.jump, 1, once=True, attached=attached)
