"""Error diffusion: against Pillow, against a plain serpentine reference, and the properties of the lean."""

import numpy as np
import pytest
from PIL import Image

from trainer.dithers.diffusion import LEAN_CALMEST, LEAN_LIVELIEST, FloydSteinberg, Hysteresis, diffused
from trainer.errors import OptionError


def ramp(height=40, width=60):
    return np.linspace(0, 1, height * width, dtype=np.float32).reshape(width, height).T.copy()


def reference(frame, previous, lean, serpentine=True):
    """Floyd-Steinberg, one addition per weight, written to be read."""
    height, width = frame.shape
    value = frame.astype(np.float64)
    dither = np.zeros((height, width), np.uint8)
    for y in range(height):
        step = -1 if serpentine and y % 2 else 1
        for x in range(width)[::step]:
            threshold = 0.5 - lean if previous[y, x] else 0.5 + lean
            dither[y, x] = value[y, x] > threshold
            error = value[y, x] - dither[y, x]
            for dy, dx, weight in ((0, step, 7), (1, -step, 3), (1, 0, 5), (1, step, 1)):
                if y + dy < height and 0 <= x + dx < width:
                    value[y + dy, x + dx] += error * weight / 16
    return dither


def test_floyd_steinberg_is_pillows():
    frame = ramp()
    expected = Image.fromarray(np.rint(frame * 255).astype(np.uint8)).convert("1")
    np.testing.assert_array_equal(FloydSteinberg().dither(frame, None), np.asarray(expected))


def test_floyd_steinberg_ignores_the_shown_dither():
    frame = ramp()
    shown = np.ones(frame.shape, np.uint8)
    np.testing.assert_array_equal(FloydSteinberg().dither(frame, shown), FloydSteinberg().dither(frame, None))


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (7, 11), (32, 48)])
def test_hysteresis_is_the_reference(shape):
    rng = np.random.default_rng(3)
    # float32 against float64: a value on the very threshold could differ; with these eighths none does
    frame = (rng.integers(0, 9, shape) / 8).astype(np.float32)
    shown = rng.integers(0, 2, shape).astype(np.uint8)
    hysteresis = Hysteresis(0.5)
    differing = hysteresis.dither(frame, shown) != reference(frame, shown, float(hysteresis.lean))
    assert differing.sum() == 0


def test_diffused_is_floyd_steinberg_in_its_own_order_and_in_full_precision():
    frame = ramp() + np.float32(1e-4)
    nothing = np.zeros(frame.shape, np.uint8)
    np.testing.assert_array_equal(diffused(frame), reference(frame, nothing, 0.0, serpentine=False))


def test_the_first_frame_leans_nowhere():
    frame = ramp()
    np.testing.assert_array_equal(
        Hysteresis(1.0).dither(frame, None), reference(frame, np.zeros_like(frame), 0.0)
    )


def test_tone_is_kept_whatever_is_shown():
    frame = np.full((128, 128), 0.3, np.float32)
    for shown in (np.zeros, np.ones):
        dither = Hysteresis(0.5).dither(frame, shown(frame.shape, np.uint8))
        assert dither.mean() == pytest.approx(0.3, abs=0.01)


def test_flips_fall_as_the_dial_rises():
    rng = np.random.default_rng(0)
    before = np.clip(ramp(96, 128) + rng.normal(0, 0.01, (96, 128)), 0, 1).astype(np.float32)
    after = np.clip(ramp(96, 128) + rng.normal(0, 0.01, (96, 128)), 0, 1).astype(np.float32)
    shown = Hysteresis().dither(before, None)
    flips = [int((Hysteresis(dial).dither(after, shown) != shown).sum()) for dial in (0, 0.25, 0.5, 0.75, 1)]
    assert flips == sorted(flips, reverse=True)
    assert flips[0] > 4 * flips[2]


@pytest.mark.parametrize("tone", [0.0, 1.0])
def test_pure_black_and_white_are_never_stuck(tone):
    """A lean of 1/2 or more would keep a shown pixel for ever: the calmest must stay below it."""
    assert 0 < LEAN_LIVELIEST < LEAN_CALMEST < 0.5
    frame = np.full((16, 16), tone, np.float32)
    shown = np.full((16, 16), 1 - int(tone), np.uint8)
    assert (Hysteresis(1.0).dither(frame, shown) == tone).all()


@pytest.mark.parametrize("dial", [-0.1, 1.1, float("nan")])
def test_a_dial_out_of_range_is_refused(dial):
    with pytest.raises(OptionError, match="0 \\(liveliest\\) to 1 \\(calmest\\)"):
        Hysteresis(dial)
