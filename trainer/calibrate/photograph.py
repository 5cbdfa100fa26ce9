"""The chart in a photograph: where its patches are, and which codes the camera made of each.

The corner markers are ArUco markers with codes of our own (`driver/chart.py`). Their 16 corners give the
perspective and the lens's radial distortion. Patches are read from the pixels of the photograph as they are:
warping them would mix codes before the camera's response is known. A patch becomes a histogram of its codes,
weighted so that lines of 16 pixels and their fractions count in whole periods.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from trainer.errors import TrainerError

if TYPE_CHECKING:
    from driver.chart import Box, Chart

Grey = NDArray[np.uint8]
"""[H, W]: codes of the camera."""
Points = NDArray[np.float64]
"""[n, 2]: x and y."""

CODES = 256
PERIOD = 16
"""Of the coarsest lines of the chart, in pixels of the panel."""
LEAST_SCALE = 0.9
"""Pixels of the photograph for a pixel of the panel."""
MOST_SLANT = 1.8
"""The longest side of a marker over the shortest."""
WHITE_POINTS = 20000


class PhotographError(TrainerError):
    """A photograph that cannot be measured; the message says why and what to do."""


@dataclass(frozen=True)
class Placement:
    """From pixels of the panel to pixels of the photograph: a homography, then radial distortion."""

    homography: NDArray[np.float64]
    distortion: float
    size: tuple[int, int]

    def __call__(self, points: Points) -> Points:
        """Where these points of the panel are in the photograph."""
        plain = _projected(self.homography, points)
        middle, radius = self._lens()
        offset = (plain - middle) / radius
        return middle + radius * offset * (1 + self.distortion * (offset**2).sum(axis=1, keepdims=True))

    def inverse(self, points: Points) -> Points:
        """Where these points of the photograph are on the panel."""
        middle, radius = self._lens()
        offset = (points - middle) / radius
        plain = offset
        for _ in range(4):
            plain = offset / (1 + self.distortion * (plain**2).sum(axis=1, keepdims=True))
        return _projected(np.linalg.inv(self.homography), middle + radius * plain)

    def _lens(self) -> tuple[Points, float]:
        middle = np.array(self.size) / 2
        return middle, float(np.hypot(*middle))


@dataclass(frozen=True)
class Photograph:
    """A chart found in a photograph.

    scale: pixels of the photograph for one of the panel. histograms: of each patch, float64[patches, CODES],
    each of sum 1. places: the middle of each patch on the panel, from -1 to 1. white: codes of white paper,
    uint8[n], at white_places.
    """

    name: str
    grey: Grey
    chart: "Chart"
    placement: Placement
    scale: float
    histograms: NDArray[np.float64]
    places: Points
    white: NDArray[np.uint8]
    white_places: Points


def read_photograph(path: Path) -> Photograph:
    """Find the chart in a file. PhotographError in one line."""
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise PhotographError(f"{path}: cannot be read: {reason}; give a photograph") from None
    try:
        grey = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
    except cv2.error:
        grey = None
    if grey is None:
        raise PhotographError(f"{path}: is no picture that can be read; save it as JPEG or PNG")
    return find_chart(np.asarray(grey, np.uint8), str(path))


def find_chart(grey: Grey, name: str) -> Photograph:
    """Find the chart in a picture. PhotographError in one line."""
    from driver.chart import chart, payloads, size_of

    corners, found = _markers(grey)
    if not found:
        raise PhotographError(f"{name}: no chart is found in it; photograph all of the chart, sharp and near")
    if len(found) < 4:
        missing = [where for number, where in enumerate(_CORNERS) if number not in found]
        raise PhotographError(
            f"{name}: the {' and '.join(missing)} marker of the chart is cut off, hidden, blurred or in "
            "glare; photograph all four"
        )
    size = size_of(tuple(found[corner] for corner in range(4)))
    try:
        layout = chart(*size) if size else None
    except ValueError:
        layout = None
    if layout is None or payloads(*layout.size) != tuple(found[corner] for corner in range(4)):
        raise PhotographError(f"{name}: its markers are no chart of this version; draw the chart again")
    seen = np.concatenate([corners[corner] for corner in range(4)])
    placement = _placement(layout, seen, (grey.shape[1], grey.shape[0]), name)
    scale = _check_view(layout, seen, name)
    histograms, places = _histograms(grey, layout, placement)
    white, white_places = _white(grey, layout, placement)
    return Photograph(name, grey, layout, placement, scale, histograms, places, white, white_places)


_CORNERS = ("top left", "top right", "bottom right", "bottom left")


def _markers(grey: Grey) -> tuple[dict[int, Points], dict[int, int]]:
    """Corners float64[4, 2] and payload of each marker, by the corner of the chart it belongs to."""
    from driver.chart import CODES, MARKER_BITS, code

    bits = [code(corner, payload) for corner in range(4) for payload in range(CODES)]
    table = np.concatenate([cv2.aruco.Dictionary.getByteListFromBits(one) for one in bits])
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    detector = cv2.aruco.ArucoDetector(cv2.aruco.Dictionary(table, MARKER_BITS, 0), parameters)
    corners, ids, _ = detector.detectMarkers(grey)
    places: dict[int, Points] = {}
    payloads: dict[int, int] = {}
    for points, number in zip(corners, [] if ids is None else ids.ravel(), strict=True):
        corner, payload = divmod(int(number), CODES)
        places[corner], payloads[corner] = points.reshape(4, 2).astype(np.float64), payload
    return places, payloads


def _box_corners(box: "Box") -> Points:
    """Clockwise from top left, float64[4, 2], in pixels' edges."""
    x, y, width, height = box
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float64)


