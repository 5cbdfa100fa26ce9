"""The settings of a fit: one table, from which options, checks, files and sweeps are made.

A field of these classes is a line of the table: its name, type and default, and a `Row` with everything else
there is to say of it. The class says which objectives have it: `CommonSettings` holds what all have,
`CriticSettings` what an objective with a critic has, `Settings` is the project's own objective. `OBJECTIVES`
names the class of each; other objectives bring their own (`trainer/film_maker/settings.py`).

Numbers that a sweep may vary are arguments of the compiled update (`hyper_of`), so that one program serves
all members. Pure; imports nothing heavy, since `--help` must be quick.
"""

import argparse
import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pkgutil import resolve_name
from typing import Any, ClassVar, TypeVar

import numpy as np

from trainer.errors import OptionError
from trainer.films.times import parse_place

NETWORK, OBJECTIVE, CRITIC = "network", "objective", "critic"
"""Groups of the help."""


LEAST_PATCH = 16
"""The smallest side of a patch in pixels."""


@dataclass(frozen=True)
class Row:
    """What the table says of a setting beside its name, type and default.

    `valid` tells whether a value is in range, and `range` says the range in words. `sweep`: a sweep may list
    values for it. A number that it may list is traced, which means that it is an argument of the compiled
    update; text is not, and may only be used outside of it. `is_term`: 0 leaves a term out of the program,
    so that 0 and other values need programs of their own. `adversary`: the only kind of critic that has it.
    `option` False: it has no option.
    """

    help: str
    group: str = ""
    valid: Callable[[Any], bool] = lambda value: True
    range: str = ""
    choices: tuple[str, ...] = ()
    sweep: bool = False
    is_term: bool = False
    adversary: str = ""
    metavar: str = ""
    option: bool = True


def setting(default: Any, help: str, group: str = "", **row: Any) -> Any:
    """A line of the table, for a field of a settings class."""
    return field(default=default, metadata={"row": Row(help, group, **row)})


def table(settings: type["CommonSettings"]) -> dict[str, Row]:
    """The lines of that class, by name."""
    return {each.name: each.metadata["row"] for each in fields(settings)}


def changed(settings: type["CommonSettings"], name: str, default: Any) -> Any:
    """The same line with another default, for a class that inherits it."""
    return field(default=default, metadata={"row": table(settings)[name]})


def term_weight(default: float, help: str, group: str = OBJECTIVE, **row: Any) -> Any:
    """The line of a term's weight."""
    said = "0 (without that term) to 1000000"
    return setting(default, help, group, valid=lambda x: 0 <= x <= 1e6, range=said, sweep=True, **row)


def _rate(default: float, help: str, group: str) -> Any:
    said = "a learning rate above 0 and below 1"
    return setting(default, help, group, valid=lambda x: 0 < x < 1, range=said, sweep=True)


def _whole(default: int, help: str, low: int, high: int, group: str = NETWORK, **row: Any) -> Any:
    said = f"{low} to {high}"
    return setting(default, help, group, valid=lambda x: low <= x <= high, range=said, **row)


