"""Work on several cores, and work ahead: all is done once, in order, and errors are raised."""

import os
import threading
import time
from collections.abc import Generator

import pytest

from trainer import cores
from trainer.cores import ahead, over


def test_items_are_worked_on_at_the_same_time():
    meeting = threading.Barrier(2, timeout=30)
    over(lambda item: meeting.wait(), [0, 1], 2)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_is_raised(threads):
    with pytest.raises(ZeroDivisionError):
        over(lambda item: 1 // item, [1, 0, 1], threads)


@pytest.mark.parametrize(("processes", "share"), [(1, 6), (2, 3), (4, 1), (7, 1)])
def test_processes_share_the_cores(monkeypatch, processes, share):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(6), raising=False)
    monkeypatch.setattr(cores, "_share", None)
    assert cores.usable() == 6
    cores.share(processes)
    assert cores.usable() == share


def counting(made: list[int], end: int = 100) -> Generator[int, None, None]:
    """Yields 0 .. end - 1, noting each in `made`, and -1 when it is closed."""
    try:
        for i in range(end):
            made.append(i)
            yield i
    finally:
        made.append(-1)


def test_same_items_in_order() -> None:
    made: list[int] = []
    assert list(ahead(counting(made), 3)) == list(range(100))
    assert made == [*range(100), -1]
    assert list(ahead(counting([], 0))) == []
    assert list(ahead(counting([], 1))) == [0]


def test_works_ahead_while_the_caller_is_busy_but_not_further_than_the_depth() -> None:
    made: list[int] = []
    items = ahead(counting(made), 3)
    assert next(items) == 0
    wait_for(lambda: len(made) == 4)
    time.sleep(0.02)
    assert made == [0, 1, 2, 3]
    assert next(items) == 1
    wait_for(lambda: len(made) == 5)
    items.close()


def test_an_error_comes_in_its_turn() -> None:
    def failing() -> Generator[int, None, None]:
        yield 1
        yield 2
        raise OSError("disk gone")

    items = ahead(failing(), 4)
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(OSError, match="disk gone"):
        next(items)


def test_stops_promptly_and_closes_the_items() -> None:
    before = set(threading.enumerate())
    made: list[int] = []

    def slow() -> Generator[int, None, None]:
        for i in counting(made, 10_000):
            time.sleep(0.02)
            yield i

    items = slow()
    begun = time.monotonic()
    for item in (prefetched := ahead(items, 200)):  # which would take 4 s to make
        if item == 2:
            break
    prefetched.close()
    assert time.monotonic() - begun < 1
    assert set(threading.enumerate()) <= before
    assert made[-1] == -1
    assert list(items) == []


def test_first_item_is_made_by_the_caller_and_the_others_are_not() -> None:
    def threads() -> Generator[bool, None, None]:
        for _ in range(3):
            yield threading.current_thread() is threading.main_thread()

    assert list(ahead(threads())) == [True, False, False]


def wait_for(condition: object) -> None:
    deadline = time.monotonic() + 5
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.001)
