"""The critic of a fit: what it says to the generator, and its own update.

After every update of the generator the critic makes a few of its own on the same patches, with its own
optimiser and learning rate: real dithers of the frames against the generator's.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import Array

from trainer.fit.critic import (
    create,
    outline,
)
from trainer.fit.hyper import Hyper
from trainer.fit.mesh import mean
from trainer.fit.objectives import (
    critic_loss,
    generator_loss,
    penalty,
)
from trainer.fit.settings import Settings


@dataclass(frozen=True)
class Adversary:
    """The critic that the settings ask for; pictures are float32[B, P, P], and means are over an axis of
    devices, if there is one.
    """

    settings: Settings
    axis: str | None = None

    @property
    def _kind(self) -> tuple[bool, bool]:
        """Whether it sees the frame, and whether it has batch norm: only without a gradient penalty."""
        return self.settings.critic_sees_frame, self.settings.adversary != "wasserstein"

    @cached_property
    def _graph(self) -> Any:
        return nnx.graphdef(outline(*self._kind, self.axis))

    def start(self) -> tuple[Any, Any]:
        """Weights and optimiser before the first update."""
        # Another seed than the generator's, lest both begin with the same numbers.
        params = nnx.state(create(*self._kind, self.settings.seed + 1), nnx.Param)
        return params, _optimiser().init(params)

    def score(self, params: Any, dither: Array, frame: Array) -> Array:
        """How real the dither looks to it, piece by piece."""
        critic = nnx.merge(self._graph, params)
        return critic(dither, frame if self.settings.critic_sees_frame else None)

    def term(self, params: Any, fake: Array, frame: Array) -> Array:
        """What the generator is to lower."""
        return generator_loss(self.settings.adversary, self.score(params, fake, frame))

    def update(
        self,
        keys: Array,
        params: Any,
        optimiser: Any,
        real: Array,
        fake: Array,
        frame: Array,
        rate: Any,
        hyper: Hyper,
    ) -> tuple[Any, Any, Array]:
        """Weights, optimiser and loss after `critic_steps` steps, each patch with a key of its own; `rate` is
        the generator's learning rate.
        """
        settings = self.settings
        rate = rate * (hyper.critic_rate / hyper.rate)

        def loss_of(params: Any, keys: Array) -> Array:
            scores = self.score(params, real, frame), self.score(params, fake, frame)
            loss = critic_loss(settings.adversary, *scores)
            if settings.adversary != "wasserstein":
                return loss
            share = jax.vmap(jax.random.uniform)(keys)
            slope = penalty(lambda between: self.score(params, between, frame), real, fake, share)
            return loss + hyper.penalty_weight * slope

        loss = jnp.float32(0)
        for number in range(settings.critic_steps):
            ones = jax.vmap(jax.random.fold_in, (0, None))(keys, number)
            loss, gradient = mean(jax.value_and_grad(loss_of)(params, ones), self.axis)
            step, optimiser = _optimiser().update(gradient, optimiser, params)
            params = jax.tree.map(lambda p, s: p - rate * s, params, step)
            if settings.adversary == "wasserstein-clip":
                params = jax.tree.map(lambda p: jnp.clip(p, -hyper.clip, hyper.clip), params)
        return params, optimiser, loss


def _optimiser() -> optax.GradientTransformation:
    """Adam's direction, with as little momentum as adversaries want."""
    return optax.scale_by_adam(b1=0.5, b2=0.9)
