"""The eye: kernels, energy and HVS-PSNR against values worked out by hand and what must hold of any."""

import math

import numpy as np
import pytest

from trainer.dithers import eye


def random_pair(shape=(50, 70), seed=1):
    random = np.random.default_rng(seed)
    frame = random.random(shape, dtype=np.float32)
    return frame, (random.random(shape) < frame).astype(np.uint8)


def plainly_convolved(picture, kernel):
    """kernel * picture where the window is wholly inside, by the definition."""
    windows = np.lib.stride_tricks.sliding_window_view(picture.astype(np.float64), kernel.shape)
    return np.einsum("ijkl,kl->ij", windows, kernel[::-1, ::-1])


def test_a_point_spread_by_hand():
    """S = 300: .525 ln 11 + 3.91 = 5.16890, k = 300 pi / (180 * 5.16890) = 1.01299, k^2 = 1.02614.

    With 4 pi^2 = 39.47842, the (-3/2)th powers of 1.02614, 40.50456 and 79.98297 are .962039, .00387918 and
    .00139799; the nine together 1 * .962039 + 4 * .00387918 + 4 * .00139799 = .983148.
    """
    h = eye.psf(300, radius=1)
    side, corner, centre = 0.00387918 / 0.983148, 0.00139799 / 0.983148, 0.962039 / 0.983148
    expected = [[corner, side, corner], [side, centre, side], [corner, side, corner]]
    np.testing.assert_allclose(h, expected, rtol=2e-5)


@pytest.mark.parametrize(("distance", "side"), [(2000, 11), (6000, 31)])
def test_the_windows_of_the_two_eyes(distance, side):
    h = eye.psf(distance)
    assert h.shape == (side, side)
    assert h.sum() == pytest.approx(1)
    np.testing.assert_array_equal(h, h.T)
    np.testing.assert_array_equal(h, h[::-1])


@pytest.mark.parametrize("distance", [2000, 4000, 6000, 12000])
def test_the_default_window_leaves_between_a_sixth_and_a_fifth_outside(distance):
    """Over the plane 2 pi k (k^2 + 4 pi^2 r^2)^(-3/2) integrates to 1; the centre tells what a window cut."""
    k = math.pi * distance / (180 * (0.525 * math.log(11) + 3.91))
    centre = 2 * math.pi / k**2
    h = eye.psf(distance)
    radius = h.shape[0] // 2
    outside = 1 - centre / h[radius, radius]
    assert 1 / 6 < outside < 1 / 5


def test_a_point_spread_answers_to_frequencies_as_nasanen_measured():
    """Through a wide window a grating of u cycles per pixel, rho = u pi S / 180 cycles per degree, keeps
    exp(-rho / (c ln L + d)) of its contrast."""
    distance, period = 3000, 40
    h = eye.psf(distance, radius=400)
    y = np.arange(-400, 401)
    passed = (h * np.cos(2 * np.pi * y / period)[:, None]).sum()
    per_degree = math.pi * distance / 180 / period
    assert passed == pytest.approx(math.exp(-per_degree / (0.525 * math.log(11) + 3.91)), abs=0.01)


def test_an_autocorrelation_by_hand():
    """Rows of 1 2 1 down columns of 1 2 1: correlated with itself, 1 4 6 4 1 down and across."""
    h = np.outer([1, 2, 1], [1, 2, 1]) / 16
    expected = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    np.testing.assert_allclose(eye.autocorrelation(h), expected, atol=1e-15)


def test_the_two_eye_kernel():
    c = eye.two_eye_kernel()
    assert c.shape == (61, 61)
    assert c[30, 30] == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(c, c.T, atol=1e-12)
    np.testing.assert_allclose(c, c[::-1, ::-1], atol=1e-12)
    # Beyond 10 pixels only the far eye sees.
    far = eye.autocorrelation(eye.psf(6000))
    np.testing.assert_allclose(c[:20], 0.7 * far[:20] / far[30, 30], atol=1e-12)
    near = eye.autocorrelation(eye.psf(2000))
    assert c[30, 31] == pytest.approx(0.7 * far[30, 31] / far[30, 30] + 0.3 * near[10, 11] / near[10, 10])


