"""Every dither by name, and the options that only some of them have.

To add a dither, write its file (`ditherer.py` says what a ditherer is) and add one line to `DITHERS`. A line
names its class without importing it, so that a dither costs nothing until it is used.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.dithers.engines import engine_of, has_accelerator
from trainer.dithers.levels import CLEAN, Levels
from trainer.errors import OptionError

if TYPE_CHECKING:  # it loads numba, which --help does not need
    from trainer.dithers.ditherer import Ditherer


@dataclass(frozen=True)
class Option:
    """An option of some dithers: `--name` on the command line, and the argument `name` of their classes.

    type: makes the value from the text on the command line. check: raises OptionError for a value that is out
    of range.
    """

    name: str
    type: Callable[[str], Any]
    metavar: str
    help: str
    check: Callable[[Any], object] = lambda value: None


@dataclass(frozen=True)
class Entry:
    """One line of the table.

    ditherer: the class, or a function that makes a ditherer, as `module:name` under trainer.dithers. It takes
    `dial`, if `has_dial`, and the options as keyword arguments; all of them have defaults. A dither with the
    option `engine` runs on an accelerator where there is one; `engine`: the only one that a dither has.
    """

    ditherer: str
    has_dial: bool
    summary: str
    options: tuple[Option, ...] = ()
    engine: str | None = None

    @property
    def settings(self) -> tuple[str, ...]:
        """The names of its options."""
        return tuple(option.name for option in self.options)


def _between(flag: str, least: int, most: int, advice: str) -> Callable[[Any], None]:
    """A check that a value lies in that range."""

    def check(value: Any) -> None:
        if not least <= value <= most:
            raise OptionError(f"{flag} {value}: choose {advice}")

    return check


ENGINE = Option(
    "engine",
    str,
    "NAME",
    "sequential, for a CPU, or parallel, for a GPU or TPU; their dithers differ, so an export keeps to one "
    "on all its machines; default: the one that suits this machine",
    engine_of,
)
WINDOW = Option(
    "window",
    int,
    "N",
    "frames that are searched together, 4 to 64; default 12; fewer take less memory, and --memory chooses it",
    _between("--window", 4, 64, "4 to 64 frames"),
)
WEIGHTS = Option("weights", Path, "RUN", "a folder of `trainer fit`; default: the weights that ship")
POLISH = Option(
    "polish",
    int,
    "N",
    "rounds of the search after the network; 0: none; default 2",
    _between("--polish", 0, 1000, "0 (the network alone) to 1000 rounds"),
)

DITHERS = {
    "floyd-steinberg": Entry(
        "diffusion:FloydSteinberg", False, "each frame alone; about a third of the pixels flip"
    ),
    "hysteresis": Entry(
        "diffusion:Hysteresis", True, "error diffusion that leans towards the shown pixel; fast"
    ),
    "raster": Entry("raster:Raster", True, "hysteresis for small computers: without numba, in less memory"),
    "mask": Entry("mask:Mask", False, "a frozen blue-noise threshold; flips follow the tone"),
    "search": Entry(
        "search.ditherer:make_search",
        True,
        "the least visible error, with a price on every flip; the best",
        (ENGINE, WINDOW),
    ),
    "generator": Entry(
        "generator.ditherer:make_ditherer",
        True,
        "a network, all frames of a stretch at once, then two rounds of the search; for a GPU or TPU",
        (WEIGHTS, POLISH, WINDOW),
        "parallel",
    ),
}
DEFAULT = "search"
AUTO = "auto"
"""Stands for the default that suits this machine."""


def automatic(options: Iterable[str] = ()) -> str:
    """`generator` where there is an accelerator, else `search`; the other if only that has these options."""
    order = ("generator", DEFAULT) if has_accelerator() else (DEFAULT, "generator")
    fitting = [name for name in order if {*options} <= {*DITHERS[name].settings}]
    return (fitting or order)[0]


def make(name: str, dial: float | None = None, levels: Levels = CLEAN, **settings: Any) -> "Ditherer":
    """The ditherer of that name, for glass of these levels. `dial`: 0 (liveliest) to 1 (calmest); None: its
    default.

    `settings` are values for its options, by name. OptionError for an unknown name, for a value out of range,
    and for a dial or an option that the dither does not have.
    """
    check(name, dial, **settings)
    if dial is not None:
        settings["dial"] = dial
    module, _, maker = DITHERS[name].ditherer.partition(":")
    ditherer: Ditherer = getattr(import_module(f"trainer.dithers.{module}"), maker)(**settings)
    ditherer.levels = levels
    return ditherer


def check(name: str, dial: float | None = None, **settings: Any) -> None:
    """Raise the OptionError that `make` would, without loading the dither."""
    if name not in DITHERS:
        raise OptionError(f"there is no dither {name!r}; choose one of {', '.join(DITHERS)}")
    if dial is not None and not DITHERS[name].has_dial:
        raise OptionError(f"{name} has no dial; leave the dial out")
    if dial is not None and not 0 <= dial <= 1:
        raise OptionError(f"a dial of {dial:g} is out of range; choose 0 (liveliest) to 1 (calmest)")
    options = {option.name: option for option in DITHERS[name].options}
    for setting, value in settings.items():
        if setting not in options:
            having = " or ".join(each for each, entry in DITHERS.items() if setting in entry.settings)
            fix = f"leave --{setting} out, or add --dither {having}" if having else f"leave --{setting} out"
            raise OptionError(f"{name} has no {setting}; {fix}")
        options[setting].check(value)


def engine(name: str, chosen: str | None = None) -> str | None:
    """The engine of the ditherer of that name, the chosen one or this machine's; None where it has none."""
    return engine_of(chosen) if ENGINE in DITHERS[name].options else DITHERS[name].engine


def parse(text: str) -> tuple[str, float | None]:
    """Split `NAME[:DIAL]`, as in `hysteresis:.3`; OptionError if DIAL is not a number."""
    name, colon, dial = text.partition(":")
    try:
        return name, float(dial) if colon else None
    except ValueError:
        raise OptionError(f"the dial in {text!r} is not a number; write it like {name}:0.3") from None
