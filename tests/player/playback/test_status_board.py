"""The board: the latest view, whole, for other threads."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from player.playback.status import Status, StatusBoard

DITHER = np.ones((4, 8), np.uint8)


def test_before_anything_is_published_there_is_nothing():
    assert StatusBoard().latest() == (Status(), None, None)


def test_a_dither_that_is_not_given_stays():
    board = StatusBoard()
    board.publish(Status(frame=1), DITHER, DITHER)
    board.publish(Status(frame=2), 1 - DITHER)
    snapshot, dither, redrawn = board.latest()
    assert snapshot.frame == 2
    assert not dither.any()
    assert redrawn.all()


def test_a_reader_cannot_write_and_the_writer_still_may():
    board, dither = StatusBoard(), DITHER.copy()
    board.publish(Status(), dither)
    with pytest.raises(ValueError, match="read-only"):
        board.latest().dither[0, 0] = 0
    assert dither.flags.writeable


def test_a_view_is_whole():
    """Number, dither and redrawn dither of one publication, never of two."""
    board, over = StatusBoard(), threading.Event()
    board.publish(Status(frame=0), DITHER * 0, DITHER * 0)

    def publish():
        snapshot, number = Status(), 0
        while not over.is_set():
            number = (number + 1) % 200
            board.publish(replace(snapshot, frame=number), DITHER * number, DITHER * number)

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        for _ in range(5000):
            snapshot, dither, redrawn = board.latest()
            assert snapshot.frame == dither[0, 0] == redrawn[-1, -1]
    finally:
        over.set()
        thread.join()
