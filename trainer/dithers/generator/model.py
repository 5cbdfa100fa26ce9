"""The generator: a small network that decides, for every pixel at once, whether to make its best move.

One pass is a learned step of the parallel search (`generating/steps.py`). Of every pixel's toggle and swaps
the best is known, and what it would do to the energy if it were the only one; which of them go together is
what the network has to know. It answers with the logit of making each.

The frame goes in as `PLANES` planes per pixel:
    2f - 1, 2b - 1, 2p - 1   the frame, the dither so far, and the dither that is shown
    squashed dE              what the pixel's toggle would change the energy by, exactly, in units of c(0)
    squashed dE, dy, dx      the same for its best move, and where that takes it: 0, 0 for a toggle
    2m - 1                   a frozen blue-noise threshold in absolute coordinates, to tell like pixels apart
    ln(price / .2) / 2       the dial
All follow from the frame and the shown dither, so that a film can be taken up at any frame. Inside, 2x2
pixels lie on top of one another (space to depth), with residual 3x3 convolutions and a branch at half scale.

Arrays: pictures float32[..., H, W], planes float32[B, H, W, PLANES].
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.typing import DTypeLike

from trainer.dithers.generator.modules import (
    counted,
    created,
    outlined,
)
from trainer.dithers.search.energy import REACH
from trainer.dithers.search.moves import offset_of
from trainer.errors import OptionError

PLANES = 9
MIDDLE_PRICE = 0.2

Convolve = Callable[[Array], Array]
"""float32[..., H, W] -> c * it, as `searching.parallel.convolution` makes it for one shape."""

# A move starts out unlikely, and the network speaks in units that let it be sure soon.
SCALE, OFFSET = 3.0, -2.0

_WEAKER = {"first": 1.0, "blocks": 0.7, "down": 1.0, "low": 0.7, "up": 0.5, "last": 0.1}
"""Each layer's initial weights against He's."""


@dataclass(frozen=True)
class Size:
    """How large a generator is: channels at half resolution, and residual blocks (2 or more)."""

    channels: int = 16
    blocks: int = 2

    def __post_init__(self) -> None:
        if not (1 <= self.channels <= 512 and 2 <= self.blocks <= 64):
            raise OptionError("a generator has 1 to 512 channels and 2 to 64 blocks")

    def as_dict(self) -> dict[str, int]:
        """The fields, for a file."""
        return asdict(self)


class Generator(nnx.Module):
    """Planes float32[B, H, W, PLANES] -> logits of the moves float32[B, H, W]; any H and W.

    `compute`: the type that it computes in; its weights and its logits are float32 whatever that is.
    """

    def __init__(self, size: Size, rngs: nnx.Rngs, compute: DTypeLike = jnp.float32) -> None:
        c = size.channels
        conv = partial(nnx.Conv, dtype=compute, rngs=rngs)
        self.first = conv(4 * PLANES, c, (3, 3))
        self.blocks = nnx.List([conv(c, c, (3, 3)) for _ in range(size.blocks)])
        self.down = conv(c, 2 * c, (3, 3))
        self.low = conv(2 * c, 2 * c, (3, 3))
        self.up = conv(2 * c, c, (1, 1))
        self.last = conv(c, 4, (1, 1))

    def __call__(self, planes: Array) -> Array:
        height, width = planes.shape[1:3]
        margins = ((0, 0), (0, -height % 4), (0, -width % 4), (0, 0))
        h = self.first(space_to_depth(jnp.pad(planes, margins, mode="edge")))
        for number, block in enumerate(self.blocks):
            if number == len(self.blocks) // 2:
                h = h + self._half_scale(h)
            h = h + block(nnx.relu(h))
        logits = depth_to_space(self.last(nnx.relu(h)).astype(jnp.float32))
        return SCALE * logits[:, :height, :width, 0] + OFFSET

    def _half_scale(self, h: Array) -> Array:
        """What a wider look adds: two convolutions on means of 2x2, back by repetition."""
        low = self.down(nnx.relu(nnx.avg_pool(h, (2, 2), (2, 2))))
        low = low + self.low(nnx.relu(low))
        return jnp.repeat(jnp.repeat(self.up(nnx.relu(low)), 2, 1), 2, 2)


def planes(
    frame: Array,
    dither: Array,
    previous: Array,
    price: Array,
    mask: Array,
    toggle: Array,
    change: Array,
    move: Array,
) -> Array:
    """What the generator is shown, float32[B, H, W, PLANES].

    frame in [0, 1], dither so far and shown dither 0 or 1, and what each pixel's toggle and its best move
    change the energy by: float32[B, H, W]; the moves int8[B, H, W] (`searching/moves.py`); price float32[B];
    mask float32[B, H, W] or [H, W], the thresholds at those pixels.
    """
    down, right = (step / REACH for step in offset_of(move))
    dial = (jnp.log(price / MIDDLE_PRICE) / 2)[:, None, None]
    pictures = 2 * frame - 1, 2 * dither - 1, 2 * previous - 1
    every = (*pictures, _squash(toggle), _squash(change), down, right, 2 * mask - 1, dial)
    return jnp.stack([jnp.broadcast_to(plane, frame.shape) for plane in every], -1)


def space_to_depth(x: Array) -> Array:
    """[B, 2h, 2w, C] -> [B, h, w, 4C]."""
    batch, height, width, depth = x.shape
    x = x.reshape(batch, height // 2, 2, width // 2, 2, depth).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(batch, height // 2, width // 2, 4 * depth)


def depth_to_space(x: Array) -> Array:
    """[B, h, w, 4C] -> [B, 2h, 2w, C], the inverse of `space_to_depth`."""
    batch, height, width, depth = x.shape
    x = x.reshape(batch, height, width, 2, 2, depth // 4).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(batch, 2 * height, 2 * width, depth // 4)


def create(size: Size, seed: int) -> Generator:
    """A new generator, with He's initial weights, or weaker ones."""
    spreads = {name: math.sqrt(2) * weaker for name, weaker in _WEAKER.items()}
    return created(lambda rngs: Generator(size, rngs), seed, spreads)


def outline(size: Size, compute: DTypeLike = jnp.float32) -> Generator:
    """A generator of that size with shapes in place of numbers, to be filled with weights."""
    return outlined(lambda rngs: Generator(size, rngs, compute))


def parameter_count(size: Size) -> int:
    """How many numbers are learned."""
    return counted(outline(size))


def _squash(x: Array) -> Array:
    """x near 0, at most 4 away from it: a price matters by its sign and less by how far it goes."""
    return x / (1 + jnp.abs(x) / 4)