@dataclass(frozen=True)
class CommonSettings:
    """What every objective has. OptionError for a value out of range."""

    objective: ClassVar[str] = ""
    """The objective's name."""
    trained_by: ClassVar[str] = ""
    """Where its `trainer.fit.train.Objective` is, as `module:name`."""
    imitates: ClassVar[bool] = False
    """Whether it learns another's dithers pixel by pixel (`metrics.trouble`)."""

    channels: int = setting(16, "at half resolution; a U-Net: of its first encoder", NETWORK)
    patch: int = setting(
        64,
        "side of a patch in pixels",
        NETWORK,
        valid=lambda x: LEAST_PATCH <= x <= 512 and not x % 4,
        range=f"{LEAST_PATCH} to 512 pixels, divisible by 4",
    )
    batch: int = _whole(8, "patches per update", 2, 2**20)
    clips: int = _whole(800, "short runs of frames to take from the films", 1, 2**31)
    half_resolution: bool = setting(False, "all patches at half the film's size", NETWORK)
    optimiser: str = setting(
        "adam",
        "adam; lamb, whose steps are shares of each layer, for large batches; or sgd; each needs a rate of "
        "its own",
        NETWORK,
        choices=("adam", "lamb", "sgd"),
    )
    rate: float = _rate(
        3e-3,
        "the highest learning rate, after a warm-up; a fit that begins with weights takes a tenth of it",
        NETWORK,
    )
    schedule: str = setting(
        "cosine", "how the rate falls", NETWORK, choices=("cosine", "linear", "constant"), sweep=True
    )
    momentum: float = setting(
        0.9,
        "share of the mean gradient that stays",
        NETWORK,
        valid=lambda x: 0 <= x < 1,
        range="0 (none) or more, below 1",
        sweep=True,
    )
    clip_norm: float = setting(
        1.0,
        "longest gradient; 0: no limit",
        NETWORK,
        valid=lambda x: x == 0 or 1e-6 <= x <= 1e6,
        range="0 (no clipping), or 1e-6 to 1000000",
        sweep=True,
    )
    precision: str = setting(
        "float32",
        "what the network computes in; weights and losses are always float32",
        NETWORK,
        choices=("float32", "bfloat16"),
    )
    seed: int = _whole(0, "of everything random", 0, 2**31 - 1, "", sweep=True)
    chunk: int = _whole(50, "updates from one report to the next", 1, 2**31, option=False)
    overfit: str | None = setting(
        None,
        "train on this one frame (250, 12.5s, 4:05) of the first film: can the network learn it?",
        metavar="FRAME",
    )

    def __post_init__(self) -> None:
        for name, row in table(type(self)).items():
            value = getattr(self, name)
            if row.choices and value not in row.choices:
                raise OptionError(f"{flag(name)} {value}: choose one of {', '.join(row.choices)}")
            if not row.valid(value):
                raise OptionError(f"{flag(name)} {value:g}: choose {row.range}")
        _ = self.size

    @property
    def size(self) -> Any:
        """The size of the network (`weights.AnySize`). OptionError."""
        raise NotImplementedError

    @property
    def has_critic(self) -> bool:
        """Whether there is a critic."""
        return False

    def as_dict(self) -> dict[str, Any]:
        """The objective and all fields, for a file."""
        return {"objective": self.objective, **asdict(self)}


@dataclass(frozen=True)
class CriticSettings(CommonSettings):
    """What an objective has that a critic may add to."""

    critic_weight: float = term_weight(0.0, "the critic", is_term=True)
    adversary: str = setting(
        "wasserstein",
        "the critic's loss",
        CRITIC,
        choices=("wasserstein", "wasserstein-clip", "pix2pix", "r1"),
    )
    critic_rate: float = _rate(3e-3, "the critic's learning rate", CRITIC)
    critic_steps: int = _whole(4, "its updates for each of the generator's", 1, 100, CRITIC)
    penalty_weight: float = term_weight(10.0, "of slopes other than 1", CRITIC, adversary="wasserstein")
    r1_weight: float = term_weight(2.5, "of slopes at real dithers", CRITIC, adversary="r1")
    clip: float = setting(
        0.01,
        "of its weights",
        CRITIC,
        valid=lambda x: 0 < x <= 1,
        range="above 0, up to 1",
        sweep=True,
        adversary="wasserstein-clip",
    )

    @property
    def has_critic(self) -> bool:
        """Whether there is a critic; one that counts nothing is left out."""
        return self.critic_weight > 0

    @property
    def critic_sees_frame(self) -> bool:
        """Whether the critic sees the frame beside the dither."""
        return True

    @property
    def critic_dithers(self) -> int:
        """How many dithers the critic sees."""
        return 1

    @property
    def critic_is_fine(self) -> bool:
        """Whether the critic is the finer one (`critic.py`)."""
        return False


@dataclass(frozen=True)
class Settings(CriticSettings):
    """The project's own objective: the generator of a GAN, in the style of settled dithers
    (`trainer/fit/gan.py`).
    """

    objective: ClassVar[str] = "gan"
    trained_by: ClassVar[str] = "trainer.fit.gan:OBJECTIVE"

    channels: int = changed(CommonSettings, "channels", 32)
    blocks: int = setting(5, "residual blocks", NETWORK)
    batch: int = changed(CommonSettings, "batch", 3)
    rate: float = changed(CommonSettings, "rate", 2e-3)
    temperature: float = setting(
        2.0,
        "divides the logits where the gradient passes, so that it reaches pixels the generator is sure of",
        OBJECTIVE,
        valid=lambda x: 0.01 <= x <= 1e6,
        range="0.01 to 1000000",
        sweep=True,
    )
    limit: float = setting(
        8.0,
        "the most that one pixel counts",
        OBJECTIVE,
        valid=lambda x: 0.01 <= x <= 1e6,
        range="0.01 to 1000000",
        sweep=True,
    )
    critic_weight: float = changed(CriticSettings, "critic_weight", 0.15)
    late_weight: float = setting(
        0.4,
        "what the critic counts for in passes over a quarter of the pixels, as a share",
        OBJECTIVE,
        valid=lambda x: 0 <= x <= 100,
        range="0 to 100",
        sweep=True,
    )
    adversary: str = changed(CriticSettings, "adversary", "r1")
    critic_rate: float = changed(CriticSettings, "critic_rate", 1e-3)
    critic_steps: int = changed(CriticSettings, "critic_steps", 1)
    r1_weight: float = changed(CriticSettings, "r1_weight", 1.0)

    @property
    def size(self) -> Any:
        """The generator's."""
        from trainer.dithers.generator.model import Size

        return Size(self.channels, self.blocks)

    @property
    def critic_dithers(self) -> int:
        """What the glass shows of a frame, of the one before and of the one after."""
        return 3

    @property
    def critic_is_fine(self) -> bool:
        """It is."""
        return True


