"""Every dither behind one interface, and the table of their names.

To add one, write its file (`ditherer.py` says what a ditherer is) and add its line to `DITHERS`. The lines import when called, so that a name costs nothing
until it is used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trainer.dithers.ditherer import Ditherer
from trainer.dithers.search.engines import engine_of
from trainer.errors import OptionError


def _floyd_steinberg(dial: float | None) -> Ditherer:
    from trainer.dithers.diffusion import FloydSteinberg

    return FloydSteinberg()


def _hysteresis(dial: float | None) -> Ditherer:
    from trainer.dithers.diffusion import Hysteresis

    return Hysteresis() if dial is None else Hysteresis(dial)


def _mask(dial: float | None) -> Ditherer:
    from trainer.dithers.mask import Mask

    return Mask()


def _search(dial: float | None, engine: str | None = None) -> Ditherer:
    from trainer.dithers.search.search import Search

    return Search(engine=engine) if dial is None else Search(dial, engine)


def _generator(dial: float | None, weights: Any = None, **settings: Any) -> Ditherer:
    """The ditherer of the network that the weights are of."""
    from trainer.dithers.generator.weights import (
        Weights,
        load,
    )
    from trainer.film_maker.unet import UNetSize

    read = weights if isinstance(weights, Weights) else load(weights)
    if isinstance(read.size, UNetSize):
        from trainer.film_maker.ditherer import UNetDitherer

        return UNetDitherer(read, dial, **settings)
    from trainer.dithers.generator.ditherer import GeneratorDitherer

    settings["weights"] = read
    return GeneratorDitherer(**settings) if dial is None else GeneratorDitherer(dial, **settings)


@dataclass(frozen=True)
class Entry:
    """One line of the table: how to make the ditherer, whether it has a dial, what it is in a few words, and
    which settings of its own it has. One that has an `engine` runs on an accelerator where there is one.
    """

    make: Callable[..., Ditherer]
    has_dial: bool
    summary: str
    settings: tuple[str, ...] = ()


DITHERS = {
    "floyd-steinberg": Entry(_floyd_steinberg, False, "each frame alone; about a third of the pixels flip"),
    "hysteresis": Entry(_hysteresis, True, "error diffusion that leans towards the shown pixel; fast"),
    "mask": Entry(_mask, False, "a frozen blue-noise threshold; flips follow the tone"),
    "search": Entry(
        _search, True, "the least visible error, with a price on every flip; the best", ("engine",)
    ),
    "generator": Entry(
        _generator,
        True,
        "a network, then a few rounds of the search",
        ("weights", "passes", "polish", "engine"),
    ),
}
DEFAULT = "search"


def make(name: str, dial: float | None = None, **settings: Any) -> Ditherer:
    """The ditherer of that name; `dial` 0 (liveliest) to 1 (calmest), None for its default.

    `settings` are its own, by name. Raises OptionError for an unknown name, a dial out of range, or a dial or
    a setting for a dither that has none.
    """
    check(name, dial, **settings)
    return DITHERS[name].make(dial, **settings)


def check(name: str, dial: float | None = None, **settings: Any) -> None:
    """What `make` refuses without having to load the dither: raises OptionError."""
    if name not in DITHERS:
        raise OptionError(f"there is no dither {name!r}; choose one of {', '.join(DITHERS)}")
    if dial is not None and not DITHERS[name].has_dial:
        raise OptionError(f"{name} has no dial; leave the dial out")
    if dial is not None and not 0 <= dial <= 1:
        raise OptionError(f"a dial of {dial:g} is out of range; choose 0 (liveliest) to 1 (calmest)")
    for setting in settings:
        if setting not in DITHERS[name].settings:
            having = " or ".join(each for each, entry in DITHERS.items() if setting in entry.settings)
            fix = f"leave --{setting} out, or add --dither {having}" if having else f"leave --{setting} out"
            raise OptionError(f"{name} has no {setting}; {fix}")
    if "engine" in settings:
        engine_of(settings["engine"])


def engine(name: str, chosen: str | None = None) -> str | None:
    """The engine of the ditherer of that name, the chosen one or this machine's; None where it has none."""
    return engine_of(chosen) if "engine" in DITHERS[name].settings else None


def parse(text: str) -> tuple[str, float | None]:
    """Split `NAME[:DIAL]`, as in `hysteresis:.3`; raises OptionError where DIAL is not a number."""
    name, colon, dial = text.partition(":")
    try:
        return name, float(dial) if colon else None
    except ValueError:
        raise OptionError(f"the dial in {text!r} is not a number; write it like {name}:0.3") from None
