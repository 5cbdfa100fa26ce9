"""`player info`, `player check` and `player frames`: what is in a reel.

`info` forecasts the redraws of a showing. With a redraw plan that is arithmetic. Without one it runs the
redraw rule over the reel, without a panel: whether a frame is redrawn depends on all frames since the last
redraw, so they have to be read. A long reel is judged by its beginning unless --all is given, because reading
a film of 160,000 frames takes a quarter of an hour on a workstation and hours on a small Pi.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TextIO

from player.commands.options import given
from player.config.settings import OMNI
from player.config.sources import load
from player.errors import BadFrame, PlayerError
from player.files import make_directory
from player.pictures import png
from player.playback.reels import number_of
from player.redraw import DAY, RedrawRule, RedrawState, redraw_rule
from player.reel import Reel
from player.reel.format import printable
from player.times import film_time, local, parse_place, span

_SAMPLES = 200  # frames whose flips `info` looks at
_FORECAST = 2000  # frames in which it counts redraws, unless --all
_FORECAST_PIXELS = 4_000_000_000  # in all: larger pictures are judged by fewer frames
_LONGEST = 2000  # characters of a text from the reel
_LISTED = 8  # redraws that it names
_BAR = 30  # characters of the progress bar


def info(arguments: argparse.Namespace) -> int:
    """Describe a reel and forecast its showing."""
    config = load(given(arguments), os.environ, arguments.config).config
    interval = config.interval
    rule = redraw_rule(config, partial=not config.panel.startswith(OMNI))
    with Reel(arguments.reel) as reel:
        size = reel.path.stat().st_size
        first, last = _film_times(reel)
        flips = _mean_flips(reel)
        few = min(_FORECAST, _FORECAST_PIXELS // (reel.width * reel.height))
        limit = reel.frames if arguments.all else min(reel.frames, few)
        bar = Bar(limit, sys.stderr, time.monotonic)
        coming = forecast(reel, rule, interval, limit, bar.step)
        bar.clear()
        plan = None if reel.redraws is None else sorted(reel.redraws)
        at_cuts = None if plan is None else _at_cuts(reel, plan)
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
            "redraws": plan,
            "redraws_at_cuts": at_cuts,
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
    if plan is not None:
        a_day = "" if per_day is None else f", {per_day:.3g} flashes a day"
        print(f"  plan:     {len(plan):,} redraw{'s' * (len(plan) != 1)}, {at_cuts:,} of them at cuts{a_day}")
    for line in _redraw_lines(coming, per_day, reel.frames):
        print(line)
    for key, value in sorted(reel.meta.items()):
        print(f"  {printable(key, 100) + ':':<9} {printable(value, _LONGEST)}")
    return 0


class Forecast(NamedTuple):
    """`counted`: frames that were looked at, from the first; `redraws`: the numbers of those among them that
    will be redrawn, beginning with the one at the start; `per_1000`: redraws in 1,000 frames without the one
    at the start, None when nothing was counted.
    """

    counted: int
    redraws: list[int]

    @property
    def per_1000(self) -> float | None:
        return 1000 * (len(self.redraws) - 1) / self.counted if self.redraws else None


def _per_day(coming: Forecast, interval: float) -> float | None:
    """Redraws in 24 hours; None when nothing was counted, or at full speed."""
    per_1000 = coming.per_1000
    return None if per_1000 is None or not interval else per_1000 / 1000 * 86400 / interval


def _redraw_lines(coming: Forecast, per_day: float | None, frames: int) -> Iterator[str]:
    """The forecast in words."""
    if coming.per_1000 is None:
        return
    a_day = "" if per_day is None else f", {per_day:.3g} a day"
    part = (
        ""
        if coming.counted >= frames
        else f", judged by the first {coming.counted:,} frames (--all: by all of them)"
    )
    yield f"  redraws:  {coming.per_1000:.3g} in 1,000 frames{a_day}, besides the one at the start{part}"
    if named := coming.redraws[1 : 1 + _LISTED]:
        more = " ..." if len(coming.redraws) > 1 + _LISTED else ""
        yield f"            at frames {', '.join(str(number + 1) for number in named)}{more}"


def check(arguments: argparse.Namespace) -> int:
    """Read every frame; 0 when all are good, 1 when something is damaged."""
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
    """Write PNG files; 0, or 1 when damaged frames were skipped."""
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
            png.save_dither(directory / f"frame-{number + 1:06}.png", packed, reel.width)
            number, written = number + 1, written + 1
            bar.step(number - begun)
        bar.clear()
    print(f"{directory}: {written} frames")
    return 1 if damaged else 0


def _film_times(reel: Reel) -> tuple[int | None, int | None]:
    """Times in the film of the first and the last frame, ms; None when unknown."""
    try:
        return reel.info(0).time_ms, reel.info(reel.frames - 1).time_ms
    except (BadFrame, IndexError):
        return None, None


def _mean_flips(reel: Reel) -> float | None:
    """Mean share of the pixels that flip from frame to frame, from a sample; None without two frames."""
    shares = []
    for number in range(1, reel.frames, max(1, reel.frames // _SAMPLES)):
        try:
            shares.append(reel.info(number).flips / (reel.width * reel.height))
        except BadFrame:
            continue
    return sum(shares) / len(shares) if shares else None


def _at_cuts(reel: Reel, plan: list[int]) -> int:
    """How many redraws of the plan fall on a cut. A damaged frame counts as none."""
    count = 0
    for number in plan:
        with suppress(BadFrame):
            count += reel.info(number).cut
    return count


def forecast(
    reel: Reel,
    rule: RedrawRule,
    interval: float,
    limit: int | None = None,
    step: Callable[[int], None] = lambda done: None,
) -> Forecast:
    """The redraws when one frame is shown every `interval` seconds: by the plan, otherwise by the rule.

    By the rule only the first `limit` frames are read (None: all), and damaged ones are skipped to the next
    key frame, as the player does. `step` is told how many are done.
    """
    if reel.redraws is not None and rule.partial:
        return _planned(reel.redraws, reel.frames, interval, rule.longest or reel.frames)
    end = reel.frames if limit is None else min(limit, reel.frames)
    state, redraws, number, shown = RedrawState(), [], 0, 0
    while number < end:
        try:
            dither = reel.dither(number)
        except BadFrame as error:
            number = end if error.next_key is None else error.next_key
            continue
        now = shown * interval
        decision = rule.decide(state, dither, now)
        state = state.after(decision, dither, now)
        if decision.action == "redraw":
            redraws.append(number)
        number, shown = number + 1, shown + 1
        step(number)
    return Forecast(shown, redraws)


def _planned(plan: frozenset[int], frames: int, interval: float, longest: int) -> Forecast:
    """The plan, the redraw at the start, and those a day or `longest` frames after the last one."""
    redraws: list[int] = []
    for number in range(frames):
        since = number - redraws[-1] if redraws else longest
        if number in plan or since >= longest or since * interval >= DAY:
            redraws.append(number)
    return Forecast(frames, redraws)


class Bar:
    """A progress bar with an estimate of the time left; `total` steps.

    It is drawn only when `stream` is a terminal, at most ten times a second on `clock`.
    """

    def __init__(self, total: int, stream: TextIO, clock: Callable[[], float]) -> None:
        self._total, self._stream, self._clock = total, stream, clock
        self._draws = stream.isatty() and total > 0
        self._begun = clock()
        self._drawn = self._begun

    def step(self, done: int) -> None:
        """`done` steps are done."""
        now = self._clock()
        if not self._draws or (now - self._drawn < 0.1 and done < self._total):
            return
        self._drawn = now
        filled = _BAR * done // self._total
        left = span((now - self._begun) / done * (self._total - done)) if done else "?"
        self._stream.write(f"\r[{'#' * filled:{_BAR}}] {done} of {self._total}, {left} left\033[K")
        self._stream.flush()

    def clear(self) -> None:
        """Remove the bar."""
        if self._draws:
            self._stream.write("\r\033[K")
            self._stream.flush()
