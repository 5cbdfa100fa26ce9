"""The generator as a ditherer: a learned step towards the dither of least visible error, then a few sweeps.

In closed loop every frame starts from the shown dither. `passes` passes of the network (`networks.py`) propose
toggles; `polish` sweeps of the parallel search (`search_parallel.py`) settle what is left, at the same price of
a flip. Where a frame has little in common with what is shown, as after a cut, the network gets `MOST_PASSES`.
A film's first frame starts from the mask, with almost free flips and more of both.

A dither depends on the frame, the shown dither, the weights and the settings, and on nothing else.
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from numpy.typing import NDArray

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
MOST_PASSES = 8
"""Passes of a first frame and of a frame that is far from what is shown."""
FIRST_SWEEPS = 20
"""Sweeps after a first frame's passes, unless it gets none at all."""
FAR = 0.5
"""Energy per pixel, in units of c(0), of the shown dither against the frame from which on it is far."""


class GeneratorDitherer:
    """Dithers with a network. `weights` are read from that file or folder of `trainer fit`; None: the shipped.

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
        ) -> tuple[Array, Array]:
            """The next dither, and the energy per pixel of the one that came in."""
            convolve = convolution(taps, (frame.shape[1], frame.shape[2]))
            error = dither - frame
            logits = white_logits(nnx.merge(graph, state), frame, dither, previous, price, mask, convolve)
            return (logits > 0).astype(jnp.float32), jnp.mean(error * convolve(error))

        @jax.jit
        def sweep(frame: Array, dither: Array, previous: Array, price: Array, count: int) -> Array:
            return sweeps(frame, dither, previous, price, count, key=jax.random.key(0), kernel=kernel)

        self._step, self._sweep = step, sweep

    def __call__(self, frame: NDArray[np.float32], previous: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
        """Dither `frame` (float32[H, W] in [0, 1]) to uint8[H, W], 1 = white, starting from `previous`."""
        mask = tiled(thresholds(), (frame.shape[0], frame.shape[1]))
        first = previous is None
        shown = frame > mask if previous is None else previous
        price = jnp.full(1, FIRST_PRICE if first else self.price, jnp.float32)
        scene, before = jnp.asarray(frame)[None], jnp.asarray(shown, jnp.float32)[None]
        tiles = jnp.asarray(mask)[None]

        dither, energy = self._step(self._state, scene, before, before, price, tiles)
        far = first or float(energy) > FAR
        for _ in range(1, max(self.passes, MOST_PASSES) if far else self.passes):
            dither, _ = self._step(self._state, scene, dither, before, price, tiles)
        count = max(self.polish, FIRST_SWEEPS) if first and self.polish else self.polish
        if count:
            dither = self._sweep(scene, dither, before, price, count)
        return np.asarray(dither[0]).astype(np.uint8)
