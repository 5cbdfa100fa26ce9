"""Sample pictures of a fit: what the network alone makes of the same four scenes every time.

The scenes are two consecutive frames each, found in the bursts that the fit is trained on (of many, in 256
spread evenly), by a rule:
    cut     the two frames that differ most (`cuts.difference`), the one shown after the other
    light   the brightest frame
    dark    the darkest that is not all but black, mean 8 of 255 or more
    flat    the least varied frame with a mean in the middle half, or, without one, of all
A burst serves once, the earlier scenes in this list choosing first.
"""

import io
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from numpy.typing import NDArray
from PIL import Image

from trainer.dithers.batched_diffusion import floyd_steinberg, starts
from trainer.dithers.generator import model as networks
from trainer.dithers.generator.model import MIDDLE_PRICE
from trainer.dithers.generator.step import (
    View,
    energy_on,
    step,
)
from trainer.dithers.mask import (
    thresholds,
    tiled,
)
from trainer.film_maker import unet
from trainer.films.cuts import difference
from trainer.fit.bursts import Bursts
from trainer.fit.patches import (
    FIRST_PASSES,
    FIRST_PRICE,
)
from trainer.fit.settings import (
    FILM_MAKERS,
    Settings,
)

SCENES = ("cut", "light", "dark", "flat")
_LOOK_AT = 256
_BLACK = 8
_GAP, _SCALE = 4, 2


class Scene(NamedTuple):
    """Two consecutive frames uint8[2, side, side], and where they were found: burst, number of the first."""

    name: str
    burst: int
    number: int
    frames: NDArray[np.uint8]


def choose(bursts: Bursts) -> list[Scene]:
    """The scenes, by the module's rule; fewer where there are fewer bursts."""
    numbers = np.unique(np.linspace(0, len(bursts) - 1, min(len(bursts), _LOOK_AT)).astype(int))
    looked = bursts[numbers]
    changes = np.array([[difference(a, b) for a, b in pairwise(burst)] for burst in looked])
    means, spreads = looked[:, 1].mean((1, 2)), looked[:, 1].std((1, 2))
    middle = (means >= 64) & (means <= 192)
    keys = {
        "cut": changes.max(1),
        "light": means,
        "dark": np.where(means >= _BLACK, -means, -np.inf),
        "flat": np.where(middle | (not middle.any()), -spreads, -np.inf),
    }
    taken: list[int] = []
    scenes = []
    for name, key in keys.items():
        if len(taken) == len(numbers):
            break
        best = max((number for number in range(len(numbers)) if number not in taken), key=key.__getitem__)
        taken.append(best)
        first = int(changes[best].argmax()) if name == "cut" else 0
        scenes.append(Scene(name, int(numbers[best]), first, looked[best, first : first + 2]))
    return scenes


Loop = Callable[[Any, Array], Array]
"""(generator's weights, frames float32[B, 2, H, W]) -> dithers, the second shown after the first."""


@cache
def closed_loop(settings: Settings, side: int) -> Loop:
    """What the network alone makes of two frames of side x side pixels, one shown after the other.

    Kept for each settings, since compiling it takes many times as long as using it.
    """
    return jax.jit(_film_makers(settings) if settings.objective in FILM_MAKERS else _own(settings, side))


def _film_makers(settings: Settings) -> Loop:
    graph = nnx.graphdef(unet.outline(settings.unet))

    def loop(params: Any, frames: Array) -> Array:
        network = nnx.merge(graph, params)
        shown, dithers = floyd_steinberg(frames[:, 0]), []
        for number in range(2):
            logits = network(frames[:, number, ..., None], shown if settings.unet.previous else None)
            shown = (logits > 0).astype(jnp.float32)
            dithers.append(shown)
        return jnp.stack(dithers, 1)

    return loop


def _own(settings: Settings, side: int) -> Loop:
    graph = nnx.graphdef(networks.outline(settings.size))
    mask = jnp.asarray(tiled(thresholds(), (side, side)))
    energy = energy_on((side, side))

    def loop(params: Any, frames: Array) -> Array:
        network = nnx.merge(graph, params)
        shown = jnp.zeros_like(frames[:, 0])
        dithers = []
        for number, (passes, price) in enumerate([(FIRST_PASSES, FIRST_PRICE), (1, MIDDLE_PRICE)]):
            frame, prices = frames[:, number], jnp.full(len(frames), price)
            dither = starts(frame, shown, prices, jnp.full(len(frames), number == 0))
            shown = dither if number == 0 else shown
            for _ in range(passes):
                dither = step(network, View(frame, dither, shown, prices, mask), energy)
            shown = dither
            dithers.append(dither)
        return jnp.stack(dithers, 1)

    return loop


def sheet(scenes: list[Scene], dithers: NDArray[np.float32]) -> bytes:
    """A PNG: a row for each scene with first frame, its dither, second frame, its dither; twice their size.

    dithers: float32[scenes, 2, side, side] of 0 and 1.
    """
    side = scenes[0].frames.shape[-1]
    step = side + _GAP
    page = np.full((step * len(scenes) - _GAP, 4 * step - _GAP), 128, np.uint8)
    for row, scene in enumerate(scenes):
        for number in range(2):
            pair = scene.frames[number], (255 * dithers[row, number]).astype(np.uint8)
            for column, picture in enumerate(pair, 2 * number):
                page[row * step :, column * step :][:side, :side] = picture
    stream = io.BytesIO()
    Image.fromarray(page.repeat(_SCALE, 0).repeat(_SCALE, 1)).save(stream, "PNG")
    return stream.getvalue()
