"""Tones: geometry with true proportions, the curve as its formulas say, and scaling that keeps tones."""

import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from trainer.errors import OptionError
from trainer.films.tones import Tones, is_black

PANEL = (1448, 1072)


def disc(width: int, height: int, pixel_aspect: float) -> NDArray[np.uint8]:
    """A film image whose white disc is round when its pixels are `pixel_aspect` times as wide as high."""
    image = np.zeros((height, width), np.uint8)
    radius = 0.35 * min(height, width * pixel_aspect)
    axes = (round(radius / pixel_aspect), round(radius))
    cv2.ellipse(image, (width // 2, height // 2), axes, 0, 0, 360, 255, -1)
    return image


def extent(frame: NDArray[np.float32]) -> tuple[int, int, int, int]:
    """Left, right, top and bottom of what is bright in a frame."""
    columns, rows = np.flatnonzero(frame.max(axis=0) > 0.5), np.flatnonzero(frame.max(axis=1) > 0.5)
    return int(columns[0]), int(columns[-1]), int(rows[0]), int(rows[-1])


@pytest.mark.parametrize("fit", ["crop", "letterbox"])
@pytest.mark.parametrize("size", [PANEL, PANEL[::-1], (800, 600)])
@pytest.mark.parametrize(
    ("width", "height", "pixel_aspect"),
    [
        (704, 576, 16 / 11),
        (704, 576, 12 / 11),
        (1280, 720, 1.0),
        (640, 272, 1.0),
        (1920, 1080, 1.0),
        (576, 704, 11 / 16),
    ],
)
def test_a_disc_stays_round_and_in_the_middle(
    width: int, height: int, pixel_aspect: float, size: tuple[int, int], fit: str
) -> None:
    frame = Tones(size=size, fit=fit)(disc(width, height, pixel_aspect), pixel_aspect)
    assert frame.shape == size[::-1]
    assert frame.dtype == np.float32
    left, right, top, bottom = extent(frame)
    cut_across, cut_down = left == 0 and right == size[0] - 1, top == 0 and bottom == size[1] - 1
    assert not (fit == "letterbox" and (cut_across or cut_down))
    if not (cut_across or cut_down):
        assert right - left == pytest.approx(bottom - top, rel=0.01)
    # The cut and the disc are in whole pixels of the film, here at the size they have on the frame.
    pixel = max(1, pixel_aspect) * max(size[0] / (width * pixel_aspect), size[1] / height)
    assert left + right == pytest.approx(size[0], abs=2 * pixel + 1)
    assert top + bottom == pytest.approx(size[1], abs=2 * pixel + 1)


def test_crop_fills_the_frame_and_cuts_the_sides() -> None:
    image = np.tile(np.arange(160, dtype=np.uint8), (80, 1))  # 2 : 1 onto 1 : 1 keeps columns 40 to 119
    frame = Tones(size=(80, 80))(image)
    assert (frame == np.arange(40, 120, dtype=np.float32) / 255).all()
    assert (Tones(size=(80, 80))(image.T) == frame.T).all()


def test_letterbox_keeps_everything_between_black_bars() -> None:
    image = np.full((80, 160), 200, np.uint8)
    frame = Tones(size=(160, 160), fit="letterbox")(image)
    assert (frame[40:120] == np.float32(200 / 255)).all()
    assert (frame[:40] == 0).all()
    assert (frame[120:] == 0).all()
    assert (Tones(size=(160, 160), fit="letterbox")(image.T) == frame.T).all()
    brightened = Tones(size=(160, 160), fit="letterbox", brightness=0.5)(image)
    assert (brightened[:40] == 0).all()  # bars are no tone of the film


def test_stretch_ignores_proportions() -> None:
    image = np.tile(np.arange(160, dtype=np.uint8), (80, 1))
    frame = Tones(size=(160, 240), fit="stretch")(image, 2.0)
    assert frame == pytest.approx(np.tile(np.arange(160) / 255, (240, 1)), abs=1e-6)


def test_trim_comes_before_the_fit() -> None:
    image = np.full((100, 180), 99, np.uint8)
    image[10:90, 20:160] = 200
    assert (Tones(size=(50, 50), trim=(20, 10))(image) == np.float32(200 / 255)).all()
    with pytest.raises(OptionError, match="leaves nothing of a film of 180x100"):
        Tones(trim=(0, 50))(image)


def test_neutral_settings_are_pillows_luma() -> None:
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (Tones(size=(16, 16))(image) == image.astype(np.float32) / np.float32(255)).all()


def tone(luma: int, **settings: object) -> float:
    return float(Tones(size=(4, 4), **settings)(np.full((4, 4), luma, np.uint8))[1, 1])  # type: ignore[arg-type]


def test_curve_by_hand() -> None:
    assert tone(51, levels=(0.1, 0.6)) == pytest.approx(0.2)
    assert tone(20, levels=(0.1, 0.6)) == 0
    assert tone(200, levels=(0.1, 0.6)) == 1
    assert tone(51, contrast=1.5) == pytest.approx(0.05)
    assert tone(204, contrast=0.5) == pytest.approx(0.65)
    assert tone(51, brightness=0.25) == pytest.approx(0.45)
    assert tone(51, brightness=-0.25) == 0
    assert tone(51, gamma=2) == pytest.approx(0.2**0.5)
    assert tone(51, gamma=0.5) == pytest.approx(0.04)
    assert tone(51, tone="linear") == pytest.approx(0.0331048, rel=1e-5)  # IEC 61966-2-1 at 0.2
    assert tone(5, tone="linear") == pytest.approx(5 / 255 / 12.92)
    # L*(1/17) = 29.11, L*(0.0331048) = 21.25; L = 44.17 is 0.1396 of white: (0.1396 - 1/17) / (16/17).
    assert tone(51, tone="paper") == pytest.approx(0.0858, abs=1e-4)
    assert tone(51, tone="paper", paper_contrast=1000) == pytest.approx(0.0331, abs=1e-3)
    assert tone(51, mixing=((0, 0), (0.3, 0.2), (1, 1))) == pytest.approx(0.3)
    assert tone(51, tone="linear", mixing=((0, 0), (0.3, 0.2), (1, 1))) == pytest.approx(0.0331048 * 1.5)
    assert tone(102, levels=(0.2, 1), contrast=2, brightness=0.1, gamma=2) == pytest.approx(0.1**0.5)


@given(
    st.tuples(st.floats(0, 0.4), st.floats(0.5, 1)), st.floats(0.1, 10), st.floats(-1, 1), st.floats(0.1, 10),
    st.sampled_from(["srgb", "linear", "paper"]),
)  # fmt: skip
def test_curve_never_falls_nor_leaves_its_range(
    levels: tuple[float, float], contrast: float, brightness: float, gamma: float, tone: str
) -> None:
    curve = Tones(levels=levels, contrast=contrast, brightness=brightness, gamma=gamma, tone=tone).curve
    assert curve.shape == (256,)
    assert curve.dtype == np.float32
    assert (np.diff(curve) >= 0).all()
    assert 0 <= curve[0] <= curve[-1] <= 1


@pytest.mark.parametrize("size", [(37, 29), (64, 48), (90, 71), (200, 150), (64, 20), (30, 150)])
def test_scaling_keeps_flat_tones_flat_and_all_tones_in_range(size: tuple[int, int]) -> None:
    for luma in (0, 1, 128, 255):
        frame = Tones(size=size, fit="stretch")(np.full((48, 64), luma, np.uint8))
        assert frame == pytest.approx(luma / 255, abs=1e-6)
    assert (Tones(size=size, fit="stretch")(np.zeros((48, 64), np.uint8)) == 0).all()
    checks = (np.indices((48, 64)).sum(axis=0) // 8 % 2 * 255).astype(np.uint8)
    frame = Tones(size=size, fit="stretch")(checks)
    assert frame.min() >= 0
    assert frame.max() <= 1
    assert frame.mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("scale", "decibels"), [(1.7, 40), (0.97, 45), (0.75, 37), (0.4, 33)])
def test_scaling_is_near_pillows_lanczos(scale: float, decibels: float) -> None:
    source = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 80), np.uint8))
    image = np.asarray(source.resize((400, 300), Image.Resampling.BICUBIC))
    size = (round(400 * scale), round(300 * scale))
    expected = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS)) / 255
    frame = Tones(size=size, fit="stretch")(image)
    assert -10 * np.log10(np.mean((frame - expected) ** 2)) > decibels


