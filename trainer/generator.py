"""The generator as a ditherer: a start, a learned step towards the least visible error, then a little search.

In closed loop every frame starts from the shown dither where that still fits and from error diffusion
elsewhere (`start.py`). `passes` passes of the network (`steps.py`) make most of the moves that pay, and
`polish` rounds of the search (`search.py`) what is left, all at the price of a flip that the dial asks for.
In a film's first frame, where nothing is shown, and after a cut flips are almost free and there are more
passes; the search, if there is any, settles it.

A dither depends on the frame, the shown dither, the weights and the settings, and on nothing else. A frame
goes through the network whole: one of 1872x1404 needs about a gigabyte.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from trainer.diffusion import Hysteresis
from trainer.errors import OptionError
from trainer.eye import Dither, Frame
from trainer.mask import thresholds, tiled
from trainer.networks import Generator
from trainer.patches import FIRST_PRICE
from trainer.search import price_of, settler
from trainer.start import CUT_PRICE, Start, after_cut
from trainer.steps import View, energy_on, step
from trainer.weights import Weights, load

PASSES, POLISH = 1, 3
"""The defaults."""
FIRST_PASSES = 8
"""Passes of a first frame, or as many as of any other if that is more."""


class GeneratorDitherer:
    """Dithers with a network. `weights`: the file, or a folder of `trainer fit`; None: those that ship.

    `dial` sets the price of a flip (`search.price_of`). OptionError for a setting out of range, TrainerError
    for weights that cannot be read.
    """

    def __init__(
        self,
        dial: float = 0.5,
        *,
        passes: int = PASSES,
        polish: int = POLISH,
        weights: Path | Weights | None = None,
    ) -> None:
        if not 0 <= dial <= 1:
            raise OptionError(f"the dial of the generator is {dial:g}: choose 0 (liveliest) to 1 (calmest)")
        if not 1 <= passes <= 100:
            raise OptionError(f"--passes {passes}: choose 1 to 100")
        if not 0 <= polish <= 1000:
            raise OptionError(f"--polish {polish}: choose 0 (the network alone) to 1000 rounds")
        self.price, self.passes, self.polish = price_of(dial), passes, polish
        self.weights = weights if isinstance(weights, Weights) else load(weights)
        generator = self.weights.generator()
        self._state = nnx.state(generator)
        self._pass, self._settle = _compiled(nnx.graphdef(generator)), settler()
        self._start, self._first = Start(dial, self.price), Hysteresis()

    def __call__(self, frame: Frame, previous: Dither | None) -> Dither:
        """Dither `frame` (float32[H, W] in [0, 1]) to uint8[H, W], 1 = white, `previous` being shown."""
        if previous is None:
            start = self._first(frame, None)
            dither = self._passed(frame, start, start, FIRST_PRICE, max(self.passes, FIRST_PASSES))
            return self._settle(frame, dither, dither, 0.0, None) if self.polish else dither
        start = self._start(frame, previous)
        price, passes, rounds = self.price, self.passes, self.polish or None
        if after_cut(start, previous):
            price, passes, rounds = min(price, CUT_PRICE), max(passes, FIRST_PASSES), None
        dither = self._passed(frame, start, previous, price, passes)
        return self._settle(frame, dither, previous, price, rounds) if self.polish else dither

    def _passed(self, frame: Frame, start: Dither, shown: Dither, price: float, passes: int) -> Dither:
        """What the network makes of the start."""
        mask = jnp.asarray(tiled(thresholds(), (frame.shape[0], frame.shape[1])))
        dither, seen = (jnp.asarray(each, jnp.float32)[None] for each in (start, shown))
        prices = jnp.full(1, price, jnp.float32)
        for _ in range(passes):
            dither = self._pass(self._state, View(jnp.asarray(frame)[None], dither, seen, prices, mask))
        return np.asarray(dither[0]).astype(np.uint8)


@cache
def _compiled(graph: nnx.GraphDef[Generator]) -> Callable[[nnx.State, View], Array]:
    """(the network's state, what a pass is about) -> its dither; compiled once for every size of frame."""

    @jax.jit
    def one_pass(state: nnx.State, view: View) -> Array:
        energy = energy_on((view.frame.shape[1], view.frame.shape[2]))
        return step(nnx.merge(graph, state), view, energy)

    return one_pass
