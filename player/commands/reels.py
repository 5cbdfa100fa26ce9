"""`player info`, `player check` and `player frames`: what is in a reel."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from player.commands.bar import Bar
from player.commands.options import given
from player.config.sources import load
from player.errors import BadFrame, PlayerError
from player.files import make_directory
from player.forecast import Forecast, forecast
from player.pictures import png
from player.playback.reels import number_of
from player.redraw import redraw_rule
from player.reel import Reel
from player.times import film_time, local, parse_place, span

_SAMPLES = 200  # frames whose flips are looked at by `info`
_FORECAST = 2000  # frames that it counts redraws in, unless --all
_LISTED = 8  # redraws that it names


def info(arguments: argparse.Namespace) -> int:
    """Describe a reel and forecast its showing."""
    config = load(given(arguments), os.environ, arguments.config).config
    interval = config.interval
    with Reel(arguments.reel) as reel:
        size = reel.path.stat().st_size
        first, last = _film_times(reel)
        flips = _mean_flips(reel)
        limit = reel.frames if arguments.all else min(reel.frames, _FORECAST)
        bar = Bar(limit, sys.stderr, time.monotonic)
        coming = forecast(reel, redraw_rule(config), interval, limit, bar.step)
        bar.clear()
        per_day = _per_day(coming, interval)
        found = {
            "reel": str(reel.path),
            "width": reel.width,
            "height": reel.height,
            "frames": reel.frames,
            "complete": reel.complete,
            "bytes": size,
            "first_ms": first,
            "last_ms": last,
            "mean_flips": flips,
            "interval": interval,
            "showing_seconds": reel.frames * interval,
            "threshold": config.threshold,
            "redraws_per_1000_frames": coming.per_1000,
            "redraws_per_day": per_day,
            "redraws_counted_in_frames": coming.counted,
            "redraw_frames": coming.redraws,
            "meta": reel.meta,
        }
    if arguments.json:
        print(json.dumps(found, indent=1))
        return 0
    state = "complete" if found["complete"] else "not complete: run the export again to continue it"
    print(f"{reel.path}: {reel.width}x{reel.height}, {reel.frames:,} frames, {state}")
    each = f", {size / reel.frames / 1e3:,.1f} kB a frame" if reel.frames else ""
    print(f"  size:     {size / 1e6:,.1f} MB{each}")
    if first is not None and last is not None:
        print(f"  film:     {film_time(first)} to {film_time(last)}")
    if flips is not None:
        print(f"  flips:    {flips:.2%} of the pixels from frame to frame")
    if interval:
        seconds = reel.frames * interval
        print(f"  showing:  {span(seconds)}, one frame in {span(interval)}")
        print(f"  ends:     {local(time.time() + seconds)} if begun now")
    for line in _redraw_lines(coming, per_day, reel.frames):
        print(line)
    for key, value in sorted(reel.meta.items()):
        print(f"  {key + ':':<9} {value}")
    return 0


def _per_day(coming: Forecast, interval: float) -> float | None:
    """Redraws in 24 hours; None where nothing was counted or nothing waits between frames."""
    per_1000 = coming.per_1000
    return None if per_1000 is None or not interval else per_1000 / 1000 * 86400 / interval


def _redraw_lines(coming: Forecast, per_day: float | None, frames: int) -> Iterator[str]:
    """The forecast in words."""
    if coming.per_1000 is None:
        return
    a_day = "" if per_day is None else f", {per_day:.3g} a day"
    part = (
        "" if coming.counted >= frames else f", judged by the first {coming.counted:,} frames (--all: by all)"
    )
    yield f"  redraws:  {coming.per_1000:.3g} in 1,000 frames{a_day}, besides the one at the start{part}"
    if named := coming.redraws[1 : 1 + _LISTED]:
        more = " ..." if len(coming.redraws) > 1 + _LISTED else ""
        yield f"            at frames {', '.join(map(str, named))}{more}"


def check(arguments: argparse.Namespace) -> int:
    """Read every frame; 0 when all is well, 1 when something is damaged."""
    problems = []
    with Reel(arguments.reel) as reel:
        bar = Bar(reel.frames, sys.stderr, time.monotonic)
        for problem in reel.verify(bar.step):
            problems.append(problem)
            if not arguments.json:
                bar.clear()
                print(f"{reel.path}: {problem}")
        bar.clear()
    if arguments.json:
        found = {
            "reel": str(reel.path),
            "frames": reel.frames,
            "complete": reel.complete,
            "ok": not problems,
            "problems": problems,
        }
        print(json.dumps(found, indent=1))
    elif not problems:
        rest = "" if reel.complete else "; its export was not finished, run it again to continue"
        print(f"{reel.path}: all {reel.frames} frames are good{rest}")
    return 1 if problems else 0


def frames(arguments: argparse.Namespace) -> int:
    """Write PNG files; 0, or 1 when damaged frames were left out."""
    directory = Path(arguments.directory)
    damaged = False
    with Reel(arguments.reel) as reel:
        start = parse_place(arguments.start, "--start")
        number = number_of(reel, start) if reel.frames else 0
        end = reel.frames
        if arguments.end is not None:
            place = parse_place(arguments.end, "--end")
            end = min(end, place.value if place.kind == "frame" else reel.number_at(place.value))
        if end < number:
            raise PlayerError(
                f"--end {arguments.end} lies before --start {arguments.start}; give a later one"
            )
        make_directory(directory)
        bar = Bar(end - number, sys.stderr, time.monotonic)
        begun, written = number, 0
        while number < end:
            try:
                packed = reel.packed(number)
            except BadFrame as error:
                bar.clear()
                print("player:", error, file=sys.stderr)
                damaged = True
                number = end if error.next_key is None else error.next_key
                continue
            png.save_dither(directory / f"frame-{number:06}.png", packed, reel.width)
            number, written = number + 1, written + 1
            bar.step(number - begun)
        bar.clear()
    print(f"{directory}: {written} frames")
    return 1 if damaged else 0


def _film_times(reel: Reel) -> tuple[int | None, int | None]:
    """When the first and the last frame stand in the film, ms; None when unknown."""
    try:
        return reel.info(0).time_ms, reel.info(reel.frames - 1).time_ms
    except (BadFrame, IndexError):
        return None, None


def _mean_flips(reel: Reel) -> float | None:
    """Mean share of the pixels that flip from frame to frame, from a sample; None when there are no two
    frames.
    """
    shares = []
    for number in range(1, reel.frames, max(1, reel.frames // _SAMPLES)):
        try:
            shares.append(reel.info(number).flips / (reel.width * reel.height))
        except BadFrame:
            continue
    return sum(shares) / len(shares) if shares else None
