"""The patch critic of a fit: the network, its word to the generator, and its own updates.

Five convolutions score how much a dither looks like the real ones, piece by piece: channels 8, 16, 32, 64, 1,
kernels 3x3, stride 2 throughout, about 25,000 parameters, one score for every 32x32 pixels, each from a
window of 63x63. The GAN's is finer: channels 16, 32, 64, 64, 1, without a stride in the first layer.

The film-maker's critic has batch norm; one with a gradient penalty must not, since the penalty is about
single pictures and batch norm makes each depend on the others (I. Gulrajani and others, "Improved training of
Wasserstein GANs", NeurIPS 2017). Patch scores: P. Isola and others, "Image-to-image translation with
conditional adversarial networks" (pix2pix), CVPR 2017.

After every update of the generator the critic makes a few of its own on the same patches, with its own
optimiser and learning rate: real dithers of the frames against the generator's.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import Array, lax

from trainer.dithers.generator.model import abstract_network, new_network
from trainer.fit.loss import critic_loss, generator_loss, real_slope, slope_penalty
from trainer.fit.settings import CommonSettings, CriticSettings, Hyper
from trainer.fit.sharding import mean_over

CHANNELS = (8, 16, 32, 64, 1)
FINE_CHANNELS = (16, 32, 64, 64, 1)
_SLOPE = 0.2


class Kind(NamedTuple):
    """How many pictures a critic sees, whether it has batch norm, and whether it is the finer one."""

    pictures: int = 1
    batch_norm: bool = False
    is_fine: bool = False


class Critic(nnx.Module):
    """Pictures float32[B, n, H, W], 0 to 1 -> scores float32[B, h, w]."""

    def __init__(self, kind: Kind, rngs: nnx.Rngs, axis: str | None = None) -> None:
        channels = FINE_CHANNELS if kind.is_fine else CHANNELS
        before = (kind.pictures, *channels[:-1])
        strides = (1 if kind.is_fine else 2, 2, 2, 2, 2)
        self.layers = nnx.List(
            [
                nnx.Conv(a, b, (3, 3), (stride, stride), rngs=rngs)
                for a, b, stride in zip(before, channels, strides, strict=True)
            ]
        )
        # As usual, neither the first layer nor the last is normalised.
        self.norms = nnx.List([BatchNorm(width, axis) for width in channels[1:-1]] if kind.batch_norm else [])

    def __call__(self, pictures: Array) -> Array:
        h = 2 * jnp.moveaxis(pictures, 1, -1) - 1
        for number, layer in enumerate(self.layers):
            h = layer(h)
            if self.norms and 0 < number < len(self.layers) - 1:
                h = self.norms[number - 1](h)
            if number < len(self.layers) - 1:
                h = nnx.leaky_relu(h, _SLOPE)
        return h[..., 0]


class BatchNorm(nnx.Module):
    """Normalises every channel by the batch at hand, over all devices of an axis. It keeps no running means,
    since a critic is only used in training.
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


def create(kind: Kind, seed: int) -> Critic:
    """A new critic."""
    return new_network(lambda rngs: Critic(kind, rngs), seed)


def outline(kind: Kind, axis: str | None = None) -> Critic:
    """A critic with shapes in place of weights, for batches on the devices of an axis."""
    return abstract_network(lambda rngs: Critic(kind, rngs, axis))


@dataclass(frozen=True)
class Adversary:
    """The critic that the settings ask for. Pictures are float32[B, P, P]; means are over the devices of an
    axis, if there is one.
    """

    settings: CriticSettings
    axis: str | None = None

    @property
    def _kind(self) -> Kind:
        """Batch norm goes only without a penalty on slopes."""
        settings = self.settings
        plain = settings.adversary in ("wasserstein-clip", "pix2pix")
        pictures = settings.critic_dithers + settings.critic_sees_frame
        return Kind(pictures, plain, settings.critic_is_fine)

    @cached_property
    def _graph(self) -> Any:
        return nnx.graphdef(outline(self._kind, self.axis))

    def start(self) -> tuple[Any, Any]:
        """Weights and optimiser state before the first update."""
        # Another seed than the generator's, so that the two begin with different numbers.
        params = nnx.state(create(self._kind, self.settings.seed + 1), nnx.Param)
        return params, _optimiser().init(params)

    def score(self, params: Any, dither: Array, frame: Array) -> Array:
        """How real the dither looks to it, piece by piece; or several dithers, float32[B, n, P, P]."""
        pictures = dither if dither.ndim == 4 else dither[:, None]
        if self.settings.critic_sees_frame:
            pictures = jnp.concatenate([pictures, frame[:, None]], 1)
        return nnx.merge(self._graph, params)(pictures)

    def term(self, params: Any, fake: Array, frame: Array, share: Array | float = 1.0) -> Array:
        """The critic's term of the generator's loss; `share`, float[B, 1, 1]: what each patch counts for."""
        return generator_loss(self.settings.adversary, self.score(params, fake, frame), share)

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
        """Weights, optimiser state and loss after `critic_steps` updates. Each patch has a key of its own;
        `rate` is the generator's learning rate.
        """
        settings = self.settings
        rate = rate * (hyper["critic_rate"] / hyper["rate"])

        def loss_of(params: Any, keys: Array) -> Array:
            scores = self.score(params, real, frame), self.score(params, fake, frame)
            loss = critic_loss(settings.adversary, *scores)
            if settings.adversary == "r1":
                # The slope's own gradient takes as long as all else, so that one picture of each patch, the
                # middle one, stands for all.
                each = len(real) // len(keys)
                some = slice(each // 2, None, each)
                slope = real_slope(lambda picture: self.score(params, picture, frame[some]), real[some])
                return loss + hyper["r1_weight"] * slope
            if settings.adversary != "wasserstein":
                return loss
            share = jax.vmap(jax.random.uniform)(keys)
            slope = slope_penalty(lambda between: self.score(params, between, frame), real, fake, share)
            return loss + hyper["penalty_weight"] * slope

        loss = jnp.float32(0)
        for number in range(settings.critic_steps):
            ones = jax.vmap(jax.random.fold_in, (0, None))(keys, number)
            loss, gradient = mean_over(self.axis, jax.value_and_grad(loss_of)(params, ones))
            step, optimiser = _optimiser().update(gradient, optimiser, params)
            params = jax.tree.map(lambda p, s: p - rate * s, params, step)
            if settings.adversary == "wasserstein-clip":
                params = jax.tree.map(lambda p: jnp.clip(p, -hyper["clip"], hyper["clip"]), params)
        return params, optimiser, loss


def adversary_of(settings: CommonSettings, axis: str | None = None) -> Adversary | None:
    """The critic of a fit with these settings, if it has one."""
    if isinstance(settings, CriticSettings) and settings.has_critic:
        return Adversary(settings, axis)
    return None


def _optimiser() -> optax.GradientTransformation:
    """Adam's direction, with the little momentum that adversaries want."""
    return optax.scale_by_adam(b1=0.5, b2=0.9)
