"""Requests interrupt a wait."""

import os
import signal
import threading
import time

from player.inbox import Inbox, Request


def test_requests_come_in_their_order_and_without_one_the_time_passes():
    inbox = Inbox()
    inbox.post(Request.RELOAD)
    inbox.post(Request.STOP)
    assert inbox.wait(10) is Request.RELOAD
    assert inbox.wait(-5) is Request.STOP
    assert inbox.wait(0) is None
    begun = time.monotonic()
    assert inbox.wait(0.05) is None
    assert time.monotonic() - begun >= 0.05


def test_a_request_from_another_thread_or_a_signal_ends_a_long_wait():
    inbox = Inbox()
    before = signal.signal(signal.SIGUSR1, lambda number, frame: inbox.post(Request.STOP))
    try:
        for post in (lambda: inbox.post(Request.RELOAD), lambda: os.kill(os.getpid(), signal.SIGUSR1)):
            timer = threading.Timer(0.05, post)
            timer.start()
            begun = time.monotonic()
            assert inbox.wait(60) is not None
            assert time.monotonic() - begun < 5
            timer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
