"""Small reels and the dithers in them, for every test of the player."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from player.reel import ReelWriter

# The same examples in every run, and no deadline: the machine may be busy.
settings.register_profile("player", derandomize=True, deadline=None)
settings.load_profile("player")

WIDTH, HEIGHT = 44, 24  # 44: rows that do not end on a byte


def film(
    frames: int, seed: int = 1, flips: float = 0.04, width: int = WIDTH, height: int = HEIGHT
) -> list[np.ndarray]:
    """Dithers that differ from one to the next by about `flips` of the pixels."""
    rng = np.random.default_rng(seed)
    dithers = [(rng.random((height, width)) < 0.5).astype(np.uint8)]
    while len(dithers) < frames:
        dithers.append(dithers[-1] ^ (rng.random((height, width)) < flips).astype(np.uint8))
    return dithers


def write(
    path: Path,
    dithers: list[np.ndarray],
    cuts: tuple[int, ...] = (),
    finish: bool = True,
    redraws: tuple[int, ...] = (),
    **more: object,
) -> Path:
    """A reel of these dithers at 25 frames per second, every second frame of the film."""
    height, width = dithers[0].shape
    with ReelWriter(path, {"film": "a film"}, width, height, **more) as writer:
        for number, dither in enumerate(dithers):
            writer.append(dither, number * 80, number * 2, number in cuts, number in redraws)
        if finish:
            writer.finish()
    return path


@pytest.fixture
def make_film() -> Callable[..., list[np.ndarray]]:
    return film


@pytest.fixture
def make_reel(tmp_path: Path) -> Callable[..., Path]:
    """make_reel(dithers, name="film.reel", cuts=(), finish=True, redraws=()) -> path."""

    def make(dithers: list[np.ndarray], name: str = "film.reel", **more: object) -> Path:
        return write(tmp_path / name, dithers, **more)

    return make


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the settings or the state of whoever runs it."""
    import os

    for name in [name for name in os.environ if name.startswith(("LONGTAKE_", "XDG_", "STATE_DIRECTORY"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
