"""Which reels, in which order."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from player.errors import ReelError
from player.playback.reels import after, arranged, expand

A, B, C = Path("/a.reel"), Path("/b.reel"), Path("/c.reel")


def test_a_directory_stands_for_its_reels_in_name_order(tmp_path):
    for name in ("b.reel", "a.reel", "c.REEL", "notes.txt", "a.reel-journal"):
        (tmp_path / name).touch()
    (tmp_path / "d.reel").mkdir()
    names = [str(tmp_path / "z.reel"), str(tmp_path), "relative.reel"]
    assert expand(names) == (
        tmp_path / "z.reel", tmp_path / "a.reel", tmp_path / "b.reel", Path("relative.reel").absolute()
    )  # fmt: skip


def test_every_reel_is_there_once(tmp_path):
    """Named twice it could never be said what follows it."""
    (tmp_path / "a.reel").touch()
    assert expand([str(tmp_path / "a.reel"), str(tmp_path), str(tmp_path)]) == (tmp_path / "a.reel",)


def test_the_directory_for_uploads_is_shown_too_and_need_not_be_there(tmp_path):
    (tmp_path / "a.reel").touch()
    assert expand([str(tmp_path / "a.reel")], str(tmp_path / "films")) == (tmp_path / "a.reel",)
    (tmp_path / "films").mkdir()
    assert expand([str(tmp_path / "a.reel")], str(tmp_path / "films")) == (tmp_path / "a.reel",)
    (tmp_path / "films" / "b.reel").touch()
    assert expand([], str(tmp_path / "films")) == (tmp_path / "films" / "b.reel",)
    with pytest.raises(ReelError, match=r"empty: holds no \*.reel file"):
        expand([], str(tmp_path / "empty"))


def test_nothing_to_show_is_one_line(tmp_path):
    with pytest.raises(ReelError, match=r"holds no \*.reel file"):
        expand([str(tmp_path)])
    with pytest.raises(ReelError, match="no reel to show: give one"):
        expand([])


@pytest.mark.parametrize(
    ("reel", "before", "later"),
    [
        (A, (), (B, C)),
        (C, (), ()),
        (Path("/gone.reel"), (), (A, B, C)),
        (Path("/gone.reel"), (A, Path("/gone.reel"), Path("/gone-too.reel"), B, C), (B, C)),
        (Path("/gone.reel"), (A, Path("/gone.reel")), ()),
    ],
)
def test_what_comes_after_a_reel(reel, before, later):
    assert after([A, B, C], reel, before) == later


REELS = tuple(Path(f"/films/{letter}.reel") for letter in "abcdefgh")


def test_by_name_every_round_is_the_same():
    assert {arranged(REELS, "name", seed, round) for seed in (0, 1) for round in range(5)} == {REELS}


@given(st.integers(0, 1000), st.integers(0, 50), st.integers(1, 8))
def test_by_chance_every_reel_comes_once_a_round(seed, round, number):
    assert sorted(arranged(REELS[:number], "shuffle", seed, round)) == list(REELS[:number])


def test_chance_is_the_same_again_for_a_seed_and_another_for_another():
    rounds = [arranged(REELS, "shuffle", 7, round) for round in range(40)]
    assert rounds == [arranged(REELS, "shuffle", 7, round) for round in range(40)]
    assert len(set(rounds)) == 40
    assert rounds[0] != arranged(REELS, "shuffle", 8, 0)
    first = [order[0] for order in rounds]
    assert set(first) == set(REELS), "every reel begins a round now and then"


def test_the_order_of_chance_is_known():
    """An order that changed with a new version would show reels twice in the round of an update."""
    assert "".join(path.stem for path in arranged(REELS, "shuffle", 0, 0)) == "fcdabhge"


@pytest.mark.parametrize("number", [1, 2, 3, 8])
def test_no_reel_follows_itself_from_one_round_to_the_next(number):
    for seed in range(40):
        last = None
        for round in range(20):
            order = arranged(REELS[:number], "shuffle", seed, round)
            assert order[0] != last or number == 1
            last = order[-1]


def test_a_reel_that_comes_or_goes_moves_no_other():
    for seed in range(20):
        order = arranged(REELS, "shuffle", seed, 0)
        fewer = arranged(REELS[1:], "shuffle", seed, 0)
        assert [reel for reel in order if reel != REELS[0]] == list(fewer)


def test_moved_films_keep_their_order():
    moved = [Path("/elsewhere") / reel.name for reel in REELS]
    for round in range(5):
        here, there = arranged(REELS, "shuffle", 3, round), arranged(moved, "shuffle", 3, round)
        assert [reel.name for reel in here] == [reel.name for reel in there]
