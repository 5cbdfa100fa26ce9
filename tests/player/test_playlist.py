"""Which reels, in which order."""

from pathlib import Path

import pytest

from player.errors import ReelError
from player.playlist import expand, following

A, B, C = Path("/a.reel"), Path("/b.reel"), Path("/c.reel")


def test_a_directory_stands_for_its_reels_in_name_order(tmp_path):
    for name in ("b.reel", "a.reel", "c.REEL", "notes.txt", "a.reel-journal"):
        (tmp_path / name).touch()
    (tmp_path / "d.reel").mkdir()
    names = [str(tmp_path / "z.reel"), str(tmp_path), "relative.reel"]
    assert expand(names) == (
        tmp_path / "z.reel", tmp_path / "a.reel", tmp_path / "b.reel", Path("relative.reel").absolute()
    )  # fmt: skip


def test_nothing_to_show_is_one_line(tmp_path):
    with pytest.raises(ReelError, match=r"holds no \*.reel file"):
        expand([str(tmp_path)])
    with pytest.raises(ReelError, match="no reel to show: give one"):
        expand([])


@pytest.mark.parametrize(
    ("reel", "end", "after"),
    [(A, "stop", None), (A, "next", B), (B, "next", C), (C, "next", None), (C, "loop", A), (A, "loop", B),
     (Path("/gone.reel"), "next", A)],
)  # fmt: skip
def test_what_follows_a_reel(reel, end, after):
    assert following([A, B, C], reel, end) == after


def test_one_reel_loops_over_itself():
    assert following([A], A, "loop") == A
    assert following([A], A, "next") is None