def _placement(chart: "Chart", seen: Points, size: tuple[int, int], name: str) -> Placement:
    """From the corners of the markers as they are seen, float64[16, 2]."""
    known = np.concatenate([_box_corners(box) for box in chart.markers])
    seen = seen + 0.5  # a detector's coordinates are those of the middles of pixels
    first, _ = cv2.findHomography(known, seen)
    if first is None:
        raise PhotographError(f"{name}: the markers do not form a chart; draw the chart again")

    def placed(numbers: NDArray[np.float64]) -> Placement:
        return Placement(np.append(numbers[:8], 1.0).reshape(3, 3), float(numbers[8]), size)

    start = np.append(first.ravel()[:8] / first[2, 2], 0.0)
    scale = np.where(start == 0, 1e-3, np.abs(start))
    fit = least_squares(lambda numbers: (placed(numbers * scale)(known) - seen).ravel(), start / scale)
    placement = placed(fit.x * scale)
    error = float(np.abs(placement(known) - seen).max())
    side = float(np.linalg.norm(seen[1] - seen[0]))
    if error > 0.04 * side:
        raise PhotographError(f"{name}: the chart is bent or folded in it; photograph the flat panel")
    return placement


def _check_view(chart: "Chart", seen: Points, name: str) -> float:
    """The scale. PhotographError for a chart that is too small or seen from too far aside."""
    sides = np.linalg.norm(seen.reshape(4, 4, 2) - np.roll(seen.reshape(4, 4, 2), -1, axis=1), axis=2)
    scale = float(sides.min()) / chart.markers[0].width
    if scale < LEAST_SCALE:
        raise PhotographError(
            f"{name}: the chart is too small in it: {scale:.2f} pixels for one of the panel, where "
            f"{LEAST_SCALE:g} are needed; go nearer, or use the camera's full resolution"
        )
    if sides.max() / sides.min() > MOST_SLANT:
        raise PhotographError(f"{name}: it is taken from too far aside; photograph the panel from the front")
    return scale


def _histograms(grey: Grey, chart: "Chart", placement: Placement) -> tuple[NDArray[np.float64], Points]:
    histograms, places = [], []
    for patch in chart.patches:
        histograms.append(_histogram(grey, placement, patch.box, 0 if patch.what == "ghost" else PERIOD))
        places.append((patch.box.x + patch.box.width / 2, patch.box.y + patch.box.height / 2))
    return np.array(histograms), _normal(np.array(places), chart)


def _histogram(grey: Grey, placement: Placement, box: "Box", period: int) -> NDArray[np.float64]:
    """Weights fall from 1 to 0 over one `period` at each side, so that whole periods count alike."""
    margin = max(4, min(box.width, box.height) // 7)
    left, top = np.floor(placement(_box_corners(box)).min(axis=0)).astype(int)
    right, bottom = np.ceil(placement(_box_corners(box)).max(axis=0)).astype(int)
    left, top = max(left, 0), max(top, 0)
    codes = grey[top:bottom, left:right]
    y, x = np.indices(codes.shape)
    points = placement.inverse(np.stack([x.ravel() + left + 0.5, y.ravel() + top + 0.5], axis=1))
    weights = np.ones(codes.size)
    for axis in (0, 1):
        start, length = box[axis] + margin, box[axis + 2] - 2 * margin
        ramp = min(period, length // 2) or 1
        inside = np.minimum(points[:, axis] - start, start + length - points[:, axis])
        weights *= np.clip(inside / ramp, 0, 1) if period else inside > 0
    total = weights.sum()
    if total < 1:
        return np.full(CODES, 1 / CODES)
    return np.bincount(codes.ravel(), weights, CODES) / total


def _white(grey: Grey, chart: "Chart", placement: Placement) -> tuple[NDArray[np.uint8], Points]:
    """Codes of the white between and around the patches, away from all black."""
    paper = chart.final.copy()
    for patch in chart.patches:
        paper[patch.box.y : patch.box.y + patch.box.height, patch.box.x : patch.box.x + patch.box.width] = 0
    away = cv2.distanceTransform(paper, cv2.DIST_L2, 5)
    rows, columns = np.nonzero(away > max(3.0, chart.cell / 18))
    step = max(1, rows.size // WHITE_POINTS)
    points = np.stack([columns[::step] + 0.5, rows[::step] + 0.5], axis=1)
    at = np.floor(placement(points)).astype(int)
    inside = ((at >= 0) & (at < (grey.shape[1], grey.shape[0]))).all(axis=1)
    return grey[at[inside, 1], at[inside, 0]], _normal(points[inside], chart)


def _normal(points: Points, chart: "Chart") -> Points:
    return 2 * points / np.array(chart.size) - 1


def _projected(homography: NDArray[Any], points: NDArray[Any]) -> Points:
    flat = np.column_stack([points, np.ones(len(points))]) @ homography.T
    projected: Points = flat[:, :2] / flat[:, 2:]
    return projected


def outlines(photograph: Photograph, boxes: Sequence["Box"]) -> list[Points]:
    """The corners of these parts of the chart in the photograph."""
    return [photograph.placement(_box_corners(box)) - 0.5 for box in boxes]
