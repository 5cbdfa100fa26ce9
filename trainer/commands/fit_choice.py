"""From the words of `trainer fit` to settings and a budget: preset, then objective, then what was given."""

import argparse
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from trainer.dithers.generator.weights import (
    Weights,
    digest,
    load,
)
from trainer.errors import OptionError
from trainer.films.times import parse_place
from trainer.fit.settings import (
    FILM_MAKERS,
    OBJECTIVES,
    USUAL,
    Settings,
)

PRESETS: dict[str, tuple[dict[str, Any], float]] = {
    "cpu": ({}, 10.0),
    "gpu": ({"batch": 128, "bursts": 2400, "chunk": 200}, 5.0),
    "tpu": ({"batch": 256, "bursts": 2400, "chunk": 200}, 5.0),
}
"""Where a preset differs from the defaults of `Settings`, and its minutes. The network is of the same size in
all: a larger one takes longer over every frame of the film than the sweeps that it saves (docs/generator.md).
"""

FURTHER = 0.1
"""The rate of a fit that begins with weights, over that of one that begins with nothing: a higher one undoes
what they have learned before it learns as much.
"""


@dataclass(frozen=True)
class Beginning:
    """What a fit begins with: what it is called, the weights, and their file's hash; None for new ones."""

    name: str
    weights: Weights | None = None
    digest: str | None = None


NOTHING = Beginning("nothing")

_OWN = ("counterfactual",)
_WITH_CRITIC = ("v2", "v3", "counterfactual")
_BELONGS = {
    "blocks": _OWN,
    "sweeps": _OWN,
    "temperature": _OWN,
    "limit": _OWN,
    "critic_real": _OWN,
    "upsampling": FILM_MAKERS,
    "teacher_forcing": FILM_MAKERS,
    "reconstruction": FILM_MAKERS,
    "reconstruction_weight": FILM_MAKERS,
    "previous_weight": ("v3",),
    "change_weight": ("v3",),
    "critic_weight": _WITH_CRITIC,
    "adversary": _WITH_CRITIC,
    "critic_rate": _WITH_CRITIC,
    "critic_steps": _WITH_CRITIC,
    "penalty_weight": _WITH_CRITIC,
    "clip": _WITH_CRITIC,
}
"""Which objectives have an option; all have the others."""
_NEED_CRITIC = ("adversary", "critic_real", "critic_rate", "critic_steps", "penalty_weight", "clip")

_OF_ADVERSARY = {"penalty_weight": "wasserstein", "clip": "wasserstein-clip"}


def choose(options: argparse.Namespace) -> tuple[Settings, dict[str, float], Beginning]:
    """The settings asked for, the budget, {"steps": n} or {"minutes": m}, and what to begin with.

    OptionError, and TrainerError for weights that cannot be read.
    """
    settings = settings_of(options)
    beginning = _beginning(options, settings)
    if beginning.weights and options.rate is None:
        settings = replace(settings, rate=settings.rate * FURTHER)
    return settings, _budget(options), beginning


def _beginning(options: argparse.Namespace, settings: Settings) -> Beginning:
    """What `--from` names; without it the shipped weights where they fit, but for one frame nothing."""
    if options.begin is None:
        shipped = None if options.overfit else load()
        fitting = shipped is not None and shipped.size == settings.network
        return Beginning("shipped", shipped, digest()) if fitting else NOTHING
    if options.begin == NOTHING.name:
        return NOTHING
    path = None if options.begin == "shipped" else Path(options.begin)
    weights = load(path)
    if weights.size != settings.network:
        theirs = ", ".join(f"{name} {value}" for name, value in weights.size.as_dict().items())
        raise OptionError(
            f"--from {options.begin}: those weights are of another network ({theirs}); choose the same with "
            "--objective, --channels and --blocks, or --from nothing"
        )
    return Beginning(options.begin, weights, digest(path))


def _budget(options: argparse.Namespace) -> dict[str, float]:
    minutes = PRESETS[options.preset][1]
    if options.steps is not None:
        if options.minutes is not None:
            raise OptionError("--steps and --minutes are two budgets; leave one out")
        if options.steps < 1:
            raise OptionError(f"--steps {options.steps}: make 1 update or more")
        return {"steps": options.steps}
    minutes = minutes if options.minutes is None else options.minutes
    if not 0 < minutes <= 100_000:
        raise OptionError(f"--minutes {minutes:g}: choose more than 0")
    return {"minutes": minutes}


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings asked for. OptionError."""
    objective = options.objective
    if objective not in OBJECTIVES:
        raise OptionError(f"--objective {objective}: choose one of {', '.join(OBJECTIVES)}")
    words = vars(options)
    names = [field.name for field in fields(Settings) if field.name in words]
    given = {name: words[name] for name in names if words[name] is not None}
    for name in given:
        if objective not in _BELONGS.get(name, OBJECTIVES):
            raise OptionError(f"{option(name)}: the objective {objective} has none; leave it out")
    if options.overfit is not None:
        parse_place(options.overfit)
    preset = PRESETS[options.preset][0]
    preset = {name: value for name, value in preset.items() if objective in _BELONGS.get(name, OBJECTIVES)}
    settings = replace(Settings(), **{**preset, **USUAL[objective], **given})
    if not settings.has_critic:
        for name in _NEED_CRITIC:
            if name in given:
                raise OptionError(f"{option(name)}: there is no critic; add --critic-weight 0.01 or more")
    for name, adversary in _OF_ADVERSARY.items():
        if name in given and settings.adversary != adversary:
            raise OptionError(f"{option(name)}: that is for --adversary {adversary}; leave it out")
    return settings


def option(name: str) -> str:
    """How the field of `Settings` is called on the command line."""
    return "--" + name.replace("_", "-")
