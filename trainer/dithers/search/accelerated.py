"""Passes of a network and sweeps of the search on an accelerator, several frames at once.

One frame is too little work for an accelerator. So threads that dither different parts of a film
(`exporting/lanes.py`) share it: frames that come while it is busy make up the next batch (`batching.py`). A
batch always has room for the same number of frames, whether they are needed or not. So every frame goes
through the same programs, and its dither does not depend on its company.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from trainer.dithers.eye import (
    Dither,
    Frame,
    two_eye_kernel,
)
from trainer.dithers.search.batching import Batcher
from trainer.dithers.search.parallel import (
    LIMIT,
    SWEEPS,
    settle,
)
from trainer.errors import TrainerError

FRAMES = 4
"""Frames in a batch on an accelerator; a CPU, where a second frame takes as long as the first, has 1."""


class Scene(NamedTuple):
    """Frames, their dithers so far, and the shown dithers, float32[B, H, W]; prices of a flip, float32[B]."""

    frame: Array
    dither: Array
    shown: Array
    price: Array


Pass = Callable[[Scene], Array]
"""A pass of a network over all of a scene: the dithers after it, float32[B, H, W]."""


class Job(NamedTuple):
    """A frame on the device, how many passes it gets, and after how many sweeps the search ends at last."""

    frame: Array
    start: Array
    shown: Array
    price: float
    passes: int
    limit: int


class Accelerated:
    """Called from any thread, it dithers a frame; frames that come at the same time must be of one shape.

    `one_pass` None: no network, no passes. `frames`: how many fit into a batch; None: `FRAMES`, 1 on a CPU.
    """

    def __init__(self, one_pass: Pass | None = None, frames: int | None = None) -> None:
        self._pass = one_pass
        self._frames = frames or (1 if jax.default_backend() == "cpu" else FRAMES)
        self._batcher = Batcher(self.dithers, self._frames)

    def __call__(
        self, frame: Frame, start: Dither, shown: Dither, price: float, passes: int, rounds: int | None
    ) -> Dither:
        """The dither, uint8[H, W], after so many passes from `start` and so many rounds of `SWEEPS` sweeps;
        rounds None: until it is settled.
        """
        limit = LIMIT if rounds is None else SWEEPS * rounds
        tones, first, before = jax.device_put((np.asarray(frame, np.float32), start, shown))
        return np.array(self._batcher(Job(tones, first, before, price, passes, limit)))

    def dithers(self, jobs: Sequence[Job]) -> tuple[Array, ...]:
        """Of so many jobs at the most the dithers, uint8[H, W], on the device; done when it returns.

        TrainerError where the device's memory is too small.
        """
        try:
            return self._dithers(jobs)
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" not in str(error):
                raise
            height, width = jobs[0].frame.shape
            raise TrainerError(
                f"the memory of {jax.devices()[0].device_kind} is too small for {self._frames} frames of "
                f"{width}x{height} at a time; end other programs that use it, or set JAX_PLATFORMS=cpu"
            ) from None

    def _dithers(self, jobs: Sequence[Job]) -> tuple[Array, ...]:
        idle = jobs[0]._replace(passes=0, limit=0)
        frames, starts, shown, prices, passes, limits = zip(
            *jobs, *[idle] * (self._frames - len(jobs)), strict=True
        )
        scene = _stacked(frames, starts, shown, np.array(prices, np.float32))
        for number in range(max(passes)):
            assert self._pass is not None
            chosen = np.array(passes) > number
            scene = scene._replace(dither=_where(chosen, self._pass(scene), scene.dither))
        return jax.block_until_ready(_searched(scene, np.array(limits, np.int32)))[: len(jobs)]


@jax.jit
def _stacked(
    frames: tuple[Array, ...], starts: tuple[Array, ...], shown: tuple[Array, ...], prices: Array
) -> Scene:
    frame, start, seen = (jnp.stack(pictures).astype(jnp.float32) for pictures in (frames, starts, shown))
    return Scene(frame, start, seen, prices)


@jax.jit
def _where(chosen: Array, passed: Array, before: Array) -> Array:
    return jnp.where(chosen[:, None, None], passed, before)


@jax.jit
def _searched(scene: Scene, limits: Array) -> tuple[Array, ...]:
    """The dithers after the search, one by one, uint8[H, W]."""
    dithers, _ = settle(*scene, key=jax.random.key(0), kernel=two_eye_kernel(), limit=limits)
    return tuple(dithers.astype(jnp.uint8))
