"""Local times that a test can hold on to."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


def local_in(zone):
    def local(unix):
        there = datetime.fromtimestamp(unix, zone)
        offset = int(there.utcoffset().total_seconds())
        return time.struct_time((*there.timetuple(), there.tzname(), offset))

    return local


def at(text, zone=BERLIN):
    """Unix time of a moment on the clock there; the earlier of two."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()
