"""The film-maker's generator: a U-Net from a frame, and optionally the shown dither, to P(white).

Four encoders of c, 2c, 4c and 4c channels (c = 32), each at half the resolution of the one before, a middle
block, and four decoders of 4c, 2c, c and c/2 channels that also see the encoder of their resolution (the
skip). A block is two convolutions, the second a residual of the first; gelu throughout; the very first
convolution is 7x7. A 1x1 convolution gives the logit of white.

Outside of the frame its edge is repeated. With zeros there, a U-Net trained on small patches finds its way by
their borders and is lost in the middle of a frame. It also means that a flat grey gets one logit throughout:
only the frame's own grain can break the symmetry.

It upsamples by repeating pixels, or by a transposed convolution, which tends to leave a checkerboard
(A. Odena, V. Dumoulin, C. Olah, "Deconvolution and checkerboard artifacts", Distill, 2016). After
O. Ronneberger, P. Fischer, T. Brox, "U-Net", MICCAI, 2015, with the residuals of K. He and others, CVPR 2016.

Arrays: frame float32[B, H, W, colours] in [0, 1], previous and logits float32[B, H, W].
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.typing import DTypeLike

from trainer.dithers.generator.model import abstract_network, new_network
from trainer.errors import OptionError
from trainer.film_maker import UPSAMPLINGS

_DEEPEST = 16
"""Pixels of the frame to a pixel in the middle: frames are padded to a multiple of it."""


@dataclass(frozen=True)
class UNetSize:
    """A U-Net's size: channels of its first encoder, colours of the frame (1: luma, 3: RGB), whether it sees
    the shown dither, and how it upsamples.
    """

    kind: ClassVar[str] = "u-net"
    """What files of weights call such a network."""

    channels: int = 32
    colours: int = 1
    previous: bool = False
    upsampling: str = "nearest"

    def __post_init__(self) -> None:
        if not 2 <= self.channels <= 256 or self.channels % 2:
            raise OptionError("a U-Net has 2 to 256 channels, an even number")
        if self.colours not in (1, 3):
            raise OptionError("a U-Net sees 1 colour, luma, or 3, RGB")
        if self.upsampling not in UPSAMPLINGS:
            raise OptionError(f"a U-Net upsamples by one of {', '.join(UPSAMPLINGS)}")

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a file."""
        return asdict(self)


class UNet(nnx.Module):
    """The logit of P(white) for every pixel of a frame of any size; the dither is white where it is above 0.

    `compute`: the type that it computes in; weights and logits are always float32.
    """

    def __init__(self, size: UNetSize, rngs: nnx.Rngs, compute: DTypeLike = jnp.float32) -> None:
        c = size.channels
        inputs = size.colours + size.previous
        widths = (c, 2 * c, 4 * c, 4 * c)
        self.encoders = nnx.List(
            [
                _Block(before, after, 3 if number else 7, rngs, compute)
                for number, (before, after) in enumerate(zip((inputs, *widths), widths, strict=False))
            ]
        )
        self.middle = _Block(4 * c, 4 * c, 3, rngs, compute)
        decoders, upsamplings, before = [], [], 4 * c
        for skipped, after in zip(reversed(widths), (4 * c, 2 * c, c, c // 2), strict=True):
            upsamplings.append(_Upsampling(before, size.upsampling, rngs, compute))
            decoders.append(_Block(before + skipped, after, 3, rngs, compute))
            before = after
        self.upsamplings, self.decoders = nnx.List(upsamplings), nnx.List(decoders)
        self.logit = nnx.Conv(before, 1, (1, 1), rngs=rngs, dtype=compute)

    def __call__(self, frame: Array, previous: Array | None = None) -> Array:
        height, width = frame.shape[1:3]
        planes = frame if previous is None else jnp.concatenate([frame, previous[..., None]], -1)
        margins = ((0, 0), (0, -height % _DEEPEST), (0, -width % _DEEPEST), (0, 0))
        h = jnp.pad(2 * planes - 1, margins, mode="edge")
        skipped = []
        for encoder in self.encoders:
            h = encoder(h)
            skipped.append(h)
            h = nnx.max_pool(h, (2, 2), (2, 2))
        h = self.middle(h)
        for upsampling, decoder, skip in zip(self.upsamplings, self.decoders, reversed(skipped), strict=True):
            h = decoder(jnp.concatenate([upsampling(h), skip], -1))
        return self.logit(h)[:, :height, :width, 0].astype(jnp.float32)


class _Block(nnx.Module):
    """Two convolutions, the second a residual of the first."""

    def __init__(self, before: int, after: int, side: int, rngs: nnx.Rngs, compute: DTypeLike) -> None:
        self.first = nnx.Conv(before, after, (side, side), padding=_BEYOND, rngs=rngs, dtype=compute)
        self.second = nnx.Conv(after, after, (3, 3), padding=_BEYOND, rngs=rngs, dtype=compute)

    def __call__(self, h: Array) -> Array:
        h = self.first(_edged(h, self.first.kernel_size[0]))[:, 1:-1]
        return nnx.gelu(h + self.second(_edged(nnx.gelu(h), 3))[:, 1:-1])


# XLA for CPUs convolves slowly, and computes a kernel's gradient slowly, where nothing is padded. So one row
# is padded above and below, and cut off again afterwards.
_BEYOND = ((1, 1), (0, 0))


def _edged(h: Array, side: int) -> Array:
    """The picture with its edge repeated outwards, for a convolution of that side."""
    margin = (side // 2, side // 2)
    return jnp.pad(h, ((0, 0), margin, margin, (0, 0)), mode="edge")


class _Upsampling(nnx.Module):
    """Twice the height and width."""

    def __init__(self, channels: int, how: str, rngs: nnx.Rngs, compute: DTypeLike) -> None:
        self.learned = (
            nnx.ConvTranspose(channels, channels, (2, 2), (2, 2), rngs=rngs, dtype=compute)
            if how == "transposed"
            else None
        )

    def __call__(self, h: Array) -> Array:
        return jnp.repeat(jnp.repeat(h, 2, 1), 2, 2) if self.learned is None else self.learned(h)


def create(size: UNetSize, seed: int) -> UNet:
    """A new U-Net."""
    return new_network(lambda rngs: UNet(size, rngs), seed)


def outline(size: UNetSize, compute: DTypeLike = jnp.float32) -> UNet:
    """A U-Net of that size with shapes in place of weights, to be filled."""
    return abstract_network(lambda rngs: UNet(size, rngs, compute))
