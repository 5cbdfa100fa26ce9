"""Fits on several devices, to be run in processes of their own (`test_scale.py`), into folders of OUT.

    python -m tests.trainer.scaled_fits pair OUT FILM PORT 0|1    one of two processes with two devices each
    python -m tests.trainer.scaled_fits alone OUT FILM            all other runs, in one process with four

A report is made every other update. Of the runs whose bursts lie in parts and by turns, those on four devices
make their updates in one loop on the device; its program is put beside them.
"""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from trainer.fit.samples import closed_loop

from trainer.__main__ import main
from trainer.commands import fit, fit_choice
from trainer.fit import record
from trainer.fit.sharding import make_mesh
from trainer.fit.train import updates

STEPS, TURNS, BURSTS = 6, 20, 8
SMALL = ["--patch", "16", "--batch", "4", "--channels", "4", "--seed", "3", "--sweeps", "0"]
WHOLE = [*SMALL, "--steps", str(STEPS), "--clips", str(BURSTS)]
# A device has room for four and a half bursts of 17 x 32 x 32 pixels.
IN_TURNS = [*SMALL, "--steps", str(TURNS), "--clips", str(4 * BURSTS), "--resident", "7.8e-5"]
fit_choice.PRESETS["cpu"] = ({"chunk": 2}, 10.0)
# Neither is looked at here: curves, and whether what is compiled for so many bursts serves for others too.
record.Run.picture = lambda self, png, step: None
record.closed_loop = lambda settings, side: closed_loop(replace(settings, bursts=1), side)
fit.updates = lambda settings, mesh, in_parts: updates(replace(settings, bursts=1), mesh, in_parts)


def pair(out: Path, film: str, port: str, process: str) -> int:
    company = ["--coordinator", f"localhost:{port}", "--processes", "2", "--process", process]
    return main(["fit", film, "--out", str(out / "pair"), *WHOLE, *company])


def alone(out: Path, film: str) -> None:
    begin = ["fit", film, "--out"]
    assert main([*begin, str(out / "whole"), *WHOLE]) == 0
    cut(1, STEPS, [*begin, str(out / "one-to-four"), *WHOLE])
    assert main([*begin, str(out / "one-to-four"), *WHOLE, "--resume"]) == 0

    fit.updates = partial(looped, out / "program.txt")
    assert main([*begin, str(out / "turns"), *IN_TURNS]) == 0
    cut(4, TURNS, [*begin, str(out / "four-to-one"), *IN_TURNS])
    on(1)
    assert main([*begin, str(out / "four-to-one"), *IN_TURNS, "--resume"]) == 0


def cut(devices: int, steps: int, command: list[str]) -> None:
    """Make a checkpoint two reports before the end, and stop at the next report, before another one."""

    def check(step: int, metrics: object) -> None:
        if step == steps - 4:
            fit.CHECKPOINT_SECONDS = -1.0
        elif step == steps - 2:
            raise KeyboardInterrupt

    before = fit.check, fit.CHECKPOINT_SECONDS
    fit.check = check
    on(devices)
    assert main(command) == 130
    fit.check, fit.CHECKPOINT_SECONDS = before
    on(4)


def on(devices: int) -> None:
    """From now on, fits see the first so many devices alone."""
    fit.make_mesh = partial(make_mesh, most=devices)


_compiled = {}


def looped(program, settings, mesh, in_parts):
    """`updates`, on four devices in one loop, compiled beforehand to see the program."""
    if mesh.size == 1:
        return updates(replace(settings, bursts=1), mesh, in_parts)

    def many(state, bursts, rates):
        if "it" not in _compiled:
            lowered = updates(settings, mesh, in_parts, looped=True).lower(state, bursts, rates)
            _compiled["it"] = lowered.compile()
            program.write_text(_compiled["it"].as_text())
        return _compiled["it"](state, bursts, rates)

    return many


if __name__ == "__main__":
    sys.exit({"pair": pair, "alone": alone}[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:]))
