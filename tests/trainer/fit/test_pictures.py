"""Sample scenes, curves and events of a run."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from trainer.errors import OptionError
from trainer.fit import pictures
from trainer.fit.data import LENGTH

SIDE = 32


def test_scenes_are_chosen_by_the_rule():
    """Of seven clips: one black, one dark, one light, one with a cut, a flat one, and two others."""
    rng = np.random.default_rng(0)
    noise = rng.integers(60, 180, (SIDE, SIDE))
    frames = [noise * 0 + 2, noise // 8, noise // 4 + 190, noise, noise * 0 + 120, noise, noise]
    clips = np.stack([np.broadcast_to(p, (LENGTH, SIDE, SIDE)) for p in frames]).astype(np.uint8)
    clips[3, 9:] = 255 - clips[3, 9:]
    clips[3, 9:, ::2] = 0
    chosen = {scene.name: scene for scene in pictures.choose_scenes(clips)}
    assert [(name, scene.clip) for name, scene in chosen.items()] == [
        ("cut", 3), ("light", 2), ("dark", 1), ("flat", 4),
    ]  # fmt: skip
    assert chosen["cut"].number == 8
    np.testing.assert_array_equal(chosen["cut"].frames, clips[3, 8:10])
    assert len(pictures.choose_scenes(clips[:2])) == 2


def test_a_sheet_shows_every_scene_dot_by_dot():
    frames = np.full((2, SIDE, SIDE), 77, np.uint8)
    scenes = [pictures.Scene(name, 0, 0, frames) for name in "ab"]
    dithers = np.zeros((2, 2, SIDE, SIDE), np.float32)
    dithers[1, 1, 5, 6] = 1
    with Image.open(io.BytesIO(pictures.sheet(scenes, dithers))) as image:
        page = np.asarray(image)[::2, ::2]
    step = SIDE + 4
    assert page.shape == (2 * step - 4, 4 * step - 4)
    assert (page[:SIDE, :SIDE] == 77).all()
    assert page[step + 5, 3 * step + 6] == 255
    assert (page == 255).sum() == 1


def test_curves_are_a_picture_of_the_reports():
    rows = [
        dict.fromkeys(("step", "loss", "critic", "energy", "flips", "white", "tone", "unsure"), float(n))
        for n in range(3)
    ]
    assert pictures.curves(rows) == pictures.curves(rows)
    assert pictures.curves(rows) != pictures.curves(rows[:2])


def test_events_need_their_package(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(OptionError, match=r"pip install 'longtake\[tensorboard\]'"):
        pictures.Events(tmp_path, 0)
