"""`player status`: what the player shows, since when, and what comes next."""

import argparse
import json
import os
import time
from datetime import datetime
from pathlib import Path

from player.commands.films import line, told
from player.commands.options import given
from player.config.sources import load, state_path
from player.errors import FileError
from player.films.queue import Queue
from player.progress import Progress, read
from player.schedule import due as schedule
from player.schedule.quiet import Quiet, system_local
from player.times import local, span


def status(arguments: argparse.Namespace) -> int:
    """Report what is in the progress file. Nothing is changed, and no player need be running."""
    config = load(given(arguments), os.environ, arguments.config).config
    path = state_path(config, os.environ)
    try:
        progress = read(path) or Progress()
    except ValueError as error:
        raise FileError(
            f"{path}: holds no progress of a player ({error}); give another --state FILE"
        ) from None
    ends = None
    if progress.next_due is not None and progress.frame is not None and not progress.paused:
        quiet = Quiet(config.quiet, config.quiet_days, system_local)
        left = (progress.frames - 1 - progress.frame) // config.step
        ends = schedule.ends_at(progress.next_due, progress.interval, left, quiet)
    jobs = [] if config.inbox is None else Queue(Path(config.inbox)).jobs()
    if arguments.json:
        found = {
            "reel": progress.reel,
            "frame": progress.frame,
            "frames": progress.frames,
            "shown_at": _moment(progress.shown_at),
            "next_due": _moment(progress.next_due),
            "redraws": progress.redraws,
            "paused": progress.paused,
            "ends_at": _moment(ends),
            "films": [told(job) for job in jobs],
        }
        print(json.dumps(found, indent=1))
    elif progress.reel is None:
        print(f"nothing has been shown yet (no {path})")
    else:
        _tell(progress, ends, config.step)
    if not arguments.json:
        for job in jobs:
            if job.state != "done":
                print(f"film:      {line(job)}")
    return 0


def _tell(progress: Progress, ends: float | None, step: int) -> None:
    now = time.time()
    print(f"reel:      {progress.reel}")
    if progress.frame is None or progress.shown_at is None:
        print(f"frame:     going up: {_from_1(progress.showing)} of {progress.frames}")
    else:
        ago = span(max(now - progress.shown_at, 0))
        since = f"since {local(progress.shown_at)} ({ago})"
        print(f"frame:     {_from_1(progress.frame)} of {progress.frames}, {since}")
    if progress.paused:
        print("next due:  never: it is paused; resume it on the web page, by a button or with --resume")
    elif progress.frame is not None and progress.frame + step >= progress.frames:
        print("next due:  this is the last frame of the reel")
    elif progress.next_due is not None:
        late = now - progress.next_due
        note = f"; late by {span(late)}: is the player running?" if late > max(progress.interval, 60) else ""
        print(f"next due:  {local(progress.next_due)}{note}")
    print(f"redraws:   {progress.redraws}")
    if ends is not None:
        print(f"reel ends: {local(ends)}")


def _from_1(number: int | None) -> str:
    return "none" if number is None else str(number + 1)


def _moment(unix: float | None) -> str | None:
    """ISO 8601 in the local time zone, with its offset; None beyond the calendar too."""
    if unix is None:
        return None
    try:
        return datetime.fromtimestamp(unix).astimezone().isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return None
