"""Fitting a generator: the state, one update, many of them in one `scan`, and the guards against collapse.

An update is one pass for every patch of the pool (`patches.py`): draw a dither from the generator's
probabilities, price every pixel's two values (`objectives.counterfactual`), take one step of Adam. The pool
goes on with the thresholded dither, in one half of the patches polished by sweeps of the parallel search, so
that the generator learns to work with them and without.

All randomness comes from the seed and the number of the update, so that a run that is taken up again makes
the same updates as one that was never cut short, on one machine.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax import Array

from trainer.errors import OptionError, TrainerError
from trainer.eye import two_eye_kernel
from trainer.networks import Size, create, outline, white_logits
from trainer.objectives import counterfactual, draw, energy_per_pixel
from trainer.patches import Pool, advance, begin, view
from trainer.search import reaching
from trainer.search_parallel import convolution, sweeps

WARM_UP = 100
"""Updates over which the learning rate rises to its full height."""
LAST_RATE = 0.02
"""Share of the learning rate that is left at the end of its cosine."""
PATIENCE = 1000
"""Updates before a generator that changes nothing counts as collapsed: it begins by changing nothing."""


@dataclass(frozen=True)
class Settings:
    """What a fit depends on beside the films: all of it is in the run's settings.json."""

    channels: int = 16
    blocks: int = 2
    patch: int = 64
    batch: int = 8
    bursts: int = 800
    rate: float = 3e-3
    sweeps: int = 1
    seed: int = 0
    chunk: int = 50

    def __post_init__(self) -> None:
        if not 16 <= self.patch <= 512 or self.patch % 4:
            raise OptionError(f"--patch {self.patch}: choose 16 to 512 pixels, divisible by 4")
        if self.batch < 2 or self.bursts < 1 or self.chunk < 1 or self.sweeps < 0:
            raise OptionError("a fit needs 2 patches, 1 burst and 1 update per report or more")
        if not 0 < self.rate < 1:
            raise OptionError(f"--rate {self.rate:g}: choose a learning rate above 0 and below 1")
        if not 0 <= self.seed < 2**31:
            raise OptionError(f"--seed {self.seed}: choose 0 to {2**31 - 1}")

    @property
    def size(self) -> Size:
        """The generator's."""
        return Size(self.channels, self.blocks)

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a file."""
        return asdict(self)


class State(NamedTuple):
    """All that a fit carries from one update to the next; `params` is the state of `Generator`."""

    step: Array  # int32
    params: Any
    optimiser: Any
    pool: Pool


class Metrics(NamedTuple):
    """Of one update, or the mean over many; shares of pixels over the patches' passes.

    energy: per pixel, in units of c(0). white, tone: the share of white, and the frames' mean. flips: in what
    was passed, against the shown dither. unsure: pi (1 - pi), 0 once the generator is sure.
    """

    loss: Any
    energy: Any
    white: Any
    tone: Any
    flips: Any
    unsure: Any


Updates = Callable[[State, Array, Any], tuple[State, Metrics]]


def start(settings: Settings, bursts: Array) -> State:
    """The state before the first update."""
    params = nnx.state(create(settings.size, settings.seed), nnx.Param)
    key = jax.random.key(settings.seed)
    pool = jax.jit(begin, static_argnums=(2, 3))(key, bursts, settings.batch, settings.patch)
    return State(jnp.int32(0), params, _optimiser().init(params), pool)


@cache
def updates(settings: Settings) -> Updates:
    """The compiled function (state, bursts, rates float32[n]) -> state after n updates, mean metrics.

    Kept for each settings, since compiling it takes many times as long as an update.
    """
    graph = nnx.graphdef(outline(settings.size))
    kernel = two_eye_kernel()
    convolve = convolution(reaching(kernel), (settings.patch, settings.patch))
    optimiser = _optimiser()
    polished = settings.batch // 2 if settings.sweeps else 0

    def polish(key: Array, dither: Array, scene: Any) -> Array:
        frame, previous, price = (plane[:polished] for plane in (scene.frame, scene.previous, scene.price))
        better = sweeps(frame, dither[:polished], previous, price, settings.sweeps, key=key, kernel=kernel)
        return jnp.concatenate([better, dither[polished:]])

    def update(state: State, bursts: Array, rate: Any) -> tuple[State, Metrics]:
        keys = jax.random.split(jax.random.fold_in(jax.random.key(settings.seed + 1), state.step), 3)
        # Unless it is told to keep them, XLA works the frames out anew for every use of a pixel.
        scene = jax.lax.optimization_barrier(view(state.pool, bursts))

        def loss_of(params: Any) -> tuple[Array, Array]:
            logits = white_logits(
                nnx.merge(graph, params), scene.frame, scene.dither, scene.previous, scene.price,
                scene.mask, convolve,
            )  # fmt: skip
            sample = draw(keys[0], jax.lax.stop_gradient(logits))
            return counterfactual(logits, sample, scene.frame, scene.previous, scene.price, convolve), logits

        (loss, logits), gradient = jax.value_and_grad(loss_of, has_aux=True)(state.params)
        step, optimiser_state = optimiser.update(gradient, state.optimiser, state.params)
        params = jax.tree.map(lambda p, s: p - rate * s, state.params, step)
        dither = jax.lax.optimization_barrier((logits > 0).astype(jnp.float32))
        probability = jax.nn.sigmoid(logits)
        metrics = Metrics(
            loss,
            energy_per_pixel(dither, scene.frame, scene.previous, scene.price, convolve).mean(),
            dither.mean(),
            scene.frame.mean(),
            jnp.abs(dither - scene.previous).mean(),
            (probability * (1 - probability)).mean(),
        )
        if polished:
            dither = jax.lax.optimization_barrier(polish(keys[1], dither, scene))
        pool = advance(keys[2], state.pool, bursts, dither)
        return State(state.step + 1, params, optimiser_state, pool), metrics

    if jax.default_backend() == "cpu":
        # XLA for CPUs runs convolutions within a loop ten times slower than outside of one.
        return _one_by_one(jax.jit(update))

    @jax.jit
    def many(state: State, bursts: Array, rates: Any) -> tuple[State, Metrics]:
        state, metrics = jax.lax.scan(lambda s, rate: update(s, bursts, rate), state, rates)
        return state, jax.tree.map(lambda values: values.mean(0), metrics)

    return many


def _one_by_one(update: Updates) -> Updates:
    def many(state: State, bursts: Array, rates: Any) -> tuple[State, Metrics]:
        each = []
        for rate in np.asarray(rates, np.float32).tolist():
            state, metrics = update(state, bursts, rate)
            each.append(metrics)
        return state, Metrics(*(sum(values) / len(each) for values in zip(*each, strict=True)))

    return many


def rates(settings: Settings, step: int, progress: np.ndarray) -> np.ndarray:
    """Learning rates of the updates from `step` on: a warm-up, and a cosine over the progress in [0, 1]."""
    warm = np.minimum(1, (step + 1 + np.arange(progress.size)) / WARM_UP)
    cosine = (1 + np.cos(math.pi * np.clip(progress, 0, 1))) / 2
    return (settings.rate * warm * (LAST_RATE + (1 - LAST_RATE) * cosine)).astype(np.float32)


def check(step: int, metrics: Metrics) -> None:
    """TrainerError with one clear line where the means over the last updates show a fit that is lost."""
    if not all(math.isfinite(value) for value in metrics):
        what = "the loss is no longer a number"
    elif metrics.white > 0.995 and metrics.tone < 0.97:
        what = "every dither is all white"
    elif metrics.white < 0.005 and metrics.tone > 0.03:
        what = "every dither is all black"
    elif step > PATIENCE and metrics.flips < 1e-4:
        what = "every dither is a copy of the one before"
    else:
        return
    raise TrainerError(
        f"the generator collapsed after {step} updates: {what}; fit again with half the --rate"
    )


def _optimiser() -> optax.GradientTransformation:
    """Adam's direction, to be scaled by the learning rate; clipping keeps a rare burst from wrecking it."""
    return optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam(b2=0.99))
