"""What a generator is trained towards: pure functions of logits, pictures and scores, each a mean.

`two_action` holds the project's own objective, `film_maker` the three of the film-maker's networks, and
`adversarial` what a critic adds to each of them.
"""

from trainer.film_maker.objectives import (
    RECONSTRUCTIONS,
    TermWeights,
    change,
    cross_entropy,
    distance,
    v1,
    v2,
    v3,
)
from trainer.fit.adversarial import (
    ADVERSARIES,
    critic_loss,
    generator_loss,
    penalty,
    straight_through,
)
from trainer.fit.two_action import (
    LIMIT,
    TEMPERATURE,
    counterfactual,
    draw,
    energy_per_pixel,
    gains,
)

__all__ = [
    "ADVERSARIES",
    "LIMIT",
    "RECONSTRUCTIONS",
    "TEMPERATURE",
    "TermWeights",
    "change",
    "counterfactual",
    "critic_loss",
    "cross_entropy",
    "distance",
    "draw",
    "energy_per_pixel",
    "gains",
    "generator_loss",
    "penalty",
    "straight_through",
    "v1",
    "v2",
    "v3",
]
