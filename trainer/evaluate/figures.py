"""The figures of a dither over a film by key: what tables, charts and `--json` of `trainer evaluate` show.

A key ends in the figure's unit: share (of all pixels, 0 to 1), tone (0 to 1), ratio, db; counts have none.
None stands for what cannot be measured: no frame before, no change, no flip, no cut, no 240th frame.
"""

from collections.abc import Sequence
from statistics import median

from trainer.dithers.eye import (
    EYES,
    PSNR_LIMIT,
)
from trainer.evaluate.metrics import (
    AGES,
    Summary,
)

Figures = dict[str, float | None]

_DEFINITIONS = {
    "psnr_s{eye}_db": "HVS-PSNR for an eye {eye} pixels away: -10 log10 mean (h * (dither - frame))^2 over "
    f"the valid region, h Nasanen's point spread, at most {PSNR_LIMIT:g}; the mean over the frames",
    "flips_share": "pixels that differ from the dither before; the mean over all frames but the first",
    "darkened_share": "flips from white to black; the mean likewise",
    "lightened_share": "flips from black to white; the mean likewise",
    "difference_tone": "mean |frame - frame before|, the flips of a threshold mask; the mean likewise",
    "tone_change_tone": "mean |h * (frame - frame before)|, for the eye that sees the most of it; the "
    "mean likewise",
    "overhead_ratio": "flips over tone change, sums over the film: 1 where every flip was needed",
    "flip_efficiency_s{eye}_ratio": "mean |h * (dither - dither before)| for an eye {eye} pixels away over "
    "flips, sums over the film: 1 where every flip is seen",
    "net_mean_share": "pixels that differ from the dither of the last redraw; the mean over the frames",
    "net_highest_share": "the highest of these",
    "redraws": "full redraws that the player's rule makes, without the one at the start",
    "redraws_per_1000_frames": "the same per 1,000 frames",
    "psnr_s{eye}_frame_{age}_db": "HVS-PSNR of frame {age} of the closed loop, the first being 1",
    "psnr_s{eye}_after_cut_db": "HVS-PSNR of the first frame of a new shot; the mean over the cuts",
}


def definitions() -> dict[str, str]:
    """What each figure means, by its key."""
    return {
        key.format(eye=eye, age=age): meaning.format(eye=eye, age=age)
        for key, meaning in _DEFINITIONS.items()
        for eye in EYES
        for age in AGES
    }


def figures(summary: Summary) -> Figures:
    """A film's figures under one dither, by the keys of `definitions`."""
    change = summary.change
    after_cut = summary.after_cut or {}
    return {
        **{f"psnr_s{eye}_db": summary.psnr[eye] for eye in EYES},
        "flips_share": change.flips if change else None,
        "darkened_share": change.darkened if change else None,
        "lightened_share": change.lightened if change else None,
        "difference_tone": change.difference if change else None,
        "tone_change_tone": change.tone_change if change else None,
        "overhead_ratio": change.overhead if change else None,
        **{f"flip_efficiency_s{eye}_ratio": change.efficiency[eye] if change else None for eye in EYES},
        "net_mean_share": summary.net,
        "net_highest_share": summary.highest_net,
        "redraws": summary.redraws,
        "redraws_per_1000_frames": summary.redraws_per_1000,
        **{
            f"psnr_s{eye}_frame_{age}_db": summary.staleness.get(age, {}).get(eye)
            for eye in EYES
            for age in AGES
        },
        **{f"psnr_s{eye}_after_cut_db": after_cut.get(eye) for eye in EYES},
    }


def median_figures(films: Sequence[Figures]) -> Figures:
    """The median of each figure over the films that have it; one film at least."""
    return {key: _median([film[key] for film in films]) for key in films[0]}


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
