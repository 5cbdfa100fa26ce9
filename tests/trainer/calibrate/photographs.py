"""Photographs of the chart, rendered: a glass with ghosts and dot gain, light, a lens, a camera, JPEG."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from driver.chart import chart
from trainer.dithers.glass import glass
from trainer.dithers.levels import Levels

FINE = 8
"""Rendered pixels across a pixel of the panel."""


@dataclass(frozen=True)
class Panel:
    """What is true of a panel; names as in `player.profile`."""

    size: tuple[int, int] = (648, 480)
    ghost: float = 0.0
    ghost_white: float = 0.0
    dot_gain: float = 0.0
    contrast: float = 12.0


@dataclass(frozen=True)
class Camera:
    """A photograph. fill: the panel's width as a share of the picture's. turn, tilt, pan: degrees. light: how
    much darker the far end is. vignette: at the corners. blur: pixels (standard deviation). curve: 0 sRGB's
    to 1 a strong S over it. exposure: what white becomes of the highest code, in light. distortion: of the
    lens, at the corners.
    """

    size: tuple[int, int] = (1600, 1200)
    fill: float = 0.75
    turn: float = 3.0
    tilt: float = 8.0
    pan: float = -6.0
    light: float = 0.25
    light_from: float = 30.0
    vignette: float = 0.1
    blur: float = 0.8
    curve: float = 0.4
    exposure: float = 0.75
    noise: float = 0.01
    distortion: float = 0.0
    quality: int = 92
    glare: float = 0.0
    seed: int = 0


@lru_cache(maxsize=4)
def shown(panel: Panel) -> NDArray[np.float32]:
    """What the glass shows of the chart, FINE times as large as the panel; 0 its black, 1 its white."""
    dithers = list(chart(*panel.size).dithers())
    levels = Levels(panel.ghost, 1 - panel.ghost_white)
    *_, seen = glass(dithers, levels)
    white = cv2.resize(dithers[-1], None, fx=FINE, fy=FINE, interpolation=cv2.INTER_NEAREST)
    steps = round(abs(panel.dot_gain) * FINE)
    assert steps == abs(panel.dot_gain) * FINE, "dot gain is in steps of 1 / FINE"
    spread = cv2.erode if panel.dot_gain > 0 else cv2.dilate
    share = (
        spread(white, cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3)), iterations=steps) if steps else white
    )
    of_black, of_white = (_spread(seen, dithers[-1] == colour) for colour in (0, 1))
    return np.where(share, of_white, of_black).astype(np.float32)


def _spread(seen: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """`seen` where `mask`, and around it what the nearest such pixels show; FINE times as large."""
    weight = mask.astype(np.float32)
    near = cv2.blur(seen * weight, (3, 3)) / np.maximum(cv2.blur(weight, (3, 3)), 1e-6)
    return cv2.resize(np.where(mask, seen, near), None, fx=FINE, fy=FINE, interpolation=cv2.INTER_NEAREST)


def mean_shown(panel: Panel, box: tuple[int, int, int, int]) -> float:
    x, y, width, height = (FINE * side for side in box)
    return float(shown(panel)[y : y + height, x : x + width].mean())


def photograph(panel: Panel, camera: Camera) -> NDArray[np.uint8]:
    """uint8[H, W, 3], as JPEG leaves it."""
    random = np.random.default_rng(camera.seed)
    width, height = camera.size
    over = 2
    large = width * over, height * over
    scene = _table(large, random)
    picture = 1 / panel.contrast + (1 - 1 / panel.contrast) * shown(panel)
    picture = cv2.GaussianBlur(picture, None, 0.35 * FINE * panel.size[0] / (camera.fill * large[0]))
    place = _placed(panel, camera, large)
    warped = cv2.warpPerspective(picture, place, large, flags=cv2.INTER_LINEAR)
    covered = cv2.warpPerspective(np.ones_like(picture), place, large, flags=cv2.INTER_LINEAR)
    scene = warped + (1 - covered) * scene
    if camera.distortion:
        scene = _distorted(scene, camera.distortion)
    scene = cv2.GaussianBlur(scene, None, camera.blur * over) if camera.blur else scene
    light = cv2.resize(scene, camera.size, interpolation=cv2.INTER_AREA)
    y, x = np.indices(light.shape).astype(np.float32)
    x, y = 2 * x / width - 1, 2 * y / height - 1
    angle = np.radians(camera.light_from)
    along = (x * np.cos(angle) + y * np.sin(angle)) / 1.4
    light *= (1 - camera.light * (along + 1) / 2) * (1 - camera.vignette * (x**2 + y**2) / 2)
    if camera.glare:
        light += camera.glare * np.exp(-((x - 0.1) ** 2 + (y + 0.05) ** 2) / 0.05)
    light *= camera.exposure
    light += random.normal(0, 1, light.shape) * camera.noise * np.sqrt(np.clip(light, 0.01, 1))
    code = _srgb(np.clip(light, 0, 1))
    code = code + camera.curve * (code * code * (3 - 2 * code) - code)
    tint = np.array([0.93, 1.0, 1.03])
    colour = np.clip(code[..., None] * tint, 0, 1)
    _, jpeg = cv2.imencode(
        ".jpg", (colour * 255).round().astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, camera.quality]
    )
    return cv2.imdecode(jpeg, cv2.IMREAD_COLOR)


def _placed(panel: Panel, camera: Camera, size: tuple[int, int]) -> NDArray[np.float64]:
    """From the fine glass to the picture: turned in space and seen from 2.5 of its widths away."""
    width, height = (FINE * side for side in panel.size)
    turn, tilt, pan = np.radians([camera.turn, camera.tilt, camera.pan])
    x, y = np.array([[0, width, width, 0], [0, 0, height, height]], float)
    points = np.stack([x / width - 0.5, (y - height / 2) / width, np.zeros(4)])
    around = [
        np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]),
        np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]),
        np.array([[np.cos(pan), 0, np.sin(pan)], [0, 1, 0], [-np.sin(pan), 0, np.cos(pan)]]),
    ]
    for rotation in around:
        points = rotation @ points
    seen = points[:2] / (1 + points[2] / 2.5) * camera.fill * size[0]
    seen += np.array([[size[0] / 2], [size[1] / 2]])
    source = np.stack([x, y], axis=1).astype(np.float32)
    return cv2.getPerspectiveTransform(source, seen.T.astype(np.float32))


def _table(size: tuple[int, int], random: np.random.Generator) -> NDArray[np.float32]:
    coarse = random.random((12, 3)).astype(np.float32)
    return 0.15 + 0.25 * cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)


def _distorted(scene: NDArray[np.float32], amount: float) -> NDArray[np.float32]:
    height, width = scene.shape
    y, x = np.indices(scene.shape).astype(np.float32)
    x, y = (x - width / 2), (y - height / 2)
    factor = 1 + amount * (x * x + y * y) / (width**2 + height**2) * 4
    return cv2.remap(scene, x * factor + width / 2, y * factor + height / 2, cv2.INTER_LINEAR)


def _srgb(light: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
