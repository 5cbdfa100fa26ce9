"""`finish_by`: the interval that brings the last frame up by a given moment. Pure."""

from datetime import date, datetime, timedelta

from player.errors import ConfigError
from player.schedule.quiet import Local, Quiet, moment

SHORTEST = 2.0  # seconds: a frame that is a redraw takes about one on a small Raspberry Pi
LONGEST = 7 * 86400.0
_MARGIN = 60.0  # seconds to spare, so that drawing and quiet hours push no frame past the moment


def parse_moment(text: str, where: str) -> datetime:
    """`2027-01-31` (the end of that day) or `2027-01-31 20:15`; local time unless it names an offset.

    `where` begins the message of the ConfigError.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise ConfigError(
                f"{where} is {text!r}; it must be a date, or date and time, as 2027-01-31 or 2027-01-31 20:15"
            ) from None
    if day >= date(9999, 12, 31):
        raise ConfigError(f"{where} is {text!r}; no film is that long")
    return datetime(day.year, day.month, day.day) + timedelta(days=1)


def interval_for(text: str, start: float, frames: int, quiet: Quiet, local: Local) -> float:
    """Seconds from frame to frame, so that `frames` more after the one of `start` (Unix time) come up by
    `finish_by`, the text of that setting, without the quiet hours. ConfigError when that moment is past or
    too near.
    """
    until = parse_moment(text, "finish_by")
    end = until.timestamp() if until.tzinfo is not None else moment(until, local)
    if end <= start:
        raise ConfigError(f"finish_by {text} is past; give a later date, or leave it out")
    awake = quiet.awake(start, end)
    awake -= min(_MARGIN, awake / 10)
    if awake < frames * SHORTEST:
        raise ConfigError(
            f"finish_by {text} is too near: {frames} frames are left, and less than {SHORTEST:g} seconds for "
            "each are too few; give a later date, or show fewer frames with step"
        )
    return min(awake / max(frames, 1), LONGEST)
