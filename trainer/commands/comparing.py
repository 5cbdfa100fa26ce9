"""What the commands that compare dithers share: several of them by label, and a size that can be scored."""

from collections.abc import Sequence

from trainer import dithers
from trainer.errors import OptionError
from trainer.eye import EYES, psf
from trainer.tones import Tones

BASELINE = "floyd-steinberg"
"""The dither that all others are measured against."""

Chosen = dict[str, tuple[str, float | None]]
"""Name and dial (None: the dither's own) by label."""


def parse_dithers(texts: Sequence[str] | None) -> Chosen:
    """From `NAME[:DIAL]` to names and dials by label, `hysteresis:0.3` for `hysteresis:.3`.

    Where none is named, the baseline and the default. OptionError for what cannot be made, or is named twice.
    """
    chosen: Chosen = {}
    for text in texts or dict.fromkeys([BASELINE, dithers.DEFAULT]):
        name, dial = dithers.parse(text)
        dithers.make(name, dial)
        label = name if dial is None else f"{name}:{dial:g}"
        if label in chosen:
            raise OptionError(f"--dither {label} is given twice; leave one out")
        chosen[label] = name, dial
    return chosen


def check_size(tones: Tones) -> None:
    """OptionError for frames smaller than the window of an eye."""
    window = psf(max(EYES)).shape[0]
    if min(tones.size) < window:
        width, height = tones.size
        raise OptionError(f"--size {width}x{height} is too small to score; {window}x{window} is the smallest")