def test_an_energy_by_hand():
    """e is .5 at one pixel and -.25 beside it: .25 c(0) + .0625 c(0) - 2 * .125 c(1) = .3125 - .25 * .4."""
    frame = np.array([[0, 0.5, 0.25, 0]], np.float32)
    dither = np.array([[0, 1, 0, 0]], np.uint8)
    kernel = np.array([[0, 0.1, 0], [0.4, 1, 0.4], [0, 0.1, 0]])
    assert eye.energy(frame, dither, kernel) == pytest.approx(0.3125 - 0.25 * 0.4)


def test_the_energy_of_an_autocorrelation_is_the_filtered_error_on_the_whole_plane():
    frame, dither = random_pair()
    h = eye.psf(2000)
    error = np.pad(dither - frame, 2 * 5)
    expected = (plainly_convolved(error, h) ** 2).sum()
    assert eye.energy(frame, dither, eye.autocorrelation(h)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("distance", eye.EYES)
@pytest.mark.parametrize("error", [0.5, 0.1, 0.001])
def test_a_constant_error_is_seen_whole(distance, error):
    frame, black = np.full((40, 50), error, np.float32), np.zeros((40, 50), np.uint8)
    assert eye.hvs_psnr(frame, black, distance) == pytest.approx(-20 * math.log10(error), abs=1e-3)


@pytest.mark.parametrize("distance", eye.EYES)
def test_hvs_psnr_is_what_the_definition_says(distance):
    frame, dither = random_pair()
    expected = -10 * math.log10((plainly_convolved(dither - frame, eye.psf(distance)) ** 2).mean())
    assert eye.hvs_psnr(frame, dither, distance) == pytest.approx(expected, abs=1e-3)
    assert eye.psnr_seen(eye.see(frame), eye.see(dither))[distance] == pytest.approx(expected, abs=1e-3)


def test_one_wrong_pixel_leaves_the_energy_of_the_kernel():
    """A lone error of 1, its blur wholly inside the valid region of 30 x 20 pixels: sum h^2 / 600."""
    frame, dither = np.zeros((40, 30), np.float32), np.zeros((40, 30), np.uint8)
    dither[17, 14] = 1
    h = eye.psf(2000)
    assert eye.hvs_psnr(frame, dither, 2000) == pytest.approx(-10 * math.log10((h**2).sum() / 600), abs=1e-6)
    # One pixel further along it is the same.
    assert eye.hvs_psnr(np.roll(frame, 1), np.roll(dither, 1), 2000) == pytest.approx(
        eye.hvs_psnr(frame, dither, 2000)
    )


def test_an_error_at_the_edge_weighs_only_as_far_as_the_valid_region_sees_it():
    frame, dither = np.zeros((40, 30), np.float32), np.zeros((40, 30), np.uint8)
    dither[0, 0] = 1
    corner = eye.psf(2000)[0, 0]
    assert eye.hvs_psnr(frame, dither, 2000) == pytest.approx(-10 * math.log10(corner**2 / 600), abs=1e-6)


def test_a_distant_eye_forgives_fine_dots():
    frame = np.full((64, 64), 0.5, np.float32)
    checks = (np.indices((64, 64)).sum(axis=0) % 2).astype(np.uint8)
    blocks = (np.indices((64, 64)) // 4).sum(axis=0) % 2
    fine = [eye.hvs_psnr(frame, checks, distance) for distance in eye.EYES]
    coarse = [eye.hvs_psnr(frame, blocks.astype(np.uint8), distance) for distance in eye.EYES]
    assert fine[1] > fine[0] + 10
    assert fine[0] > coarse[0] + 5
    assert fine[1] > coarse[1] + 5


def test_no_error_scores_the_limit():
    black = np.zeros((40, 40), np.uint8)
    assert eye.hvs_psnr(black.astype(np.float32), black, 6000) == eye.PSNR_LIMIT


def test_a_frame_smaller_than_the_window_is_refused():
    small = np.zeros((30, 100), np.uint8)
    with pytest.raises(ValueError, match="smaller than the window"):
        eye.hvs_psnr(small.astype(np.float32), small, 6000)


def test_what_is_seen_loses_nothing_at_the_edges():
    frame, dither = random_pair((33, 47))
    for picture in (frame, dither):
        for blurred in eye.see(picture).blurred.values():
            assert blurred.dtype == np.float32
            assert blurred.sum(dtype=np.float64) == pytest.approx(picture.sum(dtype=np.float64), rel=1e-5)
