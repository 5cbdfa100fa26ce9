"""Which dithers, and their options: for one dither, or for several that are compared by label.

Nothing heavy is imported before a ditherer is made, so that `--help` is quick.
"""

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trainer.commands.film import panel_of
from trainer.dithers import table
from trainer.dithers.levels import ASSUMED, CLEAN, levels_of
from trainer.dithers.table import DITHERS
from trainer.errors import OptionError

if TYPE_CHECKING:
    from trainer.dithers.ditherer import Ditherer
    from trainer.dithers.levels import Levels
    from trainer.films.tones import Tones

BASELINE = "floyd-steinberg"
"""The dither that all others are measured against."""

PANEL_DIALS = {"waveshare-7.5-v2": 0.65, "waveshare-5.83-v2": 0.65}
"""The dials of coarse panels, of about 125 dots to the inch. Their dots are seen anyway, so a calmer dial
costs less: .1 dB from half a metre, .5 dB from a metre, for a tenth of the flips
(`benchmarks/viewing_distance.py`).
"""

Chosen = dict[str, tuple[str, float | None]]
"""Name and dial (None: the dither's own) by label."""


class _NameAndDial(argparse.Action):
    """Splits `NAME[:DIAL]`: stores the name, and the dial, if there is one, as --dial would."""

    def __call__(self, parser, namespace, values, option_string=None):  # type: ignore[no-untyped-def]
        try:
            name, dial = table.parse(values)
        except OptionError as error:
            parser.error(str(error))
        namespace.dither = name
        if dial is not None:
            namespace.dial = dial


def add_dither_options(parser: argparse.ArgumentParser) -> None:
    """--dither and --dial, for a command that uses one dither, and the dithers' own options."""
    names = "; ".join(f"{name}: {entry.summary}" for name, entry in DITHERS.items())
    parser.add_argument(
        "--dither",
        action=_NameAndDial,
        default=table.AUTO,
        metavar="NAME[:DIAL]",
        help=f"{names}; {table.AUTO} (default): generator where JAX sees an accelerator, else search",
    )
    parser.add_argument(
        "--dial",
        metavar="0..1",
        type=float,
        help="the price of a flip: 0 liveliest, 1 calmest; default: the dither's own, or the panel's",
    )
    add_ghost_options(parser)
    add_own_options(parser)


def add_ghost_options(parser: argparse.ArgumentParser) -> None:
    """--ghost and --ghost-white: what is known of the panel."""
    panel = parser.add_argument_group(
        "of the panel", "What partial updates leave until the next redraw, as a share from black to white."
    )
    panel.add_argument(
        "--ghost",
        metavar="G",
        type=float,
        help="how far a darkened pixel stays from black: 0.083 on the simulated panel; default: "
        f"that of the profile, else {ASSUMED.black:g}, a guess",
    )
    panel.add_argument(
        "--ghost-white",
        metavar="G",
        type=float,
        help=f"how far a lightened pixel stays from white; default: that of the profile, else "
        f"{1 - ASSUMED.white:g}",
    )


def add_true_ghost_option(parser: argparse.ArgumentParser) -> None:
    """--true-ghost: the panel that shows dithers, which may not be the one that they are made for."""
    parser.add_argument(
        "--true-ghost",
        metavar="G",
        type=float,
        help="the ghost of the panel that shows the dithers; default: the one that they are made for",
    )


def levels(args: argparse.Namespace) -> "Levels":
    """The levels of the panel that dithers are made for: --ghost goes before what was measured.

    OptionError, and PlayerError for a profile that cannot be read.
    """
    _, profile = panel_of(args)
    if profile is None:
        return levels_of(args.ghost, args.ghost_white)
    measured = levels_of(
        profile.ghost if args.ghost is None else args.ghost,
        profile.ghost_white if args.ghost_white is None else args.ghost_white,
    )
    return measured._replace(spread=profile.ghost_spread) if args.ghost is None else measured


def true_levels(args: argparse.Namespace) -> "Levels":
    """The levels of the panel that shows them. OptionError."""
    made_for = levels(args)._replace(spread=0.0)
    return made_for if args.true_ghost is None else made_for._replace(black=levels_of(args.true_ghost).black)


