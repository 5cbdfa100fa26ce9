"""What the first process of a fit puts down as it goes: figures, checkpoints, weights and samples."""

from contextlib import ExitStack
from types import TracebackType
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx

from trainer.dithers.generator import model as networks
from trainer.dithers.generator.modules import counted
from trainer.dithers.generator.weights import (
    Weights,
    arrays_of,
)
from trainer.film_maker import unet
from trainer.film_maker.unet import UNetSize
from trainer.fit.bursts import Bursts
from trainer.fit.events import Events
from trainer.fit.runs import (
    EVENTS,
    Run,
)
from trainer.fit.samples import (
    choose,
    closed_loop,
    sheet,
)
from trainer.fit.settings import Settings
from trainer.fit.state import State


class Record:
    """A run's folder and, if asked for, TensorBoard's events in it, from `step` on. Close it at the end."""

    def __init__(
        self, run: Run, settings: Settings, about: dict[str, Any], bursts: Bursts, events: bool, step: int
    ) -> None:
        self._run, self._settings, self._about = run, settings, about
        self._scenes = choose(bursts)
        pictures = np.stack([scene.frames for scene in self._scenes])
        self._pictures = jnp.asarray(pictures, jnp.float32) / 255
        self._loop = closed_loop(settings, bursts.shape[-1])
        self._events = Events(run.folder / EVENTS, step) if events else None
        self._open = ExitStack()

    def __enter__(self) -> "Record":
        if self._events:
            self._open.enter_context(self._events)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def log(self, row: dict[str, float]) -> None:
        """Add a report."""
        self._run.log(row)
        if self._events:
            self._events.log(row)

    def keep(self, state: State, seconds: float) -> None:
        """Make a checkpoint of a state in NumPy, and see what its generator makes of the scenes."""
        step = int(state.step)
        self._run.save(state, seconds, weights_of(self._settings, state, self._about))
        png = sheet(self._scenes, np.asarray(self._loop(state.params.generator, self._pictures)))
        self._run.picture(png, step)
        if self._events:
            self._events.picture(png, step)


def weights_of(settings: Settings, state: State, about: dict[str, Any]) -> Weights:
    """The generator of a state in NumPy as it is, with what is to be said of it."""
    size = settings.network
    network: nnx.Module = unet.outline(size) if isinstance(size, UNetSize) else networks.outline(size)
    generator = nnx.merge(nnx.graphdef(network), state.params.generator)
    said = {**about, "updates": int(state.step), "parameters": counted(network)}
    return Weights(arrays_of(generator), size, said)
