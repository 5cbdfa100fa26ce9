"""The numbers of an update that may differ between generators that are trained by one compiled program."""

from dataclasses import replace
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from trainer.fit.objectives import TermWeights
from trainer.fit.settings import Settings


class Hyper(NamedTuple):
    """Plain numbers of one fit, or arrays [members] of many at once; the names are those of `Settings`.

    clip_norm is infinite where nothing is clipped. `rate` is the full height of the learning rate, from which
    an update gets its share as an argument of its own.
    """

    seed: Any
    rate: Any
    momentum: Any
    clip_norm: Any
    temperature: Any
    limit: Any
    reconstruction_weight: Any
    previous_weight: Any
    change_weight: Any
    critic_weight: Any
    critic_rate: Any
    penalty_weight: Any
    clip: Any

    @staticmethod
    def of(settings: Settings) -> "Hyper":
        """Those of one fit."""
        values = settings.as_dict()
        hyper = Hyper(**{name: values[name] for name in Hyper._fields})
        return hyper if hyper.clip_norm else hyper._replace(clip_norm=float("inf"))

    @staticmethod
    def of_all(members: list[Settings]) -> "Hyper":
        """Those of many, uint32 seeds and all else float32[members]."""
        seeds, *others = zip(*(Hyper.of(settings) for settings in members), strict=True)
        return Hyper(jnp.asarray(np.array(seeds, np.uint32)), *(jnp.asarray(o, jnp.float32) for o in others))

    @property
    def terms(self) -> TermWeights:
        """What each of the film-maker's terms counts."""
        return TermWeights(
            self.reconstruction_weight, self.critic_weight, self.previous_weight, self.change_weight
        )


def shape_of(settings: Settings) -> Settings:
    """The same settings for all that differ in numbers alone, for which an update is compiled once.

    The schedule is one of these, as it shows in the learning rates only; whether there is a critic is not.
    """
    usual = Hyper.of(Settings())._replace(critic_weight=float(settings.has_critic))
    return replace(settings, **usual._asdict(), schedule="constant")
