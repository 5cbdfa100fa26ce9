"""Fits on several devices, to be run in processes of their own (`test_devices.py`), into folders of OUT.

    python -m tests.trainer.fit.scaled_fits pair OUT FILM PORT 0|1  one of two processes with two devices each
    python -m tests.trainer.fit.scaled_fits alone OUT FILM          all other runs, in one process with four

A report is made every other update. The runs whose clips take turns in parts are of v1, which makes the same
updates by either engine of the search: those on four devices make them in one loop on the device. That
program is put beside them, and that of the GAN's before it is compiled.
"""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import jax
import numpy as np

from trainer.__main__ import main
from trainer.fit import sharding, train
from trainer.fit.checkpoint import Run
from trainer.fit.data import LENGTH
from trainer.fit.settings import PRESETS, Settings
from trainer.fit.sharding import make_mesh
from trainer.fit.train import abstract_state, compiled_loop, updates

STEPS, TURNS, CLIPS = 6, 20, 8
SMALL = ["--patch", "16", "--batch", "4", "--channels", "4", "--seed", "3"]
WHOLE = [*SMALL, "--blocks", "1", "--steps", str(STEPS), "--clips", str(CLIPS)]
# A device has room for four and a half clips of 17 x 32 x 32 pixels.
IN_TURNS = [
    *SMALL,
    "--objective",
    "v1",
    "--steps",
    str(TURNS),
    "--clips",
    str(4 * CLIPS),
    "--resident",
    "7.8e-5",
]
PRESETS["cpu"] = ({"chunk": 2}, 10.0)
# Neither is tested here: curves, and whether a program compiled for so many clips serves for others too.
Run.picture = lambda self, png, step: None
train.compiled_loop = lambda settings, side: compiled_loop(replace(settings, clips=1), side)
train.updates = lambda settings, mesh, in_parts: updates(replace(settings, clips=1), mesh, in_parts)


def pair(out: Path, film: str, port: str, process: str) -> int:
    others = ["--coordinator", f"localhost:{port}", "--processes", "2", "--process", process]
    return main(["fit", film, "--out", str(out / "pair"), *WHOLE, *others])


def alone(out: Path, film: str) -> None:
    begin = ["fit", film, "--out"]
    assert main([*begin, str(out / "whole"), *WHOLE]) == 0
    cut(1, STEPS, [*begin, str(out / "one-to-four"), *WHOLE])
    assert main([*begin, str(out / "one-to-four"), *WHOLE, "--resume"]) == 0
    write_program(out / "gan.txt")

    train.updates = partial(looped, out / "program.txt")
    assert main([*begin, str(out / "turns"), *IN_TURNS]) == 0
    cut(4, TURNS, [*begin, str(out / "four-to-one"), *IN_TURNS])
    on(1)
    assert main([*begin, str(out / "four-to-one"), *IN_TURNS, "--resume"]) == 0


def write_program(path: Path) -> None:
    """The GAN's updates on four devices, with their own parts of the clips, in one loop."""
    settings = Settings(channels=4, blocks=1, patch=16, batch=4)
    clips = (CLIPS, LENGTH, 32, 32)
    given = abstract_state(settings, clips), jax.ShapeDtypeStruct(clips, "uint8"), np.zeros(2, np.float32)
    path.write_text(updates(settings, make_mesh(4), True, looped=True).lower(*given).as_text())


def cut(devices: int, steps: int, command: list[str]) -> None:
    """Make a checkpoint two reports before the end, and stop at the next report, before another one."""

    def check(step: int, *seen: object) -> None:
        if step == steps - 4:
            train.CHECKPOINT_SECONDS = -1.0
        elif step == steps - 2:
            raise KeyboardInterrupt

    before = train.check, train.CHECKPOINT_SECONDS
    train.check = check
    on(devices)
    assert main(command) == 130
    train.check, train.CHECKPOINT_SECONDS = before
    on(4)


def on(devices: int) -> None:
    """From now on, fits see the first so many devices alone."""
    sharding.make_mesh = partial(make_mesh, most=devices)


_compiled = {}


def looped(program, settings, mesh, in_parts):
    """`updates`, on four devices in one loop, compiled beforehand to see the program."""
    if mesh.size == 1:
        return updates(replace(settings, clips=1), mesh, in_parts)

    def many(state, clips, rates):
        if "it" not in _compiled:
            lowered = updates(settings, mesh, in_parts, looped=True).lower(state, clips, rates)
            _compiled["it"] = lowered.compile()
            program.write_text(_compiled["it"].as_text())
        return _compiled["it"](state, clips, rates)

    return many


if __name__ == "__main__":
    sys.exit({"pair": pair, "alone": alone}[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:]))