OBJECTIVES = {
    "gan": "trainer.fit.settings:Settings",
    "v1": "trainer.film_maker.settings:V1",
    "v2": "trainer.film_maker.settings:V2",
    "v3": "trainer.film_maker.settings:V3",
}
"""The settings class of each objective. One whose module is missing is not offered."""

PRESETS: dict[str, tuple[dict[str, Any], float]] = {
    "cpu": ({}, 10.0),
    "gpu": ({"batch": 128, "clips": 2400, "chunk": 200}, 5.0),
    "tpu": ({"batch": 256, "clips": 2400, "chunk": 200}, 5.0),
}
"""Where a preset differs from the defaults, and its minutes."""

AnySettings = TypeVar("AnySettings", bound=CommonSettings)


def objectives() -> dict[str, type[CommonSettings]]:
    """The settings class of every objective that is installed, by name."""
    return {name: found for name, place in OBJECTIVES.items() if (found := _resolved(place)) is not None}


def settings_class(objective: str) -> type[CommonSettings]:
    """The settings class of an objective. OptionError where there is no such objective here."""
    if objective not in OBJECTIVES:
        raise OptionError(f"--objective {objective}: choose one of {', '.join(objectives())}")
    found = _resolved(OBJECTIVES[objective])
    if found is None:
        module = OBJECTIVES[objective].partition(":")[0].rpartition(".")[0]
        raise OptionError(
            f"--objective {objective}: {module} is not installed; choose {', '.join(objectives())}"
        )
    return found


def _resolved(place: str) -> type[CommonSettings] | None:
    """The class at `module:name`; None where there is no such module."""
    try:
        found: type[CommonSettings] = resolve_name(place)
    except ModuleNotFoundError as error:
        if error.name is None or not place.startswith(error.name):
            raise
        return None
    return found


# Numbers that a sweep may vary.

Hyper = dict[str, Any]
"""The traced settings of one fit by name, plain numbers, or arrays [members] of many at once."""


def traced(settings: type[CommonSettings]) -> list[str]:
    """The settings that are arguments of the compiled update: all numbers that a sweep may list."""
    kinds = {each.name: each.type for each in fields(settings)}
    return [name for name, row in table(settings).items() if row.sweep and kinds[name] in (int, float)]


def hyper_of(settings: CommonSettings) -> Hyper:
    """The traced settings; clip_norm is infinite where nothing is clipped."""
    hyper = {name: getattr(settings, name) for name in traced(type(settings))}
    return {**hyper, "clip_norm": hyper["clip_norm"] or math.inf}


def stacked_hyper(members: Sequence[CommonSettings]) -> Hyper:
    """Those of many fits: uint32 seeds, all else float32[members]."""
    each = [hyper_of(settings) for settings in members]
    kinds = {"seed": np.uint32}
    return {name: np.array([one[name] for one in each], kinds.get(name, np.float32)) for name in each[0]}


def shape_of(settings: AnySettings) -> AnySettings:
    """The same for all settings for which one compiled update serves: those that differ in what a sweep may
    vary alone. Whether a term is there makes a difference.
    """
    rows, usual = table(type(settings)), {each.name: each.default for each in fields(settings)}
    swept: dict[str, Any] = {name: usual[name] for name, row in rows.items() if row.sweep}
    terms = {name: float(getattr(settings, name) > 0) for name in swept if rows[name].is_term}
    return replace(settings, **{**swept, **terms})


# From and to the command line.


def flag(name: str) -> str:
    """The option of a setting."""
    return "--" + name.replace("_", "-")


