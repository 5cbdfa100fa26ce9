"""The patch critic: five convolutions that score how much a dither looks like the real ones, piece by piece.

Channels 8, 16, 32, 64, 1, kernels 3x3, stride 2 throughout: about 25,000 numbers, and one score for every
32x32 pixels, each from a window of 63x63. The film-maker's has batch norm; a critic with a gradient penalty
must not, since the penalty is about single pictures, and batch norm makes each depend on the others
(I. Gulrajani and others, "Improved training of Wasserstein GANs", NeurIPS 2017). Patch scores: P. Isola and
others, "Image-to-image translation with conditional adversarial networks" (pix2pix), CVPR 2017.
"""

import jax.numpy as jnp
from flax import nnx
from jax import Array, lax

from trainer.dithers.generator.modules import (
    created,
    outlined,
)

CHANNELS = (8, 16, 32, 64, 1)
_SLOPE = 0.2


class Critic(nnx.Module):
    """Dither float32[B, H, W], 0 to 1, and the frame if it sees that -> scores float32[B, h, w]."""

    def __init__(self, sees_frame: bool, batch_norm: bool, rngs: nnx.Rngs, axis: str | None = None) -> None:
        before = (2 if sees_frame else 1, *CHANNELS[:-1])
        self.layers = nnx.List(
            [nnx.Conv(a, b, (3, 3), (2, 2), rngs=rngs) for a, b in zip(before, CHANNELS, strict=True)]
        )
        # As usual neither the first layer nor the last is normalised.
        self.norms = nnx.List([BatchNorm(width, axis) for width in CHANNELS[1:-1]] if batch_norm else [])

    def __call__(self, dither: Array, frame: Array | None = None) -> Array:
        planes = [dither] if frame is None else [dither, frame]
        h = 2 * jnp.stack(planes, -1) - 1
        for number, layer in enumerate(self.layers):
            h = layer(h)
            if self.norms and 0 < number < len(self.layers) - 1:
                h = self.norms[number - 1](h)
            if number < len(self.layers) - 1:
                h = nnx.leaky_relu(h, _SLOPE)
        return h[..., 0]


class BatchNorm(nnx.Module):
    """Every channel by the mean and the spread of the batch at hand, all of it where it lies on the devices
    of an axis; it keeps none, as a critic is only ever used in training.
    """

    def __init__(self, channels: int, axis: str | None) -> None:
        self.axis = axis
        self.scale = nnx.Param(jnp.ones(channels))
        self.shift = nnx.Param(jnp.zeros(channels))

    def __call__(self, h: Array) -> Array:
        mean = self._over_all(h.mean((0, 1, 2)))
        variance = self._over_all(jnp.square(h - mean).mean((0, 1, 2)))
        return (h - mean) / jnp.sqrt(variance + 1e-5) * self.scale + self.shift

    def _over_all(self, mean: Array) -> Array:
        return mean if self.axis is None else lax.pmean(mean, self.axis)


def create(sees_frame: bool, batch_norm: bool, seed: int) -> Critic:
    """A new critic."""
    return created(lambda rngs: Critic(sees_frame, batch_norm, rngs), seed)


def outline(sees_frame: bool, batch_norm: bool, axis: str | None = None) -> Critic:
    """A critic with shapes in place of numbers; of batches that lie on the devices of an axis."""
    return outlined(lambda rngs: Critic(sees_frame, batch_norm, rngs, axis))
