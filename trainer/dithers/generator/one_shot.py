"""The GAN: a network that dithers all frames of a stretch at the same time, without a search.

Where it begins (`search/anchor.py`) is a dither of the stretch's mean frame, and thresholds that go through
it: what stands still gets the dots of a settled dither, and what changes flips no more than it must. No frame
waits for another. Frames that have nothing to do with each other begin as the frozen blue-noise mask's, all
pixels of which the network then decides at once.

Then come `QUARTERS` passes. A pass sees what the *glass* shows, ghosts of all frames before included, and
decides a quarter of the pixels of every frame, one of every 2x2: far fewer pixels act on the same error at
the same time. The network's input is `PLANES` planes per pixel:
    2f - 1, 2m - 1, 2b - 1   the frame, the threshold, and the dither so far
    squashed c * e           the visible error on the glass, e = r - f, in units of c(0)
    squashed dE              the exact change of visible energy by toggling the pixel in this frame
    1 or 0                   whether this pass decides the pixel
    b' - b, b" - b           its colour in the frame before and in the one after, beside the one here
    10 l                     what it would show if it were black: its ghost
    ln(price / .2) / 2       the dial
    4 (f' - f), 4 (f" - f)   its tone before and after, beside the one here
    1 or 0                   whether the frames are those of a stretch
Where nothing moves, the planes of all frames are alike, and so are its answers: what to add to the logit of
white, 3 (2b - 1). Inside, 2x2 pixels are stacked (space to depth), and residual 3x3 convolutions follow. How
it is trained: `trainer/fit/gan.py`.

Arrays: pictures float32[B, T, H, W], stretches and frames; dithers are 0 or 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from jax.typing import DTypeLike

from trainer.dithers.ditherer import Dither, Frame
from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.generator.model import (
    Convolve,
    abstract_network,
    depth_to_space,
    new_network,
    space_to_depth,
)
from trainer.dithers.generator.weights import GAN, Weights, load
from trainer.dithers.levels import CLEAN, Levels
from trainer.dithers.mask import thresholds, tiled
from trainer.dithers.search import volume
from trainer.dithers.search.ditherer import ParallelSearch
from trainer.dithers.search.energy import reaching
from trainer.dithers.search.memory import WINDOW
from trainer.dithers.search.parallel import convolution
from trainer.errors import OptionError, TrainerError

PLANES = 13
ALL = 0
QUARTERS = (1, 2, 3, 4) * 2
"""The passes over a stretch: which quarter each decides."""
ALONE = (ALL, *QUARTERS)
"""Those over frames that have nothing to do with each other."""
SCALE = 3.0
"""The logit of a pixel as it is."""
MIDDLE_PRICE = 0.2

_ORDER = np.array([[0, 2], [3, 1]])
"""Which pixel of each 2x2 is decided first to last: diagonal neighbours one after the other."""
_SPREADS = {"first": 2**0.5, "blocks": 0.5 * 2**0.5, "last": 0.0}
"""Each layer's initial spread; the last layer begins by changing nothing."""


@dataclass(frozen=True)
class OneShotSize:
    """The size of the network: channels at half resolution, and residual blocks."""

    kind: ClassVar[str] = "gan"
    """What files of weights call such a network."""

    channels: int = 32
    blocks: int = 5

    def __post_init__(self) -> None:
        if not (1 <= self.channels <= 512 and 1 <= self.blocks <= 64):
            raise OptionError("a GAN's generator has 1 to 512 channels and 1 to 64 blocks")

    def as_dict(self) -> dict[str, int]:
        """The fields, for a file."""
        return asdict(self)


