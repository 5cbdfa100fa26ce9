"""The film-maker's U-Net as a ditherer, in closed loop, with rounds of the search after it on request.

A pixel is white where its logit is above 0. A U-Net that sees the shown dither gets Floyd and Steinberg's of
the frame at the start of a stretch. The search has as many rounds as after the project's own generator, so
that the two can be compared.

A dither depends on the frame, the shown dither, the weights and the settings alone.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from trainer.dithers.diffusion import FloydSteinberg
from trainer.dithers.eye import Dither, Frame
from trainer.dithers.generator.ditherer import POLISH, Polished
from trainer.dithers.generator.weights import Weights
from trainer.errors import TrainerError
from trainer.film_maker.unet import UNetSize


class UNetDitherer(Polished):
    """Dithers with a U-Net that sees luma. OptionError for a setting out of range or without effect."""

    def __init__(
        self,
        dial: float | None = None,
        *,
        weights: Weights,
        passes: int = 1,
        polish: int = POLISH,
        engine: str | None = None,
    ) -> None:
        if not isinstance(weights.size, UNetSize) or weights.size.colours != 1:
            raise TrainerError("frames are luma: these weights are not those of a U-Net that sees it")
        super().__init__("a U-Net", dial, passes, polish, engine)
        self.sees_previous = weights.size.previous
        graph, self._state = nnx.split(weights.network())

        @jax.jit
        def network(state: nnx.State, frame: Array, previous: Array | None) -> Array:
            return nnx.merge(graph, state)(frame[..., None], previous) > 0

        self._network, self._begin = network, FloydSteinberg()

    def alone(self, frame: Frame, shown: Dither | None) -> Dither:
        """What the U-Net makes of the frame."""
        seen = None
        if self.sees_previous:
            seen = jnp.asarray(self._begin.dither(frame, None) if shown is None else shown, jnp.float32)[None]
        return np.asarray(self._network(self._state, jnp.asarray(frame)[None], seen)[0]).astype(np.uint8)
