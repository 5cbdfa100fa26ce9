"""What the commands that compare dithers share: several of them by label, and a size that can be scored."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from trainer.commands.opening import dither_settings
from trainer.dithers import table as dithers
from trainer.dithers.ditherer import Ditherer
from trainer.dithers.eye import (
    EYES,
    psf,
)
from trainer.dithers.table import DITHERS
from trainer.errors import OptionError
from trainer.films.tones import Tones

BASELINE = "floyd-steinberg"
"""The dither that all others are measured against."""

Chosen = dict[str, tuple[str, float | None]]
"""Name and dial (None: the dither's own) by label."""


def parse_dithers(texts: Sequence[str] | None, settings: Mapping[str, Any]) -> Chosen:
    """From `NAME[:DIAL]` to names and dials by label, `hysteresis:0.3` for `hysteresis:.3`.

    Where none is named, the baseline and the default. OptionError for what cannot be made, or is named twice,
    and for a setting that none of them has.
    """
    chosen: Chosen = {}
    for text in texts or dict.fromkeys([BASELINE, dithers.DEFAULT]):
        name, dial = dithers.parse(text)
        made(name, dial, settings)
        label = name if dial is None else f"{name}:{dial:g}"
        if label in chosen:
            raise OptionError(f"--dither {label} is given twice; leave one out")
        chosen[label] = name, dial
    for setting in settings:
        if not any(setting in DITHERS[name].settings for name, _ in chosen.values()):
            raise OptionError(
                f"no dither here has {setting}; leave --{setting} out, or add --dither generator"
            )
    return chosen


def made(name: str, dial: float | None, settings: Mapping[str, Any]) -> Ditherer:
    """The ditherer of that name, with those of the settings that it has."""
    own = DITHERS[name].settings if name in DITHERS else ()
    return dithers.make(name, dial, **{key: value for key, value in settings.items() if key in own})


def shared_settings(options: argparse.Namespace) -> dict[str, Any]:
    """--engine, --weights, --passes and --polish where given; the weights are read once for all."""
    settings = dither_settings(options)
    if "weights" in settings:
        from trainer.dithers.generator.weights import load

        settings["weights"] = load(settings["weights"])
    return settings


def check_size(tones: Tones) -> None:
    """OptionError for frames smaller than the window of an eye."""
    window = psf(max(EYES)).shape[0]
    if min(tones.size) < window:
        width, height = tones.size
        raise OptionError(f"--size {width}x{height} is too small to score; {window}x{window} is the smallest")
