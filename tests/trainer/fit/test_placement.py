"""Where clips are placed on devices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from trainer.errors import OptionError
from trainer.fit.placement import PlacedClips, Placement, check_devices, place, room
from trainer.fit.sharding import make_mesh

CLIPS = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1).repeat(3, 1)
"""Ten clips of three bytes, each of its own number."""


@pytest.mark.parametrize(
    ("devices", "room", "expected"),
    [
        (1, 30, Placement(10)),
        (4, 30, Placement(10)),
        (4, 9, Placement(10, parts=4)),
        (1, 12, Placement(10, chunks=5, updates=4)),
        (4, 6, Placement(10, parts=4, chunks=3, updates=8)),
    ],
    ids=["whole", "whole on each", "in parts", "by turns", "in parts by turns"],
)
def test_clips_lie_where_there_is_room(devices, room, expected):
    assert place(CLIPS, devices, room, batch=4, together=4) == expected


def test_too_little_room_is_refused():
    with pytest.raises(OptionError, match="--resident"):
        place(CLIPS, 1, 5, 4, 4)
    with pytest.raises(OptionError, match="--resident 0"):
        room(0)


@given(some.integers(1, 200), some.integers(1, 8), some.integers(1, 9))
def test_every_clip_has_its_turn_and_every_part_is_from_all_over(clips, parts, chunks):
    those = Placement(clips, parts, chunks, 7)
    members = [those.members(chunk) for chunk in range(chunks)]
    assert {len(each) for each in members} == {those.size}
    assert those.size % parts == 0
    assert set(np.concatenate(members)) == set(range(clips))


def test_the_chunk_follows_from_the_number_of_the_update():
    those = Placement(10, 1, 3, 20)
    assert [those.chunk(step) for step in (0, 19, 20, 59, 60)] == [0, 0, 1, 2, 0]
    assert [step for step in range(61) if those.exchanges(step)] == [20, 40, 60]
    assert [those.left(step, 8) for step in (0, 12, 16)] == [8, 8, 4]


def test_chunks_take_turns_on_the_device():
    those = place(CLIPS, 1, 12, batch=2, together=1)
    with PlacedClips(CLIPS, those, make_mesh(2, 1)) as placed:
        for step in (0, those.updates, 5 * those.updates, 2 * those.updates):
            found = np.asarray(placed.at(step))[:, 0, 0, 0]
            np.testing.assert_array_equal(found, those.members(those.chunk(step)))


def test_parts_want_devices_that_can_share_them():
    for devices in (1, 2, 4):
        check_devices(Placement(10, 4), devices)
    with pytest.raises(OptionError, match="4 parts"):
        check_devices(Placement(10, 4), 3)
