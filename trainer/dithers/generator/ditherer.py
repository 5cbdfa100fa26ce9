"""The generator as a ditherer: a start, a learned step towards the least visible error, then a little search.

In closed loop every frame starts from the shown dither where that still fits and from error diffusion
elsewhere (`searching/start.py`). `passes` passes of the network (`generating/steps.py`) make most of the
moves that pay, and `polish` rounds of the search (`search.py`) what is left, all at the price of a flip that
the dial asks for. In a film's first frame, where nothing is shown, and after a cut flips are almost free and
there are more passes; the search, if there is any, settles it.

Either engine (`searching/engines.py`) makes the same passes: the sequential one by compiled code for CPUs
(`generating/compiled/steps.py`), the parallel one in JAX (`generating/steps.py`); they differ in the search
after it. A dither depends on frame, shown dither, weights, settings and engine, and on nothing else.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from trainer import cores
from trainer.dithers.diffusion import diffused
from trainer.dithers.ditherer import FrameByFrame
from trainer.dithers.eye import (
    Dither,
    Frame,
    two_eye_kernel,
)
from trainer.dithers.generator.model import (
    Generator,
    Size,
)
from trainer.dithers.generator.step import (
    View,
    energy_on,
    step,
)
from trainer.dithers.generator.weights import (
    Weights,
    load,
)
from trainer.dithers.mask import (
    thresholds,
    tiled,
)
from trainer.dithers.search.accelerated import (
    Accelerated,
    Scene,
)
from trainer.dithers.search.energy import price_of
from trainer.dithers.search.engines import engine_of
from trainer.dithers.search.sequential import PASSES as ALL_ROUNDS
from trainer.dithers.search.sequential import settle
from trainer.dithers.search.start import (
    CUT_PRICE,
    Start,
    after_cut,
)
from trainer.errors import OptionError
from trainer.fit.patches import FIRST_PRICE
from trainer.generating.compiled.steps import CompiledSteps

PASSES, POLISH = 1, 3
"""The defaults."""
FIRST_PASSES = 12
"""Passes of a first frame and after a cut, or as many as of any other if that is more."""

Engine = Callable[[Frame, Dither, Dither, float, int, int | None], Dither]
"""(frame, start, shown dither, price, passes, rounds of the search, None: until settled) -> the dither."""


class GeneratorDitherer(FrameByFrame):
    """Dithers with a network. `weights`: the file, or a folder of `trainer fit`; None: those that ship.

    `dial` sets the price of a flip (`searching.energy.price_of`), `engine` is for `engine_of`. OptionError
    for a setting out of range, TrainerError for weights that cannot be read.
    """

    def __init__(
        self,
        dial: float = 0.5,
        *,
        passes: int = PASSES,
        polish: int = POLISH,
        weights: Path | Weights | None = None,
        engine: str | None = None,
    ) -> None:
        if not 0 <= dial <= 1:
            raise OptionError(f"the dial of the generator is {dial:g}: choose 0 (liveliest) to 1 (calmest)")
        if not 1 <= passes <= 100:
            raise OptionError(f"--passes {passes}: choose 1 to 100")
        if not 0 <= polish <= 1000:
            raise OptionError(f"--polish {polish}: choose 0 (the network alone) to 1000 rounds")
        self.price, self.passes, self.polish = price_of(dial), passes, polish
        self.weights = weights if isinstance(weights, Weights) else load(weights)
        self._engine = PASSING[engine_of(engine)](self.weights)
        self._start = Start(dial, self.price)

    def dither(self, frame: Frame, shown: Dither | None) -> Dither:
        """Dither `frame` (float32[H, W] in [0, 1]) to uint8[H, W], 1 = white, `shown` being shown."""
        many = max(self.passes, FIRST_PASSES)
        if shown is None:
            start = diffused(frame)
            dither = self._engine(frame, start, start, FIRST_PRICE, many, 0)
            return self._engine(frame, dither, dither, 0.0, 0, None) if self.polish else dither
        start = self._start(frame, shown)
        if after_cut(start, shown):
            # Without the search the network comes near a fresh dither only if flips cost next to nothing.
            fee, rounds = (CUT_PRICE, None) if self.polish else (FIRST_PRICE, 0)
            return self._engine(frame, start, shown, min(self.price, fee), many, rounds)
        return self._engine(frame, start, shown, self.price, self.passes, self.polish)


def sequential_passes(weights: Weights) -> Engine:
    """The engine for CPUs; what it needs for frames of one shape is kept until one of another comes."""
    weights.generator()  # which refuses arrays that are not those of its size
    size = weights.size
    assert isinstance(size, Size)
    steps = lru_cache(maxsize=1)(lambda shape: CompiledSteps(weights.arrays, size, shape, cores.usable()))

    def passed(
        frame: Frame, start: Dither, shown: Dither, price: float, passes: int, rounds: int | None
    ) -> Dither:
        most = ALL_ROUNDS if rounds is None else rounds
        if not passes:
            return settle(frame, start, shown, price, two_eye_kernel(), most)
        dither, blurred = steps(frame.shape)(frame, start, shown, price, passes)
        if not most:
            return dither
        return settle(frame, dither, shown, price, two_eye_kernel(), most, blurred=blurred)

    return passed


def parallel_passes(weights: Weights, frames: int | None = None) -> Engine:
    """The engine for accelerators, so many frames in a batch (`searching/accelerated.py`)."""
    generator = weights.generator()
    state, passed = nnx.state(generator), _pass(nnx.graphdef(generator))
    mask = lru_cache(maxsize=1)(lambda shape: jnp.asarray(tiled(thresholds(), shape)))

    def one_pass(scene: Scene) -> Array:
        return passed(state, View(*scene, mask(scene.frame.shape[1:])))

    return Accelerated(one_pass, frames)


PASSING: dict[str, Callable[[Weights], Engine]] = {
    "sequential": sequential_passes,
    "parallel": parallel_passes,
}


@cache
def _pass(graph: nnx.GraphDef[Generator]) -> Callable[[nnx.State, View], Array]:
    """(the network's state, what a pass is about) -> its dithers; compiled once for every size of frame."""

    @jax.jit
    def one_pass(state: nnx.State, view: View) -> Array:
        energy = energy_on((view.frame.shape[1], view.frame.shape[2]))
        return step(nnx.merge(graph, state), view, energy)

    return one_pass
