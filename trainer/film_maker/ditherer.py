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
from trainer.dithers.ditherer import FrameByFrame
from trainer.dithers.eye import Dither, Frame
from trainer.dithers.generator.weights import Weights
from trainer.dithers.search.ditherer import settler
from trainer.dithers.search.energy import price_of
from trainer.errors import OptionError, TrainerError
from trainer.film_maker.unet import UNetSize

POLISH = 3
"""Rounds of the search after the network."""


class UNetDitherer(FrameByFrame):
    """Dithers with a U-Net that sees luma. The U-Net itself has no dial; the dial is the price of a flip in
    the search. OptionError for a setting out of range or without effect.
    """

    def __init__(
        self,
        dial: float | None = None,
        *,
        weights: Weights,
        polish: int = POLISH,
    ) -> None:
        if not isinstance(weights.size, UNetSize) or weights.size.colours != 1:
            raise TrainerError("frames are luma: these weights are not those of a U-Net that sees it")
        if not 0 <= polish <= 1000:
            raise OptionError(f"--polish {polish}: choose 0 (the network alone) to 1000 rounds")
        if dial is not None and not polish:
            raise OptionError("a U-Net alone has no dial; leave the dial out, or give --polish")
        self.polish, self.price = polish, price_of(0.5 if dial is None else dial)
        self._settle = settler("sequential")
        self.sees_previous = weights.size.previous
        graph, self._state = nnx.split(weights.network())

        @jax.jit
        def network(state: nnx.State, frame: Array, previous: Array | None) -> Array:
            return nnx.merge(graph, state)(frame[..., None], previous) > 0

        self._network, self._begin = network, FloydSteinberg()

    def dither(self, frame: Frame, shown: Dither | None) -> Dither:
        """Dither `frame` (float32[H, W] in [0, 1]) to uint8[H, W], 1 = white, while `shown` is shown."""
        dither = self.alone(frame, shown)
        if not self.polish:
            return dither
        if shown is None:
            return self._settle(frame, dither, dither, 0.0, None)
        return self._settle(frame, dither, shown, self.price, self.polish)

    def alone(self, frame: Frame, shown: Dither | None) -> Dither:
        """What the U-Net makes of the frame."""
        seen = None
        if self.sees_previous:
            seen = jnp.asarray(self._begin.dither(frame, None) if shown is None else shown, jnp.float32)[None]
        return np.asarray(self._network(self._state, jnp.asarray(frame)[None], seen)[0]).astype(np.uint8)
