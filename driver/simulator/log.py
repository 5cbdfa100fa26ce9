"""The log of the simulated controller: a small record per command; polls are folded, so long runs stay
small."""

from dataclasses import dataclass


@dataclass(slots=True)
class Command:
    """One command as the controller understood it.

    name: as in driver/simulator/tables.py. args: the argument words so far. time: virtual seconds at the
    command word. bytes: what it cost on the wire so far, preambles and payload included. repeats: how often
    it came in a row; only register reads are folded so, and then time is that of the first.
    """

    name: str
    args: tuple[int, ...]
    time: float
    bytes: int = 0
    repeats: int = 1


def fold_poll(log: list[Command]) -> Command:
    """Fold the last record into the one before if both say the same; returns the last record of the log."""
    if len(log) > 1 and (log[-2].name, log[-2].args) == (log[-1].name, log[-1].args):
        poll = log.pop()
        log[-1].repeats += 1
        log[-1].bytes += poll.bytes
    return log[-1]
