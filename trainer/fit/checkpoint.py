"""The folder of a fit, its run: settings, figures, checkpoints to resume from, and the weights.

settings.json      what the fit depends on: settings, budget, films by name and size
clips.json         how many clips there are and where they are placed (`placement.py`)
metrics.jsonl      one line per report: update, seconds, rate, losses
curves.png         the same as curves
samples/NUMBER.png what the network alone makes of the same few scenes after that many updates
checkpoints/NUMBER the whole state after that many updates (orbax); the newest two are kept
weights.npz        the generator at the last checkpoint (`generator/weights.py`)
events/            TensorBoard's files, on request
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import jax
import numpy as np
import orbax.checkpoint as ocp

from trainer.dithers.generator.weights import NAME, Weights, save
from trainer.errors import OptionError, TrainerError
from trainer.files import check_unused, make_folder, write_whole
from trainer.fit.data import Clips
from trainer.fit.pictures import Events, Loop, choose_scenes, curves, sheet
from trainer.fit.placement import Placement

KEPT = 2
_EVENTS = "events"
_PLACEMENT = "clips.json"
_LITTLE = 2**18
"""Bytes that a checkpoint takes beside its arrays, at most."""

State = TypeVar("State", bound=tuple[Any, ...])
"""`train.State`, which has an int32 `step`."""


class Run:
    """A run's folder. OptionError where it does not suit the command; TrainerError for the disk."""

    def __init__(self, folder: Path, about: dict[str, Any], resume: bool) -> None:
        self.folder = folder
        self._metrics = folder / "metrics.jsonl"
        self._checkpoints = folder / "checkpoints"
        self._settings = folder / "settings.json"
        self._is_new = not resume
        if resume:
            _check_same(self._settings, about)
            return
        check_unused(folder, "; add --resume, or name another")
        make_folder(folder)
        try:
            write_whole(self._settings, (json.dumps(about, indent=1) + "\n").encode())
        except TrainerError:
            self.give_up()
            raise

    def give_up(self) -> None:
        """Remove the folder of a new run that has come to nothing, with the settings in it."""
        if self._is_new:
            with suppress(OSError):
                self._settings.unlink(missing_ok=True)
                self.folder.rmdir()

    def placed(self, placement: Placement) -> Placement:
        """The placement that this run began with; a new run begins with this one, and writes it down."""
        file = self.folder / _PLACEMENT
        if not file.exists():
            write_whole(file, (json.dumps(placement._asdict()) + "\n").encode())
            return placement
        try:
            kept = Placement(**json.loads(file.read_text()))
        except (ValueError, TypeError):
            raise TrainerError(f"{file} is damaged; fit into another folder") from None
        if kept.clips != placement.clips:
            raise TrainerError(
                f"the films gave {kept.clips} clips when this run began, and {placement.clips} now; "
                "fit into another folder"
            )
        return kept

    def restore(self, like: State) -> tuple[State, float] | None:
        """The newest checkpoint's state, in NumPy, and the seconds spent until then; None if there is none.

        `like`: a state of the same shapes, in NumPy. Figures of updates after the checkpoint are removed,
        since those updates are made again.
        """
        numbers = self._numbers()
        if not numbers:
            self._metrics.unlink(missing_ok=True)
            return None
        try:
            with _checkpointer() as checkpointer:
                kept = checkpointer.restore(
                    (self._checkpoints / str(numbers[-1])).resolve(), {"state": like, "seconds": 0.0}
                )
        except Exception as error:  # orbax raises all kinds for a damaged file
            raise TrainerError(
                f"the checkpoint {self._checkpoints / str(numbers[-1])} cannot be read "
                f"({type(error).__name__}); remove it to go on from the one before"
            ) from None
        rows = [row for row in self._rows() if json.loads(row)["step"] <= numbers[-1]]
        write_whole(self._metrics, "".join(rows).encode())
        return jax.device_get(type(like)(*kept["state"])), float(kept["seconds"])

    def log(self, row: dict[str, float]) -> None:
        """Add one line of figures."""
        with self._written("its figures"), self._metrics.open("a") as file:
            file.write(json.dumps(row) + "\n")

    def picture(self, png: bytes, step: int) -> None:
        """Add a sheet of samples, and draw the curves of all reports so far."""
        samples = self.folder / "samples"
        with self._written("its samples"):
            samples.mkdir(exist_ok=True)
        write_whole(samples / f"{step:07d}.png", png)
        rows = [json.loads(row) for row in self._rows()]
        if rows:
            write_whole(self.folder / "curves.png", curves(rows))

    def save(self, step: int, state: tuple[Any, ...], seconds: float, weights: Weights) -> None:
        """Keep the state, whole or not at all, and the weights; older checkpoints go. All in NumPy."""
        target = self._checkpoints / str(step)
        if not target.exists():
            # On a full disk orbax fills the terminal too.
            needed = _LITTLE + 2 * sum(np.asarray(array).nbytes for array in jax.tree.leaves(state))
            if shutil.disk_usage(self.folder).free < needed:
                raise self._unwritten("a checkpoint", "the disk is full")
            with self._written("a checkpoint"), _checkpointer() as checkpointer:
                checkpointer.save(target.resolve(), {"state": state, "seconds": seconds})
        save(self.folder / NAME, weights)
        for number in self._numbers()[:-KEPT]:
            shutil.rmtree(self._checkpoints / str(number))

    @contextmanager
    def _written(self, what: str) -> Iterator[None]:
        """TrainerError where the block cannot write."""
        try:
            yield
        except Exception as error:  # orbax raises all kinds
            reason = (getattr(error, "strerror", None) or " ".join(str(error).split())[:200]).lower()
            raise self._unwritten(what, reason) from None

    def _unwritten(self, what: str, reason: str) -> TrainerError:
        return TrainerError(
            f"{self.folder}: {what} cannot be written: {reason}; free space, then go on with --resume"
        )

    def _numbers(self) -> list[int]:
        """Updates at which there is a checkpoint, in order."""
        if not self._checkpoints.is_dir():
            return []
        return sorted(int(name) for name in os.listdir(self._checkpoints) if name.isdigit())

    def _rows(self) -> list[str]:
        """The lines of figures, without one that was cut off."""
        if not self._metrics.exists():
            return []
        return [row for row in self._metrics.read_text().splitlines(keepends=True) if row.endswith("}\n")]


