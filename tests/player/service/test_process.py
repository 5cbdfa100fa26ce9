"""The end of the log."""

import threading

from player.service.process import LONGEST, LogTail


def test_it_keeps_the_last_lines_and_cuts_long_ones():
    tail = LogTail(lines=3)
    assert tail.lines() == []
    for line in ("one", "two", "three", "x" * (LONGEST + 1), "y" * LONGEST):
        tail(line)
    assert tail.lines() == ["three", "x" * (LONGEST - 1) + "…", "y" * LONGEST]


def test_many_threads_may_write():
    tail = LogTail(lines=100)
    threads = [
        threading.Thread(target=lambda: [tail("line") or tail.lines() for _ in range(200)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert tail.lines() == ["line"] * 100
