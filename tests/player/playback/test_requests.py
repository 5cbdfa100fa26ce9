"""Requests: what they carry, their order, and how they interrupt a wait."""

import os
import random
import signal
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from player.errors import Stopped
from player.playback.requests import Inbox, Kind, Request
from player.times import Place


@pytest.fixture
def inbox():
    with closing(Inbox()) as inbox:
        yield inbox


@pytest.fixture
def alarm(inbox):
    """SIGALRM asks for STOP, as the player's signals do."""
    before = signal.signal(signal.SIGALRM, lambda number, frame: inbox.post(Request(Kind.STOP)))
    wakeup = signal.set_wakeup_fd(inbox.wakeup)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.set_wakeup_fd(wakeup)
    signal.signal(signal.SIGALRM, before)


def test_requests_come_in_their_order_and_without_one_the_time_passes(inbox):
    inbox.post(Request(Kind.RELOAD))
    inbox.post(Request(Kind.STOP))
    assert inbox.wait(10) == Request(Kind.RELOAD)
    assert inbox.wait(-5) == Request(Kind.STOP)
    assert inbox.wait(0) is None
    begun = time.monotonic()
    assert inbox.wait(0.05) is None
    assert time.monotonic() - begun >= 0.05


def test_a_request_from_another_thread_or_a_signal_ends_a_long_wait(inbox, alarm):
    for post in (lambda: inbox.post(Request(Kind.RELOAD)), lambda: os.kill(os.getpid(), signal.SIGALRM)):
        timer = threading.Timer(0.05, post)
        timer.start()
        begun = time.monotonic()
        assert inbox.wait(60) is not None
        assert time.monotonic() - begun < 5
        timer.join()


def test_no_signal_is_lost_just_before_the_wait_begins(inbox, alarm):
    """A wait on a queue or an event fails here: it misses about one signal in a hundred."""
    rng = random.Random(1)
    for _ in range(3000):
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-6, 4e-5))
        begun = time.monotonic()
        assert inbox.wait(20) == Request(Kind.STOP)
        assert time.monotonic() - begun < 10


def test_more_requests_than_the_pipe_holds(inbox):
    for _ in range(100_000):
        inbox.post(Request(Kind.NEXT))
    for _ in range(100_000):
        assert inbox.wait(0) == Request(Kind.NEXT)
    assert inbox.wait(0) is None


def test_the_same_request_several_times_in_a_row_is_answered_once(inbox):
    for kind in (Kind.REDRAW, Kind.REDRAW, Kind.PAUSE, Kind.REDRAW, Kind.REDRAW, Kind.REDRAW):
        inbox.post(Request(kind))
    assert [inbox.wait(0).kind for _ in range(3)] == [Kind.REDRAW, Kind.PAUSE, Kind.REDRAW]
    assert inbox.wait(0) is None


def test_a_request_takes_the_value_that_its_kind_needs():
    Request(Kind.GO_TO, Place("frame", 3))
    Request(Kind.SET, {"step": 3})
    Request(Kind.CHOOSE, Path("/a.reel"))
    for kind, value in ((Kind.GO_TO, None), (Kind.SET, 3), (Kind.CHOOSE, "/a.reel"), (Kind.NEXT, 1)):
        with pytest.raises(TypeError, match=kind.name):
            Request(kind, value)


def test_long_work_ends_once_a_stop_is_in():
    with closing(Inbox()) as inbox:
        inbox.post(Request(Kind.NEXT))
        inbox.check()
        inbox.post(Request(Kind.STOP))
        for _ in range(2):
            with pytest.raises(Stopped):
                inbox.check()
        assert inbox.wait(0).kind is Kind.NEXT
        assert inbox.wait(0).kind is Kind.STOP
