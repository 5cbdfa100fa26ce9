"""Where one shot ends and the next begins. Pure.

`is_cut` looks at nothing but two images, so a resumed export decides the same as one in a single run.
`cuts_by_z_score` is the film-maker's rule, which looks at a window of frames; it is here for comparison. How
often each is right on films whose cuts are known: benchmarks/cuts.py.
"""

import math

import cv2
import numpy as np
import numpy.typing as npt

# Images are compared at this size (columns, rows): small enough that grain and small motion vanish.
_SMALL = (64, 36)
# A pixel with luma up to this in both images is bar or night, and would make any two images look alike.
_DARK = 12
_BINS = 16
# Chosen on five films, between their fastest pans and their weakest cuts from lit to lit.
_THRESHOLD = 37.0


def is_cut(previous: npt.NDArray[np.uint8], image: npt.NDArray[np.uint8]) -> bool:
    """Whether a cut lies between two luma images, uint8[h, w], of one film; they need not be consecutive.

    A fade or a dissolve is no cut, nor is a change from dark to dark that hardly touches a pixel. The further
    apart the images are, the more often fast motion is taken for a cut.
    """
    return difference(previous, image) >= _THRESHOLD


def difference(previous: npt.NDArray[np.uint8], image: npt.NDArray[np.uint8]) -> float:
    """How different two luma images are, from 0 for equal ones to about 700.

    The product of two factors. The amount of change is low for grain: the mean difference in grey levels over
    the lit pixels (not dark in both images), times the root of their share, so that bars cannot hide a cut
    and a few letters cannot make one. The kind of change is low for fades and pans: 1 - the correlation of
    the two images, plus half the L1 distance of their histograms.
    """
    before, after = _small(previous), _small(image)
    lit = np.maximum(before, after) > _DARK
    if not lit.any():
        return 0.0
    before, after = before[lit], after[lit]
    change = float(np.abs(before - after).mean()) * math.sqrt(lit.mean())
    covariance = float(np.mean((before - before.mean()) * (after - after.mean())))
    # Plus one grey level of noise; otherwise the correlation of flat images would be 0 / 0.
    correlation = covariance / (float(before.std() + 1) * float(after.std() + 1))
    histograms = float(np.abs(_histogram(before) - _histogram(after)).sum()) / 2
    return change * (1 - correlation + histograms)


def _small(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.resize(image, _SMALL, interpolation=cv2.INTER_AREA), np.float32)


def _histogram(luma: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    return np.bincount((luma * (_BINS / 256)).astype(np.intp), minlength=_BINS) / luma.size


def cuts_by_z_score(
    differences: npt.NDArray[np.floating], window: int = 24, z: float = 4.0
) -> npt.NDArray[np.bool_]:
    """Which differences between consecutive frames stand out from the `window` differences before them.

    differences: float[n], one per pair of frames, in any unit. True where a difference lies more than `z`
    standard deviations above the mean of its window; the first `window` have none and are False. The rule
    ignores pans, where all differences are high.
    """
    found = np.zeros(len(differences), bool)
    if len(differences) > window:
        before = np.lib.stride_tricks.sliding_window_view(differences, window)[:-1]
        found[window:] = differences[window:] - before.mean(axis=1) > z * before.std(axis=1)
    return found