class OneShot(nnx.Module):
    """Planes float32[N, H, W, PLANES] -> what to add to the logits of white, float32[N, H, W]; any H and W.

    `compute`: the type that it computes in; weights and logits are always float32.
    """

    def __init__(self, size: OneShotSize, rngs: nnx.Rngs, compute: DTypeLike = jnp.float32) -> None:
        c = size.channels
        conv = partial(nnx.Conv, dtype=compute, rngs=rngs)
        self.first = conv(4 * PLANES, c, (3, 3))
        self.blocks = nnx.List([conv(c, c, (3, 3)) for _ in range(size.blocks)])
        self.last = conv(c, 4, (1, 1))

    def __call__(self, planes: Array) -> Array:
        height, width = planes.shape[1:3]
        margins = ((0, 0), (0, height % 2), (0, width % 2), (0, 0))
        h = self.first(space_to_depth(jnp.pad(planes, margins, mode="edge")))
        for block in self.blocks:
            h = h + block(nnx.relu(h))
        return depth_to_space(self.last(nnx.relu(h)).astype(jnp.float32))[:, :height, :width, 0]


def create(size: OneShotSize, seed: int) -> OneShot:
    """A new network, whose dithers are those it begins with."""
    return new_network(lambda rngs: OneShot(size, rngs), seed, _SPREADS)


def outline(size: OneShotSize, compute: DTypeLike = jnp.float32) -> OneShot:
    """A network of that size with shapes in place of weights, to be filled."""
    return abstract_network(lambda rngs: OneShot(size, rngs, compute))


def convolution_on(shape: tuple[int, int]) -> Convolve:
    """c * plane, c the two-eye kernel, for planes of (height, width)."""
    return convolution(reaching(two_eye_kernel()), shape)


class Stretch(NamedTuple):
    """Frames, and what is known of the glass before the first of them.

    frame: [B, T, H, W]. mask: their thresholds, [B, H, W]. shown: the dither before, and dirty: which pixels
    were dirty then, [B, H, W] of 0 and 1; opens: whether the redraw is between, bool[B]. length: how many of
    the frames there are, int32[B]. alone: whether they have nothing to do with each other, bool[B]. price: of
    a flip, [B]. levels: of a dirty pixel, black and white, [B, 2].
    """

    frame: Array
    mask: Array
    shown: Array
    dirty: Array
    opens: Array
    length: Array
    alone: Array
    price: Array
    levels: Array


class Glass(NamedTuple):
    """What is to be seen of each pixel where it is black and where it is white, [B, T, H, W], if the frames
    before stay as they are.
    """

    black: Array
    white: Array

    def shows(self, dither: Array) -> Array:
        """What is to be seen of the dithers."""
        return jnp.where(dither > 0, self.white, self.black)


def before(stretch: Stretch, plane: Array, first: Array) -> Array:
    """The plane of the frame before, [B, T, H, W]; `first`, [B, H, W], is that of the frame before all."""
    itself = _everywhere(stretch.alone) | (_first_of(plane) & _everywhere(stretch.opens))
    return jnp.where(itself, plane, jnp.concatenate([first[:, None], plane[:, :-1]], 1))


def after(stretch: Stretch, plane: Array) -> Array:
    """The plane of the frame after, of the last frame its own."""
    numbers = jnp.arange(plane.shape[1])[None, :, None, None]
    itself = _everywhere(stretch.alone) | (numbers + 1 >= _everywhere(stretch.length))
    return jnp.where(itself, plane, jnp.concatenate([plane[:, 1:], plane[:, -1:]], 1))


def glass_of(stretch: Stretch, dither: Array) -> Glass:
    """The glass of these dithers."""
    was = before(stretch, dither, stretch.shown)
    flips = jnp.abs(dither - was)
    dirty = jnp.minimum(1.0, jnp.cumsum(flips, 1) - flips + stretch.dirty[:, None])
    clean = _everywhere(stretch.alone) | (_first_of(dither) & _everywhere(stretch.opens))
    black, white = (_everywhere(stretch.levels[:, at]) for at in range(2))
    return Glass(
        jnp.where(clean, 0.0, black * jnp.maximum(dirty, was)),
        jnp.where(clean, 1.0, 1 - (1 - white) * jnp.maximum(dirty, 1 - was)),
    )


