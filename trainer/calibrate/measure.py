"""Ghosts, tones and dot gain from photographs of the chart: light and camera are taken out first.

The camera makes a code of the light that it gets, L r: L the light at a place, r the reflectance there. Four
things are found together, by least squares:

  response   g, from a code to light: a power of 2.2 times the exponential of a polynomial. In a patch of
             known reflectance the mean of g over the codes is L r. That holds whether the camera tells the
             dots apart or blurs them, since it is light that is averaged, never codes
  light      L, a polynomial of the place; the white paper between all patches has r = 1
  black      what the darkest patches reflect, in the picture
  dot gain   s: black spreads by s pixels at every edge, so that a patch shows less than its share of white,
             by s times its length of edges; where corners meet, less than that. Coarse and fine patches of
             the same share tell s from g

So lens blur, exposure, gamma and tone mapping do not matter as long as the camera treats all of the picture
alike. The greys of `search` and the ghosts are then read with g; no model says what they should be.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, least_squares

from trainer.calibrate.photograph import CODES, Photograph, PhotographError, Points

LARGEST_GHOST = 0.3
LEAST_SPREAD = 0.003
"""Of a measured ghost: what rendered photographs are off by (`benchmarks/calibrate.py`)."""
GOOD_ERROR, MOST_ERROR = 0.0025, 0.012
"""Of the reference patches, from what they should show (standard deviation): good up to, unusable from."""
MOST_BLUR = 2.2
"""In pixels of the panel, for a cell of SMALL_CELL pixels or less, and in proportion for larger ones."""
SMALL_CELL = 60
USUAL_ERROR, OF_ERROR, OF_GAIN = 0.0015, 6.0, 0.05
"""Ghosts are the more uncertain the worse the reference fits, by so many times what it is off by beyond the
usual: a camera that sharpens, or filters its codes, breaks the model. And by this share of the dot gain."""
SIGNIFICANT = 1.2
"""Dot gain is taken for 0 unless the sum of squares without it is this many times as large."""
GOOD_LIGHT, MOST_LIGHT = 0.03, 0.08
"""How far white paper may be from smooth light: good up to, unusable from."""

_GAMMA = 2.2
_DEGREE = 3  # of the light's polynomial
_CURVE = 4  # of the response's
# What is usual, with how much it varies: a prior that counts as much as a patch that is off by _DOUBT.
_DOUBT = 0.004
_USUAL_CURVE = np.array([1.0, 1.0, 0.5, 0.2, 0.1])
_BLACK, _BLACK_VARIES, _GAIN_VARIES, _NO_GAIN = 0.08, 0.05, 0.3, 1e-5
# Corners: of white ones exactly s^2 is counted twice by the edges; black ones are round or square.
_WHITE_CORNER, _WHITE_VARIES, _BLACK_CORNER, _BLACK_CORNER_VARIES = 1.0, 0.05, 0.5, 0.25
_WHITE_WEIGHT = 0.5


@dataclass(frozen=True)
class Reading:
    """What one photograph says.

    shown, expected: of each patch, from the panel's black 0 to its white 1: as found, and as its share and
    the dot gain say. response: light for each code, white being 1. codes: from black to white. error: the
    standard deviation of shown - expected over the reference. blur: in pixels of the panel. unevenness: the
    largest part of the light that no polynomial follows.
    """

    photograph: Photograph
    shown: NDArray[np.float64]
    expected: NDArray[np.float64]
    response: NDArray[np.float64]
    codes: tuple[int, int]
    dot_gain: float
    error: float
    blur: float
    unevenness: float

    @property
    def verdict(self) -> str:
        """In plain words."""
        found = []
        if self.blur > most_blur(self.photograph) / 2:
            found.append("a little blurred")
        if self.unevenness > GOOD_LIGHT:
            found.append("uneven light")
        if self.error > GOOD_ERROR:
            found.append(
                "the reference fits badly, so ghosts are uncertain: switch sharpening and filters off"
            )
        return ", ".join(found) or "good"


@dataclass(frozen=True)
class Estimate:
    """A value and its standard deviation."""

    value: float
    spread: float


@dataclass(frozen=True)
class Measured:
    """What the photographs say together.

    ghosts: how far a pixel stays from its colour, by (darkened, not lightened; updates; solid, not dither).
    tones: (share of white, what it shows), rising from (0, 0) to (1, 1).
    """

    readings: tuple[Reading, ...]
    ghost: Estimate
    ghost_white: Estimate
    ghosts: dict[tuple[bool, int, bool], Estimate]
    tones: tuple[tuple[float, float], ...]
    dot_gain: Estimate


def read(photograph: Photograph) -> Reading:
    """Measure one photograph. PhotographError for one that would give wrong numbers."""
    low, high = _range(photograph)
    _check_roughly(photograph, high)
    reference = _reference(photograph)
    fit = _fit(photograph, low, high, reference, _GAIN_VARIES)
    with suppress(PhotographError):  # where there is dot gain, nothing need fit without it
        plain = _fit(photograph, low, high, reference, _NO_GAIN)
        if plain.cost < SIGNIFICANT * fit.cost:
            fit = plain
    shown = (photograph.histograms @ fit.response / fit.light - fit.black) / (1 - fit.black)
    reading = Reading(
        photograph,
        shown,
        fit.expected,
        fit.response,
        (low, high),
        fit.dot_gain,
        float(np.sqrt(np.mean((shown - fit.expected)[reference] ** 2))),
        _blur(photograph, fit.response, fit.light, fit.black),
        fit.unevenness,
    )
    _check(reading)
    return reading


def most_blur(photograph: Photograph) -> float:
    """In pixels of the panel: more would mix a patch with its surroundings."""
    return MOST_BLUR * max(1.0, photograph.chart.cell / SMALL_CELL)


def _range(photograph: Photograph) -> tuple[int, int]:
    """The codes of black and white. PhotographError for an exposure that loses either."""
    name = photograph.name
    is_black = np.array([patch.what == "black" for patch in photograph.chart.patches])
    blacks = photograph.histograms[is_black]
    cumulated = np.cumsum(blacks.mean(axis=0))
    low, dark = (int(np.searchsorted(cumulated, share)) for share in (0.02, 0.5))
    bright, high = (int(code) for code in np.quantile(photograph.white, (0.5, 0.999)))
    if np.mean(photograph.white >= CODES - 2) > 0.02:
        raise PhotographError(f"{name}: white is overexposed in it; make the picture darker and avoid glare")
    if bright < 80:
        raise PhotographError(f"{name}: it is too dark; use more light, or a longer exposure")
    if bright - dark < 50:
        raise PhotographError(f"{name}: it is too pale; avoid reflections, take glass off the panel")
    if blacks[:, :2].sum(axis=1).mean() > 0.02:
        raise PhotographError(f"{name}: black is underexposed in it; make the picture lighter")
    return low, high


def _reference(photograph: Photograph) -> NDArray[np.intp]:
    """The patches whose reflectance is known but for dot gain."""
    known = ("black", "lines", "dots", "checkerboard")
    return np.flatnonzero([patch.what in known for patch in photograph.chart.patches])


@dataclass(frozen=True)
class _Fit:
    cost: float
    response: NDArray[np.float64]
    light: NDArray[np.float64]
    black: float
    dot_gain: float
    expected: NDArray[np.float64]
    unevenness: float


def _fit(
    photograph: Photograph, low: int, high: int, reference: NDArray[np.intp], gain_varies: float
) -> _Fit:
    """Response, light, black and dot gain, which is 0 but for `gain_varies`. PhotographError for no fit."""
    patches = photograph.chart.patches
    share, edges, corners = (
        np.array([getattr(patch, name) for patch in patches]) for name in ("share", "edges", "corners")
    )
    cells = _cells(photograph)
    white = np.array([np.bincount(photograph.white[cell], minlength=CODES) / cell.size for cell in cells])
    of_patches = photograph.histograms[reference]
    place = _polynomial(photograph.places)
    white_place = _polynomial(np.array([photograph.white_places[cell].mean(axis=0) for cell in cells]))
    middle = white_place.mean(axis=0)
    place, white_place = place - middle, white_place - middle
    codes = np.arange(CODES) / (CODES - 1)
    at = np.clip(2 * (np.arange(CODES) - low) / (high - low) - 1, -1.2, 1.2)
    curve = np.polynomial.legendre.legvander(at, _CURVE)
    ends = np.cumsum([curve.shape[1], place.shape[1]])

    def parts(numbers: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        of_curve, of_light, rest = np.split(numbers, ends)
        return [codes**_GAMMA * np.exp(curve @ of_curve), of_light, rest]

    def expected(spread: float, of_white: float, of_black: float) -> NDArray[np.float64]:
        both = np.where(corners > 0, of_white, of_black) * corners * spread * abs(spread)
        return np.asarray(share - spread * edges + both, np.float64)

    def misfit(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        response, of_light, (black, spread, of_white, of_black) = parts(numbers)
        shown = black + (1 - black) * expected(spread, of_white, of_black)[reference]
        usual = [
            (black - _BLACK) / _BLACK_VARIES,
            spread / gain_varies,
            (of_white - _WHITE_CORNER) / _WHITE_VARIES,
            (of_black - _BLACK_CORNER) / _BLACK_CORNER_VARIES,
        ]
        return np.concatenate(
            [
                of_patches @ response - (1 + place[reference] @ of_light) * shown,
                _WHITE_WEIGHT * (white @ response - (1 + white_place @ of_light)),
                _DOUBT * numbers[: ends[0]] / _USUAL_CURVE,
                _DOUBT * np.array(usual),
            ]
        )

    start = np.zeros(ends[1] + 4)
    start[0] = -_GAMMA * np.log(high / (CODES - 1))
    start[-4:] = _BLACK, 0.0, _WHITE_CORNER, _BLACK_CORNER
    found = least_squares(misfit, start, x_scale=0.05, max_nfev=200)
    response, of_light, (black, spread, of_white, of_black) = parts(found.x)
    light = 1 + place @ of_light
    falls = np.diff(response[low : high + 1]).min() < 0
    if not found.success or falls or light.min() <= 0.05 or not -0.05 < black < 0.6 or abs(spread) > 0.5:
        raise PhotographError(
            f"{photograph.name}: its patches do not fit together; photograph the chart anew, in even light "
            "and without filters or effects"
        )
    uneven = white @ response / (1 + white_place @ of_light) - 1
    return _Fit(
        float(found.cost),
        response,
        light,
        float(black),
        float(spread),
        np.clip(expected(spread, of_white, of_black), 0, 1),
        float(np.abs(uneven).max()),
    )


def _polynomial(places: Points) -> NDArray[np.float64]:
    """Powers of x and y without the constant, float64[n, k]."""
    powers = [(i, j) for i, j in product(range(_DEGREE + 1), repeat=2) if 0 < i + j <= _DEGREE]
    return np.column_stack([places[:, 0] ** i * places[:, 1] ** j for i, j in powers])


def _cells(photograph: Photograph, columns: int = 12, rows: int = 9) -> list[NDArray[np.intp]]:
    """Indices into `white` by the cells of a grid over the chart; those with little white are left out."""
    at = ((photograph.white_places + 1) / 2 * (columns, rows)).astype(int)
    number = np.minimum(at[:, 1], rows - 1) * columns + np.minimum(at[:, 0], columns - 1)
    cells = [np.flatnonzero(number == cell) for cell in range(columns * rows)]
    return [cell for cell in cells if cell.size >= 20]


def _blur(
    photograph: Photograph, response: NDArray[np.float64], light: NDArray[np.float64], black: float
) -> float:
    """Its standard deviation in pixels of the panel, from the contrast that the coarsest lines have left."""
    contrasts = []
    for number, patch in enumerate(photograph.chart.patches):
        if patch.what == "lines" and patch.share == 0.5 and patch.edges == 2 / 16:
            histogram = photograph.histograms[number]
            variance = histogram @ (response - histogram @ response) ** 2
            contrasts.append(2 * np.sqrt(variance) / (light[number] * (1 - black)))
    sigmas = np.linspace(0, 8, 161)
    odd = np.arange(1, 40, 2)
    left = np.exp(-4 * (np.pi * odd / 16) ** 2 * sigmas[:, None] ** 2) / odd**2
    return float(np.interp(-np.mean(contrasts), -np.sqrt(8 / np.pi**2 * left.sum(axis=1)), sigmas))


def _check_roughly(photograph: Photograph, high: int) -> None:
    """Blur and light by the usual response, since nothing fits where they are bad. PhotographError."""
    response = (np.arange(CODES) / high) ** _GAMMA
    cells = _cells(photograph)
    white = np.array([response[photograph.white[cell]].mean() for cell in cells])
    at = np.array([photograph.white_places[cell].mean(axis=0) for cell in cells])
    terms, of_patches = (np.column_stack([np.ones(len(p)), _polynomial(p)]) for p in (at, photograph.places))
    numbers = np.linalg.lstsq(terms, white, rcond=None)[0]
    light = of_patches @ numbers
    shown = photograph.histograms @ response / light
    black = shown[[patch.what == "black" for patch in photograph.chart.patches]].mean()
    blur = _blur(photograph, response, light, float(black))
    if blur > most_blur(photograph):
        raise PhotographError(
            f"{photograph.name}: it is blurred by {blur:.1f} pixels of the panel; hold still and focus"
        )
    uneven = np.abs(white / (terms @ numbers) - 1).max()
    if uneven > MOST_LIGHT:
        raise PhotographError(
            f"{photograph.name}: a shadow or a reflection lies on the chart; photograph it in even light"
        )


def _check(reading: Reading) -> None:
    """PhotographError for a photograph that would give wrong numbers."""
    name, patches = reading.photograph.name, reading.photograph.chart.patches
    dirty = np.array([patch.updates > 0 and patch.solid for patch in patches])
    wanted = np.array([patch.share for patch in patches])
    if np.abs(reading.shown - wanted)[dirty].max() > LARGEST_GHOST:
        raise PhotographError(f"{name}: the chart was not drawn to its end; draw it again")
    if reading.error > MOST_ERROR or reading.unevenness > MOST_LIGHT:
        raise PhotographError(
            f"{name}: its reference patches are off by {reading.error:.3f}, so glare, shadow or a filter "
            "changes the picture; photograph the chart anew in even light"
        )


def combine(readings: Sequence[Reading]) -> Measured:
    """What photographs of one panel say together. PhotographError if they are of different charts."""
    first = readings[0].photograph
    for reading in readings[1:]:
        if reading.photograph.chart.size != first.chart.size:
            raise PhotographError(f"{reading.photograph.name}: shows another panel than {first.name}")
    patches = first.chart.patches
    values: dict[tuple[bool, int, bool], list[float]] = {}
    for number, patch in enumerate(patches):
        if patch.what == "ghost" and patch.updates:
            # The other half of the cell lies beside it and was not drawn by partial updates.
            twin = next(n for n in (number - 1, number + 1) if _are_halves(patches[n].box, patch.box))
            for reading in readings:
                clean, dirty = float(reading.shown[twin]), float(reading.shown[number])
                area = 1.0 if patch.solid else 1 - clean if patch.darkened else clean
                ghost = (dirty - clean if patch.darkened else clean - dirty) / area
                values.setdefault((patch.darkened, patch.updates, patch.solid), []).append(ghost)
    error = float(np.mean([reading.error for reading in readings]))
    gain = float(np.mean([abs(reading.dot_gain) for reading in readings]))
    doubts = LEAST_SPREAD, OF_ERROR * max(0.0, error - USUAL_ERROR), OF_GAIN * gain
    doubt = float(np.linalg.norm(doubts))
    ghosts = {kind: _estimate(found, doubt) for kind, found in values.items()}
    darkened, lightened = (
        _estimate([value for kind, found in values.items() if kind[0] == wanted for value in found], doubt)
        for wanted in (True, False)
    )
    greys = [number for number, patch in enumerate(patches) if patch.what == "grey"]
    shown = np.mean([reading.shown[greys] for reading in readings], axis=0)
    rising = isotonic_regression(shown).x + 1e-4 * np.arange(len(greys))
    rising = np.clip(rising, 1e-4 * np.arange(1, len(greys) + 1), 1 - 1e-4 * np.arange(len(greys), 0, -1))
    tones = [(float(patches[number].share), float(tone)) for number, tone in zip(greys, rising, strict=True)]
    gains = [reading.dot_gain for reading in readings]
    if max(map(abs, gains)) < 1e-3 and all(abs(tone - share) < 0.02 for share, tone in tones):
        tones = []  # no dot gain: what is left is noise
    return Measured(
        tuple(readings),
        darkened,
        lightened,
        ghosts,
        ((0.0, 0.0), *tones, (1.0, 1.0)),
        Estimate(float(np.mean(gains)), float(np.hypot(np.std(gains), 0.015))),
    )


def _are_halves(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    """Whether two boxes lie side by side and touch."""
    left, right = sorted((one, other))
    return left[1] == right[1] and left[0] + left[2] == right[0] and left[2] == right[2]


def _estimate(values: Sequence[float], doubt: float) -> Estimate:
    """The mean, with the scatter of the values and the doubt that all of them share."""
    scatter = float(np.std(values, ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return Estimate(float(np.mean(values)), float(np.hypot(scatter, doubt)))
