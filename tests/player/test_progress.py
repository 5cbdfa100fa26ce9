"""The file that keeps the place: whole after any cut, and whatever it holds, no crash."""

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from player.errors import FileError
from player.progress import Progress, ProgressStore, read

FULL = Progress("/films/a.reel", "2026-01-01T00:00:00Z", 100, 41, 42, 1.5e9, 1.6e9, 200.0, 7, False)


@pytest.fixture
def store(tmp_path):
    lines = []
    store = ProgressStore(tmp_path / "deep" / "progress.json", lines.append)
    store.lines = lines
    return store


def test_what_is_saved_comes_back(store):
    assert store.load() == Progress()
    for progress in (Progress(), FULL, Progress(reel="/ü \n.reel")):
        store.save(progress)
        assert store.load() == progress
    assert store.lines == []
    assert [entry.name for entry in store.path.parent.iterdir()] == ["progress.json"]
    assert json.loads(store.path.read_text())["reel"] == "/ü \n.reel"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"null", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"frame": -1}', b'{"frame": true}',
     b'{"frame": 1.5}', b'{"reel": 3}', b'{"next_due": NaN}', b'{"redraws": null}', b'{"frame": 1e400}',
     b'{"paused": 0}', b'{"interval": Infinity}'],
)  # fmt: skip
def test_a_file_that_holds_no_place_starts_anew_with_one_line_and_is_kept(store, content):
    store.path.parent.mkdir()
    store.path.write_bytes(content)
    assert store.load() == Progress()
    assert len(store.lines) == 1
    assert "starting from the beginning" in store.lines[0]
    assert "\n" not in store.lines[0]
    assert store.path.with_name("progress.json.bad").read_bytes() == content
    store.save(FULL)
    assert store.load() == FULL


@given(st.binary(max_size=400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_content_crashes(tmp_path, content):
    path = tmp_path / "progress.json"
    path.write_bytes(content)
    assert isinstance(ProgressStore(path, lambda line: None).load(), Progress)


def test_every_cut_of_a_good_file_is_survived(tmp_path):
    path = tmp_path / "progress.json"
    ProgressStore(path, print).save(FULL)
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        assert ProgressStore(path, lambda line: None).load() in (Progress(), FULL)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(store, monkeypatch):
    store.save(FULL)

    def full_disk(fd):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full_disk)
        store.save(Progress())
        store.save(Progress())
    assert store.load() == FULL
    assert len(store.lines) == 1, "a full disk is said once, and the film goes on"
    assert "no space left on device" in store.lines[0]
    assert [entry.name for entry in store.path.parent.iterdir()] == ["progress.json"]
    store.save(Progress(frame=9))
    assert store.load().frame == 9


def test_a_place_that_can_never_be_kept_is_an_error_at_once(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "progress.json", tmp_path):
        store = ProgressStore(path, print)
        with pytest.raises(FileError) as caught:
            store.save(FULL)
        assert "\n" not in str(caught.value)
    with pytest.raises(FileError, match="is a directory; give another --state FILE"):
        read(tmp_path)