def decides(number: Array, shape: tuple[int, int]) -> Array:
    """Which pixels the pass of that number, int32[B], decides, float32[B, H, W] of 0 and 1."""
    order = jnp.asarray(tiled(_ORDER + 1, shape))
    number = number[:, None, None]
    return ((number == ALL) | (order == number)).astype(jnp.float32)


def toggle_gain(frame: Array, dither: Array, glass: Glass, blurred: Array) -> Array:
    """The change of visible energy by toggling each pixel in one frame; blurred: c * e."""
    step = glass.white - glass.black
    return step * (step + 2 * (1 - 2 * dither) * blurred)


def planes(stretch: Stretch, dither: Array, number: Array, convolve: Convolve) -> Array:
    """The network's input for the pass of that number, int32[B]: float32[B, T, H, W, PLANES]."""
    frame = stretch.frame
    glass = glass_of(stretch, dither)
    blurred = convolve(glass.shows(dither) - frame)
    alone = _everywhere(stretch.alone)
    # The tone before a stretch is not known: it counts as that of the first frame.
    every = (
        *(2 * picture - 1 for picture in (frame, stretch.mask[:, None], dither)),
        _squash(blurred),
        _squash(toggle_gain(frame, dither, glass, blurred)),
        decides(number, (frame.shape[-2], frame.shape[-1]))[:, None],
        before(stretch, dither, stretch.shown) - dither,
        after(stretch, dither) - dither,
        10 * glass.black,
        jnp.where(alone, 0.0, _everywhere(jnp.log(stretch.price / MIDDLE_PRICE) / 2)),
        4 * (before(stretch, frame, frame[:, 0]) - frame),
        4 * (after(stretch, frame) - frame),
        jnp.where(alone, 0.0, 1.0),
    )
    return jnp.stack([jnp.broadcast_to(plane, frame.shape) for plane in every], -1)


def logits_of(network: nnx.Module, planes: Array) -> Array:
    """The logit of white of every pixel, float32[B, T, H, W]."""
    change = network(planes.reshape(-1, *planes.shape[2:]))
    return SCALE * planes[..., 2] + change.reshape(planes.shape[:-1])


def dithered(
    network: nnx.Module, stretch: Stretch, dither: Array, passes: Sequence[int], convolve: Convolve
) -> Array:
    """The dithers after these passes, float32[B, T, H, W]."""
    for number in passes:
        seen = planes(stretch, dither, jnp.full(len(dither), number), convolve)
        white = logits_of(network, jax.lax.optimization_barrier(seen)) > 0
        dither = jnp.where(seen[..., 5] > 0, white.astype(jnp.float32), dither)
    return dither


def _everywhere(each: Array) -> Array:
    """A number for each stretch, [B], to go with [B, T, H, W]."""
    return each[:, None, None, None]


def _first_of(plane: Array) -> Array:
    """Whether a frame is the first, [1, T, 1, 1]."""
    return (jnp.arange(plane.shape[1]) == 0)[None, :, None, None]


def _squash(x: Array) -> Array:
    """x near 0, and at most 2 in size."""
    return x / (1 + jnp.abs(x) / 2)


POLISH = 2
"""Rounds of the search after the network."""


class OneShotDitherer(ParallelSearch):
    """Dithers the frames of a stretch all at once, then makes `polish` rounds of the joint search.

    `weights`: a file, or a folder of `trainer fit`; None: those that ship. OptionError for a setting out of
    range, TrainerError for weights that cannot be read.
    """

    def __init__(
        self,
        dial: float = 0.5,
        levels: Levels = CLEAN,
        *,
        weights: Path | Weights | None = None,
        polish: int = POLISH,
        window: int = WINDOW,
    ) -> None:
        if not 0 <= polish <= 1000:
            raise OptionError(f"--polish {polish}: choose 0 (the network alone) to 1000 rounds")
        read = weights if isinstance(weights, Weights) else load(weights, GAN)
        if not isinstance(read.size, OneShotSize):
            raise TrainerError(f"these are weights of a {read.kind.noun}, not of a GAN; name another run")
        graph, self._state = nnx.split(read.network())
        self._alone = _compiled_alone(graph)
        passes = _compiled(graph)
        super().__init__(
            dial,
            levels,
            window=window,
            overlap=window // 3,
            rounds=polish,
            network=lambda scene, white, mask: passes(self._state, scene, white, mask),
        )

    def alone(self, frame: Frame) -> Dither:
        """What the network makes of a frame by itself, from the frozen mask."""
        mask = tiled(thresholds(), frame.shape)
        made = self._alone(self._state, jnp.asarray(frame)[None, None], jnp.asarray(mask)[None])
        return np.asarray(made[0, 0]).astype(np.uint8)