def add_compared_dithers(
    parser: argparse.ArgumentParser, what: str, default: str = f"{BASELINE} and {table.DEFAULT}"
) -> None:
    """--dither, which can be repeated, and the dithers' own options; `what` begins the help text."""
    parser.add_argument(
        "--dither",
        action="append",
        metavar="NAME[:DIAL]",
        help=f"{what}, with a dial from 0 to 1 or its own; repeat for more; default: {default}",
    )
    add_ghost_options(parser)
    add_true_ghost_option(parser)
    add_own_options(parser)


def add_own_options(parser: argparse.ArgumentParser) -> None:
    """The options that only some dithers have, from the table, in one group for each set of dithers."""
    owners: dict[table.Option, list[str]] = {}
    for name, entry in DITHERS.items():
        for option in entry.options:
            owners.setdefault(option, []).append(name)
    groups = {}
    for option, names in owners.items():
        title = f"of {' and '.join(names)}"
        if title not in groups:
            groups[title] = parser.add_argument_group(title)
        groups[title].add_argument(
            f"--{option.name}", type=option.type, metavar=option.metavar, help=option.help
        )


def own_options(args: argparse.Namespace) -> dict[str, Any]:
    """The values of the dithers' own options that the user gave, by name."""
    names = {option.name: None for entry in DITHERS.values() for option in entry.options}
    return {name: vars(args)[name] for name in names if vars(args)[name] is not None}


def shared_options(args: argparse.Namespace) -> dict[str, Any]:
    """The same for several dithers: the weights are read once for all of them."""
    options = own_options(args)
    if "weights" in options:
        from trainer.dithers.generator.weights import load

        options["weights"] = load(options["weights"])
    return options


def dial_for(args: argparse.Namespace, name: str, dial: float | None) -> float | None:
    """`dial`, or if it is None that of the panel, for a dither that has one; None: the dither's own.

    OptionError, and PlayerError for a profile that cannot be read.
    """
    if dial is not None or name not in DITHERS or not DITHERS[name].has_dial:
        return dial
    _, profile = panel_of(args)
    return PANEL_DIALS.get(args.panel if profile is None else profile.panel)


def parse_dithers(texts: Sequence[str] | None, options: Mapping[str, Any]) -> Chosen:
    """From `NAME[:DIAL]` to names and dials by label: `hysteresis:0.3` for `hysteresis:.3`.

    None stands for the baseline and the default. OptionError for a dither that cannot be made or is named
    twice, and for an option that none of them has.
    """
    chosen: Chosen = {}
    for text in texts or dict.fromkeys([BASELINE, table.DEFAULT]):
        name, dial = table.parse(text)
        make(name, dial, options)
        label = name if dial is None else f"{name}:{dial:g}"
        if label in chosen:
            raise OptionError(f"--dither {label} is given twice; leave one out")
        chosen[label] = name, dial
    for option in options:
        if not any(option in DITHERS[name].settings for name, _ in chosen.values()):
            raise OptionError(f"no dither here has {option}; leave --{option} out, or add --dither generator")
    return chosen


def for_panel(args: argparse.Namespace, chosen: Chosen) -> Chosen:
    """The same, with the dials of the panel where none was given."""
    return {label: (name, dial_for(args, name, dial)) for label, (name, dial) in chosen.items()}


def make(name: str, dial: float | None, options: Mapping[str, Any], levels: "Levels" = CLEAN) -> "Ditherer":
    """The ditherer of that name for a glass of these levels, with those of the options that it has."""
    own = DITHERS[name].settings if name in DITHERS else ()
    return table.make(name, dial, levels, **{key: value for key, value in options.items() if key in own})


def check_size(tones: "Tones") -> None:
    """OptionError for frames smaller than the window of an eye."""
    from trainer.dithers.eye import EYES, psf

    window = psf(max(EYES)).shape[0]
    if min(tones.size) < window:
        width, height = tones.size
        raise OptionError(f"--size {width}x{height} is too small to score; {window}x{window} is the smallest")
