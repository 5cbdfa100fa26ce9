"""The generator as a ditherer: all frames of a window at once, then a few rounds of the joint search.

Frames begin at thresholds through one settled dither (`search/anchor.py`), the network decides on their
pixels in passes (`step.py`), and `polish` rounds of the parallel joint search make the moves that still pay.
All of it runs in JAX, several stretches in a batch (`search/accelerated.py`), for an accelerator: a CPU takes
longer than `search`. A dither depends on the frames of the stretch, the dial, the levels and the weights
alone.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from trainer.dithers.ditherer import Dither, Ditherer, Frame
from trainer.dithers.generator.model import Size
from trainer.dithers.generator.step import (
    ALONE,
    QUARTERS,
    by_themselves,
    convolution_on,
    dithered,
    held,
    stretch_of,
)
from trainer.dithers.generator.weights import Weights, load, part
from trainer.dithers.levels import CLEAN, Levels
from trainer.dithers.mask import thresholds, tiled
from trainer.dithers.search import volume
from trainer.dithers.search.ditherer import ParallelSearch
from trainer.dithers.search.memory import WINDOW
from trainer.errors import OptionError, TrainerError

POLISH = 2
"""Rounds of the search after the network."""


class GeneratorDitherer(ParallelSearch):
    """Dithers with the network. `weights`: a file, or a folder of `trainer fit`; None: those that ship.

    OptionError for a setting out of range, TrainerError for weights that cannot be read.
    """

    def __init__(
        self,
        dial: float = 0.5,
        levels: Levels = CLEAN,
        *,
        weights: Path | Weights | None = None,
        polish: int = POLISH,
        window: int = WINDOW,
    ) -> None:
        if not 0 <= polish <= 1000:
            raise OptionError(f"--polish {polish}: choose 0 (the network alone) to 1000 rounds")
        read = weights if isinstance(weights, Weights) else load(weights)
        if not isinstance(read.size, Size):
            raise TrainerError(
                f"these are weights of a {read.kind.noun}, not of a generator; name another run"
            )
        graph, state = nnx.split(read.network())
        self._alone, passes, self._state = _alone(graph), _passes(graph), state
        super().__init__(
            dial,
            levels,
            window=window,
            overlap=window // 3,
            rounds=polish,
            network=lambda scene, white, mask: passes(state, scene, white, mask),
        )

    def alone(self, frame: Frame) -> Dither:
        """What the network makes of a frame by itself, from the frozen mask, without a search."""
        mask = tiled(thresholds(), frame.shape)
        made = self._alone(self._state, jnp.asarray(frame)[None, None], jnp.asarray(mask)[None])
        return np.asarray(made[0, 0]).astype(np.uint8)


def make_ditherer(weights: Path | Weights | None = None, **settings: Any) -> Ditherer:
    """The ditherer of the network that the weights are for (`weights.NETWORKS`)."""
    read = weights if isinstance(weights, Weights) else load(weights)
    ditherer: Ditherer = part(read.kind.ditherer)(weights=read, **settings)
    return ditherer


@cache
def _passes(graph: nnx.GraphDef[nnx.Module]) -> Callable[[nnx.State, volume.Scene, Array, Array], Array]:
    """(the network's state, scene, dithers, thresholds) -> dithers bool[T, B, H, W]."""

    @jax.jit
    def all_passes(state: nnx.State, scene: volume.Scene, white: Array, mask: Array) -> Array:
        convolve = convolution_on((mask.shape[1], mask.shape[2]))
        begun = jnp.moveaxis(white, 1, 0).astype(jnp.float32)
        made = dithered(nnx.merge(graph, state), stretch_of(scene, mask), begun, QUARTERS, convolve)
        return jnp.moveaxis(made, 1, 0) > 0

    return all_passes


@cache
def _alone(graph: nnx.GraphDef[nnx.Module]) -> Callable[[nnx.State, Array, Array], Array]:
    """(the network's state, frames [B, T, H, W], masks [B, H, W]) -> dithers, each frame by itself."""

    @jax.jit
    def all_passes(state: nnx.State, frame: Array, mask: Array) -> Array:
        convolve = convolution_on((mask.shape[1], mask.shape[2]))
        stretch = by_themselves(frame, mask)
        return dithered(nnx.merge(graph, state), stretch, held(stretch), ALONE, convolve)

    return all_passes
