"""Where one shot ends and the next begins. Pure.

`is_cut` looks at two images alone, so that an interrupted export, or one done in parallel, decides the same
as one in a single run. `cuts_by_z_score` is the film-maker's rule, which looks at a window of frames; it is
here to compare. How often each is right on films with a list of their cuts: benchmarks/cuts.py.
"""

import math

import cv2
import numpy as np
import numpy.typing as npt

# The pictures are compared at this size (columns, rows): small enough that grain, and motion by a few pixels,
# vanish.
_SMALL = (64, 36)
# Luma up to here, in both pictures, is bar or night: it would make any two pictures look alike.
_DARK = 12
_BINS = 16
# Grey levels of 255. Chosen on five films, between their fastest pans and their weakest cuts from lit to lit.
_THRESHOLD = 37.0


def is_cut(previous: npt.NDArray[np.uint8], image: npt.NDArray[np.uint8]) -> bool:
    """Whether a cut lies between two luma images, uint8[h, w], of one film, be they consecutive or some
    frames apart.

    A fade or a dissolve is no cut, nor is a cut from dark to dark that hardly changes a pixel. The further
    apart the images are, the more often fast motion is taken for a cut.
    """
    return difference(previous, image) >= _THRESHOLD


def difference(previous: npt.NDArray[np.uint8], image: npt.NDArray[np.uint8]) -> float:
    """How unlike two luma images are: 0 for equal ones, up to about 700.

    The product of how much changes, which is low for grain, and how, which is low for fades and pans. How
    much is the mean difference in grey levels over the lit pixels (not dark in both images), times the root
    of their share, so that neither bars hide a cut nor a few letters make one. How is 1 - the correlation of
    the two plus half the L1 distance of their histograms.
    """
    before, after = _small(previous), _small(image)
    lit = np.maximum(before, after) > _DARK
    if not lit.any():
        return 0.0
    before, after = before[lit], after[lit]
    change = float(np.abs(before - after).mean()) * math.sqrt(lit.mean())
    covariance = float(np.mean((before - before.mean()) * (after - after.mean())))
    # One grey level of noise, without which the correlation of flat pictures would be 0 / 0.
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
    """Which of the differences between consecutive frames stand out from the `window` differences before
    them.

    differences: float[n], one per pair of frames, in any unit. True where a difference lies more than `z`
    standard deviations above the mean of its window; the first `window` of them have none and are False. A
    pan, where the differences are high throughout, passes unseen.
    """
    found = np.zeros(len(differences), bool)
    if len(differences) > window:
        before = np.lib.stride_tricks.sliding_window_view(differences, window)[:-1]
        found[window:] = differences[window:] - before.mean(axis=1) > z * before.std(axis=1)
    return found
