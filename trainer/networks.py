"""The generator: a small network that decides, for every pixel at once, whether to make its best move.

One pass is a learned step of the parallel search (`steps.py`). Of every pixel's toggle and swaps the best is
known, and what it would do to the energy if it were the only one; which of them go together is what the
network has to know. It answers with the logit of making each.

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

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from trainer.errors import OptionError
from trainer.moves import ways
from trainer.search import REACH

PLANES = 9
MIDDLE_PRICE = 0.2

Convolve = Callable[[Array], Array]
"""float32[..., H, W] -> c * it, as `search_parallel.convolution` makes it for one shape."""

# A move starts out unlikely, and the network speaks in units that let it be sure soon.
SCALE, OFFSET = 3.0, -2.0


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
    """Planes float32[B, H, W, PLANES] -> logits of the moves float32[B, H, W]; any H and W."""

    def __init__(self, size: Size, rngs: nnx.Rngs) -> None:
        c = size.channels
        self.first = _conv(4 * PLANES, c, 3, 1.0, rngs)
        self.blocks = nnx.List([_conv(c, c, 3, 0.7, rngs) for _ in range(size.blocks)])
        self.down = _conv(c, 2 * c, 3, 1.0, rngs)
        self.low = _conv(2 * c, 2 * c, 3, 0.7, rngs)
        self.up = _conv(2 * c, c, 1, 0.5, rngs)
        self.last = _conv(c, 4, 1, 0.1, rngs)

    def __call__(self, planes: Array) -> Array:
        height, width = planes.shape[1:3]
        margins = ((0, 0), (0, -height % 4), (0, -width % 4), (0, 0))
        h = self.first(space_to_depth(jnp.pad(planes, margins, mode="edge")))
        for number, block in enumerate(self.blocks):
            if number == len(self.blocks) // 2:
                h = h + self._half_scale(h)
            h = h + block(nnx.relu(h))
        return SCALE * depth_to_space(self.last(nnx.relu(h)))[:, :height, :width, 0] + OFFSET

    def _half_scale(self, h: Array) -> Array:
        """What a wider look adds: two convolutions on means of 2x2, back by repetition."""
        low = self.down(nnx.relu(nnx.avg_pool(h, (2, 2), (2, 2))))
        low = low + self.low(nnx.relu(low))
        return jnp.repeat(jnp.repeat(self.up(nnx.relu(low)), 2, 1), 2, 2)


def _conv(before: int, after: int, side: int, scale: float, rngs: nnx.Rngs) -> nnx.Conv:
    """A convolution with He's initial weights times `scale`."""
    spread = nnx.initializers.variance_scaling(2 * scale**2, "fan_in", "normal")
    return nnx.Conv(before, after, (side, side), kernel_init=spread, rngs=rngs)


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
    change the energy by: float32[B, H, W]; the moves int8[B, H, W] (`moves.py`); price float32[B]; mask
    float32[B, H, W] or [H, W], the thresholds at those pixels.
    """
    down, right = (way / REACH for way in ways(move))
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
    """A new generator; made in one compiled piece, which is quicker than number by number."""
    return nnx.merge(nnx.graphdef(outline(size)), _drawing(size)(jax.random.key(seed)))


@cache
def _drawing(size: Size) -> Callable[[Array], nnx.State]:
    """From a key to the numbers of a new generator; compiled once for all seeds."""
    return jax.jit(lambda key: nnx.state(Generator(size, nnx.Rngs(key))))


def outline(size: Size) -> Generator:
    """A generator of that size with shapes in place of numbers, to be filled with weights."""
    return nnx.eval_shape(lambda: Generator(size, nnx.Rngs(0)))


def parameter_count(size: Size) -> int:
    """How many numbers are learned."""
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(outline(size), nnx.Param)))


def _squash(x: Array) -> Array:
    """x near 0, at most 4 away from it: a price matters by its sign and less by how far it goes."""
    return x / (1 + jnp.abs(x) / 4)
