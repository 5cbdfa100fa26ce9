"""Quiet hours and days, when the panel is not updated. Pure: a function of Unix time and the local time zone.

Hours are those of the clock on the wall, so 22:00-07:00 is an hour shorter or longer in the two nights of the
year when the clocks change. The zone is read anew for every moment: a change counts at once.
"""

import calendar
import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime

from player.errors import ConfigError

Local = Callable[[float], time.struct_time]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60  # minutes
_WEEK = 7 * _DAY
_THURSDAY = 3 * _DAY  # minutes from Monday to the day on which Unix time begins
_EXACT = 500 * 86400.0  # seconds: beyond them quiet time is estimated, by its share of a week
_HOURS = re.compile(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)")


def system_local(unix: float) -> time.struct_time:
    """The local time of the machine, by the zone that it has now; 1970 for times beyond the calendar."""
    time.tzset()  # without it a change of the zone is seen only after a restart
    try:
        return time.localtime(unix)
    except (OverflowError, ValueError, OSError):
        return time.localtime(0)


def parse_hours(text: str, where: str) -> list[tuple[int, int]]:
    """`22:00-07:00,13:00-14:00` -> minutes of the day [(1320, 420), (780, 840)]; nothing -> none.

    `where` begins the message of the ConfigError.
    """
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _HOURS.fullmatch(part)
        hours = [int(group) for group in match.groups()] if match else []
        if not hours or max(hours[1::2]) > 59 or hours[0] > 23 or hours[2] * 60 + hours[3] > _DAY:
            raise ConfigError(
                f"{where} is {text!r}; it must be hours as 22:00-07:00, several parted by commas"
            )
        start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
        if (end - start) % _DAY == 0:
            raise ConfigError(
                f"{where} is {text!r}; {part} leaves no time to show anything, or none to be quiet"
            )
        found.append((start, end))
    return found


def parse_days(text: str, where: str) -> list[int]:
    """`sat,sun` -> days of the week, 0 = Monday; nothing -> none. `where`: see parse_hours."""
    names = [part.strip().lower() for part in text.split(",") if part.strip()]
    if not set(names) < set(DAYS):  # all of them would leave no day to show anything
        raise ConfigError(f"{where} is {text!r}; it must be days out of {','.join(DAYS)}, six at most")
    return [DAYS.index(name) for name in names]


class Quiet:
    """Quiet hours and days, from the texts of the configuration, in the zone of `local`."""

    def __init__(self, hours: str, days: str, local: Local) -> None:
        self._local = local
        whole = parse_days(days, "quiet_days")
        quiet = [day in whole for day in range(7) for _ in range(_DAY)]
        for start, end in parse_hours(hours, "quiet"):
            length = (end - start) % _DAY
            for day in range(7):
                for minute in range(start, start + length):
                    quiet[(day * _DAY + minute) % _WEEK] = True
        self._quiet = quiet
        self.any = any(quiet)
        self.all = all(quiet)
        self._run = _runs(quiet)

    def at(self, unix: float) -> bool:
        """Whether a moment is quiet."""
        return self.any and self._quiet[self._minute(unix, self._offset(unix))]

    def ends(self, unix: float) -> float | None:
        """The first moment from `unix` on that is not quiet; None when there is none."""
        if self.all:
            return None
        if not self.any:
            return unix
        return next(start for start, _, quiet in self._stretches(unix) if not quiet)

    def awake(self, start: float, end: float) -> float:
        """Seconds between two moments that are not quiet; 0 when `end` is not after `start`. An estimate when
        the moments are years apart.
        """
        if end <= start or self.all:
            return 0.0
        if not self.any:
            return end - start
        if end - start > _EXACT:
            share = 1 - sum(self._quiet) / _WEEK
            return self.awake(start, start + _EXACT) + share * (end - start - _EXACT)
        total = 0.0
        for begins, ends, quiet in self._stretches(start):
            if not quiet:
                total += min(ends, end) - begins
            if ends >= end:
                break
        return total

    def later(self, unix: float, seconds: float) -> float | None:
        """The moment when `seconds` that are not quiet have passed; None when that never comes. An estimate
        when that is years away.
        """
        if self.all:
            return None
        if not self.any:
            return unix + seconds
        if seconds > _EXACT:
            share = 1 - sum(self._quiet) / _WEEK
            return self.later(unix + (seconds - _EXACT) / share, _EXACT)
        for begins, ends, quiet in self._stretches(unix):
            if quiet:
                continue
            if ends - begins >= seconds:
                return begins + seconds
            seconds -= ends - begins
        raise AssertionError("stretches never end")

    def _stretches(self, unix: float) -> Iterator[tuple[float, float, bool]]:
        """From `unix` on, for ever: (start, end, quiet), with no change between start and end."""
        while True:
            offset = self._offset(unix)
            minute = self._minute(unix, offset)
            # A day at most, so that no two changes of the zone's offset hide between the ends.
            edge = ((unix + offset) // 60 + min(self._run[minute], _DAY)) * 60 - offset
            if self._offset(edge) != offset:
                edge = self._change(unix, edge, offset)
            yield unix, edge, self._quiet[minute]
            unix = edge

    def _change(self, before: float, after: float, offset: int) -> float:
        """The first whole second in (before, after] at which the zone's offset is no longer `offset`."""
        low, high = int(before), int(after) + 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._offset(middle) == offset else (low, middle)
        return float(high)

    def _offset(self, unix: float) -> int:
        return self._local(unix).tm_gmtoff

    def _minute(self, unix: float, offset: int) -> int:
        """Minute of the local week, from Monday 0:00."""
        return int((unix + offset) // 60 + _THURSDAY) % _WEEK


def _runs(quiet: list[bool]) -> list[int]:
    """For each minute of the week: minutes until quiet begins or ends, a week at most."""
    runs, run = [0] * len(quiet), _WEEK
    for minute in range(2 * _WEEK - 1, -1, -1):
        at = minute % _WEEK
        run = run + 1 if quiet[at] == quiet[(at + 1) % _WEEK] else 1
        runs[at] = min(run, _WEEK)
    return runs


def moment(naive: datetime, local: Local) -> float:
    """Unix time of a date and time on the local clock: the later one where the clock shows it twice, the one
    after the gap where it never does.
    """
    seconds = calendar.timegm(naive.timetuple())
    unix = float(seconds - local(seconds - 86400).tm_gmtoff)
    for _ in range(2):
        unix = float(seconds - local(unix).tm_gmtoff)
    return unix