def test_shrinking_averages_the_tones_not_the_luma() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (40, 40))
    frame = Tones(size=(20, 10), fit="stretch", tone="linear")(stripes)
    assert frame == pytest.approx(0.5, abs=1e-6)  # half of the light; the luma 127.5 would give 0.21


def test_the_image_is_left_alone_and_a_frame_depends_on_nothing_else() -> None:
    image = np.random.default_rng(0).integers(0, 256, (72, 128), np.uint8)
    copy = image.copy()
    tones = Tones(size=(100, 80), levels=(0.1, 0.9), gamma=1.3)
    first = tones(image)
    tones(255 - image)
    assert (tones(image) == first).all()
    assert (image == copy).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": (0, 10)}, "size 0x10"),
        ({"fit": "zoom"}, "fit 'zoom' is unknown; choose one of crop, letterbox, stretch"),
        ({"tone": "log"}, "tone 'log' is unknown; choose one of srgb, linear"),
        ({"trim": (-1, 0)}, "trim -1,0"),
        ({"levels": (0.5, 0.5)}, "levels 0.5,0.5"),
        ({"levels": (0.5, 1.5)}, "levels 0.5,1.5"),
        ({"levels": (float("nan"), 1)}, "levels nan,1"),
        ({"contrast": 0}, "contrast 0 is out of range: from 0.1 to 10"),
        ({"contrast": float("inf")}, "contrast inf"),
        ({"brightness": 1.1}, "brightness 1.1"),
        ({"gamma": float("nan")}, "gamma nan"),
        ({"gamma": -1}, "gamma -1"),
    ],
)
def test_wrong_settings(settings: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message) as caught:
        Tones(**settings)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_as_dict_survives_json_and_tells_settings_apart() -> None:
    def stored(tones: Tones) -> str:
        return json.dumps(tones.as_dict(), sort_keys=True)

    assert json.loads(stored(Tones())) == {
        "size": [1448, 1072], "fit": "crop", "trim": [0, 0], "levels": [0.0, 1.0], "contrast": 1.0,
        "brightness": 0.0, "gamma": 1.0, "tone": "srgb",
    }  # fmt: skip
    levels = (1 / 3, 2 / 3)
    assert tuple(json.loads(stored(Tones(levels=levels)))["levels"]) == levels
    assert stored(Tones(levels=levels)) == stored(Tones(levels=levels)) != stored(Tones())


def test_is_black() -> None:
    frame = np.full((100, 100), 0.05, np.float32)
    assert is_black(frame)
    frame[:3, :3] = 1  # nine specks of dust in ten thousand pixels
    assert is_black(frame)
    frame[0, 3:6] = 1
    assert not is_black(frame)
    assert not is_black(np.full((10, 10), 0.2, np.float32))
    assert is_black(np.full((10, 10), 0.2, np.float32), level=0.2)
    assert is_black(frame, share=0.99)
