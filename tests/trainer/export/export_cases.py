"""A film of several shots with black frames between them, and what tests of exports do with it."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from player.reel import Reel
from tests.trainer.made_films import make_film
from trainer.export.task import Task
from trainer.films.plan import Plan
from trainer.films.selection import Selection
from trainer.films.tones import Tones

FRAMES = 150
BLACK = (*range(60, 62), *range(126, 130), 86)
CUTS = (38, 64, 70, 88, 136)
TONES = Tones(size=(48, 36))
TIMEOUT = 100.0


def picture(number: int) -> np.ndarray:
    """A ramp that wanders; every shot has its own."""
    if number in BLACK:
        return np.zeros((48, 64, 3), np.uint8)
    shot = sum(number >= cut for cut in CUTS)
    ramp = np.linspace(20, 235, 64)[:: 1 if shot % 2 else -1]
    wave = 18 * np.sin(np.arange(48) / (3 + shot))[:, None]
    luma = np.clip(np.roll(ramp, number)[None] + wave, 0, 255).astype(np.uint8)
    return np.repeat(luma[:, :, None], 3, axis=2)


def make_long_film(path: Path) -> Path:
    """Write the film."""
    return make_film(path, "MJPG", [picture(number) for number in range(FRAMES)])


def task(film: Path, selection: Selection | None = None, dither: str = "hysteresis", **more) -> Task:
    """An export of the film, in short stretches where nothing else is said."""
    return Task(
        film, selection or Selection(), **{"tones": TONES, "dither": dither, "plan": Plan(longest=16), **more}
    )


def rows(path: Path):
    """Every row of both tables, but for when the reel was created."""
    connection = sqlite3.connect(path)
    described = connection.execute("SELECT * FROM reel WHERE key != 'created' ORDER BY key").fetchall()
    frames = connection.execute("SELECT * FROM frames ORDER BY number").fetchall()
    connection.close()
    return described, frames


def verified(path: Path) -> list:
    """What is wrong with a reel."""
    with Reel(path) as reel:
        return list(reel.verify())


def stored(path: Path) -> int:
    """How many frames a reel holds by now, and that is whole stretches: 0 where there is none."""
    if not path.exists() or not path.stat().st_size:
        return 0
    with Reel(path) as reel:
        return reel.frames


def eventually(what: Callable[[], object]) -> None:
    """Wait until it is so."""
    end = time.monotonic() + TIMEOUT
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def children(pid: int, of: str = "spawn_main") -> list[int]:
    """The processes that a process has started whose command line holds the text (Linux)."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            command = (status.parent / "cmdline").read_text()
        except (OSError, ValueError):  # it has ended
            continue
        if parent == pid and of in command:
            found.append(int(status.parent.name))
    return found


def is_alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
