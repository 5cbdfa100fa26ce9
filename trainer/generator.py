"""The generator as a ditherer: error diffusion, a learned step towards the least visible error, then sweeps.

In closed loop every frame starts from error diffusion that leans towards the shown dither (`diffusion.py`).
`passes` passes of the network (`networks.py`) toggle what pays, and `polish` sweeps of the parallel search
(`search_parallel.py`) settle what is left, both at the price of a flip that the dial asks for. Starting from
the shown dither itself is worth less, since network and sweeps then have all motion to make up for. In a
film's first frame flips are almost free and there are more sweeps.

A dither depends on the frame, the shown dither, the weights and the settings, and on nothing else.
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from numpy.typing import NDArray

from trainer.diffusion import Hysteresis
from trainer.errors import OptionError
from trainer.eye import two_eye_kernel
from trainer.mask import thresholds, tiled
from trainer.networks import white_logits
from trainer.patches import FIRST_PRICE
from trainer.search import price_of, reaching
from trainer.search_parallel import convolution, sweeps
from trainer.weights import Weights, load

PASSES, POLISH = 1, 3
"""The defaults."""
FIRST_SWEEPS = 20
"""Sweeps after a first frame's passes, unless it gets none at all."""


def start_dial(dial: float) -> float:
    """The dial of the error diffusion that a frame starts from: .3, .55, .8 for 0, 1/2, 1."""
    return 0.3 + 0.5 * dial


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
            raise OptionError(f"--polish {polish}: choose 0 (the network alone) to 1000 sweeps")
        self.price, self.passes, self.polish = price_of(dial), passes, polish
        self.weights = weights if isinstance(weights, Weights) else load(weights)
        graph, self._state = nnx.split(self.weights.generator())
        kernel = two_eye_kernel()
        taps = reaching(kernel)

        @jax.jit
        def step(
            state: nnx.State, frame: Array, dither: Array, previous: Array, price: Array, mask: Array
        ) -> Array:
            convolve = convolution(taps, (frame.shape[1], frame.shape[2]))
            logits = white_logits(nnx.merge(graph, state), frame, dither, previous, price, mask, convolve)
            return (logits > 0).astype(jnp.float32)

        @jax.jit
        def sweep(frame: Array, dither: Array, previous: Array, price: Array, count: int) -> Array:
            return sweeps(frame, dither, previous, price, count, key=jax.random.key(0), kernel=kernel)

        self._step, self._sweep = step, sweep
        self._begin = Hysteresis(start_dial(dial))

    def __call__(self, frame: NDArray[np.float32], previous: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
        """Dither `frame` (float32[H, W] in [0, 1]) to uint8[H, W], 1 = white, `previous` being shown."""
        first = previous is None
        mask = jnp.asarray(tiled(thresholds(), (frame.shape[0], frame.shape[1])))[None]
        price = jnp.full(1, FIRST_PRICE if first else self.price, jnp.float32)
        scene = jnp.asarray(frame)[None]
        dither = jnp.asarray(self._begin(frame, previous), jnp.float32)[None]
        shown = dither if previous is None else jnp.asarray(previous, jnp.float32)[None]
        for _ in range(self.passes):
            dither = self._step(self._state, scene, dither, shown, price, mask)
        count = max(self.polish, FIRST_SWEEPS) if first and self.polish else self.polish
        if count:
            dither = self._sweep(scene, dither, shown, price, count)
        return np.asarray(dither[0]).astype(np.uint8)