def settings_of(args: argparse.Namespace) -> CommonSettings:
    """The settings that are asked for: the objective's defaults, the preset, what is given. OptionError."""
    settings = settings_class(args.objective)
    rows, words = table(settings), vars(args)
    given = {name: words[name] for name in all_rows() if words.get(name) is not None}
    for name in given:
        if name not in rows:
            raise OptionError(f"{flag(name)}: the objective {args.objective} has none; leave it out")
    if words.get("overfit") is not None:
        parse_place(args.overfit)
    preset = {name: value for name, value in PRESETS[args.preset][0].items() if name in rows}
    made = settings(**{**preset, **given})
    for name in given:
        if rows[name].group == CRITIC and not made.has_critic:
            raise OptionError(f"{flag(name)}: there is no critic; add --critic-weight 0.01 or more")
        if rows[name].adversary not in ("", getattr(made, "adversary", "")):
            raise OptionError(f"{flag(name)}: that is for --adversary {rows[name].adversary}; leave it out")
    return made


def all_rows() -> dict[str, Row]:
    """The lines of all objectives."""
    return {name: row for settings in objectives().values() for name, row in table(settings).items()}


def add_table(parser: argparse.ArgumentParser, lists: bool = False) -> None:
    """The preset, the objective, and an option for every line of the table. `lists`: for a sweep, where
    settings that it may vary take several values, and one frame cannot be overfitted.
    """
    minutes = ", ".join(f"{name} {budget:g}" for name, (_, budget) in PRESETS.items())
    parser.add_argument(
        "--preset",
        choices=tuple(PRESETS),
        default="cpu",
        help="batch and clips for the machine"
        + ("" if lists else f", and minutes: {minutes}")
        + "; default cpu",
    )
    groups = {
        "": parser,
        NETWORK: parser.add_argument_group("the network and its training; default: the preset's"),
        OBJECTIVE: parser.add_argument_group("the objective; a weight of 0 leaves its term out"),
        CRITIC: parser.add_argument_group("the critic, where its weight is above 0"),
    }
    groups[OBJECTIVE].add_argument(
        "--objective",
        metavar="NAME",
        default=Settings.objective,
        help="gan (default): the generator, towards the least visible error and the dots of settled dithers; "
        "v1, v2, v3: the film-maker's U-Nets, towards Floyd and Steinberg's dither, with a critic, and with "
        "the shown dither",
    )
    for name, row in all_rows().items():
        if not row.option or (lists and name == "overfit"):
            continue
        kind = next(each.type for each in _fields_of(name))
        if kind is bool:
            groups[row.group].add_argument(
                flag(name), action=argparse.BooleanOptionalAction, default=None, help=_help(name, row)
            )
            continue
        read = kind if kind in (int, float) else str
        metavar = row.metavar or {int: "N", float: "X", str: "KIND"}[read]
        if lists and row.sweep:
            read, metavar = _several(read, row), f"{metavar},.."
        groups[row.group].add_argument(flag(name), type=read, metavar=metavar, help=_help(name, row))


def _several(read: Any, row: Row) -> Callable[[str], list[Any]]:
    """A function that reads a list with commas between."""
    example = {int: "0,1,2", float: "1e-3,3e-3", str: ",".join(row.choices[:2])}[read]

    def values(text: str) -> list[Any]:
        try:
            return [read(part) for part in text.split(",")]
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r}: write a value or several, like {example}") from None

    return values


def _fields_of(name: str) -> list[dataclasses.Field[Any]]:
    """The field of that name, of each objective that has it."""
    return [each for settings in objectives().values() for each in fields(settings) if each.name == name]


def _help(name: str, row: Row) -> str:
    """What the option means, which objectives have it, which values there are, and the defaults."""
    defaults = {
        objective: each.default
        for objective, settings in objectives().items()
        for each in fields(settings)
        if each.name == name
    }
    only = "" if len(defaults) == len(objectives()) else f"{', '.join(defaults)}: "
    if row.adversary:
        only = f"{row.adversary}: "
    values = f" ({', '.join(row.choices)})" if row.choices and not row.help.startswith(row.choices[0]) else ""
    return f"{only}{row.help}{values}{_default(defaults, name)}"


def _default(defaults: Mapping[str, Any], name: str) -> str:
    first, *_ = defaults.values()
    if first is None:
        return ""
    others: dict[Any, list[str]] = {}
    for whose, value in (
        *defaults.items(),
        *((p, own[name]) for p, (own, _) in PRESETS.items() if name in own),
    ):
        if value != first:
            others.setdefault(value, []).append(whose)
    said = "".join(f"; {', '.join(whose)}: {_short(value)}" for value, whose in others.items())
    return f"; default {_short(first)}{said}"


def _short(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
