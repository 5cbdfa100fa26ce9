"""Where a showing has its settings from, each time it asks."""

import argparse
import os

from player.commands.options import given
from player.config.sources import (
    Effective,
    load,
    settable,
)
from player.times import parse_place


class Source:
    """The configuration, read whenever it is asked for; `jump`: where --start says to begin, else None."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._flags, self._file = given(arguments), arguments.config
        start = self._flags.get("start")
        self.jump = None if start is None else parse_place(start, "--start")
        self._last: Effective | None = None

    def read(self) -> Effective:
        """What is in force now. ConfigError in one line."""
        self._last = load(self._flags, os.environ, self._file)
        return self._last

    def settable(self) -> dict[str, str | None]:
        """The keys that may be changed at run time, by what was read last: None, or why it cannot be."""
        return settable(self._last if self._last is not None else self.read())
