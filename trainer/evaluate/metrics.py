"""What a dither is worth over a film: scored frame by frame in constant memory, then summed up as figures.

With f_t the frame, b_t its dither, r_t what the glass shows of it (`dithers/glass.py`), h the point spread of
an eye (`eye.py`) and mean |.| taken per pixel:
    HVS-PSNR         -10 log10 mean (h * (r_t - f_t))^2 of every frame, for two eyes, in dB (`eye.hvs_psnr`);
                     over a film the mean of the dB, and the mean of its worst 5 % of frames
    flips            share of pixels that differ from the dither before: darkened (white -> black), lightened
    difference       mean |f_t - f_t-1|: the flips of a mask, which thresholds every pixel alone
    tone change      mean |h * (f_t - f_t-1)| for the eye that sees the most of it. A dither that shows this
                     eye the whole change flips at least as many pixels, since a blur makes no change larger
    overhead         flips over tone change: 1 where every flip was needed
    flip efficiency  mean |h * (b_t - b_t-1)| over flips, for each eye: 1 where every flip is seen, 0 where
                     they cancel in the blur and the glass works for nothing
    net              share of pixels that differ from the first dither of the stretch, the last redraw
    staleness        HVS-PSNR of the 1st, 60th and 120th frame of a stretch: a closed loop may age
A redraw costs no flips: flips, and all that is measured of changes, are those between frames of one stretch.
Over a film, overhead and efficiency are ratios of sums, so that still frames do not weigh in. None stands for
what cannot be measured: no second frame in any stretch, no change, no flip, no 120th frame.

A blurred picture h * x is taken on the whole plane, x being 0 outside its edges, so that no change gets lost.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

import cv2
import numpy as np

from trainer.dithers.ditherer import Dither
from trainer.dithers.eye import EYES, PSNR_LIMIT, Seen, psnr_seen, see
from trainer.dithers.glass import Glass
from trainer.dithers.levels import CLEAN, Levels

AGES = (1, 60, 120)
"""The frames of a stretch at which staleness is read, the first frame being 1."""

ByEye = dict[int, float]
Figures = dict[str, float | None]


@dataclass(frozen=True)
class Change:
    """From one frame to the next, or the mean over many, per pixel; the definitions are the module's.

    `seen_flips` is mean |h * (b_t - b_t-1)| by eye; `overhead` and `efficiency` (by eye) follow from these.
    """

    flips: float
    darkened: float
    lightened: float
    difference: float
    tone_change: float
    seen_flips: ByEye
    overhead: float | None = field(init=False)
    efficiency: dict[int, float | None] = field(init=False)

    def __post_init__(self) -> None:
        efficiency = {eye: _ratio(seen, self.flips) for eye, seen in self.seen_flips.items()}
        object.__setattr__(self, "overhead", _ratio(self.flips, self.tone_change))
        object.__setattr__(self, "efficiency", efficiency)


@dataclass(frozen=True)
class FrameScore:
    """One frame. `psnr`: dB by eye; `change`: None at a redraw; `net`: a share of the pixels."""

    psnr: ByEye
    change: Change | None
    net: float

    @property
    def action(self) -> Literal["redraw", "partial", "nothing"]:
        """What the panel does: it redraws, updates the pixels that flip, or leaves all as it is."""
        if self.change is None:
            return "redraw"
        return "partial" if self.change.flips else "nothing"


@dataclass(frozen=True)
class Summary:
    """A film. `psnr` and `net` are means over its frames, `worst` is one over the worst 5 % of them (dB by
    eye), `change` one over those that are not redrawn.

    `staleness` is dB by age and eye: means over the stretches that are long enough.
    """

    frames: int
    psnr: ByEye
    worst: ByEye
    change: Change | None
    net: float
    highest_net: float
    staleness: dict[int, ByEye]


class Scores:
    """Takes the frames of one film and their dithers in order, all of one size, seen on a glass of these
    levels.

    Raises ValueError for a frame of another size than the one before, or smaller than the window of an eye.
    """

    def __init__(self, levels: Levels = CLEAN) -> None:
        self._levels, self._glass = levels, Glass(levels)
        self._all_psnr: dict[int, array[float]] = {eye: array("d") for eye in EYES}
        self._before: tuple[Seen, Seen] | None = None
        self._redrawn: Dither | None = None
        self._frames = self._changes = self._age = 0
        self._net = self._highest_net = 0.0
        self._psnr: ByEye = {}
        self._change: Change | None = None
        self._staleness: dict[int, ByEye] = {age: {} for age in AGES}
        self._stretches = dict.fromkeys(AGES, 0)  # that reached this age

    def add(self, frame: Seen, dither: Dither, redraw: bool) -> FrameScore:
        """Score the next frame; `redraw`: it begins a stretch, as the first frame does in any case.

        The frame comes as `eye.see(frame)`, so that one look serves every ditherer that is compared on it.
        """
        seen = see(dither)
        step = None if self._before is None else change(*self._before, frame, seen)
        if redraw:
            self._glass = Glass(self._levels)
        on_glass = self._glass.show(dither)
        psnr = psnr_seen(frame, seen if self._levels == CLEAN else see(on_glass))
        self._frames += 1
        self._psnr = _mean_by_eye(self._psnr, psnr, self._frames)
        for eye, value in psnr.items():
            self._all_psnr[eye].append(value)

        self._before = frame, seen
        if redraw or step is None or self._redrawn is None:
            step, self._redrawn, self._age = None, dither, 0
        else:
            self._changes += 1
            self._change = step if self._change is None else _mean(self._change, step, self._changes)

        self._age += 1
        if self._age in AGES:
            self._stretches[self._age] += 1
            mean = self._staleness[self._age]
            self._staleness[self._age] = _mean_by_eye(mean, psnr, self._stretches[self._age])

        net = np.count_nonzero(dither != self._redrawn) / dither.size
        self._net += (net - self._net) / self._frames
        self._highest_net = max(self._highest_net, net)
        return FrameScore(psnr, step, net)

    def summary(self) -> Summary:
        """What the film amounts to so far; raises ValueError before its first frame."""
        if not self._frames:
            raise ValueError("no frame has been scored")
        return Summary(
            frames=self._frames,
            psnr=self._psnr,
            worst={eye: _mean_of_worst(values) for eye, values in self._all_psnr.items()},
            change=self._change,
            net=self._net,
            highest_net=self._highest_net,
            staleness={age: mean for age, mean in self._staleness.items() if mean},
        )


def _mean_of_worst(values: "array[float]") -> float:
    """The mean of the lowest 5 %, of one value at least."""
    count = max(1, len(values) // 20)
    return float(np.partition(np.asarray(values), count - 1)[:count].mean())


def change(frame_before: Seen, dither_before: Seen, frame: Seen, dither: Seen) -> Change:
    """What happened between two frames and between their dithers, all of one size, else ValueError."""
    if not frame_before.picture.shape == dither_before.picture.shape == dither.picture.shape:
        raise ValueError("the frames are not all of one size")
    pixels = frame.picture.size
    step = dither.picture - dither_before.picture
    darkened, lightened = np.count_nonzero(step < 0), np.count_nonzero(step > 0)
    difference, tone_change = film_change(frame_before, frame)
    return Change(
        flips=(darkened + lightened) / pixels,
        darkened=darkened / pixels,
        lightened=lightened / pixels,
        difference=difference,
        tone_change=tone_change,
        seen_flips=_seen_difference(dither, dither_before),
    )


def film_change(before: Seen, frame: Seen) -> tuple[float, float]:
    """Difference and tone change from one frame of the film to the next, whatever its dithers are."""
    difference = cv2.norm(frame.picture, before.picture, cv2.NORM_L1) / frame.picture.size
    return difference, max(_seen_difference(frame, before).values())


def _seen_difference(a: Seen, b: Seen) -> ByEye:
    """mean |h * (a - b)| by eye, over the pixels of the pictures."""
    return {eye: cv2.norm(a.blurred[eye], b.blurred[eye], cv2.NORM_L1) / a.picture.size for eye in EYES}


def _mean(mean: Change, new: Change, count: int) -> Change:
    """The mean of `count` changes, from the mean of all but the newest and the newest."""
    return Change(
        flips=mean.flips + (new.flips - mean.flips) / count,
        darkened=mean.darkened + (new.darkened - mean.darkened) / count,
        lightened=mean.lightened + (new.lightened - mean.lightened) / count,
        difference=mean.difference + (new.difference - mean.difference) / count,
        tone_change=mean.tone_change + (new.tone_change - mean.tone_change) / count,
        seen_flips=_mean_by_eye(mean.seen_flips, new.seen_flips, count),
    )


def _mean_by_eye(mean: ByEye, new: ByEye, count: int) -> ByEye:
    """The same for figures by eye; `mean` is empty before the first."""
    return {eye: mean.get(eye, value) + (value - mean.get(eye, value)) / count for eye, value in new.items()}


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


# A key ends in the figure's unit: share (of all pixels, 0 to 1), tone (0 to 1), ratio or db.
_DEFINITIONS = {
    "psnr_s{eye}_db": "HVS-PSNR for an eye {eye} pixels away: -10 log10 mean (h * (glass - frame))^2 over "
    "the valid region, glass what the panel shows of the dither, h Nasanen's point spread, at most "
    f"{PSNR_LIMIT:g}; the mean over the frames",
    "psnr_s{eye}_worst_db": "the mean of it over the worst 5 % of the frames",
    "flips_share": "pixels that differ from the dither before; the mean over the frames that are not redrawn",
    "darkened_share": "flips from white to black; the mean likewise",
    "lightened_share": "flips from black to white; the mean likewise",
    "difference_tone": "mean |frame - frame before|, the flips of a threshold mask; the mean likewise",
    "tone_change_tone": "mean |h * (frame - frame before)|, for the eye that sees the most of it; the "
    "mean likewise",
    "overhead_ratio": "flips over tone change, sums over the same frames: 1 where every flip was needed",
    "flip_efficiency_s{eye}_ratio": "mean |h * (dither - dither before)| for an eye {eye} pixels away over "
    "flips, sums over the same frames: 1 where every flip is seen",
    "net_mean_share": "pixels that differ from the dither of the last redraw; the mean over the frames",
    "net_highest_share": "the highest of these",
    "psnr_s{eye}_frame_{age}_db": "HVS-PSNR of frame {age} of a stretch, the redrawn one being 1; the mean "
    "over the stretches that have one",
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
    """A film's figures under one dither, by the keys of `definitions`: for tables, charts and `--json`."""
    change = summary.change
    return {
        **{f"psnr_s{eye}_db": summary.psnr[eye] for eye in EYES},
        **{f"psnr_s{eye}_worst_db": summary.worst[eye] for eye in EYES},
        "flips_share": change.flips if change else None,
        "darkened_share": change.darkened if change else None,
        "lightened_share": change.lightened if change else None,
        "difference_tone": change.difference if change else None,
        "tone_change_tone": change.tone_change if change else None,
        "overhead_ratio": change.overhead if change else None,
        **{f"flip_efficiency_s{eye}_ratio": change.efficiency[eye] if change else None for eye in EYES},
        "net_mean_share": summary.net,
        "net_highest_share": summary.highest_net,
        **{
            f"psnr_s{eye}_frame_{age}_db": summary.staleness.get(age, {}).get(eye)
            for eye in EYES
            for age in AGES
        },
    }


def median_figures(films: Sequence[Figures]) -> Figures:
    """The median of each figure over the films that have it; one film at least."""
    return {key: _median([film[key] for film in films]) for key in films[0]}


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
