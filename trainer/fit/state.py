"""What a fit carries from one update to the next, and what it says of each."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.sharding import Mesh

from trainer.dithers.generator import model as networks
from trainer.dithers.generator.model import Convolve
from trainer.dithers.generator.step import View
from trainer.film_maker import unet
from trainer.fit.adversary import Adversary
from trainer.fit.hyper import Hyper
from trainer.fit.mesh import (
    APART,
    EVERYWHERE,
    on_each,
    put,
)
from trainer.fit.objectives import energy_per_pixel
from trainer.fit.optimisers import direction
from trainer.fit.patches import (
    Homes,
    Pool,
    begin,
    homes,
)
from trainer.fit.settings import (
    FILM_MAKERS,
    Settings,
)


class Pair(NamedTuple):
    """Something of the generator and the same of the critic: weights, or their optimiser's state.

    Without a critic its half is empty.
    """

    generator: Any
    critic: Any


class State(NamedTuple):
    """All of it, as it is in a checkpoint."""

    step: Array  # int32
    params: Pair
    optimiser: Pair
    pool: Pool


LIES: Any = State._make(APART if field == "pool" else EVERYWHERE for field in State._fields)
"""How each field of a state lies on several devices (`mesh.py`)."""


class Metrics(NamedTuple):
    """Of one update, or the mean over many; shares of pixels over the patches' passes.

    energy: per pixel, in units of c(0). white, tone: the share of white, and the frames' mean. flips: in what
    was passed, against the shown dither. unsure: pi (1 - pi), 0 once the generator is sure. critic: the
    critic's loss, 0 where there is none.
    """

    loss: Any
    energy: Any
    white: Any
    tone: Any
    flips: Any
    unsure: Any
    critic: Any = 0.0


Update = Callable[[State, Array, Any], tuple[State, Metrics]]
"""(state, bursts, learning rate or rates) -> the state after the update or updates, and mean metrics."""
HyperUpdate = Callable[[Hyper, State, Array, Any], tuple[State, Metrics]]
"""The same for one update with any numbers."""


def start(
    settings: Settings,
    bursts: Array,
    mesh: Mesh | None = None,
    parts: int = 1,
    generator: nnx.Module | None = None,
) -> State:
    """The state before the first update; bursts in more than one part are in parts on the mesh's devices.

    `generator`: what to begin with, a network as the settings have it; None: a new one.
    """
    learned, key, places = _beginning(settings, len(bursts), parts, generator)
    if mesh is not None:
        learned, places = put(mesh, jax.device_get((learned, places)), (LIES, APART))
    films = APART if parts > 1 else EVERYWHERE
    return learned._replace(pool=_pools(settings.patch, mesh, films)(key, places, bursts))


def shape(settings: Settings, bursts: tuple[int, ...]) -> State:
    """A state with shapes in place of numbers; bursts of that shape."""
    learned, key, places = _beginning(settings, bursts[0], 1)
    films = jax.ShapeDtypeStruct(bursts, jnp.uint8)
    pool = jax.eval_shape(partial(begin, patch=settings.patch), key, places, films)
    return jax.eval_shape(lambda: learned._replace(pool=pool))


@cache
def _pools(patch: int, mesh: Mesh | None, films: Any) -> Callable[..., Pool]:
    return on_each(mesh, partial(begin, patch=patch), (EVERYWHERE, APART, films), APART)


def _new(settings: Settings) -> nnx.Module:
    """A generator that has learned nothing."""
    if settings.objective in FILM_MAKERS:
        return unet.create(settings.unet, settings.seed)
    return networks.create(settings.size, settings.seed)


def _beginning(
    settings: Settings, bursts: int, parts: int, generator: nnx.Module | None = None
) -> tuple[State, Array, Homes]:
    """The state without its pool; and what that is made from."""
    generator = _new(settings) if generator is None else generator
    params = nnx.state(generator, nnx.Param)
    optimiser = direction(settings.optimiser, settings.momentum, settings.clip_norm)
    critic, its_optimiser = Adversary(settings).start() if settings.has_critic else ((), ())
    nothing: Any = ()
    learned = State(jnp.int32(0), Pair(params, critic), Pair(optimiser.init(params), its_optimiser), nothing)
    return learned, jax.random.key(settings.seed), homes(settings.batch, bursts, parts)


def measure(
    loss: Array, logits: Array, dither: Array, scene: View, critic: Array | float, convolve: Convolve
) -> Metrics:
    """The metrics of an update whose generator made `logits` of a scene, and so `dither`."""
    probability = jax.nn.sigmoid(logits)
    return Metrics(
        loss,
        energy_per_pixel(dither, scene.frame, scene.previous, scene.price, convolve).mean(),
        dither.mean(),
        scene.frame.mean(),
        jnp.abs(dither - scene.previous).mean(),
        (probability * (1 - probability)).mean(),
        jnp.asarray(critic, jnp.float32),
    )
