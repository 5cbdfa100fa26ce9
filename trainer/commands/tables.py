"""The tables of `trainer evaluate`: one row for each dither, narrow enough for a terminal of 80 columns."""

from collections.abc import Callable, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from trainer.evaluate.figures import Figures
from trainer.evaluate.texture import Texture

NOTES = """\
dB: HVS-PSNR for an eye S pixels away, S 6000 where nothing else is said.
flips: % of the pixels, per frame. overhead: flips over the least that the
change of tone in the film needs. effic.: what the eye sees of a flip, 1 = all.
net: % of the pixels changed since the last redraw; redraws: per 1,000 frames,
by the player's rule, without the one at the start.
leak: coarse grain, 1 = white noise, 0 = none. anis.: dB, -12 = none.
ms per frame: what the dither took, on this machine (median).
"""
"""What the columns mean, in lines of less than 80 columns; the definitions are in `--json`."""

Column = tuple[str, str, Callable[[float], str]]


def _decibels(value: float) -> str:
    return f"{value:.2f}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"


def _ratio(value: float) -> str:
    return f"{value:.3f}"


def _times(value: float) -> str:
    return f"{value:.1f}"


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.2f}"


PICTURE: tuple[Column, ...] = (
    ("dB at\nS 2000", "psnr_s2000_db", _decibels),
    ("dB at\nS 6000", "psnr_s6000_db", _decibels),
    ("flips\n%", "flips_share", _percent),
    ("dark-\nened", "darkened_share", _percent),
    ("light-\nened", "lightened_share", _percent),
    ("over-\nhead", "overhead_ratio", _times),
    ("effic.\nS 2000", "flip_efficiency_s2000_ratio", _ratio),
    ("effic.\nS 6000", "flip_efficiency_s6000_ratio", _ratio),
)
SHOWING: tuple[Column, ...] = (
    ("net %\nmean", "net_mean_share", _percent),
    ("net %\nmost", "net_highest_share", _percent),
    ("redraws\n/ 1000", "redraws_per_1000_frames", _times),
    ("dB at\nfr. 1", "psnr_s6000_frame_1_db", _decibels),
    ("fr.\n60", "psnr_s6000_frame_60_db", _decibels),
    ("fr.\n240", "psnr_s6000_frame_240_db", _decibels),
    ("after\na cut", "psnr_s6000_after_cut_db", _decibels),
    ("ms per\nframe", "seconds", _milliseconds),
)
"""Of each column the head, the figure's key and how it is written."""


def figures_table(columns: Sequence[Column], rows: Mapping[str, Figures]) -> Table:
    """The figures of each dither, by label; a dash stands for what cannot be measured or is not there."""
    table = dithers_grid([head for head, _, _ in columns])
    for label, figures in rows.items():
        values = [(figures.get(key), written) for _, key, written in columns]
        table.add_row(Text(label), *("-" if value is None else written(value) for value, written in values))
    return table


def texture_table(textures: Mapping[str, Sequence[Texture]]) -> Table:
    """Leak and anisotropy (dB) of each dither on each flat grey."""
    greys = [f"{1 / texture.grey:.0f}" for texture in next(iter(textures.values()))]
    table = dithers_grid([f"leak\n1/{grey}" for grey in greys] + [f"anis.\n1/{grey}" for grey in greys])
    for label, greys_of in textures.items():
        leaks = ["-" if texture.leak is None else f"{texture.leak:.3f}" for texture in greys_of]
        anisotropies = [
            "-" if texture.anisotropy is None else f"{texture.anisotropy:.1f}" for texture in greys_of
        ]
        table.add_row(Text(label), *leaks, *anisotropies)
    return table


def dithers_grid(heads: Sequence[str]) -> Table:
    """A table to be filled, a column for each head after that of the dithers' labels."""
    return grid(["\ndither", *heads], ["\ndither"])


def grid(heads: Sequence[str], to_the_left: Sequence[str] = ()) -> Table:
    """A table to be filled, a column for each head: of numbers but for those `to_the_left`."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for head in heads:
        table.add_column(head, justify="left" if head in to_the_left else "right", no_wrap=True)
    return table
