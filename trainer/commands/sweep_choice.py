"""From the words of `trainer sweep` to its members: every combination of the values that are listed."""

import argparse
from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

from trainer.commands.fit_choice import option, settings_of
from trainer.errors import OptionError
from trainer.fit.settings import Settings

MOST = 64
"""Members of a sweep."""

LISTED = (
    "rate", "schedule", "momentum", "clip_norm", "temperature", "limit", "reconstruction_weight",
    "previous_weight", "change_weight", "critic_weight", "critic_rate", "penalty_weight", "clip", "seed",
)  # fmt: skip
"""The options that take lists, the last of which changes first from member to member: the numbers of
`Hyper`, and the schedule, which makes no difference but in the learning rates."""


def choose_members(options: argparse.Namespace) -> tuple[list[Settings], list[str]]:
    """The settings of every member, and the names of those that differ. OptionError."""
    words = vars(options)
    lists: dict[str, Sequence[Any]] = {name: words[name] for name in LISTED if words[name] is not None}
    for name, values in lists.items():
        for value in values:
            if values.count(value) > 1:
                raise OptionError(f"{option(name)}: {value} is given twice; leave one out")
    count = prod(len(values) for values in lists.values())
    if count > MOST:
        raise OptionError(
            f"these lists make {count} members, and a sweep has at most {MOST}; leave values out"
        )
    if count < 2:
        raise OptionError(
            "nothing differs: list several values, as in --rate 1e-3,3e-3, or use `trainer fit` for one"
        )
    if options.steps < 1:
        raise OptionError(f"--steps {options.steps}: make 1 update or more")
    members = [
        settings_of(argparse.Namespace(**{**words, "overfit": None, **dict(zip(lists, values, strict=True))}))
        for values in product(*lists.values())
    ]
    if len({settings.has_critic for settings in members}) > 1:
        raise OptionError(
            "--critic-weight: 0 leaves the critic out, another program; give 0 a sweep of its own"
        )
    return members, [name for name, values in lists.items() if len(values) > 1]


def named(settings: Settings, names: Sequence[str]) -> dict[str, Any]:
    """What differs of one member, by name."""
    values = settings.as_dict()
    return {name: values[name] for name in names}
