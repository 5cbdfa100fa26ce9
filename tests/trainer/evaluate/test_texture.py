"""The texture of flat greys: against noise, lattices and waves whose spectra are known."""

import math

import numpy as np
import pytest

from trainer.dithers.diffusion import FloydSteinberg
from trainer.evaluate.texture import GREYS, SEGMENT, SIDE, power_spectrum, texture, texture_of


def white_noise(grey, side=1024):
    return (np.random.default_rng(7).random((side, side)) < grey).astype(np.uint8)


@pytest.mark.parametrize("grey", GREYS)
def test_white_noise_is_1_everywhere(grey):
    """256 segments: the leak averages over hundreds of frequencies, a ring over at least 5."""
    measured = texture_of(white_noise(grey), grey)
    assert measured.leak == pytest.approx(1, abs=0.03)
    assert np.mean(measured.power) == pytest.approx(1, abs=0.02)
    assert measured.anisotropy == pytest.approx(-10 * math.log10(256), abs=0.5)
    assert measured.white == pytest.approx(grey, abs=0.002)


def test_the_mean_over_all_frequencies_is_the_variance():
    """Parseval, with a window: on the scale where the variance is 1."""
    assert power_spectrum(white_noise(0.25), SEGMENT).mean() == pytest.approx(1, abs=0.01)


def test_stripes_put_their_power_at_their_frequency_and_in_their_direction():
    """Columns white, white, black, black: a square wave of period 4, all of it at 1/4 cycle per pixel."""
    stripes = np.tile(np.array([1, 1, 0, 0], np.uint8), (SIDE, SIDE // 4))
    spectrum = power_spectrum(stripes, SEGMENT)
    v, u = np.unravel_index(spectrum.argmax(), spectrum.shape)
    assert (v, min(u, SEGMENT - u)) == (0, SEGMENT // 4)
    measured = texture_of(stripes, 0.5)
    assert measured.frequency[np.argmax(measured.power)] == 0.25
    assert measured.anisotropy > 10


def test_power_below_half_the_principal_frequency_is_the_leak():
    """At 1/4 the principal frequency is 1/2, so a wave of period 8 leaks and one of period 2 does not."""
    slow = np.tile(np.array([1, 1, 0, 0, 0, 0, 0, 0], np.uint8), (SIDE, SIDE // 8))
    fast = np.tile(np.array([[1, 0], [0, 0]], np.uint8), (SIDE // 2, SIDE // 2))
    assert texture_of(slow, 0.25).principal == 0.5
    assert texture_of(slow, 0.25).leak > 3
    assert texture_of(fast, 0.25).leak < 1e-6


def test_a_checkerboard_has_all_its_power_in_the_corner_of_the_plane():
    checks = (np.indices((SIDE, SIDE)).sum(axis=0) % 2).astype(np.uint8)
    measured = texture_of(checks, 0.5)
    assert measured.principal == pytest.approx(math.sqrt(0.5))
    assert measured.frequency[np.argmax(measured.power)] == pytest.approx(math.sqrt(0.5), abs=0.01)
    assert measured.leak < 1e-6


def test_the_other_colour_has_the_same_texture():
    dither = white_noise(0.125, SIDE)
    one, other = texture_of(dither, 0.125), texture_of(1 - dither, 0.875)
    assert one.principal == other.principal
    assert one.leak == pytest.approx(other.leak)
    assert one.anisotropy == pytest.approx(other.anisotropy)
    assert one.white == pytest.approx(1 - other.white)


@pytest.mark.parametrize("grey", GREYS)
def test_floyd_steinberg_is_blue_and_not_isotropic(grey):
    measured = texture(FloydSteinberg(), grey)
    assert measured.white == pytest.approx(grey, abs=0.003)
    assert measured.leak < 0.05
    assert measured.anisotropy > -10 * math.log10(16) + 6


def test_a_dither_without_a_dot_has_no_texture():
    measured = texture(lambda frames: (np.zeros(frame.shape, np.uint8) for frame in frames), 1 / 16)
    assert measured.white == 0
    assert measured.leak is None
    assert measured.anisotropy is None
    assert measured.power == []


def test_a_dither_smaller_than_a_segment_is_refused():
    with pytest.raises(ValueError, match="smaller than a segment"):
        texture_of(white_noise(0.5, SEGMENT - 1), 0.5)
