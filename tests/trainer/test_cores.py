"""Work on several cores: all of it done once, errors raised."""

import threading

import pytest

from trainer.cores import over, over_rows, usable


@pytest.mark.parametrize("rows", [1, 15, 16, 17, 33, 100])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_bands_are_all_of_the_rows_once(rows, threads):
    bands = []
    over_rows(lambda first, end: bands.append((first, end)), rows, threads)
    assert [row for band in sorted(bands) for row in range(*band)] == list(range(rows))
    assert 1 <= len(bands) <= threads


def test_items_are_worked_on_at_the_same_time():
    meeting = threading.Barrier(2, timeout=30)
    over(lambda item: meeting.wait(), [0, 1], 2)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_is_raised(threads):
    with pytest.raises(ZeroDivisionError):
        over(lambda item: 1 // item, [1, 0, 1], threads)


def test_there_is_a_core():
    assert usable() >= 1
