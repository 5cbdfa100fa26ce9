"""What a ditherer is worth over a film: one frame after another, in constant memory.

With f_t the frame, b_t its dither, h the point spread of an eye (`eye.py`) and mean |.| taken per pixel:
    HVS-PSNR         `eye.hvs_psnr` of every frame, for two eyes, in dB; over a film the mean of the dB
    flips            share of pixels that differ from the dither before: darkened (white -> black), lightened
    difference       mean |f_t - f_t-1|: the flips of a mask, which thresholds every pixel alone
    tone change      mean |h * (f_t - f_t-1)| for the eye that sees the most of it. A dither that shows this
                     eye the whole change flips at least as many pixels, since a blur makes no change larger
    overhead         flips over tone change: 1 where every flip was needed
    flip efficiency  mean |h * (b_t - b_t-1)| over flips, for each eye: 1 where every flip is seen, 0 where
                     they cancel in the blur and the glass works for nothing
    net              share of pixels that differ from the dither of the last redraw; it and the redraws, which
                     are counted after the one at the start, by the player's own rule
    staleness        HVS-PSNR of the 1st, 60th and 240th frame of the closed loop, which may age, and of the
                     first frame of each new shot, in which the shot before may linger
Over a film, overhead and efficiency are ratios of sums, so that still frames do not weigh in. None stands for
what cannot be measured: no frame before, no change, no flip, no cut, no 240th frame.

A blurred picture h * x is taken on the whole plane, x being 0 outside its edges, so that no change gets lost.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from player.redraw import RedrawRule, RedrawState
from trainer.dithers.eye import (
    EYES,
    Dither,
    Seen,
    psnr_seen,
    see,
)

AGES = (1, 60, 240)
"""The frames of a closed loop at which staleness is read, the first frame being 1."""

ByEye = dict[int, float]


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
    """One frame. `psnr`: dB by eye; `change`: None at the first; `net`: a share; `action`: the rule's."""

    number: int
    cut: bool
    psnr: ByEye
    change: Change | None
    net: float
    action: str


@dataclass(frozen=True)
class Summary:
    """A film. `psnr`, `change` and `net` are means over its frames and `after_cut` is one over its `cuts`.

    `staleness` is dB by age and eye, as far as the film goes.
    """

    frames: int
    psnr: ByEye
    change: Change | None
    net: float
    highest_net: float
    redraws: int
    redraws_per_1000: float
    staleness: dict[int, ByEye]
    cuts: int
    after_cut: ByEye | None


class Scores:
    """Takes the frames of one film and their dithers in order, all of one size.

    `rule` is the player's; its daily redraw depends on `interval`, the seconds that a frame stands. Raises
    ValueError for a frame of another size than the one before, or smaller than the window of an eye.
    """

    def __init__(self, rule: RedrawRule | None = None, interval: float = 200.0) -> None:
        self._rule = RedrawRule() if rule is None else rule
        self._interval = interval
        self._state = RedrawState()
        self._before: tuple[Seen, Seen] | None = None
        self._frames = self._cuts = self._redraws = 0
        self._net = self._highest_net = 0.0
        self._psnr: ByEye = {}
        self._after_cut: ByEye = {}
        self._change: Change | None = None
        self._staleness: dict[int, ByEye] = {}

    def add(self, frame: Seen, dither: Dither, cut: bool = False) -> FrameScore:
        """Score the next frame; `cut`: it is the first of a new shot.

        The frame comes as `eye.see(frame)`, so that one look serves every ditherer that is compared on it.
        """
        seen = see(dither)
        number, self._frames = self._frames, self._frames + 1
        psnr = psnr_seen(frame, seen)
        self._psnr = _mean_by_eye(self._psnr, psnr, self._frames)
        if self._frames in AGES:
            self._staleness[self._frames] = psnr
        if cut:
            self._cuts += 1
            self._after_cut = _mean_by_eye(self._after_cut, psnr, self._cuts)

        step = None
        if self._before is not None:
            step = change(*self._before, frame, seen)
            self._change = step if self._change is None else _mean(self._change, step, self._frames - 1)
        self._before = frame, seen

        now = number * self._interval
        decision = self._rule.decide(self._state, dither, now)
        self._state = self._state.after(decision, dither, now)
        net = decision.net / dither.size
        self._net += (net - self._net) / self._frames
        self._highest_net = max(self._highest_net, net)
        self._redraws += decision.action == "redraw" and number > 0
        return FrameScore(number, cut, psnr, step, net, decision.action)

    def summary(self) -> Summary:
        """What the film amounts to so far; raises ValueError before its first frame."""
        if not self._frames:
            raise ValueError("no frame has been scored")
        return Summary(
            frames=self._frames,
            psnr=self._psnr,
            change=self._change,
            net=self._net,
            highest_net=self._highest_net,
            redraws=self._redraws,
            redraws_per_1000=1000 * self._redraws / self._frames,
            staleness=self._staleness,
            cuts=self._cuts,
            after_cut=self._after_cut or None,
        )


def change(frame_before: Seen, dither_before: Seen, frame: Seen, dither: Seen) -> Change:
    """What happened between two frames and between their dithers, all of one size, else ValueError."""
    if not frame_before.picture.shape == dither_before.picture.shape == dither.picture.shape:
        raise ValueError("the frames are not all of one size")
    pixels = frame.picture.size
    step = dither.picture - dither_before.picture
    darkened, lightened = np.count_nonzero(step < 0), np.count_nonzero(step > 0)
    return Change(
        flips=(darkened + lightened) / pixels,
        darkened=darkened / pixels,
        lightened=lightened / pixels,
        difference=cv2.norm(frame.picture, frame_before.picture, cv2.NORM_L1) / pixels,
        tone_change=max(_seen_difference(frame, frame_before).values()),
        seen_flips=_seen_difference(dither, dither_before),
    )


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
