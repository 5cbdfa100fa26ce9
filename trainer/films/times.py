"""Places in a film as people type them: `250` is a frame number, `12.5s`, `4:05` and `1:02:03` are times.

A time counts from the film's first frame, in whole milliseconds. `parse_place` raises OptionError for
anything else.
"""

import re
from dataclasses import dataclass

from trainer.errors import OptionError

_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s", re.ASCII)
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d\d(?:\.\d+)?)", re.ASCII)
_NUMBER = re.compile(r"\d+", re.ASCII)


@dataclass(frozen=True)
class FrameNumber:
    """The n-th frame of the film, the first being 0."""

    number: int

    def reached(self, number: int, time_ms: int) -> bool:
        """Whether the frame of this number and time (ms) is at this place or after it."""
        return number >= self.number

    def __str__(self) -> str:
        return str(self.number)


@dataclass(frozen=True)
class FilmTime:
    """A time since the film's first frame, in milliseconds."""

    ms: int

    def reached(self, number: int, time_ms: int) -> bool:
        """Whether the frame of this number and time (ms) is at this place or after it."""
        return time_ms >= self.ms

    def __str__(self) -> str:
        return format_time(self.ms)


Place = FrameNumber | FilmTime


def parse_place(text: str) -> Place:
    """The place that `text` names; the inverse of `str(place)`. OptionError if it is not a place."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return FrameNumber(int(text))
    if match := _SECONDS.fullmatch(text):
        return FilmTime(round(float(match[1]) * 1000))
    match = _CLOCK.fullmatch(text)
    # 90:00 is an hour and a half. If hours are given, minutes end at 59, as seconds always do.
    if match and float(match[3]) < 60 and (match[1] is None or int(match[2]) < 60):
        minutes = 60 * int(match[1] or 0) + int(match[2])
        return FilmTime(60_000 * minutes + round(float(match[3]) * 1000))
    raise OptionError(
        f"{text!r} is no place in a film: write a frame number (250) or a time (12.5s, 4:05, 1:02:03)"
    )


def format_time(ms: int) -> str:
    """Milliseconds (not negative) as people write them: `12.5s` below a minute, then `4:05`, `1:02:03.25`."""
    seconds, rest = divmod(ms, 1000)
    fraction = f".{rest:03}".rstrip("0") if rest else ""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}{fraction}"
    if minutes:
        return f"{minutes}:{seconds:02}{fraction}"
    return f"{seconds}{fraction}s"