class Record:
    """What a fit leaves in its run: figures, checkpoints, weights, samples, and TensorBoard's events from
    `step` on if they are wanted. Close it at the end.

    `loop`: what the network makes of two frames. `weights`: of a state in NumPy.
    """

    def __init__(
        self,
        run: Run,
        clips: Clips,
        loop: Loop,
        weights: Callable[[Any], Weights],
        events: bool,
        step: int,
    ) -> None:
        self._run, self._loop, self._weights = run, loop, weights
        self._scenes = choose_scenes(clips)
        self._frames = np.stack([scene.frames for scene in self._scenes]).astype(np.float32) / 255
        self._events = Events(run.folder / _EVENTS, step) if events else None

    def __enter__(self) -> "Record":
        return self

    def __exit__(self, *error: object) -> None:
        if self._events:
            self._events.close()

    def log(self, row: dict[str, float]) -> None:
        """Add a report."""
        self._run.log(row)
        if self._events:
            self._events.log(row)

    def keep(self, step: int, state: Any, seconds: float) -> None:
        """Make a checkpoint of a state in NumPy, and see what its generator makes of the scenes."""
        self._run.save(step, state, seconds, self._weights(state))
        png = sheet(self._scenes, np.asarray(self._loop(state.params.generator, self._frames)))
        self._run.picture(png, step)
        if self._events:
            self._events.picture(png, step)


def _checkpointer() -> ocp.StandardCheckpointer:
    """One that asks nothing of other processes: process 0 alone has the run's folder."""
    alone = ocp.options.MultiprocessingOptions(
        primary_host=0, active_processes={0}, barrier_sync_key_prefix="fit"
    )
    return ocp.StandardCheckpointer(multiprocessing_options=alone)


def _check_same(settings: Path, about: dict[str, Any]) -> None:
    """OptionError unless the run to go on with has the same settings."""
    if not settings.is_file():
        raise OptionError(f"--resume: {settings.parent} holds no run of `trainer fit`; leave --resume out")
    try:
        before = json.loads(settings.read_text())
    except ValueError:
        raise TrainerError(f"{settings} is damaged; fit into another folder") from None
    differing = [key for key in about if before.get(key) != json.loads(json.dumps(about[key]))]
    if differing:
        raise OptionError(
            f"--resume: the run in {settings.parent} had another {', '.join(differing)}; "
            "give the same films and options"
        )