@cache
def _compiled(graph: nnx.GraphDef[nnx.Module]) -> Callable[[nnx.State, volume.Scene, Array, Array], Array]:
    """(the network's state, scene, dithers, masks) -> dithers bool[T, B, H, W]."""

    @jax.jit
    def all_passes(state: nnx.State, scene: volume.Scene, white: Array, mask: Array) -> Array:
        stretch = stretch_of(scene, mask)
        convolve = convolution_on((mask.shape[1], mask.shape[2]))
        begun = jnp.moveaxis(white, 1, 0).astype(jnp.float32)
        return jnp.moveaxis(dithered(nnx.merge(graph, state), stretch, begun, QUARTERS, convolve), 1, 0) > 0

    return all_passes


@cache
def _compiled_alone(graph: nnx.GraphDef[nnx.Module]) -> Callable[[nnx.State, Array, Array], Array]:
    """(the network's state, frames [B, T, H, W], masks [B, H, W]) -> dithers, each frame by itself."""

    @jax.jit
    def all_passes(state: nnx.State, frame: Array, mask: Array) -> Array:
        convolve = convolution_on((mask.shape[1], mask.shape[2]))
        stretch = by_themselves(frame, mask)
        return dithered(nnx.merge(graph, state), stretch, held(stretch), ALONE, convolve)

    return all_passes


def stretch_of(scene: volume.Scene, mask: Array) -> Stretch:
    """A scene of the search as a stretch; mask: the thresholds, [B, H, W]."""
    before = scene.before
    is_white = (before == volume.CLEAN_WHITE) | (before == volume.DIRTY_WHITE)
    is_dirty = (before == volume.DIRTY_BLACK) | (before == volume.DIRTY_WHITE)
    shown = scene.looks[0, jnp.array([volume.DIRTY_BLACK, volume.DIRTY_WHITE])]
    batch = len(scene.length)
    return Stretch(
        jnp.moveaxis(scene.frame, 1, 0),
        mask,
        is_white.astype(jnp.float32),
        is_dirty.astype(jnp.float32),
        (before == volume.OPENS).all((1, 2)),
        scene.length,
        jnp.zeros(batch, bool),
        scene.price,
        jnp.broadcast_to(shown, (batch, 2)),
    )


def by_themselves(frame: Array, mask: Array) -> Stretch:
    """Frames that have nothing to do with each other."""
    batch, nothing = len(frame), jnp.zeros_like(mask)
    every = jnp.ones(batch, bool)
    price, levels = jnp.full(batch, MIDDLE_PRICE), jnp.tile(jnp.array([0.0, 1.0]), (batch, 1))
    length = jnp.full(batch, frame.shape[1], jnp.int32)
    return Stretch(frame, mask, nothing, nothing, every, length, every, price, levels)


def held(stretch: Stretch) -> Array:
    """The frames held against their thresholds, as `anchor.begun` does it, float32[B, T, H, W]."""
    frame = stretch.frame
    black, white = (_everywhere(stretch.levels[:, at]) for at in range(2))
    lightest, darkest = jax.lax.cummax(frame, 1), jax.lax.cummin(frame, 1)
    tones = frame - black * (lightest - frame) + (1 - white) * (frame - darkest)
    tones = jnp.where(_everywhere(stretch.alone), frame, tones)
    return (tones > stretch.mask[:, None]).astype(jnp.float32)
