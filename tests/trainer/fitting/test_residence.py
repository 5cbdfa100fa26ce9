"""How bursts are to lie on devices, and how processes find each other: arithmetic, and real sockets."""

import socket
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from trainer.errors import OptionError, TrainerError
from trainer.fit.mesh import row_of_devices
from trainer.fit.processes import company
from trainer.fit.residence import (
    Plan,
    Residence,
    check_devices,
    plan,
    room,
)
from trainer.fit.roll_call import roll_call

BURSTS = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1).repeat(3, 1)
"""Ten bursts of three bytes, each of its own number."""


@pytest.mark.parametrize(
    ("devices", "room", "expected"),
    [
        (1, 30, Plan(10)),
        (4, 30, Plan(10)),
        (4, 9, Plan(10, parts=4)),
        (1, 12, Plan(10, chunks=5, updates=4)),
        (4, 6, Plan(10, parts=4, chunks=3, updates=8)),
    ],
    ids=["whole", "whole on each", "in parts", "by turns", "in parts by turns"],
)
def test_bursts_lie_where_there_is_room(devices, room, expected):
    assert plan(BURSTS, devices, room, batch=4, together=4) == expected


def test_too_little_room_is_refused():
    with pytest.raises(OptionError, match="--resident"):
        plan(BURSTS, 1, 5, 4, 4)
    with pytest.raises(OptionError, match="--resident 0"):
        room(0)


@given(some.integers(1, 200), some.integers(1, 8), some.integers(1, 9))
def test_every_burst_has_its_turn_and_every_part_is_from_all_over(bursts, parts, chunks):
    those = Plan(bursts, parts, chunks, 7)
    members = [those.members(chunk) for chunk in range(chunks)]
    assert {len(each) for each in members} == {those.size}
    assert those.size % parts == 0
    assert set(np.concatenate(members)) == set(range(bursts))


def test_the_chunk_follows_from_the_number_of_the_update():
    those = Plan(10, 1, 3, 20)
    assert [those.chunk(step) for step in (0, 19, 20, 59, 60)] == [0, 0, 1, 2, 0]
    assert [step for step in range(61) if those.exchanges(step)] == [20, 40, 60]
    assert [those.left(step, 8) for step in (0, 12, 16)] == [8, 8, 4]


def test_chunks_take_turns_on_the_device():
    those = plan(BURSTS, 1, 12, batch=2, together=1)
    with Residence(BURSTS, those, row_of_devices(2, 1)) as residence:
        for step in (0, those.updates, 5 * those.updates, 2 * those.updates):
            found = np.asarray(residence.at(step))[:, 0, 0, 0]
            np.testing.assert_array_equal(found, those.members(those.chunk(step)))


def test_parts_want_devices_that_can_share_them():
    for devices in (1, 2, 4):
        check_devices(Plan(10, 4), devices)
    with pytest.raises(OptionError, match="4 parts"):
        check_devices(Plan(10, 4), 3)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((True, "host:1", None, None), "give all three"),
        ((False, "host", 2, 0), "name a host and a port"),
        ((False, "host:1", 0, 0), "--processes 0"),
        ((False, "host:1", 2, 2), "--process 2: choose 0 to 1"),
    ],
)
def test_a_company_that_makes_no_sense_is_refused(words, expected):
    with pytest.raises(OptionError, match=expected):
        company(*words)
    assert company(False, None, None, None) is None


def calls(*callers, seconds=20):
    """What each (processes, process) hears at one port: "" once all are there, else what is wrong."""
    with socket.create_server(("", 0)) as free:
        port = free.getsockname()[1]

    def one(caller):
        try:
            roll_call("localhost", port, *caller, seconds)
        except TrainerError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(len(callers)) as pool:
        return list(pool.map(one, callers))


def test_processes_find_each_other_or_hear_what_is_wrong():
    assert calls((3, 0), (3, 1), (3, 2)) == ["", "", ""]
    assert all("process 1 has --processes 3, process 0 2" in said for said in calls((2, 0), (3, 1)))
    assert all(
        "two processes were started with --process 1" in said for said in calls((3, 0), (3, 1), (3, 1))
    )
    assert all("process 2 of 3 has not called" in said for said in calls((3, 0), (3, 1), seconds=1))
    assert "cannot be reached" in calls((2, 1), seconds=0.5)[0]
