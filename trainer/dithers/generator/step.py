"""One pass of the generator over the frames of a stretch, all at the same time.

They begin at thresholds through one settled dither (`search/anchor.py`): what stands still gets its dots, and
what changes flips no more than it must. No frame waits for another. Frames that have nothing to do with each
other begin at the frozen blue-noise mask instead, all pixels of which the network first decides at once.

Then come `QUARTERS`. A pass sees what the *glass* shows, ghosts of all frames before included, and decides a
quarter of the pixels of every frame, one of every 2x2: far fewer pixels act on the same error at the same
time. The network's planes are
    2f - 1, 2m - 1, 2b - 1   the frame, the threshold, and the dither so far
    squashed c * e           the visible error on the glass, e = r - f, in units of c(0)
    squashed dE              the exact change of visible energy by toggling the pixel in this frame
    1 or 0                   whether this pass decides the pixel
    b' - b, b" - b           its colour in the frame before and in the one after, beside the one here
    10 l                     what it would show if it were black: its ghost
    ln(price / .2) / 2       the dial
    4 (f' - f), 4 (f" - f)   its tone before and after, beside the one here
    1 or 0                   whether the frames are those of a stretch
Where nothing moves and no ghost appears, the planes of all frames are alike, and so are the answers: what is
added to the logit of white, 3 (2b - 1). How the network is trained: `trainer/fit/gan.py`.

Arrays: pictures float32[B, T, H, W], stretches and frames; dithers are 0 or 1.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.mask import tiled
from trainer.dithers.search import volume
from trainer.dithers.search.anchor import begun
from trainer.dithers.search.energy import reaching
from trainer.dithers.search.parallel import convolution

ALL = 0
"""The number of a pass that decides all pixels."""
QUARTERS = (1, 2, 3, 4) * 2
"""The passes over a stretch: which quarter each decides."""
ALONE = (ALL, *QUARTERS)
"""Those over frames that have nothing to do with each other."""
SCALE = 3.0
"""The size of the logit of a pixel that the network leaves as it is."""
MIDDLE_PRICE = 0.2
"""The price of a flip, in units of c(0), at which the dial's plane is 0."""
_DITHER, _DECIDES = 2, 5
"""The numbers of two planes: the dither so far, and whether this pass decides the pixel."""

_ORDER = np.array([[0, 2], [3, 1]])
"""Which pixel of each 2x2 is decided first to last: diagonal neighbours one after the other."""

Convolve = Callable[[Array], Array]
"""float32[..., H, W] -> c * it, as `search.parallel.convolution` makes it for one shape."""


def convolution_on(shape: tuple[int, int]) -> Convolve:
    """c * plane, c the two-eye kernel, for planes of (height, width)."""
    return convolution(reaching(two_eye_kernel()), shape)


class Stretch(NamedTuple):
    """B stretches of T frames, and what is known of the glass before the first frame of each.

    frame: [B, T, H, W]. mask: their thresholds, [B, H, W]. shown: the dither before, and dirty: which pixels
    were dirty then, [B, H, W] of 0 and 1; opens: whether the redraw comes after these, so that they do not
    matter, bool[B]. length: how many of the T frames there are, int32[B]. alone: whether the frames have
    nothing to do with each other, bool[B]. price: of a flip, [B]. levels: what a dirty pixel shows when it is
    black and when it is white, [B, 2].
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
    """What each pixel shows if it is black, and if it is white, [B, T, H, W], while the frames before stay as
    they are.
    """

    black: Array
    white: Array

    def shows(self, dither: Array) -> Array:
        """What the glass shows of the dithers."""
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


def toggle_change(dither: Array, glass: Glass, blurred: Array) -> Array:
    """The change of visible energy by toggling each pixel in one frame; blurred: c * e."""
    height = glass.white - glass.black
    return height * (height + 2 * (1 - 2 * dither) * blurred)


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
        _squash(toggle_change(dither, glass, blurred)),
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
    return SCALE * planes[..., _DITHER] + change.reshape(planes.shape[:-1])


def dithered(
    network: nnx.Module, stretch: Stretch, dither: Array, passes: Sequence[int], convolve: Convolve
) -> Array:
    """The dithers after these passes, float32[B, T, H, W]. What is black or white in the frame stays pure,
    whatever the network answers.
    """
    frame = stretch.frame
    for number in passes:
        seen = planes(stretch, dither, jnp.full(len(dither), number), convolve)
        white = logits_of(network, jax.lax.optimization_barrier(seen)) > 0
        white = (white | (frame >= 1)) & (frame > 0)
        dither = jnp.where(seen[..., _DECIDES] > 0, white.astype(jnp.float32), dither)
    return dither


def stretch_of(scene: volume.Scene, mask: Array) -> Stretch:
    """A scene of the search as a stretch; mask: the thresholds, [B, H, W]."""
    codes = scene.before
    is_white = (codes == volume.CLEAN_WHITE) | (codes == volume.DIRTY_WHITE)
    is_dirty = (codes == volume.DIRTY_BLACK) | (codes == volume.DIRTY_WHITE)
    shown = scene.looks[0, jnp.array([volume.DIRTY_BLACK, volume.DIRTY_WHITE])]
    batch = len(scene.length)
    return Stretch(
        jnp.moveaxis(scene.frame, 1, 0),
        mask,
        is_white.astype(jnp.float32),
        is_dirty.astype(jnp.float32),
        (codes == volume.OPENS).all((1, 2)),
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
    """The frames held against their thresholds (`anchor.begun`), float32[B, T, H, W]."""
    black, white = jnp.where(stretch.alone, jnp.array([[0.0], [1.0]]), stretch.levels.T)
    begin: Array = begun(stretch.frame, stretch.mask[:, None], _everywhere(black), _everywhere(white), jnp)
    return begin.astype(jnp.float32)


def _everywhere(each: Array) -> Array:
    """A number for each stretch, [B], to go with [B, T, H, W]."""
    return each[:, None, None, None]


def _first_of(plane: Array) -> Array:
    """Whether a frame is the first, [1, T, 1, 1]."""
    return (jnp.arange(plane.shape[1]) == 0)[None, :, None, None]


def _squash(x: Array) -> Array:
    """x near 0, and at most 2 in size."""
    return x / (1 + jnp.abs(x) / 2)
