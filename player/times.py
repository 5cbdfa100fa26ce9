"""Places in a film and spans of time, as people read and write them.

A plain integer is the number of a frame, and people count them from 1; 12.5s, 4:05 and 1:02:03 are times of
the film. Reels, the API and all of the code count frames from 0.
"""

import re
import time
from typing import Literal, NamedTuple

from player.errors import ConfigError

_CLOCK = re.compile(r"(?:(\d{1,9}):)?(\d{1,2}):(\d{1,2}(?:\.\d*)?)", re.ASCII)
_SECONDS = re.compile(r"(\d{1,12}(?:\.\d*)?|\.\d+)s", re.ASCII)


class Place(NamedTuple):
    """The number of a frame, from 0, or a time in milliseconds of the film."""

    kind: Literal["frame", "time"]
    value: int


def parse_place(text: str, name: str) -> Place:
    """The place that `text` names, where frame 1 is the first. `name` of the option begins the message of the
    ConfigError.
    """
    text = text.strip()
    if re.fullmatch(r"\d{1,12}", text, re.ASCII):
        if not int(text):
            raise ConfigError(f"{name}: the first frame is 1, not {text}")
        return Place("frame", int(text) - 1)
    if found := _SECONDS.fullmatch(text):
        return Place("time", round(float(found[1]) * 1000))
    found = _CLOCK.fullmatch(text)
    if found and float(found[3]) < 60 and (found[1] is None or int(found[2]) < 60):
        hours = int(found[1] or 0)
        return Place("time", round((hours * 3600 + int(found[2]) * 60 + float(found[3])) * 1000))
    raise ConfigError(
        f"{name}: {text!r} is no place in a film; give a frame number (1200) or a time (12.5s, 4:05, 1:02:03)"
    )


def film_time(milliseconds: int) -> str:
    """A time of the film: 1:02:03.4, without the parts that are not needed (4:05)."""
    tenths = round(milliseconds / 100)
    seconds, tenth = divmod(tenths, 10)
    hours, rest = divmod(seconds, 3600)
    text = f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
    return f"{text}.{tenth}" if tenth else text


def span(seconds: float) -> str:
    """A duration in its two largest units: 3 days 4 hours."""
    left = round(seconds)
    parts = []
    for unit, size in (("year", 365 * 86400), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}{'s' if count > 1 else ''}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 seconds"


def local(unix: float) -> str:
    """A moment in the local time zone: 2026-11-21 23:25:00."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(unix))
